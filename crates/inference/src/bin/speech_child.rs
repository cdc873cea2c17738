//! The program's hidden subcommand `recognise` and nothing else, so that this crate's tests have a child to start.

use std::process::ExitCode;

fn main() -> ExitCode {
    inference::speech::whisper::child_main(std::env::args_os().skip(2))
}
