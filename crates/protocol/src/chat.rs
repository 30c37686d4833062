//! The chat stream: sends and their acks, deliveries and cursors, pipelined in both directions.
//!
//! Frames use one-letter keys, because their cost is paid per message.

use crate::{ConversationId, Fault, MessageId};

/// Frame types on the chat stream.
pub mod frame_type {
    /// Client: a [`super::Send`].
    pub const SEND: u64 = 1;
    /// Client: [`super::Cursors`], before `LIVE`.
    pub const CURSORS: u64 = 2;
    /// Client: [`super::Live`], once.
    pub const LIVE: u64 = 3;
    /// Client: [`super::Seek`], after `LIVE`.
    pub const SEEK: u64 = 4;
    /// Client: [`super::Delivered`].
    pub const DELIVERED: u64 = 5;
    /// Server: an [`super::Ack`].
    pub const ACK: u64 = 16;
    /// Server: a [`super::Refused`].
    pub const REFUSED: u64 = 17;
    /// Server: a [`crate::event::Event`].
    pub const EVENT: u64 = 18;
    /// Server: a [`super::Skip`].
    pub const SKIP: u64 = 19;
    /// Server: a [`super::CursorRefused`].
    pub const CURSOR_REFUSED: u64 = 20;
    /// Server: an [`super::Entry`] of the account log.
    pub const ENTRY: u64 = 21;
    /// Server: a [`super::CaughtUp`], once.
    pub const CAUGHT_UP: u64 = 22;
    /// Server: an [`super::AccountReset`].
    pub const ACCOUNT_RESET: u64 = 23;
    /// Server: a [`super::SetBack`].
    pub const SET_BACK: u64 = 24;
}

message! {
    /// Appends an event to a conversation, once for ever: a retry with the same id gets the first answer.
    pub struct Send {
        /// The conversation.
        conversation as "c": ConversationId,
        /// Starts at 0 per conversation and connection; one more after each retryable refusal.
        epoch as "e": u32,
        /// The client's id, a UUIDv7, unique per sender.
        id as "i": MessageId,
        /// What it is: text, forward, opaque, edit, recall, reaction, or private.
        kind as "k": u16,
        /// The event it answers, edits, recalls or reacts to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target_seq as "r": Option<u64>,
        /// The body, at most 48 KiB; a MessagePack map for known kinds. A retry repeats these bytes.
        #[serde(with = "serde_bytes", default)]
        body as "b": Vec<u8>,
        /// What to show when the kind is not known, at most 1 KiB; required for opaque and private kinds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback as "x": Option<String>,
    }

    /// Where this device stands: pairs of conversation and last event received. At most 1,000 a frame; before `Live`.
    pub struct Cursors {
        /// `[conversation, event_seq]` pairs.
        cursors as "l": Vec<(ConversationId, u64)>,
        /// The `log_epoch` of the logs that these cursors are of, when it is an earlier one than `Welcome` says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch as "o": Option<u64>,
    }

    /// Begins delivery: first what is behind the cursors, then live, in one order. Once on a stream.
    pub struct Live {
        /// The version of the account log this device has; 0 for none.
        account_version as "a": u64,
        /// True on a device that never synced: conversations without a cursor start at their head. Otherwise
        /// they start at their first readable event.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fresh as "n": bool,
    }

    /// Moves a cursor on purpose; delivery goes on behind it.
    pub struct Seek {
        /// The conversation.
        conversation as "c": ConversationId,
        /// The last event to count as received.
        event_seq as "s": u64,
    }

    /// What this device has received and kept, for the senders' "delivered" mark. The first 1,000 of a frame count.
    pub struct Delivered {
        /// `[conversation, event_seq]` pairs.
        cursors as "l": Vec<(ConversationId, u64)>,
    }

    /// The event is durable. It stands for the event on this stream: it is not delivered here again.
    pub struct Ack {
        /// The conversation.
        conversation as "c": ConversationId,
        /// The id that was sent.
        id as "i": MessageId,
        /// Its position in the log.
        event_seq as "s": u64,
        /// Its position among the messages, if it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_seq as "m": Option<u64>,
        /// Its time, in server milliseconds.
        at_ms as "t": u64,
    }

    /// The event was not appended.
    pub struct Refused {
        /// The conversation.
        conversation as "c": ConversationId,
        /// The id that was sent.
        id as "i": MessageId,
        /// The epoch it was sent with.
        epoch as "e": u32,
        /// Why. Class `retry`: the server refuses all later sends of this epoch, too; at the first such refusal, resend from this
        /// one on with the next epoch. Other classes are final for this id.
        fault as "f": Fault,
    }

    /// This reader gets nothing between these sequences, both included: its cursor moves past them.
    pub struct Skip {
        /// The conversation.
        conversation as "c": ConversationId,
        /// The first sequence skipped.
        from as "f": u64,
        /// The last sequence skipped.
        to as "t": u64,
    }

    /// A cursor cannot be served, for example `cursor_ahead`: drop it and everything cached behind it.
    pub struct CursorRefused {
        /// The conversation.
        conversation as "c": ConversationId,
        /// Why.
        fault as "f": Fault,
    }

    /// The log of this conversation was set back to a backup: the cursor of an earlier epoch holds up to here. Forget the
    /// events behind it; those that the log has instead follow.
    pub struct SetBack {
        /// The conversation.
        conversation as "c": ConversationId,
        /// The last event that is the same in both logs; 0 for none.
        event_seq as "s": u64,
    }

    /// An entry of the account log: the latest value of one key.
    pub struct Entry {
        /// The version at which the key last changed; ascending on the stream.
        version as "v": u64,
        /// The key, for example `conversation/17`.
        key as "k": String,
        /// The value, a MessagePack map; absent when the key is gone.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Option::is_none")]
        value as "b": Option<Vec<u8>>,
    }

    /// Everything that existed when `live` was read has been sent.
    pub struct CaughtUp {
        /// The version of the account log at that moment.
        account_version as "a": u64,
    }

    /// The account log's cursor is too old or ahead: forget all entries; a full copy follows.
    pub struct AccountReset {
        /// The version the copy leads to.
        version as "v": u64,
    }
}
