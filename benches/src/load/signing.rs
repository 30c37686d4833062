//! Signing in: with a password, and again after a crash.

use std::{sync::Arc, time::Instant};

use litrocket_protocol::account::SignIn;
use serde_json::json;

use super::{Measured, Target, Window, idle, ramp, token};
use crate::{
    Error, PASSWORD, Result,
    peer::{Join, PATIENCE, Start, call, hello},
};

pub(super) async fn login(target: &mut Target<'_>) -> Result<Measured> {
    let (peers, count) = (target.peers.clone(), target.scenario.connections);
    let mut measured = Measured::default();
    let window = Window::open(target.process)?;
    let times = ramp(count, |number| {
        let peers = peers.clone();
        async move {
            let started = Instant::now();
            let connection = peers.connect(number as usize).await?;
            if peers.raw {
                // The raw program takes streams when it has checked the password.
                peers.lane(&connection, Join { conversation: number + 1, from: Start::Head }).await?;
            } else {
                hello(&connection, None).await?;
                let sign_in = SignIn {
                    handle: format!("person{}", number + 1),
                    password: PASSWORD.into(),
                    label: "bench".into(),
                    old_token: None,
                };
                call(&connection, &sign_in).await?;
            }
            Ok(started.elapsed())
        }
    })
    .await?;
    window.close(target.process, count, &mut measured)?;
    for time in times {
        measured.latencies.add(time);
    }
    Ok(measured)
}

pub(super) async fn resume(target: &mut Target<'_>) -> Result<Measured> {
    let count = target.scenario.connections;
    let mut measured = Measured::default();
    let peers = target.peers.clone();
    let held = ramp(count, |number| {
        let peers = peers.clone();
        async move { peers.sign_in(number as usize, token(number + 1)).await }
    })
    .await?;
    let killed = Instant::now();
    target.process.crash_and_start()?;
    measured.more.insert("listens_again_ms".into(), json!(killed.elapsed().as_millis() as u64));
    drop(held);
    let window = Window::open(target.process)?;
    let started = Instant::now();
    let mut back = tokio::task::JoinSet::new();
    let peers = Arc::new(peers);
    for number in 0..count {
        let (peers, account) = (peers.clone(), number + 1);
        let mut cursors = idle::cursors(target.scenario, account);
        if cursors.is_empty() || peers.raw {
            cursors = vec![(account, 0)];
        }
        back.spawn(async move {
            let connection = peers.sign_in(number as usize, token(account)).await?;
            let lane = peers.lane_again(&connection, &cursors).await?;
            let state = peers.state(&connection, account).await?;
            Ok::<_, Error>((started.elapsed(), connection, (lane, state)))
        });
    }
    let mut held = Vec::new();
    while let Some(one) = tokio::time::timeout(PATIENCE, back.join_next()).await.map_err(|_| late())? {
        let (time, connection, streams) = one.map_err(|error| Error::new("a client", error))??;
        measured.latencies.add(time);
        held.push((connection, streams));
    }
    window.close(target.process, count, &mut measured)?;
    measured.more.insert("all_back_ms".into(), json!(started.elapsed().as_millis() as u64));
    Ok(measured)
}

fn late() -> Error {
    Error("not everybody came back within a minute".into())
}
