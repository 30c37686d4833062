//! Searches and pages of history in a large store.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use litrocket_protocol::{
    ConversationId,
    history::{GetHistory, Search},
};

use super::{Measured, Target, Window, token};
use crate::{
    COMMON_WORD, Error, RARE_WORD, Result, Scenario, Seed, SeedAccount, SeedConversation,
    peer::{PATIENCE, call},
};

/// Who asks.
const ASKER: u64 = 1;
/// The other member of every conversation.
const OTHER: u64 = 2;
/// Conversations of the store; the asker is in the first `scopes` of them.
const CONVERSATIONS: u64 = 1_000;
/// Indexing a million messages takes minutes.
const INDEX_TIME: Duration = Duration::from_secs(1_200);

pub(super) fn seed(scenario: &Scenario) -> Seed {
    let accounts: Vec<SeedAccount> =
        [ASKER, OTHER, 3, 4].into_iter().map(|id| SeedAccount { id, token: token(id) }).collect();
    let conversations = (1..=CONVERSATIONS)
        .map(|id| SeedConversation {
            id,
            // Three members make groups: a one-to-one of the same two people is there only once.
            members: if id <= scenario.scopes { vec![ASKER, OTHER, 3] } else { vec![OTHER, 3, 4] },
            messages: scenario.stored / CONVERSATIONS,
        })
        .collect();
    Seed { accounts, conversations, ..Seed::default() }
}

pub(super) async fn ask<F: Future<Output = Result<()>>>(
    target: &mut Target<'_>,
    each: impl Fn(u64) -> F,
) -> Result<Measured> {
    let mut measured = Measured::default();
    let window = Window::open(target.process)?;
    for number in 0..target.scenario.messages {
        let started = Instant::now();
        each(number).await?;
        measured.latencies.add(started.elapsed());
    }
    window.close(target.process, target.scenario.messages, &mut measured)?;
    Ok(measured)
}

pub(super) async fn history(target: &mut Target<'_>) -> Result<Measured> {
    let connection = target.peers.sign_in(0, token(ASKER)).await?;
    let (scopes, each) = (target.scenario.scopes, target.scenario.stored / CONVERSATIONS);
    ask(target, |number| {
        let conversation = ConversationId(number % scopes + 1);
        let before = (number * 7919) % each.max(1) + 51;
        let connection = connection.clone();
        async move {
            let page = GetHistory { conversation, before: Some(before), after: None, limit: Some(50) };
            let page = call(&connection, &page).await?;
            if page.messages.is_empty() { Err(Error("a page of history is empty".into())) } else { Ok(()) }
        }
    })
    .await
}

pub(super) async fn search(target: &mut Target<'_>) -> Result<Measured> {
    let connection = target.peers.sign_in(0, token(ASKER)).await?;
    let one = (target.scenario.scopes == 1).then_some(ConversationId(1));
    let query =
        move |text: &str| Search { text: text.into(), conversation: one, before: None, limit: Some(20) };
    let deadline = tokio::time::Instant::now() + INDEX_TIME;
    while !call(&connection, &query(RARE_WORD)).await?.complete {
        if tokio::time::Instant::now() > deadline {
            return Err(Error("the index did not catch up".into()));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // The last rows are scanned: let the index have them too.
    tokio::time::sleep(PATIENCE / 20).await;
    ask(target, |number| {
        let words = [COMMON_WORD, RARE_WORD, "发射", "launch 发射"];
        let search = query(words[number as usize % words.len()]);
        let connection = connection.clone();
        async move {
            let found = call(&connection, &search).await?;
            if found.messages.is_empty() {
                Err(Error(format!("nothing found for {}", search.text)))
            } else {
                Ok(())
            }
        }
    })
    .await
}
