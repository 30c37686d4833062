//! Accounts: hello, sign-up, sign-in, recovery, sessions, passwords, e-mail addresses, profiles, invites.
//!
//! [`sign_in`] is the way in, [`recovery`] the one without a password, [`sessions`] what a person does with their devices,
//! [`password`] hashes in a bounded pool, [`profile`] is what others see, [`privacy`] who sees it, [`invites`] who may come. Of conversations it knows that a deleted account
//! leaves its groups, and that who may write depends on privacy.

mod argon;
mod closing;
mod email;
mod ends;
mod ends_store;
mod export_store;
mod invites;
mod lines;
mod password;
pub(crate) mod privacy;
mod privacy_store;
mod profile;
mod profile_store;
mod recovery;
mod session_store;
mod sessions;
mod sign_in;
mod store;
mod throttle;

use litrocket_protocol::AccountId;

use crate::{error::Result, rpc::Router, writer::Tx};

pub(crate) use closing::close;
pub use closing::{Names, delete_due, delete_due_now};
pub(crate) use ends::reopen;
pub(crate) use ends_store::set_operator;
pub(crate) use export_store::EXPORT;
pub(crate) use invites::{address_with, letters, make as make_invite, random_code};
pub use invites::{first_invite, has_people, link};
pub use lines::Asker;
pub use password::Passwords;
pub(crate) use profile::avatar_changed;
pub(crate) use profile_store::profiles;
pub(crate) use recovery::reset;
pub use throttle::Throttle;

/// Locks an account, or takes the lock off. Who is locked out is signed in nowhere.
pub(crate) async fn set_locked(tx: &mut Tx, account: AccountId, locked: bool) -> Result<()> {
    ends_store::set_locked(tx, account, locked).await?;
    if locked {
        let sessions = session_store::running_sessions(tx, account).await?;
        sessions::end(tx, account, sessions, "locked").await?;
    }
    Ok(())
}

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
        .on(closing::announce)
        .on(sign_in::restore)
        .on(profile::get)
        .on(profile::get_many)
        .on(profile::set)
        .on(privacy::set)
        .on(invites::create)
        .on(email::send_code)
        .on(recovery::recover)
        .on(recovery::renew)
        .on(email::change)
        .on(email::confirm)
        .on(email::get)
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
