//! Taking the announced end of an account back.

use litrocket_protocol::{AccountId, Fault, fault::code};

use super::ends_store::{set_closing, standing};
use crate::{error::Result, writer::Tx};

/// Takes the announced end of an account back, while it lies ahead: once it has come, or its work has begun and the clock
/// stepped back, the account is being deleted.
pub(crate) async fn reopen(tx: &mut Tx, account: AccountId) -> Result<()> {
    let standing = standing(tx, account).await?;
    match standing.closing_ms {
        Some(until_ms) if standing.ending || until_ms <= tx.now_ms() => Err(code::ACCOUNT_CLOSING.into()),
        _ => set_closing(tx, account, None, false, false).await,
    }
}

/// The same by the person: not when an operator locked the account or announced its end.
pub(super) async fn reopen_own(tx: &mut Tx, account: AccountId) -> Result<()> {
    let standing = standing(tx, account).await?;
    if standing.locked {
        return Err(code::ACCOUNT_LOCKED.into());
    }
    if standing.by_operator {
        let fault = Fault::new(code::ACCOUNT_LOCKED);
        return Err(fault.message("An operator announced the end of this account.").into());
    }
    reopen(tx, account).await
}
