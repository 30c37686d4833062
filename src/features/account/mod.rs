//! Accounts: hello, sign-up, sign-in, sessions, passwords, profiles, invites.
//!
//! [`sign_in`] is the way in, [`sessions`] what a person does with their devices, [`profile`] what others see,
//! [`invites`] who may come. Knows nothing of conversations but that a deleted account leaves its groups.

mod invites;
mod password;
mod profile;
mod sessions;
mod sign_in;
pub(crate) mod store;
mod throttle;

use crate::rpc::Router;

pub use invites::{first_invite, link};
pub use password::Passwords;
pub use throttle::Throttle;

/// Bytes of a session token.
pub const TOKEN_BYTES: usize = 32;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(sign_in::hello)
        .on(sign_in::register)
        .on(sign_in::sign_in)
        .on(sessions::sign_out)
        .on(sessions::list)
        .on(sessions::revoke)
        .on(sessions::change_password)
        .on(sessions::rotate_token)
        .on(sessions::delete_account)
        .on(profile::get)
        .on(profile::get_many)
        .on(profile::set)
        .on(profile::set_privacy)
        .on(invites::create)
}

/// What is stored of a token or a code: they are random, so a plain hash cannot be guessed back.
pub(crate) fn secret_hash(secret: &[u8]) -> Vec<u8> {
    blake3::hash(secret).as_bytes().to_vec()
}

/// Random bytes for a token.
fn random<const N: usize>() -> crate::error::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| crate::error::Error::Internal(error.to_string()))?;
    Ok(bytes)
}
