//! `docs/privacy.md` says of every table what becomes of it when an account ends, and what a table holds of a person is in
//! their export.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    db::{Db, Options},
    features::export,
};

/// Columns that are in nobody's export, each table with the reason; `*` are all that no line has.
const NOT_EXPORTED: &[(&str, &[&str], &str)] = &[
    ("accounts", &["name_key", "skeleton"], "derived from the handle"),
    ("accounts", &["password", "recovery_hash"], "hashes of secrets"),
    ("accounts", &["version", "log_version", "log_floor"], "counters of what devices have"),
    ("accounts", &["friend_count"], "how many lines `friend` there are"),
    (
        "accounts",
        &["deleted_ms", "locked_ms", "closing_ms", "closed_by_operator", "erase", "ending"],
        "nobody is signed in to such an account, and an export belongs to who is",
    ),
    ("sessions", &["account"], "the person's"),
    ("sessions", &["token_hash", "next_token_hash"], "hashes of secrets"),
    ("replaced_tokens", &["*"], "hashes of secrets"),
    ("invites", &["code_hash", "created_by"], "the hash of a secret; the person's"),
    ("account_log", &["*"], "what devices sync: each value stands in the table it is made from"),
    ("emails", &["account", "key", "findable"], "the person's; derived from the address; not used any more"),
    (
        "mail_codes",
        &["key", "account", "nonce"],
        "derived from the address; the person's; what makes the code",
    ),
    ("mail_queue", &["*"], "mails of codes, which say the same, for minutes"),
    (
        "conversations",
        &[
            "owner",
            "members",
            "made_id",
            "made_hash",
            "open_history",
            "retained_from",
            "created_ms",
            "last_at_ms",
        ],
        "the group's, or of both; what makes a retry of making it known",
    ),
    ("conversations", &["kind"], "told by its name"),
    ("members", &["shown"], "what is not shown is not exported"),
    ("members", &["refused"], "whether another blocks the person is not told"),
    ("members", &["deleted_to"], "the messages up to `cleared_to`"),
    ("members", &["slow_at_ms"], "when the last message was sent, which has its line"),
    ("members", &["parted_members"], "the group's, as it was"),
    ("hidden", &["account"], "the person's"),
    ("events", &["*"], "chat::said writes what stands, with its body"),
    ("reactions", &["account"], "the person's"),
    (
        "mentions",
        &["*"],
        "who is named in one's own messages is in their lines; the others are others' messages",
    ),
    ("friends", &["account"], "the person's"),
    ("friend_requests", &["told", "told_ms"], "how often the other side was told"),
    ("blocks", &["account"], "the person's"),
    ("strangers", &["account"], "the person's"),
    ("add_links", &["account"], "the person's"),
    ("group_refusals", &["account"], "the person's; what others refused is theirs"),
    ("recommend_dismissed", &["account"], "the person's"),
    ("people_terms", &["*"], "derived from the names"),
    (
        "moments",
        &["author", "client_id", "hash", "open", "gone"],
        "the person's; makes a retry known; derived",
    ),
    ("moment_comments", &["account", "client_id", "hash", "gone"], "the person's; makes a retry known"),
    ("moment_hidden", &["account"], "the person's"),
    ("moment_seen", &["account"], "the person's"),
    ("moment_likes", &["account"], "the person's"),
    ("moment_notices", &["account"], "the person's"),
    (
        "own_words",
        &["account", "id", "hash", "deleted_ms"],
        "the person's; makes a retry known; nothing is left",
    ),
    ("own_word_terms", &["*"], "derived from the word"),
    ("contents", &["*"], "the bytes of files, the same for all who have them; the files have their lines"),
    ("files", &["owner", "charge", "name_key", "shelved"], "the person's; derived"),
    ("file_use", &["*"], "derived from the files"),
    ("file_carriers", &["*"], "the messages name their files"),
    ("pictures", &["*"], "derived from the bytes of files"),
    ("avatars", &["*"], "counts the faces; `avatar` is there while one is shown"),
    ("avatar_pictures", &["id", "kind"], "the person's"),
    ("file_owners_gone", &["*"], "of deleted accounts"),
    ("content_leftovers", &["*"], "nothing of a person"),
    ("file_news", &["*"], "numbers of files, for moments"),
    ("file_ids", &["*"], "nothing of a person"),
    ("file_storage", &["*"], "nothing of a person"),
    ("group_file_readers", &["*"], "so that a download counts once; nobody is told whose it was"),
    ("group_files", &["name_key", "added_by"], "derived from the name; the person's"),
    ("groups", &["*"], "the group's; who changed it has an event"),
    ("group_terms", &["*"], "derived from the group's name"),
    ("group_links", &["code_hash", "made_by"], "the hash of a secret; the person's"),
    ("group_requests", &["account", "refused", "told", "told_ms"], "the person's; a refusal is the group's"),
    ("group_pins", &["pinned_by"], "the person's"),
    ("group_audit", &["id", "actor"], "a number of the group's; the person's"),
    (
        "reports",
        &["id", "reporter", "closed_ms"],
        "a number; the person's; what operators do with it is theirs",
    ),
    ("announcements", &["*"], "nothing of a person"),
    ("meta", &["*"], "nothing of a person"),
];

/// The words of a statement, without its texts: a column of a table is `alias.column`.
fn words(sql: &str) -> Vec<&str> {
    let outside = sql.split('\'').step_by(2);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    outside.flat_map(|part| part.split(|c| !is_word(c))).filter(|word| !word.is_empty()).collect()
}

/// What a statement selects: the JSON object, between its parentheses.
fn selected(sql: &str) -> &str {
    let from = sql.find("json_object(").unwrap();
    let mut depth = 0;
    let end = sql[from..].char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        *c == ')' && depth == 0
    });
    &sql[from..from + end.unwrap().0]
}

/// The columns that the lines of the export are made of.
fn exported(tables: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for kept in export::TABLES.iter().copied().flatten() {
        let all = words(kept.sql);
        let mut named: Vec<(&str, &str)> = Vec::new();
        for (at, word) in all.iter().enumerate() {
            if ["FROM", "JOIN"].contains(word)
                && let Some(table) = all.get(at + 1).filter(|table| tables.contains_key(**table))
            {
                named.push((table, all.get(at + 2).copied().unwrap_or_default()));
            }
        }
        for word in words(selected(kept.sql)) {
            let (alias, column) = word.split_once('.').unwrap_or(("", word));
            for (table, known) in &named {
                if (alias.is_empty() || alias == *known) && tables[*table].contains(column) {
                    found.insert(((*table).to_owned(), column.to_owned()));
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn what_the_tables_hold_of_a_person_is_exported_or_there_is_a_reason() {
    let (_folder, db) = database().await;
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sql = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_%' ESCAPE '\\'";
    let rows: Vec<(String, String)> = db.all(sql, &[]).await.unwrap();
    for (table, column) in rows {
        tables.entry(table).or_default().insert(column);
    }
    let exported = exported(&tables);
    let excused = |table: &str, column: &str| {
        let of = NOT_EXPORTED.iter().filter(|(name, ..)| *name == table);
        of.into_iter().any(|(_, columns, _)| columns.contains(&column) || columns.contains(&"*"))
    };
    let mut left_out = Vec::new();
    for (table, columns) in &tables {
        for column in columns {
            let is_exported = exported.contains(&(table.clone(), column.clone()));
            if !is_exported && !excused(table, column) {
                left_out.push(format!("{table}.{column}"));
            }
        }
    }
    assert!(left_out.is_empty(), "export it, or say in NOT_EXPORTED why not: {left_out:?}");
    for (table, columns, _) in NOT_EXPORTED {
        for column in columns.iter().filter(|column| **column != "*") {
            assert!(tables[*table].contains(*column), "{table}.{column} is excused and does not exist");
            let is_exported = exported.contains(&((*table).to_owned(), (*column).to_owned()));
            assert!(!is_exported, "{table}.{column} is excused, and exported all the same");
        }
    }
}

async fn database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        full_durability: false,
        readers: 1,
        checkpoint_bytes: 1024 * 1024,
        read_time: Duration::from_secs(5),
    };
    let (db, _connection) = Db::open(folder.path(), &options).await.unwrap();
    (folder, db)
}

#[tokio::test]
async fn the_page_on_privacy_names_every_table() {
    let (_folder, db) = database().await;
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    let rows: Vec<(String,)> = db.all(sql, &[]).await.unwrap();
    let tables: BTreeSet<String> = rows.into_iter().map(|(name,)| name).collect();
    let page = include_str!("../../docs/privacy.md");
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
