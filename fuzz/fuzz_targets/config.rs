//! A configuration is read or refused; what is refused says so at a place of the text.
#![no_main]

use billhook::config::Loaded;
use billhook::rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Loaded::read("billhook.yaml", bytes, rules::names()) {
        assert!(!error.to_string().is_empty());
    }
});
