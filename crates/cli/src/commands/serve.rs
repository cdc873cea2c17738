//! `trainar serve`: Dashboard, API, uploads, and a worker.

use crate::{
    assemble,
    deliver::{self, Post},
    in_use, keys,
    settings::Settings,
};
use anyhow::{Context, Result};
use axum_server::Handle;
use clap::Args;
use hyper_util::rt::TokioTimer;
use integrations::webhook::Sender;
use pipeline::engine::{Worker, Workspace};
use std::{net::SocketAddr, path::Path, process::ExitCode, time::Duration};
use storage::{Db, db::sessions::PhaseLimits, erasure::Signer, objects::Objects};
use tokio::{net::TcpListener, signal::unix, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How often the phases are looked through for what has been silent too long.
const ROUND: Duration = Duration::from_secs(2);
/// How often what has reached its age is looked for.
const AGED_EVERY: Duration = Duration::from_secs(10);
/// Time for the head of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);
/// Time for the answers that are under way when the server is stopped.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Run the server
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port; goes before the settings
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub async fn run(self, mut settings: Settings) -> Result<ExitCode> {
        if let Some(listen) = self.listen {
            settings.server.listen = listen;
        }
        let stop = stop_on_signal()?;
        let server = Server::start(&settings, &stop).await?;
        tracing::info!("listening on http://{}", server.address);
        if !server.db.has_tenant().await? {
            let code = web::setup_code(&keys::installation(&settings)?);
            tracing::info!("there is no organisation yet: open /setup and give the setup code {code}");
        }
        server.wait().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its database.
    pub db: Db,
    tasks: Vec<JoinHandle<Result<()>>>,
    _in_use: std::fs::File,
}

impl Server {
    /// Opens everything and starts to serve, until `stop` is cancelled.
    pub async fn start(settings: &Settings, stop: &CancellationToken) -> Result<Self> {
        let in_use = in_use::share(&settings.data_dir)?;
        let objects = assemble::objects(settings).await?;
        let db = assemble::db(settings).await?;
        let listen = settings.server.listen;
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; is another server running? choose another with --listen")
        })?;
        let address = listener.local_addr()?;
        if !web::has_browser_part() {
            tracing::warn!("this program was built without the browser's part: pages have no style; run `make build`");
        }
        let mut tasks = Vec::new();
        if settings.server.work {
            tasks.push(start_worker(settings, db.clone(), objects.clone(), stop)?);
        }
        tasks.push(tokio::spawn(housekeeping(db.clone(), assemble::phase_limits(settings), stop.clone())));
        tasks.push(tokio::spawn(removals(db.clone(), objects.clone(), assemble::signer(settings)?, stop.clone())));
        tasks.push(exports(db.clone(), objects.clone(), &settings.data_dir.join("work"), stop.clone())?);
        let app = assemble::app(settings, db.clone(), objects)?;
        let sender = Sender::new(assemble::webhooks_allowed(settings)).context("cannot set up what sends webhooks")?;
        let post = Post {
            db: db.clone(),
            sender,
            key: app.secret.clone(),
            mailer: app.mailer.clone(),
            public_url: settings.server.public_url.clone(),
        };
        tasks.push(tokio::spawn(deliver::run(post, stop.clone())));
        let router = web::router(app);
        tasks.push(answer(listener, router, stop.clone())?);
        Ok(Self { address, db, tasks, _in_use: in_use })
    }

    /// Waits until everything has stopped.
    pub async fn wait(self) -> Result<()> {
        for task in self.tasks {
            task.await??;
        }
        Ok(())
    }
}

/// Answers until `stop` is cancelled, and then finishes what it is answering.
fn answer(listener: TcpListener, router: axum::Router, stop: CancellationToken) -> Result<JoinHandle<Result<()>>> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.into_std()?)?.handle(handle.clone());
    // Whoever is slow to say what is wanted does not hold a connection for ever.
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    tokio::spawn(async move {
        stop.cancelled().await;
        // Open event streams never end by themselves.
        handle.graceful_shutdown(Some(LAST_ANSWERS_WITHIN));
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(tokio::spawn(async move { server.serve(service).await.context("the server stopped") }))
}

/// Starts the worker of this process.
pub fn start_worker(
    settings: &Settings,
    db: Db,
    objects: Objects,
    stop: &CancellationToken,
) -> Result<JoinHandle<Result<()>>> {
    let (kit, workspace) = assemble::kit(settings, db, objects)?;
    tracing::info!(speech = kit.recogniser.describe(), "worker ready");
    let worker = Worker::new(kit, assemble::pace(settings));
    let stop = stop.clone();
    Ok(tokio::spawn(async move {
        worker.run(stop).await;
        drop(workspace);
        Ok(())
    }))
}

/// Cancelled by Ctrl-C and by the service manager.
pub fn stop_on_signal() -> Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}

/// Ends what nobody else would end.
async fn housekeeping(db: Db, limits: PhaseLimits, stop: CancellationToken) -> Result<()> {
    use domain::Clock;
    let mut round = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            _ = round.tick() => {}
            () = stop.cancelled() => return Ok(()),
        }
        let now = domain::SystemClock.now();
        let ended = async {
            let sessions = db.end_silent_sessions(limits, now).await?;
            let uploads = db.expire_uploads(now).await?;
            db.expire_pairing_codes(now).await?;
            db.refresh_minutes(now).await?;
            db.delete_expired_logins(now).await?;
            db.forget_links(now).await?;
            db.end_operator_accesses(now).await?;
            Ok::<_, storage::DbError>((sessions, uploads))
        };
        match ended.await {
            Ok((0, 0)) => {}
            Ok((sessions, uploads)) => tracing::warn!(sessions, uploads, "ended what had been silent for too long"),
            Err(e) => tracing::error!(error = %e, "cannot look for silent sessions"),
        }
    }
}

/// Makes the exports that persons asked for. What is being made when the server stops is made anew by whoever takes it next.
fn exports(db: Db, objects: Objects, root: &Path, stop: CancellationToken) -> Result<JoinHandle<Result<()>>> {
    let work = Workspace::create(root).with_context(|| format!("cannot use the working folder {}", root.display()))?;
    Ok(tokio::spawn(async move {
        let mut round = tokio::time::interval(ROUND);
        loop {
            let due = async {
                round.tick().await;
                match storage::export::export_due(&db, &objects, work.path(), &domain::SystemClock).await {
                    Ok(0) => {}
                    Ok(exports) => tracing::info!(exports, "exports of a person's data are ready"),
                    Err(error) => tracing::error!(%error, "cannot look for exports of a person's data"),
                }
            };
            tokio::select! {
                () = due => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }))
}

/// Removes what engineers had deleted and what was erased, where it could not be removed then, and what has reached its age.
async fn removals(db: Db, objects: Objects, signer: Signer, stop: CancellationToken) -> Result<()> {
    let (mut round, mut aged) = (tokio::time::interval(ROUND), tokio::time::interval(AGED_EVERY));
    loop {
        tokio::select! {
            _ = round.tick() => {}
            _ = aged.tick() => remove_aged(&db).await,
            () = stop.cancelled() => return Ok(()),
        }
        if let Err(error) = storage::removal::remove_due(&db, &objects, &domain::SystemClock).await {
            tracing::error!(%error, "cannot look for what is to be removed");
        }
        if let Err(error) = storage::attachments::remove_due(&db, &objects, &domain::SystemClock).await {
            tracing::error!(%error, "cannot look for files that are to be removed");
        }
        if let Err(error) = storage::frames::remove_ended(&db, &objects, &domain::SystemClock).await {
            tracing::error!(%error, "cannot look for camera frames of sessions that are over");
        }
        match storage::erasure::erase_due(&db, &objects, &signer, &domain::SystemClock).await {
            Ok(0) => {}
            Ok(erasures) => tracing::info!(erasures, "what was erased has gone for good"),
            Err(error) => tracing::error!(%error, "cannot look for what is to be erased"),
        }
    }
}

async fn remove_aged(db: &Db) {
    use domain::Clock;
    match db.remove_aged(domain::SystemClock.now()).await {
        Ok(done) => {
            for (tenant, counts) in done {
                tracing::info!(%tenant, ?counts, "what had reached its age was removed");
            }
        }
        Err(error) => tracing::error!(%error, "cannot look for what has reached its age"),
    }
}
