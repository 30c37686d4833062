//! Coming into a group, announcing something there, and going, in groups of different sizes.

use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{InviteMembers, RemoveMember},
    groups::Announce,
};

use super::{Measured, Target, asking::ask, token};
use crate::{Result, Scenario, Seed, SeedAccount, SeedConversation, peer::call};

/// Owns the group.
const OWNER: u64 = 1;
const GROUP: u64 = 1;

/// One group of everybody but one, who comes and goes.
pub(super) fn seed(scenario: &Scenario) -> Seed {
    let group = SeedConversation {
        id: GROUP,
        members: (OWNER..=scenario.members).collect(),
        messages: scenario.stored,
    };
    Seed {
        accounts: (1..=scenario.members + 1).map(|id| SeedAccount { id, token: token(id) }).collect(),
        conversations: vec![group],
        ..Seed::default()
    }
}

pub(super) async fn change(target: &mut Target<'_>) -> Result<Measured> {
    let connection = target.peers.sign_in(0, token(OWNER)).await?;
    let conversation = ConversationId(GROUP);
    let guest = AccountId(target.scenario.members + 1);
    ask(target, |number| {
        let connection = connection.clone();
        async move {
            match number % 3 {
                0 => {
                    call(&connection, &InviteMembers { conversation, accounts: vec![guest] }).await?;
                }
                1 => {
                    let text = format!("announcement {number}");
                    call(&connection, &Announce { conversation, text }).await?;
                }
                _ => {
                    call(&connection, &RemoveMember { conversation, account: guest }).await?;
                }
            }
            Ok(())
        }
    })
    .await
}
