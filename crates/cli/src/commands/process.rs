//! `trainar process FILE`: the whole pipeline on one recording, without a server. The recording goes the way of an
//! uploaded one, in a database and an object store that live as long as the command.

use super::{
    report::{Report, ReportedProcedure},
    serve::stop_on_signal,
    trainer,
};
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    Clock, SystemClock, job,
    procedure::Procedure,
    recording::{Keys, Place},
    seat::SeatRole,
    session::{Session, SessionStatus},
    user::UserRole,
    utterance::{Transcript, TranscriptSource},
};
use extraction::align::{AlignedStep, Step, align};
use extraction::quality::{self, Finding};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pipeline::{
    Event, Observer,
    engine::{Pace, Worker},
};
use std::{
    collections::BTreeMap,
    fs,
    io::IsTerminal,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
};
use storage::{
    Db,
    db::{
        people::NewUser,
        recordings::UtteranceOrigin,
        sessions::{NewSession, Stop},
        tenants::NewTenant,
        uploads::{Chunk, NewUpload},
    },
    objects::Objects,
};

/// Exit code for a recording that was rejected.
const REJECTED: u8 = 2;

/// Turn one recording into procedures
#[derive(Debug, Args)]
pub struct Process {
    /// The recording
    file: PathBuf,
    /// Captions beside it (WebVTT or SRT), used instead of listening
    #[arg(long, value_name = "FILE")]
    captions: Option<PathBuf>,
    /// The trainer's session of the same job, to compare with: the JSON that --json prints for it, or its transcript
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Folder for the clips, thumbnails, captions and chapters; created when missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on the standard output and nothing else there
    #[arg(long)]
    json: bool,
}

impl Process {
    pub async fn run(self, mut settings: Settings) -> Result<ExitCode> {
        let bytes = fs::metadata(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        if !bytes.is_file() {
            bail!("{} is not a file", self.file.display());
        }
        let captions = self.captions.as_deref().map(read_captions).transpose()?;
        let reference = self.reference.as_deref().map(trainer::read_steps).transpose()?;
        if let Some(out) = &self.out {
            fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
        }
        // Beside the results, so that these need not be copied.
        let home = match &self.out {
            Some(out) => tempfile::Builder::new().prefix(".trainar-").tempdir_in(out)?,
            None => tempfile::Builder::new().prefix("trainar-").tempdir()?,
        };
        settings.data_dir = home.path().to_owned();
        let db = Db::open_sqlite(&home.path().join("trainar.db")).await?;
        let objects = Objects::disk(&home.path().join("objects"))?;
        let role = if reference.is_some() { SeatRole::Trainee } else { SeatRole::Trainer };
        let session = take_in(&db, &objects, &self.file, bytes.len(), captions, role).await?;
        let (mut kit, _workspace) = assemble::kit(&settings, db.clone(), objects.clone())?;
        let clock = Arc::new(StepClock::new(kit.media.clone(), !self.json && std::io::stderr().is_terminal()));
        kit.observer = Some(clock.observer());
        kit.reference = reference.map(Arc::new);
        let reference = kit.reference.clone();
        // Nobody waits here for a disk to be cleared: the first failure is told at once.
        let worker = Worker::new(kit, Pace { attempts: 1, ..assemble::pace(&settings) });
        let stop = stop_on_signal()?;
        tokio::select! {
            done = worker.run_until_idle() => done?,
            () = stop.cancelled() => bail!("interrupted"),
        }
        let session = db.session(session.tenant_id, session.id).await?.context("the session is gone")?;
        let mut report = self.report(&db, &objects, &session, &clock, home.path()).await?;
        if let Some(reference) = reference {
            report.alignment = Some(beside(&db, &session, &reference).await?);
        }
        report.print(self.json)?;
        exit_code(&db, &session).await
    }

    async fn report(
        &self,
        db: &Db,
        objects: &Objects,
        session: &Session,
        clock: &StepClock,
        home: &Path,
    ) -> Result<Report> {
        let (tenant, id) = (session.tenant_id, session.id);
        let recording = db.recording(tenant, id).await?;
        let take = async |key: Option<&str>, name: String| -> Result<Option<PathBuf>> {
            let (Some(out), Some(key)) = (&self.out, key) else { return Ok(None) };
            let to = out.join(name);
            let from = objects.local(key, home).await?.with_context(|| format!("object {key} is missing"))?;
            fs::rename(from.path(), &to)
                // Objects are the server's own; results are the user's to share.
                .and_then(|()| fs::set_permissions(&to, fs::Permissions::from_mode(0o644)))
                .with_context(|| format!("cannot write {}", to.display()))?;
            Ok(Some(to))
        };
        let mut procedures = Vec::new();
        for p in db.procedures(tenant, id).await? {
            let extension = p.video_key.as_deref().and_then(|k| k.rsplit('.').next()).unwrap_or("mp4").to_owned();
            let name = file_name(&p);
            procedures.push(ReportedProcedure {
                video: take(p.video_key.as_deref(), format!("{name}.{extension}")).await?,
                thumbnail: take(p.thumbnail_key.as_deref(), format!("{name}.jpg")).await?,
                procedure_name: p.procedure_name,
                description: p.description,
                start_seconds: p.start_seconds,
                end_seconds: p.end_seconds,
            });
        }
        let keys = Keys { tenant, session: id };
        let mut poster = None;
        let mut playable = None;
        let mut warnings = Vec::new();
        if let Some(recording) = &recording {
            warnings.clone_from(&recording.media_info.warnings);
            poster = take(recording.poster_key.as_deref(), "poster.jpg".into()).await?;
            take(recording.captions_key.as_deref(), "captions.vtt".into()).await?;
            take(recording.chapters_key.as_deref(), "chapters.vtt".into()).await?;
            let extension = recording.video_key.rsplit_once('.').map(|(_, e)| e);
            if let Some(extension) = extension.filter(|e| keys.playable(e) == recording.video_key) {
                playable = take(Some(&recording.video_key), format!("recording.{extension}")).await?;
            } else {
                playable = Some(self.file.clone());
            }
        }
        let language = db.language_use(tenant, id).await?;
        warnings.extend(language.as_ref().and_then(|l| l.note.clone()));
        let (timings, cpu_seconds) = clock.times();
        let card = session.score.clone();
        Ok(Report {
            status: session.status,
            failure_reason: session.failure_reason,
            failure_detail: session.failure_detail.clone(),
            duration_seconds: session.duration_seconds,
            score: card.as_ref().and_then(|c| c.score),
            criteria: card.map(|c| c.criteria).unwrap_or_default(),
            summary: session.summary.clone(),
            procedures,
            language,
            recording: playable,
            poster,
            warnings,
            findings: findings(objects, keys).await?,
            timings,
            cpu_seconds,
            alignment: None,
        })
    }
}

/// What was found beside the trainer's steps, as the pipeline compared it.
async fn beside(db: &Db, session: &Session, reference: &[Step]) -> Result<Vec<AlignedStep>> {
    let (tenant, id) = (session.tenant_id, session.id);
    let drafts: Vec<_> = db.procedures(tenant, id).await?.iter().map(Procedure::draft).collect();
    let utterances = db.utterances(tenant, id, UtteranceOrigin::Pipeline).await?;
    let transcript = Transcript { source: TranscriptSource::Captions, utterances, voiced: Vec::new() };
    Ok(align(reference, &drafts, &transcript).steps)
}

/// What is wrong with the recording, as far as the pipeline came to observe it.
async fn findings(objects: &Objects, keys: Keys) -> Result<Vec<Finding>> {
    let transcript = objects.get(&keys.step_result("transcript")).await?;
    let signals = objects.get(&keys.step_result("signals")).await?;
    let (Some(transcript), Some(signals)) = (transcript, signals) else { return Ok(Vec::new()) };
    Ok(quality::findings(&serde_json::from_slice(&transcript)?, &serde_json::from_slice(&signals)?))
}

/// Reads captions that a person named; what can't be read is told before anything begins.
pub fn read_captions(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read the captions {}", path.display()))?;
    let text = extraction::captions::decode(&bytes).with_context(|| format!("the captions {}", path.display()))?;
    extraction::captions::parse(&text).with_context(|| format!("the captions {}", path.display()))?;
    Ok(text)
}

/// Brings a file in the way an upload comes in: a session is started, its bytes arrive, it is stopped.
async fn take_in(
    db: &Db,
    objects: &Objects,
    file: &Path,
    bytes: u64,
    captions: Option<String>,
    role: SeatRole,
) -> Result<Session> {
    let now = SystemClock.now();
    let tenant = NewTenant {
        name: "local".into(),
        timezone: "UTC".into(),
        language: "en".into(),
        country: "GB".into(),
        retention: Default::default(),
        upload_limit_bytes: i64::MAX as u64,
    };
    let tenant = db.create_tenant(tenant, now).await?.id;
    let user = NewUser {
        email: "local@localhost".into(),
        full_name: "Local".into(),
        role: UserRole::Member,
        password_hash: String::new(),
    };
    let user = db.create_user(tenant, user, now).await?;
    let seat = db.create_seat(tenant, user.id, role, now).await?;
    let name = domain::session::session_name(None, now, "UTC");
    let new = NewSession { name, task_id: None, idempotency_key: None, started_at: None };
    let (session, _) = db.start_session(&seat, new, now).await?;
    let keys = Keys { tenant, session: session.id };
    if let Some(text) = captions {
        objects.put(&keys.uploaded_captions(), text.into()).await?;
    }
    let upload = NewUpload {
        place: Place::WHOLE,
        announced_sha256: None,
        filename: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        content_type: String::new(),
        length: Some(bytes),
        expires_at: now.plus_seconds(3600.0),
    };
    let upload = db.create_upload(tenant, session.id, upload, now).await?;
    if bytes > 0 {
        let key = format!("{}/upload", keys.prefix());
        objects.link_file(&key, file).await?;
        let chunk = Chunk { start: 0, bytes, key };
        db.append_chunk(tenant, upload.id, chunk, upload.expires_at, now).await?;
    }
    db.stop_session(tenant, session.id, &Stop::with_parts(Some(1)), now).await?.context("the session is gone")
}

/// 0 completed; 2 the recording was rejected; 1 the machine was at fault.
async fn exit_code(db: &Db, session: &Session) -> Result<ExitCode> {
    if session.status == SessionStatus::Completed {
        return Ok(ExitCode::SUCCESS);
    }
    let steps = db.steps(session.tenant_id, session.id).await?;
    let broke = steps.iter().any(|s| s.state == domain::job::StepState::Failed);
    Ok(ExitCode::from(if broke { 1 } else { REJECTED }))
}

/// `01-isolate-the-boiler`: the number and the name, in characters that every file system takes.
fn file_name(p: &Procedure) -> String {
    let plain: String = p
        .procedure_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let words: Vec<_> = plain.split_whitespace().take(8).collect();
    format!("{:02}-{}", p.number, words.join("-")).trim_end_matches('-').to_owned()
}

/// What every step took, and its bar.
struct StepClock {
    media: media::Tools,
    bars: Option<MultiProgress>,
    steps: Mutex<BTreeMap<job::Step, Lap>>,
}

#[derive(Default)]
struct Lap {
    bar: Option<ProgressBar>,
    cpu_before: f64,
    cpu: f64,
    seconds: f64,
}

impl StepClock {
    fn new(media: media::Tools, show: bool) -> Self {
        Self { media, bars: show.then(MultiProgress::new), steps: Mutex::default() }
    }

    fn observer(self: &Arc<Self>) -> Observer {
        let this = self.clone();
        Arc::new(move |event| this.note(event))
    }

    fn note(&self, event: &Event) {
        let mut steps = self.steps.lock().unwrap_or_else(|e| e.into_inner());
        match *event {
            Event::Begun(step) => {
                let bar = self.bars.as_ref().map(|bars| bars.add(bar(step)));
                steps.insert(step, Lap { bar, cpu_before: self.cpu_seconds(), ..Lap::default() });
            }
            Event::Progress(step, share) => {
                if let Some(bar) = steps.get(&step).and_then(|lap| lap.bar.as_ref()) {
                    bar.set_position((share * 100.0) as u64);
                }
            }
            Event::Ended(step, seconds) => {
                let lap = steps.entry(step).or_default();
                lap.seconds = seconds.unwrap_or(0.0);
                lap.cpu = self.cpu_seconds() - lap.cpu_before;
                if let Some(bar) = &lap.bar {
                    bar.finish_with_message(format!("{:.1} s", lap.seconds));
                }
            }
        }
    }

    /// Of this process and of the media children that have ended. Steps that run at once share it.
    fn cpu_seconds(&self) -> f64 {
        let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        own.tv_sec as f64 + own.tv_nsec as f64 / 1e9 + self.media.usage().cpu_seconds
    }

    fn times(&self) -> (BTreeMap<String, f64>, BTreeMap<String, f64>) {
        let steps = self.steps.lock().unwrap_or_else(|e| e.into_inner());
        let of = |value: fn(&Lap) -> f64| {
            steps.iter().map(|(s, l)| (s.to_string(), (value(l) * 1e3).round() / 1e3)).collect()
        };
        (of(|l| l.seconds), of(|l| l.cpu))
    }
}

fn bar(step: job::Step) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>16} {bar:30} {percent:>3}% {msg}");
    ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_prefix(step.label())
}
