//! The faces of people and groups: squares of a picture, made anew from its pixels, so that nothing else of it is shown.
//!
//! They are rows: small, changed rarely, and there with the version that names them or not at all.

use litrocket_pictures::{Crop, LIMITS, PictureError, squares};
use litrocket_protocol::{
    AccountId, Fault,
    conversations::{conversation_kind, member_state},
    fault::code,
    limits::PICTURE_BYTES_MAX,
    pictures::{AVATAR_SIZES, Avatar, GetAvatar, Preview, SetAvatar},
};

use super::{
    avatar_store::{self, Face},
    picture_store,
    previews::{self, Undecoded},
};
use crate::{
    db,
    error::{Error, Result},
    features::{account, conversations, files::store, groups},
    rpc::Session,
    writer::Tx,
};

pub(in crate::features::files) async fn set(caller: Session, request: SetAvatar) -> Result<Avatar> {
    let me = caller.account();
    // Who may not change it has nothing decoded.
    if let Some(group) = request.conversation {
        caller.app.writer.run(move |tx| Box::pin(groups::may_change(tx, group, me))).await?;
    }
    put(&caller, request).await
}

async fn check(tx: &mut Tx, me: AccountId, request: &SetAvatar) -> Result<()> {
    match request.conversation {
        Some(conversation) => groups::may_change(tx, conversation, me).await,
        None => Ok(()),
    }
}

async fn put(caller: &Session, request: SetAvatar) -> Result<Avatar> {
    let (app, me) = (&caller.app, caller.account());
    let jpegs = match request.file {
        Some(file) => faces(caller, file, request.crop.clone()).await?,
        None => Vec::new(),
    };
    let work = async move |tx: &mut Tx| {
        check(tx, me, &request).await?;
        if let Some(file) = request.file {
            // It may have been recalled while it was looked at.
            store::readable_in(tx, me, file).await?.ok_or_else(|| Error::missing("file"))?;
        }
        let face = request.conversation.map_or(Face::account(me), Face::group);
        let (version, changed) = avatar_store::set(tx, face, &jpegs).await?;
        match request.conversation {
            _ if !changed => {}
            Some(group) => groups::avatar_changed(tx, group, me, version).await?,
            None => account::avatar_changed(tx, me).await?,
        }
        Ok(Avatar { version, unchanged: !changed })
    };
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await
}

/// The squares of a picture that the caller may read.
async fn faces(
    caller: &Session,
    file: u64,
    crop: Option<litrocket_protocol::pictures::Crop>,
) -> Result<Vec<Vec<u8>>> {
    let app = &caller.app;
    let file =
        store::readable(&app.db, caller.account(), file).await?.ok_or_else(|| Error::missing("file"))?;
    let content = file.content.ok_or_else(|| Error::from(code::FILE_GONE))?;
    let bad = |code| Fault::new(code).field("file");
    if !file.complete {
        return Err(bad(code::BAD_PICTURE).into());
    }
    if file.size > PICTURE_BYTES_MAX {
        let is_picture = picture_store::is_picture(&file.media_type);
        return Err(bad(if is_picture { code::PICTURE_TOO_LARGE } else { code::BAD_PICTURE }).into());
    }
    // One at a time for each account: who asks for many has nobody else wait for all of them.
    let _asking = app.files.asks(caller.account()).ok_or_else(|| Fault::new(code::BUSY).retry_after(1000))?;
    let turn = previews::turn(app).await?;
    let bytes = previews::bytes(app, content, file.size).await?.ok_or_else(|| bad(code::BAD_PICTURE))?;
    let crop = crop.map(|crop| Crop { x: crop.x, y: crop.y, side: crop.side });
    let made = previews::decode(app, turn, move || squares(&bytes, crop, &AVATAR_SIZES, LIMITS)).await;
    made.map_err(|error| {
        let fault = match error {
            Undecoded::Refused(PictureError::Outside { width, height }) => Fault::new(code::BAD_CROP)
                .field("crop")
                .param("width", width.to_string())
                .param("height", height.to_string()),
            Undecoded::Refused(PictureError::TooLarge) => bad(code::PICTURE_TOO_LARGE),
            _ => bad(code::BAD_PICTURE),
        };
        fault.into()
    })
}

pub(in crate::features::files) async fn get(caller: Session, request: GetAvatar) -> Result<Preview> {
    let db = &caller.app.db;
    if !AVATAR_SIZES.contains(&request.size) {
        return Err(Fault::new(code::BAD_VALUE).field("size").message("Use 64, 256 or 640.").into());
    }
    let face = match (request.account, request.conversation) {
        (Some(account), None) => {
            let known = account::profiles(db, &[account]).await?;
            if known.iter().all(|profile| profile.deleted) {
                return Err(Error::missing("account"));
            }
            Face::account(account)
        }
        (None, Some(group)) => {
            conversations::joined(db, group, caller.account()).await?;
            Face::group(group)
        }
        _ => {
            let words = "Name an account or a group.";
            return Err(Fault::new(code::BAD_VALUE).field("account").message(words).into());
        }
    };
    let bytes = avatar_store::get(db, face, request.size).await?;
    Ok(previews::preview(bytes.ok_or_else(|| Error::from(code::NO_PREVIEW))?.into()))
}

/// Sets the versions of the groups' faces where the reader is in.
pub(crate) async fn show_on(
    db: &crate::db::Db,
    infos: &mut [litrocket_protocol::conversations::ConversationInfo],
) -> Result<()> {
    let is_shown = |info: &litrocket_protocol::conversations::ConversationInfo| {
        info.kind == conversation_kind::GROUP && info.mine.state == member_state::JOINED
    };
    let groups: Vec<u64> =
        infos.iter().filter(|info| is_shown(info)).map(|info| info.conversation.0).collect();
    if groups.is_empty() {
        return Ok(());
    }
    let versions = avatar_store::of_groups(db, &db::list(&groups)?).await?;
    for info in infos.iter_mut().filter(|info| is_shown(info)) {
        info.avatar = versions.get(&info.conversation.0).copied();
    }
    Ok(())
}
