//! Comments and annotations that suppress: read, refused or none of it, never a panic.
#![no_main]

use billhook::config::suppression::{parse_annotation, parse_comment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = parse_annotation(text);
    let comment = format!("# {text}");
    let bare = parse_comment(text).is_some();
    if text.starts_with("billhook:") {
        assert!(parse_comment(&comment).is_some() || !bare, "{text}");
    }
});
