//! The file that the chunks of a download go to until all are there.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use litrocket_core::chunks::{Hash, Have, Layout};

/// What of a target's name is in the name of its part file: with the rest it fits into every file system.
const NAME_BYTES: usize = 200;
/// How long a part file in use is waited for: a fetch that was given up just now may still write its last chunk.
const BUSY: Duration = Duration::from_secs(1);

/// A part file that belongs to this process until it is dropped.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
}

/// A hidden name beside the target that nobody else uses for anything: it has the content's hash in it.
fn part_path(target: &Path, blake3: &[u8]) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let hash = blake3.first_chunk().map_or(0, |first| u32::from_be_bytes(*first));
    target.with_file_name(OsString::from(format!(".{}.{hash:08x}.part", &name[..end])))
}

impl Part {
    /// Opens the part file of a target, or makes it. What an earlier try left is taken when it is a plain file of the
    /// same user; nothing is followed or replaced.
    pub(super) fn open(target: &Path, blake3: &[u8]) -> io::Result<Self> {
        let path = part_path(target, blake3);
        let began = Instant::now();
        loop {
            let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
            let file = match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match left(&path) {
                    // It was finished or taken away in between.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    file => file?,
                },
                file => file?,
            };
            if file.try_lock().is_err() {
                if began.elapsed() < BUSY {
                    std::thread::sleep(BUSY / 50);
                    continue;
                }
                let text = "another process fetches this to the same place";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            // Whoever had it before may have made the target of it.
            let still = std::fs::symlink_metadata(&path).is_ok_and(|now| {
                file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (now.dev(), now.ino()))
            });
            if still {
                return Ok(Self { file, path });
            }
        }
    }

    /// Which chunks are there, each verified. Makes the file as long as it will be.
    pub(super) fn have(&self, layout: Layout, hashes: &[Hash]) -> io::Result<Have> {
        let before = self.file.metadata()?.len();
        self.file.set_len(layout.size)?;
        let mut have = Have::none(layout.chunks());
        let mut buffer = Vec::new();
        for (index, hash) in (0_u64..).zip(hashes) {
            if layout.offset(index) + layout.len(index) > before {
                break;
            }
            buffer.resize(layout.len(index) as usize, 0);
            self.file.read_exact_at(&mut buffer, layout.offset(index))?;
            if layout.hash(index, &buffer) == *hash {
                have.set(index);
            }
        }
        Ok(have)
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// All is there: it takes the target's name, also from a file that has it, if it replaces that.
    pub(super) fn finish(&self, target: &Path, replaces: bool) -> io::Result<()> {
        self.file.sync_all()?;
        check_target(target, replaces)?;
        if replaces { std::fs::rename(&self.path, target) } else { new_name(&self.path, target) }
    }
}

/// Refuses a name that something has; where that is to be replaced, what is no ordinary file: a device is gone for good.
pub fn check_target(target: &Path, replaces: bool) -> io::Result<()> {
    match target.symlink_metadata() {
        Ok(_) if !replaces => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(about) if !about.is_file() => {
            let text = "this is no ordinary file: it is a pipe, a device or the like";
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
        // Whatever else is wrong with it shows when it is made.
        _ => Ok(()),
    }
}

/// Gives a file another name that no file has, in one step. Fails with [`io::ErrorKind::AlreadyExists`] where one has it, and
/// leaves both as they are.
pub fn new_name(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::{
        fs::{CWD, RenameFlags, renameat_with},
        io::Errno,
    };
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot; a second name is refused as well where there is one.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        result => Ok(result?),
    }
}

/// The part file of an earlier try.
fn left(path: &Path) -> io::Result<File> {
    let named = std::fs::symlink_metadata(path)?;
    let own = rustix::process::geteuid().as_raw();
    if !named.file_type().is_file() || named.uid() != own || named.nlink() != 1 {
        let text = "a hidden file whose name ends with .part is in the way, and no fetch has left it there";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) == (named.dev(), named.ino()) {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, "it was replaced"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_left_by_a_fetch_is_neither_followed_nor_changed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("plans.pdf");
        let path = part_path(&target, &[0xab; 32]);
        assert_eq!(path, folder.path().join(".plans.pdf.abababab.part"));
        let precious = folder.path().join("precious");
        std::fs::write(&precious, "words").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        assert_eq!(Part::open(&target, &[0xab; 32]).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        std::fs::remove_file(&path).unwrap();
        std::fs::hard_link(&precious, &path).unwrap();
        assert_eq!(Part::open(&target, &[0xab; 32]).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&precious).unwrap(), b"words");
        std::fs::remove_file(&path).unwrap();
        // One at a time, and the next goes on with what is there.
        let part = Part::open(&target, &[0xab; 32]).unwrap();
        assert_eq!(Part::open(&target, &[0xab; 32]).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        let layout = Layout::new(5);
        assert!(!part.have(layout, &[layout.hash(0, b"hello")]).unwrap().is_complete());
        part.write(0, b"hello").unwrap();
        drop(part);
        let part = Part::open(&target, &[0xab; 32]).unwrap();
        assert!(part.have(layout, &[layout.hash(0, b"hello")]).unwrap().is_complete());
        // What is no ordinary file stays, also where something is to be replaced.
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(check_target(&pipe, true).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(part.finish(&pipe, true).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(check_target(folder.path(), true).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        // What came there meanwhile stays, and what was fetched too.
        std::fs::write(&target, "mine").unwrap();
        let refused = part.finish(&target, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((std::fs::read(&target).unwrap(), path.exists()), (b"mine".to_vec(), true));
        part.finish(&target, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"hello");
        assert!(!path.exists());
        std::fs::write(&path, "hello").unwrap();
        std::fs::remove_file(&target).unwrap();
        new_name(&path, &target).unwrap();
        assert!(target.exists() && !path.exists());
    }

    #[test]
    fn a_long_name_still_fits() {
        let target = Path::new("x").join("名".repeat(85));
        let name = part_path(&target, &[1; 32]);
        assert!(name.file_name().unwrap().len() <= 255 && name.parent() == target.parent());
    }
}
