//! One child process: limited, killed with its owner, waited for with what it used.

use crate::{MediaError, Tools};
use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::oneshot,
    task::JoinHandle,
};
use wait4::Wait4;

const STDERR_TAIL: usize = 2048;

/// A running child. Dropping it kills the process.
pub(crate) struct Running {
    doing: &'static str,
    handle: Handle,
    stdout: Option<std::process::ChildStdout>,
    stderr: JoinHandle<String>,
}

impl Tools {
    /// Starts `program` with its standard output as a pipe.
    pub(crate) async fn start(
        &self,
        doing: &'static str,
        program: &Path,
        args: Vec<OsString>,
        stdin: Stdio,
    ) -> Result<Running, MediaError> {
        let mut command = Command::new(program);
        command.args(args).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).env_clear();
        // FFREPORT, http_proxy and the like must not reach it.
        for kept in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("LC_ALL", "C").env("AV_LOG_FORCE_NOCOLOR", "1");
        limit(&mut command, self.memory_limit_bytes);
        let failed = |source| MediaError::io(doing, program, source);
        let mut started = spawn(command, Some(self.clone())).await.map_err(failed)?;
        let stderr = started.stderr.take().ok_or_else(|| failed(gone()))?;
        let stderr = ChildStderr::from_std(stderr).map_err(failed)?;
        Ok(Running { doing, stdout: started.stdout.take(), handle: started.handle, stderr: tokio::spawn(tail(stderr)) })
    }

    /// Runs `program` to its end; what it writes to standard output is read away.
    pub(crate) async fn run(&self, doing: &'static str, program: &Path, args: Vec<OsString>) -> Result<(), MediaError> {
        let mut running = self.start(doing, program, args, Stdio::null()).await?;
        let mut stdout = running.stdout()?;
        tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await.map_err(|e| MediaError::io(doing, program, e))?;
        running.finish().await
    }

    /// Runs `program` to its end and returns its standard output, at most `limit` bytes, and the end of its error
    /// output.
    pub(crate) async fn output(
        &self,
        doing: &'static str,
        program: &Path,
        args: Vec<OsString>,
        limit: u64,
    ) -> Result<(Vec<u8>, String), MediaError> {
        let mut running = self.start(doing, program, args, Stdio::null()).await?;
        let mut bytes = Vec::new();
        let mut stdout = running.stdout()?.take(limit + 1);
        stdout.read_to_end(&mut bytes).await.map_err(|e| MediaError::io(doing, program, e))?;
        if bytes.len() as u64 > limit {
            return Err(MediaError::TooLarge { what: format!("{doing} gives more than {limit} bytes") });
        }
        let (status, stderr) = running.end().await?;
        if status.success() { Ok((bytes, stderr)) } else { Err(MediaError::from_exit(doing, &status, stderr)) }
    }
}

impl Running {
    /// The read end of its standard output, once.
    pub(crate) fn stdout(&mut self) -> Result<ChildStdout, MediaError> {
        let failed = |e| MediaError::io(self.doing, Path::new("standard output"), e);
        ChildStdout::from_std(self.stdout.take().ok_or_else(|| failed(gone()))?).map_err(failed)
    }

    /// Its standard output as another child's input.
    pub(crate) fn pipe(&mut self) -> Stdio {
        self.stdout.take().map_or_else(Stdio::null, Stdio::from)
    }

    /// Waits for its end; anything but success is an error.
    pub(crate) async fn finish(self) -> Result<(), MediaError> {
        let doing = self.doing;
        let (status, stderr) = self.end().await?;
        if status.success() { Ok(()) } else { Err(MediaError::from_exit(doing, &status, stderr)) }
    }

    /// Waits for its end, whatever it is, with the end of its error output.
    pub(crate) async fn end(mut self) -> Result<(ExitStatus, String), MediaError> {
        drop(self.stdout.take());
        let failed = |e| MediaError::io(self.doing, Path::new("waiting"), e);
        let status = (&mut self.handle.ended).await.map_err(|_| failed(gone()))?.map_err(failed)?;
        Ok((status, self.stderr.await.unwrap_or_default()))
    }
}

/// A child that somebody talks with for as long as it runs: a camera's recorder, a listener. It is killed when this is
/// dropped and when the program dies, however it dies.
pub struct Companion {
    /// Its standard input, where the command asked for a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, where the command asked for a pipe.
    pub stdout: Option<ChildStdout>,
    handle: Handle,
    stderr: Option<JoinHandle<String>>,
}

impl Companion {
    /// Starts `command` with the environment, arguments and pipes it names.
    ///
    /// # Errors
    /// When the program is missing or cannot be started.
    pub async fn start(mut command: Command) -> io::Result<Self> {
        command.process_group(0);
        limit(&mut command, libc::RLIM_INFINITY);
        let mut started = spawn(command, None).await?;
        let stdin = started.stdin.take().map(ChildStdin::from_std).transpose()?;
        let stdout = started.stdout.take().map(ChildStdout::from_std).transpose()?;
        let stderr = started.stderr.take().map(ChildStderr::from_std).transpose()?;
        Ok(Self { stdin, stdout, handle: started.handle, stderr: stderr.map(|stderr| tokio::spawn(tail(stderr))) })
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.handle.signal(libc::SIGINT);
    }

    /// Waits for its end and returns it with the end of its error output, at most 2 KiB.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub async fn end(mut self) -> io::Result<(ExitStatus, String)> {
        drop((self.stdin.take(), self.stdout.take()));
        let status = (&mut self.handle.ended).await.map_err(|_| gone())??;
        let said = match self.stderr.take() {
            Some(stderr) => stderr.await.unwrap_or_default(),
            None => String::new(),
        };
        Ok((status, said))
    }
}

/// `tools` is told what the child used.
async fn spawn(command: Command, tools: Option<Tools>) -> io::Result<Started> {
    let (reply, answer) = oneshot::channel();
    spawner().send(Request { command, tools, reply }).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

struct Request {
    command: Command,
    tools: Option<Tools>,
    reply: oneshot::Sender<io::Result<Started>>,
}

struct Started {
    handle: Handle,
    stdin: Option<std::process::ChildStdin>,
    stdout: Option<std::process::ChildStdout>,
    stderr: Option<std::process::ChildStderr>,
}

/// Kills on drop. `reaped` is held while the process is waited for, so that a kill never meets a recycled id.
struct Handle {
    pid: i32,
    reaped: Arc<Mutex<bool>>,
    ended: oneshot::Receiver<io::Result<ExitStatus>>,
}

impl Handle {
    #[allow(unsafe_code)]
    fn signal(&self, signal: i32) {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if !*reaped {
            // SAFETY: a plain system call; the id is ours until it is reaped, which the lock excludes.
            unsafe { libc::kill(self.pid, signal) };
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
    }
}

/// The one thread that starts children. The kernel's parent-death signal follows the starting *thread*, so that must
/// live as long as the program: threads of the runtime's pool retire, and would take running children with them.
fn spawner() -> &'static mpsc::Sender<Request> {
    static SPAWNER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        let serve = move || {
            for mut request in requests {
                let started = request.command.spawn().map(|child| watch(child, request.tools));
                // When nobody waits any more, the answer comes back and its drop kills the child.
                drop(request.reply.send(started));
            }
        };
        if let Err(error) = std::thread::Builder::new().name("media-spawner".into()).spawn(serve) {
            tracing::error!(%error, "cannot start the thread that starts child processes");
        }
        sender
    })
}

fn watch(mut child: Child, tools: Option<Tools>) -> Started {
    let pid = child.id() as i32;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let reaped = Arc::new(Mutex::new(false));
    let (tell, ended) = oneshot::channel();
    let flag = reaped.clone();
    let wait = move || {
        wait_without_reaping(pid);
        let mut reaped = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let result = child.wait4();
        *reaped = true;
        drop(reaped);
        let status = result.map(|used| {
            if let Some(tools) = tools {
                tools.record(used.rusage);
            }
            used.status
        });
        drop(tell.send(status));
    };
    // Without a thread to wait, `ended` closes and the caller learns of it.
    if let Err(error) = std::thread::Builder::new().name("media-wait".into()).stack_size(64 << 10).spawn(wait) {
        tracing::error!(%error, "cannot start a thread that waits for a child process");
    }
    Started { handle: Handle { pid, reaped, ended }, stdin, stdout, stderr }
}

#[allow(unsafe_code)]
fn wait_without_reaping(pid: i32) {
    loop {
        // SAFETY: `info` is plain data that the call fills.
        let result = unsafe {
            let mut info = std::mem::zeroed::<libc::siginfo_t>();
            libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, libc::WEXITED | libc::WNOWAIT)
        };
        if result == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

#[allow(unsafe_code)]
fn limit(command: &mut Command, memory_limit_bytes: u64) {
    let owner = std::process::id() as i32;
    // SAFETY: between fork and exec, only async-signal-safe system calls.
    unsafe {
        command.pre_exec(move || {
            let check = |result: i32| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))?;
            if libc::getppid() != owner {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            let set = |resource, bytes| {
                let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
                libc::setrlimit(resource, &limit)
            };
            check(set(libc::RLIMIT_DATA, memory_limit_bytes))?;
            check(set(libc::RLIMIT_CORE, 0))
        });
    }
}

async fn tail(mut stream: impl AsyncRead + Unpin) -> String {
    let mut kept = VecDeque::with_capacity(2 * STDERR_TAIL);
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        kept.extend(&buffer[..n]);
        kept.drain(..kept.len().saturating_sub(STDERR_TAIL));
    }
    String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned()
}

fn gone() -> io::Error {
    io::Error::other("the child process could not be started or watched")
}
