//! Posting, deleting, and who sees it.

use litrocket_protocol::{
    AccountId, Fault, MessageId,
    account::Done,
    fault::code,
    frame, limits,
    moments::{DeleteMoment, Moment, PostMoment, SetMomentVisibility, visibility},
    state::NewMoments,
};

use super::{check_text, notice_store, picture_store, store};
use crate::{
    error::{Error, Result},
    hub::StateValue,
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

/// Who shall see a moment: checked, without doubles.
#[derive(Debug, Clone)]
struct Audience {
    visibility: u8,
    people: Vec<AccountId>,
}

fn audience(visibility: u8, mut people: Vec<AccountId>) -> Result<Audience> {
    let named = matches!(visibility, visibility::CHOSEN | visibility::EXCEPT);
    if !(visibility::FRIENDS..=visibility::EVERYBODY).contains(&visibility) {
        return Err(Fault::new(code::BAD_VALUE).field("visibility").into());
    }
    if people.len() > limits::MOMENT_PEOPLE_MAX {
        return Err(Error::too_many("people", limits::MOMENT_PEOPLE_MAX));
    }
    people.sort_unstable();
    people.dedup();
    if named == people.is_empty() {
        let message = if named { "Name somebody." } else { "Nobody is named with this visibility." };
        return Err(Fault::new(code::BAD_VALUE).field("people").message(message).into());
    }
    Ok(Audience { visibility, people })
}

pub(super) async fn post(caller: Session, request: PostMoment) -> Result<Moment> {
    if request.pictures.len() > limits::MOMENT_PICTURES_MAX {
        return Err(Error::too_many("pictures", limits::MOMENT_PICTURES_MAX));
    }
    if !request.alts.is_empty() && request.alts.len() != request.pictures.len() {
        return Err(Fault::new(code::BAD_VALUE).field("alts").limit(request.pictures.len() as u64).into());
    }
    let alts: usize = request.alts.iter().map(String::len).sum();
    if alts > limits::MOMENT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("alts")
            .within_bytes(0, limits::MOMENT_BYTES_MAX as u64)
            .into());
    }
    if request.pictures.is_empty() || !request.text.is_empty() {
        // Text and words for the pictures share a bound: the longest page of moments fits a frame.
        check_text(&request.text, limits::MOMENT_BYTES_MAX - alts)?;
    }
    let hash = *blake3::hash(&frame::encode_body(&request)).as_bytes();
    let audience = audience(request.visibility, request.people)?;
    let (app, me, id) = (&caller.app, caller.account(), request.id);
    let files_quota = app.config.files.quota_mib << 20;
    let content = Content { text: request.text, pictures: request.pictures, alts: request.alts, files_quota };
    let work = async move |tx: &mut Tx| insert(tx, me, (id, hash), content, audience).await;
    let (moment, new) = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    if new {
        // A hint to whom it concerns and who is here; nothing is written for those who are away.
        let friends = store::told(&app.db, me, moment).await?;
        let hint = StateValue::NewMoments(NewMoments { moment });
        app.hub.tell(&friends, &hint);
        for device in app.hub.devices(me).iter().filter(|device| device.id != caller.device.id) {
            device.tell(hint.clone());
        }
    }
    store::one(&app.db, me, moment).await?.ok_or_else(|| Error::missing("moment"))
}

/// What a moment shows.
struct Content {
    text: String,
    pictures: Vec<u64>,
    alts: Vec<String>,
    /// What the author's files may take, in bytes.
    files_quota: u64,
}

async fn insert(
    tx: &mut Tx,
    me: AccountId,
    (id, hash): (MessageId, [u8; 32]),
    content: Content,
    audience: Audience,
) -> Result<(u64, bool)> {
    if let Some(earlier) = store::earlier(tx, me, id).await? {
        if !earlier.gone && earlier.hash != hash {
            return Err(Fault::new(code::ID_CONFLICT).field("id").into());
        }
        return if earlier.gone { Err(Error::missing("id")) } else { Ok((earlier.number, false)) };
    }
    if !store::all_friends(tx, me, &audience.people).await? {
        return Err(Error::missing("people"));
    }
    let now = tx.now_ms();
    let most = limits::MOMENTS_PER_DAY_MAX as u64;
    if store::nth_newest(tx, me, most).await?.is_some_and(|at_ms| now.saturating_sub(at_ms) < DAY_MS) {
        return Err(Error::too_many("moments", limits::MOMENTS_PER_DAY_MAX));
    }
    let moment = store::insert(tx, me, (id, hash), audience.visibility, content.text).await?;
    picture_store::put(tx, me, moment, (&content.pictures, &content.alts), content.files_quota).await?;
    store::set_people(tx, moment, &audience.people).await?;
    Ok((moment, true))
}

/// Refuses who is not the author: a moment that the caller does not see is not there.
async fn check_own(tx: &mut Tx, me: AccountId, moment: u64) -> Result<()> {
    match store::author(tx, me, moment).await? {
        Some(author) if author == me => Ok(()),
        Some(_) => Err(code::FORBIDDEN.into()),
        None => Err(Error::missing("moment")),
    }
}

pub(super) async fn delete(caller: Session, request: DeleteMoment) -> Result<Done> {
    let (me, moment) = (caller.account(), request.moment);
    let work = async move |tx: &mut Tx| {
        if store::is_deleted(tx, me, moment).await? {
            return Ok(false);
        }
        check_own(tx, me, moment).await?;
        notice_store::of_moments(tx, &[moment]).await?;
        picture_store::delete(tx, &[moment]).await?;
        store::delete(tx, &[moment]).await?;
        Ok(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn set_visibility(caller: Session, request: SetMomentVisibility) -> Result<Moment> {
    let (me, moment) = (caller.account(), request.moment);
    let audience = audience(request.visibility, request.people)?;
    let work = async move |tx: &mut Tx| {
        check_own(tx, me, moment).await?;
        if !store::all_friends(tx, me, &audience.people).await? {
            return Err(Error::missing("people"));
        }
        store::set_visibility(tx, moment, audience.visibility).await?;
        store::set_people(tx, moment, &audience.people).await?;
        notice_store::unseen(tx, moment).await?;
        Ok::<_, Error>(())
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    store::one(&caller.app.db, me, moment).await?.ok_or_else(|| Error::missing("moment"))
}
