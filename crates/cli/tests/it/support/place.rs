//! An installation: a data folder, settings, and the program that runs with them.

use super::{Pairing, Ran, Running};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// An installation of its own; it goes when this is dropped.
pub struct Place {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("trainar-it-").tempdir().unwrap();
        for name in ["tmp", "files"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let data = folder.path().join("data").display().to_string();
        Self { folder, settings: Vec::new() }
            .set("DATA_DIR", &data)
            .set("SERVER__LISTEN", "127.0.0.1:0")
            .set("PROCESSING__LEASE_SECONDS", "1")
            .set("PROCESSING__POLL_SECONDS", "0.05")
    }

    /// `set("SERVER__WORK", "false")`
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        let setting = self.settings.iter().find(|(key, _)| key == "DATA_DIR");
        PathBuf::from(&setting.unwrap().1)
    }

    /// A place for the test's own file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Another installation with the same data.
    pub fn copy(&self) -> Self {
        let mut copy = Self::new();
        let data = copy.data();
        copy.settings.clone_from(&self.settings);
        let copied = Command::new("cp").arg("-a").arg(self.data()).arg(&data).status().unwrap();
        assert!(copied.success());
        copy.set("DATA_DIR", data.to_str().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainar"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TRAINAR_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(self.folder.path()).env("TMPDIR", self.folder.path().join("tmp"));
        command.envs(self.settings.iter().map(|(key, value)| (format!("TRAINAR_{key}"), value)));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments), "")
    }

    /// Runs a command that must succeed and prints JSON.
    pub fn json(&self, arguments: &[&str], stdin: &str) -> Value {
        let ran = Ran::of(self.command(&[arguments, &["--json"]].concat()), stdin);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran}");
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {ran}"))
    }

    /// A server that is ready.
    pub async fn serve(&self) -> Running {
        Running::start(self.command(&["serve"]), "listening on http://").await
    }

    /// A worker that is ready.
    pub async fn work(&self) -> Running {
        Running::start(self.command(&["work"]), "worker ready").await
    }

    /// A tenant with one user, one seat and one device.
    pub fn pair(&self, tenant: &str) -> Pairing {
        let made = self.json(&["tenant", "create", "--name", tenant], "");
        let email = format!("{}@example.com", tenant.to_lowercase());
        let user = ["user", "create", "--tenant", tenant, "--email", &email, "--name", "Sam", "--password-stdin"];
        self.json(&user, Pairing::PASSWORD);
        let seat = self.json(&["seat", "create", "--tenant", tenant, "--user", &email], "");
        Pairing {
            tenant: made["tenant_id"].as_str().unwrap().parse().unwrap(),
            email,
            token: seat["device_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Nothing that a command wrote for itself is left.
    #[track_caller]
    pub fn is_tidy(&self) {
        assert_eq!(names(&self.folder.path().join("tmp")), [""; 0], "left in the temporary folder");
        assert_eq!(names(&self.data().join("work")), [""; 0], "left in the working folder");
    }
}

/// The names in a folder; none when it is not there.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
