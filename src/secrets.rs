//! Keys and other files of the server's own: whole or not there, and keys refused when others could read them.

use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::{cause, cause::Cause};

/// Writes a file so that it is whole or not there: temporary file, fsync, rename, fsync of the folder. The temporary file is made
/// anew: what stands there may point anywhere, and who writes may be root.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Cause> {
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
    attempt().map_err(|error| cause!("cannot write {}: {}", &path.display(), error))
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), Cause> {
    write(path, content, 0o600)
}

/// Refuses a private file that others may read.
pub fn check_mode(path: &Path) -> Result<(), Cause> {
    let meta =
        std::fs::metadata(path).map_err(|error| cause!("cannot read {}: {}", &path.display(), error))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    Err(cause!(
        "the secret is refused: {}: others may read it (mode {}); run: chmod 600 {}",
        &path.display(),
        &format!("{mode:o}"),
        &path.display()
    ))
}

/// A secret of the data folder, made when it is first asked for.
pub fn secret(data: &Path, name: &str) -> Result<[u8; 32], Cause> {
    load(&folder(data)?.join(name))
}

/// The folder of the keys, made when it is not there.
pub(crate) fn folder(data: &Path) -> Result<PathBuf, Cause> {
    let folder = data.join("keys");
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(error) => Err(cause!("the folder {} cannot be made: {}", &folder.display(), error)),
    }
}

/// Loads a key, and makes it when it is not there.
pub(crate) fn load(path: &Path) -> Result<[u8; 32], Cause> {
    if path.exists() {
        check_mode(path)?;
        let bytes =
            std::fs::read(path).map_err(|error| cause!("cannot read {}: {}", &path.display(), error))?;
        let damaged = || cause!("the key {} is damaged: it must have 32 bytes", &path.display());
        return bytes.try_into().map_err(|_| damaged());
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| cause!("the system gives no randomness: {}", &error))?;
    write_private(path, &key)?;
    Ok(key)
}
