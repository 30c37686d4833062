//! Likes and comments, with their SQL.

use litrocket_protocol::{
    AccountId, Fault, MessageId,
    account::Done,
    fault::code,
    frame, limits,
    moments::{
        CommentMoment, Comments, DeleteComment, LikeMoment, Likes, ListComments, ListLikes, MomentComment,
        MomentNotice, notice_kind,
    },
};

use super::{
    check_text, missing, notices,
    sight::{comment_seen, common},
    store::{self, CommentRow, Earlier},
    too_many,
};
use crate::{
    args,
    error::{Error, Result},
    features::{page_limit, people},
    rpc::Session,
    writer::Tx,
};

/// The author of a moment that the caller sees; refuses who is not one of the author's friends.
async fn take_part(tx: &mut Tx, me: AccountId, moment: u64) -> Result<AccountId> {
    let author = store::author(tx, me, moment).await?.ok_or_else(|| missing("moment"))?;
    if author != me && !people::are_friends(tx, author, me).await? {
        return Err(code::FORBIDDEN.into());
    }
    Ok(author)
}

async fn count(tx: &mut Tx, select: &'static str, moment: u64) -> Result<u64> {
    let row: Option<(i64,)> = tx.first(select, args![moment]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn like(caller: Session, request: LikeMoment) -> Result<Done> {
    const COUNT: &str = "SELECT COUNT(*) FROM moment_likes WHERE moment = $1";
    const LIKED: &str = "SELECT account FROM moment_likes WHERE moment = $1 AND account = $2";
    const INSERT: &str = "INSERT INTO moment_likes (moment, account, at_ms) VALUES ($1, $2, $3)";
    const DELETE: &str = "DELETE FROM moment_likes WHERE moment = $1 AND account = $2";
    let (me, LikeMoment { moment, liked }) = (caller.account(), request);
    let work = async move |tx: &mut Tx| {
        let author = take_part(tx, me, moment).await?;
        let before: Option<(i64,)> = tx.first(LIKED, args![moment, me]).await?;
        if before.is_some() == liked {
            return Ok(());
        }
        if !liked {
            tx.execute(DELETE, args![moment, me]).await?;
            return notices::of_like(tx, moment, me).await;
        }
        if count(tx, COUNT, moment).await? >= limits::MOMENT_REACTIONS_MAX as u64 {
            return Err(too_many("likes", limits::MOMENT_REACTIONS_MAX));
        }
        let at_ms = tx.now_ms();
        tx.execute(INSERT, args![moment, me, at_ms]).await?;
        if author == me {
            return Ok(());
        }
        let notice = MomentNotice { moment, kind: notice_kind::LIKE, account: me, comment: None, at_ms };
        notices::tell(tx, author, notice).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

pub(super) async fn comment(caller: Session, request: CommentMoment) -> Result<MomentComment> {
    check_text(&request.text, limits::COMMENT_BYTES_MAX)?;
    let me = caller.account();
    caller.app.writer.run(move |tx| Box::pin(write(tx, me, request))).await
}

async fn earlier(tx: &mut Tx, account: AccountId, id: MessageId) -> Result<Option<Earlier>> {
    const SELECT: &str = "SELECT id, hash, gone FROM moment_comments WHERE account = $1 AND client_id = $2";
    let row: Option<(i64, Vec<u8>, i64)> = tx.first(SELECT, args![account, id]).await?;
    Ok(row.map(Earlier::from))
}

/// A comment of a moment, if the reader sees it.
async fn seen(tx: &mut Tx, reader: AccountId, moment: u64, comment: u64) -> Result<Option<MomentComment>> {
    const SELECT: &str = concat!(
        "SELECT c.id, c.account, c.at_ms, c.text, c.reply_to, c.reply_account
        FROM moment_comments c JOIN moments m ON m.id = c.moment WHERE c.id = $3 AND c.moment = $2 AND ",
        comment_seen!()
    );
    let row: Option<CommentRow> = tx.first(SELECT, args![reader, moment, comment]).await?;
    Ok(row.map(store::comment))
}

async fn write(tx: &mut Tx, me: AccountId, request: CommentMoment) -> Result<MomentComment> {
    const COUNT: &str = "SELECT COUNT(*) FROM moment_comments WHERE moment = $1 AND gone = 0";
    const INSERT: &str = "INSERT INTO moment_comments
            (id, moment, account, client_id, hash, at_ms, reply_to, reply_account, text)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let hash = *blake3::hash(&frame::encode_body(&request)).as_bytes();
    let CommentMoment { id, moment, text, reply_to } = request;
    if let Some(earlier) = earlier(tx, me, id).await? {
        if earlier.hash != hash {
            return Err(Fault::new(code::ID_CONFLICT).field("id").into());
        }
        return seen(tx, me, moment, earlier.number).await?.ok_or_else(|| missing("id"));
    }
    let author = take_part(tx, me, moment).await?;
    let reply_account = match reply_to {
        None => None,
        Some(other) => {
            let answered = seen(tx, me, moment, other).await?;
            Some(answered.ok_or_else(|| missing("reply_to"))?.account)
        }
    };
    if count(tx, COUNT, moment).await? >= limits::MOMENT_REACTIONS_MAX as u64 {
        return Err(too_many("comments", limits::MOMENT_REACTIONS_MAX));
    }
    let highest: Option<(i64,)> = tx.first("SELECT COALESCE(MAX(id), 0) FROM moment_comments", &[]).await?;
    let (number, at_ms) = (highest.map_or(0, |(id,)| id as u64) + 1, tx.now_ms());
    tx.execute(INSERT, args![number, moment, me, id, hash, at_ms, reply_to, reply_account, &*text]).await?;
    let notice = |kind| MomentNotice { moment, kind, account: me, comment: Some(number), at_ms };
    if author != me && reply_account != Some(author) {
        notices::tell(tx, author, notice(notice_kind::COMMENT)).await?;
    }
    // Who is answered may not see the moment any more.
    if let Some(other) = reply_account.filter(|other| *other != me)
        && store::author(tx, other, moment).await?.is_some()
        && seen(tx, other, moment, number).await?.is_some()
    {
        notices::tell(tx, other, notice(notice_kind::REPLY)).await?;
    }
    Ok(MomentComment { comment: number, account: me, at_ms, text, reply_to, reply_account })
}

pub(super) async fn delete_comment(caller: Session, request: DeleteComment) -> Result<Done> {
    const DELETE: &str = "UPDATE moment_comments SET gone = 1, text = '' WHERE id = $1";
    const OWN: &str = "SELECT gone FROM moment_comments WHERE id = $1 AND moment = $2 AND account = $3";
    let (me, DeleteComment { moment, comment }) = (caller.account(), request);
    let work = async move |tx: &mut Tx| {
        // One's own words can be taken back whatever became of the moment and of the friendship.
        let own: Option<(i64,)> = tx.first(OWN, args![comment, moment, me]).await?;
        if own == Some((1,)) {
            return Ok(());
        }
        if own.is_none() {
            let author = store::author(tx, me, moment).await?.ok_or_else(|| missing("moment"))?;
            seen(tx, me, moment, comment).await?.ok_or_else(|| missing("comment"))?;
            if author != me {
                return Err(code::FORBIDDEN.into());
            }
        }
        tx.execute(DELETE, args![comment]).await?;
        notices::of_comment(tx, moment, comment).await?;
        Ok::<_, Error>(())
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

/// Refuses a moment that the caller does not see.
async fn check_seen(caller: &Session, moment: u64) -> Result<()> {
    store::one(&caller.app.db, caller.account(), moment).await?.map(drop).ok_or_else(|| missing("moment"))
}

pub(super) async fn list_likes(caller: Session, request: ListLikes) -> Result<Likes> {
    const SELECT: &str = concat!(
        "SELECT l.account FROM moment_likes l JOIN moments m ON m.id = l.moment
        WHERE l.moment = $2 AND l.account > $3 AND ",
        common!("l.account"),
        " ORDER BY l.account LIMIT $4"
    );
    let limit = page_limit(request.limit)?;
    check_seen(&caller, request.moment).await?;
    let after = request.after.unwrap_or_default();
    let args = args![caller.account(), request.moment, after, limit + 1];
    let rows: Vec<(i64,)> = caller.app.db.all(SELECT, args).await?;
    let more = rows.len() as u64 > limit;
    let people = rows.into_iter().take(limit as usize).map(|(account,)| account.into()).collect();
    Ok(Likes { people, more })
}

pub(super) async fn list_comments(caller: Session, request: ListComments) -> Result<Comments> {
    const SELECT: &str = concat!(
        "SELECT c.id, c.account, c.at_ms, c.text, c.reply_to, c.reply_account
        FROM moment_comments c JOIN moments m ON m.id = c.moment
        WHERE c.moment = $2 AND c.id > $3 AND ",
        comment_seen!(),
        " ORDER BY c.id LIMIT $4"
    );
    let limit = page_limit(request.limit)?;
    check_seen(&caller, request.moment).await?;
    let args = args![caller.account(), request.moment, request.after.unwrap_or(0), limit + 1];
    let rows: Vec<CommentRow> = caller.app.db.all(SELECT, args).await?;
    let more = rows.len() as u64 > limit;
    let comments = rows.into_iter().take(limit as usize).map(store::comment).collect();
    Ok(Comments { comments, more })
}

/// Some of what an account did to moments, and of the answers to it; how much.
pub(super) async fn erase_some(tx: &mut Tx, account: AccountId, most: u64) -> Result<u64> {
    const LIKES: &str = "DELETE FROM moment_likes WHERE account = $1
        AND moment IN (SELECT moment FROM moment_likes WHERE account = $1 LIMIT $2)";
    const ANSWERS: &str = "UPDATE moment_comments SET reply_to = NULL, reply_account = 0
        WHERE id IN (SELECT id FROM moment_comments WHERE reply_account = $1 LIMIT $2)";
    const OWN: &str =
        "UPDATE moment_comments SET account = 0, client_id = NULL, hash = NULL, reply_to = NULL,
        reply_account = NULL, gone = 1, text = ''
        WHERE id IN (SELECT id FROM moment_comments WHERE account = $1 LIMIT $2)";
    let mut done = 0;
    for statement in [LIKES, ANSWERS, OWN] {
        done += tx.execute(statement, args![account, most]).await?;
    }
    Ok(done)
}

pub(super) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    const LIKES: &str = "DELETE FROM moment_likes WHERE account = $1
        OR moment IN (SELECT id FROM moments WHERE author = $1)";
    const AT_OWN: &str = "UPDATE moment_comments SET gone = 1, text = ''
        WHERE moment IN (SELECT id FROM moments WHERE author = $1)";
    // Whom they answered is nobody now: what only common friends saw is not opened to others.
    const ANSWERS: &str = "UPDATE moment_comments SET reply_to = NULL, reply_account = 0
        WHERE reply_account = $1";
    const OWN: &str =
        "UPDATE moment_comments SET account = 0, client_id = NULL, hash = NULL, reply_to = NULL,
        reply_account = NULL, gone = 1, text = '' WHERE account = $1";
    for statement in [LIKES, AT_OWN, ANSWERS, OWN] {
        tx.execute(statement, args![account]).await?;
    }
    Ok(())
}
