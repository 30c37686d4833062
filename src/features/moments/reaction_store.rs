//! SQL of likes and comments: the tables `moment_likes` and `moment_comments`.

use litrocket_protocol::{AccountId, MessageId, moments::MomentComment};

use super::{
    sight_store::{comment_seen, common},
    store::Earlier,
};
use crate::{args, db::Db, error::Result, writer::Tx};

async fn count(tx: &mut Tx, select: &'static str, moment: u64) -> Result<u64> {
    let row: Option<(i64,)> = tx.first(select, args![moment]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn count_likes(tx: &mut Tx, moment: u64) -> Result<u64> {
    count(tx, "SELECT COUNT(*) FROM moment_likes WHERE moment = $1", moment).await
}

/// Whether an account likes a moment.
pub(super) async fn likes(tx: &mut Tx, moment: u64, account: AccountId) -> Result<bool> {
    const LIKED: &str = "SELECT account FROM moment_likes WHERE moment = $1 AND account = $2";
    let row: Option<(i64,)> = tx.first(LIKED, args![moment, account]).await?;
    Ok(row.is_some())
}

pub(super) async fn like(tx: &mut Tx, moment: u64, account: AccountId, at_ms: u64) -> Result<()> {
    const INSERT: &str = "INSERT INTO moment_likes (moment, account, at_ms) VALUES ($1, $2, $3)";
    tx.execute(INSERT, args![moment, account, at_ms]).await.map(drop)
}

pub(super) async fn unlike(tx: &mut Tx, moment: u64, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_likes WHERE moment = $1 AND account = $2";
    tx.execute(DELETE, args![moment, account]).await.map(drop)
}

/// What an id of a client stands for already.
pub(super) async fn earlier(tx: &mut Tx, account: AccountId, id: MessageId) -> Result<Option<Earlier>> {
    const SELECT: &str = "SELECT id, hash, gone FROM moment_comments WHERE account = $1 AND client_id = $2";
    let row: Option<(i64, Vec<u8>, i64)> = tx.first(SELECT, args![account, id]).await?;
    Ok(row.map(Earlier::from))
}

/// Number, whose, when, text, answers which, whose.
type CommentRow = (i64, i64, i64, String, Option<i64>, Option<i64>);

pub(super) fn comment((id, account, at, text, reply_to, reply_account): CommentRow) -> MomentComment {
    MomentComment {
        comment: id as u64,
        account: account.into(),
        at_ms: at as u64,
        text,
        reply_to: reply_to.map(|id| id as u64),
        reply_account: reply_account.filter(|account| *account != 0).map(AccountId::from),
    }
}

/// A comment of a moment, if the reader sees it.
pub(super) async fn seen(
    tx: &mut Tx,
    reader: AccountId,
    moment: u64,
    number: u64,
) -> Result<Option<MomentComment>> {
    const SELECT: &str = concat!(
        "SELECT c.id, c.account, c.at_ms, c.text, c.reply_to, c.reply_account
        FROM moment_comments c JOIN moments m ON m.id = c.moment WHERE c.id = $3 AND c.moment = $2 AND ",
        comment_seen!()
    );
    let row: Option<CommentRow> = tx.first(SELECT, args![reader, moment, number]).await?;
    Ok(row.map(comment))
}

/// Comments that are still there.
pub(super) async fn count_comments(tx: &mut Tx, moment: u64) -> Result<u64> {
    count(tx, "SELECT COUNT(*) FROM moment_comments WHERE moment = $1 AND gone = 0", moment).await
}

/// Answers the comment's number, which is given here.
pub(super) async fn insert_comment(
    tx: &mut Tx,
    moment: u64,
    (id, hash): (MessageId, [u8; 32]),
    comment: &MomentComment,
) -> Result<u64> {
    const INSERT: &str = "INSERT INTO moment_comments
            (id, moment, account, client_id, hash, at_ms, reply_to, reply_account, text)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let highest: Option<(i64,)> = tx.first("SELECT COALESCE(MAX(id), 0) FROM moment_comments", &[]).await?;
    let number = highest.map_or(0, |(id,)| id as u64) + 1;
    let MomentComment { account, at_ms, text, reply_to, reply_account, .. } = comment;
    let args = args![number, moment, *account, id, hash, *at_ms, *reply_to, *reply_account, text.as_str()];
    tx.execute(INSERT, args).await?;
    Ok(number)
}

/// Whether an account's own comment is gone; nothing for one that is not its own.
pub(super) async fn own_is_gone(
    tx: &mut Tx,
    account: AccountId,
    moment: u64,
    number: u64,
) -> Result<Option<bool>> {
    const OWN: &str = "SELECT gone FROM moment_comments WHERE id = $1 AND moment = $2 AND account = $3";
    let row: Option<(i64,)> = tx.first(OWN, args![number, moment, account]).await?;
    Ok(row.map(|(gone,)| gone != 0))
}

/// The comment says nothing any more; its number stays.
pub(super) async fn take_back(tx: &mut Tx, number: u64) -> Result<()> {
    const DELETE: &str = "UPDATE moment_comments SET gone = 1, text = '', hash = $2 WHERE id = $1";
    tx.execute(DELETE, args![number, Vec::<u8>::new()]).await.map(drop)
}

/// A page of those who like a moment, as the reader sees them, behind an account.
pub(super) async fn list_likes(
    db: &Db,
    reader: AccountId,
    moment: u64,
    after: AccountId,
    limit: u64,
) -> Result<Vec<AccountId>> {
    const SELECT: &str = concat!(
        "SELECT l.account FROM moment_likes l JOIN moments m ON m.id = l.moment
        WHERE l.moment = $2 AND l.account > $3 AND ",
        common!("l.account"),
        " ORDER BY l.account LIMIT $4"
    );
    let rows: Vec<(i64,)> = db.all(SELECT, args![reader, moment, after, limit]).await?;
    Ok(rows.into_iter().map(|(account,)| account.into()).collect())
}

/// A page of the comments on a moment, as the reader sees them, behind a number.
pub(super) async fn list_comments(
    db: &Db,
    reader: AccountId,
    moment: u64,
    after: u64,
    limit: u64,
) -> Result<Vec<MomentComment>> {
    const SELECT: &str = concat!(
        "SELECT c.id, c.account, c.at_ms, c.text, c.reply_to, c.reply_account
        FROM moment_comments c JOIN moments m ON m.id = c.moment
        WHERE c.moment = $2 AND c.id > $3 AND ",
        comment_seen!(),
        " ORDER BY c.id LIMIT $4"
    );
    let rows: Vec<CommentRow> = db.all(SELECT, args![reader, moment, after, limit]).await?;
    Ok(rows.into_iter().map(comment).collect())
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
