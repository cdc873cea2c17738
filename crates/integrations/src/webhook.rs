//! Webhooks by the Standard Webhooks scheme: signed, sent to public addresses only, no redirect followed.

use crate::addresses::is_public;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use url::{Host, Url};

const PREFIX: &str = "whsec_";
/// Time for everything: name, connection, answer.
const WITHIN: Duration = Duration::from_secs(15);
/// So much of an answer is kept, in bytes.
const EXCERPT: usize = 500;
/// Longest address.
const LONGEST: usize = 2000;

/// What the operator of the installation allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Addresses that are not public: of the machine, of its network.
    pub private: bool,
    /// `http://`, which anybody on the way can read.
    pub http: bool,
}

/// Why an address is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Refused {
    #[error("this is no web address; give one such as https://example.com/hooks")]
    NoAddress,
    #[error("the address must begin with https://")]
    NoTls,
    #[error("the address must not hold a name or a password; a query takes a token")]
    Credentials,
    #[error(
        "the address leads into a private network, or to this machine; whoever runs this installation can allow that"
    )]
    Private,
}

/// What became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// How the answer begins: at most 500 bytes.
    pub excerpt: String,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Where to.
    pub url: &'a str,
    /// The same whenever it is sent.
    pub id: &'a str,
    /// When it is sent, in seconds since 1970.
    pub timestamp: i64,
    /// JSON.
    pub body: &'a str,
    /// The secrets to sign with, the newest first.
    pub secrets: &'a [Vec<u8>],
}

/// Sends messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    allowed: Allowed,
}

impl Sender {
    /// One that goes where it is allowed to.
    pub fn new(allowed: Allowed) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(WITHIN)
            .redirect(redirect::Policy::none())
            // A proxy would look up names itself.
            .no_proxy()
            .dns_resolver(Arc::new(Resolver(allowed)))
            .user_agent(concat!("TrainAR/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allowed })
    }

    /// Sends a message; an error is a sentence about what was in the way.
    pub async fn send(&self, message: &Message<'_>) -> Result<Answer, String> {
        let url = check(message.url, self.allowed).map_err(|refused| refused.to_string())?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", signatures(message))
            .body(message.body.to_owned());
        let mut answer = request.send().await.map_err(|error| explain(&error))?;
        let status = answer.status().as_u16();
        let mut begin = Vec::new();
        while begin.len() < EXCERPT {
            match answer.chunk().await {
                Ok(Some(bytes)) => begin.extend_from_slice(&bytes),
                // The status is what counts.
                Ok(None) | Err(_) => break,
            }
        }
        begin.truncate(EXCERPT);
        Ok(Answer { status, excerpt: String::from_utf8_lossy(&begin).into_owned() })
    }
}

/// Whether messages may be sent to an address. What a name leads to is looked at again whenever something is sent.
pub fn check(address: &str, allowed: Allowed) -> Result<Url, Refused> {
    let url = Url::parse(address).map_err(|_| Refused::NoAddress)?;
    match url.scheme() {
        _ if address.len() > LONGEST => return Err(Refused::NoAddress),
        "https" => {}
        "http" if allowed.http => {}
        "http" => return Err(Refused::NoTls),
        _ => return Err(Refused::NoAddress),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    // A name is looked up by the resolver below; an address never comes there.
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => Some(v4.into()),
        Some(Host::Ipv6(v6)) => Some(v6.into()),
        Some(Host::Domain(_)) => None,
        None => return Err(Refused::NoAddress),
    };
    if literal.is_some_and(|address| !allowed.private && !is_public(address)) {
        return Err(Refused::Private);
    }
    Ok(url)
}

/// A new secret: 256 random bits, and the text in which receivers take it.
pub fn new_secret() -> (Vec<u8>, String) {
    let secret = rand::random::<[u8; 32]>().to_vec();
    let text = format!("{PREFIX}{}", STANDARD.encode(&secret));
    (secret, text)
}

fn signatures(message: &Message<'_>) -> String {
    let signed = format!("{}.{}.{}", message.id, message.timestamp, message.body);
    let sign = |secret: &Vec<u8>| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    message.secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// Looks up names, and hands out only addresses that may be connected to: what is checked is what is connected to.
struct Resolver(Allowed);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let fit: Vec<SocketAddr> =
                found.iter().copied().filter(|at| allowed.private || is_public(at.ip())).collect();
            match (found.is_empty(), fit.is_empty()) {
                (false, true) => Err(Refused::Private.into()),
                _ => Ok(Box::new(fit.into_iter()) as Addrs),
            }
        })
    }
}

/// The innermost cause, which says most.
fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", WITHIN.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_refused_with_their_reason() {
        let strict = Allowed::default();
        for (address, refused) in [
            ("https://example.com/hooks?token=1", None),
            ("https://8.8.8.8/", None),
            ("http://example.com/", Some(Refused::NoTls)),
            ("ftp://example.com/", Some(Refused::NoAddress)),
            ("example.com", Some(Refused::NoAddress)),
            ("https://", Some(Refused::NoAddress)),
            ("https://me:hush@example.com/", Some(Refused::Credentials)),
            ("https://127.0.0.1/", Some(Refused::Private)),
            ("https://2130706433/", Some(Refused::Private)),
            ("https://0x7f.1/", Some(Refused::Private)),
            ("https://[::1]/", Some(Refused::Private)),
            ("https://[::ffff:10.0.0.1]/", Some(Refused::Private)),
            ("https://169.254.169.254/latest/meta-data", Some(Refused::Private)),
        ] {
            assert_eq!(check(address, strict).err(), refused, "{address}");
        }
        let open = Allowed { private: true, http: true };
        assert!(check("http://127.0.0.1:9/", open).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_looked_up() {
        let resolve = |allowed| Resolver(allowed).resolve("localhost".parse().unwrap());
        let refused = resolve(Allowed::default()).await.err().unwrap();
        assert!(refused.to_string().contains("private network"), "{refused}");
        assert!(resolve(Allowed { private: true, http: false }).await.unwrap().count() > 0);
    }

    #[test]
    fn the_example_of_the_scheme_has_its_signature() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let message = Message { url: "", id, timestamp: 1_614_265_330, body, secrets: &[secret] };
        assert_eq!(signatures(&message), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
