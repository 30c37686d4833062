//! Coming back without the password: by a code that was sent by mail, or by the account's recovery code.

use std::time::Instant;

use litrocket_protocol::{
    AccountId, Fault,
    account::SignedIn,
    email::{NewRecoveryCode, Recover, RecoveryCode},
    fault::code,
    names,
};
use subtle::ConstantTimeEq as _;

use super::{
    TOKEN_BYTES, ends, invites,
    lines::Asker,
    password::check_password,
    random, secret_hash, session_store, sessions,
    sign_in::{adopt, clean_label},
    store,
    throttle::{Attempt, By},
};
use crate::{
    app::App,
    config::Email,
    error::{Error, Result},
    features::mail::{self, Address, Proof, Purpose},
    limits::network,
    rpc::{Guest, Session, noted},
    writer::Tx,
};

/// Letters of a recovery code: 98 bits.
const LETTERS: usize = 20;
/// Letters that stand together.
const GROUP: usize = 5;

/// A new code as it is shown, and its hash.
pub(super) fn make() -> Result<(String, Vec<u8>)> {
    let letters = invites::letters::<LETTERS>()?;
    let groups: Vec<&str> = (0..LETTERS / GROUP).map(|at| &letters[at * GROUP..(at + 1) * GROUP]).collect();
    Ok((groups.join("-"), secret_hash(letters.as_bytes())))
}

fn hash_of(given: &str) -> Vec<u8> {
    let letters: String = given
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(LETTERS + 1)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    secret_hash(letters.as_bytes())
}

/// How somebody shows that the account is theirs.
enum Way {
    Mail(Proof),
    Code(AccountId, Vec<u8>),
}

/// What somebody named to come back by.
enum Claim {
    Mail(Address, String),
    Code(String, String),
}

impl Claim {
    fn of(request: &Recover) -> Result<Self> {
        match (&request.email, &request.email_code, &request.handle, &request.recovery_code) {
            (Some(email), Some(digits), None, None) => Ok(Self::Mail(Address::parse(email)?, digits.clone())),
            (None, None, Some(handle), Some(letters)) => {
                Ok(Self::Code(names::lookup_key(handle), letters.clone()))
            }
            _ => Err(Fault::new(code::BAD_VALUE)
                .message("Name email and email_code, or handle and recovery_code.")
                .into()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Mail(address, _) => &address.key,
            Self::Code(key, _) => key,
        }
    }

    async fn check(self, app: &App) -> Result<Way> {
        match self {
            Self::Mail(..) if app.config.email() == Email::Off => Err(code::NO_MAIL.into()),
            Self::Mail(address, digits) => {
                let nobody = AccountId::SYSTEM;
                mail::check(app, &address.key, Purpose::Recover, nobody, &digits).await.map(Way::Mail)
            }
            Self::Code(key, letters) => {
                let given = hash_of(&letters);
                let found = store::recovery_hash(&app.db, &key).await?;
                let right = found.filter(|(_, stored)| bool::from(stored.as_slice().ct_eq(&given)));
                right.map(|(account, _)| Way::Code(account, given)).ok_or_else(|| code::BAD_CODE.into())
            }
        }
    }
}

impl Way {
    /// Uses it up; whose account it is.
    async fn spend(&self, tx: &mut Tx) -> Result<AccountId> {
        let bad = || Error::from(code::BAD_CODE);
        match self {
            Self::Mail(proof) => {
                mail::spend(tx, proof).await?;
                mail::owner(tx, &proof.address().key).await?.ok_or_else(bad)
            }
            Self::Code(account, hash) => {
                if store::use_recovery(tx, *account, hash).await? {
                    Ok(*account)
                } else {
                    Err(bad())
                }
            }
        }
    }
}

/// Sets a new password and makes the only session.
pub(super) async fn recover(guest: Guest, request: Recover) -> Result<SignedIn> {
    let app = guest.app.clone();
    check_password(&request.password, "password")?;
    let label = clean_label(&request.label)?;
    let claim = Claim::of(&request)?;
    let attempt =
        Attempt { name: claim.name().to_owned(), network: network(guest.remote().ip()), by: By::Code };
    app.throttle.check(&attempt, Instant::now())?;
    let way = claim.check(&app).await.inspect_err(|error| {
        if matches!(error, Error::Fault(fault) if fault.is(code::BAD_CODE)) {
            app.throttle.failed(&attempt, Instant::now()).note("recovery", None, guest.remote());
        }
    })?;
    let password = app.passwords.hash(Asker::Stranger(attempt.network), request.password).await?;
    let token = random::<TOKEN_BYTES>()?;
    let (recovery_code, recovery_hash) = make()?;
    let (account, handle, session, version, ended) = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let account = way.spend(tx).await?;
                ends::reopen_own(tx, account).await?;
                let handle = store::handle(tx, account).await?.ok_or_else(|| Error::from(code::BAD_CODE))?;
                store::set_password(tx, account, password).await?;
                store::set_recovery(tx, account, recovery_hash).await?;
                let sessions = session_store::running_sessions(tx, account).await?;
                let ended = sessions::end(tx, account, sessions, "recovered").await?;
                let (session, version) =
                    session_store::insert_session(tx, account, secret_hash(&token), &label).await?;
                Ok((account, handle, session, version, ended))
            })
        })
        .await?;
    tracing::info!(%account, %session, address = %guest.remote(), ended, "recovered");
    adopt(&guest, account, session).await?;
    Ok(SignedIn {
        account,
        handle,
        session,
        token: token.into(),
        account_version: version,
        recovery_code: Some(recovery_code),
    })
}

pub(super) async fn renew(caller: Session, request: NewRecoveryCode) -> Result<RecoveryCode> {
    sessions::own_password(&caller, request.password).await?;
    let (recovery_code, hash) = make()?;
    let account = caller.account();
    caller.app.writer.run(move |tx| Box::pin(store::set_recovery(tx, account, hash))).await?;
    noted!(caller, "a new recovery code was made");
    Ok(RecoveryCode { recovery_code })
}

/// Makes the password void, and a recovery code that sets another; all sessions end.
pub(crate) async fn reset(app: &App, account: AccountId) -> Result<String> {
    let nothing = random::<TOKEN_BYTES>()?;
    let password =
        app.passwords.hash(Asker::Device(account), blake3::hash(&nothing).to_hex().to_string()).await?;
    let (recovery_code, hash) = make()?;
    app.writer
        .run(move |tx| {
            Box::pin(async move {
                store::set_password(tx, account, password).await?;
                store::set_recovery(tx, account, hash).await?;
                let sessions = session_store::running_sessions(tx, account).await?;
                sessions::end(tx, account, sessions, "password_changed").await.map(drop)
            })
        })
        .await?;
    Ok(recovery_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let (shown, hash) = make().unwrap();
        assert_eq!((shown.len(), shown.split('-').count()), (LETTERS + 3, 4));
        assert_eq!(hash_of(&shown), hash);
        assert_eq!(hash_of(&shown.to_uppercase().replace('-', " ")), hash);
        assert_ne!(hash_of(&format!("{shown}x")), hash);
        assert_ne!(hash_of(""), hash);
    }
}
