//! Mail by SMTP: what people need to sign in reaches them without the Dashboard.

use domain::text::visible;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// A mail server that does not answer in this time counts as not there.
const PATIENCE: Duration = Duration::from_secs(15);

/// How mails leave.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Name of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub encryption: MailEncryption,
    /// Name to sign in with; empty signs in to none.
    pub user: String,
    /// Password to sign in with.
    pub password: SecretString,
    /// Sender, such as `TrainAR <training@example.com>`.
    pub from: String,
}

/// Whether and when a connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailEncryption {
    /// From the first byte (port 465).
    Tls,
    /// After a greeting, else not at all (port 587).
    Starttls,
    /// Never: for a mail server on the same machine.
    None,
}

/// A mail that could not be sent, or settings by which none can be.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address that is none.
    #[error("{0:?} is not an e-mail address: {1}")]
    Address(String, lettre::address::AddressError),
    /// The message could not be put together.
    #[error("the message: {0}")]
    Message(#[from] lettre::error::Error),
    /// The mail server did not take it.
    #[error("the mail server: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A mailer by these settings; connects to nothing yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailError> {
        let from = settings.from.parse().map_err(|e| MailError::Address(settings.from.clone(), e))?;
        let tls = || TlsParameters::new(settings.host.clone());
        let tls = match settings.encryption {
            MailEncryption::Tls => Tls::Wrapper(tls()?),
            MailEncryption::Starttls => Tls::Required(tls()?),
            MailEncryption::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if !settings.user.is_empty() {
            let password = settings.password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(settings.user.clone(), password));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Sends one mail in plain text.
    pub async fn send(&self, to: &str, name: &str, subject: &str, text: String) -> Result<(), MailError> {
        let address = to.parse().map_err(|e| MailError::Address(to.to_owned(), e))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(visible(name)).filter(|name| !name.is_empty()), address))
            // A line break in a header would end it.
            .subject(visible(subject))
            .header(ContentType::TEXT_PLAIN)
            .body(text)?;
        self.transport.send(message).await?;
        Ok(())
    }

    /// Whether the mail server answers and takes the password.
    pub async fn is_reachable(&self) -> Result<bool, MailError> {
        Ok(self.transport.test_connection().await?)
    }
}
