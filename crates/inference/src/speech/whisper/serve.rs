//! The child's side: reads the request, answers window by window. The only place where whisper.cpp runs.

use super::protocol::Request;
use std::{ffi::OsString, io::Read, path::PathBuf, process::ExitCode};

/// The whole life of the child. `arguments` are those after the subcommand: `--model FILE --threads N`. Whatever goes
/// wrong is one line on stderr and a failing exit code.
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
    let (model, threads) = options(arguments)?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("the request cannot be read: {error}"))?;
    let request: Request =
        serde_json::from_str(&text).map_err(|error| format!("the request cannot be understood: {error}"))?;
    recognise(&model, threads, &request)
}

fn options(arguments: impl IntoIterator<Item = OsString>) -> Result<(PathBuf, usize), String> {
    let mut arguments = arguments.into_iter();
    let (mut model, mut threads) = (None, 1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or("an option without its value")?;
        match name.to_str() {
            Some("--model") => model = Some(PathBuf::from(value)),
            Some("--threads") => {
                threads = value.to_str().and_then(|n| n.parse().ok()).ok_or("--threads is not a number")?
            }
            _ => return Err(format!("unknown option {}", name.display())),
        }
    }
    Ok((model.ok_or("--model is missing")?, threads))
}

#[cfg(feature = "whisper")]
fn recognise(model: &std::path::Path, threads: usize, request: &Request) -> Result<(), String> {
    use super::{engine::Engine, protocol::Answer};
    use std::io::Write;

    let mut engine = Engine::load(model, threads, request.language.clone())?;
    for (window, pieces) in request.windows.iter().enumerate() {
        let words = engine.window(&request.sound, pieces)?;
        let line = serde_json::to_string(&Answer { window, words }).map_err(|error| error.to_string())?;
        // Flushed line by line: what is done must not be lost if the next window crashes.
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(not(feature = "whisper"))]
fn recognise(_: &std::path::Path, _: usize, _: &Request) -> Result<(), String> {
    Err(crate::speech::SpeechError::WithoutWhisper.to_string())
}
