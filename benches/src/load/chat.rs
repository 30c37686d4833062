//! Groups with one sender each and everybody else online.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quinn::Connection;
use tokio::{sync::watch, task::JoinSet};

use super::{Device, Measured, Notes, Target, Window, members, ramp, token};
use crate::{
    Error, Result,
    measure::Latencies,
    peer::{Heard, Lane, PATIENCE, now_us},
};

/// Load before the measured time.
const WARM_UP: Duration = Duration::from_secs(1);

/// Messages so far.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    pub(super) heard: AtomicU64,
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
    let mut hearers: JoinSet<Result<(Notes, Latencies)>> = JoinSet::new();
    let mut speakers: JoinSet<Result<(Notes, Latencies)>> = JoinSet::new();
    for (number, lane) in (0_u64..).zip(lanes) {
        let (counts, phases) = (counts.clone(), phases.clone());
        if number % scenario.members == 0 {
            let (flight, bytes) = (scenario.in_flight as usize, scenario.payload_bytes as usize);
            speakers.spawn(speak(lane, counts, phases, (flight, bytes)));
        } else {
            hearers.spawn(hear(lane, counts, phases));
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
        measured.notes.add(notes);
        measured.latencies.0.extend(latencies.0);
    }
    everything_heard(&counts, scenario.members - 1).await?;
    phase.send_replace(Phase::Ended);
    while let Some(hearer) = hearers.join_next().await {
        let (notes, latencies) = hearer.map_err(|error| Error::new("a receiver", error))??;
        measured.notes.add(notes);
        measured.deliveries.0.extend(latencies.0);
    }
    Ok(measured)
}

/// Somebody who is online.
struct Peer {
    connection: Connection,
    lane: Lane,
    notes: Notes,
    /// Whether there are no accounts and counts.
    raw: bool,
}

impl Peer {
    /// Everything came.
    async fn ends(mut self, latencies: Latencies) -> Result<(Notes, Latencies)> {
        self.notes.ends();
        if !self.raw {
            self.notes.counts(&self.connection).await?;
        }
        Ok((self.notes, latencies))
    }
}

async fn lanes(target: &Target<'_>) -> Result<Vec<Peer>> {
    let (peers, size) = (target.peers.clone(), target.scenario.members);
    let count = target.scenario.groups * size;
    let stored = target.scenario.stored / target.scenario.groups;
    debug_assert_eq!(members(target.scenario, 0).start, 1);
    ramp(count, |number| {
        let peers = peers.clone();
        async move {
            let device = Device { account: number + 1, conversation: number / size + 1 };
            // What is stored came from all members in turn.
            let place = number % size;
            let last = if place < stored { stored - (stored - 1 - place) % size } else { 0 };
            let mut notes = Notes::new(device).had_sent(last);
            let connection = peers.sign_in(number as usize, token(number + 1)).await?;
            let lane = peers.lane(&connection, notes.begins()).await?;
            Ok(Peer { connection, lane, notes, raw: peers.raw })
        }
    })
    .await
}

pub(super) async fn everything_heard(counts: &Counts, hearers: u64) -> Result<()> {
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
    mut peer: Peer,
    counts: Arc<Counts>,
    phases: watch::Receiver<Phase>,
    (in_flight, bytes): (usize, usize),
) -> Result<(Notes, Latencies)> {
    let mut latencies = Latencies::default();
    let (lane, notes) = (&mut peer.lane, &mut peer.notes);
    loop {
        let phase = *phases.borrow();
        let room = in_flight - lane.in_flight();
        if phase < Phase::Ending && room > 0 {
            counts.sent.fetch_add(room as u64, Ordering::Relaxed);
            lane.say(room, bytes, notes).await?;
        }
        if phase >= Phase::Ending && lane.in_flight() == 0 {
            return peer.ends(latencies).await;
        }
        for heard in lane.hear().await? {
            if let Heard::Ack { took, .. } = &heard
                && phase == Phase::Measured
            {
                latencies.add(*took);
            }
            notes.heard(heard);
        }
    }
}

async fn hear(
    mut peer: Peer,
    counts: Arc<Counts>,
    mut phases: watch::Receiver<Phase>,
) -> Result<(Notes, Latencies)> {
    let mut latencies = Latencies::default();
    loop {
        let heard = tokio::select! {
            heard = peer.lane.hear() => Some(heard?),
            _ = phases.wait_for(|phase| *phase == Phase::Ended) => None,
        };
        let Some(heard) = heard else { return peer.ends(latencies).await };
        let (now, is_measured) = (now_us(), *phases.borrow() == Phase::Measured);
        let mut messages = 0;
        for one in heard {
            if let Heard::Message { sent_us, .. } = &one {
                messages += 1;
                if is_measured {
                    latencies.add(Duration::from_micros(now.saturating_sub(*sent_us)));
                }
            }
            peer.notes.heard(one);
        }
        counts.heard.fetch_add(messages, Ordering::Relaxed);
    }
}
