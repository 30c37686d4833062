//! Messages that went out while their file was still coming in: when it is complete they say what it is. Who listens hears
//! an event, who reads later finds it in the message. Start with [`announce_known_files`].

use std::{sync::Arc, time::Duration};

use super::news_store;
use crate::{
    app::App,
    error::Result,
    features::{
        chat,
        files::{
            pictures::{picture_store, previews::AWAY_MS},
            shown_type,
        },
    },
    loops::{self, Next, Rhythm},
    writer::{NewEvent, Tx},
};
use litrocket_protocol::{
    ConversationId,
    event::{Event, File, FileKnown, Forwarded, kind},
    frame,
};

/// How often somebody looks for files that nobody was told of.
const INTERVAL: Duration = Duration::from_secs(30);
/// The pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Messages that one job goes through: the writer is not held up for long.
const STEP: u64 = 20;

/// Tells for as long as the server runs.
pub async fn announce_known_files(app: Arc<App>) {
    let late = "messages say what their files are a little later";
    let rhythm = Rhythm { wake: Some(&app.files.news), rest: INTERVAL, pause: PAUSE, late };
    loops::forever(rhythm, async || Ok(Next::after(announce_known_file_now(&app).await?))).await;
}

/// Goes through some messages of one file; whether there was one.
pub async fn announce_known_file_now(app: &App) -> Result<bool> {
    // What is looked at soon is waited for.
    let until = app.clock.now_ms() + AWAY_MS;
    let Some(file) = news_store::next(&app.db, until).await? else { return Ok(false) };
    app.writer.run(move |tx| Box::pin(tell_some(tx, file))).await?;
    Ok(true)
}

async fn tell_some(tx: &mut Tx, file: u64) -> Result<()> {
    let Some((media_type, content)) = news_store::facts(tx, file).await? else {
        return news_store::forget(tx, file).await;
    };
    let picture = picture_store::known_in(tx, content).await?.map(|(picture, _)| picture);
    let known = FileKnown { media_type: shown_type(media_type), picture };
    let early = news_store::take_early(tx, file, STEP).await?;
    let more = early.len() as u64 >= STEP;
    for (conversation, event_seq) in early {
        tell_one(tx, (conversation, event_seq), &known).await?;
    }
    if more { Ok(()) } else { news_store::forget(tx, file).await }
}

async fn tell_one(
    tx: &mut Tx,
    (conversation, event_seq): (ConversationId, u64),
    known: &FileKnown,
) -> Result<()> {
    let Some(mut event) = chat::event(tx, conversation, event_seq).await? else { return Ok(()) };
    if event.recalled_by.is_some() || !fill_in(&mut event, known) {
        return Ok(());
    }
    // Nothing comes into a group that is over.
    if news_store::has_members(tx, conversation).await? {
        let told = NewEvent {
            conversation,
            sender: event.sender,
            kind: kind::FILE_KNOWN,
            target: Some(event_seq),
            body: frame::encode_body(known),
            ..NewEvent::default()
        };
        tx.append(told).await?;
    }
    tx.replace(&event, false).await
}

/// Puts what is known into the body of a message; whether that changed it.
fn fill_in(event: &mut Event, known: &FileKnown) -> bool {
    let fill = |file: &mut File| {
        let new = (file.media_type != known.media_type) || (file.picture != known.picture);
        file.media_type.clone_from(&known.media_type);
        file.picture.clone_from(&known.picture);
        new
    };
    match event.kind {
        kind::FILE => frame::decode::<File>(&event.body).is_ok_and(|mut file| {
            let new = fill(&mut file);
            event.body = frame::encode_body(&file);
            new
        }),
        kind::FORWARD => frame::decode::<Forwarded>(&event.body).is_ok_and(|mut body| {
            let new = body.file.as_mut().is_some_and(fill);
            event.body = frame::encode_body(&body);
            new
        }),
        _ => false,
    }
}
