//! The code by which a device is paired: eight letters and digits that a person reads aloud without mistakes (Crockford's
//! base32, 40 random bits). Only its hash is kept.

use crate::device_token::hash;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

/// A new code, such as `K7QM2XPD`, and its hash, to be kept: SHA-256 in lower-case hex.
pub fn new_pairing_code() -> (String, String) {
    let code: String =
        rand::random::<[u8; LENGTH]>().iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
    let hash = hash(&code);
    (code, hash)
}

/// As a person reads it: `K7QM-2XPD`.
pub(crate) fn shown(code: &str) -> String {
    code.split_at_checked(LENGTH / 2).map_or(code.to_owned(), |(a, b)| format!("{a}-{b}"))
}

/// The hash of a code as somebody typed it: in small letters, with spaces and hyphens, `O` for zero, `I` or `L` for one.
/// `None` for what can't be a code.
pub(crate) fn hash_of_typed(text: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for letter in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}')) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if code.len() == LENGTH || !u8::try_from(letter).is_ok_and(|b| ALPHABET.contains(&b)) {
            return None;
        }
        code.push(letter);
    }
    (code.len() == LENGTH).then(|| hash(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let (code, kept) = new_pairing_code();
        assert_ne!(code, new_pairing_code().0);
        let typed = shown(&code).to_lowercase().replace('-', " - ");
        assert_eq!(hash_of_typed(&typed), Some(kept), "{typed:?}");
        assert_eq!(hash_of_typed("oil0-1111"), hash_of_typed("0110 1111"));
        for wrong in ["", "K7QM-2XP", "K7QM-2XPDA", "K7QM-2XPU", "K7QM_2XPD", "ÄÖÜ!ßé€1"] {
            assert_eq!(hash_of_typed(wrong), None, "{wrong}");
        }
    }
}
