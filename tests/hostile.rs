//! Trees of pull requests that want more than to be rendered. Each one ends in a clear answer, soon, and reaches nothing.
//!
//! Where helm and kustomize are not on PATH the tests say so; with `BILLHOOK_REQUIRE_TOOLS=1` they fail.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "this is a test")]

#[path = "support/tools.rs"]
mod tools;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What stands in a file that no render may read.
const SECRET: &str = "the-secret-beside-the-tree";

struct Scene {
    folder: tempfile::TempDir,
}

struct Answer {
    lines: Vec<Value>,
    text: String,
    took: Duration,
}

impl Scene {
    /// The files of a repository; beside it lies a file that is nobody's business.
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.write("secret.yaml", &format!("secret: {SECRET}\n"));
        scene.write("repo/.keep", "");
        files.iter().for_each(|(path, text)| scene.write(&format!("repo/{path}"), text));
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, target: &Path) {
        let path = self.path("repo").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// Renders an Application whose source has these further fields.
    fn render(&self, source: &str) -> Answer {
        self.render_with(source, &[])
    }

    fn render_with(&self, source: &str, settings: &[(&str, &str)]) -> Answer {
        let application = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web, namespace: argocd}}\nspec:\n  \
             project: default\n  destination: {{name: in-cluster, namespace: demo}}\n  \
             source: {{repoURL: https://git.example/repo.git, path: app, {source}}}\n"
        );
        self.write("application.yaml", &application);
        let data: String = settings.iter().map(|(key, value)| format!("  {key}: {value:?}\n")).collect();
        let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata:\n";
        self.write("known/argocd-cm.yaml", &format!("{head}{data}  x: y\n"));
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.timeout(Duration::from_secs(150)).current_dir(self.folder.path());
        command.args(["render", "--format", "ndjson", "--no-cache", "--application", "application.yaml"]);
        command.args(["--repository", "https://git.example/repo.git=repo", "--known", "known"]);
        let start = Instant::now();
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(SECRET), "it was read: {text}");
        assert!(output.status.code().is_some(), "it ended by a signal");
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Answer { lines, text, took: start.elapsed() }
    }
}

impl Answer {
    /// The one problem that stops the Application, which is in this state and says this.
    #[track_caller]
    fn stops(&self, state: &str, says: &str) {
        let problems: Vec<&Value> = self.lines.iter().map(|line| &line["problem"]).collect();
        let found = problems.iter().any(|problem| {
            problem["state"] == state && problem["message"].as_str().is_some_and(|text| text.contains(says))
        });
        assert!(found, "no problem `{state}` says `{says}`: {}", self.text);
        assert!(self.lines.iter().all(|line| line["manifest"].is_null()), "{}", self.text);
    }

    #[track_caller]
    fn renders(&self, number: usize) {
        assert_eq!(self.lines.len(), number, "{}", self.text);
        assert!(self.lines.iter().all(|line| line["problem"].is_null()), "{}", self.text);
    }
}

/// Whether the programs are here; says so where they are not.
fn equipped() -> bool {
    tools::has(&["helm", "kustomize"])
}

const CHART: (&str, &str) = ("app/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");

fn template(body: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{x: {body}}}\n")
}

#[test]
fn value_files_stay_in_the_repository() {
    if !equipped() {
        return;
    }
    let map = template("{{ .Values.secret | quote }}");
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &map)]);
    for file in
        ["../../secret.yaml", "../../../../../../../etc/passwd", "/../secret.yaml", "x/../../../secret.yaml"]
    {
        scene.render(&format!("helm: {{valueFiles: ['{file}']}}")).stops("fails", "leaves the repository");
        let parameter = format!("helm: {{fileParameters: [{{name: secret, path: '{file}'}}]}}");
        scene.render(&parameter).stops("fails", "leaves the repository");
    }
    scene.render("helm: {valueFiles: ['file:///etc/passwd']}").stops("fails", "does not allow");
    scene.render("helm: {valueFiles: ['../../*.yaml']}").stops("fails", "leaves the repository");
}

#[test]
fn links_stay_in_the_repository() {
    if !equipped() {
        return;
    }
    let map = template("{{ .Values.secret | quote }}");
    for (link, target) in
        [("app/values.yaml", "../../secret.yaml"), ("app/x", "/etc/passwd"), ("other/up", "../..")]
    {
        let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &map)]);
        scene.link(link, Path::new(target));
        scene.render("helm: {valueFiles: [values.yaml]}").stops("fails", "leaves the repository");
    }
    // An Argo CD that allows such links reads what only it has; nobody follows them here.
    let files = template("{{ .Files.Get \"x\" | quote }}");
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &files)]);
    scene.link("app/x", &scene.path("secret.yaml"));
    scene.write("known/params.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cmd-params-cm}\ndata: {reposerver.allow.oob.symlinks: 'true'}\n");
    scene.render("targetRevision: main").stops("unknown", "is not followed");
}

#[test]
fn schemas_do_not_read_files() {
    if !equipped() {
        return;
    }
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &template("y"))]);
    scene.write("secret.json", &format!("{{\"const\": \"{SECRET}\"}}"));
    let outside = scene.path("secret.json");
    scene.write("repo/app/values.yaml", "a: b\n");
    scene.write(
        "repo/app/values.schema.json",
        &format!("{{\"properties\": {{\"a\": {{\"$ref\": \"file://{}\"}}}}}}", outside.display()),
    );
    let answer = scene.render("targetRevision: main");
    assert!(answer.lines.iter().all(|line| line["manifest"].is_null()), "{}", answer.text);
}

#[test]
fn kustomizations_stay_in_the_repository() {
    if !equipped() {
        return;
    }
    let none = [("kustomize.buildOptions", "--load-restrictor LoadRestrictionsNone --enable-helm")];
    for kustomization in [
        "configMapGenerator: [{name: a, files: [../../secret.yaml]}]",
        "configMapGenerator: [{name: a, files: [x=../../secret.yaml]}]",
        "configMapGenerator: [{name: a, envs: [/etc/passwd]}]",
        "resources: [../../secret.yaml]",
        "resources: [/etc]",
        "helmCharts: [{name: c, valuesFile: ../../secret.yaml}]",
        "helmCharts: [{name: c, additionalValuesFiles: [../../secret.yaml]}]",
        "helmGlobals: {chartHome: /etc}\nhelmCharts: [{name: c}]",
        "generators: [\"apiVersion: builtin\\nkind: ConfigMapGenerator\\nmetadata: {name: x}\\nname: a\\nfiles: [/etc/passwd]\\n\"]",
    ] {
        let scene = Scene::new(&[("app/kustomization.yaml", kustomization)]);
        scene.render_with("targetRevision: main", &none).stops("unknown", "outside the repository");
        let answer = scene.render("targetRevision: main");
        assert!(answer.lines.iter().all(|line| line["manifest"].is_null()), "{}", answer.text);
    }
}

#[test]
fn nothing_of_the_tree_is_run() {
    if !equipped() {
        return;
    }
    let script = |marker: &Path| format!("#!/bin/sh\ntouch '{}'\nprintf 'v4.2.1\\n'\n", marker.display());
    let generator = "apiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: x\n  annotations:\n    \
                     config.kubernetes.io/function: |\n      exec: {path: ./evil.sh}\n";
    let scene =
        Scene::new(&[("app/kustomization.yaml", "generators: [gen.yaml]\n"), ("app/gen.yaml", generator)]);
    let marker = scene.path("marker");
    for program in ["repo/app/evil.sh", "repo/app/helm", "repo/bin/kustomize", "repo/helm"] {
        scene.write(program, &script(&marker));
        let mut permissions = fs::metadata(scene.path(program)).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(scene.path(program), permissions).unwrap();
    }
    for options in [
        "--enable-alpha-plugins --enable-exec",
        "--enable-helm --helm-command ./evil.sh",
        "--enable-helm --helm-command=./evil.sh",
        "--output /tmp",
        "-o=/tmp",
        "--network",
    ] {
        scene
            .render_with("targetRevision: main", &[("kustomize.buildOptions", options)])
            .stops("unknown", "is not done here");
    }
    scene.render("targetRevision: main").stops("fails", "kustomize does not render");
    let plugin = Scene::new(&[
        ("app/kustomization.yaml", "transformers: [t.yaml]\n"),
        ("app/t.yaml", "apiVersion: someteam.example.com/v1\nkind: Evil\nmetadata: {name: x}\n"),
        ("app/Evil.so", "not a plugin"),
    ]);
    plugin.render("targetRevision: main").stops("fails", "kustomize does not render");
    assert!(!marker.exists());
}

#[test]
fn remote_bases_are_unknown() {
    if !equipped() {
        return;
    }
    for base in [
        "https://github.com/example/none//base?ref=v1",
        "https://example.com/x.yaml",
        "git@github.com:example/none.git",
    ] {
        let scene = Scene::new(&[("app/kustomization.yaml", &format!("resources: ['{base}']\n"))]);
        scene.render("targetRevision: main").stops("unknown", "kustomize does not render");
    }
}

#[test]
fn words_are_not_taken_for_options() {
    if !equipped() {
        return;
    }
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &template("y"))]);
    for name in ["--post-renderer=x", "--help", "-h", "--kubeconfig=/etc/passwd"] {
        scene.render(&format!("helm: {{releaseName: '{name}'}}")).stops("fails", "helm does not render");
    }
    scene.render("helm: {namespace: '--dry-run=server'}").renders(1);
    let scene = Scene::new(&[("app/kustomization.yaml", "resources: []\n")]);
    scene.render("kustomize: {images: ['--help']}").stops("fails", "would take `--help` for an option");
    scene.render("kustomize: {components: ['-h']}").stops("fails", "would take `-h` for an option");
    scene.render("kustomize: {commonLabels: {'--force': x}}").stops("fails", "for an option");
}

#[test]
fn clusters_are_not_asked() {
    if !equipped() {
        return;
    }
    let body = template("{{ lookup \"v1\" \"Secret\" \"kube-system\" \"x\" | toJson | quote }}");
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &body)]);
    scene.render("targetRevision: main").renders(1);
}

#[test]
fn what_never_ends_is_ended() {
    if !equipped() {
        return;
    }
    for body in ["{{ range until 100000000 }}{{ . | quote }}{{ end }}", "{{ repeat 2000000000 \"x\" }}"] {
        let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &template(body))]);
        let answer = scene.render("targetRevision: main");
        answer.stops("unknown", "helm");
        assert!(answer.took < Duration::from_secs(100), "{:?}", answer.took);
    }
}

#[test]
fn archives_that_blow_up_are_refused() {
    if !equipped() {
        return;
    }
    let scene = Scene::new(&[CHART, ("app/templates/a.yaml", &template("y")), ("app/charts/.keep", "")]);
    let file = fs::File::create(scene.path("repo/app/charts/bomb-1.0.0.tgz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    let size: u64 = 2 << 30;
    let mut header = [0_u8; 512];
    header[..9].copy_from_slice(b"bomb/file");
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    std::io::Write::write_all(&mut gzip, &header).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), size), &mut gzip).unwrap();
    gzip.finish().unwrap();
    let answer = scene.render("targetRevision: main");
    assert!(answer.lines.iter().all(|line| line["manifest"].is_null()), "{}", answer.text);
    assert!(answer.took < Duration::from_secs(60), "{:?}", answer.took);
}

#[test]
fn cycles_are_refused() {
    if !equipped() {
        return;
    }
    let scene = Scene::new(&[
        ("app/kustomization.yaml", "resources: [../other]\n"),
        ("other/kustomization.yaml", "resources: [../app]\n"),
    ]);
    scene.render("targetRevision: main").stops("fails", "cycle");
    let charts = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: d, version: 1.0.0, repository: 'file://../d'}]\n";
    let other =
        charts.replace("name: c", "name: d").replace("{name: d", "{name: c").replace("../d", "../app");
    let scene = Scene::new(&[("app/Chart.yaml", charts), ("d/Chart.yaml", &other)]);
    let answer = scene.render("targetRevision: main");
    assert!(answer.lines.iter().all(|line| line["manifest"].is_null()), "{}", answer.text);
}

#[test]
fn dependencies_stay_in_the_repository() {
    if !equipped() {
        return;
    }
    for (address, state) in [("file:///etc", "unknown"), ("file://../../..", "fails")] {
        let chart = format!(
            "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{{name: d, version: 1.0.0, repository: '{address}'}}]\n"
        );
        let scene = Scene::new(&[("app/Chart.yaml", &chart)]);
        scene.render("targetRevision: main").stops(state, "a dependency of the chart `app`");
    }
}

#[test]
fn names_do_not_reach_the_terminal() {
    if !equipped() {
        return;
    }
    let scene =
        Scene::new(&[CHART, ("app/templates/a.yaml", &template("y")), ("app/b\n\u{1b}]0;x.yaml", "a")]);
    scene.render("targetRevision: main").renders(1);
    // Helm writes the name into a comment, behind which Argo CD cannot read on.
    let scene = Scene::new(&[CHART, ("app/templates/a\n\u{1b}[31m.yaml", &template("y"))]);
    let answer = scene.render("targetRevision: main");
    answer.stops("fails", "the output cannot be read");
    assert!(!answer.text.contains('\u{1b}'), "{}", answer.text);
    let scene = Scene::new(&[CHART, ("app/templates/a\n\u{1b}[31m.yaml", "{{ fail \"\u{1b}[31mred\" }}")]);
    let answer = scene.render("targetRevision: main");
    assert!(!answer.text.contains('\u{1b}'), "{}", answer.text);
}

#[test]
fn a_configuration_of_the_tree_names_no_program() {
    let scene = Scene::new(&[
        CHART,
        ("app/templates/a.yaml", &template("y")),
        ("billhook.yaml", "helm: ./evil.sh\n"),
    ]);
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"))
        .current_dir(scene.path("repo"))
        .args(["lint", "--no-cache"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("helm"));
}
