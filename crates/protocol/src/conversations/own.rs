//! Each person's own side: markers, settings, what they put away.

use crate::{AccountId, ConversationId};

message! {
    /// Moves the read marker forward to a message; it never goes back. Clears "marked unread".
    pub struct MarkRead {
        /// The conversation.
        conversation: ConversationId,
        /// The last event seen.
        event_seq: u64,
    }

    /// What is unread now.
    pub struct Marked {
        /// The read marker: a message sequence.
        read: u64,
        /// Messages after it.
        unread: u64,
        /// Of those, mentions.
        unread_mentions: u64,
    }

    /// Changes the caller's settings of a conversation. What is absent stays.
    pub struct SetConversation {
        /// The conversation.
        conversation: ConversationId,
        /// 1 all, 2 mentions, 3 nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notify: Option<u8>,
        /// When `notify` falls back to 1, in server milliseconds; 0 for never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notify_until_ms: Option<u64>,
        /// Whether it is kept at the top.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pinned: Option<bool>,
        /// Mark it unread, or no longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        marked_unread: Option<bool>,
        /// An unfinished message, at most 16 KiB; empty to drop it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        draft: Option<String>,
    }

    /// Clears the history up to an event for the caller alone.
    pub struct ClearHistory {
        /// The conversation.
        conversation: ConversationId,
        /// The last event to clear.
        event_seq: u64,
    }

    /// Deletes messages for the caller alone, on all devices.
    pub struct HideEvents {
        /// The conversation.
        conversation: ConversationId,
        /// At most 100.
        events: Vec<u64>,
    }

    /// How far the other members have received and read; at most 100 members, by account id.
    pub struct GetMarkers {
        /// The conversation.
        conversation: ConversationId,
        /// Members above this id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
    }

    /// The markers of others.
    pub struct OtherMarkers {
        /// By account id.
        markers: Vec<OtherMarker>,
        /// Whether there are more.
        more: bool,
    }

    /// The marker of one member.
    pub struct OtherMarker {
        /// Who.
        account: AccountId,
        /// Up to this message sequence everything was read; absent when they keep it private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read: Option<u64>,
        /// Up to this event sequence everything was delivered to a device; 0 also when the caller is not told.
        delivered: u64,
    }

    /// Who has read one message, among those who let others know.
    pub struct GetReaders {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        event_seq: u64,
        /// Readers above this id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of readers.
    pub struct Readers {
        /// By account id.
        readers: Vec<AccountId>,
        /// Whether there may be more.
        more: bool,
        /// The `after` of the next page; absent on the last one. A page looks through 5,000 members and may be empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<AccountId>,
    }

    /// Value of the account log's key `hidden/<conversation>/<event>`: the caller deleted it for themselves.
    pub struct HiddenEntry {
        /// The conversation.
        conversation: ConversationId,
        /// The event.
        event_seq: u64,
    }
}
