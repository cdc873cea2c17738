//! What is looked at before a session, all at once and within two seconds: what is wrong says what to do, and only what
//! makes recording impossible refuses the start.

mod camera;

use crate::{
    Client, GlassesError,
    notices::Notices,
    source::Source,
    spool::{Spool, free_bytes, minutes},
};
use serde::Serialize;
use std::{
    fs,
    future::Future,
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Longest time of any check.
const WITHIN: Duration = Duration::from_millis(1900);
const LOW_BATTERY: u8 = 20;
const FEW_MINUTES: u64 = 30;
/// A clock that is further off is said; recordings do not depend on it.
const CLOCK_OFF_SECONDS: i64 = 120;

/// What is said when the server takes no new session.
pub const NO_MINUTES: &str = "No minutes left. Ask your administrator.";

/// What is said while the wearer has yet to accept what the organisation asks.
pub const CONSENT: &str = "Your organisation asks for your consent before you record. Run trainar glasses consent";

/// How one thing is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Which thing.
    pub what: &'static str,
    /// Whether it is as it should be.
    pub state: State,
    /// Its figure, and what to do where something is wrong.
    pub detail: String,
}

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is.
    Good,
    /// A session can be recorded all the same.
    Warning,
    /// Nothing can be recorded.
    Impossible,
}

/// What to look at.
pub struct Preflight<'a> {
    /// Where recordings wait.
    pub spool: &'a Spool,
    /// What is recorded from.
    pub source: &'a Source,
    /// Bytes of the disk that are never used.
    pub reserve_bytes: u64,
    /// The folder in which the system tells of its batteries.
    pub batteries: &'a Path,
}

impl Preflight<'_> {
    /// Looks at everything at once.
    pub async fn run(&self) -> Vec<Check> {
        let (server, microphone, lens) = tokio::join!(
            self.server(),
            self.within("microphone", camera::microphone(self.source)),
            self.within("lens", camera::lens(self.source))
        );
        let mut checks = vec![battery(self.batteries), self.storage()];
        checks.extend(server);
        // As it was told just now, or the last time that there was a network.
        if Notices::known(self.spool).asked().is_some() {
            checks.push(check("consent", State::Impossible, CONSENT));
        }
        checks.extend([microphone, lens]);
        checks
    }

    async fn within(&self, what: &'static str, look: impl Future<Output = Check>) -> Check {
        let late =
            |_| check(what, State::Warning, format!("The {what} does not answer. Look whether it is plugged in"));
        timeout(WITHIN, look).await.unwrap_or_else(late)
    }

    fn storage(&self) -> Check {
        let Some(free) = free_bytes(self.spool.root()) else {
            return check("storage", State::Warning, "The disk does not say how much room it has");
        };
        let left = minutes(free, self.reserve_bytes, self.source.bits_per_second());
        match left {
            0 => check("storage", State::Impossible, "The disk is full. Deliver what is held, or make room"),
            1..FEW_MINUTES => check("storage", State::Warning, format!("Room for {left} minutes only. Deliver soon")),
            _ => check("storage", State::Good, format!("room for {} h {} min", left / 60, left % 60)),
        }
    }

    /// Network, clock and minutes come from one answer.
    async fn server(&self) -> Vec<Check> {
        let begun = Instant::now();
        let ask = async {
            let credentials = self.spool.credentials()?;
            Client::new(&credentials.server, credentials.token)?.preflight().await
        };
        let answer = match timeout(WITHIN, ask).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(GlassesError::NotPaired)) => {
                return vec![check(
                    "network",
                    State::Warning,
                    "Not paired. Sessions are kept on this device until it is",
                )];
            }
            Ok(Err(error)) if error.is_status(401) => {
                return vec![check(
                    "network",
                    State::Warning,
                    "The server does not know this device any more. Pair it again",
                )];
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "no answer before the session");
                return vec![check("network", State::Warning, "No network. The session is kept on this device")];
            }
            Err(_) => {
                return vec![check(
                    "network",
                    State::Warning,
                    "The network is slow. The session is kept on this device",
                )];
            }
        };
        Notices::keep(self.spool, &answer);
        let took = begun.elapsed();
        let mut checks = vec![check("network", State::Good, format!("the server answers in {} ms", took.as_millis()))];
        checks.extend(clock(&answer.server_time, took));
        checks.extend(answer.minutes_left.map(|left| match left {
            ..=0 => check("minutes", State::Impossible, NO_MINUTES),
            1..30 => check("minutes", State::Warning, format!("Only {left} minutes are left. Ask your administrator")),
            _ => check("minutes", State::Good, format!("{left} minutes are left")),
        }));
        checks
    }
}

fn check(what: &'static str, state: State, detail: impl Into<String>) -> Check {
    Check { what, state, detail: detail.into() }
}

fn clock(server_time: &str, took: Duration) -> Option<Check> {
    let server: jiff::Timestamp = server_time.parse().ok()?;
    let off = (jiff::Timestamp::now().as_second() - server.as_second()).abs() - took.as_secs() as i64;
    Some(if off > CLOCK_OFF_SECONDS {
        check(
            "clock",
            State::Warning,
            format!("The clock is wrong by {} minutes. Recordings are right all the same", off / 60),
        )
    } else {
        check("clock", State::Good, "agrees with the server")
    })
}

/// Charge of the battery in percent; `None` without one. `batteries` is `/sys/class/power_supply`.
pub fn battery_percent(batteries: &Path) -> Option<u8> {
    battery_of(batteries).map(|(percent, _)| percent)
}

/// The charge of the emptiest battery, and whether it is being charged.
fn battery_of(batteries: &Path) -> Option<(u8, bool)> {
    let read = |folder: &Path, name| fs::read_to_string(folder.join(name)).map(|text: String| text.trim().to_owned());
    let folders = fs::read_dir(batteries).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let own = folders.filter(|path| {
        // A mouse has a battery too, and says so.
        read(path, "type").is_ok_and(|kind| kind == "Battery")
            && !read(path, "scope").is_ok_and(|scope| scope == "Device")
    });
    let states = own.filter_map(|path| {
        let percent = read(&path, "capacity").ok()?.parse().ok()?;
        Some((percent, read(&path, "status").is_ok_and(|status| status != "Discharging")))
    });
    states.min()
}

fn battery(batteries: &Path) -> Check {
    match battery_of(batteries) {
        None => check("battery", State::Good, "none; on mains power"),
        Some((percent, true)) => check("battery", State::Good, format!("{percent} %, charging")),
        Some((percent, false)) if percent < LOW_BATTERY => {
            check("battery", State::Warning, format!("Battery at {percent} percent. Charge it"))
        }
        Some((percent, false)) => check("battery", State::Good, format!("{percent} %")),
    }
}

/// The checks as lines for a person.
pub fn table(checks: &[Check]) -> String {
    let line = |check: &Check| {
        let mark = match check.state {
            State::Good => "ok  ",
            State::Warning => "look",
            State::Impossible => "NO  ",
        };
        format!("{mark}  {:<11} {}", check.what, check.detail)
    };
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is not as it should be, to be spoken; `None` where everything is.
pub fn spoken(checks: &[Check]) -> Option<String> {
    let wrong: Vec<_> = checks.iter().filter(|c| c.state != State::Good).map(|c| c.detail.as_str()).collect();
    let wrong: Vec<_> = wrong.into_iter().map(|detail| detail.trim_end_matches('.')).collect();
    (!wrong.is_empty()).then(|| wrong.join(". "))
}

/// Why nothing can be recorded, if so.
pub fn impossible(checks: &[Check]) -> Option<&str> {
    checks.iter().find(|check| check.state == State::Impossible).map(|check| check.detail.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emptiest_battery_counts_and_a_mouse_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let supply = |name: &str, files: &[(&str, &str)]| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            files.iter().for_each(|(file, text)| fs::write(path.join(file), format!("{text}\n")).unwrap());
        };
        assert_eq!(battery(folder.path()).state, State::Good);
        supply("AC", &[("type", "Mains"), ("online", "1")]);
        supply("mouse", &[("type", "Battery"), ("scope", "Device"), ("capacity", "3"), ("status", "Discharging")]);
        assert_eq!(battery_percent(folder.path()), None);
        supply("BAT0", &[("type", "Battery"), ("capacity", "80"), ("status", "Discharging")]);
        assert_eq!(battery(folder.path()), check("battery", State::Good, "80 %"));
        supply("BAT1", &[("type", "Battery"), ("capacity", "12"), ("status", "Discharging")]);
        assert_eq!(battery(folder.path()), check("battery", State::Warning, "Battery at 12 percent. Charge it"));
    }

    #[test]
    fn a_wrong_clock_is_said() {
        let state = |time: &str| clock(time, Duration::ZERO).map(|check| check.state);
        assert_eq!(state(&jiff::Timestamp::now().to_string()), Some(State::Good));
        assert_eq!(state("2020-01-01T00:00:00Z"), Some(State::Warning));
        assert_eq!(state("yesterday"), None);
    }
}
