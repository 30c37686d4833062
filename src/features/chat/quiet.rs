//! Where an account's delivered markers are kept from the other person of a one-to-one.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, ConversationId};

use crate::{app::App, features::conversations};

/// What one device knows of it. Groups are never quiet, so only conversations of two are asked for, once each.
#[derive(Debug, Default)]
pub(super) struct Quiet(HashMap<ConversationId, bool>);

impl Quiet {
    /// How the account stands in a conversation may have changed.
    pub(super) fn forget(&mut self, conversation: ConversationId) {
        self.0.remove(&conversation);
    }

    /// Those of the markers that others are told. Without the database none of two people are.
    pub(super) async fn told(
        &mut self,
        app: &App,
        account: AccountId,
        mut markers: Vec<(ConversationId, u64)>,
    ) -> Vec<(ConversationId, u64)> {
        let is_of_two = |id: ConversationId| app.hub.members(id).is_some_and(|members| members.len() == 2);
        let unknown: Vec<ConversationId> = markers
            .iter()
            .map(|(conversation, _)| *conversation)
            .filter(|conversation| !self.0.contains_key(conversation) && is_of_two(*conversation))
            .collect();
        let found = if unknown.is_empty() {
            HashMap::new()
        } else {
            conversations::readable_all(&app.db, account, &unknown).await.unwrap_or_default()
        };
        for conversation in &unknown {
            if let Some(place) = found.get(conversation) {
                self.0.insert(*conversation, place.is_quiet);
            }
        }
        markers.retain(|(conversation, _)| match self.0.get(conversation) {
            Some(is_quiet) => !is_quiet,
            None => !unknown.contains(conversation),
        });
        markers
    }
}
