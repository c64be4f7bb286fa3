use crate::finding::Severity;
use crate::yaml::File;
use serde::Deserialize;

/// The page of one rule: what it says, and the examples that test it.
///
/// A page begins with a front matter between `---` lines, then one paragraph that states the rule, then sections.
#[derive(Clone, Debug)]
pub struct Page {
    /// `BH` and three digits.
    pub code: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// Unless the configuration says otherwise.
    pub severity: Severity,
    /// The version that brought it.
    pub since: &'static str,
    /// Whether it has to be switched on.
    pub off: bool,
    /// The paragraph behind the front matter.
    pub summary: &'static str,
    /// Everything behind the front matter.
    pub body: &'static str,
}

/// What a rule is about, as the first digit of its code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// `BH` and the digit.
    pub prefix: &'static str,
    /// What its rules are about.
    pub title: &'static str,
}

/// Every family, in order of code.
const FAMILIES: &[Family] = &[
    Family { prefix: "BH0", title: "reading and rendering" },
    Family { prefix: "BH1", title: "identity: duplicates, collisions, two owners" },
    Family { prefix: "BH2", title: "targeting and tenancy: namespaces, destinations, projects" },
    Family { prefix: "BH3", title: "protection: prune, delete, shared resources, volumes" },
    Family { prefix: "BH4", title: "the merge: what a change prunes, cascades, orphans, moves, blocks" },
    Family { prefix: "BH5", title: "settings of Argo CD that do not mean what was meant" },
    Family { prefix: "BH6", title: "YAML that does not say what was meant" },
    Family { prefix: "BH7", title: "recoverability: backups, retention, disruption" },
    Family { prefix: "BH9", title: "the guard's own" },
];

/// One example of a page: a small repository, or two.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Heading of its section, such as `Bad`.
    pub heading: String,
    /// Path and text of each file.
    pub files: Vec<(String, String)>,
}

/// Where a bad example expects a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The code.
    pub code: String,
    /// The severity, where the mark states one.
    pub severity: Option<Severity>,
    /// Part of the message.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    code: String,
    name: String,
    severity: Severity,
    since: String,
    /// To Kubernetes' YAML the key `off` is a truth value.
    #[serde(default, alias = "false")]
    off: bool,
}

impl Page {
    /// Reads a page; `Err` says what is wrong with it.
    pub fn parse(text: &'static str) -> Result<Self, String> {
        let rest = text.strip_prefix("---\n").ok_or("a page begins with a line `---`")?;
        let (front, body) = rest.split_once("\n---\n").ok_or("the front matter ends with a line `---`")?;
        let file = File::single(front.into());
        let root = file.documents().first().ok_or("the front matter is empty")?.root();
        let root = root.map_err(|error| error.message.clone())?;
        let read: Front = crate::yaml::de::from_node(file.node(root)).map_err(|error| error.message)?;
        let field =
            |value: &str| front.find(value).and_then(|at| front.get(at..at + value.len())).unwrap_or("");
        let body = body.trim_start();
        let summary = body.split("\n## ").next().unwrap_or("").trim();
        Ok(Self {
            code: field(&read.code),
            name: field(&read.name),
            severity: read.severity,
            since: field(&read.since),
            off: read.off,
            summary,
            body,
        })
    }

    /// What the rule is about.
    pub fn family(&self) -> Family {
        let own = |family: &&Family| self.code.starts_with(family.prefix);
        *FAMILIES.iter().find(own).expect("tests/rules.rs reads the code of every page")
    }

    /// Where people read this page. The address stays as long as the code.
    pub fn address(&self) -> String {
        format!("{}/rules/{}.html", env!("CARGO_PKG_HOMEPAGE"), self.code)
    }

    /// The text of the section with this heading; None where the page has none.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        let start = self.body.find(&format!("\n## {heading}\n"))? + heading.len() + 5;
        let rest = &self.body[start..];
        Some(rest.split("\n## ").next().unwrap_or(rest).trim())
    }

    /// The examples under headings that begin with `heading`, such as `Bad` and `Bad, second case`.
    pub fn examples(&self, heading: &str) -> Vec<Example> {
        examples(self.body).into_iter().filter(|example| example.heading.starts_with(heading)).collect()
    }
}

/// Every example of a Markdown text: the fenced blocks with a path, by section.
pub fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut heading = String::new();
    let mut fence: Option<(usize, Option<String>, String)> = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match &mut fence {
            Some((open, path, body)) if ticks >= *open && line[ticks..].trim().is_empty() => {
                if let Some(path) = path.take() {
                    add(&mut examples, &heading, path, std::mem::take(body));
                }
                fence = None;
            }
            Some((_, _, body)) => {
                body.push_str(line);
                body.push('\n');
            }
            None if ticks >= 3 => {
                fence =
                    Some((ticks, line[ticks..].split_whitespace().nth(1).map(str::to_owned), String::new()))
            }
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.trim().clone_into(&mut heading);
                }
            }
        }
    }
    examples
}

fn add(examples: &mut Vec<Example>, heading: &str, path: String, body: String) {
    match examples.last_mut().filter(|example| example.heading == heading) {
        Some(example) => example.files.push((path, body)),
        None => examples.push(Example { heading: heading.to_owned(), files: vec![(path, body)] }),
    }
}

impl Example {
    /// The findings that the comments `# CODE: part of the message` ask for; `# CODE warning: …` also states the severity.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (path, text) in &self.files {
            for (number, line) in text.lines().enumerate() {
                marks.extend(marks_of(line).into_iter().map(|(code, severity, message)| Mark {
                    path: path.clone(),
                    line: number as u32 + 1,
                    code,
                    severity,
                    message,
                }));
            }
        }
        marks.sort();
        marks
    }
}

/// The marks of one line; several stand behind each other.
fn marks_of(line: &str) -> Vec<(String, Option<Severity>, String)> {
    let mut marks = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("# BH") {
        let tail = &rest[at + 2..];
        let Some((code, message)) = tail.split_once(':') else { break };
        let (code, severity) = match code.split_once(' ') {
            Some((code, "error")) => (code, Some(Severity::Error)),
            Some((code, "warning")) => (code, Some(Severity::Warning)),
            Some((code, "note")) => (code, Some(Severity::Note)),
            _ => (code, None),
        };
        let is_code = code.len() == 5 && code[2..].bytes().all(|byte| byte.is_ascii_digit());
        if is_code {
            let end = message.find("# BH").unwrap_or(message.len());
            marks.push((code.to_owned(), severity, message[..end].trim().to_owned()));
        }
        rest = message;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "---\ncode: BH999\nname: some-rule\nseverity: warning\nsince: 0.1.0\n---\nWhat it says.\n\n## Why\nBecause.\n\n## Bad\n```yaml a.yaml\na: 1 # BH999 note: part one # BH998: two\n```\n";

    #[test]
    fn a_page() {
        let page = Page::parse(PAGE).expect("the page is well-formed");
        assert_eq!((page.code, page.name, page.severity), ("BH999", "some-rule", Severity::Warning));
        assert_eq!((page.summary, page.section("Why")), ("What it says.", Some("Because.")));
        let marks = page.examples("Bad")[0].marks();
        let found: Vec<_> =
            marks.iter().map(|mark| (mark.line, &*mark.code, mark.severity, &*mark.message)).collect();
        assert_eq!(found, [(1, "BH998", None, "two"), (1, "BH999", Some(Severity::Note), "part one")]);
    }
}
