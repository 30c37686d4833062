//! The pictures of moments: the table `moment_pictures`. What the files are and who reads them is the files feature's.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, moments::Moment, pictures::Picture};

use crate::{
    args,
    db::{self, Db},
    error::Result,
    features::files,
    writer::Tx,
};

/// Gives a moment its pictures, in order, each with what it shows. The quota is that of the author's files, in bytes.
pub(super) async fn put(
    tx: &mut Tx,
    author: AccountId,
    moment: u64,
    (pictures, alts): (&[u64], &[String]),
    quota: u64,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO moment_pictures (moment, place, file, alt) VALUES ($1, $2, $3, $4)";
    let pictures = files::use_pictures(tx, author, pictures, quota).await?;
    let alt = |place: usize| alts.get(place).map_or("", String::as_str);
    let row = |(place, file): (usize, &u64)| args![moment, place as u64, *file, alt(place)].to_vec();
    let rows: Vec<_> = pictures.iter().enumerate().map(row).collect();
    tx.execute_many(INSERT, &rows).await
}

/// Moments are deleted: they have no pictures any more.
pub(super) async fn delete(tx: &mut Tx, moments: &[u64]) -> Result<()> {
    const DELETE: &str =
        "DELETE FROM moment_pictures WHERE moment IN (SELECT value FROM json_each($1)) RETURNING file";
    let files: Vec<(i64,)> = tx.all(DELETE, args![db::list(moments)?]).await?;
    let files: Vec<u64> = files.into_iter().map(|(file,)| file as u64).collect();
    files::unused(tx, &files).await
}

/// An account is deleted: before its moments lose their author.
pub(super) async fn erase(tx: &mut Tx, author: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_pictures
        WHERE moment IN (SELECT id FROM moments WHERE author = $1) RETURNING file";
    let files: Vec<(i64,)> = tx.all(DELETE, args![author]).await?;
    let files: Vec<u64> = files.into_iter().map(|(file,)| file as u64).collect();
    files::unused(tx, &files).await
}

/// Files, what they show, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    files: Vec<u64>,
    alts: Vec<String>,
    facts: Vec<Picture>,
    gone: Vec<u64>,
}

impl Pictures {
    pub(super) fn show(self, moment: &mut Moment) {
        moment.pictures = self.files;
        moment.facts = self.facts;
        moment.gone = self.gone;
        if self.alts.iter().any(|alt| !alt.is_empty()) {
            moment.alts = self.alts;
        }
    }
}

/// The pictures of some moments.
pub(super) async fn of(db: &Db, ids: &str) -> Result<HashMap<i64, Pictures>> {
    const SELECT: &str = "SELECT i.moment, i.file, i.alt, COALESCE(p.width, 0), COALESCE(p.height, 0),
            COALESCE(p.blurhash, ''), f.content IS NULL
        FROM json_each($1) j JOIN moment_pictures i ON i.moment = j.value LEFT JOIN files f ON f.id = i.file
        LEFT JOIN pictures p ON p.content = f.content AND p.state = 1 ORDER BY i.moment, i.place";
    let rows: Vec<(i64, i64, String, i64, i64, String, i64)> = db.all(SELECT, args![ids]).await?;
    let mut all: HashMap<i64, Pictures> = HashMap::new();
    for (moment, file, alt, width, height, blurhash, gone) in rows {
        let of = all.entry(moment).or_default();
        of.files.push(file as u64);
        if gone != 0 {
            of.gone.push(file as u64);
        }
        of.alts.push(alt);
        of.facts.push(Picture { width: width as u32, height: height as u32, blurhash });
    }
    Ok(all)
}
