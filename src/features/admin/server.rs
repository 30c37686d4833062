//! The server as a whole: what it holds, and who may come.

use litrocket_protocol::{Fault, fault::code};
use serde_json::{Value, json};

use super::{LINES_MAX, store};
use crate::{
    app::App,
    error::Result,
    features::{account, announcements, files},
    limits::DAY_MS,
};

pub(super) async fn usage(app: &App) -> Result<Vec<Value>> {
    let counts = store::counts(&app.db).await?;
    let folder = std::path::Path::new(&app.config.server.data);
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |meta| meta.len());
    let devices = app.hub.all_devices();
    let mut people: Vec<_> = devices.iter().map(|device| device.account).collect();
    people.sort_unstable();
    people.dedup();
    let mut line = json!({"type": "usage", "connections": devices.len(), "people_connected": people.len()});
    for (name, count) in counts {
        line[name] = json!(count);
    }
    line["database_bytes"] = json!(size("litrocket.db"));
    line["log_bytes"] = json!(size("litrocket.db-wal"));
    line["search_bytes"] = json!(size("search.db"));
    Ok(vec![line])
}

pub(super) async fn invites(app: &App) -> Result<Vec<Value>> {
    let rows = store::invites(&app.db, app.clock.now_ms(), LINES_MAX).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            json!({"type": "open_invite", "id": row.id, "uses": row.uses, "expires_ms": row.expires_ms,
                "made_by": row.made_by, "operator": row.operator})
        })
        .collect())
}

pub(super) async fn invite(app: &App, uses: u64, days: u64) -> Result<Vec<Value>> {
    let invite = account::make_invite(app, uses, days.saturating_mul(DAY_MS)).await?;
    Ok(vec![json!({"type": "invite", "code": invite.code, "address": invite.address, "uses": invite.uses,
        "expires_ms": invite.expires_ms})])
}

pub(super) async fn announce(app: &App, text: &str) -> Result<Vec<Value>> {
    let made = announcements::announce(app, text).await?;
    tracing::info!(announcement = made.id, "an operator told everybody something");
    Ok(vec![json!({"type": "announcement", "id": made.id, "at_ms": made.at_ms, "text": made.text})])
}

pub(super) async fn reload_words(app: &App) -> Result<Vec<Value>> {
    let entries = app.dictionary.reload().await?;
    tracing::info!(entries, "an operator's entries came into the dictionary");
    Ok(vec![json!({"type": "words", "entries": entries})])
}

pub(super) async fn confirm(app: &App, found: &files::Note, accept: bool) -> Result<Vec<Value>> {
    let files::Noted { damaged, whole, pictures } = files::confirm(app, found, accept).await?;
    tracing::info!(damaged, whole, pictures, accept, "an operator confirmed what a check of the files found");
    Ok(vec![json!({"type": "noted", "damaged": damaged, "whole": whole, "pictures": pictures})])
}

pub(super) async fn revoke_invite(app: &App, id: &str) -> Result<Vec<Value>> {
    let id = id.to_owned();
    if app.writer.run(move |tx| Box::pin(async move { store::revoke_invite(tx, &id).await })).await? == 0 {
        return Err(Fault::new(code::NOT_FOUND).message("There is no such invite.").into());
    }
    Ok(Vec::new())
}
