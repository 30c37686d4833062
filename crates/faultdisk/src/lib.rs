//! A disk for tests: SQLite runs on it without knowing, and loses power when the test says so.
//!
//! [`install`] registers a VFS as the default of the process; it hands everything on to the system's VFS and lets
//! the [`Disk`] note each change. `model.rs` says what a power cut leaves; `vfs.rs` is the only unsafe code. It
//! knows nothing of litrocket. Start with [`Disk::watch`].
#![warn(missing_docs)]

mod model;
mod random;
mod vfs;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use model::File;
pub use random::Random;

/// A change of a file, as SQLite asks for it.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    Write { at: u64, bytes: &'a [u8] },
    Truncate { size: u64 },
    Sync,
    Remove { durably: bool },
}

/// Whether the system's VFS carries a change out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    NoPower,
}

#[derive(Debug, Default)]
struct State {
    folder: PathBuf,
    files: HashMap<PathBuf, File>,
    /// Changes until the power fails.
    left: Option<u64>,
    random: Random,
    /// What is on the disk after the cut.
    image: Option<HashMap<PathBuf, Vec<u8>>>,
    changes: u64,
}

/// The disk under SQLite. It watches one folder at a time; other files are as usual.
#[derive(Debug, Default)]
pub struct Disk(Mutex<State>);

/// Registers the disk as SQLite's default in this process, once.
pub fn install() -> &'static Disk {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(vfs::register);
    disk()
}

pub(crate) fn disk() -> &'static Disk {
    static DISK: OnceLock<Disk> = OnceLock::new();
    DISK.get_or_init(Disk::default)
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches the databases of a folder from now on, with power for so many changes (writes, truncations, syncs,
    /// removals). What the folder holds counts as durable.
    pub fn watch(&self, folder: &Path, changes: u64, seed: u64) -> std::io::Result<()> {
        let folder = folder.canonicalize()?;
        let mut files = HashMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_file() {
                files.insert(path.clone(), File::durable(std::fs::read(path)?));
            }
        }
        let random = Random::new(seed);
        *self.state() = State { folder, files, left: Some(changes), random, ..State::default() };
        Ok(())
    }

    /// Whether the power has failed.
    pub fn is_cut(&self) -> bool {
        self.state().image.is_some()
    }

    /// Changes since the watch began.
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Cuts the power now, if it is still there, and writes what is left to another folder. The watch ends.
    pub fn leave(&self, to: &Path) -> std::io::Result<()> {
        let mut state = std::mem::take(&mut *self.state());
        state.cut();
        for (path, bytes) in state.image.unwrap_or_default() {
            if let Some(name) = path.file_name() {
                std::fs::write(to.join(name), bytes)?;
            }
        }
        Ok(())
    }

    pub(crate) fn change(&self, path: &Path, change: &Change<'_>) -> Verdict {
        let mut state = self.state();
        if path.parent() != Some(&*state.folder) {
            return Verdict::Done;
        }
        if state.image.is_some() {
            return Verdict::NoPower;
        }
        state.changes += 1;
        let is_last = state.left.is_some_and(|left| state.changes >= left);
        let file = state.files.entry(path.to_owned()).or_default();
        if is_last {
            // The last change was under way: it is as lost, kept or torn as those before it.
            file.begin(change);
            state.cut();
            return Verdict::NoPower;
        }
        file.carry_out(change);
        Verdict::Done
    }
}

impl State {
    fn cut(&mut self) {
        let Self { files, random, image, .. } = self;
        image.get_or_insert_with(|| {
            let mood = random.below(6);
            let mut names: Vec<_> = files.keys().cloned().collect();
            // The same seed makes the same cut.
            names.sort();
            let left = names.into_iter().filter_map(|path| {
                let bytes = files.get(&path)?.after_cut(mood, random)?;
                Some((path, bytes))
            });
            left.collect()
        });
    }
}
