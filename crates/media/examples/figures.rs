//! What each operation costs on a given recording: `cargo run --release -p media --example figures -- recording.mp4`.

use domain::Span;
use media::*;
use std::{path::PathBuf, time::Instant};

#[tokio::main]
async fn main() -> Result<(), MediaError> {
    let src = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default());
    let tools = Tools::find(None, None)?;
    let folder = std::env::temp_dir().join(format!("figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|source| MediaError::Io { doing: "making a folder".into(), source })?;
    let mut last = (Instant::now(), 0.0);
    let mut tell = |what: &str| {
        let cpu = tools.usage().cpu_seconds;
        println!("{what:<40} {:6.2} s wall {:6.2} s CPU", last.0.elapsed().as_secs_f64(), cpu - last.1);
        last = (Instant::now(), cpu);
    };
    let probed = probe(&tools, &src).await?;
    tell("probe");
    println!("{:#?} {:?} {} keyframes", probed.info, probed.playable, probed.keyframes.len());
    let playable = folder.join("playable");
    make_playable(&tools, &src, &probed, &playable, |_| {}).await?;
    tell("make playable");
    let n = keyframes(&tools, &playable, &probed, 4.0, |_, _| {}).await?;
    tell(&format!("keyframes every 4 s: {n}"));
    let n = sound_16k_mono(&tools, &playable, |_| {}).await.unwrap_or(0);
    tell(&format!("sound: {n} samples"));
    for i in 0..12 {
        let start = probed.info.duration_seconds * f64::from(i) / 12.0;
        let clip = folder.join(format!("{i}.{}", probed.playable_extension()));
        cut(&tools, &playable, &probed, Span::new(start, start + probed.info.duration_seconds / 12.0), &clip).await?;
    }
    tell("12 clips");
    for i in 0..12 {
        let at = probed.info.duration_seconds * f64::from(i) / 12.0;
        thumbnail(&tools, &playable, at, 480, &folder.join(format!("{i}.jpg"))).await?;
    }
    tell("12 thumbnails");
    println!("{:?}", tools.usage());
    drop(std::fs::remove_dir_all(folder));
    Ok(())
}
