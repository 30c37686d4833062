//! A person's own files: listing and deleting them.

use indicatif::HumanBytes;
use litrocket_client::Client;
use litrocket_protocol::files::{CancelUpload, DeleteFile, FileInfo, ListFiles, file_state};
use serde_json::json;

use super::{super::done, described, json_file};
use crate::{Failure, output::time, session::Context};

/// Lists the complete ones, the newest first, and what all of them take.
pub(super) async fn list(context: &Context, client: &Client, find: Option<String>) -> Result<(), Failure> {
    let words = context.output.words;
    let is_empty = if find.is_some() { words.no_such_files() } else { words.no_files() };
    let mut asked = ListFiles { find, ..ListFiles::default() };
    let mut none = true;
    loop {
        let page = client.call(asked.clone()).await?;
        for info in &page.files {
            none = false;
            print(context, info)?;
        }
        asked.after = page.files.last().map(|info| info.file);
        if !page.more || asked.after.is_none() {
            if none && !context.output.json {
                context.output.data(|| json!(null), || is_empty.into())?;
            }
            let (used, quota) = (page.used_bytes, page.quota_bytes);
            return context.output.data(
                || json!({"type": "storage", "used": used, "quota": quota}),
                || {
                    let storage = format!("{} / {}", HumanBytes(used), HumanBytes(quota));
                    words.labelled(words.storage_used(), storage)
                },
            );
        }
    }
}

fn print(context: &Context, info: &FileInfo) -> Result<(), Failure> {
    let damaged = info.state == file_state::DAMAGED;
    let file = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
    context.output.data(
        || {
            let mut line =
                json!({"type": "own_file", "file": file, "made_ms": info.made_ms, "damaged": damaged});
            if let Some(until) = info.until_ms {
                line["until_ms"] = until.into();
            }
            line
        },
        || {
            let words = context.output.words;
            let state = if damaged { format!("  {}", words.file_damaged()) } else { String::new() };
            let until = kept_until(context, info.until_ms);
            format!("{}  {}{until}{state}", described(info), time(info.made_ms))
        },
    )
}

/// When it goes, if it goes by itself.
pub(super) fn kept_until(context: &Context, until_ms: Option<u64>) -> String {
    until_ms
        .map_or_else(String::new, |until| format!("  {} {}", context.output.words.kept_until(), time(until)))
}

/// Deletes one: it stops to count, and messages show it as gone.
pub(super) async fn remove(context: &Context, client: &Client, file: u64) -> Result<(), Failure> {
    let answer = client.call(DeleteFile { file }).await?;
    done::taken(context, &answer, json!({"type": "done", "file": file}), move |words| words.no_own_file(file))
}

/// Gives up one of the person's uploads.
pub(super) async fn cancel(context: &Context, client: &Client, file: u64) -> Result<(), Failure> {
    let answer = client.call(CancelUpload { file }).await?;
    done::taken(context, &answer, json!({"type": "done", "file": file}), move |words| {
        words.no_own_upload(file)
    })
}
