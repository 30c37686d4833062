//! Messages that carry files: sending one, and what a recall does to the file.

use litrocket_core::writer::Position;
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    event::{Event, File, Forwarded, SendFile, Voice, kind},
    fault::code,
    frame, limits,
};

use crate::{
    error::{Error, Result},
    features::files::{pictures::picture_store, shown_type, store},
    writer::{NewEvent, Tx},
};

/// Appends a message that carries a file the sender may read, with what the server knows of the file. What somebody
/// else brought becomes the sender's own, within the quota of this many bytes.
pub(crate) async fn send(
    tx: &mut Tx,
    sender: AccountId,
    mut event: NewEvent,
    quota: u64,
) -> Result<Position> {
    let wanted: SendFile = frame::decode(&event.body)
        .map_err(|error| Error::from(Fault::new(code::BAD_VALUE).field("b").message(error.to_string())))?;
    if wanted.text.len() > limits::CAPTION_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .within_bytes(0, limits::CAPTION_BYTES_MAX as u64)
            .into());
    }
    if wanted.alt.len() > limits::ALT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("alt")
            .within_bytes(0, limits::ALT_BYTES_MAX as u64)
            .into());
    }
    wanted.voice.as_ref().map_or(Ok(()), |said| check_wave(&said.wave))?;
    let file = store::readable_in(tx, sender, wanted.file).await?.ok_or_else(|| Error::missing("file"))?;
    let file = store::adopt(tx, sender, file, quota).await?;
    let content = file.content.ok_or_else(|| Error::from(code::FILE_GONE))?;
    let picture = picture_store::known_in(tx, content).await?.map(|(picture, _)| picture);
    let voice = match wanted.voice {
        Some(said) => Some(voice_of(tx, content, said.wave).await?),
        None => None,
    };
    if event.fallback.is_none() {
        event.fallback = Some(format!("{} ({} bytes)", file.name, file.size));
    }
    event.body = frame::encode_body(&File {
        file: file.id,
        name: file.name,
        size: file.size,
        media_type: shown_type(file.media_type),
        blake3: file.blake3,
        text: wanted.text,
        alt: wanted.alt,
        picture,
        voice,
    });
    let conversation = event.conversation;
    let position = tx.append(event).await?;
    store::carry(tx, file.id, conversation, position.event_seq).await?;
    Ok(position)
}

/// The file of a message that is sent on: the sender's own from now on, within the quota of this many bytes, if the
/// sender may read it and it is still kept.
pub(crate) async fn send_on(tx: &mut Tx, sender: AccountId, shown: File, quota: u64) -> Result<File> {
    let file = store::readable_in(tx, sender, shown.file).await?.ok_or_else(|| Error::missing("file"))?;
    let file = store::adopt(tx, sender, file, quota).await?;
    let content = file.content.ok_or_else(|| Error::from(code::FILE_GONE))?;
    let picture = picture_store::known_in(tx, content).await?.map(|(picture, _)| picture);
    let media_type = shown_type(file.media_type);
    Ok(File { file: file.id, media_type, picture, text: String::new(), ..shown })
}

/// The file that a message carries, if it does.
pub(crate) fn carried(event: &Event) -> Option<u64> {
    match event.kind {
        kind::FILE => frame::decode::<File>(&event.body).ok().map(|body| body.file),
        kind::FORWARD => frame::decode::<Forwarded>(&event.body).ok()?.file.map(|file| file.file),
        _ => None,
    }
}

fn check_wave(wave: &[u8]) -> Result<()> {
    if wave.len() > limits::VOICE_WAVE_MAX {
        return Err(Fault::new(code::TOO_LONG).field("wave").within(0, limits::VOICE_WAVE_MAX as u64).into());
    }
    if wave.iter().any(|value| *value > 31) {
        return Err(Fault::new(code::BAD_VALUE).field("wave").limit(31).into());
    }
    Ok(())
}

/// A recording for a voice message: how long it is the server knows, how loud the sender says.
async fn voice_of(tx: &mut Tx, content: u64, wave: Vec<u8>) -> Result<Voice> {
    let duration_ms = picture_store::recording_ms(tx, content).await?;
    let duration_ms = duration_ms.ok_or_else(|| Error::from(code::BAD_VOICE))?;
    Ok(Voice { duration_ms, wave })
}

/// Files become the pictures of a moment, if its author may read them and they can be shown: the numbers of the author's
/// own files with these contents, within the quota of this many bytes.
pub(crate) async fn use_pictures(
    tx: &mut Tx,
    author: AccountId,
    files: &[u64],
    quota: u64,
) -> Result<Vec<u64>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    picture_store::use_pictures(tx, author, files, quota).await
}

/// Moments do not have these pictures any more.
pub(crate) async fn unused(tx: &mut Tx, files: &[u64]) -> Result<()> {
    if files.is_empty() { Ok(()) } else { store::unused(tx, files).await.map(drop) }
}

/// The message was recalled: it carries its file no more.
pub(crate) async fn release(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<()> {
    store::release(tx, conversation, event_seq).await.map(drop)
}
