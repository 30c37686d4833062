//! Pairs that talk while attackers aim at a socket nobody reads, and then while they aim at the server.
//!
//! Both share the processors of this machine: the same attackers, first without a victim, are what "quiet" means.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use quinn::Connection;
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use super::{
    Device, Measured, Notes, Target, Window,
    chat::{Counts, everything_heard},
    members, ramp, token,
};
use crate::{
    Error, Result, Scenario, Seed, SeedAccount, SeedConversation,
    attack::{Attackers, Flood, HalfOpen, Kind, Tally},
    measure::Latencies,
    peer::{Heard, Lane, Peers, now_us},
    scenario::Attack,
};

/// How often each pair says something.
const SAY_EVERY: Duration = Duration::from_millis(10);
/// Sends without an ack beyond which a speaker waits.
const IN_FLIGHT: usize = 16;
/// How often somebody talks to the readers that do not read, and how much at once: what they have room for is full in a
/// second.
const FILL_EVERY: Duration = Duration::from_millis(100);
const FILL_BYTES: usize = 8_000;
/// How long it is left alone once the attackers are there.
const SETTLE: Duration = Duration::from_secs(4);
/// Networks that half-open handshakes come from.
const NETWORKS: u64 = 200;

/// Phases of a run.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Between,
    Quiet,
    Beside,
    /// No new sends; what is under way is acked and heard.
    Ending,
    Ended,
}

/// The accounts: pairs, then one who talks to those who do not listen, then the attackers.
fn talker(scenario: &Scenario) -> u64 {
    scenario.groups * scenario.members + 1
}

pub(super) fn seed(scenario: &Scenario) -> Seed {
    let talker = talker(scenario);
    let last = if scenario.attack == Attack::HalfOpen { talker } else { talker + scenario.connections };
    let pairs = (0..scenario.groups).map(|group| (group + 1, members(scenario, group).collect()));
    let crowd = (scenario.groups + 1, (talker..=last).collect());
    let all = pairs.chain((scenario.attack == Attack::Stuck).then_some(crowd));
    Seed {
        accounts: (1..=last).map(|id| SeedAccount { id, token: token(id) }).collect(),
        conversations: all.map(|(id, members)| SeedConversation { id, members, messages: 0 }).collect(),
        ..Seed::default()
    }
}

/// Whoever attacks, whomever.
enum Besiegers {
    Flood(Flood),
    Held(Attackers),
}

/// What the attackers did by now.
#[derive(Default)]
struct Deeds {
    made: u64,
    held: u64,
    sent: u64,
    received: u64,
    more: Vec<(&'static str, u64)>,
}

impl Besiegers {
    /// Begins the attack and waits until it is there.
    async fn begin(scenario: &Scenario, peers: &Peers, server: SocketAddr, is_dead: bool) -> Result<Self> {
        let kind = match scenario.attack {
            Attack::HalfOpen => {
                let attackers = HalfOpen::new(server, peers.with_room(16 * 1024), NETWORKS)?;
                let flood = Flood::begins(attackers, scenario.connections, scenario.attacks_per_second);
                while flood.tally().begun < scenario.connections && flood.is_running() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                return Ok(Self::Flood(flood));
            }
            Attack::Stuck => Kind::Stuck,
            Attack::Slow => Kind::Slow,
        };
        let accounts = (talker(scenario) + 1, scenario.connections);
        Ok(Self::Held(Attackers::begin(kind, (peers, server), accounts, is_dead).await?))
    }

    fn deeds(&self) -> Deeds {
        match self {
            Self::Flood(flood) => {
                let Tally { begun, retries, answered, sent, received } = flood.tally();
                let more = vec![("retries", retries), ("answered", answered)];
                Deeds { made: begun, held: begun, sent, received, more }
            }
            Self::Held(attackers) => {
                let (held, (sent, received)) = (attackers.held(), attackers.bytes());
                Deeds { made: held, held, sent, received, more: vec![("trickled", attackers.trickled())] }
            }
        }
    }

    fn ends(self) -> Result<()> {
        match self {
            Self::Flood(flood) => flood.ends(),
            Self::Held(attackers) => {
                drop(attackers);
                Ok(())
            }
        }
    }
}

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (phase, phases) = watch::channel(Phase::Between);
    let counts = Arc::new(Counts::default());
    let (mut hearers, mut speakers) = people(target.scenario, &target.peers, &counts, &phases).await?;
    let quiet_rate = quiet(target, &phase).await?;
    let mut measured = Measured::default();
    let seen = beside(target, &phase, &counts, &mut measured).await?;
    let mut quiet = Latencies::default();
    while let Some(speaker) = speakers.join_next().await {
        let told = speaker.map_err(|error| Error::new("a sender", error))??;
        measured.notes.add(told.notes);
        measured.latencies.0.extend(told.beside.0);
    }
    everything_heard(&counts, target.scenario.members - 1).await?;
    phase.send_replace(Phase::Ended);
    while let Some(hearer) = hearers.join_next().await {
        let told = hearer.map_err(|error| Error::new("a receiver", error))??;
        measured.notes.add(told.notes);
        measured.deliveries.0.extend(told.beside.0);
        quiet.0.extend(told.quiet.0);
    }
    say(&mut measured, quiet, quiet_rate, &seen);
    Ok(measured)
}

/// The talk while the attackers aim at nobody: how much they get done a second.
async fn quiet(target: &Target<'_>, phase: &watch::Sender<Phase>) -> Result<f64> {
    // Bound and never read, for as long as this lasts.
    let dead = UdpSocket::bind(("127.0.0.1", 0)).map_err(|error| Error::new("no socket", error))?;
    let nobody = dead.local_addr().map_err(|error| Error::new("no socket", error))?;
    let besiegers = Besiegers::begin(target.scenario, &target.peers, nobody, true).await?;
    tokio::time::sleep(SETTLE).await;
    let time = Duration::from_secs(target.scenario.seconds);
    let before = besiegers.deeds();
    phase.send_replace(Phase::Quiet);
    tokio::time::sleep(time).await;
    phase.send_replace(Phase::Between);
    let made = besiegers.deeds().made - before.made;
    besiegers.ends()?;
    Ok(made as f64 / time.as_secs_f64())
}

/// What was seen of the attack.
struct Seen {
    deeds: Deeds,
    per_second: f64,
    memory_added: u64,
}

/// The talk while they aim at the server.
async fn beside(
    target: &Target<'_>,
    phase: &watch::Sender<Phase>,
    counts: &Counts,
    measured: &mut Measured,
) -> Result<Seen> {
    let server = SocketAddr::from(([127, 0, 0, 1], target.process.port));
    let memory = target.process.resident()?;
    let began = Instant::now();
    let besiegers = Besiegers::begin(target.scenario, &target.peers, server, false).await?;
    let made_in = began.elapsed().as_secs_f64();
    let mut most = 0;
    sample(target, SETTLE, &mut most).await?;
    let (before, heard) = (besiegers.deeds(), counts.heard.load(Ordering::Relaxed));
    let window = Window::open(target.process)?;
    phase.send_replace(Phase::Beside);
    sample(target, Duration::from_secs(target.scenario.seconds), &mut most).await?;
    phase.send_replace(Phase::Ending);
    window.close(target.process, counts.heard.load(Ordering::Relaxed) - heard, measured)?;
    let deeds = besiegers.deeds();
    besiegers.ends()?;
    let per_second = match target.scenario.attack {
        Attack::HalfOpen => (deeds.made - before.made) as f64 / measured.seconds,
        Attack::Stuck | Attack::Slow => deeds.made as f64 / made_in,
    };
    Ok(Seen { deeds, per_second, memory_added: most.saturating_sub(memory) })
}

/// Everybody who talks and hears. Who talks to the attackers is heard by nobody.
async fn people(
    scenario: &Scenario,
    peers: &Peers,
    counts: &Arc<Counts>,
    phases: &watch::Receiver<Phase>,
) -> Result<(JoinSet<Result<Told>>, JoinSet<Result<Told>>)> {
    let size = scenario.members;
    let crowd = u64::from(scenario.attack == Attack::Stuck);
    let come = ramp(scenario.groups * size + crowd, |number| {
        let peers = peers.clone();
        async move {
            let device = Device { account: number + 1, conversation: number / size + 1 };
            let mut notes = Notes::new(device);
            let connection = peers.sign_in(number as usize, token(number + 1)).await?;
            let lane = peers.lane(&connection, notes.begins()).await?;
            Ok(Person { connection, lane, told: Told::new(notes) })
        }
    });
    let (mut hearers, mut speakers) = (JoinSet::new(), JoinSet::new());
    for (number, person) in (0_u64..).zip(come.await?) {
        let phases = phases.clone();
        if number >= scenario.groups * size {
            speakers.spawn(person.speaks(None, phases, (FILL_EVERY, FILL_BYTES)));
        } else if number % size == 0 {
            let (every, bytes) = (SAY_EVERY, scenario.payload_bytes as usize);
            speakers.spawn(person.speaks(Some(counts.clone()), phases, (every, bytes)));
        } else {
            hearers.spawn(person.hears(counts.clone(), phases));
        }
    }
    Ok((hearers, speakers))
}

/// Waits, and notes the most memory the server took beside what it had.
async fn sample(target: &Target<'_>, time: Duration, most: &mut u64) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(100).min(time.saturating_sub(began.elapsed()))).await;
        *most = target.process.resident()?.max(*most);
    }
    Ok(())
}

fn say(measured: &mut Measured, quiet: Latencies, quiet_rate: f64, seen: &Seen) {
    let (messages, quiet) = (quiet.0.len(), quiet.summary());
    let [_, p99, _] = measured.deliveries.clone().summary();
    let Seen { deeds, per_second, memory_added } = seen;
    for (name, value) in [
        ("p99_ratio", p99 / quiet[1].max(1e-6)),
        ("quiet_delivery_p50_ms", quiet[0]),
        ("quiet_delivery_p99_ms", quiet[1]),
        ("attacks_per_second", *per_second),
        ("quiet_attacks_per_second", quiet_rate),
        ("bytes_out_per_in", deeds.received as f64 / deeds.sent.max(1) as f64),
    ] {
        measured.more.insert(name.into(), json!((value * 1000.0).round() / 1000.0));
    }
    let counts =
        [("quiet_deliveries", messages as u64), ("held", deeds.held), ("memory_added_bytes", *memory_added)];
    for (name, count) in counts.iter().chain(&deeds.more) {
        measured.more.insert((*name).into(), json!(count));
    }
}

/// What one noted.
struct Told {
    notes: Notes,
    quiet: Latencies,
    beside: Latencies,
}

impl Told {
    fn new(notes: Notes) -> Self {
        Self { notes, quiet: Latencies::default(), beside: Latencies::default() }
    }

    fn took(&mut self, phase: Phase, time: Duration) {
        match phase {
            Phase::Quiet => self.quiet.add(time),
            Phase::Beside => self.beside.add(time),
            _ => {}
        }
    }
}

struct Person {
    connection: Connection,
    lane: Lane,
    told: Told,
}

impl Person {
    async fn ends(mut self) -> Result<Told> {
        self.told.notes.ends();
        self.told.notes.counts(&self.connection).await?;
        Ok(self.told)
    }

    /// Says so much again and again; how long the acks took.
    async fn speaks(
        mut self,
        counts: Option<Arc<Counts>>,
        mut phases: watch::Receiver<Phase>,
        (every, bytes): (Duration, usize),
    ) -> Result<Told> {
        let mut next = tokio::time::interval(every);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let phase = *phases.borrow_and_update();
            if phase >= Phase::Ending && self.lane.in_flight() == 0 {
                return self.ends().await;
            }
            let speaks = phase < Phase::Ending && self.lane.in_flight() < IN_FLIGHT;
            tokio::select! {
                heard = self.lane.hear() => for one in heard? {
                    if let Heard::Ack { took, .. } = &one {
                        self.told.took(phase, *took);
                    }
                    self.told.notes.heard(one);
                },
                _ = next.tick(), if speaks => {
                    if let Some(counts) = &counts {
                        counts.sent.fetch_add(1, Ordering::Relaxed);
                    }
                    self.lane.say(1, bytes, &mut self.told.notes).await?;
                }
                _ = phases.changed() => {}
            }
        }
    }

    /// Hears everything; how long it took from the sender's write.
    async fn hears(mut self, counts: Arc<Counts>, mut phases: watch::Receiver<Phase>) -> Result<Told> {
        loop {
            let heard = tokio::select! {
                heard = self.lane.hear() => Some(heard?),
                _ = phases.wait_for(|phase| *phase == Phase::Ended) => None,
            };
            let Some(heard) = heard else { return self.ends().await };
            let (now, phase) = (now_us(), *phases.borrow());
            let mut messages = 0;
            for one in heard {
                if let Heard::Message { sent_us, .. } = &one {
                    messages += 1;
                    self.told.took(phase, Duration::from_micros(now.saturating_sub(*sent_us)));
                }
                self.told.notes.heard(one);
            }
            counts.heard.fetch_add(messages, Ordering::Relaxed);
        }
    }
}
