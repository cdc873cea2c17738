//! What every test stands on: one place per database, a crew of a tenant, and sessions in every phase.

use domain::{
    SessionId, TenantId, Timestamp,
    audit::{Action, Actor, Entry},
    device::Device,
    job::JobState,
    seat::{Seat, SeatRole},
    session::Session,
    user::{User, UserRole},
};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    sqlx::sqlite::SqliteJournalMode,
};
use storage::{
    Db,
    db::{
        jobs::Job,
        people::{NewDevice, NewUser},
        sessions::{NewSession, Stop},
        tenants::NewTenant,
        uploads::{Chunk, NewUpload, Upload},
    },
};
use tempfile::TempDir;
use testkit::Postgres;
use uuid::Uuid;

/// A fresh database, opened once through the public API and once beside it.
pub struct Place {
    pub db: Db,
    /// A connection of the test's own, for what no query does.
    pub raw: DatabaseConnection,
    pub at: At,
}

/// Where the database stands; it goes when this is dropped.
pub enum At {
    Sqlite(TempDir),
    Postgres { _cluster: Box<Postgres>, url: String },
}

/// Runs `check` on SQLite, and on PostgreSQL where it is installed.
pub async fn on_both(check: impl AsyncFn(&Place)) {
    for at in fresh_places() {
        let place = Place::open_first(at).await;
        eprintln!("on {}", place.db.engine());
        check(&place).await;
    }
}

/// An empty database of each kind that is there.
pub fn fresh_places() -> Vec<At> {
    let mut places = vec![At::Sqlite(tempfile::tempdir().unwrap())];
    if let Some(cluster) = Postgres::start() {
        let url = cluster.url();
        places.push(At::Postgres { _cluster: Box::new(cluster), url });
    }
    places
}

impl At {
    pub async fn open(&self) -> Db {
        match self {
            Self::Sqlite(folder) => Db::open_sqlite(&folder.path().join("rows.db")).await.unwrap(),
            Self::Postgres { url, .. } => Db::open_postgres(url).await.unwrap(),
        }
    }

    pub async fn connect(&self) -> DatabaseConnection {
        let mut options = match self {
            Self::Sqlite(folder) => {
                let file = folder.path().join("rows.db");
                let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
                options.map_sqlx_sqlite_opts(|o| {
                    o.foreign_keys(true)
                        .journal_mode(SqliteJournalMode::Wal)
                        .busy_timeout(std::time::Duration::from_secs(30))
                });
                options
            }
            Self::Postgres { url, .. } => ConnectOptions::new(url),
        };
        Database::connect(options.max_connections(2).sqlx_logging(false).to_owned()).await.unwrap()
    }
}

impl Place {
    pub async fn open_first(at: At) -> Self {
        Self { db: at.open().await, raw: at.connect().await, at }
    }

    pub fn is_postgres(&self) -> bool {
        self.raw.get_database_backend() == DbBackend::Postgres
    }

    pub async fn sql(&self, sql: &str) -> Result<u64, DbErr> {
        self.raw.execute_unprepared(sql).await.map(|done| done.rows_affected())
    }

    /// The statement changes exactly one row.
    pub async fn accepted(&self, sql: &str) {
        assert_eq!(self.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}")), 1, "{sql}");
    }

    /// A constraint of the schema refuses the statement.
    pub async fn refused(&self, sql: &str) {
        let error = self.sql(sql).await.expect_err(sql).to_string();
        assert!(error.to_lowercase().contains("constraint"), "{sql}: {error}");
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql);
        self.raw.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql);
        let rows = self.raw.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// An id as the database's SQL writes it.
    pub fn id(&self, id: impl Into<Uuid>) -> String {
        let id = id.into();
        if self.is_postgres() { format!("'{id}'::uuid") } else { format!("X'{}'", id.simple()) }
    }

    /// Every row of every table, as text.
    pub async fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in self.tables().await {
            let rows = if self.is_postgres() {
                format!("SELECT t::text FROM {table} t ORDER BY 1")
            } else {
                let columns = self.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let quoted: Vec<_> = columns.iter().map(|c| format!("quote({c})")).collect();
                format!("SELECT {} FROM {table} ORDER BY 1", quoted.join("||','||"))
            };
            all.extend(self.texts(&rows).await.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    pub async fn tables(&self) -> Vec<String> {
        self.texts(if self.is_postgres() {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        })
        .await
    }

    /// Whether every tenant's counter tells how many of its jobs run.
    pub async fn counters_are_right(&self) {
        let wrong = "SELECT count(*) FROM tenant_queues q WHERE running <> \
            (SELECT count(*) FROM jobs j WHERE j.tenant_id = q.tenant_id AND j.state = 'running')";
        assert_eq!(self.number(wrong).await, 0, "tenant_queues.running has drifted");
    }

    /// A tenant with a trainer who has a paired device.
    pub async fn crew(&self, name: &str) -> Crew {
        let new = NewTenant {
            name: name.into(),
            timezone: "Europe/London".into(),
            language: "en".into(),
            country: "GB".into(),
            retention: Default::default(),
            upload_limit_bytes: 1 << 40,
        };
        let tenant = self.db.create_tenant(new, at(0)).await.unwrap().id;
        let user = self.db.create_user(tenant, new_user(name), at(0)).await.unwrap();
        let seat = self.db.create_seat(tenant, user.id, SeatRole::Trainer, at(0)).await.unwrap();
        let device = self.db.pair_device(tenant, seat.id, new_device(name), at(0)).await.unwrap();
        let seat = self.db.seat(tenant, seat.id).await.unwrap().unwrap();
        Crew { tenant, user, seat, device }
    }

    /// A session that records since `now`.
    pub async fn recording(&self, crew: &Crew, now: Timestamp) -> Session {
        let new = NewSession { name: "Boiler service".into(), task_id: None, idempotency_key: None, started_at: None };
        self.db.start_session(&crew.seat, new, now).await.unwrap().0
    }

    pub async fn upload(&self, session: &Session, length: Option<u64>, now: Timestamp) -> Upload {
        self.db.create_upload(session.tenant_id, session.id, new_upload(length), now).await.unwrap()
    }

    /// Appends bytes where the upload stands; `None` when it does not take them.
    pub async fn append(&self, upload: &Upload, start: u64, bytes: u64, now: Timestamp) -> Option<Upload> {
        let chunk = Chunk { start, bytes, key: format!("{}/{start}", upload.id) };
        self.db.append_chunk(upload.tenant_id, upload.id, chunk, now.plus_seconds(3600.0), now).await.unwrap()
    }

    /// A session that is stopped and whose ten bytes are here: its job waits.
    pub async fn processing(&self, crew: &Crew, now: Timestamp) -> Session {
        let session = self.recording(crew, now).await;
        let upload = self.upload(&session, Some(10), now).await;
        self.append(&upload, 0, 10, now).await.unwrap();
        self.db.stop_session(crew.tenant, session.id, &Stop::with_parts(Some(1)), now).await.unwrap().unwrap()
    }

    /// The session as it is now.
    pub async fn now(&self, session: &Session) -> Session {
        self.db.session(session.tenant_id, session.id).await.unwrap().unwrap()
    }

    pub async fn claim(&self, worker: Uuid, now: Timestamp) -> Option<Job> {
        self.db.claim_job(worker, now, now.plus_seconds(15.0)).await.unwrap()
    }

    /// The states of a session's jobs, newest first.
    pub async fn job_states(&self, tenant: TenantId, session: SessionId) -> Vec<JobState> {
        self.db.jobs(tenant, session).await.unwrap().into_iter().map(|job| job.state).collect()
    }
}

/// Who works with a tenant.
pub struct Crew {
    pub tenant: TenantId,
    pub user: User,
    pub seat: Seat,
    pub device: Device,
}

/// The instant so many seconds after the tests' beginning.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp(1_795_255_440_000_000 + seconds * 1_000_000)
}

/// That the operator erases something.
pub fn erasing() -> Entry {
    Entry::new(Actor::operator(), Action::Erased)
}

pub fn new_user(name: &str) -> NewUser {
    NewUser {
        email: format!("{name}@example.com"),
        full_name: format!("Engineer of {name}"),
        role: UserRole::Member,
        password_hash: "hash".into(),
    }
}

pub fn new_device(name: &str) -> NewDevice {
    NewDevice {
        model: "glasses".into(),
        serial: "1".into(),
        software_version: "1.0".into(),
        token_hash: format!("token of {name}"),
    }
}

pub fn new_upload(length: Option<u64>) -> NewUpload {
    NewUpload {
        place: domain::recording::Place::WHOLE,
        announced_sha256: None,
        filename: "a.mp4".into(),
        content_type: "video/mp4".into(),
        length,
        expires_at: at(3600),
    }
}
