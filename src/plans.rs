//! No statement walks a whole table, but where that is said here with its reason.
//!
//! The statements are those of the stores and of the writer that stand in one piece; those made of pieces are not seen.

use std::{fs, path::Path, time::Duration};

use crate::{
    db::{Db, Options, Value},
    layout,
};

/// In which file what may be walked through, and why.
const WALKED: &[(&str, &[&str], &str)] = &[
    (
        "admin/store.rs",
        &["accounts", "sessions", "conversations", "mail_queue", "i", "invites"],
        "operators ask",
    ),
    ("account/store.rs", &["invites"], "open invites are few: who makes one takes those that ended away"),
    ("account/ends_store.rs", &["invites"], "the same"),
    ("account/store.rs", &["accounts"], "a server's start looks for an operator"),
    ("history/store.rs", &["h", "halves"], "the steps of a search by halves"),
    ("mail/store.rs", &["mail_queue", "mail_codes", "q", "c"], "what waits is bounded"),
    ("files/expiry_store.rs", &["file_owners_gone", "s"], "the next one"),
    ("files/content_store.rs", &["contents", "content_leftovers"], "an operator verifies the storage"),
    ("files/store.rs", &["file_ids"], "one row"),
    ("people/recommend_store.rs", &["n", "p", "m", "shown"], "lists of the request"),
];

/// A statement in one piece, as the program runs it.
fn statement(literal: &str) -> Option<String> {
    // A line that goes on behind a backslash.
    let mut lines = literal.split("\\\n");
    let first = lines.next()?.to_owned();
    let text = lines.fold(first, |text, line| text + line.trim_start());
    let word = text.split_whitespace().next()?;
    matches!(word, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH").then_some(text)
}

/// The source with a mark before the first piece of each statement that is put together: by itself it may be one.
fn without_pieces(source: &str) -> String {
    let mut parts = source.split("concat!(");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| match part.trim_start().strip_prefix('"') {
        Some(piece) => format!("{all}concat!(\"+{piece}"),
        None => format!("{all}concat!({part}"),
    })
}

/// What a plan walks through from its beginning to its end.
fn walked(plan: &str) -> Option<&str> {
    let rest = plan.strip_prefix("SCAN ")?;
    let is_list = rest.contains("VIRTUAL TABLE")
        || rest.contains(" ROW")
        || rest.contains("-ROW")
        || rest.starts_with('(');
    rest.split(' ').next().filter(|_| !is_list)
}

#[tokio::test]
async fn no_statement_walks_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        full_durability: false,
        readers: 1,
        checkpoint_bytes: 1024 * 1024,
        read_time: Duration::from_secs(5),
    };
    let (db, _connection) = Db::open(folder.path(), &options).await.unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    layout::sources(&root, &mut files);
    let (mut looked, mut strange) = (0, Vec::new());
    for path in files {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if !name.ends_with("store.rs") && !name.starts_with("writer/") {
            continue;
        }
        let source = without_pieces(&fs::read_to_string(&path).unwrap());
        for sql in layout::literals(&source).iter().filter_map(|literal| statement(literal)) {
            let arguments = vec![Value::I(1); sql.matches('$').count()];
            let explain: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
            // A piece of a statement cannot be explained.
            let Ok(plan) = db.all::<(i64, i64, i64, String)>(explain, &arguments).await else { continue };
            looked += 1;
            for what in plan.iter().filter_map(|(.., step)| walked(step)) {
                let allowed =
                    |(file, names, _): &(&str, &[&str], &str)| name.ends_with(file) && names.contains(&what);
                if !WALKED.iter().any(allowed) {
                    strange.push(format!("{name} walks through {what}: {sql}"));
                }
            }
        }
    }
    assert!(looked > 400, "only {looked} statements were explained");
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}
