//! One test a case: shown by name, ignored where a program is missing, known to differ where `KNOWN.md` says so.

#![allow(dead_code, reason = "each test binary uses its part")]

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

const KNOWN: &str = include_str!("../conformance/KNOWN.md");

/// A case before it runs.
pub struct Case {
    /// Such as `render/dir/dir-basic`.
    pub name: String,
    /// Programs that it needs and that are not there.
    pub missing: Vec<&'static str>,
    /// Tells what differs; nothing if all is as recorded.
    pub run: Box<dyn FnOnce() -> Result<Vec<String>, String> + Send>,
}

/// Runs the cases of one set. `why_none` is said where there are no cases.
pub fn run(set: &str, cases: Vec<Case>, why_none: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let known = known(KNOWN);
    let strict = std::env::var_os("BILLHOOK_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    let names: BTreeSet<String> = cases.iter().map(|case| case.name.clone()).collect();
    let prefix = format!("{set}/");
    let gone: Vec<String> =
        known.keys().filter(|name| name.starts_with(&prefix) && !names.contains(*name)).cloned().collect();
    let mut trials: Vec<Trial> = cases.into_iter().map(|case| trial(case, &known, strict)).collect();
    if names.is_empty() {
        let reason = why_none.to_owned();
        trials.push(
            Trial::test(format!("{set} ({why_none})"), move || Err(reason.into())).with_ignored_flag(true),
        );
    } else {
        trials.push(Trial::test(format!("{set}: KNOWN.md names cases that exist"), move || {
            if gone.is_empty() { Ok(()) } else { Err(format!("no such case: {}", gone.join(", ")).into()) }
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(case: Case, known: &BTreeMap<String, String>, strict: bool) -> Trial {
    let Case { name, missing, run } = case;
    if !missing.is_empty() {
        let reason = format!("{} not on PATH", missing.join(" and "));
        let shown = reason.clone();
        let trial = Trial::test(name, move || Err(reason.into()));
        return trial.with_kind(shown).with_ignored_flag(!strict);
    }
    let cause = known.get(&name).cloned();
    let kind = if cause.is_some() { "known difference" } else { "" };
    let trial = Trial::test(name, move || judge(run(), cause.as_deref()));
    trial.with_kind(kind)
}

fn judge(ended: Result<Vec<String>, String>, cause: Option<&str>) -> Result<(), Failed> {
    let differences = ended.map_err(Failed::from)?;
    match (differences.is_empty(), cause) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(cause)) => Err(format!("is as recorded now: take it out of KNOWN.md, {cause:?}").into()),
        (false, None) => {
            let shown = differences.iter().take(20).map(|difference| format!("\n  {difference}"));
            let more = differences.len().saturating_sub(20);
            let more = if more > 0 { format!("\n  … and {more} more") } else { String::new() };
            Err((shown.collect::<String>() + &more).into())
        }
    }
}

/// Cases by name, each with the heading it stands below: a line ``- `render/dir/dir-basic` ``, then what you like.
pub fn known(text: &str) -> BTreeMap<String, String> {
    let mut cause = String::new();
    let mut known = BTreeMap::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            cause = heading.to_owned();
        } else if let Some(name) = line.strip_prefix("- `").and_then(|rest| rest.split('`').next()) {
            known.insert(name.to_owned(), cause.clone());
        }
    }
    known
}
