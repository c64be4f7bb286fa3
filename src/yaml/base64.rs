//! `!!binary`, as go-yaml decodes it: Go's standard base64, line breaks ignored, padding required.

/// The bytes as text; Go's JSON encoder puts one U+FFFD for each byte that is not UTF-8. None if it is not base64.
pub(super) fn decode(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let (groups, []) = digits.as_chunks::<4>() else { return None };
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (i, group) in groups.iter().enumerate() {
        let padding = match group {
            [_, _, b'=', b'='] => 2,
            [.., b'='] => 1,
            _ => 0,
        };
        if padding > 0 && i + 1 < groups.len() {
            return None;
        }
        let mut value = 0;
        for &digit in &group[..4 - padding] {
            value = value << 6 | sextet(digit)?;
        }
        let [_, decoded @ ..] = (value << (6 * padding)).to_be_bytes();
        bytes.extend_from_slice(&decoded[..3 - padding]);
    }
    Some(text_of(&bytes))
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn decode() {
        for (text, expected) in [
            ("aGk=", Some("hi")),
            ("aG\nk=", Some("hi")),
            ("", Some("")),
            ("aGk", None),
            ("aGk=aGk=", None),
            ("a=k=", None),
            ("4oI=", Some("\u{fffd}\u{fffd}")),
        ] {
            assert_eq!(super::decode(text).as_deref(), expected, "{text}");
        }
    }
}
