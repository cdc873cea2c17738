//! Makes the sample recording: `cargo run -p media --example sample -- boiler.mp4`.

#[tokio::main]
async fn main() -> Result<(), media::MediaError> {
    let dst = std::path::PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "boiler.mp4".into()));
    media::sample::boiler_service(&media::Tools::find(None, None)?, &dst).await
}
