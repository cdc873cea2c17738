//! The compiled n-gram model of Sphinx (`*.lm.bin`, "Trie Language Model"; laid out by `lm_trie.c` of sphinxbase), as far
//! as single words go: a header, tables of quantised values, an array of words with their probability, packed n-grams
//! that refer to words by their place in that array, and last the spelling of each word. Words can be made likelier in
//! place, and new ones appended, without touching the n-grams.

use std::{collections::HashMap, io};

const MAGIC: &[u8] = b"Trie Language Model";
/// Values per quantised table: 16 bits.
const TABLE: usize = 1 << 16;
/// Bytes of a word in the array: probability and back-off (logarithms, as 32-bit floats), place of its first n-gram.
const WORD: usize = 12;
/// Probabilities are stored as logarithms to this base.
const BASE: f64 = 1.0001;

/// `model` with each word of `shares` given that much probability: mixed into what the word has, or all that it has
/// where the model does not know it. New words beyond what the model has room for are left out.
///
/// # Errors
/// `InvalidData` for anything but such a model.
pub fn with_shares(model: &[u8], shares: &[(String, f64)]) -> io::Result<Vec<u8>> {
    let layout = Layout::of(model).ok_or_else(|| io::Error::other("not a language model of Sphinx"))?;
    let mut words = model[layout.words..layout.ngrams].to_vec();
    let places: HashMap<&str, usize> = layout.spellings(model).enumerate().map(|(i, word)| (word, i)).collect();
    // The closing entry says where the n-grams of the last word end; the new words have none.
    let closing = words.split_off(WORD * layout.count);
    let mut spellings = model[layout.strings + 4..].to_vec();
    let (mut count, mut mixed) = (layout.count, Vec::new());
    for (word, share) in shares {
        if let Some(&place) = places.get(word.as_str()) {
            mixed.push((place, share));
        } else if bits(count + 1) == bits(layout.count) {
            count += 1;
            words.extend(logarithm(*share).to_le_bytes());
            words.extend(0_f32.to_le_bytes());
            words.extend(&closing[8..]);
            spellings.extend(word.as_bytes());
            spellings.push(0);
        }
    }
    for (place, share) in mixed {
        let at = WORD * place;
        let before = BASE.powf(f64::from(float(&words[at..])));
        words[at..at + 4].copy_from_slice(&logarithm((1.0 - share) * before + share).to_le_bytes());
    }
    words.extend(closing);
    let mut adapted = Vec::with_capacity(model.len() + (1 << 20));
    adapted.extend(&model[..MAGIC.len() + 1]);
    adapted.extend((count as u32).to_le_bytes());
    adapted.extend(&model[MAGIC.len() + 5..layout.words]);
    adapted.extend(words);
    adapted.extend(&model[layout.ngrams..layout.strings]);
    adapted.extend((spellings.len() as u32).to_le_bytes());
    adapted.extend(spellings);
    Ok(adapted)
}

/// Where things are, in bytes from the start.
struct Layout {
    count: usize,
    words: usize,
    ngrams: usize,
    strings: usize,
}

impl Layout {
    fn of(model: &[u8]) -> Option<Self> {
        let order = usize::from(*model.strip_prefix(MAGIC)?.first()?);
        if !(2..=5).contains(&order) {
            return None;
        }
        let counts: Vec<usize> = (0..order).map(|i| number(model, MAGIC.len() + 1 + 4 * i)).collect::<Option<_>>()?;
        let tables = MAGIC.len() + 1 + 4 * order + 4;
        let words = tables + 4 * ((order - 2) * 2 * TABLE + TABLE);
        let ngrams = words + WORD * (counts[0] + 1);
        let packed = |entries: usize, bits: usize| ((1 + entries) * bits).div_ceil(8) + 8;
        let middle = (1..order - 1).map(|i| packed(counts[i], bits(counts[0]) + 32 + bits(counts[i + 1])));
        let strings = ngrams + middle.sum::<usize>() + packed(counts[order - 1], bits(counts[0]) + 16);
        let whole = strings + 4 + number(model, strings)?;
        let layout = Self { count: counts[0], words, ngrams, strings };
        (whole == model.len() && layout.spellings(model).count() == counts[0]).then_some(layout)
    }

    fn spellings<'a>(&self, model: &'a [u8]) -> impl Iterator<Item = &'a str> {
        model[self.strings + 4..]
            .split(|&byte| byte == 0)
            .take(self.count)
            .map(|s| str::from_utf8(s).unwrap_or_default())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn logarithm(probability: f64) -> f32 {
    (probability.max(1e-12).ln() / BASE.ln()) as f32
}

/// Bits that numbers up to `most` take.
fn bits(most: usize) -> usize {
    (usize::BITS - most.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two words, one pair of them: the smallest model there is.
    fn model() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(2);
        [2_u32, 1, 1].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        bytes.resize(bytes.len() + 4 * TABLE, 0);
        for (probability, next) in [(0.75, 0_u32), (0.25, 1), (1.0, 1)] {
            bytes.extend(logarithm(probability).to_le_bytes());
            bytes.extend(0_f32.to_le_bytes());
            bytes.extend(next.to_le_bytes());
        }
        bytes.resize(bytes.len() + (2_usize * (2 + 16)).div_ceil(8) + 8, 0x5a);
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(b"the\0fit\0");
        bytes
    }

    #[test]
    fn a_word_grows_likelier_a_new_one_is_appended_and_there_is_only_so_much_room() {
        let model = model();
        let shares = [("fit".to_owned(), 0.2), ("flange".to_owned(), 0.1), ("gasket".to_owned(), 0.1)];
        let adapted = with_shares(&model, &shares).unwrap();

        let (before, after) = (Layout::of(&model).unwrap(), Layout::of(&adapted).unwrap());
        assert_eq!(
            after.spellings(&adapted).collect::<Vec<_>>(),
            ["the", "fit", "flange"],
            "two bits number three words"
        );
        let probability = |i: usize| BASE.powf(f64::from(float(&adapted[after.words + WORD * i..])));
        for (place, expected) in [(0, 0.75), (1, 0.8 * 0.25 + 0.2), (2, 0.1)] {
            assert!((probability(place) - expected).abs() < 1e-4, "{place}: {}", probability(place));
        }
        assert_eq!(model[before.ngrams..before.strings], adapted[after.ngrams..after.strings]);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let whole = model();
        for bytes in [&[][..], b"Trie Language Model", &whole[..whole.len() - 1], &[0; 500]] {
            assert!(with_shares(bytes, &[]).is_err());
        }
        assert_eq!(with_shares(&whole, &[]).unwrap(), whole);
    }
}
