//! What every handler can reach.

use crate::mail::Mailer;
use crate::openid::OpenId;
use crate::problem::Problem;
use domain::{Clock, Timestamp};
use integrations::{
    sealed,
    webhook::{Allowed, new_secret},
};
use std::{sync::Arc, time::Duration};
use storage::{Db, objects::Objects};

/// The web's share of the settings.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Whether browsers reach the server over TLS: cookies are then `Secure` and HSTS is sent.
    pub tls: bool,
    /// How long a signed media address is good.
    pub media_address_life: Duration,
    /// How long an upload waits for its next byte before it expires.
    pub upload_life: Duration,
    /// Largest piece that is held in memory on its way to object storage, in bytes.
    pub chunk_bytes: usize,
    /// Attempts to sign in, and to pair a device, from one address per minute before it has to wait.
    pub sign_in_attempts_per_minute: u32,
    /// Whether every administrator of the installation needs a second factor, whatever the tenants set.
    pub admins_need_second_factor: bool,
    /// Requests that an API key may make in a minute, on each server.
    pub api_requests_per_minute: u32,
    /// How many of them it may make at once.
    pub api_burst: u32,
    /// Where webhooks may lead.
    pub webhooks: Allowed,
    /// Where people find this server, such as `https://training.example.com`: goes into mails.
    pub public_url: Option<String>,
    /// Largest recording that is taken of a tenant made on the first-run page, in bytes.
    pub upload_limit_bytes: u64,
    /// Whether the client's address is taken from `X-Forwarded-For` (only behind a proxy that sets it).
    pub behind_proxy: bool,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            tls: false,
            media_address_life: Duration::from_secs(3600),
            upload_life: Duration::from_secs(7 * 24 * 3600),
            chunk_bytes: 8 << 20,
            sign_in_attempts_per_minute: 10,
            admins_need_second_factor: false,
            api_requests_per_minute: 600,
            api_burst: 120,
            webhooks: Allowed::default(),
            public_url: None,
            upload_limit_bytes: 64_000_000_000,
            behind_proxy: false,
        }
    }
}

/// What every handler can reach; cheap to clone.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct App {
    pub db: Db,
    pub objects: Objects,
    pub clock: Arc<dyn Clock>,
    pub settings: Arc<WebSettings>,
    /// Key under which media addresses and form tokens are signed; the same on every server of an installation.
    pub secret: Arc<[u8; 32]>,
    /// How mails leave; `None` where no mail server is set.
    pub mailer: Option<Mailer>,
    /// By which provider people sign in beside their password; `None` where none is set.
    pub openid: Option<OpenId>,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new secret of a webhook: encrypted, to be kept, and as text, to be shown once.
    pub(crate) fn new_webhook_secret(&self) -> Result<(String, String), Problem> {
        let (secret, text) = new_secret();
        let sealed = sealed::seal(&self.secret, &secret).map_err(|error| {
            tracing::error!(%error, "cannot encrypt the secret of a webhook");
            Problem::internal()
        })?;
        Ok((sealed, text))
    }
}
