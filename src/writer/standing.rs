//! What the writer looks up before it decides: where a log ends, how a member stands in a conversation, what its group lets
//! members send. A run of sends and a job read it in the same words.

use litrocket_protocol::{Code, fault::code};

pub(super) const SELECT_HEAD: &str = "SELECT event_seq, message_seq, at_ms FROM events
    WHERE conversation = $1 ORDER BY event_seq DESC LIMIT 1";
/// Who has not been shown a conversation is `litrocket_core::writer::NOT_SHOWN` there.
pub(super) const SELECT_STATE: &str = "SELECT CASE WHEN shown = 0 AND state = 2 THEN 0 ELSE state END,
        refused, role, muted_ms, slow_at_ms, asked FROM members
    WHERE conversation = $1 AND account = $2";
/// What a group lets its members send; no row outside groups, defaults where the group has set nothing.
pub(super) const SELECT_RULES: &str = "SELECT COALESCE(g.may_write, 3), COALESCE(g.may_upload, 3),
        COALESCE(g.may_everybody, 3), COALESCE(g.slow_ms, 0)
    FROM conversations c LEFT JOIN groups g ON g.conversation = c.id WHERE c.id = $1 AND c.kind = 2";
pub(super) const SET_SLOW_AT: &str =
    "UPDATE members SET slow_at_ms = $3 WHERE conversation = $1 AND account = $2";
pub(super) const SELECT_RANGES: &str = "SELECT from_seq, to_seq FROM access
    WHERE conversation = $1 AND account = $2 ORDER BY from_seq";

/// Why a member may not write, as its row says it.
pub(super) fn refusal(number: i64) -> Option<Code> {
    match number {
        0 => None,
        2 => Some(code::YOU_BLOCKED),
        _ => Some(code::NOT_ACCEPTING),
    }
}

/// Whether the member waits for an answer, as the row says it.
pub(super) fn asks(number: i64) -> bool {
    number == 2
}

/// Whether somebody waits for the member's answer, or was turned away, as the member's row says it.
pub(super) fn is_asked(number: i64) -> bool {
    matches!(number, 1 | 3)
}
