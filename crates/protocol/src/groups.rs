//! Groups beyond their members: roles and permissions, joining, moderation, what is announced and pinned.

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
        /// 17 dissolved.
        action: u8,
        /// Whom it concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Which event it concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
        /// The role, the time in milliseconds, or the number of the link.
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

    /// Finds groups by a part of their name, Chinese also by how it is read. Only those that let themselves be
    /// found.
    pub struct FindGroups {
        /// A part of the name, at most 256 bytes.
        text: String,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FoundGroupPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of found groups ends.
    pub struct FoundGroupPosition {
        /// What the last one was found by.
        term: String,
        /// The last one.
        conversation: ConversationId,
    }

    /// A page of found groups.
    pub struct FoundGroups {
        /// By what they were found by.
        groups: Vec<FoundGroup>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<FoundGroupPosition>,
    }

    /// A group as those outside see it.
    pub struct FoundGroup {
        /// The group.
        conversation: ConversationId,
        /// Its name.
        name: String,
        /// What it is about.
        description: String,
        /// Joined members.
        members: u64,
        /// 1 members bring new ones in, 2 on request, 3 everybody who wants to.
        joining: u8,
    }

    /// Joins a group that was found, or one that a link leads to: exactly one of both is named. Who is in stays in;
    /// asking again replaces the message.
    #[derive(Default)]
    pub struct JoinGroup {
        /// A group that lets itself be found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The code of a link; it lets in without a request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// A word to those who answer, at most 200 characters; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    }

    /// What became of it.
    pub struct GroupJoined {
        /// The group.
        conversation: ConversationId,
        /// 1 the request waits, 2 the caller is in.
        state: u8,
    }

    /// Answers a request to join. For those who may invite. Answering again the same way changes nothing.
    pub struct AnswerJoin {
        /// The group.
        conversation: ConversationId,
        /// Who asked.
        account: AccountId,
        /// True lets them in. False ends the request; until it would have expired, they cannot ask again.
        accept: bool,
    }

    /// Takes an own request to join back.
    pub struct WithdrawJoin {
        /// The group.
        conversation: ConversationId,
    }

    /// Lists requests to join that wait, oldest first. For those who may invite.
    pub struct ListJoinRequests {
        /// The group.
        conversation: ConversationId,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<JoinPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of requests ends.
    pub struct JoinPosition {
        /// When the last one ends, in server milliseconds.
        expires_ms: u64,
        /// Who made the last one.
        account: AccountId,
    }

    /// A page of requests to join.
    pub struct JoinRequests {
        /// Oldest first.
        requests: Vec<JoinRequest>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<JoinPosition>,
    }

    /// Somebody who asks to join.
    pub struct JoinRequest {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// The request.
        request: JoinRequestEntry,
    }

    /// A request to join that waits. Also the value of the account log's key `join_request/<conversation>`.
    pub struct JoinRequestEntry {
        /// The word that came with it.
        message: String,
        /// When it was made, in server milliseconds.
        at_ms: u64,
        /// When it ends without an answer, in server milliseconds.
        expires_ms: u64,
    }

    /// Value of the account log's key `join_requests/<conversation>`: requests wait in a group one looks after.
    pub struct JoinRequestsEntry {
        /// How many.
        count: u64,
        /// When the newest was made, in server milliseconds.
        newest_ms: u64,
    }

    /// Makes a link that lets people in. For those who may invite; a group has at most 50.
    pub struct MakeGroupLink {
        /// The group.
        conversation: ConversationId,
        /// How many may come by it, 1 to 100,000; 1 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u64>,
        /// For how long it is good, in milliseconds, at most 365 days; 7 days when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_ms: Option<u64>,
    }

    /// A link. Its code is told this once.
    pub struct GroupLink {
        /// What JoinGroup takes.
        code: String,
        /// The whole address, for people to pass on.
        address: String,
        /// The link without its code.
        link: GroupLinkInfo,
    }

    /// A link without its code.
    pub struct GroupLinkInfo {
        /// Its number in the group.
        link: u64,
        /// Who made it.
        made_by: AccountId,
        /// When, in server milliseconds.
        made_ms: u64,
        /// How many may still come by it.
        uses_left: u64,
        /// Until when it is good, in server milliseconds.
        expires_ms: u64,
    }

    /// Makes a link useless. For who made it, and those who may invite and have a stronger role. One that is gone is gone.
    pub struct DropGroupLink {
        /// The group.
        conversation: ConversationId,
        /// The link's number.
        link: u64,
    }

    /// Lists the links that still let people in. For those who may invite.
    pub struct ListGroupLinks {
        /// The group.
        conversation: ConversationId,
    }

    /// All links of a group.
    pub struct GroupLinks {
        /// Newest first, at most 50.
        links: Vec<GroupLinkInfo>,
    }

    /// Announces something to the group, or takes the announcement down. For those who may.
    pub struct Announce {
        /// The group.
        conversation: ConversationId,
        /// The words, at most 4 KiB; empty takes the announcement down.
        text: String,
    }

    /// Where it stands in the log.
    pub struct Announced {
        /// The event; absent when nothing changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
    }

    /// Says that the caller has seen the announcements up to one. It never goes back.
    pub struct SeeAnnouncement {
        /// The group.
        conversation: ConversationId,
        /// The announcement's event.
        event_seq: u64,
    }

    /// Lists announcements that the caller may read, newest first.
    pub struct ListGroupAnnouncements {
        /// The group.
        conversation: ConversationId,
        /// Those before this event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// 1 to 20; 20 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of announcements.
    pub struct GroupAnnouncements {
        /// Newest first. One without words took the one before it down.
        announcements: Vec<GroupAnnouncement>,
        /// Whether there are more.
        more: bool,
    }

    /// One announcement.
    pub struct GroupAnnouncement {
        /// Its event.
        event_seq: u64,
        /// Who made it.
        account: AccountId,
        /// When, in server milliseconds.
        at_ms: u64,
        /// The words.
        text: String,
    }

    /// Who has seen an announcement or a later one, among those who let others know what they have read.
    pub struct ListAnnouncementSeen {
        /// The group.
        conversation: ConversationId,
        /// The announcement's event.
        event_seq: u64,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<SeenPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of those who have seen it ends.
    pub struct SeenPosition {
        /// The announcement the last one has seen.
        event_seq: u64,
        /// The last one.
        account: AccountId,
    }

    /// A page of those who have seen it.
    pub struct AnnouncementSeen {
        /// Who.
        people: Vec<GroupPerson>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<SeenPosition>,
    }

    /// Pins a message for everybody, or takes the pin off. For those who may; a group has at most 100 pins.
    pub struct PinMessage {
        /// The group.
        conversation: ConversationId,
        /// The message.
        event_seq: u64,
        /// Whether it is pinned.
        pinned: bool,
    }

    /// Lists the pinned messages that the caller may read.
    pub struct ListPins {
        /// The group.
        conversation: ConversationId,
    }

    /// The pinned messages; GetEvents has their words.
    pub struct Pins {
        /// By their place in the log, newest first, at most 100.
        pins: Vec<Pin>,
    }

    /// One pinned message.
    pub struct Pin {
        /// The message.
        event_seq: u64,
        /// Who pinned it.
        pinned_by: AccountId,
        /// When, in server milliseconds.
        pinned_ms: u64,
    }

    /// Gives the caller a name in the group, or takes it away.
    pub struct SetNickname {
        /// The group.
        conversation: ConversationId,
        /// 1 to 64 characters; empty for none.
        nickname: String,
    }
}
