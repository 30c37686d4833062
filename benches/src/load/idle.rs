//! Signed-in connections that do nothing.

use std::time::Duration;

use serde_json::json;

use super::{Measured, Target, Window, ramp, token};
use crate::{
    Result,
    peer::{Join, Lane, Start},
};

/// How long memory settles behind the ramp.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (peers, count) = (target.peers.clone(), target.scenario.connections);
    let empty = target.process.resident()?;
    let mut measured = Measured::default();
    let held: Vec<(quinn::Connection, Lane)> = ramp(count, |number| {
        let peers = peers.clone();
        async move {
            let connection = peers.sign_in(number as usize, token(number + 1)).await?;
            let lane = peers.lane(&connection, Join { conversation: number + 1, from: Start::Head }).await?;
            Ok((connection, lane))
        }
    })
    .await?;
    tokio::time::sleep(SETTLE).await;
    let window = Window::open(target.process)?;
    tokio::time::sleep(Duration::from_secs(target.scenario.seconds)).await;
    window.close(target.process, count, &mut measured)?;
    let bytes = measured.resident.saturating_sub(empty) / count;
    measured.more.insert("bytes_per_connection".into(), json!(bytes));
    drop(held);
    Ok(measured)
}
