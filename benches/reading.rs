//! How fast manifests are read: `File::stream` against a bare pass of libyaml over the same texts, in one run.
//!
//! Reads every YAML file below `BILLHOOK_CORPUS` that libyaml takes; without it, manifests made up here. Fails below the
//! ratio that is promised.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::exit)]

use billhook::yaml::agreement::libyaml_events;
use billhook::yaml::{File, decode};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const PROMISED_RATIO: f64 = 5.0;

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        ours = ours.min(time(&texts, |text| {
            black_box(File::stream(Arc::clone(text)));
        }));
        theirs = theirs.min(time(&texts, |text| {
            black_box(libyaml_events(text));
        }));
    }
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    let ratio = rate(ours) / rate(theirs);
    println!(
        "reading {} texts, {:.1} MB: File::stream {:.0} MB/s, libyaml events {:.0} MB/s, ratio {ratio:.1}",
        texts.len(),
        bytes as f64 / 1e6,
        rate(ours),
        rate(theirs)
    );
    if ratio < PROMISED_RATIO {
        println!("slower than promised: the ratio is to be at least {PROMISED_RATIO}");
        std::process::exit(1);
    }
}

fn time(texts: &[Arc<str>], mut read: impl FnMut(&Arc<str>)) -> Duration {
    let start = Instant::now();
    texts.iter().for_each(&mut read);
    start.elapsed()
}

fn texts() -> Vec<Arc<str>> {
    let Some(folder) = std::env::var_os("BILLHOOK_CORPUS") else {
        println!("BILLHOOK_CORPUS is not set: reading made-up manifests");
        return (0..2000).map(|i| made_up(i).into()).collect();
    };
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let yaml = files.filter(|file| file.path().extension().is_some_and(|ext| ext == "yaml" || ext == "yml"));
    let texts = yaml.filter_map(|file| Some(decode(&std::fs::read(file.path()).ok()?).text));
    texts.filter(|text| libyaml_events(text).is_some()).collect()
}

/// A Deployment and a ConfigMap.
fn made_up(i: usize) -> String {
    format!(
        "# application {i}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{i}\n  namespace: team-{}\n  labels:\n    \
         app.kubernetes.io/name: app-{i}\nspec:\n  replicas: {}\n  selector:\n    matchLabels: {{app: app-{i}}}\n  template:\n    \
         spec:\n      containers:\n      - name: main\n        image: \"registry.example/app:{i}\"\n        args: [--port, '8080']\n        \
         env:\n        - name: MODE\n          value: production  # as agreed\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  \
         name: app-{i}\ndata:\n  config.yaml: |\n    server:\n      port: 8080\n      workers: {i}\n    log: info\n",
        i % 7,
        i % 5
    )
}
