//! What a member may do. An owner sets the weakest role for each thing; nobody acts on an equal or stronger role.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::{conversation_kind, role},
    fault::code,
    groups::{PermissionChanges, Permissions},
};

use super::{role_of, store};
use crate::{
    db::Db,
    error::{Error, Result},
    features::conversations,
    writer::Tx,
};

/// Something that needs a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Bring people in, make links.
    Invite,
    /// Read and answer requests to come in: who may invite, of the owner and administrators, for they look after them.
    Answer,
    /// Pin messages.
    Pin,
    /// Change the announcement.
    Announce,
    /// Remove members and messages, mute and ban.
    Remove,
    /// Add files to the group; messages with files are the writer's to decide.
    Upload,
    /// Settings, name, audit log: owner and administrators, always.
    Administer,
    /// Roles, permissions, transfer, the end: the owner, always.
    Own,
}

impl Permission {
    /// The weakest role that may do it.
    pub(super) fn weakest(self, permissions: &Permissions) -> u8 {
        match self {
            Self::Invite => permissions.invite,
            Self::Answer => permissions.invite.min(role::ADMINISTRATOR),
            Self::Pin => permissions.pin,
            Self::Announce => permissions.announce,
            Self::Remove => permissions.remove,
            Self::Upload => permissions.upload,
            Self::Administer => role::ADMINISTRATOR,
            Self::Own => role::OWNER,
        }
    }
}

/// Somebody in a group who may do what was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) facts: conversations::Facts,
    pub(crate) role: u8,
}

fn forbidden(weakest: u8) -> Error {
    let message = match weakest {
        role::OWNER => "Only the owner may do this.",
        _ => "Only the owner and administrators may do this.",
    };
    Fault::new(code::FORBIDDEN).message(message).into()
}

/// The group and the caller's role, when they may do this. Strangers get the answer for a group that does not exist.
pub(crate) async fn allowed(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    permission: Permission,
) -> Result<Standing> {
    let (facts, role) = conversations::joined_group(tx, conversation, account).await?;
    let weakest = match permission {
        Permission::Administer | Permission::Own => permission.weakest(&DEFAULTS),
        _ => {
            let settings = store::settings(tx, conversation).await?;
            permission.weakest(&settings.ok_or_else(|| Error::from(code::NOT_A_GROUP))?.permissions)
        }
    };
    if role > weakest { Err(forbidden(weakest)) } else { Ok(Standing { facts, role }) }
}

/// Refuses who is muted: what everybody reads or sees waits until they are not.
pub(crate) async fn not_muted(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<()> {
    let now = tx.now_ms();
    let until = tx.membership(conversation, account).await?.map_or(0, |it| it.muted_until_ms);
    if until > now { Err(Fault::new(code::MUTED).retry_after(until - now).into()) } else { Ok(()) }
}

/// Refuses a message with a file, as the writer does, where the group does not let its sender send files.
pub(crate) async fn may_send_files(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<()> {
    let Some(settings) = store::settings(tx, conversation).await? else { return Ok(()) };
    let role = role_of(tx, conversation, account).await?.unwrap_or(role::MEMBER);
    if role > settings.permissions.upload { Err(code::NOT_ALLOWED.into()) } else { Ok(()) }
}

/// As [`allowed`], for what is only read.
pub(crate) async fn may_read(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    permission: Permission,
) -> Result<()> {
    conversations::joined(db, conversation, account).await?;
    let settings = store::settings_now(db, conversation).await?;
    let settings = settings.ok_or_else(|| Error::from(code::NOT_A_GROUP))?;
    let mine = store::mine(db, conversation, account).await?.ok_or_else(|| Error::missing("conversation"))?;
    let weakest = permission.weakest(&settings.permissions);
    if mine.role > weakest { Err(forbidden(weakest)) } else { Ok(()) }
}

/// Whether somebody of this role may act on another: nobody does on an equal or stronger one. Those who are not in
/// count as members.
pub(crate) async fn is_weaker(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    than: u8,
) -> Result<bool> {
    Ok(role_of(tx, conversation, account).await?.unwrap_or(role::MEMBER) > than)
}

/// Refuses to act on an equal or stronger role.
pub(crate) async fn over(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    standing: &Standing,
) -> Result<()> {
    if is_weaker(tx, conversation, account, standing.role).await? {
        return Ok(());
    }
    Err(Fault::new(code::FORBIDDEN).field("account").message("Their role is not below yours.").into())
}

/// What a group that has set nothing lets each role do.
pub(super) const DEFAULTS: Permissions = Permissions {
    write: role::MEMBER,
    invite: role::MEMBER,
    pin: role::ADMINISTRATOR,
    announce: role::ADMINISTRATOR,
    remove: role::ADMINISTRATOR,
    upload: role::MEMBER,
    everybody: role::MEMBER,
    start: role::MEMBER,
};

/// The permissions after a change, and what of the change is one.
pub(super) fn changed(
    old: &Permissions,
    change: &PermissionChanges,
) -> Result<(Permissions, PermissionChanges)> {
    let mut new = old.clone();
    let mut done = PermissionChanges::default();
    let fields = [
        (&mut new.write, &mut done.write, change.write),
        (&mut new.invite, &mut done.invite, change.invite),
        (&mut new.pin, &mut done.pin, change.pin),
        (&mut new.announce, &mut done.announce, change.announce),
        (&mut new.remove, &mut done.remove, change.remove),
        (&mut new.upload, &mut done.upload, change.upload),
        (&mut new.everybody, &mut done.everybody, change.everybody),
        (&mut new.start, &mut done.start, change.start),
    ];
    for (current, done, wanted) in fields {
        let Some(wanted) = wanted else { continue };
        if !(role::OWNER..=role::MEMBER).contains(&wanted) {
            return Err(Fault::new(code::BAD_VALUE).field("permissions").limit(role::MEMBER.into()).into());
        }
        if *current != wanted {
            *current = wanted;
            *done = Some(wanted);
        }
    }
    Ok((new, done))
}

/// Whether a conversation is a group.
pub(super) fn is_group(kind: u8) -> bool {
    kind == conversation_kind::GROUP
}
