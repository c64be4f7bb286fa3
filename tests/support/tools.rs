//! The programs on PATH that tests need.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;

/// A program on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether all of these are on PATH; says so where they are not, and fails where they have to be.
pub fn has(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| find(program).is_none()).collect();
    if !missing.is_empty() {
        let missing = missing.join(" and ");
        assert!(std::env::var_os("BILLHOOK_REQUIRE_TOOLS").is_none(), "not on PATH: {missing}");
        eprintln!("not tested: {missing} is not on PATH");
    }
    missing.is_empty()
}
