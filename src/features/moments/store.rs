//! The SQL of moments, of who sees them and of who saw them.

use std::collections::HashMap;

use litrocket_protocol::{
    AccountId, MessageId, limits,
    moments::{Moment, MomentComment, NewestMoment, visibility},
};

use super::sight_store::{comment_seen, common, lets_see, seen, shown};
use super::{picture_store, reaction_store};
use crate::{
    args,
    db::{self, Db},
    error::Result,
    writer::Tx,
};

/// What an id of a client stands for already.
pub(super) struct Earlier {
    pub(super) number: u64,
    pub(super) hash: Vec<u8>,
    pub(super) gone: bool,
}

impl From<(i64, Vec<u8>, i64)> for Earlier {
    fn from((number, hash, gone): (i64, Vec<u8>, i64)) -> Self {
        Self { number: number as u64, hash, gone: gone != 0 }
    }
}

pub(super) async fn earlier(tx: &mut Tx, author: AccountId, id: MessageId) -> Result<Option<Earlier>> {
    const SELECT: &str = "SELECT id, hash, gone FROM moments WHERE author = $1 AND client_id = $2";
    let row: Option<(i64, Vec<u8>, i64)> = tx.first(SELECT, args![author, id]).await?;
    Ok(row.map(Earlier::from))
}

pub(super) async fn all_friends(tx: &mut Tx, account: AccountId, people: &[AccountId]) -> Result<bool> {
    const COUNT: &str = "SELECT COUNT(*) FROM json_each($2) j
        JOIN friends f ON f.account = $1 AND f.friend = j.value";
    let wanted = db::list(people.iter().map(|one| one.0))?;
    let row: Option<(i64,)> = tx.first(COUNT, args![account, wanted]).await?;
    Ok(row == Some((people.len() as i64,)))
}

/// When an account posted its n-th newest moment; deleted ones count.
pub(super) async fn nth_newest(tx: &mut Tx, author: AccountId, nth: u64) -> Result<Option<u64>> {
    const SELECT: &str = "SELECT at_ms FROM moments WHERE author = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![author, nth.saturating_sub(1)]).await?;
    Ok(row.map(|(at,)| at as u64))
}

pub(super) async fn insert(
    tx: &mut Tx,
    author: AccountId,
    (id, hash): (MessageId, [u8; 32]),
    visibility: u8,
    text: String,
) -> Result<u64> {
    const INSERT: &str = "INSERT INTO moments (id, author, client_id, hash, at_ms, visibility, open, text)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let moment = highest(tx).await? + 1;
    let (now, open) = (tx.now_ms(), visibility != visibility::ONLY_ME);
    tx.execute(INSERT, args![moment, author, id, hash, now, visibility, open, text]).await?;
    Ok(moment)
}

/// The newest number that was given.
pub(super) async fn highest(tx: &mut Tx) -> Result<u64> {
    let row: Option<(i64,)> = tx.first("SELECT COALESCE(MAX(id), 0) FROM moments", &[]).await?;
    Ok(row.map_or(0, |(id,)| id as u64))
}

/// Names the people of a moment; replaces those before.
pub(super) async fn set_people(tx: &mut Tx, moment: u64, people: &[AccountId]) -> Result<()> {
    tx.execute("DELETE FROM moment_people WHERE moment = $1", args![moment]).await?;
    let rows: Vec<_> = people.iter().map(|account| args![moment, *account].to_vec()).collect();
    tx.execute_many("INSERT INTO moment_people (moment, account) VALUES ($1, $2)", &rows).await
}

pub(super) async fn set_visibility(tx: &mut Tx, moment: u64, visibility: u8) -> Result<()> {
    const UPDATE: &str = "UPDATE moments SET visibility = $2, open = $3 WHERE id = $1";
    tx.execute(UPDATE, args![moment, visibility, visibility != visibility::ONLY_ME]).await.map(drop)
}

/// Whose moment it is, if the reader sees it.
pub(crate) async fn author(tx: &mut Tx, reader: AccountId, moment: u64) -> Result<Option<AccountId>> {
    const SELECT: &str = concat!("SELECT m.author FROM moments m WHERE m.id = $2 AND ", seen!("$1"));
    let row: Option<(i64,)> = tx.first(SELECT, args![reader, moment]).await?;
    Ok(row.map(|(author,)| author.into()))
}

/// Whether it was a moment of this account and is deleted.
pub(super) async fn is_deleted(tx: &mut Tx, account: AccountId, moment: u64) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM moments WHERE id = $2 AND author = $1 AND gone = 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, moment]).await?;
    Ok(row.is_some())
}

pub(super) async fn delete(tx: &mut Tx, moments: &[u64]) -> Result<()> {
    // The hash goes with the words: short ones can be guessed from it.
    const MOMENTS: &str = "UPDATE moments SET gone = 1, open = 0, text = '', hash = $2
        WHERE id IN (SELECT value FROM json_each($1))";
    const PEOPLE: &str = "DELETE FROM moment_people WHERE moment IN (SELECT value FROM json_each($1))";
    const LIKES: &str = "DELETE FROM moment_likes WHERE moment IN (SELECT value FROM json_each($1))";
    const COMMENTS: &str = "UPDATE moment_comments SET gone = 1, text = '', hash = $2
        WHERE moment IN (SELECT value FROM json_each($1)) AND gone = 0";
    let ids = db::list(moments)?;
    for statement in [PEOPLE, LIKES] {
        tx.execute(statement, args![&*ids]).await?;
    }
    for statement in [MOMENTS, COMMENTS] {
        tx.execute(statement, args![&*ids, Vec::<u8>::new()]).await?;
    }
    Ok(())
}

/// Friends who are told of a moment that was posted, sorted.
pub(super) async fn told(db: &Db, author: AccountId, moment: u64) -> Result<Vec<AccountId>> {
    const SELECT: &str = concat!(
        "SELECT f.friend FROM moments m JOIN friends f ON f.account = m.author
        WHERE m.id = $2 AND m.author = $1 AND m.open = 1 AND ",
        shown!("f.friend"),
        " AND ",
        lets_see!(),
        " AND NOT EXISTS (SELECT 1 FROM moment_hidden h WHERE h.account = f.friend AND h.author = m.author)
        ORDER BY f.friend"
    );
    let rows: Vec<(i64,)> = db.all(SELECT, args![author, moment]).await?;
    Ok(rows.into_iter().map(|(friend,)| friend.into()).collect())
}

/// The friends of `$1` in the feed, each with the newest moment below `$2` that `$1` sees.
macro_rules! newest {
    () => {
        concat!(
            "SELECT a.friend AS author, (SELECT m.id FROM moments m WHERE m.author = a.friend AND m.open = 1
                AND m.id < $2 AND ",
            shown!("$1"),
            " ORDER BY m.id DESC LIMIT 1) AS id FROM friends a WHERE a.account = $1
            AND (SELECT o.moments_to FROM accounts o WHERE o.id = a.friend) <> 0
            AND NOT EXISTS (SELECT 1 FROM moment_hidden h WHERE h.account = $1 AND h.author = a.friend)"
        )
    };
}

/// The numbers of a page of the feed. One look-up for each friend finds whose newest moments are in the page: no
/// more authors than the page has moments. Of those alone more is read, at most a page each. Without MATERIALIZED each
/// look-up is made twice, for the condition and for the order.
pub(super) async fn feed(db: &Db, me: AccountId, before: u64, limit: u64) -> Result<Vec<u64>> {
    const SELECT: &str = concat!(
        "WITH newest AS MATERIALIZED (",
        newest!(),
        "), top AS MATERIALIZED (SELECT author FROM newest WHERE id IS NOT NULL ORDER BY id DESC LIMIT $3)
        SELECT id FROM (SELECT x.id AS id FROM top JOIN moments x ON x.id IN
                (SELECT m.id FROM moments m WHERE m.author = top.author AND m.open = 1 AND m.id < $2 AND ",
        shown!("$1"),
        " ORDER BY m.id DESC LIMIT $3)
            UNION ALL SELECT id FROM (SELECT m.id AS id FROM moments m
                WHERE m.author = $1 AND m.gone = 0 AND m.id < $2 ORDER BY m.id DESC LIMIT $3) own) page
        ORDER BY id DESC LIMIT $3"
    );
    let rows: Vec<(i64,)> = db.all(SELECT, args![me, before, limit]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

/// The newest moment of a friend in the feed, and what was seen.
pub(super) async fn newest(db: &Db, me: AccountId) -> Result<NewestMoment> {
    const SELECT: &str = concat!(
        "SELECT (SELECT MAX(n.id) FROM (",
        newest!(),
        ") n), COALESCE((SELECT moment FROM moment_seen WHERE account = $1), 0)"
    );
    let row: Option<(Option<i64>, i64)> = db.first(SELECT, args![me, u64::MAX]).await?;
    let (newest, seen) = row.unwrap_or_default();
    Ok(NewestMoment { newest: newest.map(|id| id as u64), seen: seen as u64 })
}

/// The numbers of a page of one person's moments.
pub(super) async fn page(
    db: &Db,
    me: AccountId,
    author: AccountId,
    before: u64,
    limit: u64,
) -> Result<Vec<u64>> {
    const SELECT: &str = concat!(
        "SELECT m.id FROM moments m WHERE m.author = $2 AND m.id < $3 AND ",
        seen!("$1"),
        " ORDER BY m.id DESC LIMIT $4"
    );
    let rows: Vec<(i64,)> = db.all(SELECT, args![me, author, before, limit]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

pub(super) async fn is_somebody(db: &Db, account: AccountId) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    let row: Option<(i64,)> = db.first(SELECT, args![account]).await?;
    Ok(row.is_some())
}

/// One moment, if the caller sees it.
pub(super) async fn one(db: &Db, me: AccountId, moment: u64) -> Result<Option<Moment>> {
    Ok(load(db, me, &[moment]).await?.pop())
}

/// Moments as the caller sees them, newest first; those the caller does not see are left out.
pub(super) async fn load(db: &Db, me: AccountId, ids: &[u64]) -> Result<Vec<Moment>> {
    const SELECT: &str = concat!(
        "SELECT m.id, m.author, m.at_ms, m.text, m.visibility,
            EXISTS (SELECT 1 FROM moment_likes l WHERE l.moment = m.id AND l.account = $1)
        FROM json_each($2) j JOIN moments m ON m.id = j.value WHERE ",
        seen!("$1"),
        " ORDER BY m.id DESC"
    );
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = db::list(ids)?;
    let rows: Vec<(i64, i64, i64, String, i64, i64)> = db.all(SELECT, args![me, &*wanted]).await?;
    let mut people = people(db, me, &wanted).await?;
    let mut likes = likes(db, me, &wanted).await?;
    let mut comments = comments(db, me, &wanted).await?;
    let mut pictures = picture_store::of(db, &wanted).await?;
    let moments = rows.into_iter().map(|(id, author, at, text, visibility, liked)| {
        let own = author == me.sql();
        let (likes, like_count) = likes.remove(&id).unwrap_or_default();
        let (comments, comment_count) = comments.remove(&id).unwrap_or_default();
        let mut moment = Moment {
            moment: id as u64,
            author: author.into(),
            at_ms: at as u64,
            text,
            pictures: Vec::new(),
            alts: Vec::new(),
            facts: Vec::new(),
            gone: Vec::new(),
            visibility: own.then_some(visibility as u8),
            people: people.remove(&id).unwrap_or_default(),
            liked: liked != 0,
            like_count,
            likes,
            comment_count,
            comments,
        };
        pictures.remove(&id).unwrap_or_default().show(&mut moment);
        moment
    });
    Ok(moments.collect())
}

/// The chosen or excepted friends of own moments.
async fn people(db: &Db, me: AccountId, ids: &str) -> Result<HashMap<i64, Vec<AccountId>>> {
    const SELECT: &str = "SELECT p.moment, p.account FROM json_each($2) j
        JOIN moments m ON m.id = j.value AND m.author = $1
        JOIN moment_people p ON p.moment = m.id ORDER BY p.moment, p.account";
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![me, ids]).await?;
    let mut people: HashMap<i64, Vec<AccountId>> = HashMap::new();
    for (moment, account) in rows {
        people.entry(moment).or_default().push(account.into());
    }
    Ok(people)
}

/// The newest likes of some moments, and how many there are.
async fn likes(db: &Db, me: AccountId, ids: &str) -> Result<HashMap<i64, (Vec<AccountId>, u64)>> {
    const SELECT: &str = concat!(
        "SELECT moment, account, total FROM (SELECT l.moment AS moment, l.account AS account,
            ROW_NUMBER() OVER (PARTITION BY l.moment ORDER BY l.at_ms DESC, l.account) AS place,
            COUNT(*) OVER (PARTITION BY l.moment) AS total
            FROM json_each($2) j JOIN moments m ON m.id = j.value JOIN moment_likes l ON l.moment = m.id WHERE ",
        common!("l.account"),
        ") shown WHERE place <= $3 ORDER BY moment, place"
    );
    let rows: Vec<(i64, i64, i64)> = db.all(SELECT, args![me, ids, limits::LIKES_SHOWN_MAX as u64]).await?;
    let mut likes: HashMap<i64, (Vec<AccountId>, u64)> = HashMap::new();
    for (moment, account, total) in rows {
        let (people, count) = likes.entry(moment).or_default();
        people.push(account.into());
        *count = total as u64;
    }
    Ok(likes)
}

/// The newest comments on some moments, in order, and how many there are.
async fn comments(db: &Db, me: AccountId, ids: &str) -> Result<HashMap<i64, (Vec<MomentComment>, u64)>> {
    const SELECT: &str = concat!(
        "SELECT s.moment, s.total, c.id, c.account, c.at_ms, c.text, c.reply_to, c.reply_account
        FROM (SELECT c.id AS id, c.moment AS moment,
            ROW_NUMBER() OVER (PARTITION BY c.moment ORDER BY c.id DESC) AS place,
            COUNT(*) OVER (PARTITION BY c.moment) AS total
            FROM json_each($2) j JOIN moments m ON m.id = j.value JOIN moment_comments c ON c.moment = m.id
            WHERE ",
        comment_seen!(),
        ") s JOIN moment_comments c ON c.id = s.id WHERE s.place <= $3 ORDER BY c.id"
    );
    type Row = (i64, i64, i64, i64, i64, String, Option<i64>, Option<i64>);
    let rows: Vec<Row> = db.all(SELECT, args![me, ids, limits::COMMENTS_SHOWN_MAX as u64]).await?;
    let mut comments: HashMap<i64, (Vec<MomentComment>, u64)> = HashMap::new();
    for (moment, total, id, account, at, text, reply_to, reply_account) in rows {
        let (shown, count) = comments.entry(moment).or_default();
        shown.push(reaction_store::comment((id, account, at, text, reply_to, reply_account)));
        *count = total as u64;
    }
    Ok(comments)
}

/// Keeps somebody's moments out of the feed; whether that is new.
pub(super) async fn hide(tx: &mut Tx, account: AccountId, author: AccountId) -> Result<bool> {
    const INSERT: &str = "INSERT INTO moment_hidden (account, author) VALUES ($1, $2)
        ON CONFLICT (account, author) DO NOTHING";
    Ok(tx.execute(INSERT, args![account, author]).await? > 0)
}

/// Lets them in again; whether that is new.
pub(super) async fn show(tx: &mut Tx, account: AccountId, author: AccountId) -> Result<bool> {
    const DELETE: &str = "DELETE FROM moment_hidden WHERE account = $1 AND author = $2";
    Ok(tx.execute(DELETE, args![account, author]).await? > 0)
}

pub(super) async fn count_hidden(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM moment_hidden WHERE account = $1";
    let row: Option<(i64,)> = tx.first(COUNT, args![account]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn hidden(
    db: &Db,
    account: AccountId,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>> {
    const SELECT: &str =
        "SELECT author FROM moment_hidden WHERE account = $1 AND author > $2 ORDER BY author LIMIT $3";
    let rows: Vec<(i64,)> = db.all(SELECT, args![account, after.unwrap_or_default(), limit]).await?;
    Ok(rows.into_iter().map(|(author,)| author.into()).collect())
}

/// Moves the marker; whether it moved.
pub(super) async fn mark_seen(tx: &mut Tx, account: AccountId, moment: u64) -> Result<bool> {
    const SET: &str = "INSERT INTO moment_seen (account, moment) VALUES ($1, $2)
        ON CONFLICT (account) DO UPDATE SET moment = excluded.moment WHERE moment_seen.moment < excluded.moment";
    Ok(tx.execute(SET, args![account, moment]).await? > 0)
}

/// Some moments of an author, also deleted ones.
pub(super) async fn some_of(tx: &mut Tx, author: AccountId, most: u64) -> Result<Vec<u64>> {
    const SELECT: &str = "SELECT id FROM moments WHERE author = $1 ORDER BY id LIMIT $2";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![author, most]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

/// Deleted moments are nobody's from now on; their numbers stay.
pub(super) async fn disown(tx: &mut Tx, moments: &[u64]) -> Result<()> {
    const UPDATE: &str = "UPDATE moments SET author = 0, client_id = NULL, hash = NULL
        WHERE id IN (SELECT value FROM json_each($1))";
    tx.execute(UPDATE, args![db::list(moments)?]).await.map(drop)
}

pub(super) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    const PEOPLE: &str = "DELETE FROM moment_people WHERE account = $1
        OR moment IN (SELECT id FROM moments WHERE author = $1)";
    const MOMENTS: &str = "UPDATE moments SET author = 0, client_id = NULL, hash = NULL, gone = 1, open = 0,
        text = '' WHERE author = $1";
    tx.execute(PEOPLE, args![account]).await?;
    tx.execute(MOMENTS, args![account]).await?;
    tx.execute("DELETE FROM moment_hidden WHERE account = $1 OR author = $1", args![account]).await?;
    tx.execute("DELETE FROM moment_seen WHERE account = $1", args![account]).await.map(drop)
}
