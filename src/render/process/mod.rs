//! Helm and Kustomize as programs, confined.
//!
//! A program sees a scratch folder with the files it needs, an empty environment and, where the kernel allows it,
//! nothing else: neither the rest of the disk nor a network ([`Isolation`]). It has limits for time, memory and output,
//! and everything it started ends with it.

mod child;
mod engine;
mod worker;

pub use engine::{Programs, Runner};
pub use worker::{Unfit, enter};

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The argument by which the program is told to confine itself and become another.
pub const COMMAND: &str = "__confine";

/// What one run of a program may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Wall time. Argo CD's own limit is 90 seconds (`ARGOCD_EXEC_TIMEOUT`).
    pub time: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of output.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(90), memory: 2 << 30, output: 128 << 20 }
    }
}

/// How much of the machine a program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Isolation {
    /// Everything its user may see. Proxies that lead nowhere keep it off the network, as far as it asks for proxies.
    None,
    /// All files, and no network.
    Network,
    /// Its scratch folder and the system's libraries, and no network.
    Files,
}
