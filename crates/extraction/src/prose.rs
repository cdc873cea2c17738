//! Prose: the small pieces that plain sentences are made of.

/// A number as prose writes it: a word below ten.
pub fn number(n: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(n).map_or(n.to_string(), |word| (*word).to_owned())
}

/// `one procedure`, `two procedures`.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", number(n), if n == 1 { "" } else { "s" })
}

/// `“a”`, `“a” and “b”`, `“a”, “b” and “c”`; of more than `most`, the first ones and `four more`.
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let n = names.len();
    // Never "and one more": its name is as short.
    let shown = if n > most { most.saturating_sub(1).max(1) } else { n };
    let mut parts: Vec<String> = names.take(shown).map(|name| format!("“{name}”")).collect();
    if n > shown {
        parts.push(format!("{} more", number(n - shown)));
    }
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_people_write_them_and_end() {
        let all = ["a", "b", "c", "d", "e", "f"];
        let of = |n: usize| listed(all[..n].iter().copied(), 4);
        assert_eq!((of(0), of(1), of(2)), (String::new(), "“a”".into(), "“a” and “b”".into()));
        assert_eq!((of(4), of(6)), ("“a”, “b”, “c” and “d”".into(), "“a”, “b”, “c” and three more".into()));
        assert_eq!((counted(1, "step"), counted(12, "step")), ("one step".into(), "12 steps".into()));
    }
}
