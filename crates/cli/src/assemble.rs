//! Joins the parts as the settings say.

use crate::{
    keys,
    settings::{Settings, set},
};
use anyhow::{Context, Result};
use domain::SystemClock;
use inference::{
    language::{Language, LanguageSettings},
    speech::Recogniser,
};
use integrations::{
    openid::{OpenIdSettings, Provider},
    webhook::Allowed,
};
use pipeline::{
    Kit, SentenceModel,
    engine::{Pace, Workspace},
};
use secrecy::ExposeSecret;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use storage::{
    Db,
    db::sessions::PhaseLimits,
    erasure::Signer,
    objects::{Objects, S3Settings},
};
use web::{App, Join, MailSettings, Mailer, OpenId, WebSettings};

/// Opens the database.
pub async fn db(settings: &Settings) -> Result<Db> {
    match sqlite(settings)? {
        Some(path) => Db::open_sqlite(&path).await.with_context(|| format!("cannot open {}", path.display())),
        None => Db::open_postgres(settings.database.url.expose_secret()).await.context(POSTGRES),
    }
}

/// Opens a database that a backup with these migrations is restored into.
pub async fn db_as_of(settings: &Settings, schema: &[String]) -> Result<Db> {
    match sqlite(settings)? {
        Some(path) => Db::open_sqlite_as_of(&path, schema)
            .await
            .with_context(|| format!("cannot restore into {}", path.display())),
        None => Db::open_postgres_as_of(settings.database.url.expose_secret(), schema).await.context(POSTGRES),
    }
}

const POSTGRES: &str = "cannot open the PostgreSQL database of [database] url";

/// Where the SQLite database stands, unless it is PostgreSQL.
fn sqlite(settings: &Settings) -> Result<Option<PathBuf>> {
    if !settings.database.url.expose_secret().is_empty() {
        return Ok(None);
    }
    let folder = &settings.data_dir;
    fs::create_dir_all(folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    Ok(Some(folder.join("trainar.db")))
}

/// Opens the object store, encrypted where a key is set.
pub async fn objects(settings: &Settings) -> Result<Objects> {
    let objects = objects_as_stored(settings)?;
    let Some(keys) = keys::operators(settings)? else {
        let unchecked = objects.clone();
        return match objects.not_encrypted().await {
            // It is away for a moment; nothing is read or written until it is back.
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "cannot ask the object store whether it is encrypted");
                Ok(unchecked)
            }
            opened => Ok(opened?),
        };
    };
    if keys::is_open_to_others(settings) {
        tracing::warn!("everybody on this machine can read the file of [encryption] key_file; chmod 600 it");
    }
    Ok(objects.encrypted(keys).await?)
}

/// Opens the object store without decryption.
pub fn objects_as_stored(settings: &Settings) -> Result<Objects> {
    let Some(s3) = settings.s3() else { return Ok(Objects::disk(&settings.data_dir.join("objects"))?) };
    Ok(Objects::s3(&S3Settings {
        endpoint: (!s3.endpoint.is_empty()).then(|| s3.endpoint.clone()),
        bucket: s3.bucket.clone(),
        region: s3.region.clone(),
        access_key: s3.access_key.clone(),
        secret_key: s3.secret_key.clone(),
        allow_http: s3.endpoint.starts_with("http://"),
        path_style: true,
    })?)
}

/// Finds ffmpeg and ffprobe.
pub fn media_tools(settings: &Settings) -> Result<media::Tools> {
    let path = |p: &Path| set(p).map(Path::to_owned);
    Ok(media::Tools::find(path(&settings.media.ffmpeg), path(&settings.media.ffprobe))?)
}

/// Chooses what recognises speech.
pub fn recogniser(settings: &Settings) -> Result<Recogniser> {
    let program = std::env::current_exe().context("cannot find this program's own path")?;
    let speech = &settings.speech;
    let threads = match speech.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    Ok(Recogniser::choose(set(&speech.whisper_model), &program, set(&speech.pocketsphinx), threads))
}

/// The language model that is asked, if one is set.
pub fn language(settings: &Settings) -> Result<Option<Language>> {
    let language = &settings.language;
    if !language.is_set() {
        return Ok(None);
    }
    Ok(Some(Language::new(LanguageSettings {
        endpoint: language.endpoint.clone(),
        api_key: language.api_key.clone(),
        model: language.model.clone(),
        timeout: Duration::from_secs_f64(language.timeout_seconds),
        max_tokens: language.max_tokens,
        input_price: language.input_price,
        output_price: language.output_price,
        send_pictures: language.send_pictures,
    })?))
}

/// Everything the steps of the pipeline work with. The workspace must live as long as the kit.
pub fn kit(settings: &Settings, db: Db, objects: Objects) -> Result<(Kit, Workspace)> {
    let root = settings.data_dir.join("work");
    let workspace =
        Workspace::create(&root).with_context(|| format!("cannot use the working folder {}", root.display()))?;
    let kit = Kit {
        db,
        objects,
        media: media_tools(settings)?,
        recogniser: recogniser(settings)?,
        sentence_model: set(&settings.embedding.model).map(|folder| SentenceModel::new(folder.to_owned())),
        language: language(settings)?.map(Arc::new),
        vocabulary: settings.speech.vocabulary,
        clock: Arc::new(SystemClock),
        work: workspace.path().to_owned(),
        granularity: settings.processing.granularity,
        observer: None,
        reference: None,
    };
    Ok((kit, workspace))
}

/// How the engine paces itself.
pub fn pace(settings: &Settings) -> Pace {
    let processing = &settings.processing;
    Pace {
        lease: Duration::from_secs_f64(processing.lease_seconds.max(0.5)),
        poll: Duration::from_secs_f64(processing.poll_seconds.max(0.01)),
        at_once: processing.at_once,
        attempts: processing.attempts,
        ..Pace::default()
    }
}

/// After how long a phase ends by itself.
pub fn phase_limits(settings: &Settings) -> PhaseLimits {
    PhaseLimits {
        heartbeat_seconds: settings.limits.heartbeat_seconds,
        upload_seconds: settings.limits.upload_idle_hours * 3600.0,
    }
}

/// Where webhooks may lead.
pub fn webhooks_allowed(settings: &Settings) -> Allowed {
    Allowed { private: settings.webhooks.private_addresses, http: settings.webhooks.http }
}

/// What every handler of the web can reach.
pub fn app(settings: &Settings, db: Db, objects: Objects) -> Result<App> {
    let server = &settings.server;
    let web = WebSettings {
        tls: server.tls,
        media_address_life: Duration::from_secs(server.media_address_seconds),
        upload_life: Duration::from_secs_f64(settings.limits.upload_keep_hours * 3600.0),
        sign_in_attempts_per_minute: server.sign_in_attempts_per_minute,
        admins_need_second_factor: server.admins_need_second_factor,
        api_requests_per_minute: settings.limits.api_requests_per_minute,
        api_burst: settings.limits.api_burst,
        behind_proxy: server.behind_proxy,
        webhooks: webhooks_allowed(settings),
        public_url: Some(server.public_url.clone()).filter(|url| !url.is_empty()),
        upload_limit_bytes: (settings.limits.upload_gigabytes * 1e9) as u64,
        ..WebSettings::default()
    };
    let secret = Arc::new(keys::installation(settings)?);
    Ok(App {
        db,
        objects,
        clock: Arc::new(SystemClock),
        settings: Arc::new(web),
        secret,
        mailer: mailer(settings)?,
        openid: openid(settings)?,
    })
}

/// What sends mails, if a mail server is set.
pub fn mailer(settings: &Settings) -> Result<Option<Mailer>> {
    let mail = &settings.mail;
    if mail.host.is_empty() {
        return Ok(None);
    }
    let settings = MailSettings {
        host: mail.host.clone(),
        port: mail.port,
        encryption: mail.encryption,
        user: mail.user.clone(),
        password: mail.password.clone(),
        from: mail.from.clone(),
    };
    Ok(Some(Mailer::new(&settings).context("cannot send mail as [mail] says")?))
}

/// By which provider people sign in, if one is set. Nothing is asked of it yet.
pub fn openid(settings: &Settings) -> Result<Option<OpenId>> {
    let set_up = &settings.openid;
    if !set_up.is_set() {
        return Ok(None);
    }
    let secret = match set(&set_up.client_secret_file) {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("cannot read openid.client_secret_file {}", path.display()))?
            .trim()
            .to_owned(),
        None => set_up.client_secret.expose_secret().to_owned(),
    };
    let provider = Provider::new(OpenIdSettings {
        issuer: set_up.issuer.clone(),
        client_id: set_up.client_id.clone(),
        client_secret: Some(secret).filter(|secret| !secret.is_empty()),
    })
    .context("cannot use the provider of [openid]")?;
    let domains = set_up.domains();
    let join = (!domains.is_empty()).then(|| Join { tenant: set_up.join_tenant.clone(), domains });
    Ok(Some(OpenId { provider, button: set_up.button.clone(), join }))
}

/// What signs the records of erasures.
pub fn signer(settings: &Settings) -> Result<Signer> {
    Ok(Signer::new(&keys::installation(settings)?))
}
