//! The recordings: for every real clip one of each kind, drawn from a seed.

use crate::ffmpeg::Recipe;
use domain::session::FailureReason;
use extraction::quality::Fault;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Changes whenever other things are measured, so that old measurements are not read.
pub const SIGNALS: &str = "signals-2";

/// The clips and speakers that the thresholds were set on, and those that they were not.
#[derive(Clone, Copy, PartialEq)]
pub enum Half {
    Develop,
    HeldOut,
}

impl Half {
    pub const BOTH: [Self; 2] = [Self::Develop, Self::HeldOut];

    pub fn name(self) -> &'static str {
        if self == Self::Develop { "develop" } else { "held-out" }
    }

    /// Scenes that have nothing in common between the halves.
    fn clips(self) -> [&'static str; 2] {
        match self {
            Self::Develop => ["flower.mp4", "friday.mp4"],
            Self::HeldOut => ["rabbit320.mp4", "crystal.mp4"],
        }
    }

    /// Speakers that have nothing in common between the halves.
    pub fn speech(self) -> &'static [&'static str] {
        match self {
            Self::Develop => &["jfk.flac", "librispeech_1089-134686-0000.flac", "librispeech_1089-134691-0000.flac"],
            Self::HeldOut => &["librivox_0870.flac", "librivox_0890.flac", "goforward.flac", "librivox_0930.flac"],
        }
    }
}

/// What is known of what is said.
#[derive(Clone, Copy, PartialEq)]
pub enum Words {
    /// A voice may be heard, its words are not known.
    Unknown,
    /// Work is explained.
    Work,
    /// Idle talk.
    Chat,
}

/// One recording and what has to be found in it.
pub struct Recording {
    pub half: Half,
    pub kind: &'static str,
    pub recipe: Recipe,
    pub words: Words,
    pub task: bool,
    /// The fault, from and to in seconds.
    pub fault: Option<(Fault, f64, f64)>,
    /// How the session has to end; any of these, none for completed.
    pub ends: &'static [FailureReason],
}

const OCCLUDED: &[FailureReason] = &[FailureReason::CameraOccluded];
const DROPOUT: &[FailureReason] = &[FailureReason::AudioDropout];
const NOTHING: &[FailureReason] = &[FailureReason::NoProcedures];
const KEPT: &[FailureReason] = &[];

const ROOM: &str = "anoisesrc=c=pink:a=0.004:r=16000:seed=3[room]";
const SPEECH: &str = "[1:a]volume=1[said]";
const MIX: &str = "[said][room]amix=inputs=2:duration=first:normalize=0";

/// Every recording, in a fixed order.
pub fn all() -> Vec<Recording> {
    let mut all = Vec::new();
    for half in Half::BOTH {
        for clip in half.clips() {
            let number = all.len() / KINDS.len();
            for (i, kind) in KINDS.iter().enumerate() {
                // A kind added at the end leaves the others as they were.
                let mut draw = Draw(StdRng::seed_from_u64((1001 * i + clip.len() + 49 * number) as u64));
                all.push(draw.recording(half, clip, kind));
            }
        }
    }
    all
}

/// The kinds: with a fault all along or in part, then what must not be taken for one.
const KINDS: &[&str] = &[
    "lens cap",
    "lens cap, part",
    "hand",
    "hand, part",
    "cloth",
    "cloth, part",
    "no light",
    "no light, part",
    "frozen",
    "frozen, part",
    "frozen, low rate",
    "frozen, VP8",
    "mute",
    "mute, part",
    "dead microphone",
    "chopped sound",
    "chopped sound, part",
    "pocket",
    "pocket, part",
    "pocket, voices",
    "left on the desk",
    "left on the desk, drifting",
    "left on the desk, part",
    "22 s of chat",
    "22 s of nothing",
    "a minute of chat",
    "mute and covered",
    // From here on nothing is at fault.
    "plain, words unknown",
    "plain, work explained",
    "dark but visible",
    "dim and noisy",
    "still camera, hands",
    "still camera, slow hands",
    "quiet speaker",
    "hand for a moment",
    "off the work",
    "white wall",
    "coloured wall, part",
    "out of focus",
    "fog",
    "silent work",
    "drill",
    "music",
    "noise gate",
    "short, announced",
    "looped stream",
    "overexposed",
    "dropped seconds",
    "VP8, Opus",
    "still camera, constant rate",
    // Faults again.
    "frozen, constant rate",
    "picture ends",
    "no sound track",
];

struct Draw(StdRng);

impl Draw {
    fn between(&mut self, from: f64, to: f64) -> f64 {
        (self.0.random_range(from..to) * 100.0).round() / 100.0
    }

    /// A stretch of this share of the recording.
    fn part(&mut self, seconds: f64, from: f64, to: f64) -> (f64, f64) {
        let length = seconds * self.between(from, to);
        let start = self.between(0.05, 0.95) * (seconds - length);
        (start.round(), (start + length).round())
    }

    #[allow(clippy::too_many_lines, reason = "one table")]
    fn recording(&mut self, half: Half, clip: &str, kind: &'static str) -> Recording {
        let seconds = self.between(42.0, 85.0).round();
        let (s1, s2, s3) = (self.between(0.4, 0.9), self.between(1.2, 2.5), self.between(0.0, 6.0));
        let sway =
            format!("crop=320:180:x='40+28*sin(t*{s1}+{s3})+10*sin(t*{s2})':y='23+14*sin(t*{s2}*0.7)+8*sin(t*{s1}*2)'");
        let still = "crop=320:180,trim=end_frame=1,loop=loop=-1:size=1,setpts=N/10/TB";
        let spoken = format!("{SPEECH};{ROOM};{MIX}");
        let room = ROOM.replace("[room]", "");
        let (crf, gop) = (self.0.random_range(22..37), self.0.random_range(8..41));
        let encoding = format!(
            "-c:v libx264 -preset veryfast -crf {crf} -g {gop} -c:a aac -b:a {}k",
            if self.0.random_bool(0.5) { 32 } else { 64 }
        );
        let mut r = Recording {
            half,
            kind,
            recipe: Recipe {
                clip: clip.into(),
                seconds,
                picture: sway.clone(),
                sound: spoken.clone(),
                encoding,
                extension: "mp4",
                copy: false,
            },
            words: Words::Unknown,
            task: false,
            fault: None,
            ends: KEPT,
        };
        let is_part = kind.ends_with(", part");
        let (from, to) = if is_part { self.part(seconds, 0.25, 0.5) } else { (0.0, seconds) };
        // Not always from the first to the last second.
        let (from, to) = if is_part || self.0.random_bool(0.5) { (from, to) } else { self.part(seconds, 0.8, 0.95) };
        let during = format!("enable='between(t,{from},{to})'");
        let blind = if is_part { KEPT } else { OCCLUDED };
        if is_part && self.0.random_bool(0.5) {
            r.words = Words::Work;
        }
        let (a, b, c, d) =
            (self.between(0.0, 1.0), self.between(0.0, 1.0), self.between(0.0, 1.0), self.between(0.0, 1.0));
        let noise = |strength: f64| format!("noise=alls={strength:.0}:allf=t:{during}");
        let always = |strength: f64| format!("noise=alls={strength:.0}:allf=t");
        let picture = &mut r.recipe.picture;
        match kind.trim_end_matches(", part") {
            "lens cap" => {
                *picture = format!("{sway},lutyuv=y=16+{:.0}:u=128:v=128:{during},{}", 4.0 * a, noise(8.0 * b));
                (r.fault, r.ends) = (Some((Fault::CameraDark, from, to)), blind);
            }
            "hand" => {
                // Skin close to the lens: what light comes past it makes a slope, its colour is between brown and red.
                let (y, k, u, v) = (30.0 + 90.0 * a, 0.1 + 0.3 * b, 122.0 - 16.0 * c, 140.0 + 28.0 * d);
                *picture = format!(
                    "{sway},gblur=sigma={:.0}:{during},lutyuv=y='{y:.0}+val*{k:.2}':u={u:.0}:v={v:.0}:{during},\
                     vignette=angle=PI/{:.1}:{during},{}",
                    28.0 + 30.0 * c,
                    3.0 + 4.0 * a,
                    noise(6.0 * b)
                );
                (r.fault, r.ends) = (Some((Fault::CameraCovered, from, to)), blind);
            }
            "cloth" => {
                *picture = format!(
                    "{sway},lutyuv=y={:.0}:u={:.0}:v={:.0}:{during},noise=alls=40:allf=t:{during},gblur=sigma={:.1}:{during}",
                    32.0 + 40.0 * a,
                    120.0 + 16.0 * b,
                    120.0 + 16.0 * c,
                    1.5 + 2.0 * d
                );
                (r.fault, r.ends) = (Some((Fault::CameraCovered, from, to)), blind);
            }
            "no light" => {
                *picture = format!(
                    "{sway},lutyuv=y='16+(val-16)*{:.3}':u='128+(val-128)*0.1':v='128+(val-128)*0.1':{during},{}",
                    0.01 + 0.025 * a,
                    noise(3.0 + 6.0 * b)
                );
                (r.fault, r.ends) = (Some((Fault::CameraDark, from, to)), blind);
            }
            "frozen" | "frozen, low rate" | "frozen, VP8" | "frozen, constant rate" => {
                let (from, to) =
                    if is_part { (from.max(1.0), to) } else { (self.between(1.0, 0.15 * seconds).round(), seconds) };
                *picture = format!(
                    "{sway},{},split[x][y];[x]trim=end={from},tpad=stop_mode=clone:stop_duration={}[x2];\
                     [y]trim=start={to},setpts=PTS-STARTPTS[y2];[x2][y2]concat",
                    always(4.0 * a),
                    to - from
                );
                (r.fault, r.ends) = (Some((Fault::PictureFrozen, from, to)), blind);
                match kind {
                    "frozen, low rate" => {
                        r.recipe.encoding = format!(
                            "-c:v libx264 -preset veryfast -b:v 60k -maxrate 80k -bufsize 80k -g {gop} -c:a aac"
                        )
                    }
                    "frozen, VP8" => vp8(&mut r.recipe, gop),
                    "frozen, constant rate" => r.recipe.encoding = constant_rate(gop),
                    _ => {}
                }
            }
            "mute" | "dead microphone" | "chopped sound" => {
                r.words = Words::Unknown;
                let (period, share) = (0.6 + 2.0 * a, 0.75 + 0.15 * b);
                r.recipe.sound = match kind {
                    "dead microphone" => format!(
                        "{spoken},volume=0:{during}[x];anoisesrc=c=white:a={:.6}:r=16000[n];[x][n]amix=inputs=2:duration=first:normalize=0",
                        0.00005 + 0.00005 * a
                    ),
                    "chopped sound" | "chopped sound, part" => format!(
                        "{spoken},volume=0:enable='between(t,{from},{to})*lt(mod(t,{period:.2}),{:.2})'",
                        period * share
                    ),
                    _ => format!("{spoken},volume=0:{during}"),
                };
                (r.fault, r.ends) = (Some((Fault::SoundMissing, from, to)), if is_part { KEPT } else { DROPOUT });
            }
            "pocket" | "pocket, voices" => {
                let rub = format!(
                    "anoisesrc=c=brown:a={:.2}:r=16000:seed=5,lowpass=f={:.0},tremolo=f={:.2}:d=0.8[rub]",
                    0.1 + 0.4 * a,
                    250.0 + 250.0 * b,
                    0.5 + 1.5 * c
                );
                let voices = if kind == "pocket, voices" { 0.5 } else { 0.15 };
                *picture = format!(
                    "{sway},lutyuv=y='{:.0}+val*0.01':u=128:v=128:{during},{}",
                    17.0 + 8.0 * d,
                    noise(2.0 + 6.0 * b)
                );
                r.recipe.sound = format!(
                    "[1:a]lowpass=f=450:{during},lowpass=f=450:{during},volume={voices}:{during}[said];{rub};[rub]volume=0.003:enable='not(between(t,{from},{to}))'[room];{MIX}"
                );
                (r.fault, r.ends) = (Some((Fault::InPocket, from, to)), blind);
            }
            "left on the desk" | "left on the desk, drifting" => {
                let drift = if kind.ends_with("drifting") { "eq=brightness='0.04*sin(t/7)':eval=frame," } else { "" };
                *picture = format!("{still},{drift}{}", always(2.0 + 6.0 * a));
                r.recipe.sound = room.clone();
                r.fault = Some((Fault::NothingHappens, 0.0, seconds));
                r.ends = NOTHING;
                if is_part {
                    let (from, to) = (25.0, 75.0 + 10.0 * b);
                    r.recipe.seconds = 115.0;
                    r.recipe.sound = format!(
                        "{SPEECH};[said]volume=0:enable='between(t,{from},{to})'[cut];{ROOM};[cut][room]amix=inputs=2:duration=first:normalize=0"
                    );
                    *picture = format!(
                        "{sway},split[x][y];[x]trim=end={from},tpad=stop_mode=clone:stop_duration={}[x2];[y]trim=start={to},setpts=PTS-STARTPTS[y2];[x2][y2]concat,{}",
                        to - from,
                        always(2.0 + 6.0 * a)
                    );
                    (r.fault, r.ends, r.words) = (Some((Fault::NothingHappens, from, to)), KEPT, Words::Unknown);
                }
            }
            "22 s of chat" => (r.recipe.seconds, r.words, r.ends) = (22.0, Words::Chat, NOTHING),
            "22 s of nothing" => {
                (r.recipe.seconds, r.ends) = (22.0, NOTHING);
                r.recipe.sound.clone_from(&room);
            }
            "a minute of chat" => (r.words, r.ends) = (Words::Chat, NOTHING),
            "mute and covered" => {
                *picture = format!("{sway},lutyuv=y=16:u=128:v=128,{}", noise(3.0 * b));
                r.recipe.sound = "anullsrc=r=16000:cl=mono".into();
                (r.fault, r.ends) = (
                    Some((Fault::CameraDark, 0.0, seconds)),
                    &[FailureReason::CameraOccluded, FailureReason::AudioDropout],
                );
            }
            "plain, work explained" => r.words = Words::Work,
            "dark but visible" => *picture = format!("{sway},lutyuv=y='16+(val-16)*{:.2}'", 0.12 + 0.2 * a),
            "dim and noisy" => {
                *picture = format!("{sway},lutyuv=y='16+(val-16)*{:.2}',{}", 0.15 + 0.2 * a, always(6.0 + 12.0 * b))
            }
            "still camera, hands" | "still camera, slow hands" => {
                let pace = if kind.ends_with("slow hands") { 0.15 + 0.2 * a } else { 0.6 + a };
                *picture = format!(
                    "crop=320:180,split[h][w];[h]crop=90:70,hue=h=40,eq=brightness=0.15[hand];\
                     [w]trim=end_frame=1,loop=loop=-1:size=1,setpts=N/10/TB,{}[desk];\
                     [desk][hand]overlay=x='115+45*sin(t*{pace:.2})':y='95+12*cos(t*{pace:.2}*1.3)':shortest=1",
                    always(3.0 * b)
                );
            }
            "quiet speaker" => {
                r.recipe.sound =
                    format!("[1:a]volume=-{:.0}dB[said];anoisesrc=c=pink:a=0.001:r=16000[room];{MIX}", 14.0 + 10.0 * a)
            }
            "hand for a moment" => {
                let at = (0.2 + 0.6 * a) * seconds;
                *picture =
                    format!("{sway},lutyuv=y=50:u=115:v=150:enable='between(t,{at:.1},{:.1})'", at + 1.5 + 2.0 * b);
            }
            "off the work" => {
                r.words = Words::Work;
                *picture = format!(
                    "{sway},gblur=sigma=3,lutyuv=y='{:.0}+val*0.35':u='118+val*0.08':v='118+val*0.08'",
                    60.0 + 60.0 * a
                );
            }
            "white wall" | "coloured wall" => {
                let (y, u, v) = if is_part {
                    (110.0 + 50.0 * a, 120.0 + 20.0 * b, 116.0 + 20.0 * c)
                } else {
                    (165.0 + 50.0 * a, 126.0 + 4.0 * b, 126.0 + 4.0 * c)
                };
                *picture = format!(
                    "{sway},gblur=sigma=25:{during},lutyuv=y='{:.0}+val*0.08':u={u:.0}:v={v:.0}:{during},{}",
                    y - 10.0,
                    noise(2.0 + 3.0 * d)
                );
                r.words = Words::Work;
            }
            "out of focus" => *picture = format!("{sway},gblur=sigma={:.1}", 3.0 + 4.0 * a),
            "fog" => {
                *picture = format!(
                    "{sway},gblur=sigma=1.5,lutyuv=y='{:.0}+val*{:.2}',{}",
                    90.0 + 50.0 * a,
                    0.25 + 0.15 * b,
                    always(2.0)
                )
            }
            "silent work" => {
                r.task = true;
                r.recipe.sound.clone_from(&room);
            }
            "drill" => {
                r.recipe.sound = format!(
                    "{SPEECH};aevalsrc='0.25*(mod(t*{:.0},1)-0.5)*gt(mod(t,9),4)':s=16000,highpass=f=150[drill];[drill][said]amix=inputs=2:duration=shortest:normalize=0[x];{ROOM};[x][room]amix=inputs=2:duration=first:normalize=0",
                    90.0 + 100.0 * a
                )
            }
            "music" => {
                r.words = Words::Work;
                r.recipe.sound = format!(
                    "{SPEECH};aevalsrc='0.1*sin(2*PI*t*(220+55*floor(mod(t*2,5))))+0.08*sin(2*PI*t*(330+110*floor(mod(t,3))))':s=16000[room];{MIX}"
                );
            }
            "noise gate" => {
                r.recipe.sound =
                    format!("{spoken},agate=threshold=0.015:range=0:attack=5:release={:.0}", 100.0 + 200.0 * a)
            }
            "short, announced" => (r.recipe.seconds, r.words) = (22.0 + (8.0 * a).round(), Words::Work),
            "looped stream" => r.recipe.copy = true,
            "overexposed" => {
                *picture = format!("{sway},lutyuv=y='min(val*{:.2}+{:.0},235)'", 1.2 + 0.5 * a, 40.0 + 50.0 * b)
            }
            "dropped seconds" => {
                let at = (0.2 + 0.6 * a) * seconds;
                r.recipe.sound = format!("{spoken},volume=0:enable='between(t,{at:.1},{:.1})'", at + 1.0 + b);
            }
            "VP8, Opus" => vp8(&mut r.recipe, gop),
            "still camera, constant rate" => {
                // Work is told, or nothing would be left to show.
                r.words = Words::Work;
                *picture = format!("{still},{}", always(2.0 + 6.0 * a));
                r.recipe.encoding = constant_rate(gop);
            }
            "picture ends" => {
                let from = (seconds * (0.5 + 0.25 * a)).round();
                *picture = format!("{sway},trim=end={from}");
                r.fault = Some((Fault::PictureMissing, from, seconds));
            }
            "no sound track" => {
                r.task = true;
                r.recipe.sound = String::new();
                r.fault = Some((Fault::SoundMissing, 0.0, seconds));
            }
            _ => {}
        }
        r
    }
}

/// As many bits for a picture that stands still as for any other, filled up with nothing.
fn constant_rate(gop: u32) -> String {
    format!(
        "-c:v libx264 -preset veryfast -b:v 500k -minrate 500k -maxrate 500k -bufsize 500k -x264-params nal-hrd=cbr -g {gop} -c:a aac"
    )
}

fn vp8(recipe: &mut Recipe, gop: u32) {
    recipe.encoding = format!("-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -g {gop} -c:a libopus");
    recipe.extension = "webm";
}
