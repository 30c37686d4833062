//! People: who is a friend of whom, who asks, and who is blocked.
//!
//! [`requests`] makes friends, [`friends`] is each person's own side of a friendship, [`blocks`] keeps people
//! away, [`audience`] says whom a person lets do what, [`recommend`] whom one may know, [`link`] is the
//! address for those one wants to be added by. [`store`] owns the tables. Both sides hear of every change through their account logs. Of
//! conversations it only says who may write to whom. Start with [`requests`].

mod audience;
mod blocks;
mod find;
mod friends;
mod link;
mod recommend;
mod recommend_store;
mod requests;
mod store;

use std::{sync::Arc, time::Duration};

use litrocket_protocol::{AccountId, Fault, fault::code, names};

use crate::{
    app::App,
    config,
    error::{Error, Result},
    features::{conversations, export::Kept},
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
    Kept {
        name: "add_link",
        sql: "SELECT account, json_object('code', code, 'made_ms', made_ms) FROM add_links
            WHERE account = $1 AND account > $2 LIMIT $3",
    },
    Kept {
        name: "recommendation_dismissed",
        sql: "SELECT d.other, json_object('account', d.other, 'handle', a.handle, 'at_ms', d.at_ms)
            FROM recommend_dismissed d JOIN accounts a ON a.id = d.other
            WHERE d.account = $1 AND d.other > $2 ORDER BY d.other LIMIT $3",
    },
];

pub(crate) use audience::{friends_among, lets, may_bring, may_see_presence, presences_shown};
pub use find::index_all;
pub(crate) use find::{index, search_text, terms};
pub(crate) use store::{FORGET_AT_ONCE, are_friends, exists, forget, forget_some};

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
        .on(link::make)
        .on(link::drop_link)
        .on(link::open)
        .on(recommend::list)
        .on(recommend::dismiss)
}

/// Takes expired friend requests and invitations into groups away, for as long as the server runs.
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

/// Takes some expired friend requests and invitations into groups away; how many.
pub async fn expire_now(app: &App) -> Result<u64> {
    let work = async |tx: &mut Tx| {
        let invitations = conversations::expire_invitations(tx, EXPIRE_STEP).await?;
        Ok(invitations + store::expire(tx, EXPIRE_STEP).await?)
    };
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await
}

fn missing() -> Error {
    Fault::new(code::NOT_FOUND).field("account").into()
}

/// An add-me address that is none.
fn missing_code() -> Error {
    Fault::new(code::NOT_FOUND).field("code").into()
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
pub(crate) async fn turn_to_stranger(tx: &mut Tx, account: AccountId, bounds: &config::People) -> Result<()> {
    turn_to_strangers(tx, account, 1, bounds).await
}

/// Counts more strangers the account turns to today; beyond its bound none of them.
pub(crate) async fn turn_to_strangers(
    tx: &mut Tx,
    account: AccountId,
    count: u64,
    bounds: &config::People,
) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let now = tx.now_ms();
    let made_ms = store::made_ms(tx, account).await?;
    let is_new = now.saturating_sub(made_ms) < bounds.new_account_days * DAY_MS;
    let most = if is_new { bounds.strangers_per_day_new } else { bounds.strangers_per_day };
    let day = now / DAY_MS;
    if store::strangers(tx, account, day).await? + count > most {
        return Err(Fault::new(code::TOO_MANY_STRANGERS).limit(most).into());
    }
    store::count_strangers(tx, account, day, count).await
}
