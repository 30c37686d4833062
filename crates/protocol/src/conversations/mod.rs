//! Conversations: one-to-one, groups and "saved"; their members, markers and settings.

mod invitations;
mod own;

pub use invitations::*;
pub use own::*;

use crate::{AccountId, ConversationId, MessageId, event::Event};

/// What a conversation is, as the number in [`ConversationInfo::kind`].
pub mod conversation_kind {
    /// Two people.
    pub const DIRECT: u8 = 1;
    /// A group.
    pub const GROUP: u8 = 2;
    /// Notes to oneself.
    pub const SAVED: u8 = 3;
}

/// The state of a member, as the number in [`Member::state`].
pub mod member_state {
    /// Asked to join; nothing is delivered yet.
    pub const INVITED: u8 = 1;
    /// In the conversation.
    pub const JOINED: u8 = 2;
    /// Left on their own.
    pub const LEFT: u8 = 3;
    /// Removed by somebody who may.
    pub const REMOVED: u8 = 4;
    /// Removed and kept out.
    pub const BANNED: u8 = 5;
}

/// The role of a member, as the number in [`Member::role`].
pub mod role {
    /// Owns the group: gives roles, sets what each may do, hands it on, dissolves it.
    pub const OWNER: u8 = 1;
    /// Looks after the group, as far as the owner lets administrators.
    pub const ADMINISTRATOR: u8 = 2;
    /// Everybody else.
    pub const MEMBER: u8 = 3;
}

/// How loud a conversation is, as the number in [`ConversationEntry::notify`].
pub mod notify {
    /// Every message.
    pub const ALL: u8 = 1;
    /// Mentions only.
    pub const MENTIONS: u8 = 2;
    /// Nothing.
    pub const NONE: u8 = 3;
}

message! {
    /// Lists the caller's conversations, most recent first.
    #[derive(Default)]
    pub struct ListConversations {
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ListPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of conversations ends.
    pub struct ListPosition {
        /// Time of the last activity, in server milliseconds.
        last_at_ms: u64,
        /// The conversation.
        conversation: ConversationId,
    }

    /// A page of conversations.
    pub struct Conversations {
        /// Most recent first.
        conversations: Vec<ConversationInfo>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<ListPosition>,
    }

    /// A conversation as its caller sees it.
    pub struct ConversationInfo {
        /// The conversation.
        conversation: ConversationId,
        /// 1 one-to-one, 2 group, 3 saved.
        kind: u8,
        /// The group's name; empty otherwise.
        name: String,
        /// The other person of a one-to-one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<AccountId>,
        /// The owner of a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<AccountId>,
        /// Joined members.
        members: u64,
        /// The last event the caller may read.
        head_seq: u64,
        /// The number of the last message up to `head_seq`, also of one that the caller may not read; 0 while there is none.
        head_message_seq: u64,
        /// When something was last said, in server milliseconds.
        last_at_ms: u64,
        /// Messages after the caller's marker.
        unread: u64,
        /// Of those, messages that mention the caller or everybody.
        unread_mentions: u64,
        /// The caller's own membership and settings.
        mine: ConversationEntry,
        /// The version of a group's face, for `GetAvatar`; absent when there is none, or the caller is not in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar: Option<u64>,
    }

    /// The caller's side of a conversation. Also the value of the account log's key `conversation/<id>`.
    pub struct ConversationEntry {
        /// 1 one-to-one, 2 group, 3 saved.
        kind: u8,
        /// 1 invited, 2 joined, 3 left, 4 removed, 5 banned.
        state: u8,
        /// 1 owner, 2 administrator, 3 member.
        role: u8,
        /// The number that the next message had when the caller came in, the last time: what was said before does not count as
        /// unread. What may be read follows from the ranges, not from this.
        joined_message_seq: u64,
        /// The caller's read marker: a message sequence.
        read: u64,
        /// Marked unread by hand.
        marked_unread: bool,
        /// Up to this message the caller cleared the history.
        deleted_to: u64,
        /// 1 all, 2 mentions, 3 nothing.
        notify: u8,
        /// When `notify` falls back to 1, in server milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notify_until_ms: Option<u64>,
        /// Kept at the top of the list.
        pinned: bool,
        /// An unfinished message; empty when there is none.
        draft: String,
        /// A stranger wrote first and waits for an answer: nothing is to ring. `AnswerDirect` answers, and so do a
        /// message and a friendship. Until then neither learns whether the other is here, types, received or read.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        request: bool,
    }

    /// Opens the one-to-one conversation with an account, or "saved" with the caller's own. The same every
    /// time. The other person sees it at the first message.
    pub struct OpenDirect {
        /// The other person, or the caller.
        account: AccountId,
    }

    /// Asks for the one-to-one conversation with an account, or for "saved", where there is one. Unlike `OpenDirect` it
    /// makes none: for reading, searching, and marking as read.
    pub struct GetDirect {
        /// The other person, or the caller.
        account: AccountId,
    }

    /// Answers a stranger's first message. Answering again changes nothing; later the other answer is still possible.
    pub struct AnswerDirect {
        /// The one-to-one.
        conversation: ConversationId,
        /// True lets the stranger in. False turns them away: what they send there is refused as `not_accepting`.
        accept: bool,
    }

    /// Makes a group with the caller as owner. Repeating it with the same id answers the same group.
    pub struct CreateGroup {
        /// The client's id for it, a UUIDv7.
        id: MessageId,
        /// 1 to 64 characters.
        name: String,
        /// The first members beside the caller, at most 100. Who does not let the caller bring them in is invited.
        #[serde(default)]
        accounts: Vec<AccountId>,
        /// Whether those who join later may read what was said before; false when absent.
        #[serde(default)]
        open_history: bool,
    }

    /// Looks a conversation up.
    pub struct GetConversation {
        /// The conversation.
        conversation: ConversationId,
    }

    /// Brings accounts into a group: one event. Those who are in stay in. Who does not let the caller bring them in is
    /// invited instead.
    pub struct InviteMembers {
        /// The group.
        conversation: ConversationId,
        /// At most 100.
        accounts: Vec<AccountId>,
    }

    /// Who came in.
    pub struct MembersInvited {
        /// Those who were not in before.
        joined: Vec<AccountId>,
        /// The event; absent when nobody was new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
        /// Those who are to be asked first. Whether an invitation reaches them is not told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        invited: Vec<AccountId>,
    }

    /// Removes a member with a weaker role, for those who may. Removing one who is not in changes nothing.
    pub struct RemoveMember {
        /// The group.
        conversation: ConversationId,
        /// The member.
        account: AccountId,
    }

    /// Leaves a group. The owner leaves last, transfers it or dissolves it first.
    pub struct LeaveGroup {
        /// The group.
        conversation: ConversationId,
    }

    /// Renames a group. Owner and administrators only.
    pub struct RenameGroup {
        /// The group.
        conversation: ConversationId,
        /// 1 to 64 characters.
        name: String,
    }

    /// Hands a group to another member. The owner only, who stays as an administrator.
    pub struct TransferGroup {
        /// The group.
        conversation: ConversationId,
        /// A joined member.
        account: AccountId,
    }

    /// Lists the joined members by account id.
    pub struct ListMembers {
        /// The conversation.
        conversation: ConversationId,
        /// Members above this id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of members.
    pub struct Members {
        /// By account id.
        members: Vec<Member>,
        /// Whether there are more.
        more: bool,
    }

    /// One member.
    pub struct Member {
        /// Who.
        account: AccountId,
        /// The account name.
        handle: String,
        /// The name to show.
        display_name: String,
        /// 1 owner, 2 administrator, 3 member.
        role: u8,
        /// 1 invited, 2 joined.
        state: u8,
        /// Their name in the group; absent when they have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nickname: Option<String>,
        /// Until when they are muted, in server milliseconds; absent when they are not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted_until_ms: Option<u64>,
    }

    /// An event with what happened to it folded in.
    pub struct Message {
        /// The event; its body is the current one.
        event: Event,
        /// When it was last edited, in server milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edited_ms: Option<u64>,
        /// The reactions, most frequent first, at most 50 emoji.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reactions: Vec<ReactionCount>,
        /// Whether the file it carries is not kept any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        gone: bool,
    }

    /// One emoji on a message.
    pub struct ReactionCount {
        /// The emoji.
        emoji: String,
        /// How many members put it there.
        count: u64,
        /// Whether the caller is one of them.
        mine: bool,
    }
}
