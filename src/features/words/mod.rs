//! Words: the dictionary, a person's own words, translation.
//!
//! [`look`] answers look-ups, [`dictionary`] has the dictionary in memory from its first use on, [`own`] keeps what a
//! person adds, [`terms`] says what an own word is found by, [`translate`] asks the engine of the configuration. The dictionary itself
//! is `litrocket_dictionary`.

mod dictionary;
mod export_store;
mod look;
mod own;
mod store;
mod terms;
mod translate;

use crate::rpc::Router;

pub use dictionary::{Dictionary, OWN_FILE};
pub(crate) use export_store::EXPORT;
pub(crate) use store::erase;
pub use translate::Translator;

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
