//! TLS sessions to resume, kept in the data folder so that a restart keeps them. Taking one deletes it: early
//! data is accepted once.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Mutex, MutexGuard},
};

use litrocket_protocol::hex;
use rustls::server::StoresServerSessions;

use crate::{cause, cause::Cause, lock::lock};

/// Sessions kept; beyond it the oldest goes and its client makes a full handshake.
const SESSIONS_MAX: usize = 10_000;

#[derive(Debug, Default)]
struct Known {
    /// By the number each was put with, oldest first.
    order: BTreeMap<u64, Vec<u8>>,
    numbers: HashMap<Vec<u8>, u64>,
    last: u64,
}

impl Known {
    fn put(&mut self, key: Vec<u8>) {
        self.take(&key);
        self.last += 1;
        self.order.insert(self.last, key.clone());
        self.numbers.insert(key, self.last);
    }

    /// Whether it was there.
    fn take(&mut self, key: &[u8]) -> bool {
        let number = self.numbers.remove(key);
        number.and_then(|number| self.order.remove(&number)).is_some()
    }

    /// Forgets the oldest of more than are kept.
    fn surplus(&mut self) -> Option<Vec<u8>> {
        if self.order.len() <= SESSIONS_MAX {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        self.numbers.remove(&oldest);
        Some(oldest)
    }
}

/// One small file per session. Not synced: a session that is lost costs a full handshake.
#[derive(Debug)]
pub(super) struct Sessions {
    folder: PathBuf,
    known: Mutex<Known>,
}

impl Sessions {
    pub(super) fn open(folder: PathBuf) -> Result<Self, Cause> {
        let fail = |error: std::io::Error| {
            cause!("the folder of TLS sessions {} does not open: {}", &folder.display(), error)
        };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .map_err(fail)?
            .flatten()
            .map(|entry| (entry.metadata().and_then(|meta| meta.modified()).ok(), entry.file_name()))
            .collect();
        files.sort();
        let mut known = Known::default();
        for (_, name) in files {
            if let Some(key) = name.to_str().and_then(hex::decode) {
                known.put(key);
            }
        }
        Ok(Self { folder, known: Mutex::new(known) })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    fn file(&self, key: &[u8]) -> PathBuf {
        self.folder.join(hex::encode(key))
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let stored = options.open(self.file(&key)).and_then(|mut file| file.write_all(&value)).is_ok();
        if !stored {
            return false;
        }
        let mut known = self.lock();
        known.put(key);
        while let Some(oldest) = known.surplus() {
            drop(std::fs::remove_file(self.file(&oldest)));
        }
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        if !self.lock().numbers.contains_key(key) {
            return None;
        }
        std::fs::read(self.file(key)).ok()
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        // Whoever takes it out of the map has it: nobody else can take it again.
        if !self.lock().take(key) {
            return None;
        }
        let value = std::fs::read(self.file(key)).ok()?;
        std::fs::remove_file(self.file(key)).ok()?;
        Some(value)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_were_taken_push_no_other_out() {
        let mut known = Known::default();
        known.put(vec![7]);
        for number in 0..2 * SESSIONS_MAX as u64 {
            known.put(number.to_be_bytes().into());
            assert_eq!(known.surplus(), None);
            assert!(known.take(&number.to_be_bytes()));
        }
        assert!(known.take(&[7]));
        assert!(known.order.is_empty() && known.numbers.is_empty());
    }

    #[test]
    fn a_session_survives_a_restart_and_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sessions::open(folder.path().into()).unwrap();
        assert!(store.put(vec![1, 2], vec![9]));
        let store = Sessions::open(folder.path().into()).unwrap();
        assert_eq!(store.take(&[1, 2]), Some(vec![9]));
        assert_eq!(store.take(&[1, 2]), None);
        let store = Sessions::open(folder.path().into()).unwrap();
        assert_eq!(store.get(&[1, 2]), None);
    }
}
