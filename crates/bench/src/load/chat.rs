//! Groups with one sender each and everybody else online.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet};

use super::{Device, Measured, Notes, Target, Window, members, ramp, token};
use crate::{
    Error, Result,
    measure::Latencies,
    peer::{Heard, Join, Lane, PATIENCE},
};

/// Load before the measured time.
const WARM_UP: Duration = Duration::from_secs(1);

/// Messages so far.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    heard: AtomicU64,
}

/// Phases of the load.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Warm,
    Measured,
    /// No new sends; what is under way is acked and heard.
    Ending,
    Ended,
}

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (scenario, counts) = (target.scenario, Arc::new(Counts::default()));
    let (phase, phases) = watch::channel(Phase::Warm);
    let lanes = lanes(target).await?;
    let mut hearers: JoinSet<Result<Notes>> = JoinSet::new();
    let mut speakers: JoinSet<Result<(Notes, Latencies)>> = JoinSet::new();
    for (number, lane) in (0_u64..).zip(lanes) {
        let device = Device { account: number + 1, conversation: number / scenario.members + 1 };
        let (counts, phases) = (counts.clone(), phases.clone());
        if number % scenario.members == 0 {
            let (flight, bytes) = (scenario.in_flight as usize, scenario.payload_bytes as usize);
            speakers.spawn(speak(lane, device, counts, phases, (flight, bytes)));
        } else {
            hearers.spawn(hear(lane, device, counts, phases));
        }
    }
    tokio::time::sleep(WARM_UP).await;
    let mut measured = Measured::default();
    phase.send_replace(Phase::Measured);
    let (window, before) = (Window::open(target.process)?, counts.heard.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(scenario.seconds)).await;
    let units = counts.heard.load(Ordering::Relaxed) - before;
    window.close(target.process, units, &mut measured)?;
    phase.send_replace(Phase::Ending);
    while let Some(speaker) = speakers.join_next().await {
        let (notes, latencies) = speaker.map_err(|error| Error::new("a sender", error))??;
        measured.notes.extend(notes);
        measured.latencies.0.extend(latencies.0);
    }
    everything_heard(&counts, scenario.members - 1).await?;
    phase.send_replace(Phase::Ended);
    while let Some(hearer) = hearers.join_next().await {
        measured.notes.extend(hearer.map_err(|error| Error::new("a receiver", error))??);
    }
    Ok(measured)
}

async fn lanes(target: &Target<'_>) -> Result<Vec<Lane>> {
    let (peers, size) = (target.peers.clone(), target.scenario.members);
    let count = target.scenario.groups * size;
    debug_assert_eq!(members(target.scenario, 0).start, 1);
    ramp(count, |number| {
        let peers = peers.clone();
        async move {
            let connection = peers.sign_in(number as usize, token(number + 1)).await?;
            peers.lane(&connection, Join { conversation: number / size + 1, drain: false }).await
        }
    })
    .await
}

async fn everything_heard(counts: &Counts, hearers: u64) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (sent, heard) = (counts.sent.load(Ordering::Relaxed), counts.heard.load(Ordering::Relaxed));
        if heard >= sent * hearers {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error(format!(
                "{} of {} deliveries are missing",
                sent * hearers - heard,
                sent * hearers
            )));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn speak(
    mut lane: Lane,
    device: Device,
    counts: Arc<Counts>,
    phases: watch::Receiver<Phase>,
    (in_flight, bytes): (usize, usize),
) -> Result<(Notes, Latencies)> {
    let (mut notes, mut latencies) = (Notes::default(), Latencies::default());
    loop {
        let phase = *phases.borrow();
        let room = in_flight - lane.in_flight();
        if phase < Phase::Ending && room > 0 {
            counts.sent.fetch_add(room as u64, Ordering::Relaxed);
            lane.say(room, bytes, (&mut notes, device)).await?;
        }
        if phase >= Phase::Ending && lane.in_flight() == 0 {
            return Ok((notes, latencies));
        }
        for heard in lane.hear().await? {
            if let Heard::Ack { took, .. } = &heard
                && phase == Phase::Measured
            {
                latencies.add(*took);
            }
            notes.heard(device, heard);
        }
    }
}

async fn hear(
    mut lane: Lane,
    device: Device,
    counts: Arc<Counts>,
    mut phases: watch::Receiver<Phase>,
) -> Result<Notes> {
    let mut notes = Notes::default();
    loop {
        let heard = tokio::select! {
            heard = lane.hear() => heard?,
            _ = phases.wait_for(|phase| *phase == Phase::Ended) => return Ok(notes),
        };
        let messages = heard.iter().filter(|heard| matches!(heard, Heard::Message { .. })).count();
        counts.heard.fetch_add(messages as u64, Ordering::Relaxed);
        for one in heard {
            notes.heard(device, one);
        }
    }
}
