//! What only the server and the SDK have: texts that are searched for, the configuration, addresses.

use std::cell::RefCell;

use litrocket::{config::Config, features::search};
use litrocket_client::Address;

use crate::Input;

thread_local! {
    /// An index as the server's, for one text at a time.
    static WORDS: RefCell<rusqlite::Connection> = {
        let words = rusqlite::Connection::open_in_memory().unwrap();
        words
            .execute_batch("CREATE VIRTUAL TABLE words USING fts5(t, content = '', contentless_delete = 1, tokenize = 'ascii')")
            .unwrap();
        RefCell::new(words)
    };
}

/// A text is found by itself and by a query that matches it, in the scan and in FTS5 alike.
pub(crate) fn search(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (query, text) = (input.line(), input.text());
    let tokens = search::tokens(&text);
    let plain = |token: &String| token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    assert!(tokens.iter().all(|token| plain(token) && token.len() <= 80), "{tokens:?}");
    WORDS.with_borrow(|words| {
        words
            .execute("INSERT INTO words (rowid, t) VALUES (1, ?1)", [format!("kv7 {}", tokens.join(" "))])
            .unwrap();
        for (asked, is_itself) in [(&query, false), (&text, true)] {
            let Some(parsed) = search::Query::parse(asked) else {
                assert!(!is_itself || tokens.is_empty(), "{text:?} cannot be searched for");
                continue;
            };
            let matches = parsed.matches(&text);
            assert!(matches || !is_itself, "{text:?} does not match itself");
            let mut find = words.prepare_cached("SELECT count(*) FROM words WHERE words MATCH ?1").unwrap();
            for (scope, expected) in [(7, matches), (8, false)] {
                let found: i64 = find.query_row([parsed.fts5(&[scope], None)], |row| row.get(0)).unwrap();
                assert_eq!(found == 1, expected, "{asked:?} in {text:?}: {parsed:?}");
            }
        }
        words.execute("DELETE FROM words WHERE rowid = 1", []).unwrap();
    });
}

pub(crate) fn config(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    let Ok(config) = Config::from_toml(&text) else { return };
    let written = config.to_toml();
    let again = Config::from_toml(&written).unwrap();
    assert_eq!(again.to_toml(), written, "{text:?}");
    assert!(again.listen().is_ok(), "{text:?}");
}

/// Where a server is, as people write it.
pub(crate) fn addresses(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    let Ok(address) = text.parse::<Address>() else { return };
    assert!(!address.host.is_empty(), "{text:?}: {address:?}");
    let again: Address = format!("  {text} ").parse().unwrap();
    assert_eq!(again, address, "{text:?}");
}
