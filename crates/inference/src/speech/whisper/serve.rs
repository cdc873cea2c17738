//! The child's side: reads the request, answers window by window. The only place where whisper.cpp runs.

use super::protocol::Request;
use std::{ffi::OsString, io::Read, path::PathBuf, process::ExitCode};

/// The whole life of the child. `arguments` are those after the subcommand: `--model FILE --threads N`, and
/// `--at-once N` for how many windows the threads are dealt to (as many as threads, unless said). Whatever goes wrong is
/// one line on stderr and a failing exit code.
pub fn child_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("the request cannot be read: {error}"))?;
    let request: Request =
        serde_json::from_str(&text).map_err(|error| format!("the request cannot be understood: {error}"))?;
    recognise(&options, &request)
}

#[cfg_attr(not(feature = "whisper"), allow(dead_code, reason = "without whisper nobody listens"))]
struct Options {
    model: PathBuf,
    threads: usize,
    at_once: usize,
}

impl Options {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let (mut model, mut threads, mut at_once) = (None, 1, None);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or("an option without its value")?;
            let number = || value.to_str().and_then(|n| n.parse::<usize>().ok());
            match name.to_str() {
                Some("--model") => model = Some(PathBuf::from(value)),
                Some("--threads") => threads = number().ok_or("--threads is not a number")?,
                Some("--at-once") => at_once = Some(number().ok_or("--at-once is not a number")?),
                _ => return Err(format!("unknown option {}", name.display())),
            }
        }
        let threads = threads.max(1);
        Ok(Self { model: model.ok_or("--model is missing")?, threads, at_once: at_once.unwrap_or(threads) })
    }
}

#[cfg(feature = "whisper")]
fn recognise(options: &Options, request: &Request) -> Result<(), String> {
    use super::{
        engine::Engine,
        protocol::{Answer, LOADED},
    };
    use std::io::Write;

    let Options { model, threads, at_once } = options;
    let mut engine = Engine::load(model, *threads, *at_once, request.language.clone(), &request.vocabulary)?;
    eprintln!("{LOADED}");
    engine.listen(&request.sound, &request.windows, &|window, words| {
        let line = serde_json::to_string(&Answer { window, words }).map_err(|error| error.to_string())?;
        // Flushed line by line: what is done must not be lost if the next window crashes.
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(|error| error.to_string())
    })
}

#[cfg(not(feature = "whisper"))]
fn recognise(_: &Options, _: &Request) -> Result<(), String> {
    Err(crate::speech::SpeechError::WithoutWhisper.to_string())
}
