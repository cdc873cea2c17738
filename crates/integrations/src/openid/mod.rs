//! Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce; the ID token is verified. What the provider
//! offers is asked for when somebody signs in, and kept for an hour: the server starts without it.

mod http;

use crate::webhook::Refused;
use http::{Fetch, FetchError};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken,
        CoreIdTokenClaims, CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata, CoreTokenResponse,
        CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::Mutex;
use url::Url;

/// What a provider offers is asked for again after this time.
const KEPT: Duration = Duration::from_secs(3600);
/// A provider that did not answer is left alone for so long: people who wait do not queue up.
const LEFT_ALONE: Duration = Duration::from_secs(3);
/// An ID token is at most so old, or so far in the future, in seconds.
const CLOCK_SECONDS: i64 = 600;
/// Signatures that only the provider can make; one by the client's secret is not among them.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// How a provider knows this installation.
#[derive(Clone)]
pub struct OpenIdSettings {
    /// Its address, such as `https://id.example.com/realms/main`, to the letter.
    pub issuer: String,
    /// The name by which it knows this installation.
    pub client_id: String,
    /// The secret that goes with it; `None` for a public client.
    pub client_secret: Option<String>,
}

/// What was in the way of a sign-in, and whose it is to mend.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The provider does not answer, or not as one.
    #[error("the provider cannot be used now: {0}")]
    Unreachable(String),
    /// It does not know this installation as it is set up here.
    #[error("the provider refuses this installation: {0}; check client id, secret and return address at both ends")]
    Client(String),
    /// It does not take the code any more.
    #[error("the provider does not take the code: {0}")]
    Code(String),
    /// The clocks of both differ too much, or somebody waited too long.
    #[error("the ID token is not of now: {0}; check the clocks of this server and of the provider")]
    Clock(String),
    /// What it says cannot be believed.
    #[error("the ID token is not good: {0}")]
    Token(String),
}

/// A sign-in that was begun: kept for the browser that began it, until it comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// Comes back with the browser.
    pub state: String,
    nonce: String,
    verifier: String,
    redirect: String,
}

/// Who somebody is, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Its own name for him, which never changes.
    pub subject: String,
    /// The address, where the provider has verified it.
    pub verified_email: Option<String>,
    /// The address it has not verified.
    pub unverified_email: Option<String>,
    /// Full name.
    pub name: Option<String>,
}

/// A provider. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    settings: OpenIdSettings,
    issuer: IssuerUrl,
    fetch: Fetch,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    offer: Option<(CoreProviderMetadata, Instant)>,
    failed: Option<(OpenIdError, Instant)>,
}

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An address that is none, or that anybody on the way can read.
    #[error("the issuer must be an address that begins with https:// (http:// for this machine only)")]
    Issuer,
    /// Nothing can be sent.
    #[error("cannot set up what talks to the provider: {0}")]
    Client(#[from] reqwest::Error),
}

impl Provider {
    /// A provider by these settings; connects to nothing yet.
    pub fn new(settings: OpenIdSettings) -> Result<Self, SetupError> {
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| SetupError::Issuer)?;
        let fetch = Fetch::new(issuer.url()).map_err(SetupError::Client)?.ok_or(SetupError::Issuer)?;
        Ok(Self(Arc::new(Inner { settings, issuer, fetch, known: Mutex::default() })))
    }

    /// Its address, as it is set.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Where to send a browser, and what to keep for it. `redirect` is the address to which it comes back.
    pub async fn begin(&self, redirect: &str) -> Result<(String, Begun), OpenIdError> {
        let client = self.client(redirect, self.offer(None).await?)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        let begun = Begun {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            redirect: redirect.to_owned(),
        };
        Ok((url.into(), begun))
    }

    /// Who somebody is who came back with a code.
    pub async fn finish(&self, code: String, begun: &Begun) -> Result<Identity, OpenIdError> {
        let asked = Instant::now();
        let client = self.client(&begun.redirect, self.offer(None).await?)?;
        let http = self.0.fetch.client();
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(no_endpoint)?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(begun.verifier.clone()));
        let answer: CoreTokenResponse = request.request_async(&http).await.map_err(refused)?;
        let Some(token) = answer.id_token() else { return Err(OpenIdError::Token("there is none".into())) };
        let nonce = Nonce::new(begun.nonce.clone());
        let claims = match verified(&client, token, &nonce, &answer) {
            // Its keys have changed since they were asked for.
            Err(OpenIdError::Token(why)) if why == NO_KEY => {
                let client = self.client(&begun.redirect, self.offer(Some(asked)).await?)?;
                verified(&client, token, &nonce, &answer)?
            }
            verified => verified?,
        };
        let mut identity = identity(&self.0.settings.issuer, &claims);
        if identity.verified_email.is_none() && identity.unverified_email.is_none() {
            self.ask_more(&client, &answer, &claims, &mut identity).await?;
        }
        Ok(identity)
    }

    /// Whether the provider answers, and how it presents itself.
    pub async fn check(&self) -> Result<String, OpenIdError> {
        let offer = self.offer(None).await?;
        let keys = offer.jwks().keys().len();
        if keys == 0 {
            return Err(OpenIdError::Unreachable("it shows no keys".into()));
        }
        Ok(format!("{} answers, with {keys} keys", self.0.settings.issuer))
    }

    /// Providers may tell name and address only where they are asked for.
    async fn ask_more(
        &self,
        client: &Client,
        answer: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
        identity: &mut Identity,
    ) -> Result<(), OpenIdError> {
        let http = self.0.fetch.client();
        let Ok(request) = client.user_info(answer.access_token().clone(), Some(claims.subject().clone())) else {
            return Ok(());
        };
        let more: CoreUserInfoClaims =
            request.request_async(&http).await.map_err(|e| OpenIdError::Unreachable(chain(&e)))?;
        let (verified, unverified) = addresses(more.email().map(|e| e.as_str()), more.email_verified());
        identity.verified_email = verified;
        identity.unverified_email = unverified;
        let name = more.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
        identity.name = identity.name.take().or(name);
        Ok(())
    }

    /// What the provider offers. `newer_than` asks again unless that was since then.
    async fn offer(&self, newer_than: Option<Instant>) -> Result<CoreProviderMetadata, OpenIdError> {
        let mut known = self.0.known.lock().await;
        if let Some((offer, at)) = &known.offer
            && at.elapsed() < KEPT
            && newer_than.is_none_or(|then| *at > then)
        {
            return Ok(offer.clone());
        }
        if let Some((error, at)) = &known.failed
            && at.elapsed() < LEFT_ALONE
        {
            return Err(error.clone());
        }
        match self.discover().await {
            Ok(offer) => {
                *known = Known { offer: Some((offer.clone(), Instant::now())), failed: None };
                Ok(offer)
            }
            Err(error) => {
                known.failed = Some((error.clone(), Instant::now()));
                // What it offered an hour ago is most likely what it offers.
                match &known.offer {
                    Some((offer, _)) if newer_than.is_none() => Ok(offer.clone()),
                    _ => Err(error),
                }
            }
        }
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, OpenIdError> {
        let http = self.0.fetch.client();
        let offer = CoreProviderMetadata::discover_async(self.0.issuer.clone(), &http);
        let offer = offer.await.map_err(|error: DiscoveryError<FetchError>| OpenIdError::Unreachable(chain(&error)))?;
        let browser = offer.authorization_endpoint().url();
        self.0
            .fetch
            .check(browser)
            .map_err(|refused: Refused| OpenIdError::Unreachable(format!("{browser}: {refused}")))?;
        Ok(offer)
    }

    fn client(&self, redirect: &str, offer: CoreProviderMetadata) -> Result<Client, OpenIdError> {
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|e| OpenIdError::Client(e.to_string()))?;
        let methods = offer.token_endpoint_auth_methods_supported();
        let by_header = methods.is_none_or(|all| all.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = self.0.settings.client_secret.clone().map(ClientSecret::new);
        let client =
            CoreClient::from_provider_metadata(offer, ClientId::new(self.0.settings.client_id.clone()), secret);
        let way = if by_header { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(client.set_redirect_uri(redirect).set_auth_type(way))
    }
}

const NO_KEY: &str = "it is signed by a key that the provider does not show";

fn verified(
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    answer: &CoreTokenResponse,
) -> Result<CoreIdTokenClaims, OpenIdError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_issue_time_verifier_fn(move |issued| {
        let apart = now - issued.timestamp();
        if apart.abs() <= CLOCK_SECONDS { Ok(()) } else { Err(format!("it was issued {apart} s ago")) }
    });
    let claims = token.claims(&verifier, nonce).map_err(|error| match error {
        ClaimsVerificationError::Expired(why) => OpenIdError::Clock(why),
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            OpenIdError::Token(NO_KEY.into())
        }
        error => OpenIdError::Token(chain(&error)),
    })?;
    if let Some(expected) = claims.access_token_hash() {
        let bad = |error: &dyn std::error::Error| OpenIdError::Token(chain(error));
        let algorithm = token.signing_alg().map_err(|e| bad(&e))?;
        let key = token.signing_key(&verifier).map_err(|e| bad(&e))?;
        let hash = AccessTokenHash::from_token(answer.access_token(), algorithm, key).map_err(|e| bad(&e))?;
        if hash != *expected {
            return Err(OpenIdError::Token("the access token is of another one".into()));
        }
    }
    Ok(claims.clone())
}

fn identity(issuer: &str, claims: &CoreIdTokenClaims) -> Identity {
    let (verified_email, unverified_email) = addresses(claims.email().map(|e| e.as_str()), claims.email_verified());
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
    Identity {
        issuer: issuer.to_owned(),
        subject: claims.subject().as_str().to_owned(),
        verified_email,
        unverified_email,
        name,
    }
}

/// What a provider does not say is verified is not.
fn addresses(email: Option<&str>, verified: Option<bool>) -> (Option<String>, Option<String>) {
    let email = email.map(str::to_owned);
    if verified == Some(true) { (email, None) } else { (None, email) }
}

fn refused(
    error: RequestTokenError<FetchError, openidconnect::StandardErrorResponse<CoreErrorResponseType>>,
) -> OpenIdError {
    let RequestTokenError::ServerResponse(said) = &error else { return OpenIdError::Unreachable(chain(&error)) };
    match said.error() {
        CoreErrorResponseType::InvalidGrant => OpenIdError::Code(said.to_string()),
        _ => OpenIdError::Client(said.to_string()),
    }
}

fn no_endpoint(error: openidconnect::ConfigurationError) -> OpenIdError {
    OpenIdError::Unreachable(error.to_string())
}

/// An error with its causes, which say most.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

/// The address of a provider, if it is one that may be used.
pub fn is_issuer(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| http::may_be_issuer(&url))
}
