//! The files of a group.

use std::path::PathBuf;

use indicatif::HumanBytes;
use litrocket_client::{Client, Digest, Error};
use litrocket_protocol::{
    ConversationId, Fault,
    fault::code,
    files::{
        AddGroupFile, ChangeGroupFile, DeleteGroupFile, FileInfo, GetFile, GroupFile, GroupFiles,
        ListGroupFiles, MakeGroupFolder, file_state, group_sort,
    },
};
use serde_json::{Value, json};

use super::{
    super::pictures,
    FileCommand, Shown,
    own::kept_until,
    place::{check_readable, name_of},
    refused::{NO_FILE, but_for_the_file, with_file},
};
use crate::{
    Failure,
    failure::{Asked, At as _},
    output::{escape_line, time},
    pages::pages,
    resolve::{self, Names},
    session::Context,
};

pub(super) async fn run(context: &Context, client: &Client, command: FileCommand) -> Result<(), Failure> {
    match command {
        FileCommand::List { group, folder, find, sort } => {
            let conversation = resolve::group(client, &group).await?;
            let folder = folder_by_name(client, conversation, folder.as_deref()).await?;
            let sort = match sort.as_str() {
                "newest" => group_sort::NEWEST,
                "largest" => group_sort::LARGEST,
                _ => group_sort::NAME,
            };
            list(context, client, ListGroupFiles { sort, ..listing(conversation, folder, find) }).await
        }
        FileCommand::Folder { group, name } => {
            let conversation = resolve::group(client, &group).await?;
            let entry = client.call(MakeGroupFolder { conversation, name }).await?;
            one(context, client, &entry).await
        }
        FileCommand::Rename { group, entry, name } => {
            let conversation = resolve::group(client, &group).await?;
            let which = Which::find(client, conversation, &group, entry).await?;
            let change = ChangeGroupFile { entry: which.entry, name: Some(name), folder: None };
            let entry = which.missing(client.call(change).await)?;
            one(context, client, &entry).await
        }
        FileCommand::Move { group, entry, folder } => {
            let conversation = resolve::group(client, &group).await?;
            let which = Which::find(client, conversation, &group, entry).await?;
            let place = match folder.as_str() {
                "/" => Some(0),
                name => folder_by_name(client, conversation, Some(name)).await?,
            };
            let change = ChangeGroupFile { entry: which.entry, name: None, folder: place };
            let entry = which.missing(client.call(change).await)?;
            let words = context.output.words;
            let name = escape_line(&entry.name);
            let said = match entry.folder {
                Some(_) => words.moved_into(name, escape_line(&folder)),
                None => words.moved_to_top(name),
            };
            let mut names = Names::new(words);
            names.learn(client, [entry.added_by]).await?;
            context.output.data(|| json_entry(&names, &entry), || said)
        }
        FileCommand::Delete { group, entry } => {
            let conversation = resolve::group(client, &group).await?;
            let which = Which::find(client, conversation, &group, entry).await?;
            let entry = which.entry;
            let deleted = client.call(DeleteGroupFile { entry }).await?;
            if deleted.unchanged {
                return Err(which.not_there());
            }
            let words = context.output.words;
            let said = || words.deleted_entry(escape_line(&which.typed));
            context.output.data(|| json!({"type": "done", "entry": entry}), said)
        }
        // The others are no commands about groups.
        _ => Ok(()),
    }
}

/// An entry as somebody means it: by its number, or by its name.
struct Which {
    entry: u64,
    typed: String,
    group: String,
}

impl Which {
    async fn find(
        client: &Client,
        conversation: ConversationId,
        group: &str,
        typed: String,
    ) -> Result<Self, Failure> {
        let group = group.to_owned();
        let number = typed.parse().ok();
        let (asked, mut found) = (listing(conversation, None, Some(typed.clone())), Vec::new());
        pages(
            client,
            u64::MAX,
            |after, count| ListGroupFiles { after, limit: Some(count), ..asked.clone() },
            |page| (page.entries, page.next),
            |one| {
                found.extend((one.name == typed).then_some(one.entry));
                Ok(())
            },
        )
        .await?;
        match (number, &found[..]) {
            (Some(entry), found) if found.iter().all(|named| *named == entry) => {
                Ok(Self { entry, typed, group })
            }
            // Whoever calls a file by a number has nobody delete another one by it.
            (Some(_), found) => {
                let (typed, all) = (typed, listed(found));
                Err(Failure::usage(move |words| words.name_and_number(&typed, &all)))
            }
            (None, [entry]) => Ok(Self { entry: *entry, typed, group }),
            (None, []) => {
                let typed = escape_line(&typed);
                Err(Failure::missing(move |words| words.no_entry(&typed, &group)))
            }
            (None, found) => {
                let (typed, all) = (escape_line(&typed), listed(found));
                Err(Failure::usage(move |words| words.several_entries(&typed, &all)))
            }
        }
    }

    /// Names the entry, when it is not there.
    fn not_there(&self) -> Failure {
        let (typed, group) = (escape_line(&self.typed), self.group.clone());
        Failure::missing(move |words| words.no_entry(&typed, &group))
    }

    fn missing<T>(&self, answer: impl Asked<T>) -> Result<T, Failure> {
        let (typed, group) = (escape_line(&self.typed), self.group.clone());
        answer.asked(move |words| words.no_entry(&typed, &group))
    }
}

fn listed(entries: &[u64]) -> String {
    entries.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

fn listing(conversation: ConversationId, folder: Option<u64>, find: Option<String>) -> ListGroupFiles {
    ListGroupFiles { conversation, folder, find, sort: group_sort::NAME, after: None, limit: None }
}

/// Brings files and puts them among those of a group.
pub(super) async fn put(
    context: &Context,
    client: &Client,
    group: &str,
    paths: &[PathBuf],
    folder: Option<&str>,
) -> Result<(), Failure> {
    check_readable(paths)?;
    let conversation = resolve::group(client, group).await?;
    let folder = folder_by_name(client, conversation, folder).await?;
    for path in paths {
        let name = name_of(path)?;
        let digest = Digest::of_file(path).await.at(path)?;
        let add = |file| AddGroupFile { conversation, file, folder, name: Some(name.clone()) };
        let place = listing(conversation, Some(folder.unwrap_or(0)), Some(name.clone()));
        let (same, page) = same_as(client, place, &name, &digest).await?;
        if let Some(same) = &same {
            let entry = client.call(add(same.file)).await?;
            // Of what is there and whole nothing has to be brought, whoever put it there.
            if same.state == file_state::COMPLETE {
                one(context, client, &entry).await?;
                continue;
            }
        } else {
            but_for_the_file(client.call(add(NO_FILE)).await)?;
            check_room(&page, &digest)?;
        }
        let shown = Shown::new(context, &name, digest.size);
        let file = client.upload(path, &name, &digest, shown.transfer(context, &name)).await;
        shown.end();
        let file = file?;
        let file = same.map_or(file, |same| same.file);
        let entry = with_file(client, file, client.call(add(file)).await).await?;
        one(context, client, &entry).await?;
    }
    Ok(())
}

/// The file of this name and content that is kept in a place already, and the page of the list where the search ended.
async fn same_as(
    client: &Client,
    place: ListGroupFiles,
    name: &str,
    digest: &Digest,
) -> Result<(Option<FileInfo>, GroupFiles), Failure> {
    let (there, page) = entry_that(client, place, |entry| entry.name == name && !entry.gone).await?;
    let Some(file) = there.and_then(|entry| entry.file) else { return Ok((None, page)) };
    let info = client.call(GetFile { file, hashes: false }).await?;
    Ok((Some(info).filter(|info| info.blake3 == digest.blake3), page))
}

/// Refuses before the upload what would be too much for the group behind it.
fn check_room(page: &GroupFiles, digest: &Digest) -> Result<(), Failure> {
    if page.used_bytes.saturating_add(digest.size) > page.quota_bytes {
        let fault = Fault::new(code::QUOTA_EXCEEDED).field("conversation").limit(page.quota_bytes);
        return Err(Error::from(fault.message("There is no room left for files of this group.")).into());
    }
    Ok(())
}

/// A folder as somebody means it: by its name, or else by its number. Names are no paths, so every folder has one of the two.
async fn folder_by_name(
    client: &Client,
    conversation: ConversationId,
    name: Option<&str>,
) -> Result<Option<u64>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let is_folder = |entry: &GroupFile| entry.file.is_none();
    let top = |find: Option<&str>| listing(conversation, Some(0), find.map(Into::into));
    let named = |entry: &GroupFile| is_folder(entry) && entry.name == name;
    let (mut found, _) = entry_that(client, top(Some(name)), named).await?;
    if let (None, Ok(number)) = (&found, name.parse::<u64>()) {
        let numbered = |entry: &GroupFile| is_folder(entry) && entry.entry == number;
        (found, _) = entry_that(client, top(None), numbered).await?;
    }
    let name = escape_line(name);
    let found = found.ok_or_else(|| Failure::missing(move |words| words.no_such_folder(&name)))?;
    Ok(Some(found.entry))
}

/// The first entry of a list that is the one, and the page where the search ended.
async fn entry_that(
    client: &Client,
    mut asked: ListGroupFiles,
    is_it: impl Fn(&GroupFile) -> bool,
) -> Result<(Option<GroupFile>, GroupFiles), Failure> {
    loop {
        let mut page = client.call(asked.clone()).await?;
        let found = page.entries.iter().position(&is_it).map(|at| page.entries.swap_remove(at));
        asked.after.clone_from(&page.next);
        if found.is_some() || asked.after.is_none() {
            return Ok((found, page));
        }
    }
}

async fn list(context: &Context, client: &Client, mut asked: ListGroupFiles) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    let mut any = false;
    loop {
        let page = client.call(asked.clone()).await?;
        any |= !page.entries.is_empty();
        names.learn(client, page.entries.iter().map(|entry| entry.added_by)).await?;
        for entry in &page.entries {
            print(context, &names, entry)?;
        }
        asked.after = page.next;
        if asked.after.is_none() {
            let (used, quota) = (page.used_bytes, page.quota_bytes);
            let words = context.output.words;
            if !any {
                let finds = asked.find.is_some();
                context.output.nothing(if finds { words.no_such_files() } else { words.no_group_files() });
            }
            return context.output.data(
                || json!({"type": "storage", "used": used, "quota": quota}),
                || {
                    let storage = format!("{} / {}", HumanBytes(used), HumanBytes(quota));
                    words.labelled(words.group_storage(), storage)
                },
            );
        }
    }
}

async fn one(context: &Context, client: &Client, entry: &GroupFile) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    names.learn(client, [entry.added_by]).await?;
    print(context, &names, entry)
}

fn json_entry(names: &Names, entry: &GroupFile) -> Value {
    let kind = if entry.file.is_some() { "group_file" } else { "folder" };
    let mut object = json!({"type": kind, "entry": entry.entry, "folder": entry.folder, "name": entry.name,
        "file": entry.file, "size": entry.size, "media_type": entry.media_type, "gone": entry.gone,
        "added_by": names.of(entry.added_by), "added_by_id": entry.added_by.0, "added_ms": entry.added_ms,
        "downloads": entry.downloads});
    if entry.damaged {
        object["damaged"] = true.into();
    }
    if let Some(picture) = &entry.picture {
        object["picture"] = pictures::json(picture);
    }
    if let Some(until) = entry.until_ms {
        object["until_ms"] = until.into();
    }
    object
}

fn print(context: &Context, names: &Names, entry: &GroupFile) -> Result<(), Failure> {
    context.output.data(
        || json_entry(names, entry),
        || {
            let words = context.output.words;
            let (name, at) = (escape_line(&entry.name), time(entry.added_ms));
            let added = escape_line(&names.of(entry.added_by));
            match entry.file {
                None => format!("{:>6} {name}/  @{added} {at}", entry.entry),
                Some(file) => {
                    let pixels = entry.picture.as_ref().map(|it| format!(" {}×{}", it.width, it.height));
                    let size = format!("{}{}", HumanBytes(entry.size), pixels.unwrap_or_default());
                    let until = kept_until(context, entry.until_ms);
                    let state = match entry {
                        GroupFile { gone: true, .. } => format!("  {}", words.file_gone()),
                        GroupFile { damaged: true, .. } => format!("{until}  {}", words.file_damaged()),
                        _ => until,
                    };
                    let count = words.counted(entry.downloads, words.download(), words.downloads());
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
