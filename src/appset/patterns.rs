//! The three ways in which a git generator matches paths: Go's `path.Match` for directories, git pathspecs
//! for files, and doublestar where `--enable-new-git-file-globbing` is on.

/// A pattern that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Go's `path.Match`: `*` and `?` stop at slashes; the whole of `path` must match.
pub(super) fn path_match(pattern: &str, path: &str) -> Result<bool, Malformed> {
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    well_formed(&pattern)?;
    Ok(go_match(&pattern, &path))
}

fn well_formed(pattern: &[char]) -> Result<(), Malformed> {
    let mut rest = pattern;
    while let Some((first, tail)) = rest.split_first() {
        rest = match first {
            '\\' => tail.get(1..).ok_or(Malformed)?,
            '[' => class(tail, 'x', Classes::Go)?.1,
            _ => tail,
        };
    }
    Ok(())
}

fn go_match(pattern: &[char], path: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return path.is_empty();
    };
    match first {
        '*' => {
            let reach = path.iter().take_while(|c| **c != '/').count();
            (0..=reach).any(|taken| go_match(rest, &path[taken..]))
        }
        '?' => path.first().is_some_and(|c| *c != '/') && go_match(rest, &path[1..]),
        '[' => match path.split_first() {
            Some((c, tail)) if *c != '/' => match class(rest, *c, Classes::Go) {
                Ok((true, rest)) => go_match(rest, tail),
                _ => false,
            },
            _ => false,
        },
        '\\' => match (rest.split_first(), path.split_first()) {
            (Some((wanted, rest)), Some((c, tail))) => wanted == c && go_match(rest, tail),
            _ => false,
        },
        wanted => path.first() == Some(wanted) && go_match(rest, &path[1..]),
    }
}

/// Whose rules a bracket follows.
#[derive(Clone, Copy, PartialEq)]
enum Classes {
    /// `^` negates; no names of classes; an empty bracket is malformed.
    Go,
    /// `^` and `!` negate; `[:alpha:]`; a bracket that comes first is itself.
    Git,
    /// As Go, and `!` negates.
    Doublestar,
}

/// Whether `c` is in the bracket whose inside begins at `rest`, and what follows it.
fn class(rest: &[char], c: char, rules: Classes) -> Result<(bool, &[char]), Malformed> {
    let negates = |c: &char| *c == '^' || *c == '!' && rules != Classes::Go;
    let negated = rest.first().is_some_and(negates);
    let mut rest = if negated { &rest[1..] } else { rest };
    let (mut found, mut count) = (false, 0);
    loop {
        let (first, tail) = rest.split_first().ok_or(Malformed)?;
        if *first == ']' && count > 0 {
            return Ok((found != negated, tail));
        }
        count += 1;
        if rules == Classes::Git && *first == '[' && tail.first() == Some(&':') {
            let end = tail.iter().position(|c| *c == ']').ok_or(Malformed)?;
            let name: String = tail[1..end].iter().collect();
            found |= posix(&name, c)?;
            rest = &tail[end + 1..];
            continue;
        }
        let (low, tail) = one(rest, rules)?;
        rest = tail;
        let mut high = low;
        if rest.first() == Some(&'-') && (rules != Classes::Git || rest.get(1).is_some_and(|c| *c != ']')) {
            (high, rest) = one(&rest[1..], rules)?;
        }
        found |= (low..=high).contains(&c);
    }
}

fn one(rest: &[char], rules: Classes) -> Result<(char, &[char]), Malformed> {
    let (first, tail) = rest.split_first().ok_or(Malformed)?;
    if *first == '\\' {
        let (escaped, tail) = tail.split_first().ok_or(Malformed)?;
        return Ok((*escaped, tail));
    }
    if rules != Classes::Git && matches!(first, '-' | ']') || rules != Classes::Git && tail.is_empty() {
        return Err(Malformed);
    }
    Ok((*first, tail))
}

fn posix(name: &str, c: char) -> Result<bool, Malformed> {
    let name = name.strip_suffix(':').ok_or(Malformed)?;
    Ok(match name {
        "alnum" => c.is_ascii_alphanumeric(),
        "alpha" => c.is_ascii_alphabetic(),
        "blank" => matches!(c, ' ' | '\t'),
        "cntrl" => c.is_ascii_control(),
        "digit" => c.is_ascii_digit(),
        "graph" => c.is_ascii_graphic(),
        "lower" => c.is_ascii_lowercase(),
        "print" => c.is_ascii_graphic() || c == ' ',
        "punct" => c.is_ascii_punctuation(),
        "space" => c.is_ascii_whitespace(),
        "upper" => c.is_ascii_uppercase(),
        "xdigit" => c.is_ascii_hexdigit(),
        _ => return Err(Malformed),
    })
}

/// A git pathspec as `git ls-files` takes it at the root of a repository (gitglossary(7)).
pub(super) struct Pathspec {
    pattern: String,
    exclude: bool,
    literal: bool,
    /// `:(glob)`: `*` stops at slashes, `**` does not.
    glob: bool,
    ignore_case: bool,
}

impl Pathspec {
    /// Reads a pathspec.
    ///
    /// # Errors
    ///
    /// What git says when it cannot, or when the path leaves the repository.
    pub fn parse(text: &str) -> Result<Pathspec, String> {
        let mut spec =
            Pathspec { pattern: String::new(), exclude: false, literal: false, glob: false, ignore_case: false };
        let text = if text.is_empty() { "." } else { text };
        let rest = match text.strip_prefix(':') {
            None => text,
            Some("") => "",
            Some(magic) if magic.starts_with('(') => spec.long_magic(magic)?,
            Some(magic) => spec.short_magic(magic)?,
        };
        if spec.literal && spec.glob {
            return Err("'literal' and 'glob' are incompatible".to_owned());
        }
        spec.pattern = inside(rest)?;
        Ok(spec)
    }

    fn long_magic<'t>(&mut self, magic: &'t str) -> Result<&'t str, String> {
        let (words, rest) = magic[1..].split_once(')').ok_or("missing ')' at the end of pathspec magic")?;
        for word in words.split(',').filter(|word| !word.is_empty()) {
            match word {
                "top" => (),
                "literal" => self.literal = true,
                "glob" => self.glob = true,
                "icase" => self.ignore_case = true,
                "exclude" => self.exclude = true,
                _ => return Err(format!("Invalid pathspec magic '{word}'")),
            }
        }
        Ok(rest)
    }

    fn short_magic<'t>(&mut self, magic: &'t str) -> Result<&'t str, String> {
        let mut rest = magic;
        while let Some(c) = rest.chars().next() {
            match c {
                ':' => return Ok(&rest[1..]),
                '/' => (),
                '!' | '^' => self.exclude = true,
                c if c.is_ascii_alphanumeric() || !c.is_ascii() || "*?[]\\.-_ ".contains(c) => break,
                c if c.is_ascii_punctuation() => return Err(format!("Unimplemented pathspec magic '{c}'")),
                _ => break,
            }
            rest = &rest[c.len_utf8()..];
        }
        Ok(rest)
    }

    /// Whether `git ls-files` would list this path.
    pub fn matches(&self, path: &str) -> bool {
        // An exclusion alone takes everything else.
        self.takes(path) != self.exclude
    }

    fn takes(&self, path: &str) -> bool {
        let pattern = self.pattern.as_str();
        if pattern.is_empty() {
            return true;
        }
        let fold = |text: &str| if self.ignore_case { text.to_lowercase() } else { text.to_owned() };
        let (pattern, path) = (fold(pattern), fold(path));
        if let Some(below) = path.strip_prefix(&pattern)
            && (below.is_empty() || below.starts_with('/') || pattern.ends_with('/'))
        {
            return true;
        }
        if self.literal || !pattern.contains(['*', '?', '[', '\\']) {
            return false;
        }
        let pattern: Vec<char> = pattern.chars().collect();
        let path: Vec<char> = path.chars().collect();
        wildmatch(&pattern, &path, self.glob, true)
    }
}

/// The path from the root of the repository, without `.` and `..`.
fn inside(path: &str) -> Result<String, String> {
    let outside = || format!("{path}: '{path}' is outside repository");
    if path.starts_with('/') {
        return Err(outside());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => (),
            ".." => drop(parts.pop().ok_or_else(outside)?),
            part => parts.push(part),
        }
    }
    let mut joined = parts.join("/");
    if path.ends_with('/') && !joined.is_empty() {
        joined.push('/');
    }
    Ok(joined)
}

/// git's `wildmatch`; `by_name` is WM_PATHNAME, `at_start` whether the pattern is at the start of a name.
fn wildmatch(pattern: &[char], path: &[char], by_name: bool, at_start: bool) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return path.is_empty();
    };
    match first {
        '*' => star(pattern, path, by_name, at_start),
        '?' => path.first().is_some_and(|c| !by_name || *c != '/') && wildmatch(rest, &path[1..], by_name, false),
        '[' => match path.split_first() {
            Some((c, tail)) if !by_name || *c != '/' => match class(rest, *c, Classes::Git) {
                Ok((true, rest)) => wildmatch(rest, tail, by_name, false),
                _ => false,
            },
            _ => false,
        },
        '\\' => match (rest.split_first(), path.split_first()) {
            (Some((wanted, rest)), Some((c, tail))) => wanted == c && wildmatch(rest, tail, by_name, *c == '/'),
            _ => false,
        },
        wanted => path.first() == Some(wanted) && wildmatch(rest, &path[1..], by_name, *wanted == '/'),
    }
}

fn star(pattern: &[char], path: &[char], by_name: bool, at_start: bool) -> bool {
    let stars = pattern.iter().take_while(|c| **c == '*').count();
    let rest = &pattern[stars..];
    let crosses = if !by_name {
        true
    } else {
        let whole = at_start && matches!(rest.first(), None | Some('/'));
        if stars > 1 && whole {
            // `**/` also stands for no folder at all.
            if rest.first() == Some(&'/') && wildmatch(&rest[1..], path, by_name, true) {
                return true;
            }
            true
        } else {
            false
        }
    };
    let reach = if crosses { path.len() } else { path.iter().take_while(|c| **c != '/').count() };
    (0..=reach).any(|taken| wildmatch(rest, &path[taken..], by_name, taken > 0 && path[taken - 1] == '/'))
}

/// bmatcuk/doublestar 4 over the files of a repository.
pub(super) mod doublestar {
    use super::{Classes, Malformed, class};

    /// The files that match `pattern`, in the order given.
    ///
    /// # Errors
    ///
    /// When the pattern is malformed, or matches a folder, which cannot be read as a file.
    pub(in crate::appset) fn list<'t>(
        files: impl Iterator<Item = &'t str>,
        pattern: &str,
    ) -> Result<Vec<String>, String> {
        let pattern = cleaned(if pattern.is_empty() { "." } else { pattern });
        let alternatives: Result<Vec<Vec<char>>, Malformed> =
            braces(&pattern).map(|all| all.iter().map(|one| one.chars().collect()).collect());
        let alternatives = alternatives.map_err(|_| "syntax error in pattern".to_owned())?;
        let takes = |path: &str| -> bool {
            let path: Vec<char> = path.chars().collect();
            alternatives.iter().any(|pattern| matches(pattern, &path, true))
        };
        let mut found = Vec::new();
        for file in files {
            for (slash, _) in file.match_indices('/') {
                if takes(&file[..slash]) {
                    return Err(format!("unable to read files: {} is a directory", &file[..slash]));
                }
            }
            if takes(file) {
                found.push(file.to_owned());
            }
        }
        Ok(found)
    }

    /// The pattern joined to a root and cleaned, as `filepath.Join` does it.
    fn cleaned(pattern: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in pattern.split('/') {
            match part {
                "" | "." => (),
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// How many patterns the braces of one may stand for.
    const MOST: usize = 1000;

    /// The pattern for each choice of its braces.
    fn braces(pattern: &str) -> Result<Vec<String>, Malformed> {
        let mut done = Vec::new();
        let mut pending = vec![pattern.to_owned()];
        while let Some(pattern) = pending.pop() {
            let Some((open, close)) = first_braces(&pattern)? else {
                done.push(pattern);
                continue;
            };
            for choice in choices(&pattern[open + 1..close]) {
                pending.push(format!("{}{choice}{}", &pattern[..open], &pattern[close + 1..]));
            }
            if pending.len() + done.len() > MOST {
                return Err(Malformed);
            }
        }
        Ok(done)
    }

    fn first_braces(pattern: &str) -> Result<Option<(usize, usize)>, Malformed> {
        let (mut open, mut depth, mut escaped) = (None, 0, false);
        for (index, c) in pattern.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '{' => {
                    open = open.or(Some(index));
                    depth += 1;
                }
                '}' if depth > 0 => {
                    depth -= 1;
                    if let (0, Some(open)) = (depth, open) {
                        return Ok(Some((open, index)));
                    }
                }
                _ => (),
            }
        }
        if open.is_some() { Err(Malformed) } else { Ok(None) }
    }

    fn choices(inner: &str) -> Vec<&str> {
        let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
        for (index, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&inner[start..index]);
                    start = index + 1;
                }
                _ => (),
            }
        }
        parts.push(&inner[start..]);
        parts
    }

    fn matches(pattern: &[char], path: &[char], at_start: bool) -> bool {
        let Some((first, rest)) = pattern.split_first() else {
            return path.is_empty();
        };
        match first {
            '*' if rest.first() == Some(&'*') && at_start && matches!(rest.get(1), None | Some('/')) => {
                let Some(after) = rest.get(2..) else {
                    return true;
                };
                if matches(after, path, true) {
                    return true;
                }
                let mut slashes = path.iter().enumerate().filter(|(_, c)| **c == '/');
                slashes.any(|(slash, _)| matches(after, &path[slash + 1..], true))
            }
            '*' => {
                let reach = path.iter().take_while(|c| **c != '/').count();
                (0..=reach).any(|taken| matches(rest, &path[taken..], false))
            }
            '?' => path.first().is_some_and(|c| *c != '/') && matches(rest, &path[1..], false),
            '[' => match path.split_first() {
                Some((c, tail)) if *c != '/' => match class(rest, *c, Classes::Doublestar) {
                    Ok((true, rest)) => matches(rest, tail, false),
                    _ => false,
                },
                _ => false,
            },
            '\\' => match (rest.split_first(), path.split_first()) {
                (Some((wanted, rest)), Some((c, tail))) => wanted == c && matches(rest, tail, false),
                _ => false,
            },
            wanted => path.first() == Some(wanted) && matches(rest, &path[1..], *wanted == '/'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_directories_as_go_does() {
        for (pattern, path, expected) in [
            ("apps/*", "apps/web", Ok(true)),
            ("apps/*", "apps/web/base", Ok(false)),
            ("apps/**", "apps/web/base", Ok(false)),
            ("*", "apps", Ok(true)),
            ("a[^b]c", "axc", Ok(true)),
            ("a[!b]c", "a!c", Ok(true)),
            ("a\\*", "a*", Ok(true)),
            ("[a", "a", Err(Malformed)),
            ("a[]b]", "ab", Err(Malformed)),
        ] {
            assert_eq!(path_match(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn matches_files_as_git_does() {
        for (spec, path, expected) in [
            ("cfg/*.yaml", "cfg/a/b.yaml", true),
            ("cfg", "cfg/a", true),
            ("cfg", "cfg2/a", false),
            ("cfg/", "cfg/a", true),
            ("", "a", true),
            ("**/x", "x", false),
            (":(glob)**/x", "x", true),
            (":(glob)*/x", "a/b/x", false),
            ("a?b", "a/b", true),
            (":!x", "y", true),
            (":!x", "x", false),
            (":(icase)A", "a", true),
            ("./a/../b", "b", true),
        ] {
            let spec_ = Pathspec::parse(spec).expect(spec);
            assert_eq!(spec_.matches(path), expected, "{spec} {path}");
        }
        for spec in ["/a", "../a", ":(nope)a", ":(glob"] {
            assert!(Pathspec::parse(spec).is_err(), "{spec}");
        }
    }

    #[test]
    fn matches_files_as_doublestar_does() {
        for (pattern, expected) in [
            ("**/a.yaml", Ok(vec!["a.yaml", "x/a.yaml", "x/y/a.yaml"])),
            ("*/a.yaml", Ok(vec!["x/a.yaml"])),
            ("{x,z}/a.yaml", Ok(vec!["x/a.yaml"])),
            ("x", Err(())),
            ("[", Ok(vec![])),
        ] {
            let files = ["a.yaml", "x/a.yaml", "x/y/a.yaml"];
            let found = doublestar::list(files.into_iter(), pattern).map_err(|_| ());
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
