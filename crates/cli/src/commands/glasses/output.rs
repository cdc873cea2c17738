//! What happens on the device, printed.

use glasses::{news::News, speak::Speaker};
use std::io::Write;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinHandle,
};

/// Prints, and speaks unless it is mute.
pub struct Output {
    sender: UnboundedSender<News>,
    printer: JoinHandle<()>,
}

impl Output {
    pub fn start(json: bool, mute: bool) -> Self {
        let (sender, mut news) = unbounded_channel();
        let speaker = (!mute).then(|| Speaker::start("espeak-ng".into()));
        let printer = tokio::spawn(async move {
            while let Some(news) = news.recv().await {
                print(&news, json);
                if let (Some(speaker), Some(sentence)) = (&speaker, news.spoken()) {
                    speaker.say(sentence, news.language());
                }
            }
        });
        Self { sender, printer }
    }

    pub fn sender(&self) -> UnboundedSender<News> {
        self.sender.clone()
    }

    /// Waits until everything is printed; all other senders must be gone.
    pub async fn finish(self) {
        drop(self.sender);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), self.printer).await;
    }
}

fn print(news: &News, json: bool) {
    let line = if json { serde_json::to_string(news).ok() } else { news.line() };
    // Whoever read it may be gone; the recording goes on.
    let _ = line.map(|line| writeln!(std::io::stdout(), "{line}"));
}
