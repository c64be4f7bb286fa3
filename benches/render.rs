//! A hundred Applications of real charts and overlays from `BILLHOOK_CORPUS`: `billhook inventory` and `billhook lint`
//! against the very `helm` and `kustomize` processes that they start, run alone.
//!
//! Everything is a ratio within one run. The limits the project keeps: with an empty cache at most 1.1 times as long as
//! the processes alone, two of them at once on two processors; with the cache that base filled, at a head never seen
//! before in which one overlay is changed, at most a twentieth of that; and a base that nine overlays share renders
//! those nine anew and nothing else. Fails where one of them is missed. Needs `helm` and `kustomize` on PATH.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::exit)]

#[path = "../tests/support/idle.rs"]
mod idle;

use billhook::files::Tree;
use billhook::inventory::{Inventory, Options};
use billhook::render::{Argument, Command as Line, Documents, Engines, Place, Program, Recipe, Step};
use idle::Idle;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const APPLICATIONS: usize = 100;
const AT_ONCE: usize = 2;
const ROUNDS: usize = 5;
const WARM_ROUNDS: usize = 11;
const COLD_LIMIT: f64 = 1.1;
const WARM_LIMIT: f64 = 1.0 / 20.0;

/// A folder of the corpus that is one chart, and files with values for it.
const CHARTS: &[(&str, &str, usize)] = &[
    ("opentelemetry-helm-charts/charts/opentelemetry-collector", "examples", 20),
    ("opentelemetry-helm-charts/charts/opentelemetry-target-allocator", "examples", 7),
    ("opentelemetry-helm-charts/charts/opentelemetry-ebpf", "examples", 1),
    ("ingress-nginx/charts/ingress-nginx", "../../hack/manifest-templates/provider", 8),
    ("phalanx/applications/mobu", "", 14),
];
/// A base of the corpus, and folders above which nine overlays of it are made.
const SHARED: &str = "gitops-catalog/openshift-pipelines-operator";
const SHARING: usize = 9;
/// Folders of the corpus with overlays that need no network.
const OVERLAYS: &[(&str, usize)] = &[
    ("gitops-catalog/advanced-cluster-management", 6),
    ("gitops-catalog/openshift-data-foundation-operator", 8),
    ("gitops-catalog/nfd", 4),
    ("homelab-git-appsets/k8s/applications", 12),
    ("infra-deployments/components", 11),
];

fn main() {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS").map(PathBuf::from) else {
        println!("BILLHOOK_CORPUS is not set: rendering was not measured");
        return;
    };
    let programs = [Program::Helm, Program::Kustomize].map(on_path);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let bench =
        Bench { root: scratch.path().join("repository"), scratch: scratch.path().to_owned(), programs };
    let leaf = bench.generate(&corpus);
    let jobs = bench.jobs();
    println!("{APPLICATIONS} Applications, {} processes, {AT_ONCE} at once", jobs.len());
    let kept = [bench.cold(&jobs), bench.warm(&leaf), bench.shared()];
    if kept.contains(&false) {
        std::process::exit(1);
    }
}

/// A generated repository, and the programs that render it.
struct Bench {
    root: PathBuf,
    scratch: PathBuf,
    programs: [PathBuf; 2],
}

/// One process as it is started: program, folder, arguments.
struct Job {
    program: PathBuf,
    folder: PathBuf,
    arguments: Vec<OsString>,
}

impl Bench {
    /// Empty cache: billhook and the bare processes in turn.
    fn cold(&self, jobs: &[Job]) -> bool {
        let (mut alone, mut inventory, mut lint) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            alone.push(self.alone(jobs));
            inventory.push(self.billhook("inventory", &self.cache(&format!("inventory{round}"))));
            lint.push(self.billhook("lint", &self.cache(&format!("lint{round}"))));
        }
        println!("{:<44} {:>9} {:>9}", "cold", "median s", "min s");
        for (what, times) in
            [("processes alone", &alone), ("billhook inventory", &inventory), ("billhook lint", &lint)]
        {
            println!("{what:<44} {:>9.3} {:>9.3}", median(times), min(times));
        }
        let ratios = |times: &[f64]| -> Vec<f64> {
            times.iter().zip(&alone).map(|(own, alone)| own / alone).collect()
        };
        let (inventory, lint) = (ratios(&inventory), ratios(&lint));
        let inventory = verdict("    inventory against the processes", median(&inventory), COLD_LIMIT);
        verdict("    lint against the processes", median(&lint), COLD_LIMIT) && inventory
    }

    /// The cache of base, and one overlay changed to what it never was.
    fn warm(&self, leaf: &Path) -> bool {
        let cache = self.cache("warm");
        let base = self.billhook("lint", &cache);
        let text = fs::read_to_string(leaf).expect("an overlay");
        let mut times = Vec::new();
        for round in 0..WARM_ROUNDS {
            fs::write(leaf, format!("{text}commonAnnotations: {{round: \"{round}\"}}\n"))
                .expect("an overlay");
            times.push(self.billhook("lint", &cache));
        }
        let same = self.billhook("lint", &cache);
        fs::write(leaf, text).expect("an overlay");
        println!("{:<44} {:>9} {:>9}", "warm", "median s", "min s");
        println!("{:<44} {:>9.3} {:>9.3}", "billhook lint, one overlay changed", median(&times), min(&times));
        println!("{:<44} {same:>9.3}", "billhook lint, nothing changed");
        verdict("    one overlay changed against cold", median(&times) / base, WARM_LIMIT)
    }

    /// The base that nine overlays share is changed: which Applications are rendered anew.
    fn shared(&self) -> bool {
        let cache = self.cache("shared");
        self.billhook("lint", &cache);
        let before = entries(&cache);
        let base = self.root.join(SHARED).join("base/kustomization.yaml");
        let text = fs::read_to_string(&base).expect("a base");
        fs::write(&base, format!("{text}commonAnnotations: {{changed: \"yes\"}}\n")).expect("a base");
        let time = self.billhook("lint", &cache);
        fs::write(&base, text).expect("a base");
        let new = entries(&cache) - before;
        println!("{:<44} {time:>9.3}", "billhook lint, a base changed");
        println!("    rendered anew: {new}, and {SHARING} overlays share the base");
        new == SHARING
    }

    fn cache(&self, name: &str) -> PathBuf {
        self.scratch.join("caches").join(name)
    }

    /// Wall seconds of one run.
    fn billhook(&self, command: &str, cache: &Path) -> f64 {
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_billhook"))
            .args([command, "--format", "ndjson", "--fail-on", "never", "--helm"])
            .arg(&self.programs[0])
            .arg("--kustomize")
            .arg(&self.programs[1])
            .arg(&self.root)
            .env("XDG_CACHE_HOME", cache)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(status.success(), "billhook {command} ends with {status}");
        start.elapsed().as_secs_f64()
    }

    /// Wall seconds of the processes, two at once.
    fn alone(&self, jobs: &[Job]) -> f64 {
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        assert!(self.run(job), "{:?} does not render {:?}", job.program, job.folder);
                    }
                });
            }
        });
        start.elapsed().as_secs_f64()
    }

    fn run(&self, job: &Job) -> bool {
        let output = Command::new(&job.program)
            .args(&job.arguments)
            .current_dir(&job.folder)
            .env_clear()
            .env("HOME", self.scratch.join("home"))
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .output()
            .expect("the program starts");
        output.status.success()
    }

    /// The processes that billhook starts for this repository.
    fn jobs(&self) -> Vec<Job> {
        let documents = Documents::new(Arc::new(Tree::open(&self.root).expect("the repository")));
        let mut options = Options::new(Arc::new(documents));
        options.engines = Engines::new(None, Some(Box::new(Idle)), None).into();
        let inventory = Inventory::load(&options);
        let written = inventory.applications.iter().filter(|app| app.is_written());
        let recipes = written.flat_map(|app| app.recipes.iter().flatten());
        let jobs: Vec<Job> = recipes
            .enumerate()
            .flat_map(|(number, recipe)| {
                let values = self.scratch.join(format!("values{number}.yaml"));
                if let Recipe::Helm(chart) = recipe
                    && let Some(text) = &chart.values
                {
                    fs::write(&values, text).expect("values");
                }
                let commands = recipe.steps().into_iter().filter_map(|step| match step {
                    Step::Run(command) => Some(command),
                    Step::Patch(_) => None,
                });
                commands.map(|command| self.job(&command, &values)).collect::<Vec<_>>()
            })
            .collect();
        assert!(jobs.len() >= APPLICATIONS, "each Application is a process at least");
        jobs
    }

    fn job(&self, line: &Line, values: &Path) -> Job {
        let at = |place: &Place| self.root.join(&place.path).into_os_string();
        let argument = |argument: &Argument| match argument {
            Argument::Text(text) => text.into(),
            Argument::File(place) => at(place),
            Argument::SetFile(key, place) => {
                format!("{key}={}", self.root.join(&place.path).display()).into()
            }
            Argument::Values => values.into(),
        };
        Job {
            program: self.program(line.program).to_owned(),
            folder: self.root.join(&line.folder.path),
            arguments: line.arguments.iter().map(argument).collect(),
        }
    }

    fn program(&self, program: Program) -> &Path {
        match program {
            Program::Helm => &self.programs[0],
            Program::Kustomize => &self.programs[1],
        }
    }

    /// Writes the repository; returns the kustomization of one overlay that nothing else is made from.
    fn generate(&self, corpus: &Path) -> PathBuf {
        for (folder, files, _) in CHARTS {
            copy(corpus, folder, &self.root);
            if files.starts_with("..") {
                copy(corpus, &clean(&format!("{folder}/{files}")), &self.root);
            }
        }
        copy(corpus, SHARED, &self.root);
        OVERLAYS.iter().for_each(|(folder, _)| copy(corpus, folder, &self.root));
        let mut applications = Vec::new();
        for (folder, files, count) in CHARTS {
            let all = values(&self.root.join(folder), files);
            assert!(all.len() >= *count, "{folder} has {} files with values", all.len());
            applications.extend(all.into_iter().take(*count).map(|file| (*folder, Some(file))));
        }
        let mut overlays: Vec<String> = self.overlays(&format!("{SHARED}/overlays"), SHARING);
        let leaf = self.root.join(&overlays[0]).join("kustomization.yaml");
        for (folder, count) in OVERLAYS {
            overlays.extend(self.overlays(folder, *count));
        }
        applications.extend(overlays.iter().map(|folder| (folder.as_str(), None)));
        assert_eq!(applications.len(), APPLICATIONS);
        for (number, (folder, values)) in applications.into_iter().enumerate() {
            let name = format!("app-{number:03}");
            let helm = values.map_or(String::new(), |file| HELM.replace("FILE", &file));
            let text = APPLICATION.replace("NAME", &name).replace("PATH", folder).replace("HELM", &helm);
            write(&self.root.join(format!("apps/{name}.yaml")), text.as_bytes());
        }
        leaf
    }

    /// The first overlays below a folder that Kustomize builds by itself.
    fn overlays(&self, below: &str, count: usize) -> Vec<String> {
        let files = walkdir::WalkDir::new(self.root.join(below)).sort_by_file_name().into_iter().flatten();
        let kustomizations = files.filter(|file| file.file_name() == "kustomization.yaml");
        let folders = kustomizations.filter_map(|file| {
            let folder = file.path().parent()?;
            let job = Job {
                program: self.programs[1].clone(),
                folder: self.root.clone(),
                arguments: vec!["build".into(), folder.into()],
            };
            self.run(&job).then(|| folder.strip_prefix(&self.root).expect("inside").display().to_string())
        });
        let folders: Vec<String> = folders.take(count).collect();
        assert_eq!(folders.len(), count, "overlays below {below}");
        folders
    }
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
    targetRevision: HEADHELM
  destination:
    server: https://kubernetes.default.svc
    namespace: NAME
";

/// The parameters are those that one of the charts cannot do without; the others do not look at them.
const HELM: &str = "
    helm:
      valueFiles: [FILE]
      parameters:
        - {name: global.host, value: host.example}
        - {name: global.vaultSecretsPath, value: secret/bench}";

/// Files with values for a chart, relative to it.
fn values(chart: &Path, below: &str) -> Vec<String> {
    let walk = walkdir::WalkDir::new(chart.join(below)).sort_by_file_name().into_iter().flatten();
    let named = |name: &str| match below {
        "" => name.starts_with("values-") && name.ends_with(".yaml"),
        _ => name == "values.yaml",
    };
    walk.filter(|file| file.file_name().to_str().is_some_and(named))
        .map(|file| Path::new(below).join(file.path().strip_prefix(chart.join(below)).expect("inside")))
        .map(|path| path.display().to_string())
        .collect()
}

fn copy(corpus: &Path, folder: &str, to: &Path) {
    for file in walkdir::WalkDir::new(corpus.join(folder)).into_iter().flatten() {
        if file.file_type().is_file() {
            let inside = file.path().strip_prefix(corpus).expect("inside");
            write(&to.join(inside), &fs::read(file.path()).expect("a file of the corpus"));
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a path inside a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn clean(path: &str) -> String {
    billhook::render::clean(path).expect("a path inside the corpus").to_string()
}

fn on_path(program: Program) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(program.name()));
    files.find(|file| file.is_file()).unwrap_or_else(|| panic!("`{}` is not on PATH", program.name()))
}

/// How many files a cache has.
fn entries(cache: &Path) -> usize {
    let files = walkdir::WalkDir::new(cache).into_iter().flatten();
    files.filter(|file| file.file_type().is_file()).count()
}

fn verdict(what: &str, ratio: f64, limit: f64) -> bool {
    let kept = ratio <= limit;
    let word = if kept { "kept" } else { "MISSED" };
    println!("{what}: ×{ratio:.3} of ×{limit:.2} allowed, {word}");
    kept
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn min(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}
