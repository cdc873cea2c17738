//! What a program has logged must hold no secret.

/// Passwords of people, mail servers and stores that tests give to the program.
const GIVEN: [&str; 8] = [
    "correct horse battery",
    "quite another secret",
    "an administrator too",
    "a trainee too",
    "seven purple lanterns",
    "mail secret",
    "$argon2",
    "otpauth:",
];

/// The first line of a log that holds a secret: a password that tests use, a hash of one, or a word that only random
/// bytes make (a token, a signature, a key: base64 of 32 bytes or more).
pub fn secret_in(log: &str) -> Option<&str> {
    log.lines().find(|line| GIVEN.iter().any(|secret| line.contains(secret)) || words(line).any(is_random))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
}

fn is_random(word: &str) -> bool {
    // A prefix such as `tak_` stands before some.
    let end = word.len().checked_sub(43).and_then(|at| word.get(at..)).unwrap_or("");
    let has = |is: fn(&u8) -> bool| end.as_bytes().iter().any(is);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::secret_in;

    #[test]
    fn tokens_and_passwords_are_found_and_ids_and_hashes_are_none() {
        let token = "tak_Zk3nJ0yq4v8rB2mT6wX1cL9sD5fG7hP_aQeUiOjVbNM";
        for line in
            [token, &format!("GET /x?token={}", &token[4..]), "password correct horse battery", "$argon2id$v=19"]
        {
            assert_eq!(secret_in(&format!("first\n{line}\nlast")), Some(line));
        }
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for line in [
            hash,
            "01a20291-81e1-77bf-8fe8-0331fb60739b",
            "a_name_of_a_function_that_is_longer_than_forty_three_letters",
        ] {
            assert_eq!(secret_in(line), None, "{line}");
        }
    }
}
