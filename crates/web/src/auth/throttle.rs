//! Slows down whoever guesses passwords: so many attempts per minute and address. Nobody can lock out somebody else,
//! for the address counts and not the name that is tried.

use crate::{App, WebSettings};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, Request, request::Parts},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};

/// Addresses that are remembered before the stale ones are swept out.
const SWEEP_ABOVE: usize = 10_000;

/// The attempts of every address.
#[derive(Clone)]
pub struct Throttle(Arc<DefaultKeyedRateLimiter<IpAddr>>);

impl Throttle {
    /// Lets through so many attempts a minute.
    pub fn per_minute(attempts: u32) -> Self {
        let attempts = NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN);
        Self(Arc::new(RateLimiter::keyed(Quota::per_minute(attempts))))
    }

    /// Counts an attempt; `Err` with the seconds to wait when there were too many.
    pub fn attempt(&self, address: IpAddr) -> Result<(), u64> {
        if self.0.len() > SWEEP_ABOVE {
            self.0.retain_recent();
        }
        self.0.check_key(&network(address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
            wait.as_secs().max(1)
        })
    }
}

/// An IPv6 subscriber has a whole /64 to come from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

/// Where a request comes from, for a handler to take.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(address_of(parts, &app.settings)))
    }
}

/// The address that a request comes from. Behind a proxy it is the last one in `X-Forwarded-For`: the one that the
/// proxy itself wrote, as those before it can be made up.
pub fn client_address<B>(request: &Request<B>, settings: &WebSettings) -> IpAddr {
    address(request.extensions(), request.headers(), settings)
}

/// The same, of a request without its body.
pub fn address_of(parts: &Parts, settings: &WebSettings) -> IpAddr {
    address(&parts.extensions, &parts.headers, settings)
}

fn address(extensions: &Extensions, headers: &HeaderMap, settings: &WebSettings) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let told = if settings.behind_proxy { forwarded() } else { None };
    told.or(peer).unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_waits_and_another_does_not() {
        let throttle = Throttle::per_minute(2);
        let (here, there) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        assert_eq!([throttle.attempt(here), throttle.attempt(here)], [Ok(()), Ok(())]);
        assert!(throttle.attempt(here).is_err_and(|seconds| (1..=30).contains(&seconds)));
        assert_eq!(throttle.attempt(there), Ok(()));
        let neighbours = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|a| throttle.attempt(a.parse().unwrap()));
        assert!(neighbours[2].is_err(), "one subscriber has many IPv6 addresses");
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_proxy() {
        let mut request = Request::new(());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
        request.headers_mut().insert("x-forwarded-for", "1.2.3.4, 203.0.113.7".parse().unwrap());
        let direct = WebSettings::default();
        let proxied = WebSettings { behind_proxy: true, ..WebSettings::default() };
        assert_eq!(client_address(&request, &direct), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(client_address(&request, &proxied), IpAddr::from([203, 0, 113, 7]));
    }
}
