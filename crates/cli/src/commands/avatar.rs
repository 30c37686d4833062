//! The faces of people and groups.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use litrocket_client::{Client, Error};
use litrocket_protocol::{
    ConversationId,
    pictures::{Crop, GetAvatar, SetAvatar},
};
use serde_json::json;

use super::{
    files::{
        place::{Target, write_file},
        refused::{NO_FILE, but_for_the_file, with_file},
        until_stopped,
    },
    pictures,
};
use crate::{
    Failure,
    failure::Asked as _,
    output::{Output, escape},
    resolve,
    session::Context,
};

/// What can be done with faces.
#[derive(Debug, Clone, Subcommand)]
pub enum AvatarCommand {
    /// Give yourself, or a group you look after (owner and administrators), a face made of a picture.
    Set {
        /// The picture: PNG, JPEG, WebP or GIF.
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// #group or its number; yourself without it.
        #[arg(long, value_name = "#GROUP")]
        group: Option<String>,
        /// The part to show: from the left, from the top, and its side, in pixels. The middle without it.
        #[arg(long, value_name = "X,Y,SIDE", value_parser = crop)]
        crop: Option<Crop>,
    },
    /// Write a face to a file.
    Get {
        /// Whose; your own without a name.
        #[arg(value_name = "@NAME", default_value = "@me")]
        name: String,
        /// #group or its number, instead of a name.
        #[arg(long, value_name = "#GROUP", conflicts_with = "name")]
        group: Option<String>,
        /// Where to: a folder, a file that is not there yet, or - for standard output. The current folder without it.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace a file of the same name, instead of refusing or, in a folder, adding a number.
        #[arg(long)]
        force: bool,
        /// The side in pixels: 64, 256 or 640.
        #[arg(long, value_name = "PIXELS", default_value_t = 640)]
        size: u32,
    },
    /// Take the face away.
    Remove {
        /// #group or its number; your own without it.
        #[arg(long, value_name = "#GROUP")]
        group: Option<String>,
    },
}

fn crop(text: &str) -> Result<Crop, String> {
    let numbers: Vec<u32> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
    match numbers[..] {
        [x, y, side] if side > 0 => Ok(Crop { x, y, side }),
        _ => Err("write three numbers, for example 10,20,300".into()),
    }
}

pub(super) async fn run(context: &Context, command: AvatarCommand) -> Result<ExitCode, Failure> {
    until_stopped(context, async |client| match command {
        AvatarCommand::Set { path, group, crop } => {
            let conversation = group_of(client, group.as_deref()).await?;
            let request = |file| SetAvatar { file: Some(file), conversation, crop: crop.clone() };
            // Everybody may change their own.
            if conversation.is_some() {
                but_for_the_file(client.call(request(NO_FILE)).await)?;
            }
            let prepared = pictures::showable(context, &path, false, crop.clone()).await?;
            let file = pictures::bring(context, client, &path, &prepared).await?;
            with_file(client, file, set(context, client, request(file)).await.of_pictures(&[path])).await
        }
        AvatarCommand::Remove { group } => {
            let conversation = group_of(client, group.as_deref()).await?;
            set(context, client, SetAvatar { file: None, conversation, crop: None }).await
        }
        AvatarCommand::Get { name, group, output, force, size } => {
            let target = Target::new(context, output.as_deref(), "avatar.jpg", force)?;
            let conversation = group_of(client, group.as_deref()).await?;
            let account = match conversation {
                Some(_) => None,
                None => Some(resolve::account(client, &name).await?.account),
            };
            let whose = group.unwrap_or(name);
            get(context, client, GetAvatar { account, conversation, size }, &whose, (target, force)).await
        }
    })
    .await
}

async fn group_of(client: &Client, group: Option<&str>) -> Result<Option<ConversationId>, Failure> {
    match group {
        Some(group) => Ok(Some(resolve::group(client, group).await?)),
        None => Ok(None),
    }
}

async fn set(context: &Context, client: &Client, request: SetAvatar) -> Result<(), Failure> {
    let removes = request.file.is_none();
    let face = client.call(request).await?;
    let words = context.output.words;
    context.output.data(
        || {
            let mut object = json!({"type": "avatar", "version": face.version});
            if face.unchanged {
                object["unchanged"] = true.into();
            }
            object
        },
        || match (face.unchanged, removes) {
            (false, _) => words.done().into(),
            (true, true) => words.no_face_to_remove().into(),
            (true, false) => words.was_so().into(),
        },
    )
}

async fn get(
    context: &Context,
    client: &Client,
    request: GetAvatar,
    whose: &str,
    (target, force): (Target, bool),
) -> Result<(), Failure> {
    let whose = whose.to_owned();
    let face = client.call(request).await.of_face(move |words| words.no_face(&whose))?;
    // A server that answers with something else is not believed.
    if face.media_type != "image/jpeg" || !face.bytes.starts_with(b"\xff\xd8") {
        return Err(Error::Protocol("the answer is no face".into()).into());
    }
    let Target::File(path) = target else { return Output::long(face.bytes).await };
    write_file(&path, &face.bytes, force)?;
    let path = path.to_string_lossy();
    context.output.data(
        || json!({"type": "avatar_file", "path": path, "media_type": face.media_type, "size": face.bytes.len()}),
        || escape(&path),
    )
}
