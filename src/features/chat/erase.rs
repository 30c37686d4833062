//! What an account said, taken back when the account goes: each message as its sender would recall it, each reaction
//! as its sender would take it off. So readers, devices, search and whoever replays the log need nothing new.

use litrocket_protocol::{
    AccountId, ConversationId,
    event::{Event, Reaction, Recall, kind},
    frame,
};

use super::{changes, store};
use crate::{
    app::App,
    error::Result,
    writer::{NewEvent, Tx},
};

/// Conversations looked up at once.
const PAGE: u64 = 100;
/// Events of a log that one look passes.
const LOOK: u64 = 5_000;
/// Messages or reactions that one job takes back: others' sends wait no longer than for a batch.
const STEP: u64 = 50;

/// Takes back what the account said to itself, and with `all` everything it said.
pub(crate) async fn erase(app: &App, account: AccountId, all: bool) -> Result<()> {
    let mut after = ConversationId(0);
    loop {
        let page = store::memberships(&app.db, account, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (conversation, is_saved) in page {
            if all || is_saved {
                messages(app, conversation, account).await?;
                reactions(app, conversation, account).await?;
                remarks(app, conversation, account).await?;
            }
        }
    }
}

async fn messages(app: &App, conversation: ConversationId, account: AccountId) -> Result<()> {
    let head = store::head(&app.db, conversation).await?;
    let mut from = 1;
    while from <= head {
        let to = from + LOOK - 1;
        let own = store::written(&app.db, conversation, account, (from, to), STEP).await?;
        from = if own.len() as u64 >= STEP { own.last().map_or(to, |(seq, _)| *seq) + 1 } else { to + 1 };
        let seqs = own.into_iter().map(|(seq, _)| seq).collect();
        app.writer.run(move |tx| Box::pin(recall(tx, conversation, account, seqs))).await?;
    }
    Ok(())
}

async fn recall(tx: &mut Tx, conversation: ConversationId, account: AccountId, seqs: Vec<u64>) -> Result<()> {
    for original in store::events(tx, conversation, &seqs).await? {
        // An edit goes with its message.
        if original.recalled_by.is_some() || original.message_seq.is_none() {
            continue;
        }
        let event = NewEvent {
            conversation,
            sender: account,
            kind: kind::RECALL,
            target: Some(original.event_seq),
            body: frame::encode_body(&Recall::default()),
            ..NewEvent::default()
        };
        changes::take_back(tx, original, event).await?;
    }
    Ok(())
}

async fn reactions(app: &App, conversation: ConversationId, account: AccountId) -> Result<()> {
    loop {
        let some = store::some_reactions(&app.db, conversation, account, STEP).await?;
        if some.is_empty() {
            return Ok(());
        }
        app.writer.run(move |tx| Box::pin(take_off(tx, conversation, account, some))).await?;
    }
}

/// A recall and a reaction say nothing in words; what a client put beside that goes.
async fn remarks(app: &App, conversation: ConversationId, account: AccountId) -> Result<()> {
    let head = store::head(&app.db, conversation).await?;
    let mut from = 1;
    while from <= head {
        let to = from + LOOK - 1;
        let work = async move |tx: &mut Tx| {
            let found = store::remarks(tx, conversation, account, (from, to), STEP).await?;
            let next = match found.last() {
                Some(last) if found.len() as u64 >= STEP => last.event_seq + 1,
                _ => to + 1,
            };
            for event in found {
                bare(tx, event).await?;
            }
            Ok(next)
        };
        from = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    }
    Ok(())
}

/// Leaves of an event what its kind says, and nothing else that its sender wrote there.
async fn bare(tx: &mut Tx, event: Event) -> Result<()> {
    let body = match event.kind {
        kind::REACTION => {
            frame::decode::<Reaction>(&event.body).map(|reaction| frame::encode_body(&reaction))
        }
        _ => Ok(frame::encode_body(&Recall::default())),
    };
    let body = body.unwrap_or_default();
    if event.body == body && event.fallback.is_none() {
        return Ok(());
    }
    tx.replace(&Event { body, fallback: None, ..event }, false).await
}

async fn take_off(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    reactions: Vec<(u64, String)>,
) -> Result<()> {
    for (target, emoji) in store::take_reactions(tx, conversation, account, &reactions).await? {
        let event = NewEvent {
            conversation,
            sender: account,
            kind: kind::REACTION,
            target: Some(target),
            body: frame::encode_body(&Reaction { emoji, add: false }),
            ..NewEvent::default()
        };
        tx.append(event).await?;
    }
    Ok(())
}
