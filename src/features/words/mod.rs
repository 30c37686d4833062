//! Words: the dictionary, a person's own words, translation.
//!
//! [`look`] answers look-ups, [`dictionary`] has the dictionary in memory from its first use on, [`own`] keeps what a
//! person adds, [`terms`] says what an own word is found by, [`translate`] asks the engine of the configuration. The dictionary itself
//! is `litrocket_dictionary`.

mod dictionary;
mod look;
mod own;
mod store;
mod terms;
mod translate;

use crate::{features::export::Kept, rpc::Router};

pub use dictionary::{Dictionary, OWN_FILE};
pub(crate) use store::erase;
pub use translate::Translator;

/// What the feature holds of a person.
pub(crate) const EXPORT: &[Kept] = &[Kept {
    name: "word",
    sql: "SELECT rowid, json_object('word', word, 'reading', reading, 'meaning', meaning, 'example', example,
            'note', note, 'created_ms', created_ms, 'changed_ms', changed_ms)
        FROM own_words WHERE account = $1 AND rowid > $2 AND deleted_ms IS NULL ORDER BY rowid LIMIT $3",
}];

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(look::look_up)
        .on(look::keep)
        .on(own::add)
        .on(own::edit)
        .on(own::delete)
        .on(own::list)
        .on(translate::text)
        .on(translate::message)
        .on(translate::list)
        .on(translate::detect_language)
}
