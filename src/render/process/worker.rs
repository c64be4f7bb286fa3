//! The child's side: gives up what the program is not to have, and becomes the program.

use super::Isolation;
use serde::{Deserialize, Serialize};
use std::io;

/// What a child does before it becomes the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    /// What it may see.
    pub isolation: Isolation,
    /// Bytes of memory.
    pub memory: u64,
    /// The folder that becomes the root, with [`Isolation::Files`].
    pub root: String,
    /// What appears in that folder.
    pub visible: Vec<Visible>,
    /// Where it works, as it sees the files.
    pub folder: String,
    /// The program, as it sees the files.
    pub program: String,
}

/// A file or folder of the machine that the program sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Visible {
    /// Where it is.
    pub from: String,
    /// Where it is seen, from the new root.
    pub to: String,
    /// Whether the program may write to it.
    pub writable: bool,
}

/// Why a child did not become the program. Its text is read by the parent.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It could not give up what the program is not to have.
    #[error("cannot confine: {0}")]
    Confine(io::Error),
    /// The program does not start, from where it is seen.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

/// Follows the orders in the first of `arguments` and becomes the program, with the other ones as arguments.
///
/// To be called first thing: the process must not have threads yet. Returns only if it fails.
#[cfg(unix)]
pub fn enter(arguments: &[std::ffi::OsString]) -> Unfit {
    use std::os::unix::process::CommandExt;
    let Some((orders, rest)) = arguments.split_first() else {
        return Unfit::Confine(io::ErrorKind::InvalidInput.into());
    };
    let orders: Orders = match serde_json::from_slice(orders.as_encoded_bytes()) {
        Ok(orders) => orders,
        Err(error) => return Unfit::Confine(error.into()),
    };
    if let Err(error) = confine(&orders) {
        return Unfit::Confine(error);
    }
    #[expect(clippy::disallowed_methods, reason = "this is the renderer")]
    Unfit::Start(std::process::Command::new(&orders.program).args(rest).exec())
}

/// Nothing is confined here, so nothing comes to this.
#[cfg(not(unix))]
pub fn enter(_arguments: &[std::ffi::OsString]) -> Unfit {
    Unfit::Confine(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn confine(orders: &Orders) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        isolate(orders)?;
    }
    std::env::set_current_dir(&orders.folder)?;
    // Address space is reserved generously by Go's runtime and used sparingly.
    let limits = [
        (Resource::Core, 0),
        (Resource::Fsize, orders.memory),
        (Resource::Data, orders.memory),
        (Resource::As, orders.memory.saturating_mul(4)),
    ];
    for (resource, limit) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn isolate(orders: &Orders) -> io::Result<()> {
    use rustix::mount::{MountFlags, mount_bind_recursive, mount_remount};
    use rustix::thread::UnshareFlags;
    use std::path::Path;
    let spaces = match orders.isolation {
        Isolation::None => return Ok(()),
        Isolation::Network => UnshareFlags::NEWUSER | UnshareFlags::NEWNET,
        Isolation::Files => UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWNS,
    };
    #[expect(deprecated, reason = "without the flag FILES nothing is unsafe about it")]
    rustix::thread::unshare(spaces)?;
    if orders.isolation != Isolation::Files {
        return Ok(());
    }
    let root = Path::new(&orders.root);
    for visible in &orders.visible {
        let to = root.join(visible.to.trim_start_matches('/'));
        mount_bind_recursive(&visible.from, &to)?;
        if !visible.writable {
            // Flags that the machine set must be kept, so this may be refused; nothing here writes anyway.
            let _ = mount_remount(&to, MountFlags::BIND | MountFlags::RDONLY, "");
        }
    }
    rustix::process::chroot(root)?;
    Ok(())
}
