//! How a word is said, in the phones of the CMU dictionary: looked up, else put together from words that are in it, else
//! by the rules of English spelling. A wrong guess costs only that the word is not recognised.

use std::collections::HashMap;

/// A pronunciation dictionary that can guess.
pub struct Pronunciations<'a> {
    entries: HashMap<&'a str, Vec<&'a str>>,
}

/// Beginnings of technical words.
const PREFIXES: [(&str, &str); 16] = [
    ("re", "R IY"),
    ("de", "D IY"),
    ("un", "AH N"),
    ("non", "N AA N"),
    ("pre", "P R IY"),
    ("sub", "S AH B"),
    ("anti", "AE N T IY"),
    ("mini", "M IH N IY"),
    ("multi", "M AH L T IY"),
    ("micro", "M AY K R OW"),
    ("thermo", "TH ER M OW"),
    ("hydro", "HH AY D R OW"),
    ("electro", "IH L EH K T R OW"),
    ("inter", "IH N T ER"),
    ("auto", "AO T OW"),
    ("photo", "F OW T OW"),
];

/// Spellings and their sounds; the longest that fits goes first.
const RULES: [(&str, &str); 72] = [
    ("tion", "SH AH N"),
    ("sion", "ZH AH N"),
    ("ture", "CH ER"),
    ("eigh", "EY"),
    ("ough", "AO"),
    ("augh", "AO"),
    ("igh", "AY"),
    ("tch", "CH"),
    ("dge", "JH"),
    ("sch", "S K"),
    ("air", "EH R"),
    ("ear", "IH R"),
    ("eer", "IH R"),
    ("oor", "AO R"),
    ("our", "AW R"),
    ("ire", "AY R"),
    ("ure", "Y UH R"),
    ("ore", "AO R"),
    ("are", "EH R"),
    ("ch", "CH"),
    ("sh", "SH"),
    ("th", "TH"),
    ("ph", "F"),
    ("wh", "W"),
    ("ck", "K"),
    ("ng", "NG"),
    ("qu", "K W"),
    ("gh", "G"),
    ("ee", "IY"),
    ("ea", "IY"),
    ("oo", "UW"),
    ("ou", "AW"),
    ("ow", "OW"),
    ("oa", "OW"),
    ("oi", "OY"),
    ("oy", "OY"),
    ("ai", "EY"),
    ("ay", "EY"),
    ("au", "AO"),
    ("aw", "AO"),
    ("ew", "UW"),
    ("ie", "IY"),
    ("ei", "EY"),
    ("ue", "UW"),
    ("ar", "AA R"),
    ("er", "ER"),
    ("ir", "ER"),
    ("ur", "ER"),
    ("or", "AO R"),
    ("a", "AE"),
    ("b", "B"),
    ("d", "D"),
    ("e", "EH"),
    ("f", "F"),
    ("h", "HH"),
    ("i", "IH"),
    ("j", "JH"),
    ("k", "K"),
    ("l", "L"),
    ("m", "M"),
    ("n", "N"),
    ("o", "AA"),
    ("p", "P"),
    ("r", "R"),
    ("s", "S"),
    ("t", "T"),
    ("u", "AH"),
    ("v", "V"),
    ("w", "W"),
    ("x", "K S"),
    ("y", "IY"),
    ("z", "Z"),
];

impl<'a> Pronunciations<'a> {
    /// `dictionary`: a word and its phones on each line; `word(2)` is another way to say it.
    pub fn of(dictionary: &'a str) -> Self {
        let mut entries: HashMap<&str, Vec<&str>> = HashMap::with_capacity(140_000);
        for (word, phones) in dictionary.lines().filter_map(|line| line.split_once(' ')) {
            entries.entry(word.split_once('(').map_or(word, |(word, _)| word)).or_default().push(phones.trim());
        }
        Self { entries }
    }

    /// Whether the dictionary itself has the word.
    pub fn knows(&self, word: &str) -> bool {
        self.entries.contains_key(word)
    }

    /// The ways to say `word` (lower case), the usual one first; none for what is not spelt with a to z.
    pub fn of_word(&self, word: &str) -> Vec<String> {
        if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\'') || word.is_empty() {
            return Vec::new();
        }
        if let Some(known) = self.built(word) {
            return known;
        }
        if !word.contains(['a', 'e', 'i', 'o', 'u', 'y']) {
            // An abbreviation: letter by letter.
            let letters = (0..word.len()).map(|i| self.entries.get(&word[i..=i]).and_then(|ways| ways.first()));
            return letters.collect::<Option<Vec<_>>>().map(|l| vec![join(&l)]).unwrap_or_default();
        }
        let mut ways: Vec<String> = self.compound(word).into_iter().collect();
        ways.push(spelt(word));
        ways.dedup();
        ways
    }

    /// In the dictionary, in another spelling, or a known word with an ending or a beginning.
    fn built(&self, word: &str) -> Option<Vec<String>> {
        if let Some(ways) = self.entries.get(word) {
            return Some(ways.iter().map(|way| (*way).to_owned()).collect());
        }
        for (british, american) in [("ise", "ize"), ("isi", "izi"), ("isa", "iza"), ("our", "or"), ("lling", "ling")] {
            if word.contains(british)
                && let Some(ways) = self.entries.get(word.replacen(british, american, 1).as_str())
            {
                return Some(ways.iter().map(|way| (*way).to_owned()).collect());
            }
        }
        for (ending, sound) in [("ing", "IH NG"), ("er", "ER"), ("ers", "ER Z"), ("ed", "D"), ("s", "Z"), ("'s", "Z")] {
            let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 3) else { continue };
            let mute = format!("{stem}e");
            let way = self.entries.get(stem).or_else(|| self.entries.get(mute.as_str())).and_then(|ways| ways.first());
            if let Some(way) = way {
                return Some(vec![format!("{way} {}", ending_after(way, sound))]);
            }
        }
        for (beginning, sound) in PREFIXES {
            let Some(rest) = word.strip_prefix(beginning).filter(|rest| rest.len() >= 3) else { continue };
            if let Some(ways) = self.built(rest) {
                return Some(vec![format!("{sound} {}", ways[0])]);
            }
        }
        None
    }

    /// Two known words written as one; the split that is nearest to the middle.
    fn compound(&self, word: &str) -> Option<String> {
        let mut splits: Vec<usize> = (3..word.len().saturating_sub(2)).collect();
        splits.sort_by_key(|&at| (2 * at).abs_diff(word.len()));
        splits.into_iter().find_map(|at| {
            let (left, right) = (self.entries.get(&word[..at])?, self.entries.get(&word[at..])?);
            Some(join(&[left.first()?, right.first()?]))
        })
    }
}

/// `s` and `ed` sound as what they follow.
fn ending_after<'s>(stem: &str, sound: &'s str) -> &'s str {
    let last = stem.rsplit(' ').next().unwrap_or_default();
    match (sound, last) {
        ("Z", "S" | "Z" | "SH" | "CH" | "JH" | "ZH") => "IH Z",
        ("Z", "P" | "T" | "K" | "F" | "TH") => "S",
        ("D", "T" | "D") => "IH D",
        ("D", "P" | "K" | "F" | "S" | "SH" | "CH" | "TH") => "T",
        _ => sound,
    }
}

fn spelt(word: &str) -> String {
    let word = word.replace('\'', "");
    let is_vowel = |byte: Option<&u8>| byte.is_some_and(|b| b"aeiouy".contains(b));
    let bytes = word.as_bytes();
    let mut phones: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &word[at..];
        let soft = rest.as_bytes().get(1).is_some_and(|b| b"eiy".contains(b));
        let is_last = at + 1 == bytes.len();
        // A vowel, one consonant and a final e: the vowel says its name.
        let is_long = is_vowel(bytes.get(at)) && !is_vowel(bytes.get(at + 1)) && rest.len() == 3 && rest.ends_with('e');
        let (length, sound) = match bytes[at] {
            b'e' if is_last && at > 1 => (1, ""),
            // After a consonant, a final -le is a syllable.
            b'l' if rest == "le" && at > 0 && !is_vowel(bytes.get(at - 1)) => (2, "AH L"),
            b'k' if at == 0 && rest.starts_with("kn") => (2, "N"),
            b'w' if at == 0 && rest.starts_with("wr") => (2, "R"),
            b'y' if at == 0 => (1, "Y"),
            b'a' if is_long => (1, "EY"),
            b'e' if is_long => (1, "IY"),
            b'i' | b'y' if is_long => (1, "AY"),
            b'o' if is_long => (1, "OW"),
            b'u' if is_long => (1, "UW"),
            b'c' if soft => (1, "S"),
            b'g' if soft => (1, "JH"),
            _ => RULES.iter().find(|(letters, _)| rest.starts_with(letters)).map_or_else(
                || (1, if bytes[at] == b'g' { "G" } else { "K" }),
                |(letters, sound)| (letters.len(), *sound),
            ),
        };
        let last = bytes.get(at + length - 1);
        let doubled = bytes.get(at + length) == last && !is_vowel(last);
        phones.extend(sound.split_whitespace());
        at += length + usize::from(doubled);
    }
    phones.join(" ")
}

fn join(parts: &[&&str]) -> String {
    parts.iter().map(|part| **part).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DICTIONARY: &str = "pipe P AY P\nwork W ER K\nscale S K EY L\ncommission K AH M IH SH AH N\nread R EH D\nread(2) R IY D\n\
                              crimp K R IH M P\nmeter M IY T ER\npressurize P R EH SH ER AY Z\np P IY\nc S IY\nb B IY\n";

    #[test]
    fn words_are_looked_up_put_together_or_spelt() {
        let pronunciations = Pronunciations::of(DICTIONARY);
        for (word, expected) in [
            ("read", "R EH D"),
            ("pipework", "P AY P W ER K"),
            ("descale", "D IY S K EY L"),
            ("recommission", "R IY K AH M IH SH AH N"),
            ("repressurise", "R IY P R EH SH ER AY Z"),
            ("crimped", "K R IH M P T"),
            ("multimeter", "M AH L T IY M IY T ER"),
            ("pcb", "P IY S IY B IY"),
            ("ferrule", "F ER UW L"),
            ("grommet", "G R AA M EH T"),
            ("nipple", "N IH P AH L"),
            ("chamfer", "CH AE M F ER"),
        ] {
            assert_eq!(pronunciations.of_word(word).first().map(String::as_str), Some(expected), "{word}");
        }
        assert_eq!(pronunciations.of_word("read").len(), 2);
        for unspeakable in ["", "22mm", "größe", "xq1"] {
            assert!(pronunciations.of_word(unspeakable).is_empty(), "{unspeakable}");
        }
    }
}
