//! Lists the targets, and turns a corpus file into a folder of inputs for an engine, and back.
//!
//! `corpus list` · `corpus unpack NAME FOLDER` · `corpus pack NAME FOLDER`, in the folder of this crate.

use std::{fs, io, path::Path, process::ExitCode};

use litrocket_fuzz::{TARGETS, inputs};
use litrocket_protocol::hex;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["list"] => {
            for target in TARGETS {
                println!("{:<12} {}", target.name, target.about);
            }
            Ok(())
        }
        ["unpack", name, folder] => unpack(name, Path::new(folder)),
        ["pack", name, folder] => pack(name, Path::new(folder)),
        _ => Err(io::Error::other("use list, unpack NAME FOLDER or pack NAME FOLDER")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("corpus: {error}");
            ExitCode::FAILURE
        }
    }
}

fn file(name: &str) -> String {
    format!("{}/corpus/{name}.hex", env!("CARGO_MANIFEST_DIR"))
}

fn unpack(name: &str, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, input) in inputs(&fs::read_to_string(file(name))?).iter().enumerate() {
        fs::write(folder.join(format!("{number:04}")), input)?;
    }
    Ok(())
}

/// The smallest first, so that a difference is easy to read.
fn pack(name: &str, folder: &Path) -> io::Result<()> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        all.push(fs::read(entry?.path())?);
    }
    all.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    all.dedup();
    let mut text = String::new();
    for input in all {
        text.push_str(&hex::encode(&input));
        text.push('\n');
    }
    fs::write(file(name), text)
}
