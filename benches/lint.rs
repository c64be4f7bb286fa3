//! Whole runs of `billhook lint` over generated repositories, and over real ones from `BILLHOOK_CORPUS`.
//!
//! Says time and peak memory of each run, and how they stand against the limits the project keeps: 50,000 objects in
//! 1.5 seconds and 500 MB on two processors, and time that grows no faster than the number of objects.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIZES: &[usize] = &[10_000, 50_000, 250_000];
const PER_APPLICATION: usize = 250;
const RUNS: usize = 5;

fn main() {
    println!("{:<44} {:>9} {:>9} {:>12} {:>9}", "lint", "median s", "min s", "µs an object", "peak MB");
    let mut smallest = None;
    for &objects in SIZES {
        let folder = tempfile::tempdir().expect("a scratch folder");
        generate(folder.path(), objects);
        let run = measure(folder.path());
        let each = run.median * 1e6 / objects as f64;
        let what = format!("{objects} generated objects");
        println!("{what:<44} {:>9.3} {:>9.3} {each:>12.2} {:>9.0}", run.median, run.min, run.peak);
        if objects == 50_000 {
            println!(
                "    of the limits of 1.5 s and 500 MB: ×{:.2} and ×{:.2}",
                run.median / 1.5,
                run.peak / 500.0
            );
        }
        println!("    time an object against the smallest: ×{:.2}", each / *smallest.get_or_insert(each));
    }
    let Ok(corpus) = std::env::var("BILLHOOK_CORPUS") else {
        println!("BILLHOOK_CORPUS is not set: real repositories were not measured");
        return;
    };
    for name in ["bank-of-holos", "multi-tenancy-gitops", "infra-deployments", "gitops-catalog"] {
        let path = Path::new(&corpus).join(name);
        if path.is_dir() {
            let run = measure(&path);
            println!("{name:<44} {:>9.3} {:>9.3} {:>12} {:>9.0}", run.median, run.min, "", run.peak);
        }
    }
}

struct Run {
    median: f64,
    min: f64,
    peak: f64,
}

/// Five runs after one that is not counted; the peak is the largest of all.
fn measure(folder: &Path) -> Run {
    let mut seconds = Vec::new();
    let mut peak: f64 = 0.0;
    for run in 0..=RUNS {
        let (time, memory) = once(folder);
        if run > 0 {
            seconds.push(time);
        }
        peak = peak.max(memory);
    }
    seconds.sort_by(f64::total_cmp);
    Run { median: seconds[RUNS / 2], min: seconds[0], peak }
}

/// Wall seconds, and the peak of resident memory in MB as the kernel has it (0 where it does not say).
fn once(folder: &Path) -> (f64, f64) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_billhook"))
        .args(["lint", "--format", "ndjson"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    loop {
        if let Some(memory) = fs::read_to_string(&status).ok().as_deref().and_then(high_water) {
            peak = peak.max(memory);
        }
        if child.try_wait().expect("the program can be waited for").is_some() {
            return (start.elapsed().as_secs_f64(), peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1000.0)
}

/// Applications of 250 objects each, one folder an Application, a root above them all.
fn generate(root: &Path, objects: usize) {
    write(root, "root.yaml", &application("root", "apps", "argocd"));
    for number in 0..objects / PER_APPLICATION {
        let name = format!("app-{number:05}");
        write(root, &format!("apps/{name}.yaml"), &application(&name, &format!("env/{name}"), &name));
        for object in 0..PER_APPLICATION {
            write(root, &format!("env/{name}/{object:03}.yaml"), &body(number, object));
        }
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a path inside the root")).expect("a folder");
    fs::write(path, text).expect("a file");
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

const HEAD: &str = "\
apiVersion: API
kind: KIND
metadata:
  name: NAME
  labels:
    app.kubernetes.io/name: NAME
    app.kubernetes.io/part-of: GROUP
";

const DEPLOYMENT: &str = "\
spec:
  replicas: 2
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      containers:
        - name: main
          image: registry.example/NAME:1.0.0
          args: [\"--listen=:8080\", \"--verbose\"]
          env:
            - name: LOG_LEVEL
              value: info
            - name: POD_NS
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
          readinessProbe:
            httpGet:
              path: /ready
              port: 8080
          volumeMounts:
            - name: config
              mountPath: /etc/config
      volumes:
        - name: config
          configMap:
            name: NAME
";

const SERVICE: &str = "\
spec:
  selector:
    app: NAME
  ports:
    - name: http
      port: 80
      targetPort: 8080
";

const CLAIM: &str = "\
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 10Gi
";

fn application(name: &str, path: &str, namespace: &str) -> String {
    APPLICATION.replace("NAMESPACE", namespace).replace("NAME", name).replace("PATH", path)
}

/// Workloads, services, claims and configuration in turn.
fn body(application: usize, object: usize) -> String {
    let name = format!("part-{object:03}");
    let (api, kind, spec) = match object % 4 {
        0 => ("apps/v1", "Deployment", DEPLOYMENT.to_owned()),
        1 => ("v1", "Service", SERVICE.to_owned()),
        2 => ("v1", "PersistentVolumeClaim", CLAIM.to_owned()),
        _ => {
            let lines = (0..24).map(|line| format!("    option_{line} = value of NAME number {line}\n"));
            ("v1", "ConfigMap", format!("data:\n  settings.ini: |\n{}", lines.collect::<String>()))
        }
    };
    let head =
        HEAD.replace("API", api).replace("KIND", kind).replace("GROUP", &format!("app-{application:05}"));
    format!("{head}{spec}").replace("NAME", &name)
}
