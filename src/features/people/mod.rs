//! People: who is a friend of whom, who asks, and who is blocked.
//!
//! [`requests`] makes friends, [`friends`] is each person's own side of a friendship, [`blocks`] keeps people
//! away, [`audience_store`] says whom a person lets do what, [`recommend`] whom one may know, [`link`] is the
//! address for those one wants to be added by. [`store`], [`request_store`] and [`recommend_store`] own the tables. Both
//! sides hear of every change through their account logs. Of conversations it only says who may write to whom. Start with
//! [`requests`].

mod audience_store;
mod blocks;
mod export_store;
mod find;
mod friends;
mod link;
mod recommend;
mod recommend_store;
mod request_store;
mod requests;
mod store;

use std::{sync::Arc, time::Duration};

use litrocket_protocol::{AccountId, Fault, fault::code, limits, names};

use crate::{
    app::App,
    config,
    error::Result,
    features::groups,
    limits::DAY_MS,
    loops::{self, Next, Rhythm},
    rpc::Router,
    writer::Tx,
};

pub(crate) use audience_store::{friends_among, lets, may_bring, may_see_presence, presences_shown};
pub(crate) use export_store::EXPORT;
pub use find::index_all;
pub(crate) use find::{index, search_text, terms};
pub(crate) use store::{FORGET_AT_ONCE, are_friends, exists, forget, forget_some};

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
    let late = "expired friend requests stay for now";
    let rhythm = Rhythm { wake: None, rest: EXPIRE_INTERVAL, pause: EXPIRE_INTERVAL, late };
    loops::forever(rhythm, async || Ok(Next::after(expire_now(&app).await? >= EXPIRE_STEP))).await;
}

/// Takes some expired friend requests, invitations into groups and requests to join away; how many.
pub async fn expire_now(app: &App) -> Result<u64> {
    let work = async |tx: &mut Tx| {
        let invitations = groups::expire_invitations(tx, EXPIRE_STEP).await?;
        let joining = groups::expire_requests(tx, EXPIRE_STEP).await?;
        Ok(invitations + joining + request_store::expire(tx, EXPIRE_STEP).await?)
    };
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await
}

/// What became of a request: to be a friend, or to join a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waits,
    /// Until it would have expired.
    Refused,
    /// Until it may be made anew without a bound.
    Withdrawn,
}

/// A request that is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) state: State,
    pub(crate) message: String,
    pub(crate) at_ms: u64,
    pub(crate) expires_ms: u64,
    pub(crate) told: Told,
}

/// The columns `refused`, `message`, `at_ms`, `expires_ms`, `told` and `told_ms` of a request.
pub(crate) type AskedRow = (i64, String, i64, i64, i64, i64);

impl From<AskedRow> for Asked {
    fn from((state, message, at, expires, told, since): AskedRow) -> Self {
        let state = match state {
            0 => State::Waits,
            2 => State::Withdrawn,
            _ => State::Refused,
        };
        let told = Told { count: told as u64, since_ms: since as u64 };
        Self { state, message, at_ms: at as u64, expires_ms: expires as u64, told }
    }
}

/// How often the other side was told of one request, in the day that began then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) count: u64,
    pub(crate) since_ms: u64,
}

impl Told {
    /// Once more. Who makes a request anew, or puts it in other words, does not ring at others as often as they like.
    pub(crate) fn again(earlier: Option<Self>, now_ms: u64) -> Result<Self, Fault> {
        match earlier.filter(|told| now_ms < told.since_ms + DAY_MS) {
            None => Ok(Self { count: 1, since_ms: now_ms }),
            Some(told) if told.count < limits::REQUEST_NOTICES_MAX => {
                Ok(Self { count: told.count + 1, ..told })
            }
            Some(told) => {
                let wait = (told.since_ms + DAY_MS).saturating_sub(now_ms);
                Err(Fault::new(code::RATE_LIMITED).limit(limits::REQUEST_NOTICES_MAX).retry_after(wait))
            }
        }
    }
}

/// The other person, who has to be somebody else.
fn check_other(me: AccountId, other: AccountId) -> Result<()> {
    if me == other {
        return Err(Fault::new(code::BAD_VALUE).field("account").message("That is you.").into());
    }
    Ok(())
}

pub(crate) fn clean_line(text: &str, max: usize, field: &str) -> Result<String> {
    names::clean_line(text, max).map_err(|error| error.fault(field, 0, max).into())
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
