//! What could not be read lately: it waits, and everything else goes on.

use std::{collections::HashSet, time::Duration};

use litrocket_protocol::ConversationId;
use tokio::time::Instant;

/// How long it waits before it is tried again.
const TIME: Duration = Duration::from_millis(500);

/// The account log and the conversations of a device that wait.
#[derive(Debug, Default)]
pub(super) struct Resting {
    /// When all of them are tried again.
    until: Option<Instant>,
    account: bool,
    conversations: HashSet<ConversationId>,
}

impl Resting {
    pub(super) fn put_account(&mut self) {
        self.begins();
        self.account = true;
    }

    pub(super) fn put(&mut self, conversation: ConversationId) {
        self.begins();
        self.conversations.insert(conversation);
    }

    fn begins(&mut self) {
        self.until.get_or_insert_with(|| Instant::now() + TIME);
    }

    pub(super) fn has_account(&self) -> bool {
        self.account
    }

    pub(super) fn has(&self, conversation: ConversationId) -> bool {
        self.conversations.contains(&conversation)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.until.is_none()
    }

    /// The conversations that are tried again, once the time is over; the account log then is as well.
    pub(super) fn wakes(&mut self) -> HashSet<ConversationId> {
        if self.until.is_none_or(|until| Instant::now() < until) {
            return HashSet::new();
        }
        self.until = None;
        self.account = false;
        std::mem::take(&mut self.conversations)
    }

    /// Waits until the time is over; for ever where nothing waits.
    pub(super) async fn over(&self) {
        match self.until {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}
