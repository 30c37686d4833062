//! Groups beyond their members: roles and permissions, joining, moderation, what is announced and pinned.

mod board;
mod join;

pub use board::*;
pub use join::*;

use crate::{AccountId, ConversationId};

/// How somebody comes into a group, as the number in [`GroupInfo::joining`].
pub mod joining {
    /// Members bring new ones in.
    pub const INVITED: u8 = 1;
    /// Who asks is let in by those who may invite.
    pub const ON_REQUEST: u8 = 2;
    /// Who wants to is in.
    pub const OPEN: u8 = 3;
}

/// What became of joining, as the number in [`GroupJoined::state`].
pub mod join_state {
    /// The request waits for an answer.
    pub const ASKED: u8 = 1;
    /// The caller is in.
    pub const JOINED: u8 = 2;
}

/// What was done, as the number in [`AuditEntry::action`].
pub mod audit_action {
    /// A member got the role `value`.
    pub const ROLE: u8 = 1;
    /// Settings or permissions were changed.
    pub const SETTINGS: u8 = 2;
    /// A member was muted until `value`, in server milliseconds; 0 when they may speak again.
    pub const MUTED: u8 = 3;
    /// A member was removed.
    pub const REMOVED: u8 = 4;
    /// Somebody was banned.
    pub const BANNED: u8 = 5;
    /// A ban was taken off.
    pub const UNBANNED: u8 = 6;
    /// A message of somebody else was removed.
    pub const MESSAGE_REMOVED: u8 = 7;
    /// A message was pinned.
    pub const PINNED: u8 = 8;
    /// A pin was taken off.
    pub const UNPINNED: u8 = 9;
    /// Who asked to join was let in.
    pub const LET_IN: u8 = 10;
    /// Who asked to join was turned away.
    pub const TURNED_AWAY: u8 = 11;
    /// A link was made; `value` is its number.
    pub const LINK_MADE: u8 = 12;
    /// A link was dropped; `value` is its number.
    pub const LINK_DROPPED: u8 = 13;
    /// The group was handed to a member.
    pub const TRANSFERRED: u8 = 14;
    /// The group was renamed.
    pub const RENAMED: u8 = 15;
    /// Something was announced, or the announcement was taken down.
    pub const ANNOUNCED: u8 = 16;
    /// The group was dissolved.
    pub const DISSOLVED: u8 = 17;
    /// A file or folder that somebody else had put among those of the group was deleted; `value` is its entry.
    pub const FILE_DELETED: u8 = 18;
}

message! {
    /// What a group is beside its conversation. Members only.
    pub struct GetGroup {
        /// The group.
        conversation: ConversationId,
    }

    /// A group as one of its members sees it.
    pub struct GroupInfo {
        /// The group.
        conversation: ConversationId,
        /// Its name.
        name: String,
        /// What it is about, at most 1 KiB; may be empty.
        description: String,
        /// Its owner.
        owner: AccountId,
        /// Joined members.
        members: u64,
        /// The caller's role: 1 owner, 2 administrator, 3 member.
        role: u8,
        /// The caller's name in the group; empty when they have none.
        nickname: String,
        /// Until when the caller is muted, in server milliseconds; absent when they are not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted_until_ms: Option<u64>,
        /// 1 members bring new ones in, 2 on request, 3 everybody who wants to.
        joining: u8,
        /// Whether the group is found by its name.
        discoverable: bool,
        /// Whether those who join later may read what was said before.
        open_history: bool,
        /// How long a member waits between messages, in milliseconds; 0 for not at all.
        slow_ms: u64,
        /// Who may do what.
        permissions: Permissions,
        /// The current announcement; absent when there is none, or the caller may not read it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announcement: Option<GroupAnnouncement>,
        /// Requests to join that wait; 0 for those who may not answer them.
        requests: u64,
    }

    /// The weakest role that may do each thing: 1 the owner, 2 administrators, 3 every member.
    pub struct Permissions {
        /// Write messages and edit them.
        write: u8,
        /// Bring people in, make links, answer requests to join.
        invite: u8,
        /// Pin messages.
        pin: u8,
        /// Change the announcement.
        announce: u8,
        /// Remove members and messages, mute and ban; only those with a weaker role.
        remove: u8,
        /// Send files and add files to the group.
        upload: u8,
        /// Mention everybody.
        everybody: u8,
        /// Start a share or a call.
        start: u8,
    }

    /// Permissions to change; what is absent stays. Roles as in `Permissions`.
    #[derive(Default)]
    pub struct PermissionChanges {
        /// Write messages and edit them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        write: Option<u8>,
        /// Bring people in, make links, answer requests to join.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invite: Option<u8>,
        /// Pin messages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pin: Option<u8>,
        /// Change the announcement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announce: Option<u8>,
        /// Remove members and messages, mute and ban.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remove: Option<u8>,
        /// Send files and add files to the group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upload: Option<u8>,
        /// Mention everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        everybody: Option<u8>,
        /// Start a share or a call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<u8>,
    }

    /// Changes a group; what is absent stays. Owner and administrators; permissions are for the owner alone.
    /// Setting what is set changes nothing.
    pub struct SetGroup {
        /// The group.
        conversation: ConversationId,
        /// What to change.
        change: GroupChange,
    }

    /// What changes of a group. Also the body of `group_changed`.
    #[derive(Default)]
    pub struct GroupChange {
        /// What the group is about, at most 1 KiB; may be empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// 1 members bring new ones in, 2 on request, 3 everybody who wants to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        joining: Option<u8>,
        /// Whether the group is found by its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discoverable: Option<bool>,
        /// Whether those who join later may read what was said before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        open_history: Option<bool>,
        /// How long a member waits between messages, in milliseconds, at most a day; 0 for not at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slow_ms: Option<u64>,
        /// Who may do what.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permissions: Option<PermissionChanges>,
    }

    /// Makes a member an administrator, or one a member again. The owner only; a group has at most 50
    /// administrators.
    pub struct SetRole {
        /// The group.
        conversation: ConversationId,
        /// The member.
        account: AccountId,
        /// 2 administrator, 3 member.
        role: u8,
    }

    /// Ends a group for everybody: all read up to its end and no further, and nobody comes in again. The owner only.
    pub struct DissolveGroup {
        /// The group.
        conversation: ConversationId,
    }

    /// Keeps a member with a weaker role from sending for a while, or lets them send again.
    pub struct MuteMember {
        /// The group.
        conversation: ConversationId,
        /// The member.
        account: AccountId,
        /// For how long, in milliseconds, at most 30 days; 0 lets them send again.
        for_ms: u64,
    }

    /// Keeps somebody out, or takes that off. A member is removed by it. Who is not in may be banned too.
    pub struct BanMember {
        /// The group.
        conversation: ConversationId,
        /// Whom.
        account: AccountId,
        /// Whether they are banned.
        banned: bool,
    }

    /// Lists who is banned, by account. For those who may remove members.
    pub struct ListBanned {
        /// The group.
        conversation: ConversationId,
        /// Those behind this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of people of a group.
    pub struct GroupPeople {
        /// By account.
        people: Vec<GroupPerson>,
        /// Whether there are more.
        more: bool,
    }

    /// Somebody, as lists of a group name them.
    pub struct GroupPerson {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
    }

    /// What those who look after the group did, newest first. Owner and administrators only.
    pub struct ListAudit {
        /// The group.
        conversation: ConversationId,
        /// Entries before this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of the audit log; it keeps the newest 10,000 entries.
    pub struct Audit {
        /// Newest first.
        entries: Vec<AuditEntry>,
        /// Whether there are more.
        more: bool,
    }

    /// One thing that was done.
    pub struct AuditEntry {
        /// Counts from 1 in each group.
        id: u64,
        /// When, in server milliseconds.
        at_ms: u64,
        /// Who did it.
        actor: AccountId,
        /// 1 role, 2 settings, 3 muted, 4 removed, 5 banned, 6 unbanned, 7 message removed, 8 pinned, 9 unpinned,
        /// 10 let in, 11 turned away, 12 link made, 13 link dropped, 14 transferred, 15 renamed, 16 announced,
        /// 17 dissolved, 18 file or folder of somebody else deleted.
        action: u8,
        /// Whom it concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Which event it concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
        /// The role, the time in milliseconds, the number of the link, or the entry among the group's files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<u64>,
    }

    /// Tells the operators of a message (conversation and event), a group (conversation alone), a person or a
    /// moment: exactly one. Telling the same again while it is open changes nothing. At most 50 a day.
    pub struct ReportContent {
        /// The conversation; one the caller may read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The message in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
        /// The person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// The moment; one the caller may see.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moment: Option<u64>,
        /// What is wrong with it, at most 1 KiB; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    }
}
