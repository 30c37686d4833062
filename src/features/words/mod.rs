//! Words: the dictionary, a person's own words.
//!
//! [`look`] answers look-ups, [`dictionary`] has the dictionary in memory from its first use on, [`own`] keeps what a
//! person adds, [`terms`] says what an own word is found by. The dictionary itself is `litrocket_dictionary`.

mod dictionary;
mod look;
mod own;
mod store;
mod terms;

use crate::rpc::Router;

pub use dictionary::Dictionary;
pub(crate) use store::erase;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router.on(look::look_up).on(look::keep).on(own::add).on(own::edit).on(own::delete).on(own::list)
}
