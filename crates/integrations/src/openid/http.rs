//! How a provider is talked to: no redirect is followed, answers are small and soon, and what it names leads to its own host or to
//! a public one. Its own host may be inside: the operator chose it.

use crate::{addresses::is_public, webhook::Refused};
use openidconnect::{HttpRequest, HttpResponse, http};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use url::{Host, Origin, Url};

/// Time for everything: name, connection, answer.
const WITHIN: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const LARGEST: usize = 1 << 20;

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FetchError {
    #[error("{0}: {1}")]
    Refused(Url, Refused),
    #[error("no web address: {0}")]
    Address(#[from] url::ParseError),
    #[error(transparent)]
    Sent(#[from] reqwest::Error),
    #[error("the answer has more than {LARGEST} bytes")]
    TooLarge,
    #[error(transparent)]
    Http(#[from] http::Error),
}

/// A request on its way.
pub type Sent = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send>>;

/// Talks to one provider.
#[derive(Clone, Debug)]
pub struct Fetch {
    client: Client,
    origin: Origin,
    host: Host<String>,
}

impl Fetch {
    /// For the provider at `issuer`; `None` where that may be none.
    pub fn new(issuer: &Url) -> Result<Option<Self>, reqwest::Error> {
        let Some(host) = issuer.host().map(|host| host.to_owned()).filter(|_| may_be_issuer(issuer)) else {
            return Ok(None);
        };
        let client = Client::builder()
            .timeout(WITHIN)
            .redirect(redirect::Policy::none())
            // A proxy would look up names itself.
            .no_proxy()
            .dns_resolver(Arc::new(Resolver(host.to_string())))
            .user_agent(concat!("TrainAR/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Some(Self { client, origin: issuer.origin(), host }))
    }

    /// Whether an address that the provider names may be used: it is the provider's own, or by TLS to a public host.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        if url.origin() == self.origin {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(Refused::NoTls);
        }
        let literal = match url.host() {
            Some(host) if host.to_owned() == self.host => None,
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(Refused::NoAddress),
        };
        if literal.is_some_and(|address| !is_public(address)) { Err(Refused::Private) } else { Ok(()) }
    }

    /// In the form in which requests are sent.
    pub fn client(&self) -> impl Fn(HttpRequest) -> Sent + Send + Sync + use<> {
        let fetch = self.clone();
        move |request| {
            let fetch = fetch.clone();
            Box::pin(async move { fetch.call(request).await })
        }
    }

    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let (parts, body) = request.into_parts();
        let url: Url = parts.uri.to_string().parse()?;
        self.check(&url).map_err(|refused| FetchError::Refused(url.clone(), refused))?;
        let mut answer = self.client.request(parts.method, url).headers(parts.headers).body(body).send().await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
        }
        Ok(response.body(bytes)?)
    }
}

/// Whether somebody may sign in by the provider at this address: what it says must not be read on the way.
pub fn may_be_issuer(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        None => return false,
    };
    (url.scheme() == "https" || (url.scheme() == "http" && is_here)) && url.username().is_empty()
}

/// Looks up names; those of others than the provider must be public.
struct Resolver(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let own = name.as_str() == self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let fit: Vec<SocketAddr> = found.iter().copied().filter(|at| own || is_public(at.ip())).collect();
            match (found.is_empty(), fit.is_empty()) {
                (false, true) => Err(Refused::Private.into()),
                _ => Ok(Box::new(fit.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_names_its_own_host_or_a_public_one() {
        let url = |text: &str| Url::parse(text).unwrap();
        let inside = Fetch::new(&url("https://id.corp.internal/realm")).unwrap().unwrap();
        for (address, refused) in [
            ("https://id.corp.internal/token", None),
            ("https://id.corp.internal:8443/token", None),
            ("https://login.example.com/token", None),
            ("http://id.corp.internal/token", Some(Refused::NoTls)),
            ("http://login.example.com/token", Some(Refused::NoTls)),
            ("https://169.254.169.254/latest", Some(Refused::Private)),
            ("https://[::1]/token", Some(Refused::Private)),
            ("https://10.0.0.1/token", Some(Refused::Private)),
        ] {
            assert_eq!(inside.check(&url(address)).err(), refused, "{address}");
        }
        let here = Fetch::new(&url("http://127.0.0.1:4000")).unwrap().unwrap();
        assert!(here.check(&url("http://127.0.0.1:4000/token")).is_ok());
        assert!(here.check(&url("http://127.0.0.1:4001/token")).is_err());
        for no in ["http://id.example.com", "ftp://id.example.com", "https://me@id.example.com", "data:x"] {
            assert!(Fetch::new(&url(no)).unwrap().is_none(), "{no}");
        }
    }

    #[tokio::test]
    async fn another_name_that_leads_inside_is_refused_when_it_is_looked_up() {
        let resolve = |own: &str| Resolver(own.into()).resolve("localhost".parse().unwrap());
        assert!(resolve("id.example.com").await.err().unwrap().to_string().contains("private network"));
        assert!(resolve("localhost").await.unwrap().count() > 0);
    }
}
