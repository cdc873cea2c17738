//! The token of an API key. Only its hash is kept.

use crate::device_token::hash;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const PREFIX: &str = "tak_";
/// So much of a token is kept to know it again: the prefix and six characters of 43.
const SHOWN: usize = 10;

/// A token that was just made.
pub struct NewApiToken {
    /// `tak_` and 43 characters: 256 random bits. To be shown once.
    pub token: String,
    /// To be kept: SHA-256 in lower-case hex.
    pub hash: String,
    /// To be kept: the beginning, by which a person knows it again.
    pub first_characters: String,
}

/// Makes a token.
pub fn new_api_token() -> NewApiToken {
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    NewApiToken { hash: hash(&token), first_characters: token[..SHOWN].to_owned(), token }
}

/// Whether a text looks like the token of an API key rather than of a device.
pub(crate) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// What is kept of a token; `None` for what can't be one and needs no look into the database.
pub(crate) fn hash_of(token: &str) -> Option<String> {
    (is_one(token) && token.len() == PREFIX.len() + 43).then(|| hash(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_by_its_hash_and_little_of_it_is_kept() {
        let (one, two) = (new_api_token(), new_api_token());
        assert_ne!(one.token, two.token);
        assert_eq!(hash_of(&one.token), Some(one.hash));
        assert!(one.token.starts_with(&one.first_characters) && one.first_characters.len() == 10);
        for wrong in ["", "tak_", "tdt_0123456789012345678901234567890123456789012", &one.token[..46]] {
            assert_eq!(hash_of(wrong), None);
        }
    }
}
