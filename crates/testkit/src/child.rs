//! Child processes that do not outlive the test, not even one that is killed.

use std::{os::unix::process::CommandExt, process::Command};

/// Makes the kernel send `signal` to the child when the *thread* that spawned it ends, however it ends.
pub fn die_with_owner(command: &mut Command, signal: libc::c_int) -> &mut Command {
    let request = move || match prctl_death_signal(signal) {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: the closure runs between fork and exec and makes one system call; it neither allocates nor locks.
    #[allow(unsafe_code, reason = "the standard library has no other way to ask for this")]
    unsafe {
        command.pre_exec(request)
    }
}

fn prctl_death_signal(signal: libc::c_int) -> libc::c_int {
    // SAFETY: PR_SET_PDEATHSIG takes a number and touches no memory.
    #[allow(unsafe_code, reason = "a system call")]
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, signal)
    }
}

/// Runs a command to its end and returns what it printed; panics with its last words when it fails.
pub(crate) fn run(command: &mut Command) -> String {
    let output = die_with_owner(command, libc::SIGKILL).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed ({}): {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
