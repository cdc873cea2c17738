//! Which passwords are taken. The same everywhere in the Dashboard: long enough, and not among the first that are guessed.

use zxcvbn::{Score, zxcvbn};

/// Shortest password, in characters.
pub const SHORTEST: usize = 10;
/// Longest password, in bytes: more is not worth hashing.
pub const LONGEST: usize = 1024;

/// Why a password is refused, in a sentence; `None` when it is taken. `about` are words that a guesser would try first: name,
/// address, organisation. Takes milliseconds: not for an async worker thread.
pub fn refusal(password: &str, about: &[&str]) -> Option<&'static str> {
    if password.chars().count() < SHORTEST {
        return Some("The password must have at least 10 characters.");
    }
    if password.len() > LONGEST {
        return Some("The password is too long: at most 1,024 bytes are taken.");
    }
    let words = |text: &&str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect::<Vec<_>>();
    let words: Vec<String> = about.iter().flat_map(words).filter(|word| word.len() > 1).collect();
    let words: Vec<&str> = about.iter().copied().chain(words.iter().map(String::as_str)).collect();
    if zxcvbn(password, &words).score() < Score::Two {
        return Some(
            "This password is among the first that are guessed. Three or four unrelated words make a good one.",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn what_is_guessed_first_is_refused() {
        let about = ["Priya Raman", "priya@northgate.example", "Northgate Heating"];
        for bad in [
            "short",
            "ninechars",
            "password123",
            "1234567890",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "priya raman",
            "northgate1",
        ] {
            assert!(refusal(bad, &about).is_some(), "{bad}");
        }
        assert!(refusal(&"long words ".repeat(100), &about).is_some());
        for good in ["correct horse battery", "an administrator too", "Zk3!bq9#Lw", "квиток парасолька млин"]
        {
            assert_eq!(refusal(good, &about), None, "{good}");
        }
    }
}
