//! What a server that was killed left of chunks it was writing: a write in a folder goes to `<object>#<number>` first, and
//! takes its name when it is whole. Nothing lists such files, and nothing else would ever take them away.

use std::{
    fs::DirEntry,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{runtime::Handle, sync::Semaphore};

use super::blobs::WRITES;

/// Goes over the places of a storage's folder and takes away what is left there; how many files. `writes` are the
/// turns of who writes: what is there while nobody does belongs to nobody.
pub(in crate::features::files) async fn sweep(root: PathBuf, writes: Arc<Semaphore>) -> std::io::Result<u64> {
    let done = tokio::task::spawn_blocking(move || {
        let mut count = 0;
        for shelf in folders(&root, is_shelf)? {
            // One that went in the meantime has nothing left.
            for place in folders(&shelf, |name| is_place(&shelf, name)).unwrap_or_default() {
                if staged(&place).is_ok_and(|found| found.is_empty()) {
                    continue;
                }
                let all = writes.acquire_many(WRITES as u32);
                let _nobody_writes = Handle::current().block_on(all).map_err(std::io::Error::other)?;
                for path in staged(&place).unwrap_or_default() {
                    std::fs::remove_file(path)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    });
    done.await.map_err(std::io::Error::other)?
}

fn entries(folder: &Path, wanted: impl Fn(&DirEntry, &str) -> bool) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| wanted(&entry, name)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Real folders: a link leads out of the storage.
fn folders(folder: &Path, is_ours: impl Fn(&str) -> bool) -> std::io::Result<Vec<PathBuf>> {
    entries(folder, |entry, name| is_ours(name) && entry.file_type().is_ok_and(|kind| kind.is_dir()))
}

fn staged(place: &Path) -> std::io::Result<Vec<PathBuf>> {
    entries(place, |entry, name| is_staged(name) && entry.file_type().is_ok_and(|kind| kind.is_file()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_shelf(name: &str) -> bool {
    name.len() == 3 && is_hex(name)
}

/// The place of a content on a shelf, by random bytes or by its number.
fn is_place(shelf: &Path, name: &str) -> bool {
    let shelf = shelf.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let random = name.len() == 16 && is_hex(name) && name.starts_with(shelf);
    let number = || name.parse::<u64>().is_ok_and(|content| format!("{:03}", content % 1000) == shelf);
    random || (is_number(name) && number())
}

/// A chunk or a preview on its way.
fn is_staged(name: &str) -> bool {
    let Some((object, number)) = name.split_once('#') else { return false };
    is_number(object.strip_prefix('p').unwrap_or(object)) && is_number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(WRITES))
    }

    #[tokio::test]
    async fn only_what_a_write_left_in_a_place_goes() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            path
        };
        let left = ["abc/abc0123456789def/0#1", "abc/abc0123456789def/p160#12", "007/1007/3#2"].map(write);
        let others = [
            "abc/abc0123456789def/0",
            "abc/abc0123456789def/p160",
            "abc/abc0123456789def/notes#1",
            "abc/abc0123456789def/0#1a",
            "abc/abc0123456789def/#1",
            "abc/abc0123456789def/0#",
            "abc/def0123456789abc/0#1",
            "abc/0#1",
            "008/1007/3#2",
            "mine/abc0123456789def/0#1",
            "0#1",
            "litrocket-storage#1",
        ]
        .map(write);
        std::fs::write(outside.path().join("0#1"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("abc/abcffffffffffff0")).unwrap();
        std::os::unix::fs::symlink(&others[0], root.path().join("abc/abc0123456789def/9#9")).unwrap();
        assert_eq!(sweep(root.path().to_owned(), turns()).await.unwrap(), 3);
        assert!(left.iter().all(|path| !path.exists()));
        assert!(others.iter().all(|path| path.exists()));
        assert!(outside.path().join("0#1").exists());
        assert!(root.path().join("abc/abc0123456789def/9#9").is_symlink());
        // What is being written now is whole before anybody looks.
        let writes = turns();
        let writing = writes.clone().acquire_owned().await.unwrap();
        let path = write("abc/abc0123456789def/5#1");
        let sweeping = tokio::spawn(sweep(root.path().to_owned(), writes));
        std::fs::rename(&path, path.with_file_name("5")).unwrap();
        drop(writing);
        assert_eq!(sweeping.await.unwrap().unwrap(), 0);
        assert!(path.with_file_name("5").exists());
    }
}
