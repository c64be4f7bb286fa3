//! What a terminal shows while Applications are rendered: how many of how many, and which one takes long.

use super::args::{Format, Global};
use crate::inventory::{AppId, Observer};
use crate::model::Application;
use crate::report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A run that is over by then shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is drawn.
const PERIOD: Duration = Duration::from_millis(200);
/// An Application that takes longer is named.
const SLOW: Duration = Duration::from_secs(3);

/// A line on standard error, which goes with the value.
pub(super) struct Progress {
    shared: Arc<Shared>,
    drawing: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    found: usize,
    done: usize,
    /// By who counts, and what it counts.
    running: BTreeMap<(usize, AppId), (Instant, Arc<str>)>,
    observers: usize,
    is_over: bool,
}

/// Counts for the one that draws.
struct Counter {
    shared: Arc<Shared>,
    number: usize,
}

impl Progress {
    /// Begins, where a person watches: standard error is a terminal, not a log, and neither `-q` nor a machine asks.
    pub(super) fn start(global: &Global) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "the environment is this room's to read")]
        let by_machine = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        let for_machine = !global.format.is_empty() && !global.format.contains(&Format::Text);
        if global.quiet || by_machine || for_machine || !std::io::stderr().is_terminal() {
            return None;
        }
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let drawing = std::thread::Builder::new().spawn(move || draw(&own)).ok();
        Some(Self { shared, drawing })
    }

    /// Who is to hear how rendering goes, of one inventory.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        let mut number = 0;
        self.shared.update(|state| {
            number = state.observers;
            state.observers += 1;
        });
        Arc::new(Counter { shared: Arc::clone(&self.shared), number })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.update(|state| state.is_over = true);
        self.shared.over.notify_all();
        if let Some(drawing) = self.drawing.take() {
            // What draws cannot fail in a way that matters here.
            let _ = drawing.join();
        }
    }
}

impl Shared {
    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observer for Counter {
    fn found(&self, count: usize) {
        self.shared.update(|state| state.found += count);
    }

    fn begins(&self, id: AppId, application: &Application) {
        let named = application.id();
        self.shared.update(|state| drop(state.running.insert((self.number, id), (Instant::now(), named))));
    }

    fn ends(&self, id: AppId) {
        self.shared.update(|state| {
            state.running.remove(&(self.number, id));
            state.done += 1;
        });
    }
}

fn draw(shared: &Shared) {
    let mut bar: Option<ProgressBar> = None;
    let mut wait = PATIENCE;
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.is_over {
        let (woken, timeout) = shared.over.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
        state = woken;
        if timeout.timed_out() && !state.is_over {
            wait = PERIOD;
            let bar = bar.get_or_insert_with(new_bar);
            bar.set_message(state.line(Instant::now()));
            bar.tick();
        }
    }
    drop(state);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is fixed");
    bar.with_style(style)
}

impl State {
    fn line(&self, now: Instant) -> String {
        let mut line = match self.found {
            0 => "reading".to_owned(),
            found => format!("rendered {} of {found} Applications", self.done),
        };
        let long = |since: &Instant| now.saturating_duration_since(*since);
        let mut slow: Vec<_> = self.running.values().filter(|(since, _)| long(since) >= SLOW).collect();
        slow.sort_by_key(|(since, _)| *since);
        if let Some((since, name)) = slow.first() {
            line.push_str(&format!("; {} takes {} s", report::neutral(name), long(since).as_secs()));
        }
        match slow.len().saturating_sub(1) {
            0 => {}
            1 => line.push_str(", another one is slow too"),
            more => line.push_str(&format!(", {more} others are slow too")),
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let now = Instant::now();
        let ago = |seconds: u64| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let running = |list: &[(u64, &str)]| {
            list.iter().enumerate().map(|(id, (age, name))| ((0, id), (ago(*age), (*name).into()))).collect()
        };
        for (found, done, list, expected) in [
            (0, 0, &[][..], "reading"),
            (9, 2, &[(1, "argocd/a"), (2, "argocd/b")], "rendered 2 of 9 Applications"),
            (9, 2, &[(1, "argocd/a"), (12, "argocd/b")], "rendered 2 of 9 Applications; argocd/b takes 12 s"),
            (
                9,
                2,
                &[(5, "a"), (4, "b")],
                "rendered 2 of 9 Applications; a takes 5 s, another one is slow too",
            ),
            (
                9,
                2,
                &[(5, "a"), (7, "b"), (4, "c")],
                "rendered 2 of 9 Applications; b takes 7 s, 2 others are slow too",
            ),
            (1, 0, &[(9, "a\u{1b}[2J\nb")], "rendered 0 of 1 Applications; a\u{241b}[2J b takes 9 s"),
        ] {
            let state = State { found, done, running: running(list), ..State::default() };
            assert_eq!(state.line(now), expected);
        }
    }
}
