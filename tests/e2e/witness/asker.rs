//! Somebody who asks what is unread, and notes the answers.

use std::{collections::HashMap, sync::Arc, time::Duration};

use litrocket_client::Client;
use litrocket_history::Entry;
use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{ConversationInfo, GetConversation, MarkRead},
    unread::{self, Markers},
};
use tokio::time::timeout;

use super::{LONG, Witness, lock};

/// How long an answer may take before it is asked for again.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(40);

pub(super) struct Asker {
    witness: Arc<Witness>,
    client: Client,
    account: AccountId,
    /// The account's last message, as far as the answers tell.
    last_sent: HashMap<ConversationId, u64>,
}

impl Asker {
    pub(super) fn new(witness: &Arc<Witness>, client: Client, account: AccountId) -> Self {
        Self { witness: witness.clone(), client, account, last_sent: HashMap::new() }
    }

    /// Asks as long as people talk; reads what was said every third time.
    pub(super) async fn run(mut self, conversations: Vec<ConversationId>) -> Self {
        let mut times = 0_u64;
        while self.witness.talks() {
            for conversation in conversations.iter().copied() {
                let event_seq = self.witness.head(conversation);
                if times % 3 == 2 && event_seq > 0 {
                    // Refused while out of the group, and lost with the server.
                    let _ = timeout(ANSWER, self.client.call(MarkRead { conversation, event_seq })).await;
                }
                let sent = self.sent(conversation);
                let asked = timeout(ANSWER, self.client.call(GetConversation { conversation })).await;
                if let Ok(Ok(info)) = asked {
                    self.notes(&info, sent, false);
                }
            }
            times += 1;
            tokio::time::sleep(PAUSE).await;
        }
        self.last_sent.extend(conversations.into_iter().map(|id| (id, 0)));
        self
    }

    /// When all is said and heard, the last message of the account is known.
    pub(super) async fn asks_at_last(mut self) {
        for conversation in self.last_sent.keys().copied().collect::<Vec<_>>() {
            let sent = self.sent(conversation);
            let asked = timeout(LONG, self.client.call(GetConversation { conversation })).await;
            let info = asked.expect("there is an answer").unwrap();
            self.notes(&info, sent, true);
        }
    }

    /// The account's last message that was acked so far.
    fn sent(&self, conversation: ConversationId) -> u64 {
        lock(&self.witness.last_sent).get(&(self.account, conversation)).copied().unwrap_or(0)
    }

    /// Notes an answer. The account had `sent` this message when it was asked; other devices of it talk too, so a later
    /// one may be its last unless it `is_last`: then that is what the count depends on.
    fn notes(&mut self, info: &ConversationInfo, sent: u64, is_last: bool) {
        let (account, conversation) = (self.account, info.conversation);
        let before = self.last_sent.get(&conversation).copied().unwrap_or(0);
        let mut markers = Markers {
            head: info.head_message_seq,
            joined: info.mine.joined_message_seq,
            deleted_to: info.mine.deleted_to,
            retained_from: 0,
            read_marker: info.mine.read,
            my_last_sent: if is_last { sent } else { before.max(sent) },
        };
        assert!(markers.head >= sent, "{account} had sent message {sent} when it was asked: {info:?}");
        if !is_last && unread::unread(&markers) != info.unread {
            // Its last message may be newer than the head of the answer: which one that is the answer does not tell.
            if info.unread == 0 {
                return;
            }
            let derived = markers.head.saturating_sub(info.unread);
            assert!(
                derived >= sent,
                "{} are unread of {account}, who had sent message {sent}: {info:?}",
                info.unread
            );
            markers.my_last_sent = derived;
        }
        self.last_sent.insert(conversation, markers.my_last_sent);
        let Markers { head, joined, deleted_to, retained_from, read_marker, my_last_sent } = markers;
        let unread = info.unread;
        self.witness.note(|at_us| Entry::Unread {
            at_us,
            account,
            conversation,
            head,
            joined,
            deleted_to,
            retained_from,
            read_marker,
            my_last_sent,
            unread,
        });
    }
}
