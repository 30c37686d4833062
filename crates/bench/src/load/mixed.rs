//! A day's shape: many idle, groups that talk a little, typing, people who come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{
    ConversationId, frame,
    state::{Typing, frame_type},
    stream_kind, varint,
};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

use super::{Device, Measured, Notes, Target, Window, ramp, token};
use crate::{
    Error, Result,
    measure::Latencies,
    peer::{Heard, Join, PATIENCE, Peers},
};

/// A member says something this often.
const SAY_EVERY: Duration = Duration::from_millis(1_000);
/// A member who comes and goes does so this often.
const COME_EVERY: Duration = Duration::from_millis(1_500);

#[derive(Default)]
struct Counts {
    heard: AtomicU64,
    visits: AtomicU64,
}

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (scenario, peers) = (target.scenario, target.peers.clone());
    let people = scenario.groups * scenario.members;
    let idle = ramp(scenario.connections, |number| {
        let peers = peers.clone();
        async move { peers.sign_in(number as usize, token(people + number + 1)).await }
    })
    .await?;
    let counts = Arc::new(Counts::default());
    let (stop, stopped) = watch::channel(false);
    let mut running: JoinSet<Result<(Notes, Latencies)>> = JoinSet::new();
    let bytes = scenario.payload_bytes as usize;
    for number in 0..people {
        let device = Device { account: number + 1, conversation: number / scenario.members + 1 };
        let member = Member { peers: peers.clone(), device, bytes, counts: counts.clone() };
        // Every tenth comes and goes.
        if number % 10 == 9 {
            running.spawn(member.visit(stopped.clone()));
        } else {
            running.spawn(member.stay(stopped.clone()));
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut measured = Measured::default();
    let (window, before) = (Window::open(target.process)?, counts.heard.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(scenario.seconds)).await;
    let heard = counts.heard.load(Ordering::Relaxed) - before;
    window.close(target.process, heard, &mut measured)?;
    stop.send_replace(true);
    while let Some(member) = tokio::time::timeout(PATIENCE, running.join_next())
        .await
        .map_err(|_| Error("a member does not end".into()))?
    {
        let (notes, latencies) = member.map_err(|error| Error::new("a member", error))??;
        measured.notes.extend(notes);
        measured.latencies.0.extend(latencies.0);
    }
    drop(idle);
    measured.more.insert("visits".into(), json!(counts.visits.load(Ordering::Relaxed)));
    measured.more.insert("connections".into(), json!(people + scenario.connections));
    Ok(measured)
}

struct Member {
    peers: Peers,
    device: Device,
    bytes: usize,
    counts: Arc<Counts>,
}

impl Member {
    /// Stays online: types, says something now and then, hears the others.
    async fn stay(self, mut stopped: watch::Receiver<bool>) -> Result<(Notes, Latencies)> {
        let Device { account, conversation } = self.device;
        let connection = self.peers.sign_in(account as usize, token(account)).await?;
        let mut lane = self.peers.lane(&connection, Join { conversation, drain: false }).await?;
        let (mut typing, _state) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let mut kind = Vec::new();
        varint::put(&mut kind, stream_kind::STATE);
        let types = Typing { conversation: ConversationId(conversation), typing: true };
        kind.extend_from_slice(&frame::encode(frame_type::TYPING, &types));
        typing.write_all(&kind).await.map_err(|error| Error::new("write", error))?;
        let (mut notes, mut latencies) = (Notes::default(), Latencies::default());
        // Spread over the interval, so that not everybody talks at once.
        let first = tokio::time::Instant::now() + SAY_EVERY * ((account * 37) % 100) as u32 / 100;
        let mut next = tokio::time::interval_at(first, SAY_EVERY);
        loop {
            tokio::select! {
                heard = lane.hear() => {
                    for one in heard? {
                        match &one {
                            Heard::Ack { took, .. } => latencies.add(*took),
                            Heard::Message { .. } => drop(self.counts.heard.fetch_add(1, Ordering::Relaxed)),
                            _ => {}
                        }
                        notes.heard(self.device, one);
                    }
                }
                _ = next.tick(), if !*stopped.borrow() => {
                    lane.say(1, self.bytes, (&mut notes, self.device)).await?;
                }
                _ = stopped.changed() => {}
                () = tokio::time::sleep(Duration::from_secs(1)), if *stopped.borrow() && lane.in_flight() == 0 => {
                    return Ok((notes, latencies));
                }
            }
        }
    }

    /// Comes, hears what was said meanwhile, and goes.
    async fn visit(self, stopped: watch::Receiver<bool>) -> Result<(Notes, Latencies)> {
        let Device { account, conversation } = self.device;
        while !*stopped.borrow() {
            let connection = self.peers.sign_in(account as usize, token(account)).await?;
            let mut lane = self.peers.lane(&connection, Join { conversation, drain: true }).await?;
            let visit = async {
                loop {
                    let heard = lane.hear().await?;
                    if heard.iter().any(|one| matches!(one, Heard::Live)) {
                        return Ok::<_, Error>(());
                    }
                }
            };
            visit.await?;
            self.counts.visits.fetch_add(1, Ordering::Relaxed);
            connection.close(0_u32.into(), b"");
            tokio::time::sleep(COME_EVERY).await;
        }
        Ok((Notes::default(), Latencies::default()))
    }
}
