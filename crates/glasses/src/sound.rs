//! The microphone's sound as it comes: how loud it is, and a copy for whoever listens to it.

use crate::source::Source;
use crate::{delivery::Shared, news::News};
use media::Companion;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::mpsc,
};

/// Samples a second.
pub const RATE: usize = 16_000;
/// Quieter than this is a microphone that is off or covered, in decibels below full scale.
pub const SILENCE_DB: f32 = -65.0;

/// Loudness of samples in decibels below full scale, at least -100.
pub fn level_db(samples: &[i16]) -> f32 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    (10.0 * (power / 32768.0_f64.powi(2)).log10()).max(-100.0) as f32
}

/// Reads sound until it ends; never keeps the recorder waiting. `listener` is given what it has room for.
pub async fn drain(mut sound: impl AsyncRead + Unpin, listener: Option<mpsc::Sender<Vec<u8>>>, shared: Shared) {
    let mut second = Vec::with_capacity(RATE);
    let mut bytes = vec![0; 4096];
    let mut odd = 0;
    while let Ok(read @ 1..) = sound.read(&mut bytes[odd..]).await {
        let filled = odd + read;
        odd = filled % 2;
        let whole = &bytes[..filled - odd];
        if let Some(listener) = &listener {
            let _ = listener.try_send(whole.to_vec());
        }
        second.extend(whole.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])));
        if second.len() >= RATE {
            shared.tell(News::Level { db: level_db(&second) });
            second.clear();
        }
        bytes[0] = bytes[filled - 1];
    }
}

/// The microphone while nothing is recorded, so that commands are heard.
pub struct Ears(Option<Companion>);

impl Ears {
    /// Opens it where somebody listens; without a microphone nothing is heard.
    pub async fn open(source: &Source, listener: Option<&mpsc::Sender<Vec<u8>>>, shared: &Shared) -> Self {
        let Some(listener) = listener else { return Self(None) };
        let mut child = source.listen().await;
        if let Some(sound) = child.as_mut().and_then(|child| child.stdout.take()) {
            tokio::spawn(drain(sound, Some(listener.clone()), shared.clone()));
        }
        Self(child)
    }

    /// Gives the microphone free.
    pub async fn close(self) {
        if let Some(child) = self.0 {
            child.interrupt();
            // Killed when it does not end.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), child.end()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness() {
        assert_eq!(level_db(&[0; 100]), -100.0);
        assert_eq!(level_db(&[]), -100.0);
        assert!(level_db(&[i16::MIN; 100]).abs() < 0.01);
        assert!((level_db(&[328; 100]) + 40.0).abs() < 0.1);
    }
}
