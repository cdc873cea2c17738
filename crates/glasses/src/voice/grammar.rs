//! What a recogniser may hear, as files that PocketSphinx reads.

use super::Phrase;
use crate::GlassesError;
use std::{ffi::OsString, fmt::Write, path::Path};

/// The phones of PocketSphinx's English model.
const PHONES: &str =
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH";

/// A JSGF grammar, and the words in it where they are not in PocketSphinx's own dictionary.
pub struct Grammar {
    name: &'static str,
    rule: String,
    dictionary: Option<String>,
    beams: &'static [&'static str],
}

impl Grammar {
    /// One of the phrases, once.
    pub fn phrases(phrases: &[Phrase]) -> Self {
        let phrases: Vec<&str> = phrases.iter().map(|phrase| phrase.words).collect();
        // Wide: a phrase that fits badly in noise is still to be told from the others.
        let beams = &["-beam", "1e-100", "-pbeam", "1e-100", "-wbeam", "1e-80"];
        Self { name: "phrases", rule: format!("({})", phrases.join(" | ")), dictionary: None, beams }
    }

    /// Any phones in any order.
    pub fn phones() -> Self {
        let (mut names, mut dictionary) = (Vec::new(), String::new());
        for phone in PHONES.split(' ') {
            let name = format!("phone_{}", phone.to_lowercase());
            let _ = writeln!(dictionary, "{name} {phone}");
            names.push(name);
        }
        let rule = format!("({})+", names.join(" | "));
        Self { name: "phones", rule, dictionary: Some(dictionary), beams: &["-bestpath", "no"] }
    }

    /// Writes the files; the arguments that name them.
    pub fn write(&self, folder: &Path) -> Result<Vec<OsString>, GlassesError> {
        let save = |ending: &str, text: String| {
            let path = folder.join(format!("{}.{ending}", self.name));
            std::fs::write(&path, text).map_err(|cause| GlassesError::disk(&path, cause)).map(|()| path.into())
        };
        let grammar = format!("#JSGF V1.0;\ngrammar heard;\npublic <heard> = {};\n", self.rule);
        // All orders of phones are as likely as each other, and all phrases.
        let mut arguments: Vec<OsString> = vec!["-lw".into(), "1".into(), "-jsgf".into(), save("gram", grammar)?];
        if let Some(dictionary) = &self.dictionary {
            arguments.extend(["-dict".into(), save("dict", dictionary.clone())?]);
        }
        arguments.extend(self.beams.iter().map(OsString::from));
        Ok(arguments)
    }
}
