//! SQL stands in the storage itself and in the store half of a feature, and nowhere else: no other file of the server holds
//! a piece of a statement or runs one.

use std::{collections::BTreeSet, fs, path::Path};

use super::sources;

/// What may hold SQL beside files named `*store.rs`, and why.
const STORAGE: &[&str] = &[
    // The storage itself.
    "db/", "writer/",  // The rows that the load harness begins with.
    "bench.rs", // Tests of the whole: the list of the tables, and this page.
    "house/",
];

/// The texts between quotes in a piece of Rust.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            'r' if rest.trim_start_matches('r').trim_start_matches('#').starts_with('"') => {
                let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
                let (from, close) = (hashes + 2, format!("\"{}", "#".repeat(hashes)));
                let length = rest.get(from..).and_then(|text| text.find(&close)).unwrap_or(0);
                found.push(rest.get(from..from + length).unwrap_or_default().to_owned());
                from + length + close.len()
            }
            '"' => {
                let length = closing(&rest[1..], '"');
                found.push(rest[1..=length].to_owned());
                length + 2
            }
            // A character; anything else behind such a mark is a lifetime.
            '\'' if rest[1..].starts_with('\\') => closing(&rest[1..], '\'') + 2,
            '\'' if rest.chars().nth(2) == Some('\'') => {
                rest.char_indices().nth(2).map_or(1, |(at, _)| at + 1)
            }
            // A name may end in what begins a text.
            c if c.is_alphanumeric() || c == '_' => {
                let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if &rest[..name] == "br" { 1 } else { name }
            }
            other => other.len_utf8(),
        };
        rest = rest.get(end..).unwrap_or_default();
    }
    found
}

/// Where a text ends, escapes apart.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let is_end = |c: char| {
        let end = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        end
    };
    text.find(is_end).unwrap_or(text.len().saturating_sub(1))
}

/// Whether a text is a statement, a piece of one, or an argument in one.
fn is_sql(text: &str) -> bool {
    const PIECES: &[&str] = &[
        "SELECT",
        "FROM",
        "WHERE",
        "JOIN",
        "EXISTS",
        "ORDER",
        "LIMIT",
        "VALUES",
        "RETURNING",
        "COALESCE",
        "CASE",
        "SET",
        "NULL",
    ];
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$')
        .filter(|word| !word.is_empty())
        .collect();
    let begins = matches!(
        words[..],
        ["SELECT" | "UPDATE" | "WITH" | "PRAGMA", _, ..]
            | ["INSERT" | "REPLACE", "INTO" | "OR", ..]
            | ["DELETE", "FROM", ..]
            | ["CREATE" | "ALTER" | "DROP", "TABLE" | "INDEX" | "TRIGGER" | "VIEW", ..]
    );
    let is_argument = |word: &&str| {
        word.strip_prefix('$').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let pieces: BTreeSet<&&str> = words.iter().filter(|word| PIECES.contains(word)).collect();
    begins || pieces.len() > 1 || words.iter().any(is_argument)
}

#[test]
fn sql_stands_in_the_store_half_of_a_feature_and_nowhere_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut stores, mut strange) = (0, Vec::new());
    for path in sources(&root) {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if STORAGE.iter().any(|storage| name.starts_with(storage)) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let sql = literals(&source).into_iter().find(|text| is_sql(text));
        if name.starts_with("features/") && name.ends_with("store.rs") {
            stores += usize::from(sql.is_some());
        } else if let Some(sql) = sql {
            strange.push(format!("{name}: {sql}"));
        } else if source.contains("args![") {
            strange.push(format!("{name}: runs a statement"));
        }
    }
    assert!(stores > 20, "the look-out sees no SQL where there is some: {stores} stores");
    assert!(strange.is_empty(), "move it into the feature's store:\n{}", strange.join("\n"));
}

#[test]
fn statements_and_their_pieces_are_seen_and_other_texts_are_not() {
    let source = r##"
        // "SELECT name FROM comments" is none.
        const A: &str = "SELECT id FROM accounts";
        const B: &str = "UPDATE accounts
            SET locked = 0";
        const C: &str = concat!("(", " = 2 AND EXISTS (SELECT 1 FROM friends", ")");
        let d = ('"', 'a', "m.id = $1", b'\'', '\\');
        fn e<'a>(x: &'a str) -> &'a str { r#"DELETE FROM "invites" i"# }
        let f = ["SELECT", "From you", "WITH", "update it", "set from where", "cost: $", "a \" SELECT b", "MIT OR X"];
    "##;
    let sql: Vec<String> = literals(source).into_iter().filter(|text| is_sql(text)).collect();
    let starts: Vec<&str> = sql.iter().map(|text| text.split('\n').next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "SELECT id FROM accounts",
            "UPDATE accounts",
            " = 2 AND EXISTS (SELECT 1 FROM friends",
            "m.id = $1",
            "DELETE FROM \"invites\" i",
        ]
    );
    assert_eq!(literals(source).len(), 15);
}
