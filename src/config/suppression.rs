//! Suppressions: what the authors of manifests say about findings, and what becomes of them.
//!
//! ```text
//! # billhook: ignore[duplicate-object, BH301] why this may be so
//! # billhook: ignore-file[BH601] generated, and checked elsewhere
//! metadata: {annotations: {billhook/ignore: "duplicate-object why this may be so; BH301 and why this"}}
//! ```

use crate::config::{Date, Ignore, Loaded, RuleName, RuleNames};
use crate::files::{Lines, Location, Path, Side, Span};
use crate::finding::{Finding, Object};
use crate::yaml::{File, Node};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The annotation that suppresses findings about a rendered object.
pub const ANNOTATION: &str = "billhook/ignore";

/// The word every comment of ours begins with.
const WORD: &str = "billhook:";

/// One suppression as it is written, before anybody knows whether its rules exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Codes and names, in order.
    pub rules: Vec<String>,
    /// Why; may be empty, which is a finding.
    pub reason: String,
    /// Whether it holds for the whole file.
    pub file: bool,
}

/// Why a text that wants to be a suppression is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something else than `ignore` or `ignore-file` behind `billhook:`.
    #[error("`{0}` is not known behind `billhook:`")]
    Verb(String),
    /// No `[`.
    #[error("`{0}` names no rules")]
    NoRules(String),
    /// No `]`.
    #[error("`[` is not closed")]
    NotClosed,
    /// Nothing between the brackets, or between two commas.
    #[error("the name of a rule is missing")]
    EmptyRule,
}

impl Malformed {
    fn help(&self) -> &'static str {
        match self {
            Self::Verb(_) => "write `ignore[RULE] reason`, or `ignore-file[RULE] reason` for the whole file",
            Self::NoRules(_) | Self::NotClosed | Self::EmptyRule => {
                "name the rules in brackets: `# billhook: ignore[RULE, RULE] reason`"
            }
        }
    }
}

/// Reads a comment, with or without its `#`. None where it is none of ours.
pub fn parse_comment(text: &str) -> Option<Result<Written, Malformed>> {
    let rest = text.trim_start().trim_start_matches('#').trim_start().strip_prefix(WORD)?;
    Some(parse(rest.trim()))
}

fn parse(rest: &str) -> Result<Written, Malformed> {
    let verb_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    let (verb, rest) = rest.split_at(verb_end);
    let file = match verb {
        "ignore" => false,
        "ignore-file" => true,
        _ => return Err(Malformed::Verb(if verb.is_empty() { rest.to_owned() } else { verb.to_owned() })),
    };
    let inside = rest.trim_start().strip_prefix('[').ok_or_else(|| Malformed::NoRules(verb.to_owned()))?;
    let (list, reason) = inside.split_once(']').ok_or(Malformed::NotClosed)?;
    let rules: Vec<String> = list.split(',').map(|rule| rule.trim().to_owned()).collect();
    if rules.iter().any(String::is_empty) {
        return Err(Malformed::EmptyRule);
    }
    let reason = reason.trim();
    // Another comment behind the bracket is no reason; `#12` in one is.
    let reason = if reason.starts_with("# ") { "" } else { reason };
    Ok(Written { rules, reason: reason.to_owned(), file })
}

/// Reads the annotation [`ANNOTATION`]: `NAME reason; NAME, NAME reason`.
pub fn parse_annotation(text: &str) -> Vec<Written> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let mut rules = Vec::new();
            let mut rest = part;
            loop {
                let end = rest.find([' ', '\t', '\n', ',']).unwrap_or(rest.len());
                let (rule, behind) = rest.split_at(end);
                rules.push(rule.to_owned());
                rest = behind.trim_start();
                match rest.strip_prefix(',') {
                    Some(more) => rest = more.trim_start(),
                    None => break,
                }
            }
            rules.retain(|rule| !rule.is_empty());
            Written { rules, reason: rest.to_owned(), file: false }
        })
        .collect()
}

/// Whether a text may hold a comment of ours.
pub fn is_mentioned(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), WORD.as_bytes()).is_some()
}

/// What a suppression covers.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Findings that start in this piece of a file.
    Piece(Path, Span),
    /// Findings in this file.
    File(Path),
    /// Findings about any of these objects, which are renderings of one text.
    Objects(Vec<Owned>),
    /// Findings that a selector of the configuration matches.
    Selector(Box<Ignore>),
}

/// An object and who deploys it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The Application (`namespace/name`); None where nobody here deploys it.
    pub application: Option<Arc<str>>,
    /// The object.
    pub object: Object,
    /// Where its text stands, where that is a file of the tree.
    pub piece: Option<Location>,
}

impl Owned {
    /// Whether a finding is about this object: by its name, as the Application it is, or by its place.
    fn is_subject(&self, finding: &Finding) -> bool {
        let named = finding.object.as_ref() == Some(&self.object)
            && (self.application.is_none() || finding.application == self.application);
        let itself = finding.object.is_none()
            && &*self.object.kind == "Application"
            && finding.application.as_deref().and_then(|id| id.split_once('/'))
                == Some((&*self.object.namespace, &*self.object.name));
        let placed = self.piece.as_ref().is_some_and(|piece| holds(&piece.path, piece.span, finding));
        named || itself || placed
    }
}

/// Whether a finding starts in this piece of a file.
fn holds(path: &Path, span: Span, finding: &Finding) -> bool {
    finding.location.side == Side::Head
        && finding.location.path == *path
        && (span.start..span.end).contains(&finding.location.span.start)
}

/// One suppression, ready to be held against findings.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The rules, as far as they exist.
    pub rules: Vec<RuleName>,
    /// What it covers.
    pub scope: Scope,
    /// Why; may be empty.
    pub reason: String,
    /// The last day it holds.
    pub until: Option<Date>,
    /// Where it is written.
    pub location: Location,
}

/// Suppressions, and what is wrong with some.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Those that hold.
    pub suppressions: Vec<Suppression>,
    /// What is wrong with them and with others.
    pub complaints: Vec<Complaint>,
}

/// What can be wrong with a suppression; each kind is reported by the rule of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComplaintKind {
    /// It hides nothing.
    Unused,
    /// Its last day is over.
    Expired,
    /// It does not say why.
    Reasonless,
    /// It names a rule that does not exist.
    UnknownRule,
    /// A comment that wants to be one cannot be read.
    Malformed,
}

impl ComplaintKind {
    /// The code of the rule that reports it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unused => "BH901",
            Self::Expired => "BH902",
            Self::Reasonless => "BH903",
            Self::UnknownRule => "BH904",
            Self::Malformed => "BH905",
        }
    }
}

/// Something wrong with a suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What.
    pub kind: ComplaintKind,
    /// Where it is written.
    pub location: Location,
    /// In the user's own words.
    pub message: String,
    /// Why it matters.
    pub because: &'static str,
    /// What to do.
    pub help: &'static str,
}

impl Collected {
    /// Takes the comments of a file. `text` may be anything: a manifest, a template, a configuration.
    pub fn add_comments(&mut self, path: &Path, file: &File, rules: RuleNames<'_>) {
        let text = file.text();
        if !is_mentioned(text) {
            return;
        }
        let lines = Lines::new(text);
        for span in comments(file) {
            let Some(read) = text.get(span.range()).and_then(parse_comment) else { continue };
            let location = Location::new(path.clone(), span);
            match read {
                Err(malformed) => self.complaints.push(complaint(
                    ComplaintKind::Malformed,
                    location,
                    format!("this comment is no suppression: {malformed}"),
                    "it hides nothing",
                    malformed.help(),
                )),
                Ok(written) => {
                    let scope = match written.file {
                        true => Scope::File(path.clone()),
                        false => Scope::Piece(path.clone(), covered(file, &lines, span)),
                    };
                    self.add(written, scope, location, rules);
                }
            }
        }
    }

    /// Takes what the annotation [`ANNOTATION`] says, which stands at `location` on all these objects.
    pub fn add_annotation(
        &mut self,
        text: &str,
        objects: &[Owned],
        location: &Location,
        rules: RuleNames<'_>,
    ) {
        for written in parse_annotation(text) {
            self.add(written, Scope::Objects(objects.to_vec()), location.clone(), rules);
        }
    }

    /// Takes the selectors of a configuration.
    pub fn add_selectors(&mut self, loaded: &Loaded, rules: RuleNames<'_>) {
        for (i, ignore) in loaded.config.ignore.iter().enumerate() {
            self.suppressions.push(Suppression {
                rules: ignore.rules.iter().filter_map(|name| rules.find(name)).collect(),
                scope: Scope::Selector(Box::new(ignore.clone())),
                reason: ignore.reason.as_str().to_owned(),
                until: ignore.until,
                location: loaded.location(&["ignore", &i.to_string()]),
            });
        }
    }

    fn add(&mut self, written: Written, scope: Scope, location: Location, rules: RuleNames<'_>) {
        if written.reason.is_empty() {
            self.complaints.push(complaint(
                ComplaintKind::Reasonless,
                location.clone(),
                format!("`{}` is ignored, and nobody says why", written.rules.join("`, `")),
                "whoever reads this later cannot tell whether it still holds",
                "write the reason behind it",
            ));
        }
        let mut known = Vec::new();
        for name in &written.rules {
            match rules.find(name) {
                Some(rule) => known.push(rule),
                None => self.complaints.push(complaint(
                    ComplaintKind::UnknownRule,
                    location.clone(),
                    rules.unknown(name),
                    "it hides nothing",
                    "`billhook explain` lists the rules",
                )),
            }
        }
        if !known.is_empty() {
            let reason = written.reason;
            self.suppressions.push(Suppression { rules: known, scope, reason, until: None, location });
        }
    }
}

/// The comments of a file. Of one that is no YAML, such as a template, whatever looks like a comment of ours.
fn comments(file: &File) -> Vec<Span> {
    if file.documents().iter().all(|document| document.root().is_ok()) {
        return file.comments().to_vec();
    }
    let text: &str = file.text();
    let marks = memchr::memmem::find_iter(text.as_bytes(), WORD.as_bytes());
    let comment = |word: usize| {
        let line = text[..word].rfind('\n').map_or(0, |at| at + 1);
        let before = text[line..word].trim_end();
        let hash = line + before.len() - before.ends_with('#').then_some(1)?;
        let alone = text[line..hash].chars().next_back().is_none_or(char::is_whitespace);
        let end = text[word..].find('\n').map_or(text.len(), |at| word + at);
        alone.then(|| Span::new(hash, end))
    };
    marks.filter_map(comment).collect()
}

/// What a comment covers: its own line when something stands before it, else the next line that is no comment;
/// all of the object where that is the first line of one.
fn covered(file: &File, lines: &Lines, comment: Span) -> Span {
    let text = file.text();
    let line_of = |line: u32| {
        let start = lines.start(line).unwrap_or(text.len() as u32) as usize;
        let end = lines.start(line + 1).map_or(text.len(), |next| next as usize);
        Span::new(start, end)
    };
    let mut line = lines.line(comment.start);
    let own = line_of(line);
    let before = text.get(own.start as usize..comment.start as usize).unwrap_or("");
    if before.trim().is_empty() {
        loop {
            line += 1;
            let next = text.get(line_of(line).range()).unwrap_or("").trim_start();
            let passed = next.is_empty() || next.starts_with('#') || next.starts_with("---");
            if line > lines.count() || !passed {
                break;
            }
        }
    }
    let span = line_of(line);
    objects(file).find(|object| lines.line(object.start) == line).map_or(span, |object| object.join(span))
}

/// Where each object of a file is: the root of each document, and the items of lists.
fn objects(file: &File) -> impl Iterator<Item = Span> + '_ {
    let roots =
        file.documents().iter().filter_map(|document| document.root().ok()).map(|root| file.node(root));
    roots.flat_map(|root| {
        let items = root.get("items").into_iter().flat_map(Node::items).filter(|item| item.is_map());
        let members: Vec<Span> = items.map(Node::span).collect();
        // A comment at the head of a list means the list only where it stands before the list.
        std::iter::once(root.span()).chain(members)
    })
}

/// What is left of findings when suppressions were held against them.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Those that are told.
    pub kept: Vec<Finding>,
    /// Those that are not.
    pub suppressed: Vec<Suppressed>,
    /// What is wrong with suppressions: as collected, and those that are over or hide nothing.
    pub complaints: Vec<Complaint>,
}

/// A finding that is not told, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Whether it is suppressed among the manifests themselves, not by the configuration.
    pub in_source: bool,
    /// Why; may be empty, which is a finding of its own.
    pub reason: String,
}

/// The circumstances in which suppressions are held against findings.
pub struct Circumstances<'a> {
    /// Today, for those with a last day.
    pub today: Date,
    /// Whether a rule ran, so that a suppression of it could have hidden something.
    pub ran: &'a dyn Fn(&str) -> bool,
    /// Whether everything was rendered. Else a selector or an annotation may be for what is not known.
    pub complete: bool,
}

/// Hides what is suppressed, and complains about suppressions that are unused or over.
///
/// Findings of the guard's own (BH9xx) cannot be suppressed.
pub fn apply(findings: Vec<Finding>, collected: Collected, now: &Circumstances<'_>) -> Applied {
    let mut applied = Applied { complaints: collected.complaints, ..Applied::default() };
    let (over, holding): (Vec<Suppression>, Vec<Suppression>) =
        collected.suppressions.into_iter().partition(|one| one.until.is_some_and(|until| until < now.today));
    let mut used: BTreeSet<(usize, &str)> = BTreeSet::new();
    for finding in findings {
        let mut by = None;
        for (i, suppression) in holding.iter().enumerate() {
            if suppression.covers(&finding) {
                by = by.or(Some(suppression));
                used.insert((i, finding.code));
            }
        }
        match by {
            Some(suppression) => applied.suppressed.push(Suppressed {
                finding,
                in_source: !matches!(suppression.scope, Scope::Selector(_)),
                reason: suppression.reason.clone(),
            }),
            None => applied.kept.push(finding),
        }
    }
    applied.complaints.extend(over.iter().filter_map(|one| Some(expired(one, one.until?))));
    for (i, suppression) in holding.iter().enumerate() {
        if !now.complete && !matches!(suppression.scope, Scope::Piece(..) | Scope::File(_)) {
            continue;
        }
        let idle =
            suppression.rules.iter().filter(|rule| (now.ran)(rule.code) && !used.contains(&(i, rule.code)));
        applied.complaints.extend(idle.map(|rule| unused(suppression, *rule)));
    }
    applied
}

fn unused(suppression: &Suppression, rule: RuleName) -> Complaint {
    complaint(
        ComplaintKind::Unused,
        suppression.location.clone(),
        format!("nothing here is a finding of `{}`", rule.name),
        "it would hide the next one, which nobody has judged",
        "remove it, or the name of the rule from it",
    )
}

fn expired(suppression: &Suppression, until: Date) -> Complaint {
    complaint(
        ComplaintKind::Expired,
        suppression.location.clone(),
        format!("this held until {until}"),
        "what it hid is told again",
        "cure what it hid, or set a new date",
    )
}

fn complaint(
    kind: ComplaintKind,
    location: Location,
    message: String,
    because: &'static str,
    help: &'static str,
) -> Complaint {
    Complaint { kind, location, message, because, help }
}

impl Suppression {
    /// Whether it hides this finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        if finding.code.starts_with("BH9") || !self.rules.iter().any(|rule| rule.code == finding.code) {
            return false;
        }
        match &self.scope {
            Scope::Piece(path, span) => holds(path, *span, finding),
            Scope::File(path) => finding.location.side == Side::Head && finding.location.path == *path,
            Scope::Objects(objects) => objects.iter().any(|object| object.is_subject(finding)),
            Scope::Selector(ignore) => ignore.covers(finding),
        }
    }
}

impl Ignore {
    /// Whether all that is written down matches. What a finding does not have, nothing matches.
    fn covers(&self, finding: &Finding) -> bool {
        let object = finding.object.as_ref();
        let texts = [
            (&self.cluster, finding.cluster.as_deref()),
            (&self.group, object.map(|object| &*object.group)),
            (&self.kind, object.map(|object| &*object.kind)),
            (&self.namespace, object.map(|object| &*object.namespace)),
            (&self.name, object.map(|object| &*object.name)),
            (&self.path, Some(&*finding.location.path)),
        ];
        let all = texts.iter().all(|(glob, text)| match (glob, text) {
            (None, _) => true,
            (Some(glob), Some(text)) => glob.matches(text),
            (Some(_), None) => false,
        });
        let application = match (&self.application, &finding.application) {
            (None, _) => true,
            (Some(glob), Some(id)) => glob.matches_application(id),
            (Some(_), None) => false,
        };
        all && application
    }
}
