//! Files: sending, fetching, what is under way.

mod command;
mod fetching;
mod own;
pub(super) mod place;
pub(super) mod refused;
pub(super) mod sending;
mod shelf;
mod shown;

use std::{path::PathBuf, process::ExitCode};

use indicatif::HumanBytes;
use litrocket_client::{Client, Digest, Error, Outgoing};
use litrocket_protocol::{
    ConversationId,
    chat::Ack,
    event::File,
    files::{FileInfo, GetFile, ListUploads},
    frame, hex,
    history::GetHistory,
};
use serde_json::{Value, json};
use tokio::time::timeout;

pub use command::FileCommand;
use place::{check_readable, name_of};
use refused::{NO_FILE, but_for_the_file, with_file};
use sending::Sending;
pub(super) use shown::Shown;

use super::{listen::stop_signal, pictures::Prepared};
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    output::escape_line,
    resolve,
    session::Context,
};

/// The exit status of a command that was interrupted.
const PAUSED: u8 = 130;

pub(super) async fn run(context: &Context, command: FileCommand) -> Result<ExitCode, Failure> {
    until_stopped(context, async |client| match command {
        FileCommand::Send { to, paths, text, alt, early, keep_location } => {
            let words = Words { text: &text, alt: &alt };
            send(context, client, &to, &paths, words, (early, keep_location)).await
        }
        FileCommand::Share { file, to, text, alt } => {
            let conversation = resolve::open(client, &to).await?;
            let info = client.call(GetFile { file, hashes: false }).await.of_file(file)?;
            let words = Words { text: &text, alt: &alt };
            share(context, client, (conversation, &to), &info, words).await
        }
        FileCommand::Get { file, output, force } => {
            fetching::get(context, client, file, (output.as_deref(), force)).await
        }
        FileCommand::Status => status(context, client).await,
        FileCommand::Put { group, paths, folder } => {
            shelf::put(context, client, &group, &paths, folder.as_deref()).await
        }
        FileCommand::Own { find } => own::list(context, client, find).await,
        FileCommand::Remove { file } => own::remove(context, client, file).await,
        FileCommand::Cancel { file } => own::cancel(context, client, file).await,
        other => shelf::run(context, client, other).await,
    })
    .await
}

/// Does something with files until it is done, or somebody stops it: the same command goes on then.
pub(super) async fn until_stopped(
    context: &Context,
    work: impl AsyncFnOnce(&Client) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let client = context.connect().await?;
    let code = tokio::select! {
        result = work(&client) => result.map(|()| ExitCode::SUCCESS)?,
        () = stop_signal() => {
            if context.output.json {
                context.output.data(|| json!({"type": "paused"}), String::new)?;
            }
            // Standard output may be where the file goes, and be full.
            context.output.nothing(context.output.words.paused());
            ExitCode::from(PAUSED)
        }
    };
    Ok(code)
}

/// A file as `--json` shows it.
pub(super) fn json_file(file: u64, name: &str, size: u64, media_type: &str, blake3: &[u8]) -> Value {
    json!({"id": file, "name": name, "size": size, "media_type": media_type, "blake3": hex::encode(blake3)})
}

/// What is said beside a file.
#[derive(Clone, Copy)]
struct Words<'a> {
    text: &'a str,
    /// What a picture shows.
    alt: &'a str,
}

impl Words<'_> {
    /// Other words make another message.
    fn key(self) -> String {
        if self.alt.is_empty() { self.text.to_owned() } else { format!("{}\n{}", self.text, self.alt) }
    }
}

async fn send(
    context: &Context,
    client: &Client,
    to: &str,
    paths: &[PathBuf],
    words: Words<'_>,
    (early, keep_location): (bool, bool),
) -> Result<(), Failure> {
    check_readable(paths)?;
    let conversation = resolve::open(client, to).await?;
    let mut sending = None;
    for (index, path) in paths.iter().enumerate() {
        let name = name_of(path)?;
        let prepared = Prepared::new(context, path, keep_location).await?;
        let digest = Digest::of_file(prepared.path()).await.at(path)?;
        let batch = match &mut sending {
            Some(batch) => batch,
            none => none.insert(Sending::open(context, conversation, &digest, paths, &words.key())?),
        };
        let place = Place { conversation, to, index, digest: &digest };
        if !batch.was_begun(index, &digest) {
            let asks = Outgoing::picture(NO_FILE, words.text, words.alt);
            but_for_the_file(deliver(context, client, conversation, asks).await)?;
        }
        let mut told = false;
        if early {
            let file = client.open_upload(&name, &digest).await?.file;
            let info = client.call(GetFile { file, hashes: false }).await?;
            message(context, client, (&place, &mut *batch), (&info, words), 0).await?;
            told = true;
        }
        let shown = Shown::new(context, &name, digest.size);
        let file = client.upload(prepared.path(), &name, &digest, shown.transfer(context, &name)).await;
        let resumed = shown.end();
        let info = client.call(GetFile { file: file?, hashes: false }).await?;
        if told {
            print_uploaded(context, &info, resumed)?;
        } else {
            message(context, client, (&place, &mut *batch), (&info, words), resumed).await?;
        }
        drop(prepared);
    }
    if let Some(sending) = sending {
        sending.done();
    }
    Ok(())
}

/// Sends a file on. What somebody else brought gets a number of the sender's own, which the message tells.
async fn share(
    context: &Context,
    client: &Client,
    (conversation, to): (ConversationId, &str),
    info: &FileInfo,
    words: Words<'_>,
) -> Result<(), Failure> {
    let message = Outgoing::picture(info.file, words.text, words.alt);
    let message = Outgoing { id: Some(client.new_id()?), ..message };
    let ack = deliver(context, client, conversation, message).await.of_file(info.file)?;
    let (before, limit) = (Some(ack.event_seq + 1), Some(1));
    let page = client.call(GetHistory { conversation, before, after: None, limit }).await?;
    let told = page.messages.last().filter(|message| message.event.event_seq == ack.event_seq);
    let own = told.and_then(|message| frame::decode::<File>(&message.event.body).ok());
    let info = FileInfo { file: own.map_or(info.file, |own| own.file), ..info.clone() };
    print_sent(context, to, &ack, &info, 0)
}

/// Where a file goes, and which of a command it is.
struct Place<'a> {
    conversation: ConversationId,
    to: &'a str,
    index: usize,
    digest: &'a Digest,
}

/// Sends the message that carries a file and prints its place.
async fn message(
    context: &Context,
    client: &Client,
    (place, batch): (&Place<'_>, &mut Sending),
    (info, words): (&FileInfo, Words<'_>),
    resumed: u64,
) -> Result<(), Failure> {
    let Place { conversation, index, digest, .. } = *place;
    let outgoing = Outgoing::picture(info.file, words.text, words.alt);
    let sent = send_once(context, client, conversation, (batch, index, digest), outgoing).await;
    let ack = with_file(client, info.file, sent).await?;
    print_sent(context, place.to, &ack, info, resumed)
}

/// Sends the message of a batch that carries the file at this place: once, however often the command runs.
pub(super) async fn send_once(
    context: &Context,
    client: &Client,
    conversation: ConversationId,
    (batch, index, digest): (&mut Sending, usize, &Digest),
    message: Outgoing,
) -> Result<Ack, Failure> {
    let id = batch.id(index, digest, client)?;
    let sent = deliver(context, client, conversation, Outgoing { id: Some(id), ..message.clone() }).await;
    match sent {
        // What an earlier run sent was removed since: this is another file, and another message.
        Err(Failure::Client(Error::Fault(fault))) if fault.code == "id_conflict" => {
            let id = batch.renew(index, digest, client)?;
            deliver(context, client, conversation, Outgoing { id: Some(id), ..message }).await
        }
        sent => sent,
    }
}

pub(super) async fn deliver(
    context: &Context,
    client: &Client,
    conversation: ConversationId,
    message: Outgoing,
) -> Result<Ack, Failure> {
    let pending = client.send(conversation, message).await?;
    Ok(timeout(context.common.patience(), pending).await.map_err(|_| Error::TimedOut)??)
}

fn print_sent(context: &Context, to: &str, ack: &Ack, info: &FileInfo, resumed: u64) -> Result<(), Failure> {
    let file = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
    context.output.data(
        || {
            json!({"type": "sent", "conversation": ack.conversation.0, "event_seq": ack.event_seq,
                "message_seq": ack.message_seq, "id": ack.id.to_string(), "at_ms": ack.at_ms,
                "file": file, "resumed": resumed})
        },
        || {
            let words = context.output.words;
            let size = HumanBytes(info.size);
            let what = format!("{} ({size}, {})", escape_line(&info.name), escape_line(&info.media_type));
            let said = words.sent_file(what, escape_line(to));
            format!("{said}  [{}] {}  {} {}", ack.conversation, ack.event_seq, words.file(), info.file)
        },
    )
}

pub(super) fn described(info: &FileInfo) -> String {
    format!(
        "{} {} ({}, {})",
        info.file,
        escape_line(&info.name),
        HumanBytes(info.size),
        escape_line(&info.media_type)
    )
}

/// Says that all bytes of a file are there whose message was sent before.
fn print_uploaded(context: &Context, info: &FileInfo, resumed: u64) -> Result<(), Failure> {
    let file = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
    context.output.data(
        || json!({"type": "uploaded", "file": file, "resumed": resumed}),
        || format!("{} {}", context.output.words.uploaded(), described(info)),
    )
}

async fn status(context: &Context, client: &Client) -> Result<(), Failure> {
    let words = context.output.words;
    let (mut after, mut any) = (None, false);
    loop {
        let page = client.call(ListUploads { after, limit: None }).await?;
        any |= !page.uploads.is_empty();
        for info in &page.uploads {
            let all = info.size.div_ceil(info.chunk_bytes.max(1));
            let there: u64 = info.have.iter().map(|(_, count)| count).sum();
            let done = (there * info.chunk_bytes).min(info.size);
            let file = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
            context.output.data(
                || json!({"type": "upload", "file": file, "done": done, "chunks": there, "all_chunks": all}),
                || format!("{} {} / {}", described(info), HumanBytes(done), HumanBytes(info.size)),
            )?;
        }
        after = page.uploads.last().map(|info| info.file);
        if !page.more || after.is_none() {
            let (used, quota) = (page.used_bytes, page.quota_bytes);
            if !any {
                context.output.nothing(words.no_uploads());
            }
            return context.output.data(
                || json!({"type": "storage", "used": used, "quota": quota}),
                || {
                    let storage = format!("{} / {}", HumanBytes(used), HumanBytes(quota));
                    words.labelled(words.storage_used(), storage)
                },
            );
        }
    }
}
