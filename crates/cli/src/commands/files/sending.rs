//! The message ids of files on their way to a conversation, kept until the last of them is sent: the same command
//! again, after an interruption at any place, sends none twice.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use litrocket_client::{Client, Digest, write_whole};
use litrocket_protocol::{ConversationId, MessageId, hex};
use serde::{Deserialize, Serialize};

use crate::{Failure, failure::At as _, session::Context};

/// A command that was interrupted so long ago is not the same any more.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How the names of files begin that commands make in a profile for themselves.
const LEFT: [&str; 6] = ["clean-", "sending-", "posting-", "fetching-", "voice-", "play-"];

/// One command that sends files.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Batch {
    text: String,
    /// As they are shown: a path need not be text.
    paths: Vec<String>,
    /// For each file that was begun, its hash and the id of its message.
    begun: Vec<(String, String)>,
}

/// The batch with its place.
pub(in crate::commands) struct Sending {
    path: PathBuf,
    batch: Batch,
    /// Held for as long as the command runs: two at once would send the same messages under two ids.
    _lock: File,
}

impl Sending {
    /// What an earlier run of the same command began, or nothing yet. The digest is that of the first file.
    pub(in crate::commands) fn open(
        context: &Context,
        conversation: ConversationId,
        first: &Digest,
        paths: &[PathBuf],
        text: &str,
    ) -> Result<Self, Failure> {
        let profile = context.profile()?;
        profile.make_folder()?;
        forget_old(&profile.note_file(""));
        let path = profile.note_file(&format!("sending-{conversation}-{}", hex::encode(&first.blake3)));
        let lock = File::create(lock_of(&path)).kept_at(&path)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Err(Failure::usage(|words| words.sends_already().into()));
        }
        // However they were typed.
        let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let typed: Vec<String> = paths.iter().cloned().map(shown).collect();
        let paths: Vec<String> = paths.iter().map(whole).map(shown).collect();
        let kept: Option<Batch> = recent(&path).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // Other words, or other files, make other messages.
        let kept = kept.filter(|batch| batch.text == text && [&paths, &typed].contains(&&batch.paths));
        let new = || Batch { text: text.into(), paths, begun: Vec::new() };
        Ok(Self { path, batch: kept.unwrap_or_else(new), _lock: lock })
    }

    /// Whether an earlier run may have sent the message of the file at this place.
    pub(in crate::commands) fn was_begun(&self, index: usize, digest: &Digest) -> bool {
        let hash = hex::encode(&digest.blake3);
        self.batch.begun.get(index).is_some_and(|(begun, _)| *begun == hash)
    }

    /// The id of the message of the file at this place: the same one again while the file is the same.
    pub(in crate::commands) fn id(
        &mut self,
        index: usize,
        digest: &Digest,
        client: &Client,
    ) -> Result<MessageId, Failure> {
        let hash = hex::encode(&digest.blake3);
        let begun = self.batch.begun.get(index).filter(|(begun, _)| *begun == hash);
        if let Some(id) = begun.and_then(|(_, id)| MessageId::parse(id)) {
            return Ok(id);
        }
        self.renew(index, digest, client)
    }

    /// Another id for the message of the file at this place, and for those behind it.
    pub(in crate::commands) fn renew(
        &mut self,
        index: usize,
        digest: &Digest,
        client: &Client,
    ) -> Result<MessageId, Failure> {
        let hash = hex::encode(&digest.blake3);
        let id = client.new_id()?;
        self.batch.begun.truncate(index);
        self.batch.begun.push((hash, id.to_string()));
        let text = serde_json::to_vec(&self.batch).map_err(std::io::Error::other)?;
        write_whole(&self.path, 0o600, &text).kept_at(&self.path)?;
        Ok(id)
    }

    pub(in crate::commands) fn done(self) {
        // At worst the same command sends the same messages once more under the same ids, which changes nothing.
        for path in [&self.path, &lock_of(&self.path)] {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn lock_of(path: &Path) -> PathBuf {
    path.with_added_extension("lock")
}

/// Takes away what commands left in a profile's folder that were killed long ago: notes that mean nothing any more, and
/// pictures that were written to be sent.
pub(in crate::commands) fn forget_old(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_left = LEFT.iter().any(|beginning| name.trim_start_matches('.').starts_with(beginning));
        let then = || entry.metadata().and_then(|data| data.modified()).ok();
        if is_left && then().and_then(age).is_some_and(|age| age >= KEPT) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A note of an earlier run, unless that was long ago.
pub(in crate::commands) fn recent(path: &Path) -> Option<Vec<u8>> {
    let then = std::fs::metadata(path).and_then(|data| data.modified()).ok()?;
    age(then).filter(|age| *age < KEPT)?;
    std::fs::read(path).ok()
}

#[expect(clippy::disallowed_methods, reason = "the age of a file on this disk, by the clock that dated it")]
fn age(then: SystemTime) -> Option<Duration> {
    SystemTime::now().duration_since(then).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_commands_left_goes_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "clean-0123.99",
            "sending-7-ab",
            "posting-00",
            ".fetching-7.abcdef01.part",
            "state.json",
            "clean-4567",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        for name in &names[..5] {
            let file = std::fs::File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        forget_old(folder.path());
        let is_there = |name: &&str| folder.path().join(name).exists();
        assert_eq!(
            names.iter().filter(|name| is_there(name)).collect::<Vec<_>>(),
            [&"state.json", &"clean-4567"]
        );
    }
}
