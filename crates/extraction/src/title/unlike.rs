//! Unlike: gives every segment the best title that no other segment has.

use super::{GOOD_ENOUGH, rank::Candidate, vocabulary::*};
use crate::words;
use std::collections::{BTreeMap, BTreeSet};

/// A second choice that is so much weaker than the first is not taken: the work was done again.
const MUCH_WEAKER: f64 = 1.6;
/// Parts that are told apart by their number.
const MOST_PARTS: usize = 99;
/// The most words a title has.
const MOST_WORDS: usize = 7;

/// One title for every segment, out of those that it may get, best first; `None` where all are gone.
/// Where several segments hold the same work and nothing else, the later ones say "again" or "part 3".
pub fn give(wishes: &[Vec<Candidate>]) -> Vec<Option<String>> {
    let mut given: Vec<Option<String>> = vec![None; wishes.len()];
    let mut taken = BTreeSet::new();
    let mut all: Vec<(f64, usize, &str)> = Vec::new();
    for (i, candidates) in wishes.iter().enumerate() {
        let best = candidates.first().map_or(0.0, |c| c.score);
        let good = candidates.iter().filter(|c| c.score >= GOOD_ENOUGH && c.score > best - MUCH_WEAKER);
        all.extend(good.map(|c| (c.score, i, c.text.as_str())));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, i, text) in all {
        if given[i].is_none() && taken.insert(key(text)) {
            given[i] = Some(text.to_owned());
        }
    }
    say_again(wishes, &mut given, &mut taken);
    for (i, candidates) in wishes.iter().enumerate() {
        if given[i].is_none() {
            let other = candidates.iter().map(|c| &c.text).find(|text| taken.insert(key(text))).cloned();
            given[i] = other.or_else(|| numbered(candidates.first()?, &mut taken));
        }
    }
    given
}

/// "Stir the soup, part 6": the first number that is free, without the place at its end where that is too long.
fn numbered(best: &Candidate, taken: &mut BTreeSet<Vec<String>>) -> Option<String> {
    let words: Vec<&str> = best.text.split(' ').collect();
    let link = words.iter().skip(2).position(|w| has(&LINKS, w)).map(|at| at + 2);
    let short = if words.len() + 2 <= MOST_WORDS { words.len() } else { link.unwrap_or(words.len()) };
    let plain = words[..short].join(" ");
    (short > 1 && short + 2 <= MOST_WORDS)
        .then(|| (2..=MOST_PARTS).map(|n| format!("{plain}, part {n}")).find(|title| taken.insert(key(title))))
        .flatten()
}

/// Segments whose best title is that of another segment: in order of time the first has it plain.
fn say_again(wishes: &[Vec<Candidate>], given: &mut [Option<String>], taken: &mut BTreeSet<Vec<String>>) {
    let holders: BTreeMap<Vec<String>, usize> =
        given.iter().enumerate().filter_map(|(i, title)| Some((key(title.as_ref()?), i))).collect();
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (i, candidates) in wishes.iter().enumerate().filter(|(i, _)| given[*i].is_none()) {
        if let Some(best) = candidates.first().filter(|c| c.score >= GOOD_ENOUGH) {
            groups.entry(key(&best.text)).or_default().push(i);
        }
    }
    for (key_of_group, mut segments) in groups {
        let Some(holder) = holders.get(&key_of_group) else { continue };
        segments.push(*holder);
        segments.sort_unstable();
        for (n, segment) in segments.into_iter().enumerate() {
            let own = given[segment].take().or_else(|| wishes[segment].first().map(|c| c.text.clone()));
            let Some(plain) = own else { continue };
            let title = match n {
                0 => plain,
                1 => format!("{plain} again"),
                n => format!("{plain}, part {}", n + 1),
            };
            let fits = title.split(' ').count() <= MOST_WORDS;
            given[segment] = (fits && (n == 0 || taken.insert(key(&title)))).then_some(title);
        }
    }
}

/// What is the same for two titles that are alike: stems without articles.
fn key(title: &str) -> Vec<String> {
    title
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !matches!(*w, "a" | "an" | "the"))
        .map(words::stem)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(of: &[&[(&str, f64)]]) -> Vec<Vec<Candidate>> {
        let candidate = |(text, score): &(&str, f64)| Candidate { text: (*text).to_owned(), score: *score };
        of.iter().map(|list| list.iter().map(candidate).collect()).collect()
    }

    #[test]
    fn the_better_supported_segment_has_the_title_and_the_other_its_second_choice() {
        let given =
            give(&wishes(&[&[("Replace the filter", 4.0), ("Open the housing", 3.9)], &[("Replace a filter", 5.0)]]));
        assert_eq!(given, [Some("Open the housing".to_owned()), Some("Replace a filter".to_owned())]);
    }

    #[test]
    fn the_same_work_thrice_is_told_apart_in_order() {
        let given = give(&wishes(&[&[("Knead the dough", 4.0)], &[("Knead dough", 6.0)], &[("Knead the dough", 4.0)]]));
        let given: Vec<String> = given.into_iter().flatten().collect();
        assert_eq!(given, ["Knead the dough", "Knead dough again", "Knead the dough, part 3"]);
    }

    #[test]
    fn what_is_too_long_for_a_number_loses_its_place() {
        let long: &[(&str, f64)] = &[("Stir the soup in the pot", 5.0)];
        let given: Vec<String> = give(&wishes(&[long; 4])).into_iter().flatten().collect();
        assert_eq!(given[2..], ["Stir the soup, part 2", "Stir the soup, part 3"]);
    }

    #[test]
    fn where_nothing_is_left_there_is_none() {
        assert_eq!(give(&wishes(&[&[], &[("Do it", 0.0)]])), [None, Some("Do it".to_owned())]);
    }
}
