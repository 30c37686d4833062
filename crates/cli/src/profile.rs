//! Profiles: who is signed in where. One folder each under the XDG data folder, readable by its owner only.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use litrocket_client::write_whole;
use serde::{Deserialize, Serialize};

use crate::{Failure, failure::At as _};

/// What a profile remembers; after signing out the server alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// The server as a `litrocket://` address with the CA's fingerprint, if one is pinned.
    pub(crate) server: String,
    pub(crate) handle: String,
    pub(crate) account: u64,
    /// The session token in hex; empty after signing out.
    pub(crate) token: String,
}

/// One profile.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    folder: PathBuf,
}

impl Profile {
    pub(crate) fn open(name: &str) -> Result<Self, Failure> {
        let fine = !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '.')
            && !name.starts_with('.');
        if !fine {
            let name = name.to_owned();
            return Err(Failure::usage(move |words| words.no_profile(&name)));
        }
        let base =
            directories::BaseDirs::new().ok_or_else(|| Failure::usage(|words| words.no_home().into()))?;
        Ok(Self { folder: base.data_dir().join("litrocket").join(name) })
    }

    fn file(&self) -> PathBuf {
        self.folder.join("session.json")
    }

    /// Cursors and unsent messages.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// A small file of this profile.
    pub(crate) fn note_file(&self, name: &str) -> PathBuf {
        self.state_file().with_file_name(name)
    }

    pub(crate) fn load(&self) -> Result<Option<Saved>, Failure> {
        let text = match std::fs::read_to_string(self.file()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).kept_at(&self.file()),
        };
        let file = self.file();
        let broken = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            Failure::usage(move |words| words.damaged_profile(file.display(), line, column))
        };
        serde_json::from_str(&text).map(Some).map_err(broken)
    }

    /// Makes the folder where it is not there; answers the folders that were made for it, the innermost first.
    pub(crate) fn make_folder(&self) -> Result<Vec<PathBuf>, Failure> {
        let missing = self.folder.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.kept_at(&self.folder).map(|()| missing)
    }

    /// Takes away folders that were made for a profile in which nobody is signed in after all, with what a connection
    /// keeps there.
    pub(crate) fn unmake(&self, made: &[PathBuf]) {
        if self.file().exists() {
            return;
        }
        for ending in ["json", "lock", "outbox"] {
            let _ = std::fs::remove_file(self.state_file().with_extension(ending));
        }
        // One that holds anything else stays, and those around it.
        let _ = made.iter().try_for_each(std::fs::remove_dir);
    }

    pub(crate) fn save(&self, saved: &Saved) -> Result<(), Failure> {
        self.make_folder()?;
        let text = serde_json::to_string_pretty(saved).map_err(io::Error::other)?;
        write_whole(&self.file(), 0o600, text.as_bytes()).kept_at(&self.file())
    }

    /// Forgets everything but where the server is: who comes back need not name it again.
    pub(crate) fn sign_out(&self) -> Result<(), Failure> {
        let server = self.load()?.map(|saved| saved.server);
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).kept_at(&self.folder);
            }
            _ => {}
        }
        match server {
            Some(server) => self.save(&Saved { server, ..Saved::default() }),
            None => Ok(()),
        }
    }

    /// The profile's cursors belong to one process at a time; `None` when another has them.
    pub(crate) fn lock(&self) -> Result<Option<File>, Failure> {
        self.make_folder()?;
        let path = self.folder.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.kept_at(&path)?;
        Ok(file.try_lock().is_ok().then_some(file))
    }
}
