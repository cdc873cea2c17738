//! whisper.cpp in its child process, with a model without weights that says a script.

#![allow(clippy::unwrap_used)]

mod support;

use domain::{Span, utterance::Utterance};
use inference::speech::{Recogniser, SpeechError, Whisper};
use std::path::Path;
use support::{noise, write};
use testkit::whisper_model::{Say, write_model};

const CHILD: &str = env!("CARGO_BIN_EXE_speech_child");
const SCRIPT: [Say; 9] = [
    Say::Time(0.0),
    Say::Text(" Open"),
    Say::Text(" the"),
    Say::Text(" pan"),
    Say::Text("el."),
    Say::Time(2.0),
    Say::Time(4.0),
    Say::Text(" Done"),
    Say::Time(5.0),
];

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// A folder with a model that says the script, and 100 s of sound.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_model(&folder.path().join("model.bin"), &SCRIPT).unwrap();
        write(&noise(100, 3000.0), &folder.path().join("sound.raw"));
        Self { folder }
    }

    async fn recognise(&self, whisper: Whisper, voiced: &[Span]) -> Result<Vec<Utterance>, SpeechError> {
        Recogniser::Whisper(whisper).recognise(&self.folder.path().join("sound.raw"), voiced, &|_| ()).await
    }

    fn whisper(&self) -> Whisper {
        Whisper::new(Path::new(CHILD), &self.folder.path().join("model.bin"), 1)
    }
}

#[cfg(not(feature = "whisper"))]
#[tokio::test]
async fn a_configured_model_in_a_program_without_whisper_is_a_clear_error() {
    eprintln!("SKIPPED: recognition itself, built without the feature `whisper`");
    let bench = Bench::new();
    let error = bench.recognise(bench.whisper(), &[Span::new(0.0, 5.0)]).await.unwrap_err();
    assert!(matches!(error, SpeechError::WithoutWhisper), "{error}");
}

#[cfg(feature = "whisper")]
mod with_whisper {
    use super::*;
    use inference::speech::Vocabulary;

    #[tokio::test]
    async fn what_is_said_comes_through_the_child_with_its_times() {
        let bench = Bench::new();
        let heard = bench.recognise(bench.whisper(), &[Span::new(10.0, 18.0)]).await.unwrap();

        let texts: Vec<&str> = heard.iter().map(|utterance| utterance.text.as_str()).collect();
        assert_eq!(texts, ["Open the panel.", "Done"]);
        assert!(heard[0].start >= 10.0 && heard[0].end <= 12.1, "{heard:?}");
        assert!(heard[1].start >= 12.0 && heard[1].end <= 15.1, "{heard:?}");
        let words: Vec<&str> = heard[0].words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, ["Open", "the", "panel."]);
        assert!(heard[0].words.windows(2).all(|pair| pair[0].start <= pair[1].start), "{heard:?}");
        assert!(heard.iter().all(|utterance| utterance.confidence > 0.9), "{heard:?}");
    }

    #[tokio::test]
    async fn long_speech_is_heard_window_by_window_with_progress() {
        let bench = Bench::new();
        let seen = std::sync::Mutex::new(Vec::new());
        let sound = bench.folder.path().join("sound.raw");
        let heard = Recogniser::Whisper(bench.whisper())
            .recognise(&sound, &[Span::new(0.0, 60.0), Span::new(70.0, 80.0)], &|done| seen.lock().unwrap().push(done))
            .await
            .unwrap();

        let opened = heard.iter().filter(|utterance| utterance.text.starts_with("Open")).count();
        let seen = seen.into_inner().unwrap();
        assert!(opened >= 3, "{heard:?}");
        assert!(seen.len() > opened && seen.windows(2).all(|pair| pair[0] <= pair[1]), "{seen:?}");
        assert!(heard.windows(2).all(|pair| pair[0].start <= pair[1].start));
    }

    #[tokio::test]
    async fn windows_side_by_side_give_the_same_words_as_one_by_one() {
        let bench = Bench::new();
        let voiced = [Span::new(0.0, 60.0), Span::new(62.0, 99.0)];
        let one = bench.recognise(bench.whisper(), &voiced).await.unwrap();
        assert!(one.len() > 4);
        for threads in [2, 3, 7] {
            assert_eq!(bench.recognise(Whisper { threads, ..bench.whisper() }, &voiced).await.unwrap(), one);
        }
    }

    /// The model says other words after a prompt: one for every place.
    #[tokio::test]
    async fn the_vocabulary_reaches_whisper_as_a_prompt_of_what_fits() {
        let bench = Bench::new();
        let words = [" zero", " one", " two", " three", " four", " five", " six", " seven", " eight", " nine", " ten"];
        let mut script = vec![Say::Time(0.0)];
        script.extend(words.map(Say::Text));
        script.push(Say::Time(4.0));
        write_model(&bench.folder.path().join("model.bin"), &script).unwrap();
        let first = async |vocabulary: Vocabulary| {
            let whisper = Whisper { vocabulary, ..bench.whisper() };
            let heard = bench.recognise(whisper, &[Span::new(10.0, 18.0)]).await.unwrap();
            heard[0].text.split(' ').next().unwrap().to_owned()
        };
        assert_eq!(first(Vocabulary::default()).await, "zero");
        // Two tokens and the one that announces a prompt go before.
        assert_eq!(first(Vocabulary::of(["two five"])).await, "two");
        // Words that the model has no tokens for, and far too many of them: it still answers.
        let many = Vocabulary::of((0..400).map(|i| format!("two three four five {i}")));
        let whisper = Whisper { vocabulary: many, ..bench.whisper() };
        bench.recognise(whisper, &[Span::new(10.0, 18.0)]).await.unwrap();
    }

    #[tokio::test]
    async fn a_prompt_that_comes_back_is_not_taken_for_speech() {
        let bench = Bench::new();
        // Said after a prompt of six tokens: what stands at the seventh place.
        let mut script: Vec<Say> = (0..7).map(|_| Say::Time(0.0)).collect();
        script.extend([
            Say::Time(0.0),
            Say::Text(" fit"),
            Say::Text(" gaskets"),
            Say::Text(" bleed"),
            Say::Text(" pumps"),
        ]);
        script.extend([Say::Time(3.0), Say::Time(3.0), Say::Text(" test"), Say::Text(" valves"), Say::Time(6.0)]);
        write_model(&bench.folder.path().join("model.bin"), &script).unwrap();
        let said = async |vocabulary: Vocabulary| {
            let whisper = Whisper { vocabulary, ..bench.whisper() };
            let heard = bench.recognise(whisper, &[Span::new(10.0, 18.0)]).await.unwrap();
            heard.into_iter().map(|utterance| utterance.text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(Vocabulary::of(["test valves", "bleed pumps", "fit gaskets"])).await, "test valves");
        assert_eq!(
            said(Vocabulary::of(["test fit", "bleed valves", "gaskets pumps"])).await,
            "fit gaskets bleed pumps test valves"
        );
    }

    #[tokio::test]
    async fn words_in_the_silence_between_voices_are_dropped() {
        let bench = Bench::new();
        // In a window of one second the script's second half lies beyond the voice.
        let heard = bench.recognise(bench.whisper(), &[Span::new(10.0, 12.5)]).await.unwrap();
        assert!(heard.iter().all(|utterance| utterance.start >= 10.0 && utterance.end <= 12.5), "{heard:?}");
    }

    #[tokio::test]
    async fn a_malformed_model_is_a_clear_error_and_kills_nobody() {
        let bench = Bench::new();
        let whole = std::fs::read(bench.folder.path().join("model.bin")).unwrap();
        let mut hostile = whole.clone();
        hostile[4..8].copy_from_slice(&i32::MAX.to_le_bytes());
        hostile[12..16].copy_from_slice(&(-5_i32).to_le_bytes());
        for (name, bytes) in [
            ("empty", &[][..]),
            ("text", b"this is no model"),
            ("short", &whole[..2000]),
            ("truncated", &whole[..whole.len() / 2]),
            ("hostile", &hostile),
        ] {
            let model = bench.folder.path().join(name);
            std::fs::write(&model, bytes).unwrap();
            let tried = Recogniser::Whisper(Whisper { model: model.clone(), ..bench.whisper() }).try_loading().await;
            assert!(matches!(tried, Err(SpeechError::Load { .. })), "{name}: {tried:?}");
            let error =
                bench.recognise(Whisper { model, ..bench.whisper() }, &[Span::new(0.0, 5.0)]).await.unwrap_err();
            println!("{name}: {error}");
            assert!(matches!(error, SpeechError::Load { .. }), "{name}: {error}");
            let said = error.to_string();
            assert!(said.contains("cannot be loaded: ") && said.contains("[speech] whisper_model"), "{name}: {said}");
            assert!(said.lines().count() == 1 && said.len() < 400, "{name}: {said}");
        }
    }

    #[tokio::test]
    async fn a_good_model_can_be_loaded_without_any_sound() {
        let bench = Bench::new();
        Recogniser::Whisper(bench.whisper()).try_loading().await.unwrap();
    }

    #[tokio::test]
    async fn a_missing_model_is_told_before_anything_starts() {
        let bench = Bench::new();
        let whisper = Whisper { model: "/no/such/model.bin".into(), ..bench.whisper() };
        let error = bench.recognise(whisper, &[Span::new(0.0, 5.0)]).await.unwrap_err();
        assert!(matches!(error, SpeechError::Model { .. }), "{error}");
    }

    /// A child that answers one window and dies, as whisper.cpp does when it aborts in the middle.
    #[tokio::test]
    async fn a_crash_in_the_middle_keeps_what_was_done() {
        use std::os::unix::fs::PermissionsExt;
        let bench = Bench::new();
        let program = bench.folder.path().join("dies");
        let answer = r#"{"window":0,"words":[{"text":"kept","start":1.0,"end":1.5,"confidence":0.9}]}"#;
        let script = format!("#!/bin/sh\ncat >/dev/null\necho '{answer}'\necho 'out of memory' >&2\nkill -ABRT $$\n");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();

        let error = bench.recognise(Whisper { program, ..bench.whisper() }, &[Span::new(0.0, 60.0)]).await.unwrap_err();
        let SpeechError::Interrupted { recognised, cause } = error else { panic!("{error}") };
        assert_eq!(recognised[0].text, "kept");
        assert!(cause.to_string().contains("window 2") && cause.to_string().contains("out of memory"), "{cause}");
    }
}
