//! Sends that refer to another event: edit, recall, reaction, forward.
//!
//! An edit or recall appends an event and, in the same transaction, replaces the stored body: whoever replays
//! the log never gets recalled words. Sequences, id, sender, time and payload hash of the older event stay.

use litrocket_core::{access, writer::Position};
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::member_state,
    event::{Event, File, Forward, Forwarded, Reaction, Text, kind},
    fault::code,
    frame, limits,
};

use super::store;
use crate::{
    error::{Error, Result},
    features::{conversations, files, groups},
    writer::{Hooks, NewEvent, SendCommand, Tx, TxFuture},
};

/// What the writer leaves to the chat feature.
#[derive(Debug)]
pub struct ChatHooks {
    /// What the files of one account may take, in bytes.
    pub files_quota: u64,
}

impl Hooks for ChatHooks {
    fn change<'t>(&'t self, tx: &'t mut Tx, command: &'t SendCommand) -> TxFuture<'t, Position> {
        Box::pin(async move {
            match command.send.kind {
                kind::EDIT => edit(tx, command).await,
                kind::RECALL => recall(tx, command).await,
                kind::REACTION => reaction(tx, command).await,
                kind::FORWARD => forward(tx, command, self.files_quota).await,
                kind::FILE => {
                    let event = new_event(command, command.send.body.clone());
                    files::send(tx, command.sender, event, self.files_quota).await
                }
                _ => Err(code::BAD_KIND.into()),
            }
        })
    }

    fn first_event<'t>(&'t self, tx: &'t mut Tx, conversation: ConversationId) -> TxFuture<'t, ()> {
        Box::pin(conversations::show_to_peer(tx, conversation))
    }

    fn answered<'t>(&'t self, tx: &'t mut Tx, conversation: ConversationId) -> TxFuture<'t, ()> {
        Box::pin(conversations::let_in(tx, conversation))
    }
}

fn new_event(command: &SendCommand, body: Vec<u8>) -> NewEvent {
    NewEvent {
        conversation: command.send.conversation,
        sender: command.sender,
        kind: command.send.kind,
        target: command.send.target_seq,
        id: Some((command.send.id, command.hash)),
        body,
        fallback: command.send.fallback.clone(),
        origin: command.origin,
    }
}

/// The message a send refers to. The writer has checked that the sender may read it.
async fn target(tx: &mut Tx, command: &SendCommand) -> Result<Event> {
    let seq = command.send.target_seq.unwrap_or(0);
    let event = store::event(tx, command.send.conversation, seq).await?;
    let event = event.filter(|event| event.message_seq.is_some() && event.recalled_by.is_none());
    event.ok_or_else(|| Fault::new(code::BAD_TARGET).field("r").into())
}

async fn own_target(tx: &mut Tx, command: &SendCommand) -> Result<Event> {
    let event = target(tx, command).await?;
    if event.sender == command.sender { Ok(event) } else { Err(code::NOT_YOURS.into()) }
}

async fn edit(tx: &mut Tx, command: &SendCommand) -> Result<Position> {
    let mut original = own_target(tx, command).await?;
    if original.kind != kind::TEXT {
        return Err(Fault::new(code::BAD_TARGET).field("r").message("Only text can be edited.").into());
    }
    let earlier = store::newest_edit(tx, original.conversation, original.event_seq).await?;
    let position = tx.append(new_event(command, command.send.body.clone())).await?;
    if let Some(mut edit) = earlier {
        supersede(&mut edit, position.event_seq);
        tx.replace(&edit, true).await?;
    }
    supersede(&mut original, position.event_seq);
    tx.replace(&original, false).await?;
    let message_seq = original.message_seq.unwrap_or(0);
    store::set_mentions(tx, original.conversation, message_seq, &command.mentions).await?;
    Ok(position)
}

/// The body moved to the event `by`.
fn supersede(event: &mut Event, by: u64) {
    event.body.clear();
    event.fallback = None;
    event.edited_by = Some(by);
}

async fn recall(tx: &mut Tx, command: &SendCommand) -> Result<Position> {
    let original = target(tx, command).await?;
    if original.sender != command.sender {
        let (conversation, seq) = (original.conversation, original.event_seq);
        groups::may_remove_message(tx, conversation, command.sender, original.sender, seq).await?;
    }
    take_back(tx, original, new_event(command, command.send.body.clone())).await
}

/// Appends a recall, and empties the message with the edit that holds its words.
pub(super) async fn take_back(tx: &mut Tx, original: Event, recall: NewEvent) -> Result<Position> {
    let position = tx.append(recall).await?;
    let edit = store::newest_edit(tx, original.conversation, original.event_seq).await?;
    let message_seq = original.message_seq.unwrap_or(0);
    let (conversation, event_seq) = (original.conversation, original.event_seq);
    if matches!(original.kind, kind::FILE | kind::FORWARD) {
        files::release(tx, conversation, event_seq).await?;
    }
    for mut event in edit.into_iter().chain([original]) {
        event.body.clear();
        event.fallback = None;
        event.edited_by = None;
        event.recalled_by = Some(position.event_seq);
        tx.replace(&event, true).await?;
    }
    store::set_mentions(tx, conversation, message_seq, &[]).await?;
    store::clear_reactions(tx, conversation, event_seq).await?;
    groups::unpin(tx, conversation, event_seq).await?;
    Ok(position)
}

async fn reaction(tx: &mut Tx, command: &SendCommand) -> Result<Position> {
    let original = target(tx, command).await?;
    let reaction: Reaction = decode(&command.send.body)?;
    let (conversation, seq) = (original.conversation, original.event_seq);
    // What is on already is no event for everybody to read. A retry is found by its id before it comes here.
    if !store::react(tx, conversation, seq, command.sender, &reaction.emoji, reaction.add).await? {
        return Err(Fault::new(code::BAD_VALUE).field("emoji").message("That is how it is already.").into());
    }
    let max = limits::REACTIONS_PER_MEMBER_MAX as u64;
    if reaction.add && store::reactions_of(tx, conversation, seq, command.sender).await? > max {
        return Err(Fault::new(code::TOO_MANY).field("emoji").limit(max).into());
    }
    tx.append(new_event(command, command.send.body.clone())).await
}

async fn forward(tx: &mut Tx, command: &SendCommand, quota: u64) -> Result<Position> {
    let wanted: Forward = decode(&command.send.body)?;
    let source = readable(tx, wanted.conversation, wanted.event_seq, command.sender).await?;
    let mut forwarded = forwarded(tx, source, command.sender).await?;
    if let Some(file) = forwarded.file.take() {
        groups::rules::may_send_files(tx, command.send.conversation, command.sender).await?;
        forwarded.file = Some(files::send_on(tx, command.sender, file, quota).await?);
    }
    let mut event = new_event(command, frame::encode_body(&forwarded));
    let Some(file) = forwarded.file else { return tx.append(event).await };
    if event.fallback.is_none() {
        event.fallback = Some(format!("{} ({} bytes)", file.name, file.size));
    }
    let conversation = event.conversation;
    let position = tx.append(event).await?;
    files::carry(tx, file.file, conversation, position.event_seq).await?;
    Ok(position)
}

/// A message the account may read; for everything else the answer is as if it did not exist.
async fn readable(tx: &mut Tx, conversation: ConversationId, seq: u64, account: AccountId) -> Result<Event> {
    let missing = || Error::from(Fault::new(code::BAD_TARGET).field("b"));
    let membership = tx.membership(conversation, account).await?.ok_or_else(missing)?;
    let shown = membership.state != member_state::INVITED && access::may_read(&membership.ranges, seq);
    let cleared = conversations::is_cleared(tx, conversation, account, seq).await?;
    if !shown || cleared {
        return Err(missing());
    }
    let event = store::event(tx, conversation, seq).await?.ok_or_else(missing)?;
    if event.recalled_by.is_some() { Err(missing()) } else { Ok(event) }
}

async fn forwarded(tx: &mut Tx, source: Event, account: AccountId) -> Result<Forwarded> {
    let (sender, at_ms, event_kind) = (source.sender, source.at_ms, source.kind);
    let body = match source.edited_by {
        None => source.body,
        // The words as they are now; who may not read them has only words that are there no longer.
        Some(seq) => readable(tx, source.conversation, seq, account).await?.body,
    };
    match event_kind {
        kind::TEXT => {
            let text: Text = decode(&body)?;
            Ok(Forwarded { text: text.text, format: text.format, from: sender, at_ms, file: None })
        }
        kind::FORWARD => decode(&body),
        kind::FILE => {
            let mut file: File = decode(&body)?;
            let text = std::mem::take(&mut file.text);
            Ok(Forwarded { text, format: None, from: sender, at_ms, file: Some(file) })
        }
        _ => Err(Fault::new(code::BAD_TARGET)
            .field("b")
            .message("Only text and files can be forwarded.")
            .into()),
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T> {
    frame::decode(body)
        .map_err(|error| Fault::new(code::BAD_VALUE).field("b").message(error.to_string()).into())
}
