//! `litrocket admin files check`: reads what is stored, tells what it finds, and hands it to the running server where the
//! operator wants it noted.

use std::{path::Path, process::ExitCode};

use litrocket_cli::objects::{self, Printer};
use serde_json::{Value, json};

use crate::{
    admin::{Problem, ended, exchange},
    config::Config,
    db::Db,
    features::{
        admin::Ask,
        files::{self, Checked, Finding, Note},
    },
    serve::block_on,
    server,
};

/// What is to be done with what is found.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// The server notes it.
    pub confirm: bool,
    /// The storage is the server's own, although it does not have the mark.
    pub accept: bool,
}

/// Reads every stored file through; fails when something is damaged. May run beside the server, and changes nothing unless it
/// is asked to.
pub fn files(config: Config, wish: Wish, json: bool) -> ExitCode {
    block_on(async move {
        match check(&config, wish, json).await {
            Ok(checked) => {
                let well = checked.damaged == 0 && checked.bad_previews == 0 && checked.marked;
                ExitCode::from(u8::from(!well))
            }
            Err(problem) => ended(Err(problem), json),
        }
    })
}

async fn check(config: &Config, wish: Wish, json: bool) -> Result<Checked, Problem> {
    let failed = |message: String| ("not_checked".to_owned(), message);
    let options = server::writer_options(config, Path::new(&config.server.data));
    let db = Db::open_reading(&options.folder, &options.database).await;
    let db = db.map_err(|error| failed(error.to_string()))?;
    if wish.confirm && !wish.accept {
        let marked = files::is_marked(config, &db).await.map_err(failed)?;
        if !marked {
            let message = "the storage does not have this server's mark: is it the right one, and mounted? \
                           Then say so with --accept";
            return Err(("storage_away".to_owned(), message.to_owned()));
        }
    }
    let (mut total, mut first) = (files::Noted::default(), true);
    let mut refused = None;
    let note = |found: Note| {
        if !wish.confirm || (found.is_empty() && !first) {
            return Ok(());
        }
        let accept = std::mem::take(&mut first) && wish.accept;
        let noted = exchange(config, &Ask::Confirm { found, accept }).map_err(|problem| {
            let message = problem.1.clone();
            refused = Some(problem);
            message
        })?;
        let count = |key: &str| noted.first().and_then(|line| line[key].as_u64()).unwrap_or(0);
        total.damaged += count("damaged");
        total.whole += count("whole");
        total.pictures += count("pictures");
        Ok(())
    };
    let checked = files::verify(config, &db, |found| tell(found, json), note).await;
    let checked = checked.map_err(|message| refused.unwrap_or_else(|| failed(message)))?;
    if wish.confirm {
        let files::Noted { damaged, whole, pictures } = total;
        let line = json!({"type": "noted", "damaged": damaged, "whole": whole, "pictures": pictures, "accepted": wish.accept});
        let words = format!(
            "noted: {damaged} contents are damaged, {whole} are whole again, {pictures} pictures are looked at again"
        );
        print(json, &line, &words);
    }
    let Checked { contents, chunks, bytes, damaged, previews, bad_previews, orphans, marked } = checked;
    let line = json!({"type": "checked", "contents": contents, "chunks": chunks, "bytes": bytes,
        "damaged": damaged, "previews": previews, "bad_previews": bad_previews, "orphans": orphans, "marked": marked});
    let words = format!(
        "{contents} contents, {chunks} chunks, {bytes} bytes, {damaged} chunks damaged or missing, \
         {previews} small pictures, {bad_previews} damaged or missing, {orphans} objects that belong to nothing"
    );
    print(json, &line, &words);
    Ok(checked)
}

fn print(json: bool, line: &Value, words: &str) {
    if json { println!("{}", objects::line(Printer::Admin, line)) } else { println!("{words}") }
}

/// Prints what a check found.
fn tell(found: Finding, json: bool) {
    let (line, words) = match found {
        Finding::Storage { cause } => {
            (json!({"type": "storage", "cause": cause}), format!("the storage may be away: {cause}"))
        }
        Finding::Chunk { content, chunk, name, cause } => (
            json!({"type": "damage", "content": content, "chunk": chunk, "name": name, "cause": cause}),
            format!("{cause}: chunk {chunk} of content {content} ({})", name.escape_debug()),
        ),
        Finding::Preview { content, size, name, cause } => (
            json!({"type": "bad_preview", "content": content, "size": size, "name": name, "cause": cause}),
            format!("{cause}: small picture ({size} pixels) of content {content} ({})", name.escape_debug()),
        ),
        Finding::Orphans { count, bytes } => (
            json!({"type": "orphans", "objects": count, "bytes": bytes}),
            format!("{count} objects with {bytes} bytes belong to no file"),
        ),
    };
    print(json, &line, &words);
}
