//! Child processes: niced, killed when their owner dies, with the last of their stderr at hand.

use std::{io, sync::OnceLock, sync::mpsc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// Lines of stderr that are kept for an error.
const STDERR_LINES: usize = 12;
/// How polite a recogniser is to the rest of the machine.
const NICENESS: libc::c_int = 5;

type Errand = Box<dyn FnOnce() + Send>;

/// Starts `command` so that it dies when this process does or when its handle is dropped.
///
/// The kernel sends a parent-death signal when the *thread* that forked ends, and threads of a runtime come and go;
/// so all children are started by one thread that lives as long as the process.
pub async fn spawn(mut command: Command) -> io::Result<Child> {
    command.kill_on_drop(true);
    die_with_owner(&mut command);
    let runtime = Handle::current();
    let (reply, answer) = oneshot::channel();
    let errand: Errand = Box::new(move || {
        let _inside = runtime.enter();
        // Nobody waits any more when this fails; the child is then dropped and so killed.
        let _ = reply.send(command.spawn());
    });
    spawner().send(errand).map_err(|_| io::Error::other("the thread that starts children has ended"))?;
    answer.await.map_err(io::Error::other)?
}

/// The last lines that a child wrote to its stderr; `seen` is called with each line as it comes.
pub async fn last_lines(stderr: impl AsyncRead + Unpin, mut seen: impl FnMut(&str)) -> String {
    let mut lines = BufReader::new(stderr).split(b'\n');
    let mut last = std::collections::VecDeque::with_capacity(STDERR_LINES);
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        seen(&line);
        if last.len() == STDERR_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    Vec::from(last).join("\n")
}

/// Waits for a child's end, at most `patience`; then it is killed and `None` comes back.
pub async fn wait(child: &mut Child, patience: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    if let Ok(status) = tokio::time::timeout(patience, child.wait()).await {
        return status.map(Some);
    }
    child.kill().await?;
    Ok(None)
}

fn spawner() -> &'static mpsc::Sender<Errand> {
    static SPAWNER: OnceLock<mpsc::Sender<Errand>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (sender, errands) = mpsc::channel::<Errand>();
        std::thread::spawn(move || errands.into_iter().for_each(|errand| errand()));
        sender
    })
}

#[allow(unsafe_code, reason = "prctl and setpriority have no safe form; both are async-signal-safe system calls")]
fn die_with_owner(command: &mut Command) {
    let owner = std::process::id();
    // SAFETY: between fork and exec only system calls are made; nothing is allocated, no lock is taken.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The owner may have died before the call above.
            if libc::getppid() as u32 != owner {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
            Ok(())
        });
    }
}
