//! `litrocket admin words import`: a dictionary of the server's own.

use std::{io::Read as _, path::Path};

use litrocket_cli::{
    Words,
    objects::{self, Printer},
};
use litrocket_dictionary::{Index, TEXT_BYTES_MAX};

use super::{Problem, exchange};
use crate::{
    config::Config,
    features::{admin::Ask, words::OWN_FILE},
    secrets,
    sentences::say,
};

/// Checks a dictionary, puts it in the place of the server's own, whole or not at all, and tells the server.
pub(super) fn import(config: &Config, file: &Path, (words, json): (Words, bool)) -> Result<(), Problem> {
    let bad = |error: &dyn std::fmt::Display| ("bad_file".to_owned(), format!("{}: {error}", file.display()));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| bad(&error))?;
    // One byte more than allowed is refused by the index, by its size.
    opened.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(|error| bad(&error))?;
    let entries = Index::new(text.clone()).map_err(|error| bad(&error))?.len();
    // The server reads it with its own: both have to fit.
    let built_in = litrocket_dictionary::built_in().map_err(|error| bad(&error))?;
    let room = TEXT_BYTES_MAX.saturating_sub(built_in.len() + 1);
    if text.len() > room {
        return Err(bad(&format!(
            "it has more than {room} bytes, which is what there is room for beside the built-in one"
        )));
    }
    let path = Path::new(&config.server.data).join(OWN_FILE);
    secrets::write(&path, text.as_bytes(), 0o644)
        .map_err(|cause| ("not_written".to_owned(), cause.to_string()))?;
    let live = match exchange(config, &Ask::ReloadWords {}) {
        Ok(_) => true,
        Err((code, _)) if code == "unreachable" => false,
        Err(problem) => return Err(problem),
    };
    if json {
        let line = serde_json::json!({"type": "imported", "entries": entries, "live": live});
        println!("{}", objects::line(Printer::Admin, &line));
    } else {
        let then = if live {
            say(words, "entries, the server has them", "个词条，服务器已载入")
        } else {
            say(words, "entries, the next start reads them", "个词条，下次启动时载入")
        };
        println!("{entries} {then}");
    }
    Ok(())
}
