//! Reading back: history, jumps, quotes, reactions and search.

use crate::{AccountId, ConversationId, conversations::Message};

message! {
    /// Reads a conversation by sequence, ascending. With `before`: the page that ends there. With `after`: the
    /// page that begins there. With neither: the newest page.
    pub struct GetHistory {
        /// The conversation.
        conversation: ConversationId,
        /// Events below this sequence; of one above the head the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// Events above this sequence; one above the head is `cursor_ahead`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Messages (and system events) in the page, 1 to 200; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of history. Edits, recalls and reactions are folded into what they change.
    pub struct History {
        /// Ascending.
        messages: Vec<Message>,
        /// Whether there is more in the direction asked for.
        more: bool,
    }

    /// Finds the first event at or after a time.
    pub struct FindDate {
        /// The conversation.
        conversation: ConversationId,
        /// Server milliseconds since 1970 UTC.
        at_ms: u64,
    }

    /// A place in a conversation.
    pub struct Place {
        /// The event; absent when nothing is that late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_seq: Option<u64>,
    }

    /// Reads single events, for quotes and jumps. Those the caller may not read are left out.
    pub struct GetEvents {
        /// The conversation.
        conversation: ConversationId,
        /// At most 100.
        events: Vec<u64>,
    }

    /// Single events, ascending.
    pub struct Events {
        /// What could be read. It ends early where the frame is full: those behind the last one may be asked for again.
        messages: Vec<Message>,
    }

    /// Who put which emoji on a message.
    pub struct GetReactions {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        event_seq: u64,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ReactedBy>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// One reaction of one member.
    pub struct ReactedBy {
        /// Who.
        account: AccountId,
        /// The emoji.
        emoji: String,
    }

    /// A page of reactions, by account and emoji.
    pub struct Reactions {
        /// The reactions.
        reactions: Vec<ReactedBy>,
        /// Whether there are more.
        more: bool,
    }

    /// Searches the text of messages the caller may read, newest first.
    pub struct Search {
        /// Words or Chinese text, 1 to 256 bytes. All words must occur; the last may be a beginning.
        text: String,
        /// Only in this conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of hits, newest first.
    pub struct Found {
        /// The messages.
        messages: Vec<Message>,
        /// A position for `before`, to get the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
        /// False when this page passed something by: the newest messages were too many to look through at once (the next
        /// page goes on there), or the caller has more than 1,000 conversations and only the most recent were searched
        /// (search inside one for the rest).
        complete: bool,
    }
}
