//! The files of a group.

use std::path::PathBuf;

use indicatif::HumanBytes;
use litrocket_client::{Client, Digest};
use litrocket_protocol::{
    AccountId, ConversationId,
    files::{
        AddGroupFile, ChangeGroupFile, DeleteGroupFile, GroupFile, ListGroupFiles, MakeGroupFolder,
        group_sort,
    },
};
use serde_json::json;

use super::{files::Shown, own_files::kept_until};
use crate::{
    Failure, FileCommand,
    output::{escape_line, time},
    resolve::{self, Names},
    session::Context,
};

pub(super) async fn run(context: &Context, client: &Client, command: FileCommand) -> Result<(), Failure> {
    match command {
        FileCommand::List { group, folder, find, sort } => {
            let conversation = resolve::conversation(client, &group).await?;
            let folder = folder_by_name(context, client, conversation, folder.as_deref()).await?;
            let sort = match sort.as_str() {
                "newest" => group_sort::NEWEST,
                "largest" => group_sort::LARGEST,
                _ => group_sort::NAME,
            };
            list(
                context,
                client,
                ListGroupFiles { conversation, folder, find, sort, after: None, limit: None },
            )
            .await
        }
        FileCommand::Folder { group, name } => {
            let conversation = resolve::conversation(client, &group).await?;
            let entry = client.call(MakeGroupFolder { conversation, name }).await?;
            one(context, client, &entry).await
        }
        FileCommand::Rename { group, entry, name } => {
            resolve::conversation(client, &group).await?;
            let entry = client.call(ChangeGroupFile { entry, name: Some(name), folder: None }).await?;
            one(context, client, &entry).await
        }
        FileCommand::Move { group, entry, folder } => {
            let conversation = resolve::conversation(client, &group).await?;
            let folder = match folder.as_str() {
                "/" => Some(0),
                name => folder_by_name(context, client, conversation, Some(name)).await?,
            };
            let entry = client.call(ChangeGroupFile { entry, name: None, folder }).await?;
            one(context, client, &entry).await
        }
        FileCommand::Delete { group, entry } => {
            resolve::conversation(client, &group).await?;
            client.call(DeleteGroupFile { entry }).await?;
            let words = context.output.words;
            context.output.data(|| json!({"type": "done", "entry": entry}), || words.done().into())
        }
        // The others are no commands about groups.
        _ => Ok(()),
    }
}

/// Brings files and puts them among those of a group.
pub(super) async fn put(
    context: &Context,
    client: &Client,
    group: &str,
    paths: &[PathBuf],
    folder: Option<&str>,
) -> Result<(), Failure> {
    let conversation = resolve::conversation(client, group).await?;
    let folder = folder_by_name(context, client, conversation, folder).await?;
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| Failure::Usage(format!("{} is no file", path.display())))?;
        let digest = Digest::of_file(path).await?;
        let shown = Shown::new(context, &name, digest.size);
        let file = client.upload(path, &name, &digest, shown.transfer(context, &name)).await;
        shown.end();
        let request = AddGroupFile { conversation, file: file?, folder, name: None };
        let entry = client.call(request).await?;
        one(context, client, &entry).await?;
    }
    Ok(())
}

async fn folder_by_name(
    context: &Context,
    client: &Client,
    conversation: ConversationId,
    name: Option<&str>,
) -> Result<Option<u64>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let mut asked = ListGroupFiles {
        conversation,
        folder: Some(0),
        find: Some(name.into()),
        sort: group_sort::NAME,
        after: None,
        limit: None,
    };
    loop {
        let page = client.call(asked.clone()).await?;
        if let Some(found) = page.entries.iter().find(|entry| entry.file.is_none() && entry.name == name) {
            return Ok(Some(found.entry));
        }
        asked.after = page.next;
        if asked.after.is_none() {
            return Err(Failure::Usage(format!(
                "{}: {}",
                context.output.words.no_folder(),
                escape_line(name)
            )));
        }
    }
}

async fn list(context: &Context, client: &Client, mut asked: ListGroupFiles) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    loop {
        let page = client.call(asked.clone()).await?;
        names.learn(client, page.entries.iter().map(|entry| entry.added_by)).await?;
        for entry in &page.entries {
            print(context, &names, entry)?;
        }
        asked.after = page.next;
        if asked.after.is_none() {
            let (used, quota) = (page.used_bytes, page.quota_bytes);
            let words = context.output.words;
            return context.output.data(
                || json!({"type": "storage", "used": used, "quota": quota}),
                || format!("{}: {} / {}", words.group_storage(), HumanBytes(used), HumanBytes(quota)),
            );
        }
    }
}

async fn one(context: &Context, client: &Client, entry: &GroupFile) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    names.learn(client, [entry.added_by]).await?;
    print(context, &names, entry)
}

fn print(context: &Context, names: &Names, entry: &GroupFile) -> Result<(), Failure> {
    let by = |account: AccountId| names.of(account);
    context.output.data(
        || {
            let mut line = json!({"type": if entry.file.is_some() { "group_file" } else { "folder" }, "entry": entry.entry,
                "folder": entry.folder, "name": entry.name, "file": entry.file, "size": entry.size,
                "media_type": entry.media_type, "gone": entry.gone, "added_by": by(entry.added_by),
                "added_by_id": entry.added_by.0, "added_ms": entry.added_ms, "downloads": entry.downloads});
            if let Some(until) = entry.until_ms {
                line["until_ms"] = until.into();
            }
            line
        },
        || {
            let words = context.output.words;
            let (name, at) = (escape_line(&entry.name), time(entry.added_ms));
            let added = escape_line(&by(entry.added_by));
            match entry.file {
                None => format!("{:>6} {name}/  @{added} {at}", entry.entry),
                Some(file) => {
                    let size = HumanBytes(entry.size).to_string();
                    let until = kept_until(context, entry.until_ms);
                    let state = if entry.gone { format!("  {}", words.file_gone()) } else { until };
                    let count = format!("{} {}", entry.downloads, words.downloads());
                    format!(
                        "{:>6} {name}  [{} {file}] {size}  @{added} {at}  {count}{state}",
                        entry.entry,
                        words.file()
                    )
                }
            }
        },
    )
}
