//! Posting a moment, with its pictures.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Read as _,
    path::PathBuf,
    process::ExitCode,
};

use litrocket_client::{Client, write_whole};
use litrocket_protocol::{MessageId, limits, moments::PostMoment};

use super::{
    super::{
        files::{
            refused::{NO_FILE, but_for_the_file},
            sending::recent,
            until_stopped,
        },
        pictures,
    },
    MomentAudience, of_people,
    print::print_moments,
    resolve_audience,
};
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    session::Context,
};

pub(super) async fn run(
    context: &Context,
    text: String,
    pictures: Pictures<'_>,
    audience: &MomentAudience,
) -> Result<ExitCode, Failure> {
    // Before anybody waits for a stop: who reads from a terminal hears of none.
    let text = text_of(text)?;
    if text.is_empty() && pictures.images.is_empty() {
        return Err(Failure::usage(|words| words.post_what().into()));
    }
    until_stopped(context, async |client| post(context, client, text, pictures, audience).await).await
}

/// The text, or standard input up to a little more than a moment may have.
fn text_of(text: String) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text);
    }
    let mut read = String::new();
    std::io::stdin().lock().take(limits::MOMENT_BYTES_MAX as u64 + 2).read_to_string(&mut read)?;
    Ok(read.trim_end().to_owned())
}

/// The pictures of a moment as they are named.
pub(super) struct Pictures<'a> {
    pub(super) images: &'a [PathBuf],
    pub(super) alts: Vec<String>,
    pub(super) keep_location: bool,
}

async fn post(
    context: &Context,
    client: &Client,
    text: String,
    pictures: Pictures<'_>,
    audience: &MomentAudience,
) -> Result<(), Failure> {
    let (visibility, people) = resolve_audience(client, audience).await?;
    let Pictures { images, mut alts, keep_location } = pictures;
    if alts.len() > images.len() {
        return Err(Failure::usage(|words| words.more_alts().into()));
    }
    if !alts.is_empty() {
        alts.resize(images.len(), String::new());
    }
    if !images.is_empty() {
        let (id, pictures) = (client.new_id()?, vec![NO_FILE; images.len()]);
        let (text, alts, people) = (text.clone(), alts.clone(), people.clone());
        let asks = PostMoment { id, text, pictures, alts, visibility, people };
        but_for_the_file(of_people(client, client.call(asks).await, audience).await?)?;
    }
    // Before the first is brought all of them can be shown.
    let mut prepared = Vec::new();
    for path in images {
        prepared.push(pictures::showable(context, path, keep_location, None).await?);
    }
    let mut pictures = Vec::new();
    for (path, prepared) in images.iter().zip(&prepared) {
        pictures.push(pictures::bring(context, client, path, prepared).await?);
    }
    drop(prepared);
    let (note, id) = kept_id(context, client, &(&text, &pictures, &alts, visibility, &people))?;
    let request = PostMoment { id, text, pictures, alts, visibility, people };
    let posted = of_people(client, client.call(request).await, audience).await?;
    let told = print_moments(context, client, &[posted.of_pictures(images)?]).await;
    // Whoever was told of it posts another one by the same command.
    let _ = std::fs::remove_file(note);
    told
}

/// The id of a moment, the same one for the same moment until it is posted: the same command again, after an interruption at any
/// place, posts it once. With the note that keeps it.
fn kept_id(
    context: &Context,
    client: &Client,
    moment: &impl serde::Serialize,
) -> Result<(PathBuf, MessageId), Failure> {
    let profile = context.profile()?;
    profile.make_folder()?;
    let content = serde_json::to_string(moment).map_err(std::io::Error::other)?;
    let mut name = DefaultHasher::new();
    content.hash(&mut name);
    let path = profile.note_file(&format!("posting-{:016x}", name.finish()));
    let kept = recent(&path).and_then(|bytes| serde_json::from_slice::<(String, String)>(&bytes).ok());
    let kept = kept.filter(|(_, begun)| *begun == content).and_then(|(id, _)| MessageId::parse(&id));
    let id = match kept {
        Some(id) => id,
        None => client.new_id()?,
    };
    let note = serde_json::to_vec(&(id.to_string(), content)).map_err(std::io::Error::other)?;
    write_whole(&path, 0o600, &note).kept_at(&path)?;
    Ok((path, id))
}
