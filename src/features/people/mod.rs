//! People: who is a friend of whom, who asks, and who is blocked.
//!
//! [`requests`] makes friends, [`friends`] is each person's own side of a friendship, [`blocks`] keeps people
//! away. [`store`] owns the tables. Both sides hear of every change through their account logs. Of
//! conversations it only says who may write to whom. Start with [`requests`].

mod blocks;
mod find;
mod friends;
mod requests;
mod store;

use std::{sync::Arc, time::Duration};

use litrocket_protocol::{AccountId, Fault, fault::code, names};

use crate::{
    app::App,
    config,
    error::{Error, Result},
    features::export::Kept,
    rpc::Router,
    writer::Tx,
};

/// What the feature holds of a person.
pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "friend",
        sql: "SELECT f.friend, json_object('account', f.friend, 'handle', a.handle, 'since_ms', f.since_ms,
                'remark', f.remark, 'tags', json(f.tags), 'starred', json(iif(f.starred, 'true', 'false')))
            FROM friends f JOIN accounts a ON a.id = f.friend
            WHERE f.account = $1 AND f.friend > $2 ORDER BY f.friend LIMIT $3",
    },
    Kept {
        name: "friend_request_sent",
        sql:
            "SELECT r.recipient, json_object('account', r.recipient, 'handle', a.handle, 'message', r.message,
                'at_ms', r.at_ms) FROM friend_requests r JOIN accounts a ON a.id = r.recipient
            WHERE r.sender = $1 AND r.recipient > $2 ORDER BY r.recipient LIMIT $3",
    },
    Kept {
        name: "friend_request_received",
        sql: "SELECT r.sender, json_object('account', r.sender, 'handle', a.handle, 'message', r.message,
                'at_ms', r.at_ms) FROM friend_requests r JOIN accounts a ON a.id = r.sender
            WHERE r.recipient = $1 AND r.sender > $2 ORDER BY r.sender LIMIT $3",
    },
    Kept {
        name: "blocked",
        sql: "SELECT b.blocked, json_object('account', b.blocked, 'handle', a.handle, 'at_ms', b.at_ms)
            FROM blocks b JOIN accounts a ON a.id = b.blocked
            WHERE b.account = $1 AND b.blocked > $2 ORDER BY b.blocked LIMIT $3",
    },
];

pub(crate) use blocks::blocks_between;
pub use find::index_all;
pub(crate) use find::{index, search_text, terms};
pub(crate) use store::{are_friends, blocked_among, exists, forget};

const DAY_MS: u64 = 86_400_000;
/// How often expired friend requests are taken away. Until then they count as gone already.
const EXPIRE_INTERVAL: Duration = Duration::from_secs(600);
/// Requests that one job takes away: the writer is not held up for long.
const EXPIRE_STEP: u64 = 200;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(requests::ask)
        .on(requests::answer)
        .on(requests::withdraw)
        .on(requests::list)
        .on(friends::list)
        .on(friends::set)
        .on(friends::remove)
        .on(blocks::set)
        .on(blocks::list)
        .on(find::find)
}

/// Takes expired friend requests away, for as long as the server runs.
pub async fn expire(app: Arc<App>) {
    loop {
        match expire_now(&app).await {
            Ok(gone) if gone >= EXPIRE_STEP => {}
            Ok(_) => tokio::time::sleep(EXPIRE_INTERVAL).await,
            Err(error) => {
                tracing::debug!(%error, "expired friend requests stay for now");
                tokio::time::sleep(EXPIRE_INTERVAL).await;
            }
        }
    }
}

/// Takes some expired friend requests away; how many.
pub async fn expire_now(app: &App) -> Result<u64> {
    app.writer.run(move |tx| Box::pin(store::expire(tx, EXPIRE_STEP))).await
}

fn missing() -> Error {
    Fault::new(code::NOT_FOUND).field("account").into()
}

fn too_many(field: &str, limit: usize) -> Error {
    Fault::new(code::TOO_MANY).field(field).limit(limit as u64).into()
}

/// The other person, who has to be somebody else.
fn check_other(me: AccountId, other: AccountId) -> Result<()> {
    if me == other {
        return Err(Fault::new(code::BAD_VALUE).field("account").message("That is you.").into());
    }
    Ok(())
}

pub(crate) fn clean_line(text: &str, max: usize, field: &str) -> Result<String> {
    names::clean_line(text, max).map_err(|error| {
        let fault = match error {
            names::NameError::TooLong => Fault::new(code::TOO_LONG).limit(max as u64),
            other => Fault::new(code::BAD_VALUE).message(other.to_string()),
        };
        fault.field(field).into()
    })
}

/// Counts one more stranger the account turns to today, within its bound.
async fn turn_to_stranger(tx: &mut Tx, account: AccountId, bounds: &config::People) -> Result<()> {
    let now = tx.now_ms();
    let made_ms = store::made_ms(tx, account).await?;
    let is_new = now.saturating_sub(made_ms) < bounds.new_account_days * DAY_MS;
    let most = if is_new { bounds.strangers_per_day_new } else { bounds.strangers_per_day };
    let day = now / DAY_MS;
    if store::strangers(tx, account, day).await? >= most {
        return Err(Fault::new(code::TOO_MANY_STRANGERS).limit(most).into());
    }
    store::count_stranger(tx, account, day).await
}
