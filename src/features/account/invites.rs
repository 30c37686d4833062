//! Invites: who may sign up where the policy is not open, and who becomes the operator.

use litrocket_protocol::{
    AccountId, Fault,
    account::{CreateInvite, Invite},
    fault::code,
};

use super::{random, secret_hash, store};
use crate::{
    app::App,
    error::{Error, Result},
    limits::DAY_MS,
    rpc::Session,
};

const USES_MAX: u64 = 1_000;
const VALID_MS: u64 = 7 * DAY_MS;
const VALID_MS_MAX: u64 = 90 * DAY_MS;
/// Letters of an invite: none that looks like another.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// 16 letters of 31: 79 bits.
const LENGTH: usize = 16;

/// A code that nobody guesses.
pub(crate) fn random_code() -> Result<String> {
    letters::<LENGTH>()
}

/// Random letters that people can read out.
pub(crate) fn letters<const N: usize>() -> Result<String> {
    let bytes = random::<N>()?;
    // 256 is not a multiple of 31, which costs less than a tenth of a bit per letter.
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect())
}

/// The address to hand out, for who signs up.
pub fn link(app: &App, invite: Option<&str>) -> String {
    address(app, invite.map(|code| ("invite", code)))
}

/// The same for other codes.
pub(crate) fn address_with(app: &App, name: &str, code: &str) -> String {
    address(app, Some((name, code)))
}

/// The address to hand out, with one thing more; with the CA's fingerprint nobody needs a file.
fn address(app: &App, last: Option<(&str, &str)>) -> String {
    let mut address = format!("litrocket://{}", app.public_address);
    let mut separator = '?';
    if !app.ca_sha256.is_empty() {
        address.push_str(&format!("?ca=sha256-{}", app.ca_sha256));
        separator = '&';
    }
    if let Some((name, code)) = last {
        address.push_str(&format!("{separator}{name}={code}"));
    }
    address
}

pub(super) async fn create(caller: Session, request: CreateInvite) -> Result<Invite> {
    let app = &caller.app;
    if !store::is_operator(&app.db, caller.account()).await? {
        return Err(Error::from(Fault::new(code::FORBIDDEN).message("Only operators make invites.")));
    }
    let valid_ms = request.valid_ms.unwrap_or(VALID_MS);
    issue(app, request.uses.unwrap_or(1), valid_ms, caller.account()).await
}

/// Makes an invite of the server's own.
pub(crate) async fn make(app: &App, uses: u64, valid_ms: u64) -> Result<Invite> {
    issue(app, uses, valid_ms, AccountId::SYSTEM).await
}

async fn issue(app: &App, uses: u64, valid_ms: u64, by: AccountId) -> Result<Invite> {
    if !(1..=USES_MAX).contains(&uses) {
        return Err(Fault::new(code::BAD_VALUE).field("uses").within(1, USES_MAX).into());
    }
    if !(1..=VALID_MS_MAX).contains(&valid_ms) {
        return Err(Fault::new(code::BAD_VALUE).field("valid_ms").within_ms(1, VALID_MS_MAX).into());
    }
    let expires_ms = app.clock.now_ms() + valid_ms;
    let invite = letters::<LENGTH>()?;
    let hash = secret_hash(invite.as_bytes());
    app.writer.run(move |tx| Box::pin(store::insert_invite(tx, hash, uses, expires_ms, by, false))).await?;
    let address = link(app, Some(&invite));
    Ok(Invite { code: invite, address, expires_ms, uses })
}

/// Whether anybody has signed up.
pub async fn has_people(app: &App) -> Result<bool> {
    store::has_people(&app.db).await
}

/// While a server has no operator, each start makes an invite whose account becomes one.
pub async fn first_invite(app: &App) -> Result<Option<String>> {
    if store::has_operator(&app.db).await? {
        return Ok(None);
    }
    let invite = letters::<LENGTH>()?;
    let hash = secret_hash(invite.as_bytes());
    let expires_ms = app.clock.now_ms() + VALID_MS;
    app.writer
        .run(move |tx| {
            Box::pin(async move {
                store::drop_operator_invites(tx).await?;
                store::insert_invite(tx, hash, 1, expires_ms, AccountId::SYSTEM, true).await
            })
        })
        .await?;
    Ok(Some(invite))
}
