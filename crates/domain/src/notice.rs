//! Notices: what an organisation says about being recorded. One is shown and spoken whenever recording begins; the other asks
//! the wearer for consent.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The longest text, in characters: about a minute when it is spoken.
pub const LONGEST: usize = 1000;

/// Which of the texts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoticeKind {
    /// Shown and spoken when recording begins, to everybody who is there.
    Recording,
    /// Accepted by the wearer before the first session, and after every change.
    Consent,
}

/// A text as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Notice {
    pub kind: NoticeKind,
    /// Counts up with every change, from 1.
    pub version: u32,
    /// Plain text; empty where there is none.
    pub text: String,
    /// From when on.
    pub since: Timestamp,
}

impl NoticeKind {
    /// A text to begin with, in the language of an organisation (BCP 47). None is in force before an administrator has saved it.
    pub fn suggestion(self, language: &str) -> &'static str {
        match (self, language.split('-').next().unwrap_or_default().to_lowercase().as_str()) {
            (Self::Recording, "de") => {
                "Achtung: Ab jetzt werden Bild und Ton aufgezeichnet, zu Schulungszwecken. Sagen Sie es, wenn Sie das nicht möchten."
            }
            (Self::Recording, _) => {
                "Please note: picture and sound are recorded from now on, for training. Say so if you do not want this."
            }
            (Self::Consent, "de") => {
                "Dieses Gerät zeichnet auf, was ich während einer Schulungssitzung sehe, höre und sage. Meine Organisation wertet die \
                 Aufzeichnung aus und bewahrt sie so lange auf, wie sie es festgelegt hat. Ich kann jederzeit anhalten, beenden und die \
                 letzte Minute löschen. Ich weise Anwesende auf die Aufzeichnung hin. Damit bin ich einverstanden."
            }
            (Self::Consent, _) => {
                "This device records what I see, hear and say during a training session. My organisation evaluates the recording and keeps \
                 it for as long as it has set. I can pause, stop and delete the last minute at any time. I tell people who are present \
                 that I record. I agree to this."
            }
        }
    }

    /// What it is called on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Recording => "Recording notice",
            Self::Consent => "Consent of the wearer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_is_in_the_language_of_the_organisation() {
        for kind in NoticeKind::VARIANTS {
            assert_ne!(kind.suggestion("de-AT"), kind.suggestion("en"));
            assert_eq!(kind.suggestion("fr"), kind.suggestion("en-GB"));
            assert!(kind.suggestion("de").chars().count() <= LONGEST && kind.suggestion("").chars().count() <= LONGEST);
        }
    }
}
