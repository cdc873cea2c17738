//! `Upload-Metadata`: what a device says of its file. It may say anything, so it is cleaned, shortened and never used
//! as a path.

use crate::problem::Problem;
use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{recording::Place, text::visible};
use std::collections::HashMap;

const LONGEST_FILENAME: usize = 120;
const LONGEST_TYPE: usize = 100;

/// A session is no longer than this: a year.
const LONGEST_SESSION_MS: u64 = 366 * 24 * 3_600_000;

/// What is kept of a file's metadata.
#[derive(Debug, PartialEq)]
pub struct Metadata {
    pub filename: String,
    pub content_type: String,
    /// Where the part belongs; a recording in one piece says nothing of it.
    pub place: Place,
    /// Lower-case hex.
    pub sha256: Option<String>,
}

/// Reads the header; without one the file is called `recording`.
pub fn read(headers: &HeaderMap) -> Result<Metadata, Problem> {
    let wrong = || Problem::bad_request("Upload-Metadata must be `key base64,key base64`, such as `filename YS5tcDQ=`");
    let text = headers.get(super::tus::METADATA).map_or(Ok(""), |h| h.to_str()).map_err(|_| wrong())?;
    let mut said = HashMap::new();
    for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).map_err(|_| wrong())?;
        said.entry(key).or_insert_with(|| String::from_utf8_lossy(&value).into_owned());
    }
    let mut first = |keys: [&str; 2]| keys.into_iter().find_map(|key| said.remove(key));
    let filename = clean_name(&first(["filename", "name"]).unwrap_or_default());
    let content_type = clean_type(first(["filetype", "type"]));
    let place = place(&said)?;
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let sha256 = said.remove("sha256").map(|text| text.to_ascii_lowercase());
    if sha256.as_deref().is_some_and(|text| !is_hash(text)) {
        return Err(Problem::bad_request("sha256 in Upload-Metadata must be 64 hexadecimal digits"));
    }
    Ok(Metadata { filename, content_type, place, sha256 })
}

fn place(said: &HashMap<&str, String>) -> Result<Place, Problem> {
    let number = |key: &str, least: u64, most: u64| {
        let Some(text) = said.get(key) else { return Ok(None) };
        let number = text.trim().parse().ok().filter(|n| (least..=most).contains(n));
        let wrong =
            || Problem::bad_request(format!("{key} in Upload-Metadata must be a number from {least} to {most}"));
        number.map(Some).ok_or_else(wrong)
    };
    let Some(part) = number("part", 1, 10_000_000)? else { return Ok(Place::WHOLE) };
    let missing = |key: &str| Problem::bad_request(format!("a part needs `{key}` in Upload-Metadata beside `part`"));
    Ok(Place {
        part: part as u32,
        run: number("run", 1, part)?.ok_or_else(|| missing("run"))? as u32,
        start_ms: number("start_ms", 0, LONGEST_SESSION_MS)?.ok_or_else(|| missing("start_ms"))?,
        duration_ms: Some(number("duration_ms", 0, LONGEST_SESSION_MS)?.ok_or_else(|| missing("duration_ms"))?),
    })
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

    fn said(pairs: &[(&str, &str)]) -> Result<Metadata, Problem> {
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).collect();
        read(&[(super::super::tus::METADATA, pairs.join(",").parse().unwrap())].into_iter().collect())
    }

    #[test]
    fn a_part_says_where_it_belongs() {
        let hash = "AB".repeat(32);
        let whole = [("part", "7"), ("run", "2"), ("start_ms", "1500"), ("duration_ms", "2000"), ("sha256", &hash)];
        let read = said(&whole).unwrap();
        assert_eq!(read.place, Place { part: 7, run: 2, start_ms: 1500, duration_ms: Some(2000) });
        assert_eq!(read.sha256, Some(hash.to_lowercase()));
        assert_eq!(said(&[("filename", "a.mp4")]).unwrap().place, Place::WHOLE);
        for (at, wrong) in [(0, "0"), (0, "-1"), (0, "x"), (1, "8"), (1, ""), (2, "1.5"), (3, "1e99"), (4, "abc")] {
            let mut pairs = whole;
            pairs[at].1 = wrong;
            assert!(said(&pairs).is_err(), "{:?}", pairs[at]);
        }
        for left_out in 1..4 {
            let pairs: Vec<_> = whole.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, p)| *p).collect();
            assert!(said(&pairs).is_err(), "{:?}", whole[left_out]);
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
