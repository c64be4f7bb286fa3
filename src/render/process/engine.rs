//! Recipes carried out by programs.

use super::child::{self, Ended, Trouble};
use super::worker::{Orders, Visible};
use super::{Isolation, Limits};
use crate::files::{self, Scratch, Store};
use crate::render::engine::{Checkout, Engine, Exposure, Failure};
use crate::render::kustomize;
use crate::render::recipe::{Command, Place, Program, Recipe, Step};
use crate::yaml::File;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where a program finds its scratch folder when it sees nothing else.
const INSIDE: &str = "/render";
/// What dynamically linked programs need of the machine.
const LIBRARIES: &[&str] = &[
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "usr/lib",
    "usr/lib32",
    "usr/lib64",
    "usr/libx32",
    "nix/store",
    "gnu/store",
];
/// What Helm says of charts that are not in `charts/` (`IsMissingDependencyErr` in `util/helm/helm.go`).
const MISSING: &[&str] = &[
    "found in requirements.yaml, but missing in charts",
    "found in Chart.yaml, but missing in charts/ directory",
];
/// What Go programs say when there is no network.
const OFFLINE: &[&str] = &["dial tcp", "dial udp", "no 'git' program on path", "proxyconnect"];
/// What is said when a program does not start the way it did before: the kernel or the machine has changed.
const UNFIT: &[&str] = &["cannot confine: ", "cannot start: ", "error while loading shared libraries"];
/// What Go programs say when the machine is at its limits: another run may end otherwise.
const EXHAUSTED: &[&str] = &[
    "no space left on device",
    "too many open files",
    "cannot allocate memory",
    "resource temporarily unavailable",
    "disk quota exceeded",
    "input/output error",
];
/// Advice of Helm's that is of no use here.
const NOISE: &str = "Use --debug flag to render out invalid YAML";
/// How much of a complaint is passed on.
const LONGEST: usize = 2000;

/// The programs that may be started.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// This program itself, which confines the others.
    pub own: PathBuf,
    /// Helm, as a person named it.
    pub helm: Option<PathBuf>,
    /// Kustomize, as a person named it.
    pub kustomize: Option<PathBuf>,
}

/// Carries out recipes by starting programs.
#[derive(Debug)]
pub struct Runner {
    programs: Programs,
    limits: Limits,
    store: Option<Arc<Store>>,
    helm: Mutex<Option<Result<Found, Failure>>>,
    kustomize: Mutex<Option<Result<Found, Failure>>>,
    root: OnceLock<Result<Root, String>>,
}

/// A program that works here.
#[derive(Clone, Debug)]
struct Found {
    path: PathBuf,
    /// What changes when it is replaced.
    stamp: String,
    version: String,
    isolation: Isolation,
    /// What was said where it was to be confined further; `""` where it is as confined as can be.
    obstacle: String,
}

/// The folder that programs see as `/`, and what of the machine appears in it.
#[derive(Debug)]
struct Root {
    scratch: Scratch,
    libraries: Vec<Visible>,
}

impl Runner {
    /// With these programs; each is looked at when it is first needed, and what it says is kept in `store`.
    pub fn new(programs: Programs, limits: Limits, store: Option<Arc<Store>>) -> Self {
        let (helm, kustomize, root) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Self { programs, limits, store, helm, kustomize, root }
    }

    fn path(&self, program: Program) -> Option<&PathBuf> {
        match program {
            Program::Helm => self.programs.helm.as_ref(),
            Program::Kustomize => self.programs.kustomize.as_ref(),
        }
    }

    fn known(&self, program: Program) -> &Mutex<Option<Result<Found, Failure>>> {
        match program {
            Program::Helm => &self.helm,
            Program::Kustomize => &self.kustomize,
        }
    }

    fn found(&self, program: Program) -> Result<Found, Failure> {
        let mut known = self.known(program).lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| self.remembered(program)).clone()
    }

    /// Looks at a program again that did not run as it was remembered to.
    fn found_again(&self, program: Program) -> Result<Found, Failure> {
        let found = self.look(program);
        *self.known(program).lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        found
    }

    fn remembered(&self, program: Program) -> Result<Found, Failure> {
        let path = self.real_path(program)?;
        let stamp = files::stamp(&path);
        let entry = self.store.as_ref().and_then(|store| store.get(&note(&path, &stamp)));
        match entry.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            Some((version, isolation, obstacle)) => Ok(Found { path, stamp, version, isolation, obstacle }),
            None => self.look(program),
        }
    }

    fn look(&self, program: Program) -> Result<Found, Failure> {
        let found = self.find(program)?;
        if let Some(store) = &self.store
            && let Ok(bytes) = serde_json::to_vec(&(&found.version, found.isolation, &found.obstacle))
        {
            store.put(&note(&found.path, &found.stamp), &bytes);
        }
        Ok(found)
    }

    fn real_path(&self, program: Program) -> Result<PathBuf, Failure> {
        let name = program.name();
        let path =
            self.path(program).ok_or_else(|| Failure::Missing(format!("`{name}` is not installed")))?;
        path.canonicalize()
            .map_err(|error| Failure::Missing(format!("`{}` cannot be used: {error}", path.display())))
    }

    /// Asks a program for its version, as confined as it bears.
    fn find(&self, program: Program) -> Result<Found, Failure> {
        let path = self.real_path(program)?;
        let stamp = files::stamp(&path);
        let words: &[&str] = match program {
            Program::Helm => &["version", "--short"],
            Program::Kustomize => &["version"],
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut obstacle = String::new();
        // What fails once may have met a moment of trouble, and a weaker isolation would be remembered.
        let twice = [Isolation::Files, Isolation::Network].into_iter().flat_map(|level| [level; 2]);
        for isolation in twice.chain([Isolation::None]) {
            let scratch = Scratch::new(0).map_err(|error| Failure::broken(&error))?;
            let (path, stamp) = (path.clone(), stamp.clone());
            let found = Found { path, stamp, version: String::new(), isolation, obstacle: obstacle.clone() };
            let complaint = match self.start(&found, program, &scratch, "", &words) {
                Ok(ended) if ended.success => {
                    let text = String::from_utf8_lossy(&ended.output);
                    let version = text.split_whitespace().next().unwrap_or("").trim_start_matches('v');
                    let version = version.split('+').next().unwrap_or("").to_owned();
                    return Ok(Found { version, ..found });
                }
                Ok(ended) => ended.complaint,
                Err(Trouble::Limit(message) | Trouble::Broken(message)) => message,
            };
            obstacle = complaint.trim().lines().last().unwrap_or("").chars().take(LONGEST).collect();
        }
        let place = path.display();
        Err(Failure::Missing(match obstacle.strip_prefix("cannot start: ") {
            Some(why) => format!("`{place}` cannot be started: {why}"),
            None => format!("`{place}` does not tell its version: {obstacle}"),
        }))
    }

    fn root(&self) -> Result<&Root, String> {
        let made = self.root.get_or_init(|| Root::new(&self.programs).map_err(|error| error.to_string()));
        made.as_ref().map_err(String::clone)
    }

    fn start(
        &self,
        found: &Found,
        program: Program,
        scratch: &Scratch,
        folder: &str,
        arguments: &[String],
    ) -> Result<Ended, Trouble> {
        let broken = |message: String| Trouble::Broken(message);
        for name in ["home", "tmp"] {
            scratch.make_folder(name).map_err(|error| broken(error.to_string()))?;
        }
        let at = seen(found.isolation, scratch);
        let mut orders = Orders {
            isolation: found.isolation,
            memory: self.limits.memory,
            root: String::new(),
            visible: Vec::new(),
            folder: format!("{at}/{folder}"),
            program: found.path.display().to_string(),
        };
        let mut path = format!("{at}/bin");
        if found.isolation == Isolation::Files {
            let root = self.root().map_err(broken)?;
            orders.root = root.scratch.path().display().to_string();
            orders.visible = root.visible(&self.programs, scratch);
            orders.program = format!("/bin/{}", program.name());
            path = "/bin".to_owned();
        } else if program == Program::Kustomize
            && let Ok(helm) = self.found(Program::Helm)
            && !scratch.path().join("bin/helm").exists()
        {
            scratch.link("bin/helm", &helm.path).map_err(|error| broken(error.to_string()))?;
        }
        let environment = environment(&at, path, self.limits.memory);
        child::run(&self.programs.own, &orders, arguments, &environment, &self.limits)
    }

    /// Runs a command; also tells where the program saw the scratch folder.
    fn command(&self, command: &Command, scratch: &Scratch) -> Result<(Ended, String), Failure> {
        let ended = self.command_of(&self.found(command.program)?, command, scratch)?;
        if ended.0.success || !UNFIT.iter().any(|sign| ended.0.complaint.starts_with(sign)) {
            return Ok(ended);
        }
        self.command_of(&self.found_again(command.program)?, command, scratch)
    }

    fn command_of(
        &self,
        found: &Found,
        command: &Command,
        scratch: &Scratch,
    ) -> Result<(Ended, String), Failure> {
        let at = seen(found.isolation, scratch);
        let spelled = |place: &Place| format!("{at}/{}", inside(place)).trim_end_matches('/').to_owned();
        let values = format!("{at}/values.yaml");
        let arguments: Vec<String> =
            command.arguments.iter().map(|argument| argument.spelled(spelled, &values)).collect();
        let folder = inside(&command.folder);
        match self.start(found, command.program, scratch, &folder, &arguments) {
            Ok(ended) => Ok((ended, at)),
            Err(Trouble::Limit(message)) => {
                Err(Failure::Limit(format!("`{}`: {message}", command.program.name())))
            }
            Err(Trouble::Broken(message)) => Err(Failure::Broken(message)),
        }
    }

    fn text(&self, command: &Command, scratch: &Scratch) -> Result<String, Failure> {
        let (ended, at) = self.command(command, scratch)?;
        if !ended.success {
            return Err(complaint(&ended.complaint, &at));
        }
        Ok(match String::from_utf8(ended.output) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    fn step(
        &self,
        step: &Step,
        recipe: &Recipe,
        checkout: &Checkout,
        scratch: &Scratch,
    ) -> Result<String, Failure> {
        match (step, recipe) {
            (Step::Patch(patches), _) => patch(patches, recipe, checkout, scratch).map(|()| String::new()),
            (Step::Run(command), Recipe::Kustomize(_)) => self.text(command, scratch),
            (Step::Run(command), Recipe::Helm(chart)) => match self.text(command, scratch) {
                Err(Failure::Refused(message)) if MISSING.iter().any(|text| message.contains(text)) => {
                    if let Some(repository) = checkout.remote_dependency(chart) {
                        return Err(Failure::Offline(format!(
                            "the chart needs others that are not in `charts/` but in `{repository}`"
                        )));
                    }
                    self.text(&chart.dependency_build(), scratch)?;
                    self.text(command, scratch)
                }
                other => other,
            },
        }
    }
}

impl Engine for Runner {
    fn version(&self, program: Program) -> Result<String, Failure> {
        self.found(program).map(|found| found.version)
    }

    fn exposure(&self, program: Program) -> Result<Option<Exposure>, Failure> {
        let found = self.found(program)?;
        let reaches = match found.isolation {
            Isolation::Files => return Ok(None),
            Isolation::Network => "every file that this user may read",
            Isolation::None => "the network, and every file that this user may read",
        };
        Ok(Some(Exposure { reaches, because: found.obstacle }))
    }

    fn identity(&self, program: Program) -> Result<String, Failure> {
        let found = self.found(program)?;
        let Found { stamp, version, isolation, .. } = &found;
        Ok(format!("{} {version} {stamp} {isolation:?}", program.name()))
    }

    fn render(&self, recipe: &Recipe, checkout: &Checkout) -> Result<String, Failure> {
        // Where nothing hides the disk from Helm, a schema could make it read any of its files.
        if self.found(recipe.program())?.isolation != Isolation::Files
            && let Some(schema) = checkout.open_schema()
        {
            return Err(Failure::Broken(format!(
                "`{schema}` refers to other files, which the kernel here cannot hide"
            )));
        }
        let scratch = Scratch::new(checkout.size()).map_err(|error| Failure::broken(&error))?;
        checkout.write(&scratch).map_err(|error| Failure::broken(&error))?;
        if let Recipe::Helm(chart) = recipe
            && let Some(values) = &chart.values
        {
            scratch.write("values.yaml", values.as_bytes()).map_err(|error| Failure::broken(&error))?;
        }
        let mut output = String::new();
        for step in recipe.steps() {
            output = self.step(&step, recipe, checkout, &scratch)?;
        }
        Ok(output)
    }
}

impl Root {
    fn new(programs: &Programs) -> Result<Self, files::Error> {
        let scratch = Scratch::new(0)?;
        let mut libraries = Vec::new();
        for library in LIBRARIES {
            let from = Path::new("/").join(library);
            match std::fs::read_link(&from) {
                Ok(target) => scratch.link(library, &target)?,
                Err(_) if from.is_dir() => {
                    scratch.make_folder(library)?;
                    libraries.push(visible(from.display().to_string(), library, false));
                }
                Err(_) => {}
            }
        }
        scratch.make_folder(INSIDE.trim_start_matches('/'))?;
        scratch.write("dev/null", b"")?;
        for (name, _) in binaries(programs) {
            scratch.write(&format!("bin/{name}"), b"")?;
        }
        Ok(Self { scratch, libraries })
    }

    fn visible(&self, programs: &Programs, scratch: &Scratch) -> Vec<Visible> {
        let mut all = self.libraries.clone();
        all.extend(binaries(programs).map(|(name, path)| visible(path, &format!("bin/{name}"), false)));
        all.push(visible("/dev/null".to_owned(), "dev/null", true));
        all.push(visible(scratch.path().display().to_string(), INSIDE, true));
        all
    }
}

fn visible(from: String, to: &str, writable: bool) -> Visible {
    Visible { from, to: to.to_owned(), writable }
}

/// The programs that exist, by the name under which they are found.
fn binaries(programs: &Programs) -> impl Iterator<Item = (&'static str, String)> {
    let all = [(Program::Helm, &programs.helm), (Program::Kustomize, &programs.kustomize)];
    all.into_iter().filter_map(|(program, path)| {
        Some((program.name(), path.as_ref()?.canonicalize().ok()?.display().to_string()))
    })
}

/// The name under which is kept what a program said of itself.
fn note(path: &Path, stamp: &str) -> String {
    blake3::hash(format!("program 2 {} {stamp}", path.display()).as_bytes()).to_hex().to_string()
}

/// Where the scratch folder is to a program.
fn seen(isolation: Isolation, scratch: &Scratch) -> String {
    match isolation {
        Isolation::Files => INSIDE.to_owned(),
        Isolation::Network | Isolation::None => scratch.path().display().to_string(),
    }
}

/// A place in the scratch folder.
fn inside(place: &Place) -> String {
    crate::render::path::join(&Checkout::folder(place.tree), &place.path)
}

fn environment(at: &str, path: String, memory: u64) -> Vec<(&'static str, String)> {
    let nowhere = || "http://127.0.0.1:9".to_owned();
    let home = |name: &str| format!("{at}/home/{name}");
    vec![
        ("PATH", path),
        ("HOME", format!("{at}/home")),
        ("TMPDIR", format!("{at}/tmp")),
        ("XDG_CACHE_HOME", home("cache")),
        ("XDG_CONFIG_HOME", home("config")),
        ("XDG_DATA_HOME", home("data")),
        ("HELM_CONFIG_HOME", home("config")),
        ("TZ", "UTC".to_owned()),
        ("HTTP_PROXY", nowhere()),
        ("HTTPS_PROXY", nowhere()),
        ("ALL_PROXY", nowhere()),
        ("NO_PROXY", String::new()),
        // Short lives need no tidying until there is much to tidy, which saves a fifth of the time.
        ("GOGC", "1600".to_owned()),
        ("GOMEMLIMIT", (memory / 4).to_string()),
    ]
}

/// Appends to `patches` of the kustomization as it is by now.
fn patch(patches: &[Value], recipe: &Recipe, checkout: &Checkout, scratch: &Scratch) -> Result<(), Failure> {
    let Recipe::Kustomize(build) = recipe else { return Ok(()) };
    let refused = |message: &str| Failure::Refused(format!("the patches of the Application: {message}"));
    let tree = checkout.own();
    let real = kustomize::file_of(tree, &build.folder).and_then(|path| tree.resolve(&path).ok().flatten());
    let real = real.ok_or_else(|| refused("there is no kustomization"))?;
    let path = crate::render::path::join(&Checkout::folder(0), &real);
    let bytes = scratch.read(&path).map_err(|error| Failure::broken(&error))?;
    let file = File::single(crate::yaml::decode(&bytes).text);
    let root = file.documents().first().map(|document| document.root());
    let mut kustomization = match root {
        Some(Ok(root)) => file.node(root).to_json(),
        Some(Err(error)) => return Err(refused(&error.message)),
        None => Value::Null,
    };
    let Some(map) = kustomization.as_object_mut() else {
        return Err(refused("the kustomization is no mapping"));
    };
    match map.get_mut("patches") {
        None => {
            map.insert("patches".to_owned(), Value::Array(patches.to_vec()));
        }
        Some(Value::Array(list)) => list.extend(patches.iter().cloned()),
        Some(_) => return Err(refused("`patches` of the kustomization is no list")),
    }
    let text = kustomization.to_string();
    scratch.write(&path, text.as_bytes()).map_err(|error| Failure::broken(&error))?;
    Ok(())
}

/// What a program says, with the paths that it was given taken back to those of the tree.
fn complaint(text: &str, at: &str) -> Failure {
    let from = text.find("Error: ").map_or(text, |start| &text[start + "Error: ".len()..]);
    let plain = from.replace(&format!("{at}/{}/", Checkout::folder(0)), "").replace(at, "");
    let plain = plain.replace(NOISE, "").split_whitespace().collect::<Vec<_>>().join(" ");
    let short = match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    };
    let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    match () {
        () if says(EXHAUSTED) => Failure::Broken(short),
        () if says(OFFLINE) => Failure::Offline(short),
        () => Failure::Refused(short),
    }
}
