use std::sync::Arc;

/// The text of a file, and whether it is what the bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// The bytes are this text. False where a byte order mark was dropped, the encoding was another, or bytes were
    /// replaced: such a file must not be edited through the spans of its text.
    pub verbatim: bool,
}

/// Decodes a manifest as Argo CD does (`utfutil` in `reposerver/repository/repository.go`): UTF-8 unless a byte
/// order mark says UTF-16; what is not valid becomes U+FFFD, one for each maximal ill-formed part.
pub fn decode(bytes: &[u8]) -> Decoded {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => {
            Decoded { text: String::from_utf8_lossy(rest).into(), verbatim: false }
        }
        [0xFF, 0xFE, rest @ ..] => Decoded { text: utf16(rest, u16::from_le_bytes), verbatim: false },
        [0xFE, 0xFF, rest @ ..] => Decoded { text: utf16(rest, u16::from_be_bytes), verbatim: false },
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Decoded { text: text.into(), verbatim: true },
            Err(_) => Decoded { text: String::from_utf8_lossy(bytes).into(), verbatim: false },
        },
    }
}

/// [`decode`] of text that is known to be UTF-8.
pub fn decode_text(text: Arc<str>) -> Decoded {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Decoded { text: rest.into(), verbatim: false },
        None => Decoded { text, verbatim: true },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Arc<str> {
    let (pairs, odd) = bytes.as_chunks();
    let units = pairs.iter().map(|&pair| unit(pair));
    let mut text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        for (bytes, text, verbatim) in [
            (&b"a: 1"[..], "a: 1", true),
            (b"\xEF\xBB\xBFa", "a", false),
            (b"\xFF\xFEa\0\x3D\xD8\x00\xDE", "a\u{1F600}", false),
            (b"\xFE\xFF\0a\xD8\x3D\0b!", "a\u{FFFD}b\u{FFFD}", false),
            (b"a\xFF\xE2\x82b", "a\u{FFFD}\u{FFFD}b", false),
        ] {
            assert_eq!(decode(bytes), Decoded { text: text.into(), verbatim });
            if let Ok(utf8) = std::str::from_utf8(bytes) {
                assert_eq!(decode_text(utf8.into()), decode(bytes));
            }
        }
    }
}
