//! Bytes of a text file as text.

use super::CaptionsError;

/// The text of a file in UTF-8, with or without byte order mark, or in UTF-16 with one.
pub fn decode(bytes: &[u8]) -> Result<String, CaptionsError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    };
    text.ok_or(CaptionsError::NotText)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks(2).map(|pair| <[u8; 2]>::try_from(pair).ok().map(unit));
    String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encodings_of_real_files_give_the_same_text() {
        let text = "WEBVTT\r\n\r\n0:01 --> 0:02\r\nPrüfen 🔧\r\n";
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect::<Vec<u8>>()
        };
        let files = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ];
        for file in files {
            assert_eq!(decode(&file).unwrap(), text);
        }
        for bad in [&b"caf\xe9"[..], b"\xff\xfea", b"\xfe\xff\xd8\x00\x00\x41"] {
            assert_eq!(decode(bad), Err(CaptionsError::NotText));
        }
    }
}
