//! The entries of a history, and how one is written as a line of JSON. Knows nothing of the rules.

use std::borrow::Cow;

use litrocket_protocol::{AccountId, ConversationId, MessageId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::uuid;

/// 64 bits that stand for a payload: 16 hex digits in JSON. A longer hash may be read: its first 16 digits count.
///
/// Everybody who writes one history hashes the same way: the bytes of the body, as sent and as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hash(pub u64);

impl Hash {
    /// The payload is not known. Only tombstones may say so: nobody can read what they replaced.
    pub const UNKNOWN: Self = Self(0);

    /// FNV-1a of a payload, never [`Hash::UNKNOWN`].
    pub fn of(payload: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(payload.iter().fold(0xcbf2_9ce4_8422_2325, mix).max(1))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Cow<'de, str> = Deserialize::deserialize(deserializer)?;
        let first = text.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        first.map(Self).ok_or_else(|| D::Error::custom("a hash has 16 hex digits or more"))
    }
}

/// Whether an event still has its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It has.
    #[default]
    None,
    /// A later edit replaced it.
    Edited,
    /// It was recalled or erased.
    Recalled,
}

/// One thing that happened. Entries are in the order of `at_us`, one monotonic clock in microseconds for all.
///
/// A client writes `send`, `resume` and `seek` before the bytes leave, everything else after it arrived. `access`,
/// `hidden`, `cleared`, `log` and `end` are read at the end, when every device was left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// A device sends, for the first time or again.
    Send {
        /// When, in microseconds.
        at_us: u64,
        /// The sender.
        account: AccountId,
        /// The sending device; a number belongs to one device of one account.
        device: u64,
        /// Where to.
        conversation: ConversationId,
        /// The sender's id for it.
        #[serde(with = "uuid")]
        id: MessageId,
        /// The kind of event.
        kind: u16,
        /// The payload.
        hash: Hash,
        /// The event it refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<u64>,
    },
    /// The sending device hears that the event is durable.
    Ack {
        /// When, in microseconds.
        at_us: u64,
        /// The sender.
        account: AccountId,
        /// The device that sent it.
        device: u64,
        /// Where it is.
        conversation: ConversationId,
        /// The id that was sent.
        #[serde(with = "uuid")]
        id: MessageId,
        /// Its place in the log.
        event_seq: u64,
        /// Its place among the messages, if it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_seq: Option<u64>,
        /// Its time, in server milliseconds.
        at_ms: u64,
    },
    /// The sending device hears that the event was not appended.
    Refused {
        /// When, in microseconds.
        at_us: u64,
        /// The sender.
        account: AccountId,
        /// The device that sent it.
        device: u64,
        /// Where it should have gone.
        conversation: ConversationId,
        /// The id that was sent.
        #[serde(with = "uuid")]
        id: MessageId,
        /// The code of the fault.
        code: Cow<'static, str>,
        /// Whether the send is over: its class is not `retry`.
        #[serde(rename = "final")]
        is_final: bool,
    },
    /// A device receives an event.
    Deliver {
        /// When, in microseconds.
        at_us: u64,
        /// Whose device.
        account: AccountId,
        /// The device.
        device: u64,
        /// Where it is.
        conversation: ConversationId,
        /// Its place in the log.
        event_seq: u64,
        /// Its place among the messages, if it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_seq: Option<u64>,
        /// Its time, in server milliseconds.
        at_ms: u64,
        /// Who caused it; 0 when no account did.
        sender: AccountId,
        /// The sender's id for it, if it has one.
        #[serde(with = "uuid::option", default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// The kind of event.
        kind: u16,
        /// The payload; a tombstone's may be unknown.
        hash: Hash,
        /// Whether it came as a tombstone.
        #[serde(default)]
        gone: Gone,
    },
    /// A device hears that it gets nothing between two events, both included.
    Skip {
        /// When, in microseconds.
        at_us: u64,
        /// Whose device.
        account: AccountId,
        /// The device.
        device: u64,
        /// Where.
        conversation: ConversationId,
        /// The first event.
        from: u64,
        /// The last event.
        to: u64,
        /// The device said that it never synced, so it begins at the head: the first thing it hears here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fresh: bool,
    },
    /// A device connects again, or moves its cursor on purpose.
    Resume {
        /// When, in microseconds.
        at_us: u64,
        /// Whose device.
        account: AccountId,
        /// The device.
        device: u64,
        /// Where.
        conversation: ConversationId,
        /// The last event it counts as received; 0 for none.
        event_seq: u64,
        /// A seek on the same connection: it may also go forward.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        seek: bool,
    },
    /// A range of events that an account may read, as the store has it at the end.
    Access {
        /// When, in microseconds.
        at_us: u64,
        /// Who.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// The first event.
        from: u64,
        /// The last event; absent while they are a member.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u64>,
    },
    /// An event that an account deleted for itself.
    Hidden {
        /// When, in microseconds.
        at_us: u64,
        /// Who.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// The event.
        event_seq: u64,
    },
    /// Up to where an account cleared its history, or the server retains no more.
    Cleared {
        /// When, in microseconds.
        at_us: u64,
        /// Who.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// The last event that is gone.
        to: u64,
    },
    /// What the server answers as unread, and the markers it depends on: message sequences, 0 means none.
    Unread {
        /// When, in microseconds.
        at_us: u64,
        /// Who.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// The last message.
        head: u64,
        /// The first message the account may read.
        joined: u64,
        /// Up to here the account cleared its history.
        deleted_to: u64,
        /// The first message that is retained.
        retained_from: u64,
        /// Up to here the account has read.
        read_marker: u64,
        /// The account's own last message.
        my_last_sent: u64,
        /// The server's answer.
        unread: u64,
    },
    /// An event of the store's log. All conversations are there in full, each in the order of its events.
    Log {
        /// When, in microseconds.
        at_us: u64,
        /// Where.
        conversation: ConversationId,
        /// Its place in the log.
        event_seq: u64,
        /// Its place among the messages, if it counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_seq: Option<u64>,
        /// Whether it counts as a message.
        counts: bool,
        /// Its time, in server milliseconds.
        at_ms: u64,
        /// Who caused it; 0 when no account did.
        sender: AccountId,
        /// The sender's id for it, if it has one.
        #[serde(with = "uuid::option", default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// The kind of event.
        kind: u16,
        /// The payload; a tombstone's may be unknown.
        hash: Hash,
        /// Whether it is a tombstone.
        #[serde(default)]
        gone: Gone,
    },
    /// The server was ended and started again.
    Restart {
        /// When, in microseconds.
        at_us: u64,
    },
    /// A device lost all it had, or was given up: nothing more is heard of it, and it ends nowhere.
    Lost {
        /// When, in microseconds.
        at_us: u64,
        /// Whose device.
        account: AccountId,
        /// The device.
        device: u64,
    },
    /// Where a device's cursor stands at the end, after it was left alone.
    End {
        /// When, in microseconds.
        at_us: u64,
        /// Whose device.
        account: AccountId,
        /// The device.
        device: u64,
        /// Where.
        conversation: ConversationId,
        /// The last event it counts as received.
        event_seq: u64,
    },
}

impl Entry {
    /// When it happened, in microseconds.
    pub fn at_us(&self) -> u64 {
        match self {
            Self::Send { at_us, .. }
            | Self::Ack { at_us, .. }
            | Self::Refused { at_us, .. }
            | Self::Deliver { at_us, .. }
            | Self::Skip { at_us, .. }
            | Self::Resume { at_us, .. }
            | Self::Access { at_us, .. }
            | Self::Hidden { at_us, .. }
            | Self::Cleared { at_us, .. }
            | Self::Unread { at_us, .. }
            | Self::Log { at_us, .. }
            | Self::Restart { at_us }
            | Self::Lost { at_us, .. }
            | Self::End { at_us, .. } => *at_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_of_json() {
        let line = r#"{"type":"send","at_us":5,"account":1,"device":10,"conversation":3,"id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":1,"hash":"00000000000000ff"}"#;
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert_eq!(entry.at_us(), 5);
        assert!(matches!(entry, Entry::Send { hash: Hash(255), target: None, .. }));
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    }

    #[test]
    fn a_system_event_has_no_id() {
        let line = r#"{"type":"log","at_us":5,"conversation":3,"event_seq":1,"counts":false,"at_ms":7,"sender":1,"kind":64,"hash":"00000000000000ff","gone":"none"}"#;
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert!(matches!(entry, Entry::Log { id: None, .. }));
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    }

    #[test]
    fn a_long_hash_is_cut_and_a_short_one_refused() {
        let long: Hash = serde_json::from_str(r#""0123456789abcdefffff""#).unwrap();
        assert_eq!(long, Hash(0x0123_4567_89ab_cdef));
        assert!(serde_json::from_str::<Hash>(r#""ff""#).is_err());
        assert_ne!(Hash::of(b"a"), Hash::of(b"b"));
    }

    #[test]
    fn millions_of_entries_fit_into_memory() {
        assert!(size_of::<Entry>() <= 112, "{}", size_of::<Entry>());
    }
}
