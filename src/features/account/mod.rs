//! Accounts: hello, sign-up, sign-in, recovery, sessions, passwords, e-mail addresses, profiles, invites.
//!
//! [`sign_in`] is the way in, [`recovery`] the one without a password, [`sessions`] what a person does with their devices,
//! [`profile`] what others see, [`privacy`] who sees it, [`invites`] who may come. Of conversations it knows that a deleted account
//! leaves its groups, and that who may write depends on privacy.

mod closing;
mod email;
mod ends;
mod invites;
mod password;
pub(crate) mod privacy;
mod profile;
mod recovery;
mod sessions;
mod sign_in;
pub(crate) mod store;
mod throttle;

use litrocket_protocol::AccountId;

use crate::{error::Result, features::export::Kept, rpc::Router, writer::Tx};

pub(crate) use closing::close;
pub use closing::{Names, finish, finish_now};
pub(crate) use ends::{reopen, set_operator};
pub(crate) use invites::{address_with, letters, make as make_invite, random_code};
pub use invites::{first_invite, link};
pub use password::{Asker, Passwords};
pub(crate) use profile::avatar_changed;
pub(crate) use recovery::reset;
pub use throttle::Throttle;

/// What the feature holds of a person.
pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "account",
        sql: "SELECT id, json_object('account', id, 'handle', handle, 'display_name', display_name,
                'signature', signature, 'locale', locale, 'sex', sex, 'birthday', birthday,
                'show_personal', json(iif(show_personal, 'true', 'false')),
                'read_receipts', json(iif(read_receipts, 'true', 'false')),
                'presence', json(iif(presence, 'true', 'false')), 'typing', json(iif(typing, 'true', 'false')),
                'findable', json(iif(findable, 'true', 'false')), 'read_to', read_receipts, 'presence_to', presence,
                'moments_to', moments_to, 'message_from', message_from, 'add_from', add_from,
                'groups_from', groups_from, 'email_from', email_from, 'operator', json(iif(operator, 'true', 'false')),
                'created_ms', created_ms, 'last_seen_ms', last_seen_ms)
            FROM accounts WHERE id = $1 AND id > $2 LIMIT $3",
    },
    Kept {
        name: "session",
        sql: "SELECT id, json_object('session', id, 'label', label, 'created_ms', created_ms,
                'last_used_ms', last_used_ms, 'ended_ms', ended_ms)
            FROM sessions WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3",
    },
];

/// Locks an account, or takes the lock off. Who is locked out is signed in nowhere.
pub(crate) async fn set_locked(tx: &mut Tx, account: AccountId, locked: bool) -> Result<()> {
    ends::set_locked(tx, account, locked).await?;
    if locked {
        let sessions = store::running_sessions(tx, account).await?;
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
