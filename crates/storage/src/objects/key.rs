//! The keys of objects: paths such as `tenants/0196…/sessions/0197…/recording.mp4`, the same on every store.
//! Only what every file system and every S3 takes literally is allowed, so no key is ever escaped or normalised.

use super::ObjectError;

const LONGEST_KEY: usize = 512;
const LONGEST_SEGMENT: usize = 200;

/// Refuses a key that could leave its folder or mean different things to different stores.
pub(crate) fn check(key: &str) -> Result<(), ObjectError> {
    match fault(key) {
        None => Ok(()),
        Some(why) => Err(ObjectError::Key { key: key.chars().take(100).collect(), why }),
    }
}

/// A prefix is whole segments: `a/b` and `a/b/` both mean what lies under `a/b`. The empty prefix is everything.
pub(super) fn check_prefix(prefix: &str) -> Result<&str, ObjectError> {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    if !prefix.is_empty() {
        check(prefix)?;
    }
    Ok(prefix)
}

fn fault(key: &str) -> Option<&'static str> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Some("it has 1 to 512 characters");
    }
    for segment in key.split('/') {
        if segment.is_empty() {
            return Some("it has no empty segment and neither begins nor ends with a slash");
        }
        if segment.len() > LONGEST_SEGMENT {
            return Some("a segment has at most 200 characters");
        }
        if segment.starts_with('.') {
            return Some("no segment begins with a dot");
        }
        if !segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b)) {
            return Some("it holds letters, digits, '-', '_', '.', '=' and '/' only");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_product_pass() {
        for key in ["a", "tenants/0196f0c2-9d1e/sessions/1/parts/000001.webm", "v=1/x_y.mp4", "a..b"] {
            assert!(check(key).is_ok(), "{key}");
        }
    }

    #[test]
    fn keys_that_could_leave_their_folder_do_not() {
        let long = "a/".repeat(300) + "a";
        let wide = "a".repeat(201);
        for key in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\b",
            "a\0b",
            "a b",
            "a#1",
            "a%2e",
            "ä",
            ".staging/x",
            "a?b",
            "a\nb",
            &long,
            &wide,
        ] {
            assert!(check(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_prefix_is_whole_segments() {
        assert_eq!(check_prefix("a/b/").unwrap(), "a/b");
        assert_eq!(check_prefix("").unwrap(), "");
        assert!(check_prefix("a//").is_err());
        assert!(check_prefix("..").is_err());
    }
}
