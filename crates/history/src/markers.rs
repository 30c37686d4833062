//! Unread counts: rule 8.

use litrocket_protocol::{
    AccountId,
    unread::{self, Markers},
};

use crate::{Broken, conversation::Conversation};

/// The highest messages, in the sequence of messages, that the devices of an account knew of.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// That came or were acked.
    heard: u64,
    /// Own ones that were acked.
    sent: u64,
}

/// What the server answered to one account about one conversation.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// When the last answer came.
    at_us: u64,
    markers: Markers,
    now: Known,
    /// What was known when the last answer came: whatever is asked later knows it too.
    then: Known,
    /// Each message that an answer named as the account's last, and when it did so first.
    named: Vec<(u64, u64)>,
}

impl Answers {
    /// A device of the account received this message.
    pub(crate) fn heard(&mut self, message_seq: u64) {
        self.now.heard = self.now.heard.max(message_seq);
    }

    /// A device of the account sent this message and heard that it is durable.
    pub(crate) fn sent(&mut self, message_seq: u64) {
        self.now.sent = self.now.sent.max(message_seq);
        self.heard(message_seq);
    }

    /// A new answer, which follows on the last one.
    pub(crate) fn follow(&mut self, at_us: u64, markers: Markers, found: u64) -> Result<(), Broken> {
        let wrong = |message: String| Err(Broken::new(8, at_us, message));
        let expected = unread::unread(&markers);
        if found != expected {
            return wrong(format!("{found} are unread, but {markers:?} give {expected}"));
        }
        let before = self.markers;
        let moves = [
            ("head", before.head, markers.head),
            ("cleared", before.deleted_to, markers.deleted_to),
            ("retained", before.retained_from, markers.retained_from),
            ("read", before.read_marker, markers.read_marker),
            ("last sent", before.my_last_sent, markers.my_last_sent),
        ];
        if let Some((name, before, now)) = moves.into_iter().find(|(_, before, now)| now < before) {
            return wrong(format!("the {name} marker goes back from {before} to {now}"));
        }
        if let Some((name, _, now)) = moves[3..].iter().find(|(.., now)| *now > markers.head) {
            return wrong(format!("the {name} marker {now} is above the head {}", markers.head));
        }
        let Known { heard, sent } = self.then;
        if markers.head < heard {
            let message =
                format!("the head is {}, but message {heard} had come before it was asked", markers.head);
            return wrong(message);
        }
        if markers.my_last_sent < sent {
            let last = markers.my_last_sent;
            return wrong(format!("the last sent marker is {last}, but the account had sent message {sent}"));
        }
        if markers.my_last_sent > before.my_last_sent {
            self.named.push((markers.my_last_sent, at_us));
        }
        (self.at_us, self.markers, self.then) = (at_us, markers, self.now);
        Ok(())
    }

    /// What the answers name is in the log.
    pub(crate) fn check(&self, account: AccountId, log: &Conversation) -> Result<(), Broken> {
        let head = self.markers.head;
        if head > log.messages() {
            let message = format!("the head is message {head}, but the log has {}", log.messages());
            return Err(Broken::new(8, self.at_us, message));
        }
        let is_others = |seq: u64| log.message(seq).is_none_or(|event| event.sender != account);
        if let Some((seq, at_us)) = self.named.iter().find(|(seq, _)| is_others(*seq)) {
            let message = format!("message {seq} was not sent by account {account}");
            return Err(Broken::new(8, *at_us, message));
        }
        Ok(())
    }
}
