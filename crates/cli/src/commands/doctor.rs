//! `trainar doctor`: tries every door and says what to do about the closed ones.

use crate::{
    assemble, keys,
    settings::{Settings, set},
};
use anyhow::{Context, Result};
use clap::Args;
use inference::{
    embedding::Embedder,
    language::{Question, Usage},
};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// Try every door
#[derive(Debug, Args)]
pub struct Doctor {}

impl Doctor {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let mut closed = 0;
        let mut tell = |door: &str, tried: Result<String>| match tried {
            Ok(found) => println!("ok    {door:<9} {found}"),
            Err(e) => {
                closed += 1;
                println!("FAIL  {door:<9} {e:#}");
            }
        };
        tell("data", data(&settings));
        tell("database", database(&settings).await);
        tell("objects", objects(&settings).await);
        tell("keys", encryption(&settings).await);
        tell("ffmpeg", ffmpeg(&settings).await);
        tell("speech", speech(&settings).await);
        if let Some(folder) = set(&settings.embedding.model) {
            tell("sentences", Embedder::load(folder).map(|model| model.describe()).map_err(Into::into));
        }
        if settings.language.is_set() {
            tell("language", language(&settings).await);
        }
        if settings.openid.is_set() {
            tell("openid", openid(&settings).await);
        }
        if !settings.mail.host.is_empty() {
            tell("mail", mail(&settings).await);
        }
        tell("port", port(&settings).await);
        Ok(if closed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn data(settings: &Settings) -> Result<String> {
    let folder = &settings.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    tempfile::tempfile_in(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let stat = rustix::fs::statvfs(folder)?;
    let free = stat.f_bavail * stat.f_frsize;
    let gigabytes = free as f64 / 1e9;
    anyhow::ensure!(gigabytes >= 2.0, "{} has only {gigabytes:.1} GB free; make room for recordings", folder.display());
    Ok(format!("{} with {gigabytes:.0} GB free", folder.canonicalize()?.display()))
}

async fn database(settings: &Settings) -> Result<String> {
    let db = assemble::db(settings).await?;
    db.ping().await?;
    let tenants = db.tenants().await?.len();
    let hint = if tenants == 0 { "; create one with `trainar tenant create --name NAME`" } else { "" };
    Ok(format!("{}, schema up to date, {tenants} tenants{hint}", db.engine()))
}

async fn objects(settings: &Settings) -> Result<String> {
    assemble::objects(settings).await?.check().await?;
    Ok(match settings.s3() {
        Some(s3) => format!("S3 bucket {} at {}: wrote, read, removed", s3.bucket, s3.endpoint),
        None => "folder in the data folder: wrote, read, removed".into(),
    })
}

/// Whether what is kept is encrypted.
async fn encryption(settings: &Settings) -> Result<String> {
    keys::installation(settings)?;
    let Some(keys) = keys::operators(settings)? else {
        return Ok("no [encryption] key: objects and secrets lie in clear".into());
    };
    let (ids, objects) = (keys.ids(), assemble::objects(settings).await?);
    anyhow::ensure!(!keys::is_open_to_others(settings), "everybody here can read the file of the keys; chmod 600 it");
    let rest = match objects.has_plain() {
        Some(true) => "; objects from before may lie in clear, `trainar encryption rewrite` encrypts them",
        _ => ", and every object is encrypted",
    };
    Ok(format!(
        "key {} encrypts, {} can be read{rest}",
        ids[0],
        if ids.len() == 1 { "only what it encrypted".into() } else { format!("what {} keys encrypted", ids.len()) }
    ))
}

async fn ffmpeg(settings: &Settings) -> Result<String> {
    Ok(assemble::media_tools(settings)?.version().await?)
}

async fn speech(settings: &Settings) -> Result<String> {
    let recogniser = assemble::recogniser(settings)?;
    recogniser.try_loading().await?;
    let found = recogniser.describe();
    if matches!(recogniser, inference::speech::Recogniser::None) && set(&settings.speech.whisper_model).is_none() {
        anyhow::bail!(found);
    }
    Ok(found)
}

/// One small question: what the answer says does not matter, that there is one does.
async fn language(settings: &Settings) -> Result<String> {
    let language = assemble::language(settings)?.context("no language model is set")?;
    let schema = serde_json::json!({
        "type": "object", "required": ["ok"], "additionalProperties": false, "properties": { "ok": { "type": "boolean" } },
    });
    let question = Question {
        instructions: "Answer with the JSON object {\"ok\": true} and nothing else.",
        material: "Are you there?".into(),
        pictures: Vec::new(),
        schema: &schema,
    };
    let begun = Instant::now();
    let deadline = begun + language.settings().timeout.min(Duration::from_secs(60));
    language.ask(&question, deadline.into(), &mut Usage::default()).await?;
    let (model, seconds) = (&language.settings().model, begun.elapsed().as_secs_f64());
    Ok(format!("{model} at {} answered in {seconds:.1} s", settings.language.endpoint))
}

/// The provider's description and keys: whether it knows this installation only a sign-in tells.
async fn openid(settings: &Settings) -> Result<String> {
    let openid = assemble::openid(settings)?.context("no provider is set")?;
    if let Some(join) = &openid.join {
        let tenants = assemble::db(settings).await?.tenants().await?;
        let is_there = tenants.iter().any(|tenant| tenant.name == join.tenant || tenant.id.to_string() == join.tenant);
        anyhow::ensure!(is_there, "openid.join_tenant {:?} is no organisation here: nobody joins", join.tenant);
    }
    Ok(openid.provider.check().await?)
}

/// Greets the mail server and signs in; nothing is sent.
async fn mail(settings: &Settings) -> Result<String> {
    let mailer = assemble::mailer(settings)?.context("no mail server is set")?;
    let mail = &settings.mail;
    let server = format!("{}:{}", mail.host, mail.port);
    let answers = mailer.is_reachable().await.with_context(|| format!("cannot use {server} as [mail] says"))?;
    anyhow::ensure!(answers, "{server} took the connection and no command");
    let user = if mail.user.is_empty() { "without signing in".into() } else { format!("signed in as {}", mail.user) };
    Ok(format!("{server} answers, {user}; nothing was sent"))
}

async fn port(settings: &Settings) -> Result<String> {
    let listen = settings.server.listen;
    tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen} (a running server of yours is fine)"))?;
    Ok(format!("{listen} is free"))
}
