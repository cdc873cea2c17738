//! The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes. The secret is sealed (AES-256-GCM) with a
//! key of the installation before it is kept.

use crate::{App, device_token::hash};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, Salt},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Timestamp, UserId};
use totp_rs::{Builder, Totp};

/// Of the secret; 160 bits are what RFC 4226 advises.
const SECRET_BYTES: usize = 20;
/// Of a code, in seconds.
const STEP_SECONDS: u64 = 30;
const RECOVERY_CODES: usize = 10;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The secret of an authenticator app.
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A new one.
    pub fn new() -> Self {
        Self(rand::random())
    }

    /// For an app: by hand, in base32, in groups of four.
    pub fn shown(&self) -> Option<String> {
        let text = self.totp("").map(|totp| totp.secret().to_base32())?;
        let letters: Vec<char> = text.chars().collect();
        Some(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" "))
    }

    /// For an app: what its QR code holds.
    pub fn address(&self, email: &str) -> Option<String> {
        self.totp(email)?.to_url().ok()
    }

    /// The time step of a code, if it is one of now, or of half a minute before or after.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        let digits: String = code.chars().filter(char::is_ascii_digit).collect();
        let seconds = u64::try_from(now.0 / 1_000_000).ok()?;
        if digits.len() != 6 {
            return None;
        }
        self.totp("")?.check(&digits, seconds)
    }

    /// Sealed for its user, to be kept.
    pub fn sealed(&self, app: &App, user: UserId) -> Option<String> {
        let mut bytes = self.0.to_vec();
        let nonce = key(app)?.seal_in_place_append_tag(Aad::from(user.0.as_bytes()), &mut bytes).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &bytes].concat()))
    }

    /// What was sealed for this user; `None` where it was not, or with the key of another installation.
    pub fn open(app: &App, user: UserId, sealed: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let secret = key(app)?.open_in_place(nonce, Aad::from(user.0.as_bytes()), &mut sealed).ok()?;
        Some(Self((&*secret).try_into().ok()?))
    }

    fn totp(&self, email: &str) -> Option<Totp> {
        // A colon would end the name of the account.
        let account = email.replace(':', "_");
        let builder = Builder::new().with_secret(self.0).with_step_duration(STEP_SECONDS).with_skew(1);
        builder.with_account_name(account).with_issuer(Some("TrainAR")).build().ok()
    }
}

/// Ten recovery codes, such as `7f3k9-0qm2x`, and their hashes.
pub fn new_recovery_codes() -> (Vec<String>, Vec<String>) {
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    let code = || {
        let letters: String = rand::random::<[u8; 10]>().iter().map(letter).collect();
        format!("{}-{}", &letters[..5], &letters[5..])
    };
    let codes: Vec<_> = std::iter::repeat_with(code).take(RECOVERY_CODES).collect();
    let hashes = codes.iter().filter_map(|code| hash_of_recovery_code(code)).collect();
    (codes, hashes)
}

/// What is kept of a recovery code, however it was typed; `None` for what can be none.
pub fn hash_of_recovery_code(typed: &str) -> Option<String> {
    let letters = typed.chars().filter(|c| c.is_alphanumeric()).map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    let code: String = letters.collect();
    (code.len() == 10 && code.is_ascii()).then(|| hash(&code))
}

fn key(app: &App) -> Option<RandomizedNonceKey> {
    let mut key = [0; 32];
    let pseudo_random = Salt::new(HKDF_SHA256, b"trainar").extract(app.secret.as_slice());
    pseudo_random.expand(&[b"second-factor"], &AES_256_GCM).ok()?.fill(&mut key).ok()?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret(*b"12345678901234567890");
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        assert_eq!(secret.step_of("287082", at(59)), Some(1));
        assert_eq!(secret.step_of("081 804", at(1_111_111_109)), Some(37_037_036));
        assert_eq!(secret.step_of("287082", at(59 + 30)), Some(1), "a slow clock");
        for (code, seconds) in [("287082", 59 + 61), ("287083", 59), ("28708", 59), ("", 59), ("2870820", 59)] {
            assert_eq!(secret.step_of(code, at(seconds)), None, "{code} at {seconds}");
        }
        assert_eq!(secret.shown().unwrap(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let address = secret.address("ann:x@example.org").unwrap();
        assert!(address.starts_with("otpauth://totp/TrainAR:ann_x%40example.org?secret=GEZDGNBV"), "{address}");
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let (codes, hashes) = new_recovery_codes();
        assert_eq!((codes.len(), hashes.len()), (10, 10));
        let typed = codes[3].to_uppercase().replace('-', "  ");
        assert_eq!(hash_of_recovery_code(&typed).as_ref(), Some(&hashes[3]));
        assert_eq!(hash_of_recovery_code("short"), None);
    }
}
