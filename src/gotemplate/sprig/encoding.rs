//! Base64, base32 and checksums. Decoders give their error as the text, as sprig does.

use sha1::Digest;

use super::{Made, STR, fixed};
use crate::gotemplate::function::{Arguments, Function};
use crate::gotemplate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("b64enc", &[STR], |_, a| Ok(Value::text(base64(a.text(0)?)))),
    fixed("b64dec", &[STR], |_, a| Ok(decoded(a.text(0)?, &BASE64, "base64"))),
    fixed("b32enc", &[STR], |_, a| Ok(Value::text(encode(a.text(0)?, &BASE32)))),
    fixed("b32dec", &[STR], |_, a| Ok(decoded(a.text(0)?, &BASE32, "base32"))),
    fixed("sha1sum", &[STR], |_, a| sum(&sha1::Sha1::digest(a.text(0)?))),
    fixed("sha256sum", &[STR], |_, a| sum(&sha2::Sha256::digest(a.text(0)?))),
    fixed("sha512sum", &[STR], |_, a| sum(&sha2::Sha512::digest(a.text(0)?))),
    fixed("adler32sum", &[STR], |_, a| Ok(Value::text(adler32(a.text(0)?).to_string()))),
];

fn sum(digest: &[u8]) -> Made {
    Ok(Value::text(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn adler32(text: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    for byte in text {
        a = (a + u32::from(*byte)) % MODULUS;
        b = (b + a) % MODULUS;
    }
    b << 16 | a
}

/// An encoding that writes `bits` bits to a letter, in quanta of `letters` letters.
struct Alphabet {
    letters: &'static [u8],
    bits: u32,
    quantum: usize,
    /// How many letters the last quantum may have.
    tails: &'static [usize],
}

static BASE64: Alphabet = Alphabet {
    letters: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    bits: 6,
    quantum: 4,
    tails: &[2, 3],
};
static BASE32: Alphabet =
    Alphabet { letters: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, quantum: 8, tails: &[2, 4, 5, 7] };

/// Standard base64 with padding.
pub(in crate::gotemplate) fn base64(text: &[u8]) -> String {
    encode(text, &BASE64)
}

fn encode(text: &[u8], alphabet: &Alphabet) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut held, mut bits) = (0u32, 0);
    let mask = (1 << alphabet.bits) - 1;
    let letter = |index: u32| char::from(alphabet.letters[(index & mask) as usize]);
    for byte in text {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= alphabet.bits {
            bits -= alphabet.bits;
            out.push(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(letter(held << (alphabet.bits - bits)));
    }
    while !out.len().is_multiple_of(alphabet.quantum) {
        out.push('=');
    }
    out
}

/// The decoded bytes, or the place of the first byte that does not fit; newlines are skipped.
fn decode(text: &[u8], alphabet: &Alphabet) -> Result<Vec<u8>, usize> {
    let letters: Vec<(usize, u8)> =
        text.iter().copied().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut bits, mut count) = (0u32, 0, 0);
    for (index, (at, byte)) in letters.iter().enumerate() {
        if *byte == b'=' {
            check_padding(text.len(), &letters[index..], count, alphabet)?;
            return Ok(out);
        }
        let digit = alphabet.letters.iter().position(|letter| letter == byte).ok_or(*at)?;
        held = held << alphabet.bits | digit as u32;
        bits += alphabet.bits;
        count = (count + 1) % alphabet.quantum;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    if count == 0 { Ok(out) } else { Err(text.len() - count) }
}

/// What stands behind the first `=`: as many of them as the last quantum lacks, and nothing else.
fn check_padding(end: usize, rest: &[(usize, u8)], count: usize, alphabet: &Alphabet) -> Result<(), usize> {
    let (first, _) = rest[0];
    if !alphabet.tails.contains(&count) {
        return Err(first);
    }
    let missing = alphabet.quantum - count;
    for index in 0..missing {
        match rest.get(index) {
            Some((_, b'=')) => (),
            Some((at, _)) => return Err(*at),
            None => return Err(end),
        }
    }
    match rest.get(missing) {
        Some((at, _)) => Err(*at),
        None => Ok(()),
    }
}

fn decoded(text: &[u8], alphabet: &Alphabet, name: &str) -> Value {
    match decode(text, alphabet) {
        Ok(bytes) => Value::text(bytes),
        Err(at) => Value::text(format!("illegal {name} data at input byte {at}")),
    }
}

/// `base64.StdEncoding.DecodeString`.
pub(super) fn from_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, &BASE64).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip() {
        for text in ["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "\u{ff}\u{0}"] {
            for alphabet in [&BASE64, &BASE32] {
                assert_eq!(
                    decode(encode(text.as_bytes(), alphabet).as_bytes(), alphabet).as_deref(),
                    Ok(text.as_bytes())
                );
            }
        }
        assert_eq!(encode(b"hello", &BASE32), "NBSWY3DP");
        for (text, at) in [("???", 0), ("YQ=", 3), ("YQ", 0), ("YQ==x", 4), ("=", 0), ("Y===", 1)] {
            assert_eq!(decode(text.as_bytes(), &BASE64), Err(at), "{text}");
        }
    }
}
