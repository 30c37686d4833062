//! Codes of 6 digits: made from a random nonce and a key outside the database, counted tries, good once.

use litrocket_protocol::{AccountId, Fault, fault::code, limits};
use subtle::ConstantTimeEq as _;

use super::{Address, store};
use crate::{
    app::App,
    error::{Error, Result},
    writer::Tx,
};

const MINUTE_MS: u64 = 60_000;
/// Mails that may wait, and so rows. A mail server that is away for long fills it; then guests are told to come again.
const WAITING_MAX: u64 = 10_000;
/// Codes that are good at the same time.
const CODES_MAX: u64 = 100_000;
/// What somebody is told to wait when there are too many, in milliseconds.
const BUSY_RETRY_MS: u64 = 60_000;

/// What a code is for. The number is also that of its mail's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignUp = 1,
    Recover = 2,
    ChangeOld = 3,
    ChangeNew = 4,
}

/// A code to make and send.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) address: Address,
    pub(crate) purpose: Purpose,
    /// Whose, for a change of address; nobody's for guests.
    pub(crate) account: AccountId,
    pub(crate) locale: String,
    /// How long it is good, in minutes.
    pub(crate) minutes: u64,
}

/// A right code, which is still to be spent.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    key: String,
    purpose: Purpose,
    account: AccountId,
    nonce: Vec<u8>,
    pub(crate) address: String,
}

/// The digits that belong to a nonce.
pub(super) fn digits(secret: &[u8; 32], key: &str, purpose: i64, account: AccountId, nonce: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher
        .update(&purpose.to_le_bytes())
        .update(&account.0.to_le_bytes())
        .update(nonce)
        .update(key.as_bytes());
    let hash = hasher.finalize();
    let number = hash.as_bytes()[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// Refuses when too many mails wait already.
pub(crate) async fn room(tx: &mut Tx) -> Result<()> {
    store::forget_expired(tx).await?;
    if store::waiting(tx, WAITING_MAX).await? >= WAITING_MAX
        || store::codes(tx, CODES_MAX).await? >= CODES_MAX
    {
        return Err(Fault::new(code::BUSY).retry_after(BUSY_RETRY_MS).into());
    }
    Ok(())
}

/// Makes a code, which replaces the one before, and queues its mail. An address that cannot have what is asked for
/// gets a row for the code and a row in the queue as any other does, so that nobody can tell it by the time it takes;
/// the code is not in its mail.
pub(crate) async fn put(tx: &mut Tx, order: &Order) -> Result<()> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| Error::Internal(error.to_string()))?;
    let (template, theirs) = store::template(tx, order).await?;
    let locale = theirs.as_deref().unwrap_or(&order.locale);
    let expires_ms = tx.now_ms() + order.minutes * MINUTE_MS;
    store::put_code(tx, order, &nonce, limits::CODE_TRIES_MAX, expires_ms).await?;
    store::put_mail(tx, order, (template, locale), &nonce, expires_ms).await
}

/// Whether a code is right. A wrong one costs a try, which stays counted whatever becomes of the request.
pub(crate) async fn check(
    app: &App,
    key: &str,
    purpose: Purpose,
    account: AccountId,
    given: &str,
) -> Result<Proof> {
    let (key, secret) = (key.to_owned(), app.mail.secret);
    let given: String = given.chars().filter(char::is_ascii_digit).take(limits::PASSWORD_BYTES_MAX).collect();
    let found = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let Some((address, nonce)) = store::code(tx, &key, purpose, account).await? else {
                    return Ok(None);
                };
                let right = digits(&secret, &key, purpose as i64, account, &nonce);
                if bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
                    return Ok(Some(Proof { key, purpose, account, nonce, address }));
                }
                store::count_try(tx, &key, purpose, account).await?;
                Ok(None)
            })
        })
        .await?;
    found.ok_or_else(|| code::BAD_CODE.into())
}

/// Uses a code up, in the job for which it was shown.
pub(crate) async fn spend(tx: &mut Tx, proof: &Proof) -> Result<()> {
    if store::take_code(tx, &proof.key, proof.purpose, proof.account, &proof.nonce).await? {
        return Ok(());
    }
    Err(code::BAD_CODE.into())
}

impl Proof {
    /// The address as the person wrote it when the code was asked for.
    pub(crate) fn address(&self) -> Address {
        Address { text: self.address.clone(), key: self.key.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_and_hangs_on_everything_it_is_for() {
        let nobody = AccountId::SYSTEM;
        let first = digits(&[1; 32], "ada@example.org", 1, nobody, &[0; 16]);
        assert!(first.len() == 6 && first.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(first, digits(&[1; 32], "ada@example.org", 1, nobody, &[0; 16]));
        let others = [
            digits(&[2; 32], "ada@example.org", 1, nobody, &[0; 16]),
            digits(&[1; 32], "bob@example.org", 1, nobody, &[0; 16]),
            digits(&[1; 32], "ada@example.org", 2, nobody, &[0; 16]),
            digits(&[1; 32], "ada@example.org", 1, AccountId(7), &[0; 16]),
            digits(&[1; 32], "ada@example.org", 1, nobody, &[1; 16]),
        ];
        assert!(others.iter().all(|other| *other != first), "{first} {others:?}");
    }
}
