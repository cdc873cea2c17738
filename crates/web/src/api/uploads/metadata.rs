//! `Upload-Metadata`: what a device says of its file. It may say anything, so it is cleaned, shortened and never used
//! as a path.

use crate::{api::input::visible, problem::Problem};
use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};

const LONGEST_FILENAME: usize = 120;
const LONGEST_TYPE: usize = 100;

/// What is kept of a file's metadata.
#[derive(Debug, PartialEq)]
pub struct Metadata {
    pub filename: String,
    pub content_type: String,
}

/// Reads the header; without one the file is called `recording`.
pub fn read(headers: &HeaderMap) -> Result<Metadata, Problem> {
    let wrong = || Problem::bad_request("Upload-Metadata must be `key base64,key base64`, such as `filename YS5tcDQ=`");
    let text = headers.get(super::tus::METADATA).map_or(Ok(""), |h| h.to_str()).map_err(|_| wrong())?;
    let (mut filename, mut content_type) = (None, None);
    for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).map_err(|_| wrong())?;
        let value = String::from_utf8_lossy(&value).into_owned();
        match key {
            "filename" | "name" => filename = filename.or(Some(value)),
            "filetype" | "type" => content_type = content_type.or(Some(value)),
            _ => {}
        }
    }
    Ok(Metadata { filename: clean_name(&filename.unwrap_or_default()), content_type: clean_type(content_type) })
}

/// The header as a client gets it back.
pub fn write(filename: &str, content_type: &str) -> String {
    format!("filename {},filetype {}", STANDARD.encode(filename), STANDARD.encode(content_type))
}

fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = visible(last);
    let shown = shown.trim_start_matches('.').trim();
    if shown.is_empty() { "recording".into() } else { shorten(shown) }
}

/// Keeps the ending, by which a person knows what it is.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST_FILENAME {
        return name.into();
    }
    let ending = name.rfind('.').map(|at| &name[at..]).filter(|e| e.chars().count() <= 10).unwrap_or_default();
    let start: String = name.chars().take(LONGEST_FILENAME - ending.chars().count()).collect();
    start + ending
}

fn clean_type(content_type: Option<String>) -> String {
    let is_token =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    content_type
        .map(|t| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|t| t.len() <= LONGEST_TYPE)
        .filter(|t| t.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub)))
        .unwrap_or_else(|| "application/octet-stream".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(filename: &str, filetype: &str) -> Metadata {
        let mut headers = HeaderMap::new();
        headers.insert("upload-metadata", write(filename, filetype).parse().unwrap());
        read(&headers).unwrap()
    }

    #[rstest]
    #[case("boiler.mp4", "boiler.mp4")]
    #[case("../../etc/passwd", "passwd")]
    #[case("..\\..\\boot.ini", "boot.ini")]
    #[case("a\r\nSet-Cookie: x=1\n.mp4", "aSet-Cookie: x=1.mp4")]
    #[case("\u{202e}4pm.exe", "4pm.exe")]
    #[case("...", "recording")]
    #[case("", "recording")]
    #[case("Heizung Küche.webm", "Heizung Küche.webm")]
    fn names_are_cleaned(#[case] given: &str, #[case] kept: &str) {
        assert_eq!(of(given, "video/mp4").filename, kept);
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = of(&("ü".repeat(300) + ".webm"), "").filename;
        assert_eq!(name.chars().count(), LONGEST_FILENAME);
        assert!(name.ends_with("ü.webm"));
        assert_eq!(of(&"x".repeat(300), "").filename.len(), LONGEST_FILENAME);
    }

    #[test]
    fn types_are_types_or_nothing() {
        assert_eq!(of("a", "Video/WebM; codecs=vp8").content_type, "video/webm");
        for bad in ["", "video", "text/html\n<script>", "a/b/c", &format!("video/{}", "x".repeat(200))] {
            assert_eq!(of("a", bad).content_type, "application/octet-stream", "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers).unwrap().filename, "recording");
        headers.insert("upload-metadata", "is_confidential,filename !!".parse().unwrap());
        assert!(read(&headers).is_err());
        headers.insert("upload-metadata", "is_confidential,filename YS5tcDQ=".parse().unwrap());
        assert_eq!(read(&headers).unwrap().filename, "a.mp4");
    }
}
