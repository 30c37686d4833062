//! Likes and comments.

use litrocket_protocol::{
    AccountId, Fault,
    account::Done,
    fault::code,
    frame, limits,
    moments::{
        CommentMoment, Comments, DeleteComment, LikeMoment, Likes, ListComments, ListLikes, MomentComment,
        MomentNotice, notice_kind,
    },
};

use super::{check_text, notice_store, reaction_store, store};
use crate::{
    error::{Error, Result},
    features::{cut, page_limit, people},
    rpc::Session,
    writer::Tx,
};

/// The author of a moment that the caller sees; refuses who is not one of the author's friends.
async fn take_part(tx: &mut Tx, me: AccountId, moment: u64) -> Result<AccountId> {
    let author = store::author(tx, me, moment).await?.ok_or_else(|| Error::missing("moment"))?;
    if author != me && !people::are_friends(tx, author, me).await? {
        return Err(code::FORBIDDEN.into());
    }
    Ok(author)
}

pub(super) async fn like(caller: Session, request: LikeMoment) -> Result<Done> {
    let (me, LikeMoment { moment, liked }) = (caller.account(), request);
    let work = async move |tx: &mut Tx| {
        let author = take_part(tx, me, moment).await?;
        if reaction_store::likes(tx, moment, me).await? == liked {
            return Ok(false);
        }
        if !liked {
            reaction_store::unlike(tx, moment, me).await?;
            notice_store::of_like(tx, moment, me).await?;
            return Ok(true);
        }
        if reaction_store::count_likes(tx, moment).await? >= limits::MOMENT_REACTIONS_MAX as u64 {
            return Err(Error::too_many("likes", limits::MOMENT_REACTIONS_MAX));
        }
        let at_ms = tx.now_ms();
        reaction_store::like(tx, moment, me, at_ms).await?;
        if author == me {
            return Ok(true);
        }
        let notice = MomentNotice { moment, kind: notice_kind::LIKE, account: me, comment: None, at_ms };
        notice_store::tell(tx, author, notice).await?;
        Ok::<_, Error>(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn comment(caller: Session, request: CommentMoment) -> Result<MomentComment> {
    check_text(&request.text, limits::COMMENT_BYTES_MAX)?;
    let me = caller.account();
    caller.app.writer.run(move |tx| Box::pin(write(tx, me, request))).await
}

async fn write(tx: &mut Tx, me: AccountId, request: CommentMoment) -> Result<MomentComment> {
    let hash = *blake3::hash(&frame::encode_body(&request)).as_bytes();
    let CommentMoment { id, moment, text, reply_to } = request;
    if let Some(earlier) = reaction_store::earlier(tx, me, id).await? {
        if !earlier.gone && earlier.hash != hash {
            return Err(Fault::new(code::ID_CONFLICT).field("id").into());
        }
        return reaction_store::seen(tx, me, moment, earlier.number)
            .await?
            .ok_or_else(|| Error::missing("id"));
    }
    let author = take_part(tx, me, moment).await?;
    let reply_account = match reply_to {
        None => None,
        Some(other) => {
            let answered = reaction_store::seen(tx, me, moment, other).await?;
            Some(answered.ok_or_else(|| Error::missing("reply_to"))?.account)
        }
    };
    if reaction_store::count_comments(tx, moment).await? >= limits::MOMENT_REACTIONS_MAX as u64 {
        return Err(Error::too_many("comments", limits::MOMENT_REACTIONS_MAX));
    }
    let at_ms = tx.now_ms();
    let mut comment = MomentComment { comment: 0, account: me, at_ms, text, reply_to, reply_account };
    let number = reaction_store::insert_comment(tx, moment, (id, hash), &comment).await?;
    comment.comment = number;
    let notice = |kind| MomentNotice { moment, kind, account: me, comment: Some(number), at_ms };
    if author != me && reply_account != Some(author) {
        notice_store::tell(tx, author, notice(notice_kind::COMMENT)).await?;
    }
    // Who is answered may not see the moment any more.
    if let Some(other) = reply_account.filter(|other| *other != me)
        && store::author(tx, other, moment).await?.is_some()
        && reaction_store::seen(tx, other, moment, number).await?.is_some()
    {
        notice_store::tell(tx, other, notice(notice_kind::REPLY)).await?;
    }
    Ok(comment)
}

pub(super) async fn delete_comment(caller: Session, request: DeleteComment) -> Result<Done> {
    let (me, DeleteComment { moment, comment }) = (caller.account(), request);
    let work = async move |tx: &mut Tx| {
        // One's own words can be taken back whatever became of the moment and of the friendship.
        match reaction_store::own_is_gone(tx, me, moment, comment).await? {
            Some(true) => return Ok(false),
            Some(false) => {}
            None => {
                let author = store::author(tx, me, moment).await?.ok_or_else(|| Error::missing("moment"))?;
                let seen = reaction_store::seen(tx, me, moment, comment).await?;
                seen.ok_or_else(|| Error::missing("comment"))?;
                if author != me {
                    return Err(code::FORBIDDEN.into());
                }
            }
        }
        reaction_store::take_back(tx, comment).await?;
        notice_store::of_comment(tx, moment, comment).await?;
        Ok::<_, Error>(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

/// Refuses a moment that the caller does not see.
async fn check_seen(caller: &Session, moment: u64) -> Result<()> {
    store::one(&caller.app.db, caller.account(), moment)
        .await?
        .map(drop)
        .ok_or_else(|| Error::missing("moment"))
}

pub(super) async fn list_likes(caller: Session, request: ListLikes) -> Result<Likes> {
    let limit = page_limit(request.limit)?;
    check_seen(&caller, request.moment).await?;
    let (db, me, after) = (&caller.app.db, caller.account(), request.after.unwrap_or_default());
    let mut people = reaction_store::list_likes(db, me, request.moment, after, limit + 1).await?;
    let more = cut(&mut people, limit);
    Ok(Likes { people, more })
}

pub(super) async fn list_comments(caller: Session, request: ListComments) -> Result<Comments> {
    let limit = page_limit(request.limit)?;
    check_seen(&caller, request.moment).await?;
    let (db, me, after) = (&caller.app.db, caller.account(), request.after.unwrap_or(0));
    let mut comments = reaction_store::list_comments(db, me, request.moment, after, limit + 1).await?;
    let more = cut(&mut comments, limit);
    Ok(Comments { comments, more })
}
