//! Secrets on disk: written atomically with mode 0600, refused when others could read them.

use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use super::Error;

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file so that it is whole or not there: temporary file, fsync, rename, fsync of the folder.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let temporary = path.with_extension("tmp");
    let attempt = || -> std::io::Result<()> {
        if let Err(error) = std::fs::remove_file(&temporary)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    };
    attempt().map_err(|error| Error::file("cannot write", path, error))
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, 0o600)
}

/// Refuses a private file that others may read.
pub fn check_mode(path: &Path) -> Result<(), Error> {
    let meta = std::fs::metadata(path).map_err(|error| Error::file("cannot read", path, error))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    let advice = format!("others may read it (mode {mode:o}); run: chmod 600 {}", path.display());
    Err(Error::file("the secret is refused:", path, advice))
}

/// The keys that let the clients of a crashed server learn at once that it is back.
pub(super) struct Keys {
    /// Signs stateless resets.
    pub(super) reset: [u8; 32],
    /// Seals address tokens.
    pub(super) token: [u8; 32],
    /// Checks connection ids.
    pub(super) cid: [u8; 32],
    /// Goes up with each start; the first byte of each connection id.
    pub(super) generation: u8,
}

/// Loads the keys of a data folder, making them at the first start.
pub(super) fn load(data: &Path) -> Result<Keys, Error> {
    let folder = data.join("keys");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Error::file("the folder cannot be made:", &folder, error))?;
    let generation_file = folder.join("generation");
    let generation =
        std::fs::read(&generation_file).ok().and_then(|bytes| bytes.first().copied()).unwrap_or(0);
    let generation = generation.wrapping_add(1);
    // A disk that is full keeps nobody from starting: the next start takes the same number again, and a client that was here
    // in between learns by its timeout what it would have learned at once.
    if let Err(error) = write_private(&generation_file, &[generation]) {
        tracing::warn!(%error, "the generation of connection ids is not kept");
    }
    let key = |name: &str| load_key(&folder.join(name));
    Ok(Keys { reset: key("reset")?, token: key("token")?, cid: key("cid")?, generation })
}

/// A secret of the data folder, made when it is first asked for.
pub fn secret(data: &Path, name: &str) -> Result<[u8; 32], Error> {
    let folder = data.join("keys");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Error::file("the folder cannot be made:", &folder, error))?;
    load_key(&folder.join(name))
}

fn load_key(path: &Path) -> Result<[u8; 32], Error> {
    if path.exists() {
        check_mode(path)?;
        let bytes = std::fs::read(path).map_err(|error| Error::file("cannot read", path, error))?;
        return bytes
            .try_into()
            .map_err(|_| Error::file("the key is damaged:", path, "it must have 32 bytes"));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::new("no randomness", error))?;
    write_private(path, &key)?;
    Ok(key)
}
