//! What a group keeps beside its messages: files in folders. Whoever is in may read and add; who added an entry and
//! those who look after the group may change and delete it.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::{conversation_kind, role},
    fault::code,
    files::{
        AddGroupFile, ChangeGroupFile, DeleteGroupFile, GroupFile, GroupFilePosition, GroupFiles,
        ListGroupFiles, MakeGroupFolder, group_sort,
    },
    groups::audit_action,
    limits,
};

use super::shelf_store;
use crate::{
    error::{Error, Result},
    features::{
        conversations, cut,
        files::{store, upkeep::times_store},
        groups::{
            audit::{self, About},
            rules::{self, Permission},
        },
        page_limit,
    },
    rpc::Session,
    writer::Tx,
};

fn no_entry() -> Fault {
    Fault::new(code::NOT_FOUND).field("entry")
}

fn check_name(name: &str) -> Result<()> {
    let fault = |code| Fault::new(code).field("name");
    match name {
        blank if blank.trim().is_empty() => {
            Err(fault(code::BAD_VALUE).message("This must not be empty.").into())
        }
        "/" => Err(fault(code::BAD_VALUE).message("/ stands for the top.").into()),
        long if long.len() > limits::FILE_NAME_BYTES_MAX => {
            Err(fault(code::TOO_LONG).within_bytes(1, limits::FILE_NAME_BYTES_MAX as u64).into())
        }
        _ => Ok(()),
    }
}

/// The caller's role in a group they are in. Strangers get the answer for a group that does not exist.
async fn member(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<u8> {
    let nowhere = || Error::missing("conversation");
    let place = store::group_role(tx, conversation, account).await?;
    let (kind, joined, role) = place.ok_or_else(nowhere)?;
    if !joined {
        return Err(code::NOT_A_MEMBER.into());
    }
    if kind == conversation_kind::GROUP { Ok(role) } else { Err(code::NOT_A_GROUP.into()) }
}

/// The folder's number, 0 for the top.
async fn folder(tx: &mut Tx, conversation: ConversationId, folder: Option<u64>) -> Result<u64> {
    let Some(id) = folder.filter(|id| *id != 0) else { return Ok(0) };
    match shelf_store::by_id(tx, id).await? {
        Some((within, entry)) if within == conversation && entry.file.is_none() => Ok(id),
        _ => Err(Error::missing("folder")),
    }
}

async fn shown(tx: &mut Tx, id: u64) -> Result<GroupFile> {
    Ok(shelf_store::by_id(tx, id).await?.ok_or_else(no_entry)?.1)
}

pub(in crate::features::files) async fn add(caller: Session, request: AddGroupFile) -> Result<GroupFile> {
    let me = caller.account();
    let quotas = (caller.app.config.files.group_quota_mib << 20, caller.app.files.quota);
    let entry = caller.app.writer.run(move |tx| Box::pin(add_in(tx, me, request, quotas))).await?;
    Ok(timed(&caller, entry))
}

/// With the time until which it is kept.
fn timed(caller: &Session, mut entry: GroupFile) -> GroupFile {
    if entry.file.is_some() && !entry.gone {
        entry.until_ms = times_store::entry_until(&caller.app.config.files, entry.added_ms);
    }
    entry
}

async fn add_in(
    tx: &mut Tx,
    me: AccountId,
    request: AddGroupFile,
    (quota, own_quota): (u64, u64),
) -> Result<GroupFile> {
    let conversation = request.conversation;
    rules::allowed(tx, conversation, me, Permission::Upload).await?;
    rules::not_muted(tx, conversation, me).await?;
    let parent = folder(tx, conversation, request.folder).await?;
    request.name.as_deref().map_or(Ok(()), check_name)?;
    let Some(file) = store::readable_in(tx, me, request.file).await? else {
        if let Some(name) = &request.name {
            check_place(tx, conversation, parent, name).await?;
        }
        return Err(Error::missing("file"));
    };
    if file.content.is_none() {
        return Err(code::FILE_GONE.into());
    }
    let name = request.name.unwrap_or_else(|| file.name.clone());
    check_name(&name)?;
    let there = shelf_store::by_name(tx, conversation, parent, &name).await?;
    let file = match there {
        Some(same) if same.file == Some(file.id) => file,
        _ => store::adopt(tx, me, file, own_quota).await?,
    };
    match there {
        Some(same) if same.file == Some(file.id) => {
            // One that is not kept any more counts for nothing until it is there again.
            if same.gone {
                let (_, used) = shelf_store::totals(tx, conversation).await?;
                check_room(used, file.size, quota)?;
                store::used_again(tx, file.id).await?;
            }
            return again(tx, same.id, file.id).await;
        }
        // What is not kept any more keeps nobody from its name. Its entry goes, its number is given to nothing else.
        Some(old) if old.gone => {
            shelf_store::delete(tx, old.id).await?;
            store::unused(tx, &old.file.into_iter().collect::<Vec<_>>()).await?;
        }
        Some(_) => return Err(Fault::new(code::NAME_TAKEN).field("name").into()),
        None => {}
    }
    check_room(room(tx, conversation).await?, file.size, quota)?;
    let id = shelf_store::add(tx, conversation, parent, &name, Some((file.id, file.size)), me).await?;
    store::used_again(tx, file.id).await?;
    again(tx, id, file.id).await
}

/// Refuses a name under which no new file can be put.
async fn check_place(tx: &mut Tx, conversation: ConversationId, parent: u64, name: &str) -> Result<()> {
    match shelf_store::by_name(tx, conversation, parent, name).await? {
        // Its entry makes room.
        Some(old) if old.gone => Ok(()),
        Some(_) => Err(Fault::new(code::NAME_TAKEN).field("name").into()),
        None => room(tx, conversation).await.map(drop),
    }
}

/// Refuses what would go beyond the group's quota.
fn check_room(used: u64, size: u64, quota: u64) -> Result<()> {
    if used.saturating_add(size) > quota {
        let fault = Fault::new(code::QUOTA_EXCEEDED).field("conversation").limit(quota);
        return Err(fault.message("There is no room left for files of this group.").into());
    }
    Ok(())
}

/// The entry that keeps a file, also when its time was up before.
async fn again(tx: &mut Tx, id: u64, file: u64) -> Result<GroupFile> {
    times_store::shelve(tx, id, file).await?;
    shown(tx, id).await
}

/// What the files of a group take, when there is room for one more entry.
async fn room(tx: &mut Tx, conversation: ConversationId) -> Result<u64> {
    let (count, used) = shelf_store::totals(tx, conversation).await?;
    if count >= limits::GROUP_FILES_MAX {
        return Err(Fault::new(code::TOO_MANY).field("files").limit(limits::GROUP_FILES_MAX).into());
    }
    Ok(used)
}

pub(in crate::features::files) async fn make_folder(
    caller: Session,
    request: MakeGroupFolder,
) -> Result<GroupFile> {
    let (me, MakeGroupFolder { conversation, name }) = (caller.account(), request);
    check_name(&name)?;
    let work = async move |tx: &mut Tx| {
        rules::allowed(tx, conversation, me, Permission::Upload).await?;
        rules::not_muted(tx, conversation, me).await?;
        match shelf_store::by_name(tx, conversation, 0, &name).await? {
            Some(folder) if folder.file.is_none() => return shown(tx, folder.id).await,
            Some(_) => return Err(Fault::new(code::NAME_TAKEN).field("name").into()),
            None => {}
        }
        room(tx, conversation).await?;
        let id = shelf_store::add(tx, conversation, 0, &name, None, me).await?;
        shown(tx, id).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await
}

/// An entry that the caller may change.
async fn mine(tx: &mut Tx, me: AccountId, id: u64) -> Result<(ConversationId, GroupFile)> {
    let (conversation, entry) = shelf_store::by_id(tx, id).await?.ok_or_else(no_entry)?;
    let role = match member(tx, conversation, me).await {
        Ok(role) => role,
        // Who is not in learns nothing of the entry.
        Err(Error::Fault(_)) => return Err(no_entry().into()),
        Err(error) => return Err(error),
    };
    let allowed = entry.added_by == me || role < role::MEMBER;
    if allowed { Ok((conversation, entry)) } else { Err(code::FORBIDDEN.into()) }
}

pub(in crate::features::files) async fn change(
    caller: Session,
    request: ChangeGroupFile,
) -> Result<GroupFile> {
    let me = caller.account();
    let work = async move |tx: &mut Tx| {
        let (conversation, entry) = mine(tx, me, request.entry).await?;
        rules::not_muted(tx, conversation, me).await?;
        let name = request.name.unwrap_or(entry.name);
        check_name(&name)?;
        let parent = match request.folder {
            None => entry.folder.unwrap_or(0),
            Some(_) if entry.file.is_none() => {
                let fault = Fault::new(code::BAD_VALUE).field("folder");
                return Err(fault.message("A folder cannot be in a folder.").into());
            }
            to => folder(tx, conversation, to).await?,
        };
        let there = shelf_store::by_name(tx, conversation, parent, &name).await?;
        if there.is_some_and(|there| there.id != entry.entry) {
            return Err(Fault::new(code::NAME_TAKEN).field("name").into());
        }
        shelf_store::place(tx, entry.entry, parent, &name).await?;
        shown(tx, entry.entry).await
    };
    let entry = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(timed(&caller, entry))
}

pub(in crate::features::files) async fn delete(caller: Session, request: DeleteGroupFile) -> Result<Done> {
    let me = caller.account();
    let work = async move |tx: &mut Tx| {
        let (conversation, entry) = match mine(tx, me, request.entry).await {
            Ok(found) => found,
            // It is gone already, or was never there for the caller.
            Err(Error::Fault(fault)) if fault.is(code::NOT_FOUND) => return Ok(false),
            Err(error) => return Err(error),
        };
        if entry.file.is_none() && !shelf_store::is_empty(tx, conversation, entry.entry).await? {
            return Err(code::FOLDER_NOT_EMPTY.into());
        }
        shelf_store::delete(tx, entry.entry).await?;
        if entry.added_by != me {
            let about = About { account: Some(entry.added_by), value: Some(entry.entry), ..About::default() };
            audit::record(tx, conversation, me, audit_action::FILE_DELETED, about).await?;
        }
        if let Some(file) = entry.file {
            store::unused(tx, &[file]).await?;
        }
        Ok(true)
    };
    let taken = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    caller.app.files.collect.notify_one();
    Ok(Done::if_changed(taken))
}

pub(in crate::features::files) async fn list(caller: Session, request: ListGroupFiles) -> Result<GroupFiles> {
    let limit = page_limit(request.limit)?;
    if request.sort > group_sort::LARGEST {
        return Err(Fault::new(code::BAD_VALUE).field("sort").limit(group_sort::LARGEST.into()).into());
    }
    let (app, me) = (&caller.app, caller.account());
    conversations::joined(&app.db, request.conversation, me).await?;
    if request.find.as_ref().is_some_and(|find| find.len() > limits::SEARCH_BYTES_MAX) {
        return Err(Fault::new(code::TOO_LONG)
            .field("find")
            .within_bytes(0, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    let mut entries = shelf_store::list(&app.db, &request, limit + 1).await?;
    let more = cut(&mut entries, limit);
    let entries: Vec<GroupFile> = entries.into_iter().map(|entry| timed(&caller, entry)).collect();
    let next = entries.last().filter(|_| more).map(|last| GroupFilePosition {
        name: last.name.clone(),
        number: if request.sort == group_sort::LARGEST { last.size } else { last.added_ms },
        entry: last.entry,
    });
    let used_bytes = shelf_store::totals_now(&app.db, request.conversation).await?;
    Ok(GroupFiles { entries, next, used_bytes, quota_bytes: app.config.files.group_quota_mib << 20 })
}
