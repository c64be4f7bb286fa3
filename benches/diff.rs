//! Whole runs of `billhook diff` over generated git repositories, with the cache that a run over base filled, at a head
//! never seen before.
//!
//! The limits the project keeps, on two processors: one leaf overlay changed in a repository of 4,000 files and 140
//! ApplicationSets within 300 ms; a base that nine overlays share within 1.5 s; one file changed among 1,000
//! Applications with 100,000 objects within 5 s. Fails where three
//! runs of four miss one: what else a machine does only ever adds to a run. Needs `git`, and `kustomize` on PATH
//! for the first two.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::exit)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const SETS: usize = 140;
/// Overlays of each set, one Application each; the first set has as many as share a base below.
const OVERLAYS: usize = 7;
const SHARING: usize = 9;
const APPLICATIONS: usize = 1_000;
const PER_APPLICATION: usize = 100;
const ROUNDS: usize = 9;

fn main() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    println!("{:<52} {:>9} {:>9} {:>9}", "diff", "median s", "quarter s", "min s");
    let mut kept = Vec::new();
    match on_path("kustomize") {
        Some(_) => {
            let fleet = Repository::new(scratch.path(), "fleet", fleet);
            kept.push(fleet.measure("one leaf overlay", "parts/part-070/overlays/env-3/patch.yaml", 0.3));
            kept.push(fleet.measure("a base of nine overlays", "parts/part-000/base/object-0.yaml", 1.5));
        }
        None => println!("kustomize is not on PATH: overlays were not measured"),
    }
    let plain = Repository::new(scratch.path(), "plain", plain);
    kept.push(plain.measure("one file among 100,000 objects", "env/app-0500/object-50.yaml", 5.0));
    if kept.contains(&false) {
        std::process::exit(1);
    }
}

/// A git repository with one commit, and the cache of a run over that.
struct Repository {
    root: PathBuf,
    cache: PathBuf,
}

impl Repository {
    fn new(scratch: &Path, name: &str, generate: fn(&Path) -> usize) -> Self {
        let new = Self { root: scratch.join(name), cache: scratch.join(format!("{name}.cache")) };
        let files = generate(&new.root);
        new.git(&["init", "--quiet", "--initial-branch", "main"]);
        new.git(&["add", "."]);
        new.git(&["commit", "--quiet", "--message", "base"]);
        // As a clone has them.
        new.git(&["repack", "-adq"]);
        let start = Instant::now();
        new.billhook(&["lint", "--fail-on", "never"]);
        println!("{name}: {files} files; base judged with an empty cache in {:.1} s", seconds(start));
        new
    }

    /// Changes `file` to what it never was, round by round.
    fn measure(&self, what: &str, file: &str, limit: f64) -> bool {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).expect("a file");
        let mut times = Vec::new();
        for round in 0..=ROUNDS {
            fs::write(&path, text.replace("replicas: 2", &format!("replicas: {}", round + 3)))
                .expect("a file");
            self.git(&["commit", "--quiet", "--all", "--message", "head"]);
            let start = Instant::now();
            self.billhook(&["diff", "--base", "HEAD~1", "--head", "HEAD"]);
            // The first run finds the program and its files cold.
            if round > 0 {
                times.push(seconds(start));
            }
        }
        times.sort_by(f64::total_cmp);
        let (median, quarter) = (times[ROUNDS / 2], times[ROUNDS / 4]);
        println!("{what:<52} {median:>9.3} {quarter:>9.3} {:>9.3}", times[0]);
        let (ratio, kept) = (quarter / limit, quarter <= limit);
        println!("    of {limit} s: ×{ratio:.2}, {}", if kept { "kept" } else { "MISSED" });
        kept
    }

    fn billhook(&self, arguments: &[&str]) {
        let status = Command::new(env!("CARGO_BIN_EXE_billhook"))
            .args(arguments)
            .current_dir(&self.root)
            .env("XDG_CACHE_HOME", &self.cache)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(status.success(), "billhook {} ends with {status}", arguments.join(" "));
    }

    fn git(&self, arguments: &[&str]) {
        let who =
            ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgSign=false"];
        let status = Command::new("git").args(who).args(arguments).current_dir(&self.root).status();
        assert!(status.expect("git starts").success(), "git {}", arguments.join(" "));
    }
}

/// An ApplicationSet a component, an overlay an Application; returns how many files there are.
fn fleet(root: &Path) -> usize {
    let mut files = 0;
    let mut add = |path: String, text: &str| {
        write(root, &path, text);
        files += 1;
    };
    add("root.yaml".to_owned(), &application("root", "sets", "argocd"));
    for part in 0..SETS {
        let name = format!("part-{part:03}");
        let overlays = if part == 0 { SHARING } else { OVERLAYS };
        let elements: String = (0..overlays).map(|env| format!("          - env: env-{env}\n")).collect();
        add(format!("sets/{name}.yaml"), &SET.replace("NAME", &name).replace("ELEMENTS\n", &elements));
        let objects: String = (0..8).map(|object| format!("  - object-{object}.yaml\n")).collect();
        add(format!("parts/{name}/base/kustomization.yaml"), &format!("resources:\n{objects}"));
        for object in 0..8 {
            add(format!("parts/{name}/base/object-{object}.yaml"), &body(&name, object));
        }
        for env in 0..overlays {
            let at = format!("parts/{name}/overlays/env-{env}");
            add(format!("{at}/kustomization.yaml"), &OVERLAY.replace("NAME", &format!("{name}-env-{env}")));
            add(format!("{at}/patch.yaml"), &PATCH.replace("NAME", &name));
            add(format!("{at}/settings.yaml"), &settings(&name));
        }
    }
    files
}

/// Applications of a hundred objects each, one folder an Application.
fn plain(root: &Path) -> usize {
    write(root, "root.yaml", &application("root", "apps", "argocd"));
    for app in 0..APPLICATIONS {
        let name = format!("app-{app:04}");
        write(root, &format!("apps/{name}.yaml"), &application(&name, &format!("env/{name}"), &name));
        for object in 0..PER_APPLICATION {
            write(root, &format!("env/{name}/object-{object:02}.yaml"), &body(&name, object));
        }
    }
    1 + APPLICATIONS * (1 + PER_APPLICATION)
}

fn body(name: &str, object: usize) -> String {
    let (head, body) = match object % 5 {
        0 => ("apps/v1\nkind: Deployment", DEPLOYMENT),
        1 => ("v1\nkind: Service", SERVICE),
        2 => ("v1\nkind: ConfigMap", DATA),
        3 => ("v1\nkind: ServiceAccount", ""),
        _ => ("networking.k8s.io/v1\nkind: NetworkPolicy", POLICY),
    };
    let name = format!("{name}-{object}");
    format!("apiVersion: {head}\nmetadata:\n  name: {name}\n  labels: {{app: {name}}}\n{body}")
        .replace("NAME", &name)
}

fn settings(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-settings\n{DATA}")
}

fn application(name: &str, path: &str, namespace: &str) -> String {
    APPLICATION.replace("NAMESPACE", namespace).replace("NAME", name).replace("PATH", path)
}

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: NAME
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example/bench.git
    path: PATH
    targetRevision: HEAD
  destination:
    server: https://kubernetes.default.svc
    namespace: NAMESPACE
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [FailOnSharedResource=true]
";

const SET: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: NAME
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - list:
        elements:
ELEMENTS
  template:
    metadata:
      name: NAME-{{ .env }}
    spec:
      project: default
      source:
        repoURL: https://git.example/bench.git
        path: parts/NAME/overlays/{{ .env }}
        targetRevision: HEAD
      destination:
        server: https://kubernetes.default.svc
        namespace: NAME-{{ .env }}
      syncPolicy:
        automated: {prune: true, selfHeal: true}
        syncOptions: [FailOnSharedResource=true]
";

const OVERLAY: &str = "\
namespace: NAME
resources:
  - ../../base
  - settings.yaml
patches:
  - path: patch.yaml
";

const PATCH: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME-0
spec:
  replicas: 2
";

const DEPLOYMENT: &str = "\
spec:
  replicas: 2
  selector:
    matchLabels: {app: NAME}
  template:
    metadata:
      labels: {app: NAME}
    spec:
      containers:
        - name: main
          image: registry.example/NAME:1.0.0
          args: [\"--listen=:8080\", \"--verbose\"]
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
";

const SERVICE: &str = "\
spec:
  selector: {app: NAME}
  ports:
    - name: http
      port: 80
      targetPort: 8080
";

const POLICY: &str = "\
spec:
  podSelector:
    matchLabels: {app: NAME}
  policyTypes: [Ingress]
";

const DATA: &str = "\
data:
  level: info
  listen: \":8080\"
";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a path inside the root")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
