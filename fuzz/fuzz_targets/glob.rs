//! A pattern and a text, divided by the first newline: no dialect panics, none takes long, and a plain text
//! without special characters matches itself.
#![no_main]

use billhook::glob::{Dialect, Pattern};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 6] = [
    Dialect::Gobwas,
    Dialect::GobwasSlash,
    Dialect::Path,
    Dialect::Doublestar,
    Dialect::RegexOrGobwas,
    Dialect::Pathspec,
];

fuzz_target!(|input: &str| {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    for dialect in DIALECTS {
        if let Ok(compiled) = Pattern::new(dialect, pattern) {
            let first = compiled.matches(text);
            assert_eq!(first, compiled.matches(text), "{dialect:?}");
        }
    }
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain {
        for dialect in DIALECTS {
            assert!(Pattern::new(dialect, text).is_ok_and(|own| own.matches(text)), "{dialect:?} {text}");
        }
    }
});
