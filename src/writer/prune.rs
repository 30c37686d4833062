//! Old tombstones of the account logs go: who was away for longer starts that log afresh.

use std::{collections::BTreeMap, time::Duration};

use litrocket_protocol::{AccountId, limits::ACCOUNT_LOG_DAYS};

use super::{Handle, Tx};
use crate::{
    args,
    error::Result,
    limits::DAY_MS,
    loops::{self, Next, Rhythm},
};

/// How often old tombstones are looked for.
const INTERVAL: Duration = Duration::from_secs(600);
/// Tombstones that one job takes away: the writer is not held up for long.
const STEP: u64 = 500;

impl Tx {
    /// Takes up to `most` tombstones away that are older than `before_ms`; how many. The floor of each account's
    /// log rises with them, and a device whose version lies below it is told to start afresh. The newest entry of a
    /// log stays whatever it is: who has all entries stands at the log's version, above every floor.
    async fn prune(&mut self, before_ms: u64, most: u64) -> Result<u64> {
        const KEEP: &str = "UPDATE account_log SET at_ms = $2 WHERE value IS NULL AND at_ms < $1
            AND version = (SELECT log_version FROM accounts WHERE id = account)";
        const DELETE: &str = "DELETE FROM account_log WHERE (account, key) IN
                (SELECT account, key FROM account_log WHERE value IS NULL AND at_ms < $1 ORDER BY at_ms LIMIT $2)
            RETURNING account, version";
        const RAISE: &str = "UPDATE accounts SET log_floor = $2 WHERE id = $1 AND log_floor < $2";
        let now = self.now_ms();
        self.execute(KEEP, args![before_ms, now]).await?;
        let gone: Vec<(i64, i64)> = self.all(DELETE, args![before_ms, most]).await?;
        let mut floors: BTreeMap<i64, i64> = BTreeMap::new();
        for (account, version) in &gone {
            let floor = floors.entry(*account).or_default();
            *floor = (*floor).max(*version);
        }
        let floors: Vec<_> = floors
            .into_iter()
            .map(|(account, floor)| args![AccountId(account as u64), floor as u64].to_vec())
            .collect();
        self.execute_many(RAISE, &floors).await?;
        Ok(gone.len() as u64)
    }
}

/// Takes old tombstones away, for as long as the server runs.
pub async fn prune(writer: Handle) {
    let late = "old tombstones stay for now";
    let rhythm = Rhythm { wake: None, rest: INTERVAL, pause: INTERVAL, late };
    loops::forever(rhythm, async || Ok(Next::after(prune_now(&writer).await? >= STEP))).await;
}

/// Takes some old tombstones away; how many.
pub async fn prune_now(writer: &Handle) -> Result<u64> {
    writer
        .run(|tx| {
            Box::pin(async move {
                let before_ms = tx.now_ms().saturating_sub(ACCOUNT_LOG_DAYS * DAY_MS);
                tx.prune(before_ms, STEP).await
            })
        })
        .await
}
