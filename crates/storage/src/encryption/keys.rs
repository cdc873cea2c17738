//! The operator's keys: lines of text. The first encrypts, all decrypt.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use std::{collections::HashSet, fmt, sync::Arc};

/// What a line begins with; the rest is 32 bytes in base64.
const LINE: &str = "trainar-key-1:";
/// What a sealed secret begins with.
const SEALED: &str = "trainar-sealed-1:";
const NONCE: usize = 12;
/// Random bytes have more different ones, save once in 10¹⁵ times.
const DIFFERENT: usize = 16;

/// Why a text is no set of keys, or a secret can't be read by them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum KeyError {
    #[error("there is no key in it; make one by `trainar encryption new-key`")]
    None,
    #[error(
        "line {0} is no key: a key is {LINE} and 32 random bytes in base64; make one by `trainar encryption new-key`"
    )]
    Form(usize),
    #[error(
        "the key in line {0} is too short: it has {1} bytes and needs 32; make one by `trainar encryption new-key`"
    )]
    Short(usize, usize),
    #[error("the key in line {0} is too weak: {1}; make one by `trainar encryption new-key`")]
    Weak(usize, &'static str),
    #[error("it is encrypted by key {0}, which is not among the keys that are set; put that key back")]
    Unknown(KeyId),
    #[error("it is damaged, or was changed; restore it from your backup")]
    Damaged,
}

/// Tells one key from another and nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The keys of an installation, at least one. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<[Key]>);

struct Key {
    id: KeyId,
    secret: Prk,
}

/// A secret that was opened.
pub struct Unsealed {
    /// The secret.
    pub secret: Vec<u8>,
    /// Whether the key that encrypts now sealed it.
    pub current: bool,
}

impl Keys {
    /// Reads lines as [`Keys::generate`] makes them; empty ones and those that begin with `#` are left out.
    ///
    /// # Errors
    /// [`KeyError`], which never shows a key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let lines =
            (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<Key> = lines.map(|(number, line)| key(number, line)).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self(keys.into())) }
    }

    /// A new key, as a line without its end.
    pub fn generate() -> SecretString {
        let mut bytes = [0; 32];
        // The library ends the process rather than give bytes that are not random.
        aws_lc_rs::rand::fill(&mut bytes).unwrap_or_else(|_| unreachable!("no random bytes"));
        format!("{LINE}{}", STANDARD.encode(bytes)).into()
    }

    /// The ids of the keys, that of the one that encrypts first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|key| key.id).collect()
    }

    /// Id of the key that encrypts.
    pub(crate) fn current(&self) -> KeyId {
        self.0[0].id
    }

    /// Fills `out` with bytes derived by the key `id` for just this purpose.
    pub(super) fn derive(&self, id: KeyId, purpose: &[&[u8]], out: &mut [u8]) -> Result<(), KeyError> {
        let key = self.0.iter().find(|key| key.id == id).ok_or(KeyError::Unknown(id))?;
        expand(&key.secret, purpose, out);
        Ok(())
    }

    /// Encrypts a small secret for one purpose, as text.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<String, KeyError> {
        let (id, mut bytes) = (self.current(), secret.to_vec());
        let nonce = self.sealing(id, purpose)?.seal_in_place_append_tag(Aad::empty(), &mut bytes);
        let nonce = nonce.map_err(|_| KeyError::Damaged)?;
        Ok(format!("{SEALED}{id}:{}", STANDARD.encode([nonce.as_ref().as_slice(), &bytes].concat())))
    }

    /// Decrypts what [`Keys::seal`] gave for the same purpose.
    ///
    /// # Errors
    /// [`KeyError::Unknown`], [`KeyError::Damaged`].
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Unsealed, KeyError> {
        let (id, rest) = split(sealed).ok_or(KeyError::Damaged)?;
        let mut bytes = STANDARD.decode(rest).map_err(|_| KeyError::Damaged)?;
        let (nonce, bytes) = bytes.split_at_mut_checked(NONCE).ok_or(KeyError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Damaged)?;
        let opened = self.sealing(id, purpose)?.open_in_place(nonce, Aad::empty(), bytes);
        let secret = opened.map_err(|_| KeyError::Damaged)?.to_vec();
        Ok(Unsealed { secret, current: id == self.current() })
    }

    /// Whether a text is what [`Keys::seal`] gives.
    pub fn is_sealed(text: &str) -> bool {
        split(text).is_some()
    }

    fn sealing(&self, id: KeyId, purpose: &str) -> Result<RandomizedNonceKey, KeyError> {
        let mut bytes = [0; 32];
        self.derive(id, &[b"secret\0", purpose.as_bytes()], &mut bytes)?;
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| KeyError::Damaged)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.ids()).finish()
    }
}

fn split(sealed: &str) -> Option<(KeyId, &str)> {
    let (id, rest) = sealed.trim_end().strip_prefix(SEALED)?.split_once(':')?;
    let mut bytes = [0; 8];
    for (byte, digits) in bytes.iter_mut().zip(id.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    (id.len() == 16).then_some((KeyId(bytes), rest))
}

fn key(number: usize, line: &str) -> Result<Key, KeyError> {
    let text = line.strip_prefix(LINE).ok_or(KeyError::Form(number))?;
    let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::Form(number))?;
    if bytes.len() < 32 {
        return Err(KeyError::Short(number, bytes.len()));
    }
    if bytes.len() > 32 {
        return Err(KeyError::Form(number));
    }
    if let Some(why) = weakness(&bytes) {
        return Err(KeyError::Weak(number, why));
    }
    let secret = Salt::new(HKDF_SHA256, b"trainar encryption 1").extract(&bytes);
    let mut id = [0; 8];
    expand(&secret, &[b"id"], &mut id);
    Ok(Key { id: KeyId(id), secret })
}

fn weakness(bytes: &[u8]) -> Option<&'static str> {
    let step = |pair: &[u8]| pair[1].wrapping_sub(pair[0]);
    if bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Some("it is text, and not 32 random bytes");
    }
    if bytes.iter().collect::<HashSet<_>>().len() < DIFFERENT {
        return Some("its bytes repeat");
    }
    if bytes.windows(2).all(|pair| step(pair) == step(bytes)) {
        return Some("its bytes count up or down");
    }
    None
}

fn expand(secret: &Prk, purpose: &[&[u8]], out: &mut [u8]) {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let filled = secret.expand(purpose, Length(out.len())).and_then(|material| material.fill(out));
    filled.unwrap_or_else(|_| unreachable!("at most 8,160 bytes are derived"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn keys(text: &str) -> Result<Keys, KeyError> {
        Keys::parse(text)
    }

    #[test]
    fn a_file_of_keys_is_read_and_the_first_encrypts() {
        let (one, two) = (Keys::generate(), Keys::generate());
        let (one, two) = (one.expose_secret(), two.expose_secret());
        let both = keys(&format!("# ours\n\n{one}\n  {two}  \r\n")).unwrap();
        assert_eq!(both.ids(), [keys(one).unwrap().current(), keys(two).unwrap().current()]);
        assert_ne!(both.ids()[0], both.ids()[1]);
        assert!(!format!("{both:?}").contains(&one[LINE.len()..]), "no log shows a key");
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_line_and_not_shown() {
        let line = |bytes: &[u8]| format!("# a comment\n{LINE}{}", STANDARD.encode(bytes));
        let counting: Vec<u8> = (0..32).collect();
        for (text, error) in [
            ("".to_owned(), KeyError::None),
            ("# nothing\n".into(), KeyError::None),
            ("correct horse battery staple".into(), KeyError::Form(1)),
            (format!("{LINE}not base64!"), KeyError::Form(1)),
            (line(&[7; 33]), KeyError::Form(2)),
            (line(b"hush"), KeyError::Short(2, 4)),
            (line(&[0; 32]), KeyError::Weak(2, "its bytes repeat")),
            (line(&counting), KeyError::Weak(2, "its bytes count up or down")),
            (line(b"correct horse battery staple abc"), KeyError::Weak(2, "it is text, and not 32 random bytes")),
        ] {
            let refused = keys(&text).unwrap_err();
            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains("horse") && refused.to_string().contains("new-key"));
        }
    }

    #[test]
    fn what_is_sealed_opens_by_its_key_for_its_purpose_and_unchanged_only() {
        let (old, new) = (Keys::generate(), Keys::generate());
        let old_keys = keys(old.expose_secret()).unwrap();
        let sealed = old_keys.seal("this", b"hush").unwrap();
        assert!(Keys::is_sealed(&sealed) && !Keys::is_sealed("hush"));
        assert_ne!(old_keys.seal("this", b"hush").unwrap(), sealed, "never twice the same");
        let rotated = keys(&format!("{}\n{}", new.expose_secret(), old.expose_secret())).unwrap();
        for (keys, current) in [(&old_keys, true), (&rotated, false)] {
            let opened = keys.open("this", &sealed).unwrap();
            assert_eq!((opened.secret.as_slice(), opened.current), (b"hush".as_slice(), current));
        }
        let other = keys(new.expose_secret()).unwrap();
        assert_eq!(other.open("this", &sealed).err(), Some(KeyError::Unknown(old_keys.current())));
        assert_eq!(old_keys.open("that", &sealed).err(), Some(KeyError::Damaged));
        for at in [0, SEALED.len() + 20, sealed.len() - 3] {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(old_keys.open("this", &String::from_utf8(changed).unwrap()).is_err(), "{at}");
        }
    }
}
