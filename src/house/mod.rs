//! Tests of the whole: rules of the house that read the source, the documents and the lock file. No part of the program.

mod layout;
mod map;
mod privacy;
mod versions;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every file of Rust in a folder, and in those inside.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
