//! Messages to people who are away, drained when they sign in.

use std::time::Instant;

use quinn::Connection;
use serde_json::json;

use super::{Device, Measured, Notes, Target, Window, ramp, token};
use crate::{
    Result,
    measure::Latencies,
    peer::{Heard, Peers},
};

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let scenario = target.scenario;
    let each = scenario.messages / scenario.groups;
    let (flight, bytes) = (scenario.in_flight as usize, scenario.payload_bytes as usize);
    let mut measured = Measured::default();
    let window = Window::open(target.process)?;
    let started = Instant::now();
    let peers = target.peers.clone();
    let stored =
        ramp(scenario.groups, |group| store(peers.clone(), group, each as usize, (flight, bytes))).await?;
    let storing = started.elapsed();
    let mut ended = Vec::new();
    for (notes, connection, latencies) in stored {
        ended.push((notes, connection));
        measured.latencies.0.extend(latencies.0);
    }
    let started = Instant::now();
    let drained = ramp(scenario.groups, |group| drain(peers.clone(), group, each)).await?;
    let draining = started.elapsed();
    let count = each * scenario.groups;
    window.close(target.process, count, &mut measured)?;
    ended.extend(drained);
    for (mut notes, connection) in ended {
        if !peers.raw {
            notes.counts(&connection).await?;
        }
        measured.notes.add(notes);
    }
    measured.more.insert("stored_per_second".into(), json!(count as f64 / storing.as_secs_f64()));
    measured.more.insert("drained_per_second".into(), json!(count as f64 / draining.as_secs_f64()));
    Ok(measured)
}

/// Somebody who sends so many messages to one who is away.
async fn store(
    peers: Peers,
    group: u64,
    mut left: usize,
    (flight, bytes): (usize, usize),
) -> Result<(Notes, Connection, Latencies)> {
    let account = group * 2 + 1;
    let (mut notes, mut latencies) =
        (Notes::new(Device { account, conversation: group + 1 }), Latencies::default());
    let connection = peers.sign_in(group as usize, token(account)).await?;
    let mut lane = peers.lane(&connection, notes.begins()).await?;
    while left > 0 || lane.in_flight() > 0 {
        let room = left.min(flight - lane.in_flight());
        if room > 0 {
            lane.say(room, bytes, &mut notes).await?;
            left -= room;
        }
        for heard in lane.hear().await? {
            if let Heard::Ack { took, .. } = &heard {
                latencies.add(*took);
            }
            notes.heard(heard);
        }
    }
    notes.ends();
    Ok((notes, connection, latencies))
}

/// The one who was away gets them all.
async fn drain(peers: Peers, group: u64, each: u64) -> Result<(Notes, Connection)> {
    let account = group * 2 + 2;
    let (mut notes, mut got) = (Notes::new(Device { account, conversation: group + 1 }), 0);
    let connection = peers.sign_in(group as usize, token(account)).await?;
    let mut lane = peers.lane(&connection, notes.resumes()).await?;
    while got < each {
        for heard in lane.hear().await? {
            got += u64::from(matches!(heard, Heard::Message { .. }));
            notes.heard(heard);
        }
    }
    notes.ends();
    Ok((notes, connection))
}
