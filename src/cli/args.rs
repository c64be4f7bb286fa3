//! What the command line takes. Help is written for someone who has never seen this program.

use crate::config::acknowledgement::Acknowledgement;
use crate::finding::Severity;
use crate::report::Listing;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args as Group, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Judges what Argo CD would deploy from a Git repository, before the merge
#[derive(Debug, Parser)]
#[command(name = "billhook", version, styles = STYLES, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  billhook lint                        judge the repository around this folder
  billhook lint apps/ --fail-on warning
  billhook inventory --format ndjson   every object, one JSON document a line
  billhook explain duplicate-object    why a finding matters, and what to do

Exit codes: 0 nothing to object to, 1 findings, 2 could not do its job, 3 something
could not be rendered and --strict is on.")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Reports and where they go, in pairs; see [`Args::parse_all`].
    #[arg(skip)]
    pub reports: Vec<Report>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is written as.
    pub format: Format,
    /// The file it goes to; standard output without.
    pub file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge one tree: what is wrong now, without comparing
    #[command(after_help = "Examples:
  billhook lint                          the repository around this folder
  billhook lint clusters/prod            this folder as a tree of its own
  billhook lint apps/web.yaml            read everything, report on this file
  billhook lint --format json -o lint.json --format text
  billhook lint --diff                   what --fix would change, as a patch
  billhook lint --fix --rule sync-option-invalid
  billhook lint --write-baseline billhook.baseline.json
  billhook lint --baseline billhook.baseline.json
  billhook lint --repository https://git.example/charts.git=../charts")]
    Lint(Lint),
    /// Say what a merge does to every object, before it is merged
    #[command(after_help = "Examples:
  billhook diff                          the working tree against where it left the default branch
  billhook diff --base origin/main --head HEAD
  billhook diff --base-dir before --head-dir after
  billhook diff --acknowledge 'apps/StatefulSet shop/db'
  billhook diff --format json | jq '.forecast[] | select(.danger == \"data-loss\")'")]
    Diff(Diff),
    /// List every object that would exist: cluster, Application, kind, name, origin
    #[command(after_help = "Examples:
  billhook inventory --wide
  billhook inventory --format ndjson | jq -r 'select(.key.kind == \"StatefulSet\") | .application'")]
    Inventory(Inventory),
    /// List every Application that would exist, written or generated
    #[command(after_help = "Examples:
  billhook apps
  billhook apps --applicationset sets/tenants.yaml --clusters clusters.yaml --repository https://git.example/repo.git=.")]
    Apps(Apps),
    /// Print rendered manifests as Argo CD compares them with the cluster
    #[command(after_help = "Examples:
  billhook render --app argocd/web
  billhook render --split out/           one object per file
  billhook render --application web.yaml --repository https://git.example/repo.git=.")]
    Render(Render),
    /// Explain a rule; without argument, list the rules
    #[command(after_help = "Examples:
  billhook explain
  billhook explain BH101
  billhook explain duplicate-object")]
    Explain(Explain),
    /// Write a configuration, a workflow and a hook that fit this repository, where there are none
    #[command(after_help = "Examples:
  billhook init
  billhook init --schema                 the JSON Schema of the configuration")]
    Init(Init),
    /// Print a completion script for a shell
    #[command(after_help = "Example: billhook completions bash > /etc/bash_completion.d/billhook")]
    Completions(Completions),
    /// Print the manual page
    Man,
}

impl Command {
    /// Whether it reports findings, not a list of things.
    fn has_findings(&self) -> bool {
        match self {
            Self::Lint(_) | Self::Diff(_) => true,
            Self::Inventory(_) | Self::Apps(_) | Self::Render(_) => false,
            Self::Explain(_) | Self::Init(_) | Self::Completions(_) | Self::Man => false,
        }
    }
}

/// What every command takes.
#[derive(Debug, Group)]
pub struct Global {
    /// Read the configuration from FILE instead of looking for billhook.yaml
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BILLHOOK_CONFIG",
        conflicts_with = "no_config",
        hide_env = true
    )]
    pub config: Option<PathBuf>,
    /// Do not look for a configuration
    #[arg(long, global = true, env = "BILLHOOK_NO_CONFIG", hide_env = true)]
    pub no_config: bool,
    /// How the report is written; may be given several times, each with its own -o
    #[arg(long, global = true, value_name = "FORMAT", env = "BILLHOOK_FORMAT", hide_env = true)]
    pub format: Vec<Format>,
    /// Write the report of the --format before it to FILE instead of standard output
    #[arg(short, long, global = true, value_name = "FILE", env = "BILLHOOK_OUTPUT", hide_env = true)]
    pub output: Vec<PathBuf>,
    /// Run only these rules, by code or name
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        value_delimiter = ',',
        env = "BILLHOOK_RULE",
        hide_env = true
    )]
    pub rule: Vec<String>,
    /// Exit with 1 on findings at or above this severity
    #[arg(
        long,
        global = true,
        value_name = "SEVERITY",
        default_value = "error",
        env = "BILLHOOK_FAIL_ON",
        hide_env = true
    )]
    pub fail_on: FailOn,
    /// Exit with 3 if something could not be rendered or resolved
    #[arg(long, global = true, env = "BILLHOOK_STRICT", hide_env = true)]
    pub strict: bool,
    /// Tell everything: fold nothing, and say what is not known and why
    #[arg(short, long, global = true, env = "BILLHOOK_VERBOSE", hide_env = true)]
    pub verbose: bool,
    /// Tell findings and nothing else
    #[arg(short, long, global = true, env = "BILLHOOK_QUIET", conflicts_with = "verbose", hide_env = true)]
    pub quiet: bool,
    /// Render everything anew: take nothing that an earlier run kept, and keep nothing
    #[arg(long, global = true, env = "BILLHOOK_NO_CACHE", hide_env = true)]
    pub no_cache: bool,
    /// Colour the text; NO_COLOR and FORCE_COLOR are honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "BILLHOOK_COLOR",
        hide_env = true
    )]
    pub color: Color,
    /// The program that renders charts [default: helm on PATH]
    #[arg(long, global = true, value_name = "FILE", env = "BILLHOOK_HELM", hide_env = true)]
    pub helm: Option<PathBuf>,
    /// The program that builds kustomizations [default: kustomize on PATH]
    #[arg(long, global = true, value_name = "FILE", env = "BILLHOOK_KUSTOMIZE", hide_env = true)]
    pub kustomize: Option<PathBuf>,
    /// The day that suppressions with a last day are judged by, as in 2027-01-31
    #[arg(long, global = true, value_name = "DATE", env = "BILLHOOK_TODAY", hide = true)]
    pub today: Option<crate::config::Date>,
}

/// What stands beside the tree.
#[derive(Debug, Default, Group)]
#[command(next_help_heading = "Beside the tree")]
pub struct Beside {
    /// The folder that answers for a repository, for every revision or one: URL[@REVISION]=DIR
    #[arg(long, value_name = "URL=DIR", env = "BILLHOOK_REPOSITORY", hide_env = true)]
    pub repository: Vec<Mapping>,
    /// Plain manifests of what exists outside git, on a cluster or where Argo CD lives: [CLUSTER=]PATH
    #[arg(long, value_name = "PATH", env = "BILLHOOK_KNOWN", hide_env = true)]
    pub known: Vec<Known>,
    /// The clusters, as a list or as cluster Secrets; there are no others
    #[arg(long, value_name = "FILE", env = "BILLHOOK_CLUSTERS", hide_env = true)]
    pub clusters: Option<PathBuf>,
    /// Recorded answers of the services that generators ask: scmProvider, pullRequest, plugin, clusterDecisionResource
    #[arg(long, value_name = "FILE", env = "BILLHOOK_ANSWERS", hide_env = true)]
    pub answers: Option<PathBuf>,
}

/// What becomes of findings.
#[derive(Debug, Default, Group)]
#[command(next_help_heading = "Findings")]
pub struct Findings {
    /// Count the findings that FILE knows, and tell only the others
    #[arg(long, value_name = "FILE", env = "BILLHOOK_BASELINE", hide_env = true)]
    pub baseline: Option<PathBuf>,
    /// Write every finding to FILE, which --baseline reads
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["baseline", "rule"],
        env = "BILLHOOK_WRITE_BASELINE",
        hide_env = true
    )]
    pub write_baseline: Option<PathBuf>,
    /// Link places in markdown and html to URL/PATH#Lnumber, as in https://git.example/org/repo/blob/main
    #[arg(long, value_name = "URL", value_parser = address, env = "BILLHOOK_LINKS", hide_env = true)]
    pub links: Option<String>,
}

/// An address of the web that stands in a text without ending early.
fn address(text: &str) -> Result<String, String> {
    let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[]\"'`\\".contains(&b));
    if is_web && is_plain { Ok(text.to_owned()) } else { Err("not an address of the web".to_owned()) }
}

/// `billhook lint`.
#[derive(Debug, Group)]
pub struct Lint {
    /// A folder is judged as a tree of its own; files limit what is reported, not what is read
    pub path: Vec<PathBuf>,
    /// Fix what can be fixed without a person looking at it, and report the rest
    #[arg(long, env = "BILLHOOK_FIX", hide_env = true)]
    pub fix: bool,
    /// With --fix or --diff: also fixes that a person must look at
    #[arg(long, env = "BILLHOOK_UNSAFE_FIXES", hide_env = true)]
    pub unsafe_fixes: bool,
    /// Change nothing; print what --fix would change, as a patch, and exit with 1 if there is anything
    #[arg(long, env = "BILLHOOK_DIFF", hide_env = true)]
    pub diff: bool,
    /// What becomes of findings.
    #[command(flatten)]
    pub findings: Findings,
    /// What stands beside the tree.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook diff`.
#[derive(Debug, Group)]
pub struct Diff {
    /// The revision that is merged into [default: where the current branch left the default one]
    #[arg(long, value_name = "REF", env = "BILLHOOK_BASE", hide_env = true)]
    pub base: Option<String>,
    /// The revision that is merged [default: the working tree]
    #[arg(long, value_name = "REF", env = "BILLHOOK_HEAD", hide_env = true)]
    pub head: Option<String>,
    /// A folder that holds what is merged into, instead of a revision
    #[arg(long, value_name = "DIR", requires = "head_dir", conflicts_with_all = ["base", "head"], env = "BILLHOOK_BASE_DIR", hide_env = true)]
    pub base_dir: Option<PathBuf>,
    /// A folder that holds what is merged
    #[arg(long, value_name = "DIR", requires = "base_dir", env = "BILLHOOK_HEAD_DIR", hide_env = true)]
    pub head_dir: Option<PathBuf>,
    /// This object may go: 'group/Kind namespace/name'; may be given several times
    #[arg(long, value_name = "OBJECT", value_delimiter = ',', env = "BILLHOOK_ACKNOWLEDGE", hide_env = true)]
    pub acknowledge: Vec<Acknowledgement>,
    /// A label of the pull request; the one that `diff.acknowledge.label` names lifts the budget
    #[arg(long, value_name = "LABEL", value_delimiter = ',', env = "BILLHOOK_LABEL", hide_env = true)]
    pub label: Vec<String>,
    /// Show how the rendered objects differ that the merge changes; values of Secrets are hidden
    #[arg(long, env = "BILLHOOK_SHOW_DIFF", hide_env = true)]
    pub show_diff: bool,
    /// Link places in markdown and html to URL/PATH#Lnumber, as in https://git.example/org/repo/blob/main
    #[arg(long, value_name = "URL", value_parser = address, env = "BILLHOOK_LINKS", hide_env = true)]
    pub links: Option<String>,
    /// What stands beside the trees.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook inventory`.
#[derive(Debug, Group)]
pub struct Inventory {
    /// The folder [default: the repository around the current folder]
    pub path: Option<PathBuf>,
    /// More columns: version, origin, and what led to the Application
    #[arg(long, env = "BILLHOOK_WIDE", hide_env = true)]
    pub wide: bool,
    /// What stands beside the tree.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook apps`.
#[derive(Debug, Group)]
pub struct Apps {
    /// The folder [default: the repository around the current folder]
    pub path: Option<PathBuf>,
    /// One more column: origin
    #[arg(long, env = "BILLHOOK_WIDE", hide_env = true)]
    pub wide: bool,
    /// Follow the ApplicationSet in FILE alone; the tree is only what --repository maps
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "path",
        env = "BILLHOOK_APPLICATIONSET",
        hide_env = true
    )]
    pub applicationset: Option<PathBuf>,
    /// What stands beside the tree.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook render`.
#[derive(Debug, Group)]
pub struct Render {
    /// The folder [default: the repository around the current folder]
    pub path: Option<PathBuf>,
    /// Only this Application, by name or namespace/name
    #[arg(long, value_name = "APP", env = "BILLHOOK_APP", hide_env = true)]
    pub app: Option<String>,
    /// Write one object per file into DIR: <apiVersion>.<Kind>-(<namespace>).<name>.yaml
    #[arg(long, value_name = "DIR", env = "BILLHOOK_SPLIT", hide_env = true)]
    pub split: Option<PathBuf>,
    /// Show hashes instead of the values of Secrets
    #[arg(long, env = "BILLHOOK_MASK", hide_env = true)]
    pub mask: bool,
    /// Follow the Application in FILE alone; the tree is only what --repository maps
    #[arg(long, value_name = "FILE", conflicts_with_all = ["path", "app"], env = "BILLHOOK_APPLICATION", hide_env = true)]
    pub application: Option<PathBuf>,
    /// What stands beside the tree.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook explain`.
#[derive(Debug, Group)]
pub struct Explain {
    /// The code or name of a rule
    #[arg(value_name = "CODE|NAME")]
    pub rule: Option<String>,
}

/// `billhook init`.
#[derive(Debug, Group)]
pub struct Init {
    /// The folder [default: the repository around the current folder]
    pub path: Option<PathBuf>,
    /// Print the JSON Schema of the configuration, and write nothing
    #[arg(long, env = "BILLHOOK_SCHEMA", hide_env = true)]
    pub schema: bool,
    /// What stands beside the tree.
    #[command(flatten)]
    pub beside: Beside,
}

/// `billhook completions`.
#[derive(Debug, Group)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Ndjson,
    Yaml,
    Sarif,
    Junit,
    Gitlab,
    Github,
    Markdown,
    Html,
}

impl From<Format> for crate::report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Yaml => Self::Yaml,
            Format::Sarif => Self::Sarif,
            Format::Junit => Self::Junit,
            Format::Gitlab => Self::Gitlab,
            Format::Github => Self::Github,
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
        }
    }
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The least severity that makes the run fail; None where none does.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }

    /// Whether a finding of this severity makes the run fail.
    pub fn fails(self, severity: Severity) -> bool {
        self.severity().is_some_and(|least| severity >= least)
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// `--repository URL[@REVISION]=DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The address.
    pub url: String,
    /// The only revision that the folder answers for.
    pub revision: Option<String>,
    /// The folder.
    pub dir: PathBuf,
}

impl std::str::FromStr for Mapping {
    type Err = String;

    /// Split at the last `=`; the revision follows the first `@` behind the host.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || "the shape is URL=DIR or URL@REVISION=DIR".to_owned();
        let (address, dir) = text.rsplit_once('=').ok_or_else(shape)?;
        let (url, revision) = match address[host_end(address)..].split_once('@') {
            Some((path, revision)) => (&address[..host_end(address) + path.len()], Some(revision)),
            None => (address, None),
        };
        if url.is_empty() || dir.is_empty() || revision == Some("") {
            return Err(shape());
        }
        Ok(Self { url: url.to_owned(), revision: revision.map(str::to_owned), dir: dir.into() })
    }
}

/// Where the host of an address ends: at the first slash behind `://`, else at the first `:` or slash (`git@host:path`).
fn host_end(address: &str) -> usize {
    let (start, ends): (usize, &[char]) = match address.find("://") {
        Some(at) => (at + 3, &['/']),
        None => (0, &['/', ':']),
    };
    address[start..].find(ends).map_or(address.len(), |at| start + at)
}

/// `--known [CLUSTER=]PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The cluster; without, where Argo CD lives.
    pub cluster: Option<String>,
    /// A file or folder.
    pub path: PathBuf,
}

impl std::str::FromStr for Known {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (cluster, path) = match text.split_once('=') {
            Some((cluster, path)) => (Some(cluster.to_owned()), path),
            None => (None, text),
        };
        if path.is_empty() || cluster.as_deref() == Some("") {
            return Err("the shape is PATH or CLUSTER=PATH".to_owned());
        }
        Ok(Self { cluster, path: path.into() })
    }
}

impl Args {
    /// Reads a command line. A `-o` belongs to the `--format` before it, or, where there is none, to the next.
    pub fn parse_all(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(words)?;
        let mut args = Self::from_arg_matches(&matches)?;
        let (name, inner) = matches.subcommand().unwrap_or(("", &matches));
        args.reports = reports(&args.global, inner)?;
        let is_of_lists =
            |report: &&Report| Listing::try_from(crate::report::Format::from(report.format)).is_ok();
        match args.reports.iter().find(|report| !is_of_lists(report)) {
            Some(report) if !args.command.has_findings() => {
                let format = report.format.to_possible_value();
                let format = format.as_ref().map_or("", |value| value.get_name());
                Err(usage(&format!("only findings are written as {format}, and `{name}` lists things")))
            }
            _ => Ok(args),
        }
    }
}

fn reports(global: &Global, matches: &clap::ArgMatches) -> Result<Vec<Report>, clap::Error> {
    let indices = |id: &str| matches.indices_of(id).into_iter().flatten().collect::<Vec<_>>();
    let formats = indices("format").into_iter().zip(global.format.iter().map(|format| Word::Format(*format)));
    let files = indices("output").into_iter().zip(global.output.iter().map(|file| Word::File(file.clone())));
    let mut words: Vec<(usize, Word)> = formats.chain(files).collect();
    words.sort_by_key(|(index, _)| *index);
    let mut reports: Vec<Report> = Vec::new();
    let mut waiting: Option<PathBuf> = None;
    for (_, word) in words {
        match word {
            Word::Format(format) => reports.push(Report { format, file: waiting.take() }),
            Word::File(file) => match reports.last_mut().filter(|report| report.file.is_none()) {
                Some(report) => report.file = Some(file),
                None if waiting.is_none() => waiting = Some(file),
                None => return Err(usage("two -o for one --format")),
            },
        }
    }
    if waiting.is_some() || reports.is_empty() {
        reports.push(Report { format: Format::Text, file: waiting });
    }
    if reports.iter().filter(|report| report.file.is_none()).count() > 1 {
        return Err(usage("two reports would go to standard output: give each --format but one its own -o"));
    }
    Ok(reports)
}

/// A word of the command line that says what to report, or where.
enum Word {
    Format(Format),
    File(PathBuf),
}

fn usage(message: &str) -> clap::Error {
    Args::command().error(clap::error::ErrorKind::ArgumentConflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds() {
        Args::command().debug_assert();
    }

    #[test]
    fn repositories() {
        for (text, url, revision, dir) in [
            ("https://git.example/a.git=.", "https://git.example/a.git", None, "."),
            ("https://git.example/a.git@v1.2=../a", "https://git.example/a.git", Some("v1.2"), "../a"),
            ("https://user@git.example/a=b", "https://user@git.example/a", None, "b"),
            ("https://user@git.example/a@feature/x=b", "https://user@git.example/a", Some("feature/x"), "b"),
            ("git@git.example:org/a.git=b", "git@git.example:org/a.git", None, "b"),
            ("git@git.example:org/a.git@main=b", "git@git.example:org/a.git", Some("main"), "b"),
            ("ssh://git@git.example:22/a@main=b", "ssh://git@git.example:22/a", Some("main"), "b"),
            ("https://git.example/a?x=1=b", "https://git.example/a?x=1", None, "b"),
            ("https://git.example/a@x@y=b", "https://git.example/a", Some("x@y"), "b"),
        ] {
            let expected =
                Mapping { url: url.into(), revision: revision.map(str::to_owned), dir: dir.into() };
            assert_eq!(text.parse::<Mapping>().unwrap(), expected, "{text}");
        }
        for text in ["https://git.example/a", "=b", "https://git.example/a=", "https://git.example/a@=b"] {
            assert!(text.parse::<Mapping>().is_err(), "{text}");
        }
    }

    #[test]
    fn reports_go_where_the_next_o_says() {
        let report = |format, file: Option<&str>| Report { format, file: file.map(PathBuf::from) };
        for (words, expected) in [
            ("", Some(vec![report(Format::Text, None)])),
            ("--format json", Some(vec![report(Format::Json, None)])),
            ("-o a", Some(vec![report(Format::Text, Some("a"))])),
            ("-o a --format json", Some(vec![report(Format::Json, Some("a"))])),
            (
                "--format text --format json -o a",
                Some(vec![report(Format::Text, None), report(Format::Json, Some("a"))]),
            ),
            (
                "--format json -o a --format yaml -o b --format text",
                Some(vec![
                    report(Format::Json, Some("a")),
                    report(Format::Yaml, Some("b")),
                    report(Format::Text, None),
                ]),
            ),
            ("--format json --format yaml", None),
            ("--format json -o a -o b -o c", None),
        ] {
            let line = format!("billhook lint {words}");
            let read = Args::parse_all(line.split_whitespace().map(Into::into));
            assert_eq!(read.ok().map(|args| args.reports), expected, "{words}");
        }
    }
}
