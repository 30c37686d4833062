//! What hangs on the wall of a group, and names in it.

use super::GroupPerson;
use crate::{AccountId, ConversationId};

message! {
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
