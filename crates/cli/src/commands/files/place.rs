//! Where fetched things go: names that are free, and writing under one without touching what is there.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read as _, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use litrocket_client::{check_target, disk_name, new_name};

use super::sending::forget_old;
use crate::{
    Failure,
    commands::pictures::not_a_file,
    failure::At as _,
    output::{Output, escape_line},
    session::Context,
};

/// Where something goes that is fetched.
#[derive(Debug)]
pub(in crate::commands) enum Target {
    /// Standard output.
    Out,
    /// A file.
    File(PathBuf),
}

impl Target {
    /// What `--output` names: `-`, a folder, in which it gets its own name, or a file. The current folder without it. What is
    /// wrong with it shows before anything is fetched.
    pub(in crate::commands) fn new(
        context: &Context,
        output: Option<&Path>,
        own_name: &str,
        replaces: bool,
    ) -> Result<Self, Failure> {
        let inside = |folder: &Path| free_name(&folder.join(disk_name(own_name)), replaces);
        let path = match output {
            Some(path) if path.as_os_str() == "-" && context.output.json => {
                return Err(Failure::usage(|words| words.json_into_output().into()));
            }
            Some(path) if path.as_os_str() == "-" => return Ok(Self::Out),
            Some(folder) if folder.is_dir() || names_folder(folder) => {
                check_folder(folder).at(folder)?;
                inside(folder)
            }
            Some(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                folder.map_or(Ok(()), check_folder).at(path)?;
                path.to_owned()
            }
            None => inside(Path::new("")),
        };
        check_target(&path, replaces).at(&path)?;
        Ok(Self::File(path))
    }
}

/// Whether a path can only mean a folder, as it is written.
fn names_folder(path: &Path) -> bool {
    let ends = |end: &[u8]| path.as_os_str().as_bytes().ends_with(end);
    path.file_name().is_none() || ends(b"/") || ends(b"/.")
}

fn check_folder(folder: &Path) -> std::io::Result<()> {
    if folder.metadata()?.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

/// Writes a file of the profile to standard output, on a thread that may wait for who reads: a stop is heard meanwhile. The
/// file is gone then, also where who reads has heard enough, and stays where it could not be written.
pub(super) async fn move_out(path: PathBuf) -> Result<(), Failure> {
    let moves = move || {
        let mut file = std::fs::File::open(&path).kept_at(&path)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            let length = file.read(&mut piece).kept_at(&path)?;
            match Output::try_bytes(&piece[..length]) {
                Ok(()) if length > 0 => {}
                Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
                _ => break,
            }
        }
        let _ = std::fs::remove_file(&path);
        Ok(())
    };
    tokio::task::spawn_blocking(moves).await.map_err(std::io::Error::other)?
}

/// A file of the profile, for a moment.
pub(in crate::commands) fn note(context: &Context, name: &str) -> Result<PathBuf, Failure> {
    let profile = context.profile()?;
    profile.make_folder()?;
    forget_old(&profile.note_file(""));
    Ok(profile.note_file(name))
}

/// What a file is called, for others too.
pub(in crate::commands) fn name_of(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().ok_or_else(|| not_a_file(path))?;
    name.to_str().map(str::to_owned).ok_or_else(|| {
        let shown = escape_line(&path.to_string_lossy());
        Failure::usage(move |words| words.name_is_not_utf8(&shown))
    })
}

/// The name itself, or with a number when there is such a file.
pub(super) fn free_name(wanted: &Path, replace: bool) -> PathBuf {
    if replace || wanted.symlink_metadata().is_err() {
        return wanted.to_owned();
    }
    let stem = wanted.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = wanted.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    let numbered = |n: u32| wanted.with_file_name(format!("{stem} ({n}){ending}"));
    let is_free = |path: &PathBuf| path.symlink_metadata().is_err();
    (2..10_000).map(numbered).find(is_free).unwrap_or_else(|| wanted.to_owned())
}

/// Refuses paths of which one is no file that can be read, before anything is done with the others.
pub(super) fn check_readable(paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        let about = path.metadata().at(path)?;
        if about.is_dir() {
            return Err(not_a_file(path));
        }
        name_of(path)?;
        // To open a pipe would wait for who writes to it; what is no ordinary file is refused when its turn comes.
        if about.is_file() {
            std::fs::File::open(path).at(path)?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner may read whole or not at all. One of its name is replaced only when it shall be, also one that came there meanwhile.
pub(in crate::commands) fn write_file(path: &Path, bytes: &[u8], replaces: bool) -> Result<(), Failure> {
    check_target(path, replaces).at(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let part = path.with_file_name(format!(".{}.{}.part", &name[..end], std::process::id()));
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    let mut file = new.at(path)?;
    let mut write = || {
        file.write_all(bytes)?;
        file.sync_all()?;
        if replaces { std::fs::rename(&part, path) } else { new_name(&part, path) }
    };
    let written = write();
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written.at(path)
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn what_is_there_stays_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("face.jpg");
        write_file(&path, b"one", false).unwrap();
        assert!(matches!(write_file(&path, b"two", false), Err(Failure::File(_, error))
            if error.kind() == ErrorKind::AlreadyExists));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "what people send is theirs"
        );
        write_file(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        // A link that leads nowhere is there too.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(write_file(&link, b"three", false).is_err());
        assert_eq!(free_name(&link, false), folder.path().join("link (2)"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
}
