//! How many requests a key may make: a bucket of so many that fills up steadily, in each server. The answer says how it
//! stands, by draft-ietf-httpapi-ratelimit-headers-10.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::ApiKeyId;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use std::{num::NonZeroU32, sync::Arc};

/// Keys that are remembered before the stale ones are swept out.
const SWEEP_ABOVE: usize = 10_000;
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

type Limiter = RateLimiter<ApiKeyId, DefaultKeyedStateStore<ApiKeyId>, DefaultClock, StateInformationMiddleware>;

/// The requests of every key.
#[derive(Clone)]
pub struct RateLimits {
    limiter: Arc<Limiter>,
    burst: u32,
    per_minute: u32,
}

/// How a key stands after a request.
pub struct Standing {
    /// Set when the request was one too many.
    pub wait_seconds: Option<u64>,
    left: u32,
    burst: u32,
    per_minute: u32,
}

impl RateLimits {
    /// Lets each key make `per_minute` requests a minute, `burst` of them at once.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let [per_minute, burst] = [per_minute, burst].map(|n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute).allow_burst(burst));
        let limiter = Arc::new(limiter.with_middleware::<StateInformationMiddleware>());
        Self { limiter, burst: burst.get(), per_minute: per_minute.get() }
    }

    /// Counts a request.
    pub fn count(&self, key: ApiKeyId) -> Standing {
        if self.limiter.len() > SWEEP_ABOVE {
            self.limiter.retain_recent();
        }
        let (left, wait_seconds) = match self.limiter.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                (0, Some(wait.as_secs_f64().ceil().max(1.0) as u64))
            }
        };
        Standing { wait_seconds, left, burst: self.burst, per_minute: self.per_minute }
    }
}

impl Standing {
    /// Writes it into the head of an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let seconds = |requests: u32| (f64::from(requests) * 60.0 / f64::from(self.per_minute)).ceil().max(1.0) as u64;
        let policy = format!("\"default\";q={};w={}", self.burst, seconds(self.burst));
        let limit = format!("\"default\";r={};t={}", self.left, seconds(self.burst - self.left.min(self.burst)));
        for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_waits_once_its_bucket_is_empty_and_another_does_not() {
        let limits = RateLimits::new(6, 2);
        let [one, two] = [1, 2].map(|n| ApiKeyId(Uuid::from_u128(n)));
        let told = |standing: Standing| {
            let mut headers = HeaderMap::new();
            standing.tell(&mut headers);
            assert_eq!(headers["ratelimit-policy"], "\"default\";q=2;w=20");
            (standing.wait_seconds, headers["ratelimit"].to_str().unwrap().to_owned())
        };
        assert_eq!(told(limits.count(one)), (None, "\"default\";r=1;t=10".into()));
        assert_eq!(told(limits.count(one)), (None, "\"default\";r=0;t=20".into()));
        let (wait, limit) = told(limits.count(one));
        assert!(wait.is_some_and(|seconds| (1..=10).contains(&seconds)), "{wait:?}");
        assert_eq!(limit, "\"default\";r=0;t=20");
        assert_eq!(told(limits.count(two)).0, None);
    }
}
