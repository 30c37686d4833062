//! `docs/privacy.md` says of every table what becomes of it when an account ends.

use std::{collections::BTreeSet, time::Duration};

use crate::db::{Db, Options};

#[tokio::test]
async fn the_page_on_privacy_names_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        full_durability: false,
        readers: 1,
        checkpoint_bytes: 1024 * 1024,
        read_time: Duration::from_secs(5),
    };
    let (db, _connection) = Db::open(folder.path(), &options).await.unwrap();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    let rows: Vec<(String,)> = db.all(sql, &[]).await.unwrap();
    let tables: BTreeSet<String> = rows.into_iter().map(|(name,)| name).collect();
    let page = include_str!("../docs/privacy.md");
    let named: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let missing: Vec<_> = tables.difference(&named).collect();
    assert!(
        missing.is_empty(),
        "say in docs/privacy.md what becomes of {missing:?} at the end of an account"
    );
    let unknown: Vec<_> = named.difference(&tables).collect();
    assert!(unknown.is_empty(), "docs/privacy.md names tables that there are not: {unknown:?}");
}
