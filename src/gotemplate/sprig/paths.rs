//! Slash-separated paths, as Go's `path` has them; the controller runs on Linux, so `filepath` is the same
//! but for small things that do not matter to these five.

use super::{Made, STR, fixed};
use crate::gotemplate::function::{Arguments, Call, Function};
use crate::gotemplate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("base", &[STR], BASE),
    fixed("osBase", &[STR], BASE),
    fixed("dir", &[STR], DIR),
    fixed("osDir", &[STR], DIR),
    fixed("clean", &[STR], CLEAN),
    fixed("osClean", &[STR], CLEAN),
    fixed("ext", &[STR], EXT),
    fixed("osExt", &[STR], EXT),
    fixed("isAbs", &[STR], IS_ABS),
    fixed("osIsAbs", &[STR], IS_ABS),
];

const BASE: Call = |_, a| -> Made { Ok(Value::text(base(a.text(0)?))) };
const DIR: Call = |_, a| -> Made { Ok(Value::text(dir(a.text(0)?))) };
const CLEAN: Call = |_, a| -> Made { Ok(Value::text(clean(a.text(0)?))) };
const EXT: Call = |_, a| -> Made { Ok(Value::text(ext(a.text(0)?))) };
const IS_ABS: Call = |_, a| -> Made { Ok(Value::Bool(a.text(0)?.starts_with(b"/"))) };

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let path = &path[..end];
    if path.is_empty() {
        return b"/";
    }
    let start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    &path[start..]
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    clean(&path[..end])
}

fn ext(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    match path[start..].iter().rposition(|byte| *byte == b'.') {
        Some(dot) => &path[start + dot..],
        None => b"",
    }
}

fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => (),
            b".." if parts.last().is_some_and(|last| *last != b"..") => drop(parts.pop()),
            b".." if rooted => (),
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart_as_go_does() {
        for (path, of_base, of_dir, cleaned, of_ext) in [
            ("a/b/c.txt", "c.txt", "a/b", "a/b/c.txt", ".txt"),
            ("", ".", ".", ".", ""),
            ("/", "/", "/", "/", ""),
            ("//a//", "a", "/a", "/a", ""),
            ("../../x", "x", "../..", "../../x", ""),
            ("/../x", "x", "/", "/x", ""),
            ("a/..", "..", "a", ".", "."),
            ("a.b/c", "c", "a.b", "a.b/c", ""),
        ] {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(text(base(path.as_bytes())), of_base, "base {path}");
            assert_eq!(text(&dir(path.as_bytes())), of_dir, "dir {path}");
            assert_eq!(text(&clean(path.as_bytes())), cleaned, "clean {path}");
            assert_eq!(text(ext(path.as_bytes())), of_ext, "ext {path}");
        }
    }
}
