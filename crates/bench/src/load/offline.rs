//! Messages to people who are away, drained when they sign in.

use std::time::Instant;

use serde_json::json;

use super::{Device, Measured, Notes, Target, Window, ramp, token};
use crate::{
    Result,
    measure::Latencies,
    peer::{Heard, Join},
};

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let scenario = target.scenario;
    let each = scenario.messages / scenario.groups;
    let (flight, bytes) = (scenario.in_flight as usize, scenario.payload_bytes as usize);
    let mut measured = Measured::default();
    let window = Window::open(target.process)?;
    let started = Instant::now();
    let peers = target.peers.clone();
    let stored = ramp(scenario.groups, |group| {
        let peers = peers.clone();
        async move {
            let account = group * 2 + 1;
            let device = Device { account, conversation: group + 1 };
            let connection = peers.sign_in(group as usize, token(account)).await?;
            let mut lane = peers.lane(&connection, Join { conversation: group + 1, drain: false }).await?;
            let (mut notes, mut latencies, mut left) =
                (Notes::default(), Latencies::default(), each as usize);
            while left > 0 || lane.in_flight() > 0 {
                let room = left.min(flight - lane.in_flight());
                if room > 0 {
                    lane.say(room, bytes, (&mut notes, device)).await?;
                    left -= room;
                }
                for heard in lane.hear().await? {
                    if let Heard::Ack { took, .. } = &heard {
                        latencies.add(*took);
                    }
                    notes.heard(device, heard);
                }
            }
            Ok((notes, latencies))
        }
    })
    .await?;
    let storing = started.elapsed();
    for (notes, latencies) in stored {
        measured.notes.extend(notes);
        measured.latencies.0.extend(latencies.0);
    }
    let started = Instant::now();
    let drained = ramp(scenario.groups, |group| {
        let peers = peers.clone();
        async move {
            let account = group * 2 + 2;
            let device = Device { account, conversation: group + 1 };
            let connection = peers.sign_in(group as usize, token(account)).await?;
            let mut lane = peers.lane(&connection, Join { conversation: group + 1, drain: true }).await?;
            let (mut notes, mut got) = (Notes::default(), 0);
            while got < each {
                for heard in lane.hear().await? {
                    got += u64::from(matches!(heard, Heard::Message { .. }));
                    notes.heard(device, heard);
                }
            }
            Ok(notes)
        }
    })
    .await?;
    let draining = started.elapsed();
    let count = each * scenario.groups;
    window.close(target.process, count, &mut measured)?;
    for notes in drained {
        measured.notes.extend(notes);
    }
    measured.more.insert("stored_per_second".into(), json!(count as f64 / storing.as_secs_f64()));
    measured.more.insert("drained_per_second".into(), json!(count as f64 / draining.as_secs_f64()));
    Ok(measured)
}
