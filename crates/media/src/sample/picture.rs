//! Moving pictures for a sample: a workpiece of its own colours for each scene, seen by a head that sways.

use super::Line;
use crate::{Tools, playable::common};
use std::fmt::Write;

/// Background and workpiece of one scene after the other: two colours for the wall, one for the piece, one for the tool.
const PALETTES: [[&str; 4]; 6] = [
    ["0x16324f", "0x3f6f95", "0xd8dee4", "0xf2b134"],
    ["0x4a2c2a", "0x9a6a4f", "0xf2efe9", "0x2f6f9f"],
    ["0x1f3d36", "0x4f8f7a", "0x2b2b2b", "0xdb5a42"],
    ["0x2d2a45", "0x6a5f9a", "0xb8b8c8", "0xffd166"],
    ["0x3b3b24", "0x8f8a4a", "0xc9a227", "0x3066be"],
    ["0x20343f", "0x6f9aa8", "0xffffff", "0x4caf50"],
];

/// What is shown from where on, for how long (seconds).
#[derive(Debug, PartialEq)]
pub(super) struct Scene {
    name: &'static str,
    seconds: f64,
}

/// The scenes of a script, from 0 to `seconds` without a gap.
pub(super) fn scenes(script: &[Line], seconds: f64) -> Vec<Scene> {
    let mut starts: Vec<(f64, &'static str)> = Vec::new();
    for (start, _, name) in script {
        if starts.last().is_none_or(|last| last.1 != *name) {
            starts.push((if starts.is_empty() { 0.0 } else { start - 1.0 }, name));
        }
    }
    let ends = starts.iter().skip(1).map(|s| s.0).chain([seconds]);
    starts.iter().zip(ends).map(|((start, name), end)| Scene { name, seconds: (end - start).max(0.1) }).collect()
}

/// Whether this ffmpeg can write with the system's default font.
pub(super) async fn can_write(tools: &Tools) -> bool {
    let mut args = common();
    args.extend(["-f", "lavfi", "-i", "color=s=64x64:d=0.1", "-vf", "drawtext=font=Sans:text=A"].map(Into::into));
    args.extend(["-frames:v", "1", "-f", "null", "-"].map(Into::into));
    tools.run("trying a font", &tools.ffmpeg, args).await.is_ok()
}

/// The filter graph that draws all scenes into `[picture]`; with their names when it `writes`.
pub(super) fn graph(scenes: &[Scene], writes: bool) -> String {
    let mut graph = String::new();
    for (i, scene) in scenes.iter().enumerate() {
        let [dark, light, piece, tool] = PALETTES[i % PALETTES.len()];
        let seconds = scene.seconds;
        // The wall and the piece are drawn once and looped; only the crop (the head) and the tool move. A corner outside
        // the picture would be put anywhere by chance.
        let (x, y, w, h) = (300 + 60 * (i % 3), 110 + 30 * (i % 2), 520 + 40 * (i % 4), 460);
        let _ = write!(
            graph,
            "gradients=s=1408x792:r=15:n=2:c0={dark}:c1={light}:x0=0:y0=0:x1=1407:y1=791:d=1,trim=end_frame=1,format=yuv420p,\
             drawbox=x={x}:y={y}:w={w}:h={h}:c={piece}:t=fill,\
             drawbox=x={x}:y={y}:w={w}:h={h}:c=black@0.55:t=6,"
        );
        for row in 0..=i % 4 {
            let (bx, by, bw) = (x + 40, y + 50 + row * 100, w / (2 + row % 3));
            let _ = write!(graph, "drawbox=x={bx}:y={by}:w={bw}:h=56:c={dark}@0.8:t=fill,");
            let _ = write!(graph, "drawbox=x={}:y={}:w=24:h=24:c={tool}:t=fill,", bx + bw + 20, by + 16);
        }
        let _ = write!(
            graph,
            "loop=loop=-1:size=1,setpts=N/15/TB,trim=duration={seconds:.3},\
             crop=1280:720:x='64+40*sin(t*0.7)+14*sin(t*2.3)':y='36+20*sin(t*0.9)+9*sin(t*3.1)'[wall{i}];\
             color=c={tool}:s=120x340:r=15:d={seconds:.3},drawbox=x=0:y=90:w=120:h=250:c=0xc68e6a:t=fill[tool{i}];\
             [wall{i}][tool{i}]overlay=x='760+220*sin(t*0.8+{i})':y='420+70*sin(t*1.7)':shortest=1",
        );
        if writes {
            let name = scene.name.replace(['\\', '\'', ':', '%', ',', ';', '[', ']'], " ");
            let _ = write!(
                graph,
                ",drawtext=font=Sans:text='{name}':fontsize=44:fontcolor=white:x=56:y=h-96:box=1:boxcolor=black@0.5:boxborderw=18"
            );
        }
        let _ = write!(graph, ",format=yuv420p,setsar=1[scene{i}];");
    }
    for i in 0..scenes.len() {
        let _ = write!(graph, "[scene{i}]");
    }
    let _ = write!(graph, "concat=n={}:v=1:a=0[picture]", scenes.len());
    graph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_cover_the_whole_recording() {
        let script = [(2.0, "One.", "a"), (5.0, "Two.", "a"), (11.0, "Three.", "b")];
        let expected = [Scene { name: "a", seconds: 10.0 }, Scene { name: "b", seconds: 10.0 }];
        assert_eq!(scenes(&script, 20.0), expected);
    }
}
