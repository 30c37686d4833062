//! The words feature's SQL: `own_words` and `own_word_terms`.

use std::collections::HashMap;

use litrocket_protocol::{
    AccountId, MessageId,
    words::{NewWord, Word},
};

use super::terms::{self, Asked};
use crate::{
    args,
    db::{self, Db},
    error::{Error, Result},
    writer::Tx,
};

type Row = (Vec<u8>, String, String, String, String, String, i64, i64);

fn word(row: Row) -> Result<Word> {
    let (id, word, reading, meaning, example, note, created_ms, changed_ms) = row;
    let id = id.try_into().map_err(|_| Error::Internal("the id of an own word has not 16 bytes".into()))?;
    Ok(Word {
        id: MessageId(id),
        word,
        reading,
        meaning,
        example,
        note,
        created_ms: created_ms as u64,
        changed_ms: changed_ms as u64,
    })
}

/// Behind everything that begins with a text.
fn behind(text: &str) -> String {
    format!("{text}\u{10ffff}")
}

/// The own words that fit, best first.
pub(super) async fn found(db: &Db, account: AccountId, asked: &Asked, limit: u64) -> Result<Vec<Word>> {
    const SELECT: &str = "SELECT w.id, w.word, w.reading, w.meaning, w.example, w.note, w.created_ms, w.changed_ms
        FROM (SELECT id, MIN(CASE WHEN term = $2 THEN 0 WHEN term >= $2 AND term < $3 THEN 2 ELSE 1 END) AS fit
            FROM own_word_terms
            WHERE account = $1 AND (term >= $2 AND term < $3 OR term IN (SELECT value FROM json_each($4)))
            GROUP BY id) t
        JOIN own_words w ON w.account = $1 AND w.id = t.id
        ORDER BY t.fit, w.changed_ms DESC, w.id LIMIT $5";
    let args = args![account, &*asked.text, behind(&asked.text), db::list(&asked.others)?, limit];
    db.all::<Row>(SELECT, args).await?.into_iter().map(word).collect()
}

/// The own words below an id, newest first.
pub(super) async fn page(
    db: &Db,
    account: AccountId,
    asked: Option<&Asked>,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Word>> {
    const ALL: &str =
        "SELECT id, word, reading, meaning, example, note, created_ms, changed_ms FROM own_words
        WHERE account = $1 AND id < $2 AND deleted_ms IS NULL ORDER BY id DESC LIMIT $3";
    const FOUND: &str =
        "SELECT id, word, reading, meaning, example, note, created_ms, changed_ms FROM own_words
        WHERE account = $1 AND id < $2 AND id IN (SELECT id FROM own_word_terms
            WHERE account = $1 AND (term >= $4 AND term < $5 OR term IN (SELECT value FROM json_each($6))))
        ORDER BY id DESC LIMIT $3";
    let before = before.unwrap_or(MessageId([0xff; 16]));
    let rows: Vec<Row> = match asked {
        None => db.all(ALL, args![account, before, limit]).await?,
        Some(asked) => {
            let (from, to) = (&*asked.text, behind(&asked.text));
            db.all(FOUND, args![account, before, limit, from, to, db::list(&asked.others)?]).await?
        }
    };
    rows.into_iter().map(word).collect()
}

/// How many own words an account has.
pub(super) async fn count(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM own_words WHERE account = $1 AND deleted_ms IS NULL";
    let row: Option<(i64,)> = tx.first(COUNT, args![account]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// What an id stands for already.
pub(super) struct Earlier {
    /// Of what was added.
    pub(super) hash: Vec<u8>,
    /// The word as it is now; `None` when it is deleted.
    pub(super) word: Option<Word>,
}

pub(super) async fn earlier(tx: &mut Tx, account: AccountId, id: MessageId) -> Result<Option<Earlier>> {
    Ok(earlier_all(tx, account, &[id]).await?.remove(&id))
}

/// The same of some ids.
pub(super) async fn earlier_all(
    tx: &mut Tx,
    account: AccountId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Earlier>> {
    const SELECT: &str =
        "SELECT hash, deleted_ms, id, word, reading, meaning, example, note, created_ms, changed_ms FROM own_words
        WHERE account = $1 AND id IN (SELECT unhex(value, '-') FROM json_each($2))";
    type Found = (Vec<u8>, Option<i64>, Vec<u8>, String, String, String, String, String, i64, i64);
    let ids: Vec<String> = ids.iter().map(MessageId::to_string).collect();
    let rows: Vec<Found> = tx.all(SELECT, args![account, db::list(&ids)?]).await?;
    rows.into_iter()
        .map(|(hash, deleted, id, text, reading, meaning, example, note, created, changed)| {
            let word = word((id, text, reading, meaning, example, note, created, changed))?;
            Ok((word.id, Earlier { hash, word: deleted.is_none().then_some(word) }))
        })
        .collect()
}

/// Own words that say the same as some that are to be added, each with the place of that one.
pub(super) async fn equals(tx: &mut Tx, account: AccountId, new: &[NewWord]) -> Result<HashMap<usize, Word>> {
    const SELECT: &str =
        "SELECT j.key, w.id, w.word, w.reading, w.meaning, w.example, w.note, w.created_ms, w.changed_ms
        FROM json_each($2) j CROSS JOIN own_words w ON w.account = $1 AND w.word = json_extract(j.value, '$[0]')
            AND w.reading = json_extract(j.value, '$[1]') AND w.meaning = json_extract(j.value, '$[2]')
        WHERE w.deleted_ms IS NULL";
    type Found = (i64, Vec<u8>, String, String, String, String, String, i64, i64);
    let texts: Vec<_> = new.iter().map(|word| [&word.word, &word.reading, &word.meaning]).collect();
    let rows: Vec<Found> = tx.all(SELECT, args![account, db::list(&texts)?]).await?;
    rows.into_iter()
        .map(|(place, id, text, reading, meaning, example, note, created, changed)| {
            Ok((place as usize, word((id, text, reading, meaning, example, note, created, changed))?))
        })
        .collect()
}

/// Adds words, each with the hash of what was asked for and what it is found by.
pub(super) async fn insert(tx: &mut Tx, account: AccountId, words: &[(Word, [u8; 32])]) -> Result<()> {
    const INSERT: &str = "INSERT INTO own_words
        (account, id, hash, word, reading, meaning, example, note, created_ms, changed_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = |(word, hash): &(Word, [u8; 32])| {
        args![
            account,
            word.id,
            *hash,
            &*word.word,
            &*word.reading,
            &*word.meaning,
            &*word.example,
            &*word.note,
            word.created_ms,
            word.changed_ms,
        ]
        .to_vec()
    };
    let rows: Vec<_> = words.iter().map(row).collect();
    tx.execute_many(INSERT, &rows).await?;
    let terms = words.iter().flat_map(|(word, _)| terms::of(word).into_iter().map(|term| (word.id, term)));
    add_terms(tx, account, terms).await
}

pub(super) async fn update(tx: &mut Tx, account: AccountId, word: &Word) -> Result<()> {
    const UPDATE: &str =
        "UPDATE own_words SET word = $3, reading = $4, meaning = $5, example = $6, note = $7,
            changed_ms = $8 WHERE account = $1 AND id = $2";
    let args = args![
        account,
        word.id,
        &*word.word,
        &*word.reading,
        &*word.meaning,
        &*word.example,
        &*word.note,
        word.changed_ms,
    ];
    tx.execute(UPDATE, args).await.map(drop)
}

/// Deleted words of an account that are remembered, so that a late retry does not bring them back.
const DELETED_MAX: u64 = 1_000;

/// Empties a word; its id stays taken until many more are deleted.
pub(super) async fn delete(tx: &mut Tx, account: AccountId, id: MessageId) -> Result<()> {
    const EMPTY: &str = "UPDATE own_words SET word = '', reading = '', meaning = '', example = '', note = '',
            deleted_ms = $3, hash = $4 WHERE account = $1 AND id = $2";
    const FORGET: &str = "DELETE FROM own_words WHERE account = $1 AND id IN (SELECT id FROM own_words
        WHERE account = $1 AND deleted_ms IS NOT NULL ORDER BY deleted_ms DESC, id DESC LIMIT 100 OFFSET $2)";
    let now = tx.now_ms();
    tx.execute(EMPTY, args![account, id, now, Vec::<u8>::new()]).await?;
    tx.execute(FORGET, args![account, DELETED_MAX]).await?;
    set_terms(tx, account, id, Vec::new()).await
}

/// Replaces what a word is found by.
pub(super) async fn set_terms(
    tx: &mut Tx,
    account: AccountId,
    id: MessageId,
    terms: Vec<String>,
) -> Result<()> {
    const DELETE: &str = "DELETE FROM own_word_terms WHERE account = $1 AND id = $2";
    tx.execute(DELETE, args![account, id]).await?;
    add_terms(tx, account, terms.into_iter().map(|term| (id, term))).await
}

async fn add_terms(
    tx: &mut Tx,
    account: AccountId,
    terms: impl Iterator<Item = (MessageId, String)>,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO own_word_terms (account, term, id) VALUES ($1, $2, $3)";
    let rows: Vec<_> = terms.map(|(id, term)| args![account, term, id].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await
}

/// Everything the feature keeps of an account goes.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("DELETE FROM own_words WHERE account = $1", args![account]).await?;
    tx.execute("DELETE FROM own_word_terms WHERE account = $1", args![account]).await.map(drop)
}
