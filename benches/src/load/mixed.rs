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
use quinn::Connection;
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

use super::{Device, Measured, Notes, Target, Window, ramp, token};
use crate::{
    Error, Result,
    measure::Latencies,
    peer::{Heard, Join, Lane, PATIENCE, Peers, Start, now_us},
};

/// A member says something this often.
const SAY_EVERY: Duration = Duration::from_millis(1_000);
/// A member who comes and goes does so this often.
const COME_EVERY: Duration = Duration::from_millis(1_500);
/// How often a member looks up whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Counts {
    heard: AtomicU64,
    visits: AtomicU64,
}

/// A group: who may still speak in it, what was said and answered, and its last event.
#[derive(Default)]
struct Room {
    talking: AtomicU64,
    sent: AtomicU64,
    acked: AtomicU64,
    head: AtomicU64,
}

impl Room {
    /// Whether nothing more is to come to somebody who stands at `at`.
    fn is_over(&self, at: u64) -> bool {
        self.talking.load(Ordering::SeqCst) == 0
            && self.sent.load(Ordering::SeqCst) == self.acked.load(Ordering::SeqCst)
            && at >= self.head.load(Ordering::SeqCst)
    }

    fn acked(&self, event_seq: u64) {
        self.head.fetch_max(event_seq, Ordering::SeqCst);
        self.acked.fetch_add(1, Ordering::SeqCst);
    }
}

/// Of the members, every tenth comes and goes.
fn visits(number: u64) -> bool {
    number % 10 == 9
}

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (scenario, peers) = (target.scenario, target.peers.clone());
    let people = scenario.groups * scenario.members;
    let idle: Vec<(Connection, Lane)> = ramp(scenario.connections, |number| {
        let peers = peers.clone();
        async move {
            let connection = peers.sign_in(number as usize, token(people + number + 1)).await?;
            let lane = peers.lane(&connection, Join { conversation: 1, from: Start::Head }).await?;
            Ok((connection, lane))
        }
    })
    .await?;
    let counts = Arc::new(Counts::default());
    let (stop, stopped) = watch::channel(false);
    let mut running: JoinSet<Result<Told>> = JoinSet::new();
    let bytes = scenario.payload_bytes as usize;
    for group in 0..scenario.groups {
        let numbers = group * scenario.members..(group + 1) * scenario.members;
        let talking = numbers.clone().filter(|number| !visits(*number)).count() as u64;
        let room = Arc::new(Room { talking: talking.into(), ..Room::default() });
        for number in numbers {
            let device = Device { account: number + 1, conversation: group + 1 };
            let (peers, room, counts) = (peers.clone(), room.clone(), counts.clone());
            let told = Told::new(Notes::new(device));
            let member = Member { peers, device, bytes, room, counts, told };
            if visits(number) {
                running.spawn(member.visit(stopped.clone()));
            } else {
                running.spawn(member.stay(stopped.clone()));
            }
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
        .map_err(|_| Error("a member does not get everything".into()))?
    {
        let told = member.map_err(|error| Error::new("a member", error))??;
        measured.notes.add(told.notes);
        measured.latencies.0.extend(told.acks.0);
        measured.deliveries.0.extend(told.deliveries.0);
    }
    drop(idle);
    measured.more.insert("visits".into(), json!(counts.visits.load(Ordering::Relaxed)));
    measured.more.insert("connections".into(), json!(people + scenario.connections));
    Ok(measured)
}

/// What a member noted.
struct Told {
    notes: Notes,
    acks: Latencies,
    deliveries: Latencies,
}

impl Told {
    fn new(notes: Notes) -> Self {
        Self { notes, acks: Latencies::default(), deliveries: Latencies::default() }
    }
}

struct Member {
    peers: Peers,
    device: Device,
    bytes: usize,
    room: Arc<Room>,
    counts: Arc<Counts>,
    told: Told,
}

impl Member {
    /// Stays online: types, says something now and then, hears the others.
    async fn stay(mut self, stopped: watch::Receiver<bool>) -> Result<Told> {
        let Device { account, conversation } = self.device;
        let connection = self.peers.sign_in(account as usize, token(account)).await?;
        let mut lane = self.peers.lane(&connection, self.told.notes.resumes()).await?;
        let (mut typing, _state) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let mut kind = Vec::new();
        varint::put(&mut kind, stream_kind::STATE);
        let types = Typing { conversation: ConversationId(conversation), typing: true };
        kind.extend_from_slice(&frame::encode(frame_type::TYPING, &types));
        typing.write_all(&kind).await.map_err(|error| Error::new("write", error))?;
        // Spread over the interval, so that not everybody talks at once.
        let first = tokio::time::Instant::now() + SAY_EVERY * ((account * 37) % 100) as u32 / 100;
        let mut next = tokio::time::interval_at(first, SAY_EVERY);
        let (mut look, mut talks) = (tokio::time::interval(LOOK_EVERY), true);
        while !self.room.is_over(self.told.notes.at()) {
            tokio::select! {
                heard = lane.hear() => self.hears(heard?, true),
                _ = next.tick(), if talks => {
                    self.room.sent.fetch_add(1, Ordering::SeqCst);
                    lane.say(1, self.bytes, &mut self.told.notes).await?;
                }
                _ = look.tick() => if talks && *stopped.borrow() {
                    talks = false;
                    self.room.talking.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
        self.told.notes.ends();
        self.told.notes.counts(&connection).await?;
        Ok(self.told)
    }

    /// Comes, hears what was said meanwhile, reads it and goes; at last stays until everything was said.
    async fn visit(mut self, mut stopped: watch::Receiver<bool>) -> Result<Told> {
        let account = self.device.account;
        loop {
            let is_last = *stopped.borrow();
            let connection = self.peers.sign_in(account as usize, token(account)).await?;
            let mut lane = self.peers.lane(&connection, self.told.notes.resumes()).await?;
            let (mut look, mut is_live) = (tokio::time::interval(LOOK_EVERY), false);
            while !(if is_last { self.room.is_over(self.told.notes.at()) } else { is_live }) {
                tokio::select! {
                    heard = lane.hear() => {
                        let heard = heard?;
                        is_live |= heard.iter().any(|one| matches!(one, Heard::Live));
                        self.hears(heard, false);
                    }
                    _ = look.tick() => {}
                }
            }
            self.told.notes.reads(&connection).await?;
            self.told.notes.counts(&connection).await?;
            connection.close(0_u32.into(), b"");
            if is_last {
                self.told.notes.ends();
                return Ok(self.told);
            }
            self.counts.visits.fetch_add(1, Ordering::Relaxed);
            let _ = tokio::time::timeout(COME_EVERY, stopped.wait_for(|stopped| *stopped)).await;
        }
    }

    /// Notes what came; how long a message took is known of one who was there.
    fn hears(&mut self, heard: Vec<Heard>, was_there: bool) {
        let now = now_us();
        for one in heard {
            match &one {
                Heard::Ack { took, event_seq, .. } => {
                    self.told.acks.add(*took);
                    self.room.acked(*event_seq);
                }
                Heard::Message { sent_us, .. } => {
                    self.counts.heard.fetch_add(1, Ordering::Relaxed);
                    if was_there {
                        self.told.deliveries.add(Duration::from_micros(now.saturating_sub(*sent_us)));
                    }
                }
                _ => {}
            }
            self.told.notes.heard(one);
        }
    }
}
