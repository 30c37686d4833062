//! Where one device stands in one conversation: rule 4. Knows nothing of bodies or access.

use std::collections::{BTreeMap, HashMap};

use litrocket_protocol::MessageId;

use crate::{Broken, sends::Flight};

/// Events that came one after the other, or were skipped at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) at_us: u64,
}

/// Sends of one id that wait for an answer on this connection.
#[derive(Debug)]
struct Pending {
    /// Which of the id's payloads, and how often it was sent since nothing was waiting.
    payload: usize,
    sends: u32,
    /// The same of others: then an answer does not tell what it is about.
    others: Vec<(usize, u32)>,
    waiting: u32,
    acks: u32,
    conflicts: u32,
}

impl Pending {
    fn flight(&self) -> Option<Flight> {
        let Self { payload, sends, others, acks, conflicts, .. } = self;
        (!others.is_empty()).then(|| {
            let sends = [(*payload, *sends)].into_iter().chain(others.iter().copied()).collect();
            Flight { sends, acks: *acks, conflicts: *conflicts }
        })
    }
}

/// What the server says to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Ack,
    Conflict,
    No,
}

#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The last event that came or was skipped.
    at: u64,
    /// Own acked events above `at`, with the connection that heard the ack.
    acked: BTreeMap<u64, u32>,
    /// Places sought on purpose. What was on its way comes before the server obeys.
    seeks: Vec<u64>,
    pending: HashMap<MessageId, Pending>,
    /// Sends of several payloads that are over.
    flights: Vec<(MessageId, Flight)>,
    /// How often the device connected again.
    pub(crate) connection: u32,
    /// When it did so last.
    pub(crate) connected_at: Option<u64>,
    /// How many sends it wrote.
    sent: u32,
    begun: bool,
    /// Whether it came to hear what is said here.
    pub(crate) listens: bool,
    /// The highest event that came or was skipped, and when.
    pub(crate) furthest: (u64, u64),
    pub(crate) runs: Vec<Run>,
    pub(crate) skips: Vec<Run>,
}

impl Place {
    /// Counts a send: answers its position among the sends of this device, from 1.
    pub(crate) fn sends(&mut self, id: MessageId, payload: usize) -> u32 {
        let nothing = || Pending { payload, sends: 0, others: Vec::new(), waiting: 0, acks: 0, conflicts: 0 };
        let pending = self.pending.entry(id).or_insert_with(nothing);
        pending.waiting += 1;
        if pending.payload == payload {
            pending.sends += 1;
        } else if let Some((_, sends)) = pending.others.iter_mut().find(|(other, _)| *other == payload) {
            *sends += 1;
        } else {
            pending.others.push((payload, 1));
        }
        self.sent += 1;
        self.sent
    }

    /// An answer came: which payload of the id it is about, as far as one can tell.
    pub(crate) fn answered(&mut self, id: MessageId, said: Said) -> Option<usize> {
        let pending = self.pending.get_mut(&id)?;
        let payload = pending.others.is_empty().then_some(pending.payload);
        pending.waiting -= 1;
        pending.acks += u32::from(said == Said::Ack);
        pending.conflicts += u32::from(said == Said::Conflict);
        if pending.waiting == 0 {
            let flight = pending.flight();
            self.flights.extend(flight.map(|flight| (id, flight)));
            self.pending.remove(&id);
        }
        payload
    }

    /// All sends of several payloads of one id.
    pub(crate) fn flights(&self) -> impl Iterator<Item = (MessageId, Flight)> {
        let under_way = self.pending.iter().filter_map(|(id, pending)| Some((*id, pending.flight()?)));
        self.flights.iter().cloned().chain(under_way)
    }

    /// The ack stands for the event on this connection.
    pub(crate) fn acked(&mut self, event_seq: u64) {
        if event_seq > self.at {
            self.acked.insert(event_seq, self.connection);
        }
    }

    pub(crate) fn deliver(&mut self, at_us: u64, event_seq: u64) -> Result<(), Broken> {
        self.listens = true;
        let base = self.advance(at_us, event_seq, event_seq)?;
        match self.runs.last_mut() {
            Some(run) if run.to == base => run.to = event_seq,
            _ => self.runs.push(Run { from: base + 1, to: event_seq, at_us }),
        }
        Ok(())
    }

    pub(crate) fn skip(&mut self, run: Run, fresh: bool) -> Result<(), Broken> {
        let Run { from, to, at_us } = run;
        self.listens = true;
        if from > to {
            return Err(Broken::new(4, at_us, format!("the skip from {from} to {to} goes backwards")));
        }
        if fresh && self.begun {
            let message = format!("{from} to {to} are skipped as if the device had never synced");
            return Err(Broken::new(9, at_us, message));
        }
        self.advance(at_us, from, to)?;
        // A device that never synced begins at the head: what is below it comes from the history.
        if !fresh {
            self.skips.push(run);
        }
        Ok(())
    }

    pub(crate) fn resume(&mut self, at_us: u64, event_seq: u64, seek: bool) -> Result<(), Broken> {
        self.listens = true;
        self.begun |= event_seq > 0;
        if seek {
            if event_seq != self.at {
                self.seeks.push(event_seq);
            }
            return Ok(());
        }
        let reached = self.reached();
        if event_seq > reached {
            let message =
                format!("the device names cursor {event_seq}, but what it received ends at {reached}");
            return Err(Broken::new(4, at_us, message));
        }
        self.connection += 1;
        self.connected_at = Some(at_us);
        let over = self.pending.drain().filter_map(|(id, pending)| Some((id, pending.flight()?)));
        self.flights.extend(over);
        self.seeks.clear();
        self.stand(event_seq);
        Ok(())
    }

    /// The last event that is here without a hole, own acked ones included.
    pub(crate) fn reached(&self) -> u64 {
        let reach = |base: u64| {
            let ahead = self.acked.range(base + 1..).map(|(seq, _)| *seq);
            ahead.zip(base + 1..).take_while(|(seq, next)| seq == next).last().map_or(base, |(seq, _)| seq)
        };
        self.seeks.iter().fold(reach(self.at), |reached, seek| reached.max(reach(*seek)))
    }

    /// Moves over `first..=last`, which has to follow what came before: answers the event before it.
    fn advance(&mut self, at_us: u64, first: u64, last: u64) -> Result<u64, Broken> {
        let bases = std::iter::once(&self.at).chain(&self.seeks).copied();
        let found = bases.enumerate().find(|(_, base)| self.joins(*base, first));
        let Some((sought, base)) = found else {
            let at = self.at;
            let message = if first > at {
                format!("event {first} comes after {at}: what lies between is missing")
            } else {
                format!("event {first} comes again, or too late: the device is at {at}")
            };
            return Err(Broken::new(4, at_us, message));
        };
        self.begun = true;
        self.seeks.drain(..sought);
        self.furthest = self.furthest.max((last, at_us));
        self.stand(last);
        Ok(base)
    }

    /// Whether everything between the two came as acks of this connection.
    fn joins(&self, base: u64, next: u64) -> bool {
        let own = |seq: u64| self.acked.get(&seq) == Some(&self.connection);
        next > base && (base + 1..next).all(own)
    }

    fn stand(&mut self, at: u64) {
        self.at = at;
        while self.acked.first_key_value().is_some_and(|(seq, _)| *seq <= at) {
            self.acked.pop_first();
        }
    }
}
