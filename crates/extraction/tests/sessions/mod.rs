//! Made-up and recorded sessions, and what can happen to a recording.

use domain::{
    Span,
    procedure::ProcedureDraft,
    score::ScoreCard,
    signals::{FrameSample, Picture, Signals, Sound},
    utterance::{Transcript, TranscriptSource, Utterance},
};
use extraction::{
    Options,
    align::{Step, align, steps},
    boundaries, name,
    score::score_against,
};

/// A recording as the engine sees it.
#[derive(Clone, Debug)]
pub struct Session {
    pub transcript: Transcript,
    pub signals: Signals,
}

/// Numbers from a seed, the same on every machine.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.share()
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

/// A piece of work: how it is announced, and what is spoken of meanwhile.
const JOBS: [(&str, &str); 8] = [
    ("isolate the boiler", "switch supply spur fuse terminals meter volts lock electricity dead"),
    ("clean the condensate trap", "bucket sludge hose water rinse drain dirt bottle siphon seal"),
    ("replace the inlet filter", "housing union nut spanner arrow pump mesh cartridge flow gasket"),
    ("test the gas pressure", "manometer point millibar burner valve cock bubbles spray reading screw"),
    ("bleed the radiators", "key air hiss lockshield towel bottom landing balance cold upstairs"),
    ("check the ignition electrode", "spark gap gauge ceramic lead tip igniter wear soot feeler"),
    ("flush the heat exchanger", "scale acid funnel plate limescale descaler temperature primary core kettle"),
    ("set the room thermostat", "display programme schedule battery receiver degrees button wireless hall evening"),
];

/// How a session is made up.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub seed: u64,
    pub seconds: f64,
    /// Share of the time that is spoken over.
    pub talk: f64,
    pub confidence: f64,
    /// Mean luma.
    pub light: f64,
    pub sharpness: f64,
    pub jobs: usize,
}

/// A session whose conditions change a little from second to second, and not for good.
pub fn made_up(recipe: &Recipe) -> Session {
    let mut chance = Chance(recipe.seed);
    let mut utterances = Vec::new();
    let part = recipe.seconds / recipe.jobs as f64;
    for job in 0..recipe.jobs {
        let (work, words) = JOBS[job % JOBS.len()];
        let words: Vec<&str> = words.split(' ').collect();
        let (mut at, end) = (job as f64 * part + 1.0, (job + 1) as f64 * part - 2.0);
        let mut first = true;
        while at + 4.0 < end {
            let text = match first {
                true => format!("Next, I'm going to {work}."),
                false => format!(
                    "Look at the {} and the {} beside the {} here, then turn the {} slowly.",
                    words[chance.below(10)],
                    words[chance.below(10)],
                    words[chance.below(10)],
                    words[chance.below(10)]
                ),
            };
            first = false;
            let length = (0.35 * text.split_whitespace().count() as f64).min(end - at);
            let confidence = (recipe.confidence + chance.between(-0.05, 0.05)).clamp(0.0, 1.0) as f32;
            utterances.push(said(at, at + length, text, confidence));
            at += length + (length / recipe.talk - length) * chance.between(0.85, 1.15);
        }
        if at < end + 2.0 && chance.share() < 0.7 {
            utterances.push(said(end, end + 1.0, "That's done.".into(), recipe.confidence as f32));
        }
    }
    let signals = signals(recipe.seconds, recipe.light, recipe.sharpness, &utterances, &mut chance);
    Session { transcript: Transcript { source: TranscriptSource::Whisper, utterances, voiced: Vec::new() }, signals }
}

fn said(start: f64, end: f64, text: String, confidence: f32) -> Utterance {
    Utterance { speaker: Default::default(), start, end, text, confidence, words: Vec::new() }
}

/// A picture of about this light, and a voice where something is said.
pub fn signals(seconds: f64, light: f64, sharpness: f64, said: &[Utterance], chance: &mut Chance) -> Signals {
    let windows = seconds.ceil() as usize;
    let mut voiced = vec![0.0f32; windows];
    for u in said {
        let last = (u.end as usize).min(windows.saturating_sub(1));
        voiced[(u.start as usize).min(last)..=last].fill(0.9);
    }
    let frame = |i: usize, chance: &mut Chance| FrameSample {
        at: 4.0 * i as f64,
        luma: (light * chance.between(0.85, 1.15)) as f32,
        contrast: (0.45 * light * chance.between(0.85, 1.15)) as f32,
        sharpness: (sharpness * chance.between(0.8, 1.2)) as f32,
        change: 12.0,
        grid: (0..40).map(|cell| (90 + (i * 7 + cell * 13) % 40) as u8).collect(),
        detail: 8.0,
        moved: 0.4,
        flow: Some(0.2),
        ..FrameSample::default()
    };
    let frames = (0..(seconds / 4.0) as usize).map(|i| frame(i, chance)).collect();
    let level_db: Vec<f32> = voiced.iter().map(|v| if *v > 0.0 { -25.0 } else { -50.0 }).collect();
    let treble_db = level_db.iter().map(|l| l - 12.0).collect();
    let dropout = vec![0.0; windows];
    Signals {
        duration_seconds: seconds,
        sound: Some(Sound { level_db, voiced, dropout, treble_db }),
        picture: Some(Picture { frames, ..Picture::default() }),
        gaps: Vec::new(),
    }
}

impl Session {
    pub fn drafts(&self) -> Vec<ProcedureDraft> {
        let options = Options::default();
        let segments = boundaries::segment(&self.transcript, &self.signals, &options, &[]);
        name(&segments, &self.transcript, &self.signals, &options)
    }

    pub fn steps(&self) -> Vec<Step> {
        steps(&self.drafts(), &self.transcript)
    }

    /// The whole way from the signals to the score, beside a trainer's steps where given.
    pub fn card(&self, trainer: Option<&[Step]>) -> ScoreCard {
        let drafts = self.drafts();
        let alignment = trainer.map(|trainer| align(trainer, &drafts, &self.transcript));
        score_against(&drafts, &self.transcript, &self.signals, &Options::default(), alignment.as_ref())
    }

    /// The total; -1 where nothing could be scored.
    pub fn total(&self, trainer: Option<&[Step]>) -> i32 {
        self.card(trainer).score.map_or(-1, i32::from)
    }

    /// As another encoder leaves it: a little noise on everything measured, and keyframes elsewhere.
    pub fn re_encoded(&self, chance: &mut Chance) -> Self {
        let mut other = self.clone();
        let shift = chance.between(0.0, 2.0);
        for f in other.signals.picture.iter_mut().flat_map(|p| &mut p.frames) {
            f.at = (f.at + shift).min(self.signals.duration_seconds);
            f.luma *= chance.between(0.97, 1.03) as f32;
            f.contrast *= chance.between(0.95, 1.03) as f32;
            f.sharpness *= chance.between(0.85, 1.03) as f32;
            f.change *= chance.between(0.9, 1.1) as f32;
        }
        for sound in other.signals.sound.iter_mut() {
            sound.level_db.iter_mut().for_each(|l| *l += chance.between(-0.5, 0.5) as f32);
            sound.voiced.iter_mut().for_each(|v| *v = (*v + chance.between(-0.05, 0.05) as f32).clamp(0.0, 1.0));
        }
        other
    }

    pub fn louder(&self, decibels: f32) -> Self {
        let mut other = self.clone();
        let levels = other.signals.sound.iter_mut().flat_map(|s| &mut s.level_db);
        levels.for_each(|l| *l = (*l + decibels).min(0.0));
        other
    }

    /// With `share` of the words replaced by others.
    pub fn misheard(&self, share: f64, chance: &mut Chance) -> Self {
        const OTHERS: [&str; 6] = ["the", "banana", "whether", "going", "seven", "isolate"];
        let mut other = self.clone();
        for u in &mut other.transcript.utterances {
            let words = u.text.split_whitespace().map(|w| match chance.share() < share {
                true => OTHERS[chance.below(OTHERS.len())],
                false => w,
            });
            u.text = words.collect::<Vec<_>>().join(" ");
        }
        other
    }

    /// As from under a coat: the recogniser is less sure, words are lost, a voice is heard less.
    pub fn muffled(&self, by: f64, chance: &mut Chance) -> Self {
        let mut other = self.clone();
        other.transcript.utterances.retain(|_| chance.share() >= 0.5 * by);
        for u in &mut other.transcript.utterances {
            u.confidence *= 1.0 - by as f32;
        }
        for sound in other.signals.sound.iter_mut() {
            sound.level_db.iter_mut().for_each(|l| *l -= 20.0 * by as f32);
            sound.voiced.iter_mut().for_each(|v| *v *= 1.0 - 0.5 * by as f32);
        }
        other
    }

    /// Blurred: detail goes, light stays.
    pub fn blurred(&self, by: f32) -> Self {
        let mut other = self.clone();
        for f in other.signals.picture.iter_mut().flat_map(|p| &mut p.frames) {
            (f.sharpness, f.contrast) = (f.sharpness * (1.0 - by), f.contrast * (1.0 - 0.3 * by));
        }
        other
    }

    /// With a hand over the lens.
    pub fn covered(&self, span: Span) -> Self {
        let mut other = self.clone();
        let frames = other.signals.picture.iter_mut().flat_map(|p| &mut p.frames);
        for f in frames.filter(|f| f.at >= span.start && f.at < span.end) {
            (f.luma, f.contrast, f.sharpness, f.change) = (5.0, 1.0, 0.2, 0.3);
            f.grid.fill(5);
        }
        other
    }

    /// What lies within a span, as a recording of its own.
    pub fn cut(&self, span: Span) -> Self {
        let within = |at: f64| at >= span.start && at < span.end;
        let mut other = self.clone();
        other.signals.duration_seconds = span.duration();
        other.transcript.utterances.retain(|u| within(u.start));
        for u in &mut other.transcript.utterances {
            (u.start, u.end) = (u.start - span.start, (u.end - span.start).min(span.duration()));
        }
        if let Some(picture) = &mut other.signals.picture {
            picture.frames.retain(|f| within(f.at));
            picture.frames.iter_mut().for_each(|f| f.at -= span.start);
        }
        if let Some(sound) = &mut other.signals.sound {
            for curve in [&mut sound.level_db, &mut sound.voiced, &mut sound.dropout] {
                *curve =
                    curve.drain((span.start as usize).min(curve.len())..(span.end as usize).min(curve.len())).collect();
            }
        }
        other
    }

    /// The pieces between `bounds`, in another order.
    pub fn shuffled(&self, bounds: &[Span], order: &[usize]) -> Self {
        let mut other = self.clone();
        other.transcript.utterances.clear();
        let mut voiced = Vec::new();
        let mut at = 0.0;
        for span in order.iter().map(|i| bounds[*i]) {
            let piece = self.transcript.utterances.iter().filter(|u| u.start >= span.start && u.start < span.end);
            other.transcript.utterances.extend(piece.map(|u| Utterance {
                start: u.start - span.start + at,
                end: (u.end - span.start + at).min(self.signals.duration_seconds),
                ..u.clone()
            }));
            at += span.duration();
            // The voice goes with its words.
            let heard = &self.signals.sound.as_ref().unwrap().voiced;
            let second = |k: usize| heard.get((span.start + k as f64) as usize).copied().unwrap_or(0.0);
            voiced.extend((0..(at as usize).saturating_sub(voiced.len())).map(second));
        }
        let sound = other.signals.sound.as_mut().unwrap();
        voiced.resize(sound.voiced.len(), 0.0);
        sound.voiced = voiced;
        other
    }
}
