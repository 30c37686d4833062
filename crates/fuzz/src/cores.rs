//! The pure cores fed with random events, each beside a model that is too simple to be wrong. The outbox has a file of its
//! own.

use std::collections::HashMap;

use litrocket_core::{
    access::{Range, may_read},
    client::{Cursors, Seen},
    reader::{Reader, Step},
    writer::{Decision, Facts, First, Head, Incoming, Membership, Position, Writer},
};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId, conversations::member_state, event::kind, fault::code, limits,
};

use crate::Input;

pub(crate) fn room(input: &mut Input<'_>) -> ConversationId {
    ConversationId(1 + input.below(3))
}

pub(crate) fn id(number: u64) -> MessageId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    MessageId(bytes)
}

/// Whatever a server says: no event is new twice, nothing new leaves a hole, and positions go on only.
pub(crate) fn cursors(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut cursors = Cursors::default();
    while !input.is_empty() {
        let room = room(&mut input);
        let before = cursors.position(room);
        // Mostly what comes next, sometimes anything.
        let near = |input: &mut Input<'_>| {
            let any = input.number();
            if any < 200 { before.saturating_add(1 + any % 4) } else { any }
        };
        match input.below(12) {
            0..=3 => {
                let seq = near(&mut input);
                if cursors.event(room, seq) == Seen::New {
                    assert_eq!(Some(seq), before.checked_add(1), "a hole");
                    assert!(cursors.position(room) >= seq);
                }
            }
            4 | 5 => {
                let seq = near(&mut input);
                cursors.acked(room, seq);
                let at = cursors.position(room);
                assert!(
                    at == before || at > before && Some(seq) == before.checked_add(1),
                    "an ack moved over a hole"
                );
            }
            6 | 7 => {
                let (from, to) = (near(&mut input), near(&mut input));
                let seen = cursors.skip(room, from, to);
                assert_eq!(seen == Seen::New, from <= before.saturating_add(1) && to > before);
                assert!(cursors.position(room) >= before);
            }
            8 => {
                let (frames, _) = cursors.resume();
                assert!(frames.iter().all(|frame| frame.cursors.len() <= limits::CURSORS_PER_FRAME_MAX));
                let told: Vec<_> = frames.into_iter().flat_map(|frame| frame.cursors).collect();
                assert_eq!(told, cursors.positions().collect::<Vec<_>>());
                // What was saved is where it stands.
                let again = Cursors::restore(vec![], 0, cursors.account_version(), told);
                assert_eq!(again.position(room), before);
            }
            9 => {
                let version = input.number();
                let account = cursors.account_version();
                assert_eq!(cursors.entry(version) == Seen::New, version > account);
            }
            10 => match input.below(4) {
                0 => cursors.forget(room),
                1 => cursors.rewind(),
                2 => cursors.account_reset(),
                _ => drop(cursors.welcome(&[input.byte() % 2], 0)),
            },
            _ => cursors.live(),
        }
    }
}

/// One log as a reader and its access see it.
#[derive(Default)]
struct Log {
    head: u64,
    ranges: Vec<Range>,
    /// What the device has: everything up to here came, or was skipped.
    at: Option<u64>,
}

/// Logs grow and access changes: a device gets what it may read at that time, in order and without a hole.
pub(crate) fn reader(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut reader = Reader::default();
    let mut logs: HashMap<ConversationId, Log> = HashMap::new();
    while !input.is_empty() {
        let room = room(&mut input);
        let log = logs.entry(room).or_default();
        match input.below(6) {
            0 | 1 => {
                log.head += 1 + input.below(8);
                reader.mark(room);
            }
            2 => {
                // They come in, or go out, behind what is there.
                match log.ranges.last_mut() {
                    Some(last) if last.to.is_none() => last.to = Some(log.head.max(last.from)),
                    _ => {
                        let from = log.ranges.last().map_or(1, |last| last.to.unwrap_or(0) + 1).max(log.head);
                        log.ranges.push(Range { from, to: None });
                    }
                }
                log.head += 1;
                reader.ranges_changed(room);
                reader.mark(room);
            }
            3 if input.below(8) == 0 => {
                reader.forget(room);
                log.at = None;
            }
            _ => turn(&mut reader, &mut logs, &mut input),
        }
    }
    // Each turn passes an event or takes a room out of the line.
    let most: u64 = logs.values().map(|log| log.head + 1).sum();
    for _ in 0..most {
        turn(&mut reader, &mut logs, &mut input);
    }
    assert!(reader.is_idle(), "it never comes to an end");
}

fn turn(reader: &mut Reader, logs: &mut HashMap<ConversationId, Log>, input: &mut Input<'_>) {
    let Some(room) = reader.turn() else { return };
    let log = logs.get_mut(&room).unwrap();
    loop {
        match reader.step(room, log.head) {
            Step::LookUp => reader.set_ranges(room, log.ranges.clone()),
            Step::Skip { from, to } => {
                assert_eq!(from, log.at.unwrap_or(0) + 1, "a skip leaves a hole or goes back");
                assert!(to >= from && !(from..=to).any(|seq| may_read(&log.ranges, seq)));
                log.at = Some(to);
            }
            Step::Read { from, to } => {
                assert_eq!(from, log.at.unwrap_or(0) + 1, "a read leaves a hole or goes back");
                assert!(to >= from && to <= log.head && (from..=to).all(|seq| may_read(&log.ranges, seq)));
                let last = to.min(from + input.below(4));
                reader.passed(room, last);
                log.at = Some(last);
                return;
            }
            Step::Done => {
                let first = log.at.map_or(1, |at| at + 1);
                assert!(!(first..=log.head).any(|seq| may_read(&log.ranges, seq)), "something was left out");
                return;
            }
        }
    }
}

/// A row of the model store.
#[derive(Clone, Copy)]
struct Row {
    room: ConversationId,
    first: First,
}

/// A database that forgets what is not committed.
#[derive(Default, Clone)]
struct Store {
    rows: HashMap<(AccountId, u64), Row>,
    heads: HashMap<ConversationId, Head>,
}

impl Store {
    fn insert(&mut self, room: ConversationId, key: (AccountId, u64), position: Position, hash: [u8; 32]) {
        let head = self.heads.entry(room).or_default();
        assert_eq!(position.event_seq, head.event_seq + 1, "a hole, or twice");
        assert_eq!(position.message_seq, head.message_seq + u64::from(position.counts));
        assert!(position.at_ms >= head.at_ms, "time goes back");
        *head =
            Head { event_seq: position.event_seq, message_seq: position.message_seq, at_ms: position.at_ms };
        self.rows.insert(key, Row { room, first: First { position, hash } });
    }
}

/// Any sends in any transactions: places without a hole, a repeat is answered as the first time, and nothing of
/// what was rolled back is left.
pub(crate) fn writer(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut writer = Writer::default();
    let (mut durable, mut open) = (Store::default(), Store::default());
    let mut fences: HashMap<(u64, ConversationId), u32> = HashMap::new();
    while !input.is_empty() {
        match input.below(16) {
            0 => {
                writer.committed();
                durable = open.clone();
            }
            1 => {
                writer.rolled_back();
                open = durable.clone();
            }
            2 => {
                // A job that fails inside its savepoint.
                let (savepoint, before) = (writer.savepoint(), open.clone());
                for _ in 0..input.below(4) {
                    send(&mut writer, &mut open, &fences, &mut input);
                }
                writer.roll_back_to(savepoint);
                open = before;
            }
            3 => {
                let (stream, room, epoch) = (input.below(2), room(&mut input), u32::from(input.byte() % 4));
                writer.fence(stream, room, epoch);
                let next = fences.entry((stream, room)).or_default();
                *next = (*next).max(epoch + 1);
            }
            4 => {
                let stream = input.below(2);
                writer.forget(stream);
                fences.retain(|(of, _), _| *of != stream);
            }
            _ => send(&mut writer, &mut open, &fences, &mut input),
        }
        for (room, head) in &open.heads {
            assert_eq!(writer.head(*room).unwrap_or_default(), *head);
        }
    }
}

fn joined(state: u8) -> Membership {
    Membership::new(state, vec![Range { from: 1, to: None }])
}

fn send(
    writer: &mut Writer,
    open: &mut Store,
    fences: &HashMap<(u64, ConversationId), u32>,
    input: &mut Input<'_>,
) {
    let (room, sender, number) = (room(input), AccountId(1 + input.below(2)), input.below(32));
    let hash = [input.byte() % 2; 32];
    let incoming = Incoming {
        stream: input.below(2),
        epoch: u32::from(input.byte() % 4),
        conversation: room,
        sender,
        kind: [kind::TEXT, kind::REACTION, kind::OPAQUE, 64, 200][input.below(5) as usize],
        target: (input.below(4) == 0).then(|| input.number()),
        hash,
        everybody: false,
        refusal: None,
    };
    let state = if input.below(5) == 0 { member_state::REMOVED } else { member_state::JOINED };
    let member = joined(state);
    let known = open.rows.get(&(sender, number)).copied();
    let facts = Facts {
        first: known.map(|row| row.first),
        member: Some(&member),
        rules: None,
        now_ms: input.number(),
    };
    if writer.head(room).is_none() {
        writer.load(room, open.heads.get(&room).copied().unwrap_or_default());
    }
    let decision = writer.decide(&incoming, facts);
    if let Some(row) = known {
        let expected = if row.first.hash == hash {
            Decision::Repeat(row.first.position)
        } else {
            Decision::Refuse(code::ID_CONFLICT)
        };
        assert_eq!(decision, expected, "a repeat in {}", row.room);
        return;
    }
    let is_fenced = fences.get(&(incoming.stream, room)).is_some_and(|next| incoming.epoch < *next);
    match decision {
        Decision::Append(position) => {
            assert!(!is_fenced && state == member_state::JOINED);
            open.insert(room, (sender, number), position, hash);
        }
        Decision::Change => {
            assert!(!is_fenced && state == member_state::JOINED);
            let position = writer.append(room, incoming.kind, facts.now_ms);
            open.insert(room, (sender, number), position, hash);
        }
        Decision::Refuse(refused) | Decision::Wait(refused, _) => {
            assert_eq!(refused == code::FENCED, is_fenced);
        }
        Decision::Repeat(_) => panic!("a repeat of nothing"),
    }
}
