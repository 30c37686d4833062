//! Accounts, as an operator sees and changes them.

use litrocket_protocol::{AccountId, Fault, fault::code, names::Handle};
use serde_json::{Value, json};

use super::{LINES_MAX, store};
use crate::{
    app::App,
    error::{Error, Result},
    features::account,
};

/// The account of a name, which is not deleted.
async fn named(app: &App, name: &str) -> Result<AccountId> {
    let missing =
        || Error::from(Fault::new(code::NOT_FOUND).message(format!("There is no account {name:?}.")));
    let handle = Handle::parse(name.strip_prefix('@').unwrap_or(name)).map_err(|_| missing())?;
    store::account(&app.db, &handle.key).await?.ok_or_else(missing)
}

pub(super) async fn list(app: &App, after: u64, find: Option<String>) -> Result<Vec<Value>> {
    let rows = store::accounts(&app.db, after, find.as_deref().unwrap_or_default(), LINES_MAX).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            json!({"type": "account", "account": row.account.0, "handle": row.handle,
                "display_name": row.display_name, "email": row.email, "operator": row.operator,
                "created_ms": row.created_ms, "last_seen_ms": row.last_seen_ms, "sessions": row.sessions,
                "connected": !app.hub.devices(row.account).is_empty(), "locked_ms": row.locked_ms,
                "closing_ms": row.closing_ms})
        })
        .collect())
}

async fn changed(app: &App, account: AccountId) -> Result<Vec<Value>> {
    let lines = list(app, account.0 - 1, None).await?;
    Ok(lines.into_iter().take(1).collect())
}

pub(super) async fn lock(app: &App, name: &str, locked: bool) -> Result<Vec<Value>> {
    let account = named(app, name).await?;
    app.writer.run(move |tx| Box::pin(account::set_locked(tx, account, locked))).await?;
    tracing::info!(%account, locked, "an operator set a lock");
    changed(app, account).await
}

pub(super) async fn delete(app: &App, name: &str, erase: bool, undo: bool) -> Result<Vec<Value>> {
    let account = named(app, name).await?;
    if undo {
        app.writer.run(move |tx| Box::pin(account::reopen(tx, account))).await?;
    } else {
        app.writer.run(move |tx| Box::pin(account::close(tx, account, erase, true))).await?;
    }
    tracing::info!(%account, erase, undo, "an operator announced the end of an account, or took it back");
    changed(app, account).await
}

pub(super) async fn reset_password(app: &App, name: &str) -> Result<Vec<Value>> {
    let account = named(app, name).await?;
    let recovery_code = account::reset(app, account).await?;
    tracing::info!(%account, "an operator reset a password");
    Ok(vec![json!({"type": "recovery_code", "account": account.0, "recovery_code": recovery_code})])
}

pub(super) async fn promote(app: &App, name: &str, operator: bool) -> Result<Vec<Value>> {
    let account = named(app, name).await?;
    app.writer.run(move |tx| Box::pin(account::set_operator(tx, account, operator))).await?;
    tracing::info!(%account, operator, "who is an operator was changed");
    changed(app, account).await
}

pub(super) async fn sessions(app: &App, name: Option<&str>, after: u64) -> Result<Vec<Value>> {
    let account = match name {
        None => None,
        Some(name) => Some(named(app, name).await?),
    };
    let rows = store::sessions(&app.db, account, after, LINES_MAX).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let connected = app.hub.devices(row.account).iter().any(|device| device.session == row.session);
            json!({"type": "session", "session": row.session.0, "account": row.account.0, "handle": row.handle,
                "label": row.label, "created_ms": row.created_ms, "last_used_ms": row.last_used_ms,
                "connected": connected})
        })
        .collect())
}
