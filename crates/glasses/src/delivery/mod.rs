//! Brings what the spool holds to the server: one upload at a time, the newest part of the running session first, then
//! the oldest session. It never gives up and never removes what the server has not confirmed.

mod report;
mod work;

use crate::{Backoff, Client, GlassesError, Seat, network, news::News, spool::Spool};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{mpsc::UnboundedSender, watch};
use uuid::Uuid;
use work::{Step, Work};

pub use report::{Status, held};

/// Longest wait that a server can ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);
/// When something that the server refused for good is offered again: somebody may have put it right.
const REFUSED_AGAIN: Duration = Duration::from_secs(120);
const UNPAIRED_AGAIN: Duration = Duration::from_secs(5);

/// What recorder and delivery know of each other.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Key of the running session and how many files it has written.
    pub running: Arc<watch::Sender<Running>>,
    /// Who is told what happens.
    pub news: UnboundedSender<News>,
}

/// The session that is being recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    /// Its key; `None` between sessions.
    pub session: Option<Uuid>,
    /// Grows with everything that is written.
    pub written: u64,
}

impl Shared {
    /// Nothing runs.
    pub fn new(news: UnboundedSender<News>) -> Self {
        Self { running: Arc::new(watch::Sender::new(Running::default())), news }
    }

    /// Tells what happened.
    pub fn tell(&self, news: News) {
        // Nobody may be listening any more.
        let _ = self.news.send(news);
    }

    /// Something of `session` was written.
    pub fn written(&self, session: Option<Uuid>) {
        self.running.send_modify(|running| {
            running.session = session;
            running.written += 1;
        });
    }
}

/// Delivers one spool.
pub struct Delivery {
    spool: Arc<Spool>,
    shared: Shared,
    /// The waits after failures.
    pub backoff: Backoff,
    /// What the report to the office says of the device itself.
    pub status: Arc<dyn Fn() -> Status + Send + Sync>,
    work: HashMap<Uuid, Work>,
    client: Option<Client>,
    /// With which the client's token goes.
    seat: Option<Seat>,
    /// When the device was paired with it.
    paired: Option<SystemTime>,
    online: Option<bool>,
    unpaired: bool,
    uploading: usize,
    reported: Option<Instant>,
    reported_nothing: bool,
    /// When the server last heard of the running session.
    heard: Arc<Mutex<Instant>>,
}

/// When [`Delivery::run`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Dropped,
    /// When everything is delivered, or what is left was refused.
    Delivered,
}

impl Delivery {
    /// Delivers what `spool` holds.
    pub fn new(spool: Arc<Spool>, shared: Shared) -> Self {
        Self {
            spool,
            shared,
            backoff: Backoff { longest: Duration::from_secs(30), ..Backoff::default() },
            status: Arc::new(Status::default),
            work: HashMap::new(),
            client: None,
            seat: None,
            paired: None,
            online: None,
            unpaired: false,
            uploading: 0,
            reported: None,
            reported_nothing: false,
            heard: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Delivers. `until` may change meanwhile. Dropping the future is always safe. Returns how many sessions are left.
    ///
    /// # Errors
    /// When the spool cannot be read or written.
    pub async fn run(mut self, mut until: watch::Receiver<Until>) -> Result<usize, GlassesError> {
        let mut failures = 0;
        let mut running = self.shared.running.subscribe();
        let pulse = heartbeats(self.spool.clone(), self.shared.clone(), self.heard.clone());
        tokio::pin!(pulse);
        loop {
            let now = *running.borrow_and_update();
            let round = tokio::select! {
                round = self.round(now) => round,
                () = &mut pulse => continue,
            };
            let wait = match round {
                Ok(Step::Progress) => {
                    failures = 0;
                    self.reached(true, None);
                    continue;
                }
                Ok(Step::Nothing { refused }) => {
                    failures = 0;
                    self.report(false).await;
                    if *until.borrow_and_update() == Until::Delivered && now.session.is_none() {
                        return Ok(self.spool.sessions()?.len());
                    }
                    self.uploading = 0;
                    if refused { REFUSED_AGAIN } else { Duration::from_secs(60) }
                }
                Err(error) => {
                    let live = *until.borrow() == Until::Dropped;
                    let wait = self.failed(error, &mut failures, live)?;
                    let server = self.client.as_ref().map(Client::host_and_port).unwrap_or_default();
                    // Not woken by what is recorded meanwhile: the network does not get better by it.
                    tokio::select! { () = network::wait(wait, &server) => {}, () = &mut pulse => {} }
                    continue;
                }
            };
            tokio::select! {
                _ = running.changed() => {}
                Ok(()) = until.changed() => {}
                () = tokio::time::sleep(wait) => {}
                () = &mut pulse => {}
            }
        }
    }

    /// One thing to do.
    async fn round(&mut self, running: Running) -> Result<Step, GlassesError> {
        let client = self.client()?;
        let sessions = self.spool.sessions()?;
        self.work.retain(|key, _| sessions.iter().any(|session| session.key() == *key));
        self.announce(&sessions, running);
        let mut refused = false;
        if let Some(session) = sessions.iter().find(|session| Some(session.key()) == running.session) {
            let work = self.work.entry(session.key()).or_insert_with(|| Work::new(session.clone(), false));
            if work.may_try() {
                work.refresh(running.written)?;
                if work.has_news() && self.step(&client, session.key(), true).await? == Step::Progress {
                    return Ok(Step::Progress);
                }
            }
        }
        for session in &sessions {
            let work = self.work.entry(session.key()).or_insert_with(|| Work::new(session.clone(), true));
            if !work.may_try() {
                refused = true;
                continue;
            }
            let version = if Some(session.key()) == running.session { running.written } else { u64::MAX };
            work.refresh(version)?;
            match self.step(&client, session.key(), false).await? {
                Step::Progress => return Ok(Step::Progress),
                Step::Nothing { refused: this } => refused |= this,
            }
        }
        Ok(Step::Nothing { refused })
    }

    async fn step(&mut self, client: &Client, key: Uuid, newest: bool) -> Result<Step, GlassesError> {
        let Some(work) = self.work.get_mut(&key) else { return Ok(Step::Nothing { refused: false }) };
        let stepped = match work.check_seat(self.seat.as_ref()) {
            Ok(()) => work.step(client, &self.spool, &self.shared, newest).await,
            Err(error) => Err(error),
        };
        match stepped {
            Ok(step) => {
                if step == Step::Progress {
                    *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    self.report(true).await;
                }
                Ok(step)
            }
            Err(error) if is_of_this_session(&error) => {
                work.block(REFUSED_AGAIN);
                self.reached(true, None);
                let no_minutes = error.is_no_minutes();
                self.shared.tell(if no_minutes {
                    News::NoMinutes
                } else {
                    News::Refused { detail: error.to_string() }
                });
                Ok(Step::Nothing { refused: true })
            }
            Err(error) => Err(error),
        }
    }

    fn client(&mut self) -> Result<Client, GlassesError> {
        // Another process may have paired the device anew.
        let paired = self.spool.paired_at();
        if let Some(client) = self.client.as_ref().filter(|_| paired == self.paired) {
            return Ok(client.clone());
        }
        self.work.values_mut().for_each(Work::unblock);
        self.paired = paired;
        let credentials = self.spool.credentials()?;
        let client = Client::new(&credentials.server, credentials.token)?;
        self.client = Some(client.clone());
        self.seat = credentials.seat;
        Ok(client)
    }

    /// Says what is in the way, and how long to wait.
    fn failed(&mut self, error: GlassesError, failures: &mut u32, live: bool) -> Result<Duration, GlassesError> {
        if matches!(error, GlassesError::NotPaired) || error.is_status(401) {
            // The device may be paired again meanwhile, by another process.
            self.client = None;
            if !std::mem::replace(&mut self.unpaired, true) {
                self.shared.tell(News::Unpaired);
            }
            return Ok(UNPAIRED_AGAIN);
        }
        if matches!(error, GlassesError::Disk { .. } | GlassesError::Setting(_)) {
            if !live {
                return Err(error);
            }
            // While sessions are recorded it never ends: a full disk gets room again, a damaged file is written anew.
            self.client = None;
            self.spool.drop_ballast();
            *failures = failures.saturating_add(1);
            if *failures == 1 {
                self.shared.tell(News::Refused { detail: error.to_string() });
            }
            return Ok(self.backoff.wait(*failures, rand::random()).unwrap_or(self.backoff.longest));
        }
        tracing::info!(%error, failures = *failures, "delivery is interrupted and goes on");
        *failures = failures.saturating_add(1);
        if error.is_no_network() {
            self.reached(false, Some(&error));
        } else {
            self.reached(true, None);
            if *failures == 3 {
                self.shared.tell(News::Refused { detail: error.to_string() });
            }
        }
        let wait = self.backoff.wait(*failures, rand::random()).unwrap_or(self.backoff.longest);
        Ok(wait.max(error.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER)))
    }

    fn reached(&mut self, online: bool, error: Option<&GlassesError>) {
        self.unpaired &= !online;
        let before = self.online.replace(online);
        match (before, online) {
            (Some(false), true) => self.shared.tell(News::NetworkBack),
            (None | Some(true), false) => {
                let detail = error.map(ToString::to_string).unwrap_or_default();
                self.shared.tell(News::NoNetwork { detail });
            }
            _ => {}
        }
    }

    /// Says once how many sessions are being sent.
    fn announce(&mut self, sessions: &[crate::spool::SpoolSession], running: Running) {
        let comes = |key| Some(key) != running.session && self.work.get(&key).is_none_or(Work::may_try);
        let waiting = sessions.iter().filter(|session| comes(session.key())).count();
        if waiting > self.uploading && self.online != Some(false) {
            self.shared.tell(News::Uploading { sessions: waiting });
        }
        self.uploading = waiting;
    }
}

/// Refused for what it is, so that the other sessions need not wait for it.
fn is_of_this_session(error: &GlassesError) -> bool {
    match error {
        GlassesError::Refused { status, .. } => *status != 401 && !error.is_temporary() && !error.is_no_network(),
        // It would go to somebody else, or its uploads to another server.
        GlassesError::OtherSeat { .. } | GlassesError::Setting(_) => true,
        _ => false,
    }
}

/// Tells every so often that the running session runs. Never returns.
async fn heartbeats(spool: Arc<Spool>, shared: Shared, heard: Arc<Mutex<Instant>>) {
    let mut every = Duration::from_secs(30);
    loop {
        tokio::time::sleep(every / 3).await;
        let silent = heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let Some(key) = shared.running.borrow().session.filter(|_| silent >= every / 2) else { continue };
        let beat = async {
            let credentials = spool.credentials().ok()?;
            let client = Client::new(&credentials.server, credentials.token).ok()?;
            let session = spool.sessions().ok()?.into_iter().find(|session| session.key() == key)?;
            let started = session.started()?;
            every = Duration::from_secs(u64::from(started.heartbeat_seconds.clamp(3, 60)));
            client.alive(started.id).await.ok()
        };
        if beat.await.is_some() {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}
