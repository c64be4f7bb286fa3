//! `action.yml` in a fake runner: its steps are run by bash as a runner would, against repositories on disk, an API and
//! releases on a local port. A script stands in for billhook where the arguments are what matters.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test reads and writes files, starts programs, says what it skips"
)]

#[path = "support/tools.rs"]
mod tools;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Takes the place of billhook: notes its arguments, writes every report, ends as it is told.
const STAND_IN: &str = r#"#!/usr/bin/env bash
if [ "$1" = --version ]; then echo "billhook 0.1.0"; exit 0; fi
printf '%s\n' "$@" >"$STAND_IN/arguments"
command="$1"
while [ $# -gt 0 ]; do
  case "$1 $2" in
    "--format markdown") printf '<!-- billhook:%s -->\n### report "with" \\ odd `text`\n' "$command" >"$4"; shift 3 ;;
    "--format json") cat "$STAND_IN/report.json" >"$4"; shift 3 ;;
    "--format sarif") echo '{}' >"$4"; shift 3 ;;
    "--format github") echo "::error title=found::something" ;;
  esac
  shift
done
exit "$(cat "$STAND_IN/code")"
"#;

/// Whether the programs of a runner are here; said once where not.
fn equipped() -> bool {
    tools::has(&["bash", "curl", "git", "jq", "tar"])
}

/// One request that was made.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    authorization: String,
    body: Value,
}

/// Answers by method and path: status and body.
type Answers = HashMap<String, (u16, Vec<u8>)>;

/// A server on a local port; what is not known is 404.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn new(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &answers, &log);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no request panics").clone()
    }
}

fn serve(mut stream: TcpStream, answers: &Answers, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let request = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a length"),
            "authorization" => authorization = value.to_owned(),
            _ => (),
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    let (status, answer) = answers.get(&request).cloned().unwrap_or((404, b"{}".to_vec()));
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    log.lock().expect("no request panics").push(Asked { line: request, authorization, body });
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    stream.write_all(&[head.into_bytes(), answer].concat()).expect("the answer is taken");
}

/// What a run of the action left.
struct Ran {
    code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
    arguments: Vec<String>,
}

/// A runner: folders, a repository that is checked out, and billhook's stand-in on PATH.
struct Runner {
    folder: TempDir,
    workspace: PathBuf,
    event: Value,
    event_name: &'static str,
    inputs: BTreeMap<&'static str, String>,
    env: BTreeMap<&'static str, String>,
}

impl Runner {
    fn new(event_name: &'static str, event: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["temp", "bin", "workspace"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let workspace = folder.path().join("workspace");
        let runner =
            Self { folder, workspace, event, event_name, inputs: BTreeMap::new(), env: BTreeMap::new() };
        runner.program("billhook", STAND_IN);
        runner.says(0, json!({"findings": []}));
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let file = self.path("bin").join(name);
        fs::write(&file, text).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    /// What the stand-in does.
    fn says(&self, code: i32, report: Value) {
        fs::write(self.path("report.json"), report.to_string()).expect("a report");
        fs::write(self.path("code"), code.to_string()).expect("a code");
    }

    /// Runs every step of `action.yml`.
    fn run(&self) -> Ran {
        let file = billhook::yaml::File::single(
            fs::read_to_string(format!("{ROOT}/action.yml")).expect("the action").into(),
        );
        let action = file.node(file.documents()[0].root().expect("the action is YAML")).to_json();
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().expect("inputs") {
            inputs.insert(
                name.clone(),
                input["default"].as_str().expect("every input has a default").to_owned(),
            );
        }
        inputs.insert("version".into(), "v0.1.0".into());
        for (name, value) in &self.inputs {
            assert!(inputs.insert((*name).to_owned(), value.clone()).is_some(), "there is no input {name}");
        }
        let event = self.path("event.json");
        fs::write(&event, self.event.to_string()).expect("the event");
        let summary = self.path("summary.md");
        fs::write(&summary, "").expect("a summary");
        let (mut log, mut code) = (String::new(), 0);
        let mut outputs: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for step in action["runs"]["steps"].as_array().expect("steps") {
            assert_eq!(step["shell"], "bash");
            let output = self.path("output");
            fs::write(&output, "").expect("an output");
            let path = std::env::var("PATH").expect("PATH");
            let mut command = Command::new("bash");
            // As the runner calls it: https://docs.github.com/actions, `jobs.<job_id>.steps[*].shell`.
            command
                .args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
                .arg(step["run"].as_str().expect("a script"));
            command.current_dir(&self.workspace).env_clear();
            command
                .env("PATH", format!("{}:{path}", self.path("bin").display()))
                .env("HOME", self.path("temp"));
            command.env("STAND_IN", self.folder.path());
            for (name, value) in [
                ("GITHUB_EVENT_NAME", self.event_name.to_owned()),
                ("GITHUB_EVENT_PATH", event.display().to_string()),
                ("GITHUB_OUTPUT", output.display().to_string()),
                ("GITHUB_STEP_SUMMARY", summary.display().to_string()),
                ("GITHUB_REPOSITORY", "org/gitops".to_owned()),
                ("RUNNER_TEMP", self.path("temp").display().to_string()),
                ("RUNNER_OS", "Linux".to_owned()),
                ("RUNNER_ARCH", "X64".to_owned()),
            ] {
                command.env(name, value);
            }
            for (name, value) in step["env"].as_object().expect("an environment") {
                command.env(name, expand(value.as_str().expect("text"), &inputs, &outputs));
            }
            command.envs(&self.env);
            let ended = command.output().expect("bash");
            log += &String::from_utf8_lossy(&ended.stdout);
            log += &String::from_utf8_lossy(&ended.stderr);
            let written = fs::read_to_string(&output).expect("outputs");
            let pairs = written.lines().filter_map(|line| line.split_once('='));
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            outputs.insert(step["id"].as_str().expect("an id").to_owned(), pairs.collect());
            code = ended.status.code().unwrap_or(-1);
            if code != 0 {
                break;
            }
        }
        let told = action["outputs"].as_object().expect("outputs").iter();
        let outputs = told.map(|(name, output)| {
            (name.clone(), expand(output["value"].as_str().expect("text"), &inputs, &outputs))
        });
        let arguments = fs::read_to_string(self.path("arguments")).unwrap_or_default();
        Ran {
            code,
            log,
            outputs: outputs.collect(),
            summary: fs::read_to_string(&summary).expect("a summary"),
            arguments: arguments.lines().map(str::to_owned).collect(),
        }
    }
}

/// The expressions that the action uses.
fn expand(
    text: &str,
    inputs: &BTreeMap<String, String>,
    steps: &BTreeMap<String, BTreeMap<String, String>>,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, tail) = after.split_once("}}").expect("an expression ends");
        out += before;
        let value = |one: &str| match one.split('.').collect::<Vec<_>>().as_slice() {
            ["inputs", name] => expand(&inputs[*name], inputs, steps),
            ["github", "token"] => "secret-token".to_owned(),
            ["github", "action_path"] => ROOT.to_owned(),
            ["github", "action_ref"] => "main".to_owned(),
            ["steps", step, "outputs", name] => {
                steps.get(*step).and_then(|outputs| outputs.get(*name)).cloned().unwrap_or_default()
            }
            other => panic!("unknown expression {other:?}"),
        };
        let any = expression.split("||").map(|one| value(one.trim())).find(|value| !value.is_empty());
        out += &any.unwrap_or_default();
        rest = tail;
    }
    out + rest
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ended = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git");
    assert!(ended.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}

/// A repository on a server: `main` with three commits, `change` from its first, and the merge of both.
struct Origin {
    folder: TempDir,
    /// The first commit, which both have.
    fork: String,
    /// The head of `main`.
    base: String,
    /// The head of `change`.
    head: String,
    /// Their merge.
    merge: String,
}

impl Origin {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        git(root, &["init", "-q", "-b", "main"]);
        let commit = |file: &str, text: &str| {
            fs::write(root.join(file), text).expect("a file");
            git(root, &["add", "-A"]);
            git(root, &["commit", "-q", "-m", file]);
            git(root, &["rev-parse", "HEAD"])
        };
        let fork = commit("a.yaml", "a: 1\n");
        commit("b.yaml", "b: 1\n");
        let base = commit("c.yaml", "c: 1\n");
        git(root, &["checkout", "-q", "-b", "change", &fork]);
        commit("d.yaml", "d: 1\n");
        let head = commit("e.yaml", "e: 1\n");
        git(root, &["checkout", "-q", "--detach", "main"]);
        git(root, &["merge", "-q", "--no-ff", "-m", "merge", "change"]);
        let merge = git(root, &["rev-parse", "HEAD"]);
        git(root, &["update-ref", "refs/pull/7/merge", &merge]);
        git(root, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        Self { folder, fork, base, head, merge }
    }

    /// Checks a commit out as `actions/checkout` does.
    fn check_out(&self, runner: &Runner, commit: &str, depth: &str) {
        let folder = &runner.workspace;
        let url = format!("file://{}", self.folder.path().display());
        git(folder, &["init", "-q"]);
        git(folder, &["remote", "add", "origin", &url]);
        git(folder, &["fetch", "-q", "--no-tags", depth, "origin", commit]);
        git(folder, &["checkout", "-q", "--detach", "FETCH_HEAD"]);
    }

    fn pull_request(&self, fork: bool) -> Value {
        json!({"pull_request": {
            "number": 7,
            "base": {"sha": self.base, "ref": "main"},
            "head": {"sha": self.head, "repo": {"fork": fork}},
        }})
    }
}

fn comments(list: Value, created: u16) -> Answers {
    let page = "GET /repos/org/gitops/issues/7/comments?per_page=100&page=1".to_owned();
    HashMap::from([
        (page, (200, list.to_string().into_bytes())),
        ("POST /repos/org/gitops/issues/7/comments".to_owned(), (created, b"{}".to_vec())),
        ("PATCH /repos/org/gitops/issues/comments/42".to_owned(), (200, b"{}".to_vec())),
    ])
}

/// The requests that change something: method and path, and the comment.
fn changes(server: &Server) -> Vec<(String, String)> {
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.authorization == "Bearer secret-token"), "{asked:?}");
    let changing = asked.into_iter().filter(|asked| !asked.line.starts_with("GET "));
    changing.map(|asked| (asked.line, asked.body["body"].as_str().unwrap_or_default().to_owned())).collect()
}

const REPORT: &str = "### report \"with\" \\ odd `text`\n";

fn forecast() -> Value {
    json!({"forecast": [{"outcome": "pruned"}], "findings": []})
}

#[test]
fn a_push_is_linted() {
    if !equipped() {
        return;
    }
    let mut runner = Runner::new("push", json!({"ref": "refs/heads/main"}));
    let server = Server::new(HashMap::new());
    runner.env.insert("GITHUB_API_URL", server.address.clone());
    runner.inputs.insert("path", "clusters/prod".into());
    runner.inputs.insert("args", "--strict\n\n--known\nfolder with blanks\n".into());
    runner.inputs.insert("sarif", "out.sarif".into());
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let expected =
        ["lint", "clusters/prod", "--strict", "--known", "folder with blanks", "--format", "markdown", "-o"];
    assert_eq!(&ran.arguments[..expected.len()], expected);
    assert_eq!(ran.summary, format!("<!-- billhook:lint -->\n{REPORT}"));
    assert_eq!(ran.outputs["verdict"], "pass");
    assert_eq!(fs::read_to_string(&ran.outputs["markdown"]).expect("a report"), ran.summary);
    assert!(ran.log.contains("::error title=found::something"), "{}", ran.log);
    assert!(runner.workspace.join("out.sarif").is_file());
    assert!(server.asked().is_empty());
}

#[test]
fn a_pull_request_is_compared_with_what_it_is_merged_into() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    for depth in ["--depth=1", "--depth=100"] {
        let server = Server::new(comments(json!([]), 201));
        let mut runner = Runner::new("pull_request", origin.pull_request(false));
        runner.env.insert("GITHUB_API_URL", server.address.clone());
        runner.says(1, forecast());
        origin.check_out(&runner, "refs/pull/7/merge", depth);
        let ran = runner.run();
        assert_eq!(ran.code, 1, "{}", ran.log);
        assert_eq!(ran.arguments[..5], ["diff", "--base", &origin.base, "--head", "HEAD"], "{depth}");
        assert_eq!(ran.outputs["verdict"], "fail");
        let posted = (
            "POST /repos/org/gitops/issues/7/comments".to_owned(),
            format!("<!-- billhook:diff -->\n{REPORT}"),
        );
        assert_eq!(changes(&server), [posted]);
        assert!(!ran.log.contains("secret-token"), "{}", ran.log);
        assert!(!runner.path("temp/billhook-report/headers").exists(), "the token is left on disk");
    }
}

#[test]
fn a_head_that_is_checked_out_itself_is_compared_with_where_it_parted() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    for depth in ["--depth=1", "--depth=100"] {
        let mut runner = Runner::new("pull_request", origin.pull_request(false));
        runner.inputs.insert("comment", "false".into());
        origin.check_out(&runner, &origin.head, depth);
        let ran = runner.run();
        assert_eq!(ran.code, 0, "{}", ran.log);
        assert_eq!(ran.arguments[..5], ["diff", "--base", &origin.fork, "--head", "HEAD"], "{depth}");
    }
}

#[test]
fn there_is_one_comment() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    let marked = "<!-- billhook:diff -->\nold";
    let own = json!({"id": 42, "body": marked, "user": {"type": "Bot", "login": "github-actions[bot]"}});
    let forged = json!({"id": 41, "body": marked, "user": {"type": "User", "login": "mallory"}});
    let other = json!({"id": 40, "body": null, "user": {"type": "Bot", "login": "other[bot]"}});
    let post = "POST /repos/org/gitops/issues/7/comments";
    let patch = "PATCH /repos/org/gitops/issues/comments/42";
    for (list, code, report, me, expected) in [
        (json!([other, forged, own]), 1, forecast(), None, Some(patch)),
        (json!([forged]), 1, forecast(), None, Some(post)),
        (json!([own]), 0, json!({"forecast": []}), None, Some(patch)),
        (json!([]), 0, json!({"forecast": [{"outcome": "unchanged"}], "findings": []}), None, None),
        (json!([]), 0, forecast(), None, Some(post)),
        (json!([own]), 1, forecast(), Some("somebody"), Some(post)),
    ] {
        let mut answers = comments(list.clone(), 201);
        if let Some(me) = me {
            answers.insert("GET /user".into(), (200, json!({"login": me}).to_string().into_bytes()));
        }
        let server = Server::new(answers);
        let mut runner = Runner::new("pull_request", origin.pull_request(false));
        runner.env.insert("GITHUB_API_URL", server.address.clone());
        runner.inputs.insert("fail", "false".into());
        runner.says(code, report);
        origin.check_out(&runner, "refs/pull/7/merge", "--depth=1");
        let ran = runner.run();
        assert_eq!(ran.code, 0, "{}", ran.log);
        let lines: Vec<String> = changes(&server).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{list}");
    }
}

#[test]
fn a_fork_gets_a_summary_and_is_told() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    for (fork, says) in
        [(true, "pull requests from forks get a token that may not comment"), (false, "pull-requests: write")]
    {
        let server = Server::new(comments(json!([]), 403));
        let mut runner = Runner::new("pull_request", origin.pull_request(fork));
        runner.env.insert("GITHUB_API_URL", server.address.clone());
        runner.says(1, forecast());
        origin.check_out(&runner, "refs/pull/7/merge", "--depth=1");
        let ran = runner.run();
        assert_eq!(ran.code, 1, "the verdict stands: {}", ran.log);
        assert!(ran.log.contains("::notice title=billhook::") && ran.log.contains(says), "{}", ran.log);
        assert!(
            ran.summary.starts_with("<!-- billhook:diff -->") && ran.summary.contains(says),
            "{}",
            ran.summary
        );
        assert!(ran.log.contains("::error title=found::something"), "annotations need no token");
    }
}

#[test]
fn an_api_that_fails_changes_no_verdict() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    let server = Server::new(comments(json!([]), 500));
    let mut runner = Runner::new("pull_request", origin.pull_request(false));
    runner.env.insert("GITHUB_API_URL", server.address.clone());
    runner.says(0, forecast());
    origin.check_out(&runner, "refs/pull/7/merge", "--depth=1");
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(
        ran.log.contains("::warning title=billhook::the comment could not be written (HTTP 500)"),
        "{}",
        ran.log
    );
}

#[test]
fn a_merge_queue_is_compared_with_its_own_base() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    let server = Server::new(HashMap::new());
    let event = json!({"merge_group": {"base_sha": origin.base, "head_sha": origin.merge}});
    let mut runner = Runner::new("merge_group", event);
    runner.env.insert("GITHUB_API_URL", server.address.clone());
    runner.says(1, forecast());
    origin.check_out(&runner, &origin.merge, "--depth=1");
    let ran = runner.run();
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.arguments[..5], ["diff", "--base", &origin.base, "--head", "HEAD"]);
    assert!(server.asked().is_empty());
}

#[test]
fn a_base_that_cannot_be_had_is_said() {
    if !equipped() {
        return;
    }
    let origin = Origin::new();
    let merge_group = json!({"merge_group": {"base_sha": "0".repeat(40)}});
    for (name, event) in [("pull_request", origin.pull_request(false)), ("merge_group", merge_group)] {
        let runner = Runner::new(name, event);
        origin.check_out(&runner, "refs/pull/7/merge", "--depth=1");
        git(&runner.workspace, &["remote", "set-url", "origin", "file:///nowhere"]);
        let ran = runner.run();
        assert_eq!(ran.code, 2, "{}", ran.log);
        assert!(ran.log.contains("::error title=billhook::the base is not in this clone"), "{}", ran.log);
        assert!(ran.arguments.is_empty());
    }
}

#[test]
fn what_could_not_be_done_fails() {
    if !equipped() {
        return;
    }
    let mut runner = Runner::new("push", json!({}));
    runner.inputs.insert("fail", "false".into());
    runner.says(2, json!({}));
    let ran = runner.run();
    assert_eq!((ran.code, ran.outputs["verdict"].as_str()), (2, ""));
    assert!(ran.log.contains("::error title=billhook::billhook could not do its job"), "{}", ran.log);
    runner.says(3, json!({}));
    let ran = runner.run();
    assert_eq!((ran.code, ran.outputs["verdict"].as_str()), (0, "fail"));
    runner.inputs.insert("fail", "true".into());
    assert_eq!(runner.run().code, 3);
}

/// An archive as a release has it, with a program that says its version.
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("billhook");
    fs::write(&file, STAND_IN.replace("billhook 0.1.0", "billhook 9.9.9")).expect("a program");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    let packed =
        Command::new("tar").current_dir(folder.path()).args(["-czf", "-", "billhook"]).output().expect("tar");
    packed.stdout
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_release_is_installed_by_its_sum() {
    if !equipped() {
        return;
    }
    let (archive, name) = (archive(), "billhook-v9.9.9-x86_64-unknown-linux-musl.tar.gz");
    let (right, wrong) = (hex(&archive), hex(b"other"));
    for (released, pinned, installed) in [
        (Some(&right), None, true),
        (Some(&wrong), None, false),
        (None, Some(&right), true),
        (None, Some(&wrong), false),
        (Some(&wrong), Some(&right), true),
    ] {
        let mut answers = HashMap::from([(format!("GET /v9.9.9/{name}"), (200, archive.clone()))]);
        if let Some(sum) = released {
            let sums = format!("{wrong}  other.tar.gz\n{sum}  {name}\n");
            answers.insert("GET /v9.9.9/SHA256SUMS".into(), (200, sums.into_bytes()));
        }
        let server = Server::new(answers);
        let mut runner = Runner::new("push", json!({}));
        runner.env.insert("BILLHOOK_RELEASES", server.address.clone());
        runner.inputs.insert("version", "v9.9.9".into());
        runner.inputs.insert("sha256", pinned.cloned().unwrap_or_default());
        let ran = runner.run();
        assert_eq!(ran.code == 0, installed, "{released:?} {pinned:?}: {}", ran.log);
        assert_eq!(ran.log.contains("billhook 9.9.9"), installed);
        assert_eq!(ran.log.contains("is not what was released"), !installed);
    }
}

#[test]
fn without_a_release_it_is_built() {
    if !equipped() {
        return;
    }
    let server = Server::new(HashMap::new());
    let cargo = "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" >\"$STAND_IN/cargo\"\nmkdir -p \"${@: -1}/bin\"\ncp \"$(command -v billhook)\" \"${@: -1}/bin/\"\n";
    for (version, sha256, built) in
        [("v9.9.9", "", true), ("main", "", true), ("v9.9.9", "aa", false), ("v0.1.0", "", false)]
    {
        let mut runner = Runner::new("push", json!({}));
        runner.env.insert("BILLHOOK_RELEASES", server.address.clone());
        runner.inputs.insert("version", version.into());
        runner.inputs.insert("sha256", sha256.into());
        runner.program("cargo", cargo);
        let ran = runner.run();
        assert_eq!(ran.code == 0, sha256.is_empty(), "{version}: {}", ran.log);
        let asked = fs::read_to_string(runner.path("cargo")).unwrap_or_default();
        let expected = format!(
            "install\n--quiet\n--locked\n--path\n{ROOT}\n--root\n{}/billhook/built\n",
            runner.path("temp").display()
        );
        assert_eq!(asked, if built { expected } else { String::new() }, "{version}");
    }
}
