//! Unread counts: rule 8.

use litrocket_protocol::{
    AccountId,
    unread::{self, Markers},
};

use crate::{Broken, conversation::Conversation};

/// What the server answered last.
#[derive(Debug)]
pub(crate) struct Answer {
    at_us: u64,
    markers: Markers,
}

impl Answer {
    /// A new answer, which follows on the last one.
    pub(crate) fn follow(
        last: Option<&Self>,
        at_us: u64,
        markers: Markers,
        found: u64,
    ) -> Result<Self, Broken> {
        let wrong = |message: String| Err(Broken::new(8, at_us, message));
        let expected = unread::unread(&markers);
        if found != expected {
            return wrong(format!("{found} are unread, but {markers:?} give {expected}"));
        }
        let before = last.map(|last| last.markers).unwrap_or_default();
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
        Ok(Self { at_us, markers })
    }

    /// What the last answer names is in the log.
    pub(crate) fn check(&self, account: AccountId, log: &Conversation) -> Result<(), Broken> {
        let Markers { head, my_last_sent, .. } = self.markers;
        if head > log.messages() {
            let message = format!("the head is message {head}, but the log has {}", log.messages());
            return Err(Broken::new(8, self.at_us, message));
        }
        if my_last_sent > 0 && log.message(my_last_sent).is_none_or(|event| event.sender != account) {
            let message = format!("message {my_last_sent} was not sent by account {account}");
            return Err(Broken::new(8, self.at_us, message));
        }
        Ok(())
    }
}
