//! The transcripts of `crates/protocol/vectors`, said to a real server: ids and tokens are those of this server, everything else is
//! as it was recorded.

use std::collections::{HashMap, VecDeque};

use litrocket_client::Outgoing;
use litrocket_protocol::{
    account::SignedIn, chat::frame_type, conversations::HideEvents, frame, hex, varint,
};
use quinn::{RecvStream, SendStream};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::{
    raw::Raw,
    world::{PASSWORD, PATIENCE, World, sign_in},
};

/// The next MessagePack value as the vectors write it: `{"$bin": hex}` for bytes.
fn decode(from: &mut &[u8]) -> Value {
    fn number(from: &mut &[u8], len: usize) -> u64 {
        take(from, len).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
    fn take<'a>(from: &mut &'a [u8], len: usize) -> &'a [u8] {
        let (taken, rest) = from.split_at(len);
        *from = rest;
        taken
    }
    fn text(from: &mut &[u8], len: u64) -> Value {
        String::from_utf8(take(from, len as usize).to_vec()).unwrap().into()
    }
    fn map(from: &mut &[u8], len: u64) -> Value {
        let pairs = (0..len).map(|_| (decode(from).as_str().unwrap().to_owned(), decode(from)));
        Value::Object(pairs.collect())
    }
    match take(from, 1)[0] {
        byte @ 0..0x80 => byte.into(),
        byte @ 0x80..0x90 => map(from, u64::from(byte & 0x0f)),
        byte @ 0x90..0xa0 => (0..byte & 0x0f).map(|_| decode(from)).collect(),
        byte @ 0xa0..0xc0 => text(from, u64::from(byte & 0x1f)),
        0xc0 => Value::Null,
        byte @ 0xc2..=0xc3 => (byte == 0xc3).into(),
        byte @ 0xc4..=0xc5 => {
            let len = number(from, 1 << (byte - 0xc4));
            json!({"$bin": hex::encode(take(from, len as usize))})
        }
        byte @ 0xcc..=0xcf => number(from, 1 << (byte - 0xcc)).into(),
        byte @ 0xd9..=0xda => {
            let len = number(from, 1 << (byte - 0xd9));
            text(from, len)
        }
        0xdc => (0..number(from, 2)).map(|_| decode(from)).collect(),
        0xde => {
            let len = number(from, 2);
            map(from, len)
        }
        other => panic!("{other:#x}"),
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    let long = |out: &mut Vec<u8>, mark: u8, len: usize| {
        out.push(mark);
        out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
    };
    match value {
        Value::Number(number) => {
            out.push(0xcf);
            out.extend_from_slice(&number.as_u64().unwrap().to_be_bytes());
        }
        Value::Bool(it) => out.push(if *it { 0xc3 } else { 0xc2 }),
        Value::String(text) => {
            long(out, 0xda, text.len());
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            long(out, 0xdc, items.len());
            for item in items {
                encode(item, out);
            }
        }
        Value::Object(map) if map.contains_key("$bin") => {
            let bytes = hex::decode(map["$bin"].as_str().unwrap()).unwrap();
            long(out, 0xc5, bytes.len());
            out.extend(bytes);
        }
        Value::Object(map) => {
            long(out, 0xde, map.len());
            for (key, value) in map {
                encode(&key.as_str().into(), out);
                encode(value, out);
            }
        }
        Value::Null => out.push(0xc0),
    }
}

/// What the numbers and tokens of a transcript are called on this server.
#[derive(Default)]
struct Names {
    accounts: HashMap<u64, u64>,
    conversations: HashMap<u64, u64>,
    sessions: HashMap<u64, u64>,
    token: Vec<u8>,
    version: u64,
}

/// Different at each run: times, random bytes, versions of the account log, and what the server calls itself.
const OWN: &[&str] = &[
    "server",
    "server_id",
    "log_epoch",
    "now_ms",
    "t",
    "v",
    "a",
    "account_version",
    "created_ms",
    "last_at_ms",
    "capabilities",
    "limits",
];

impl Names {
    fn number(&self, key: &str, number: u64) -> u64 {
        let names = match key {
            "account" | "f" | "peer" => &self.accounts,
            "c" | "conversation" => &self.conversations,
            "session" => &self.sessions,
            _ => return number,
        };
        *names.get(&number).unwrap_or(&number)
    }

    /// A recorded value with this server's names.
    fn here(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(map) if map.contains_key("$bin") => match key {
                "token" => json!({"$bin": hex::encode(&self.token)}),
                _ => value.clone(),
            },
            Value::Object(map) => {
                // In a skip `f` is a sequence, and no account.
                let skip = map.contains_key("c") && map.contains_key("f") && !map.contains_key("s");
                let one = |(key, value): (&String, &Value)| {
                    let named = if skip && key == "f" { value.clone() } else { self.here(key, value) };
                    (key.clone(), named)
                };
                Value::Object(map.iter().map(one).collect::<Map<_, _>>())
            }
            Value::Array(items) if key == "l" => items
                .iter()
                .map(|pair| json!([self.number("c", pair[0].as_u64().unwrap()), pair[1]]))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.here("", item)).collect(),
            Value::Number(number) => self.number(key, number.as_u64().unwrap()).into(),
            Value::String(text) if key == "k" => match text.split('/').collect::<Vec<_>>().as_slice() {
                [kind, number, rest @ ..] => {
                    let named = self.number("c", number.parse().unwrap()).to_string();
                    [&[*kind, named.as_str()], rest].concat().join("/").into()
                }
                _ => value.clone(),
            },
            other => other.clone(),
        }
    }

    /// Whether what came is what was recorded.
    fn same(&self, at: &str, key: &str, recorded: &Value, came: &Value) {
        if OWN.contains(&key) {
            let kind = |value: &Value| std::mem::discriminant(value);
            assert_eq!(kind(recorded), kind(came), "{at}: {recorded} {came}");
            return;
        }
        match (recorded, came) {
            (Value::Object(one), Value::Object(other)) if !one.contains_key("$bin") => {
                for (key, value) in one {
                    let other = other.get(key).unwrap_or_else(|| panic!("{at}: {key} is missing in {came}"));
                    self.same(&format!("{at}.{key}"), key, value, other);
                }
                let more: Vec<_> = other.keys().filter(|key| !one.contains_key(*key)).collect();
                assert!(more.is_empty() || at.ends_with("Welcome"), "{at}: {more:?} in {came}");
            }
            (Value::Object(one), Value::Object(other)) => {
                let [one, other] = [one, other].map(|it| hex::decode(it["$bin"].as_str().unwrap()).unwrap());
                // A body is compared by its keys; of ids and tokens the length.
                let map = |bytes: &[u8]| bytes.first().is_some_and(|byte| matches!(byte, 0x80..=0x8f | 0xde));
                if map(&one) && one.len() > 1 {
                    let recorded = self.here("", &decode(&mut &one[..]));
                    self.same(&format!("{at}.body"), "", &recorded, &decode(&mut &other[..]));
                } else {
                    assert_eq!(one.len(), other.len(), "{at}");
                }
            }
            _ => assert_eq!(recorded, came, "{at}"),
        }
    }
}

struct Stream {
    send: SendStream,
    recv: RecvStream,
    buffer: Vec<u8>,
    /// Acks that came before the word that everything is told: the two may come in any order.
    early: VecDeque<(u64, Value)>,
}

impl Stream {
    async fn frame(&mut self, wanted: u64) -> (u64, Value) {
        if wanted != frame_type::CAUGHT_UP
            && let Some(early) = self.early.pop_front()
        {
            return early;
        }
        loop {
            let (kind, value) = self.next().await;
            if wanted != frame_type::CAUGHT_UP || kind != frame_type::ACK {
                return (kind, value);
            }
            self.early.push_back((kind, value));
        }
    }

    async fn next(&mut self) -> (u64, Value) {
        loop {
            if let Some((kind, body, end)) = frame::split(&self.buffer, frame::FRAME_MAX).unwrap() {
                let value = decode(&mut &self.buffer[body]);
                self.buffer.drain(..end);
                return (kind, value);
            }
            let chunk = timeout(PATIENCE, self.recv.read_chunk(65_536, true)).await.expect("a frame in time");
            self.buffer.extend_from_slice(&chunk.unwrap().expect("a frame before the end").bytes);
        }
    }
}

fn transcript(name: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../crates/protocol/vectors/transcripts.json")).unwrap();
    let all = all["transcripts"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).unwrap()["steps"].as_array().unwrap().clone()
}

/// Says what the client said and compares what the server says, stream by stream, frame by frame.
async fn replay(raw: &Raw, names: &Names, steps: &[Value], streams: &mut HashMap<u64, Stream>) {
    for step in steps {
        let stream = step["stream"].as_u64().unwrap();
        let frames = step["frames"].as_array().unwrap();
        if step["from"] == "client" {
            let mut bytes = Vec::new();
            if let Some(kind) = step["kind"].as_u64() {
                varint::put(&mut bytes, kind);
                let (send, recv) = raw.connection.open_bi().await.unwrap();
                streams.insert(stream, Stream { send, recv, buffer: Vec::new(), early: VecDeque::new() });
            }
            for frame in frames {
                let mut value = names.here("", &frame["value"]);
                if frame["body"] == "Live" {
                    value["a"] = names.version.into();
                }
                let mut body = Vec::new();
                encode(&value, &mut body);
                bytes.extend_from_slice(&frame::encode_raw(frame["type"].as_u64().unwrap(), &body));
            }
            let to = streams.get_mut(&stream).unwrap();
            to.send.write_all(&bytes).await.unwrap();
            if step["fin"] == true {
                to.send.finish().unwrap();
            }
            continue;
        }
        let from = streams.get_mut(&stream).unwrap();
        for frame in frames {
            let (at, wanted) = (frame["body"].as_str().unwrap(), frame["type"].as_u64().unwrap());
            let (kind, came) = from.frame(wanted).await;
            assert_eq!(kind, wanted, "{at}: {came}");
            names.same(at, "", &names.here("", &frame["value"]), &came);
        }
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_answered_as_recorded() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let names = Names {
        accounts: [(7, ada.account.0)].into(),
        sessions: [(11, 2)].into(),
        token: vec![0; 32],
        ..Names::default()
    };
    replay(&world.raw().await, &names, &transcript("sign-in-refused"), &mut HashMap::new()).await;
}

/// A device that signed in and is away.
async fn device(world: &World) -> SignedIn {
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in("ada", PASSWORD)).await.unwrap()
}

#[tokio::test]
async fn the_same_id_with_another_payload_is_answered_as_recorded() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "one").await;
    bob.says(chat, "two").await;
    let away = device(&world).await;
    let names = Names {
        accounts: [(7, ada.account.0)].into(),
        conversations: [(5, chat.0)].into(),
        sessions: [(11, away.session.0)].into(),
        token: away.token,
        version: away.account_version,
    };
    replay(&world.raw().await, &names, &transcript("conflict"), &mut HashMap::new()).await;
}

#[tokio::test]
async fn a_device_that_was_away_is_answered_as_recorded() {
    let world = World::start().await;
    let [ada, bob, carol] = world.people(["ada", "bob", "carol"]).await;
    ada.befriends(&bob).await;
    ada.befriends(&carol).await;
    let (chat, notes) = (ada.opens(&bob).await, ada.opens(&ada).await);
    let first = ada.says(chat, "hello").await.event_seq;
    bob.sends(chat, Outgoing::reaction(first, "👍", true)).await.unwrap();
    bob.says(chat, "hello").await;
    bob.says(chat, "how is it?").await;
    ada.says(notes, "one").await;
    ada.says(notes, "two").await;
    let away = device(&world).await;
    let mut names = Names {
        accounts: [(7, ada.account.0), (8, bob.account.0), (9, carol.account.0)].into(),
        conversations: [(5, chat.0), (6, notes.0)].into(),
        sessions: [(11, away.session.0)].into(),
        token: away.token,
        version: away.account_version,
    };
    bob.says(chat, "are you there?").await;
    let hidden = bob.says(chat, "hidden").await.event_seq;
    ada.asks(HideEvents { conversation: chat, events: vec![hidden] }).await;
    bob.says(chat, "good night").await;
    let new = carol.opens(&ada).await;
    carol.says(new, "hello, I am new").await;
    carol.says(new, "do you read this?").await;
    names.conversations.insert(9, new.0);
    let (raw, steps, mut streams) = (world.raw().await, transcript("resume-with-a-gap"), HashMap::new());
    let live = steps.len() - 1;
    replay(&raw, &names, &steps[..live], &mut streams).await;
    bob.says(chat, "good morning").await;
    replay(&raw, &names, &steps[live..], &mut streams).await;
}
