//! `trainar demo`: a server with sample sessions that went the real way: recorded, uploaded by the device client,
//! processed by the pipeline.

use super::serve::{Server, stop_on_signal};
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    Clock, SessionId, SystemClock, TaskId,
    seat::SeatRole,
    session::{Phase, SessionStatus},
    task::TaskSource,
    tenant::Tenant,
    user::{User, UserRole},
};
use glasses::{Client, StartSession};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use storage::{
    Db,
    db::{
        people::{NewDevice, NewUser},
        tasks::NewTask,
        tenants::NewTenant,
    },
};

const EMAIL: &str = "manager@example.com";

/// Start a server with sample data
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder of the demo; it is used again when it is there
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    dir: PathBuf,
    /// Address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Stop once the first sample session is processed
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub async fn run(self, mut settings: Settings) -> Result<ExitCode> {
        settings.data_dir.clone_from(&self.dir);
        settings.server.listen = self.listen;
        let stop = stop_on_signal()?;
        let server = Server::start(&settings, &stop).await?;
        let base = format!("http://{}", server.address);
        let password = tokio::select! {
            played = play(&settings, &server.db, &base, &self.dir) => played?,
            () = stop.cancelled() => bail!("interrupted"),
        };
        println!(
            "\n  TrainAR is running.\n\n    {base}\n    e-mail    {EMAIL}\n    password  {password}\n\n  Ctrl-C stops it."
        );
        if self.once {
            stop.cancel();
        }
        server.wait().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the tenant, its people and the sample sessions, or finds them from an earlier demo. Returns the password.
async fn play(settings: &Settings, db: &Db, base: &str, dir: &Path) -> Result<String> {
    let notes = dir.join("demo-password.txt");
    if let Some(tenant) = db.tenants().await?.into_iter().next() {
        let password =
            std::fs::read_to_string(&notes).context("this folder is not a demo's; choose another with --dir")?;
        println!("Found the demo of tenant {} in {}.", tenant.name, dir.display());
        return Ok(password);
    }
    let (tenant, password) = tenant(db).await?;
    std::fs::write(&notes, &password)?;
    let recording = dir.join("sample.mp4");
    println!("Making a sample recording (pictures by ffmpeg, voice by flite) …");
    media::sample::boiler_service(&assemble::media_tools(settings)?, &recording).await?;
    println!("Playing a trainer's session: start, upload, captions of the glasses, stop …");
    let trainer = device(db, &tenant, "Sam Okafor", SeatRole::Trainer).await?;
    let captions = media::sample::script_captions(media::sample::BOILER_SERVICE);
    let task = task(db, &tenant).await?;
    let done = run_session(&Client::new(base, trainer)?, &recording, Some(task), Some(captions)).await?;
    wait_until_done(db, &tenant, done).await?;
    println!("Playing a trainee's session, without captions: the server listens to it, watch it in the list …");
    let trainee = device(db, &tenant, "Noor Haddad", SeatRole::Trainee).await?;
    run_session(&Client::new(base, trainee)?, &recording, None, None).await?;
    Ok(password)
}

async fn tenant(db: &Db) -> Result<(Tenant, String)> {
    let now = SystemClock.now();
    let tenant = NewTenant {
        name: "Harbour Heating".into(),
        timezone: "Europe/London".into(),
        language: "en".into(),
        country: "GB".into(),
        retention: Default::default(),
        upload_limit_bytes: 64_000_000_000,
    };
    let tenant = db.create_tenant(tenant, now).await?;
    let password = web::made_up_password();
    user(db, &tenant, EMAIL, "Morgan Ellis", UserRole::Admin, &password).await?;
    Ok((tenant, password))
}

async fn user(db: &Db, tenant: &Tenant, email: &str, name: &str, role: UserRole, password: &str) -> Result<User> {
    let password_hash = web::hash_password(password)?;
    let user = NewUser { email: email.into(), full_name: name.into(), role, password_hash };
    Ok(db.create_user(tenant.id, user, SystemClock.now()).await?)
}

/// An engineer with a seat and a paired device. Returns the device's token.
async fn device(db: &Db, tenant: &Tenant, name: &str, role: SeatRole) -> Result<String> {
    let now = SystemClock.now();
    let email = format!("{role}@example.com");
    let engineer = user(db, tenant, &email, name, UserRole::Member, &web::made_up_password()).await?;
    let seat = db.create_seat(tenant.id, engineer.id, role, now).await?;
    let (token, token_hash) = web::new_device_token();
    let device = NewDevice {
        model: "demo glasses".into(),
        serial: format!("DEMO-{role}"),
        software_version: env!("CARGO_PKG_VERSION").into(),
        token_hash,
    };
    db.pair_device(tenant.id, seat.id, device, now).await?;
    Ok(token)
}

async fn task(db: &Db, tenant: &Tenant) -> Result<TaskId> {
    let task = NewTask {
        title: "Annual boiler service, 14 Quay Street".into(),
        description: "Annual service of the gas boiler in the basement. Write the readings into the service record."
            .into(),
        source: TaskSource::Manual,
        external_id: Some("HH-2041".into()),
        external_url: None,
    };
    Ok(db.create_task(tenant.id, task, SystemClock.now()).await?.id)
}

/// Start, upload, stop, as glasses do it.
async fn run_session(
    client: &Client,
    recording: &Path,
    task: Option<TaskId>,
    captions: Option<String>,
) -> Result<SessionId> {
    let started = client.start_session(&StartSession { task_id: task, ..StartSession::default() }).await?;
    let about = [("filename", "sample.mp4"), ("filetype", "video/mp4")];
    client.uploader().upload(&started.upload_url, recording, &about, None, |_| {}).await?;
    if let Some(captions) = captions {
        client.captions(started.id, captions).await?;
    }
    client.stop(started.id, Some(&json!({ "parts": 1 }))).await?;
    Ok(started.id)
}

async fn wait_until_done(db: &Db, tenant: &Tenant, id: SessionId) -> Result<()> {
    let mut said = None;
    loop {
        let overview = db.session_overview(tenant.id, id).await?.context("the sample session is gone")?;
        if overview.session.phase == Phase::Done {
            if overview.session.status == SessionStatus::Failed {
                bail!("the sample session failed: {}", overview.session.failure_detail.unwrap_or_default());
            }
            println!("Ready: {} procedures.", overview.procedures);
            return Ok(());
        }
        if overview.step != said {
            if let Some(step) = overview.step {
                println!("  step {} of {}: {}", step.number(), domain::job::Step::count(), step.label());
            }
            said = overview.step;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
