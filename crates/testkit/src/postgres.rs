//! A real PostgreSQL: a cluster of its own on a Unix socket, which ends with the test however that ends.
//!
//! `initdb` runs once per machine and version; each cluster is a copy of its result. All lies in memory or in the temporary folder
//! under `trainar-testkit-<uid>`, where the clusters of killed tests are removed by the next one that starts.

use crate::child::{die_with_owner, run};
use rustix::fs::Access;
use std::{
    fs::{self, File},
    io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

const USER: &str = "trainar";
/// A cluster is up in a third of a second; a machine that needs more than this is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster. It is stopped and removed when this is dropped.
pub struct Postgres {
    programs: Programs,
    folder: PathBuf,
    /// Held as long as the folder is in use; the kernel lets go of it when the process dies.
    lock: Option<File>,
    stop: Option<mpsc::Sender<()>>,
    owner: Option<JoinHandle<()>>,
}

impl Postgres {
    /// Starts a cluster. `None`, said aloud, when PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = Programs::find() else {
            crate::skip("PostgreSQL is not installed (Debian: apt-get install postgresql)");
            return None;
        };
        let home = home();
        // One at a time: the template is made once, and nobody sweeps a folder that is just being made.
        let door = File::create(home.join("lock")).unwrap();
        door.lock().unwrap();
        sweep(&home);
        let template = template(&home, &programs);
        let name = &uuid::Uuid::new_v4().simple().to_string()[..12];
        let folder = home.join("clusters").join(name);
        let lock = File::create(folder.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        drop(door);

        run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&template).arg(&folder));
        let (stop, owner) = serve(&programs, &folder);
        let this = Self { programs, folder, lock: Some(lock), stop: Some(stop), owner: Some(owner) };
        this.wait();
        Some(this)
    }

    /// Makes a fresh, empty database and returns its URL: `postgres:///name?host=/socket/folder&port=5432&user=trainar`.
    pub fn url(&self) -> String {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut createdb = self.programs.command("createdb");
        run(createdb.arg("-h").arg(&self.folder).args(["-p", "5432", "-U", USER, "-T", "template0", &name]));
        format!("postgres:///{name}?host={}&port=5432&user={USER}", self.folder.display())
    }

    /// Writes the tables of a database anew, without the rows that are gone, and returns the folder that holds the tables
    /// of all. The log of changes, which PostgreSQL recycles by itself, lies elsewhere.
    pub fn compact(&self, url: &str) -> PathBuf {
        run(self.programs.command("psql").args([url, "-q", "-c", "VACUUM FULL", "-c", "CHECKPOINT"]));
        self.folder.join("base")
    }

    fn wait(&self) {
        let begun = Instant::now();
        loop {
            let mut ready = self.programs.command("pg_isready");
            ready.arg("-q").arg("-h").arg(&self.folder).args(["-p", "5432", "-U", USER]);
            if ready.status().unwrap().success() {
                return;
            }
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(!self.owner.as_ref().is_some_and(JoinHandle::is_finished), "PostgreSQL ended: {}", log());
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not come up: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.folder.with_extension("lock"));
        drop(self.lock.take());
    }
}

/// Runs the server in a thread of its own: the kernel ends a child when the thread that spawned it ends, and the
/// thread that calls [`Postgres::start`] may be one that a runtime takes back.
fn serve(programs: &Programs, folder: &Path) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let log = File::create(folder.join("log")).unwrap();
    let mut server = programs.as_owner("postgres");
    server.arg("-D").arg(folder).arg("-k").arg(folder).args(["-p", "5432"]);
    for setting in [
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "shared_buffers=32MB",
        "max_wal_size=128MB",
        "autovacuum=off",
        "max_connections=200",
    ] {
        server.arg("-c").arg(setting);
    }
    server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let (stop, stopped) = mpsc::channel();
    let owner = std::thread::spawn(move || {
        // SIGQUIT: at once, taking its own children along.
        let mut server = die_with_owner(&mut server, libc::SIGQUIT).spawn().unwrap();
        loop {
            match stopped.recv_timeout(Duration::from_millis(100)) {
                Err(mpsc::RecvTimeoutError::Timeout) if server.try_wait().unwrap().is_none() => {}
                _ => break,
            }
        }
        let _ = run_kill(server.id());
        let _ = server.wait();
    });
    (stop, owner)
}

fn run_kill(id: u32) -> io::Result<()> {
    Command::new("kill").args(["-QUIT", &id.to_string()]).stderr(Stdio::null()).status().map(|_| ())
}

#[derive(Clone)]
struct Programs {
    folder: PathBuf,
    /// User and group to run the server as: it refuses to be root.
    owner: Option<(u32, u32)>,
}

impl Programs {
    fn find() -> Option<Self> {
        let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .map(|list| list.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        installed.sort_by_key(|path| version(path));
        let debian = installed.into_iter().rev().map(|path| path.join("bin"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folder = debian.chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").is_file())?;
        let owner = if is_root() { Some(account("postgres")?) } else { None };
        Some(Self { folder, owner })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.current_dir("/").env_remove("PGHOST").env_remove("PGOPTIONS").env_remove("PGDATABASE");
        command
    }

    fn as_owner(&self, program: &str) -> Command {
        let mut command = self.command(program);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The folder of this user's clusters, which the server's account may pass through.
fn home() -> PathBuf {
    let user = fs::metadata("/proc/self").map(|meta| std::os::unix::fs::MetadataExt::uid(&meta)).unwrap();
    let home = roomy_memory().unwrap_or_else(std::env::temp_dir).join(format!("trainar-testkit-{user}"));
    fs::create_dir_all(home.join("clusters")).unwrap();
    for folder in [&home, &home.join("clusters")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    home
}

/// The folder in memory, where there is one with room: a cluster is a thousand files, and most of a test's time went into
/// making and removing them.
fn roomy_memory() -> Option<PathBuf> {
    let folder = Path::new("/dev/shm");
    let stat = rustix::fs::statvfs(folder).ok()?;
    (stat.f_bavail * stat.f_frsize > 2 << 30 && rustix::fs::access(folder, Access::WRITE_OK).is_ok())
        .then(|| folder.to_owned())
}

/// The result of `initdb` for this version, made when it is not there yet.
fn template(home: &Path, programs: &Programs) -> PathBuf {
    let version = run(programs.command("postgres").arg("--version"));
    let version: String = version.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let template = home.join(format!("template-{version}"));
    if !template.exists() {
        let partial = home.join(format!("partial-{version}"));
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir(&partial).unwrap();
        if let Some((user, group)) = programs.owner {
            std::os::unix::fs::chown(&partial, Some(user), Some(group)).unwrap();
        }
        let mut initdb = programs.as_owner("initdb");
        initdb.arg("-D").arg(&partial).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]);
        run(initdb.args(["--no-sync", "--no-instructions"]));
        fs::rename(&partial, &template).unwrap();
    }
    template
}

/// Removes the clusters whose owner is dead: nobody holds their lock.
fn sweep(home: &Path) {
    for entry in fs::read_dir(home.join("clusters")).unwrap().filter_map(Result::ok) {
        let path = entry.path();
        let unowned = || File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if path.extension().is_some_and(|ending| ending == "lock") && unowned() {
            let _ = fs::remove_dir_all(path.with_extension(""));
            let _ = fs::remove_file(&path);
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

fn account(name: &str) -> Option<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let mut fields =
        accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f[0] == name)?.into_iter();
    Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn psql(postgres: &Postgres, url: &str, sql: &str) -> String {
        run(postgres.programs.command("psql").args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]))
    }

    #[test]
    fn every_url_is_an_empty_database_of_its_own() {
        let Some(postgres) = Postgres::start() else { return };
        let (one, other) = (postgres.url(), postgres.url());
        psql(&postgres, &one, "create table t (a int); insert into t values (7)");
        assert_eq!(psql(&postgres, &one, "select a from t").trim(), "7");
        assert_eq!(psql(&postgres, &other, "select count(*) from pg_tables where tablename = 't'").trim(), "0");
    }

    #[test]
    fn it_ends_and_leaves_nothing() {
        let Some(postgres) = Postgres::start() else { return };
        let folder = postgres.folder.clone();
        let id: String = fs::read_to_string(folder.join("postmaster.pid")).unwrap().lines().next().unwrap().to_owned();
        assert!(Path::new("/proc").join(&id).exists());
        drop(postgres);
        assert!(!Path::new("/proc").join(&id).exists());
        assert!(!folder.exists());
    }

    /// Runs in a process of its own, which the test below kills.
    #[test]
    #[ignore = "only the next test runs it"]
    fn a_victim() {
        let postgres = Postgres::start().unwrap();
        println!("\nfolder={}", postgres.folder.display());
        std::thread::sleep(PATIENCE);
    }

    #[test]
    fn it_ends_with_a_test_that_is_killed() {
        use std::io::{BufRead, BufReader};
        if Programs::find().is_none() {
            return crate::skip("PostgreSQL is not installed");
        }
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--ignored", "--exact", "--nocapture", "postgres::tests::a_victim"]).stdout(Stdio::piped());
        let mut victim = die_with_owner(&mut victim, libc::SIGKILL).spawn().unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
        let folder = lines.into_iter().find_map(|line| line.strip_prefix("folder=").map(PathBuf::from)).unwrap();
        let id: String = fs::read_to_string(folder.join("postmaster.pid")).unwrap().lines().next().unwrap().to_owned();
        let alive = || Path::new("/proc").join(&id).join("exe").exists();
        assert!(alive());
        victim.kill().unwrap();
        victim.wait().unwrap();
        let begun = Instant::now();
        while alive() {
            assert!(begun.elapsed() < PATIENCE, "the server outlives the test that owned it");
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(Postgres::start());
        assert!(!folder.exists(), "the next start removes what the killed one left");
    }
}
