//! Unread counts are arithmetic on sequences and markers, never counters to keep true.

/// What a member's unread count depends on. All numbers are message sequences; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Markers {
    /// The last message of the conversation.
    pub head: u64,
    /// The first message the member may read.
    pub joined: u64,
    /// Up to here the member cleared the history for themselves.
    pub deleted_to: u64,
    /// The first message that retention still keeps.
    pub retained_from: u64,
    /// Up to here the member has read.
    pub read_marker: u64,
    /// The member's own last message.
    pub my_last_sent: u64,
}

/// `floor = max(joined - 1, deleted_to, retained_from - 1)`: nothing at or below it is unread.
pub fn floor(m: &Markers) -> u64 {
    m.joined.saturating_sub(1).max(m.deleted_to).max(m.retained_from.saturating_sub(1))
}

/// `read = max(floor, read_marker, my_last_sent)`.
pub fn read(m: &Markers) -> u64 {
    floor(m).max(m.read_marker).max(m.my_last_sent)
}

/// `unread = max(0, head - read)`.
pub fn unread(m: &Markers) -> u64 {
    m.head.saturating_sub(read(m))
}
