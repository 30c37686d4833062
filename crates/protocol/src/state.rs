//! The state stream: the latest value per key at the time of writing. Nothing here is queued or stored.

use crate::{AccountId, ConversationId};

/// Frame types on the state stream.
pub mod frame_type {
    /// Client: a [`super::Typing`].
    pub const TYPING: u64 = 1;
    /// Client: a [`super::Watch`].
    pub const WATCH: u64 = 2;
    /// Client: an [`super::Availability`].
    pub const AVAILABILITY: u64 = 3;
    /// Server: a [`super::TypingNow`].
    pub const TYPING_NOW: u64 = 16;
    /// Server: a [`super::Presence`].
    pub const PRESENCE: u64 = 17;
    /// Server: a [`super::Marker`].
    pub const MARKER: u64 = 18;
    /// Server: a [`super::GoingAway`].
    pub const GOING_AWAY: u64 = 19;
    /// Server: a [`super::Revoked`].
    pub const REVOKED: u64 = 20;
    /// Server: a [`super::NewMoments`].
    pub const NEW_MOMENTS: u64 = 21;
    /// Server: a [`crate::announcements::Announcement`].
    pub const ANNOUNCEMENT: u64 = 24;
}

message! {
    /// The caller types, or stopped. Repeat every few seconds while it lasts; it expires after 6 seconds.
    pub struct Typing {
        /// Where.
        conversation: ConversationId,
        /// False when it stopped.
        typing: bool,
    }

    /// The accounts whose presence this connection wants to hear; replaces the earlier list. At most 200;
    /// more are ignored.
    pub struct Watch {
        /// The accounts; those whose privacy forbids it stay silent.
        accounts: Vec<AccountId>,
    }

    /// Whether the person is at this device.
    pub struct Availability {
        /// True when the device is idle.
        away: bool,
    }

    /// Another member types, or stopped.
    pub struct TypingNow {
        /// Where.
        conversation: ConversationId,
        /// Who.
        account: AccountId,
        /// False when it stopped.
        typing: bool,
    }

    /// An account's presence.
    pub struct Presence {
        /// Who.
        account: AccountId,
        /// Whether at least one device is connected.
        online: bool,
        /// Whether all connected devices are idle.
        away: bool,
        /// When the last device left, in server milliseconds; absent while online or not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seen_ms: Option<u64>,
    }

    /// How far another member has received and read, in conversations of up to 50 members.
    pub struct Marker {
        /// Where.
        conversation: ConversationId,
        /// Who.
        account: AccountId,
        /// Up to this message sequence everything was read; absent when unchanged or private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read: Option<u64>,
        /// Up to this event sequence everything was delivered to a device; absent when unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivered: Option<u64>,
    }

    /// The server is going away: sends in flight are still acked, new connections are refused.
    pub struct GoingAway {
        /// When to connect again, in milliseconds from now; spread over the clients.
        retry_after_ms: u64,
    }

    /// This session was signed out or revoked; the connection closes.
    pub struct Revoked {
        /// `signed_out`, `revoked`, `password_changed`, `recovered`, `token_reused`, `locked` or `account_deleted`.
        reason: String,
    }

    /// A friend posted a moment that the account sees: a hint, not stored. `GetNewMoments` asks.
    pub struct NewMoments {
        /// The newest moment.
        moment: u64,
    }
}
