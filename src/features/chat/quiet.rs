//! Which delivered markers of an account others are told: those that rise, of members who are in and not quiet.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, ConversationId, conversations::member_state};

use super::store;
use crate::{app::App, error::Result, features::conversations};

/// What one device knows of it, each asked for once.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// Whether the account's markers may be told there at all.
    tells: HashMap<ConversationId, bool>,
    /// What was told last, by whichever device of the account.
    told: HashMap<ConversationId, u64>,
}

impl Quiet {
    /// How the account stands in a conversation may have changed.
    pub(super) fn forget(&mut self, conversation: ConversationId) {
        self.tells.remove(&conversation);
    }

    /// Those of the markers that others are told. Without the database none are.
    pub(super) async fn rising(
        &mut self,
        app: &App,
        account: AccountId,
        markers: &HashMap<ConversationId, u64>,
    ) -> Vec<(ConversationId, u64)> {
        let small: Vec<_> =
            markers.iter().filter(|(conversation, _)| app.hub.tells_markers(**conversation)).collect();
        if self.look_up(app, account, small.iter().map(|(conversation, _)| **conversation)).await.is_err() {
            return Vec::new();
        }
        let mut rising = Vec::new();
        for (conversation, event_seq) in small {
            let told = self.told.entry(*conversation).or_default();
            *told = (*told).max(app.writer.lazy().last_delivered(*conversation, account));
            if *event_seq > *told {
                *told = *event_seq;
                if self.tells.get(conversation) == Some(&true) {
                    rising.push((*conversation, *event_seq));
                }
            }
        }
        rising
    }

    async fn look_up(
        &mut self,
        app: &App,
        account: AccountId,
        conversations: impl Iterator<Item = ConversationId> + Clone,
    ) -> Result<()> {
        let unknown: Vec<_> = conversations.clone().filter(|id| !self.tells.contains_key(id)).collect();
        if !unknown.is_empty() {
            let found = conversations::readable_all(&app.db, account, &unknown).await?;
            self.tells.extend(unknown.into_iter().map(|id| {
                let tells = found
                    .get(&id)
                    .is_some_and(|place| place.state == member_state::JOINED && !place.is_quiet);
                (id, tells)
            }));
        }
        let untold: Vec<_> = conversations.filter(|id| !self.told.contains_key(id)).collect();
        if !untold.is_empty() {
            self.told.extend(store::delivered(&app.db, account, &untold).await?);
        }
        Ok(())
    }
}
