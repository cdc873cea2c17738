//! Attachment: a file that belongs to a task.

use crate::{AttachmentId, TaskId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// Most bytes of one file.
pub const MOST_BYTES: u64 = 10_000_000;
/// Most files of one task.
pub const MOST_FILES: u64 = 20;
/// What everything is that is not a picture.
pub const ANY_TYPE: &str = "application/octet-stream";
/// Most characters of a name.
const LONGEST_NAME: usize = 200;

/// A file of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Attachment {
    pub id: AttachmentId,
    pub tenant_id: TenantId,
    pub task_id: TaskId,
    pub file_name: String,
    /// One of four kinds of pictures, by its first bytes, or [`ANY_TYPE`].
    pub media_type: String,
    pub bytes: u64,
    /// In lower-case hex.
    pub sha256: String,
    pub object_key: String,
    /// The name of that time.
    pub added_by: String,
    pub added_at: Timestamp,
}

impl Attachment {
    /// Whether a browser may show it: a picture that cannot hold a script.
    pub fn is_picture(&self) -> bool {
        self.media_type != ANY_TYPE
    }
}

/// What a file is by its first bytes: a kind of picture that browsers show and that holds no script, or [`ANY_TYPE`]. What
/// somebody says that it is does not count.
pub fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => ANY_TYPE,
    }
}

/// The last part of what a device calls a file, without what is not seen; `None` when nothing is left.
pub fn file_name(said: &str) -> Option<String> {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let seen: String = last.chars().filter(|c| !hidden(*c)).collect();
    let seen = seen.trim().trim_start_matches('.').trim();
    let (stem, ending) = match seen.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 20 && !ending.contains(' ') => (stem, Some(ending)),
        _ => (seen, None),
    };
    let room = LONGEST_NAME - ending.map_or(0, |ending| ending.chars().count() + 1);
    let stem: String = stem.chars().take(room).collect();
    let name = ending.map_or_else(|| stem.clone(), |ending| format!("{stem}.{ending}"));
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_leads_nowhere() {
        for (said, name) in [
            ("plan.pdf", Some("plan.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\fakepath\\Ölwechsel 2.JPG", Some("Ölwechsel 2.JPG")),
            ("a\u{202e}gpj.exe", Some("agpj.exe")),
            ("a\r\nSet-Cookie: x", Some("aSet-Cookie: x")),
            (".htaccess", Some("htaccess")),
            ("  ", None),
            ("a/", None),
            ("...", None),
        ] {
            assert_eq!(file_name(said).as_deref(), name, "{said:?}");
        }
        let long = file_name(&("ü".repeat(300) + ".jpeg")).unwrap();
        assert!(long.chars().count() == 200 && long.ends_with("ü.jpeg"));
    }

    #[test]
    fn only_four_kinds_of_pictures_are_pictures() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(media_type(b"GIF89a"), "image/gif");
        assert_eq!(media_type(b"RIFF....WEBPVP8 "), "image/webp");
        for other in [&b"<svg onload=alert(1)>"[..], b"%PDF-1.7", b"<!doctype html>", b"", b"RIFF....WAVE", b"\x89PN"] {
            assert_eq!(media_type(other), ANY_TYPE);
        }
    }
}
