//! Bad inputs made from the protocol's own tables: every request, every field, every way to be wrong.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{
    Fault,
    describe::{self, FieldDescription, RequestDescription},
    fault::Class,
    frame, stream_kind, varint,
    words::LookUp,
};

use crate::{
    raw::Raw,
    witness::{Random, size},
    world::{PATIENCE, World},
};

/// Requests that would end the session that makes them, or hash a password, when by chance nothing is wrong with
/// them. Only inputs that no reader can take for a request are made of these.
pub(crate) const ONLY_BROKEN: &[&str] = &[
    "SignOut",
    "DeleteAccount",
    "ChangePassword",
    "Register",
    "SignIn",
    "RotateToken",
    "Hello",
    "Recover",
    "NewRecoveryCode",
    "ChangeEmail",
    "RestoreAccount",
];
/// As many inputs as the full form has.
const FULL: u64 = 50_000;
/// An id that nothing has.
const NOBODY: u64 = 999_999_999;

/// What has to come back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Expected {
    /// The body is no map of this request: `bad_frame`.
    BadFrame,
    /// The values are strange: a fault of the table, or, where they happen to be allowed, the reply.
    Typed,
    /// A frame that is cut off or too long: a fault or the end of the stream.
    FaultOrEnd,
}

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
    /// The field that is wrong, where it is one.
    field: Option<&'static str>,
}

pub(crate) fn text(value: &[u8]) -> Vec<u8> {
    let mut out = vec![0xdb];
    out.extend_from_slice(&(value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
    out
}

pub(crate) fn number(value: u64) -> Vec<u8> {
    let mut out = vec![0xcf];
    out.extend_from_slice(&value.to_be_bytes());
    out
}

fn binary(len: usize) -> Vec<u8> {
    let mut out = vec![0xc5];
    out.extend_from_slice(&(len as u16).to_be_bytes());
    out.extend(std::iter::repeat_n(7, len));
    out
}

/// A value of a field's type.
fn plausible(kind: &str) -> Vec<u8> {
    match kind {
        "uint" => number(NOBODY),
        "uint8" | "uint16" | "uint32" => vec![1],
        "bool" => vec![0xc2],
        "str" => text(b"x"),
        "bin" | "bin16" => binary(16),
        kind if kind.starts_with("array") => vec![0x90],
        _ => vec![0x80],
    }
}

/// A field that is there and holds nothing.
const NIL: &str = "a field that is nil";

/// Values that no field takes, or only some; each with whether it is always of another type than this field.
fn strange(kind: &str, random: &mut Random) -> (&'static str, Vec<u8>, bool) {
    let is = |prefix: &str| kind.starts_with(prefix);
    // A text is taken for bytes.
    let is_text = is("str") || is("bin");
    match random.below(15) {
        0 => ("a negative number", vec![0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], true),
        1 => ("not a number", [&[0xcb][..], &f64::NAN.to_be_bytes()].concat(), true),
        2 => ("the largest number", number(u64::MAX), !is("uint")),
        3 => ("a number JavaScript does not have", number(1 << 53), !is("uint")),
        4 => ("a long text", text(&vec![b'x'; 70_000]), !is_text),
        5 => ("a text that is not UTF-8", text(&[b'a', 0xff, 0xfe]), !is("bin")),
        6 => ("a text with controls", text("a\u{0}b\u{1b}[2J\r\n".as_bytes()), !is_text),
        7 => ("a text that turns around", text("\u{202e}abc\u{2066}".as_bytes()), !is_text),
        8 => ("arrays in arrays", [vec![0x91; 40], vec![0xc0]].concat(), true),
        9 => ("an array that claims four billion items", vec![0xdd, 0xff, 0xff, 0xff, 0xff], true),
        10 => ("a map that claims four billion items", vec![0xdf, 0xff, 0xff, 0xff, 0xff], true),
        11 => ("bytes", binary(random.below(300) as usize), !is("bin") && !is("array") && !is("str")),
        12 => ("true", vec![0xc3], kind != "bool"),
        // Who may leave a field out may also say that there is nothing.
        13 => (NIL, vec![0xc0], false),
        _ => ("a reserved byte", vec![0xc1], true),
    }
}

pub(crate) fn map(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0xde];
    out.extend_from_slice(&(fields.len() as u16).to_be_bytes());
    for (key, value) in fields {
        out.extend(text(key.as_bytes()));
        out.extend_from_slice(value);
    }
    out
}

pub(crate) fn body(fields: &[FieldDescription]) -> Vec<(&'static str, Vec<u8>)> {
    fields.iter().filter(|field| !field.optional).map(|field| (field.key, plausible(&field.kind))).collect()
}

/// A frame behind the kind of its stream.
fn framed(stream: u64, code: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::put(&mut bytes, stream);
    bytes.extend_from_slice(&frame::encode_raw(code, body));
    bytes
}

/// The next input about a frame of a kind of stream.
pub(crate) fn input(
    stream: u64,
    (code, fields): (u64, &[FieldDescription]),
    only_broken: bool,
    random: &mut Random,
) -> Input {
    let field = random.below(fields.len().max(1) as u64) as usize;
    input_about(stream, (code, fields), field, only_broken, random)
}

/// The same, where it is this field that is wrong, if it is one.
fn input_about(
    stream: u64,
    (code, fields): (u64, &[FieldDescription]),
    field: usize,
    only_broken: bool,
    random: &mut Random,
) -> Input {
    let made = |what, body: &[u8], expected| Input {
        what,
        bytes: framed(stream, code, body),
        expected,
        field: None,
    };
    let whole = body(fields);
    match (random.below(10), fields.get(field)) {
        (0, _) => made("a byte behind the end", &[map(&whole), vec![0xc0]].concat(), Expected::BadFrame),
        (1, _) => {
            let body = map(&whole);
            let end = random.below(body.len() as u64) as usize;
            made("a map that is cut off", &body[..end], Expected::BadFrame)
        }
        (2, _) => made("no map", &plausible("uint"), Expected::BadFrame),
        (3, _) => {
            let mut bytes = framed(stream, code, &map(&whole));
            bytes.truncate(1 + random.below(bytes.len() as u64 - 1) as usize);
            Input { what: "a frame that is cut off", bytes, expected: Expected::FaultOrEnd, field: None }
        }
        (4, _) => {
            let mut bytes = vec![stream as u8];
            varint::put(&mut bytes, frame::FRAME_MAX as u64 + 1 + random.below(1 << 40));
            bytes.extend_from_slice(&map(&whole));
            Input { what: "a frame that claims too much", bytes, expected: Expected::FaultOrEnd, field: None }
        }
        (5, _) => {
            let len = 1 + random.below(200);
            let noise: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
            // Noise that happens to be a map is as good as any map.
            let expected = if only_broken { Expected::FaultOrEnd } else { Expected::Typed };
            let body = if only_broken { vec![0xc1] } else { noise };
            made("noise", &body, expected)
        }
        (6, Some(field)) if !field.optional => {
            let left: Vec<_> = whole.into_iter().filter(|(key, _)| *key != field.key).collect();
            let missing = made("a field is missing", &map(&left), Expected::BadFrame);
            Input { field: Some(field.key), ..missing }
        }
        (_, Some(field)) => {
            let (what, value, is_other_type) = strange(&field.kind, random);
            let broken = if what == NIL {
                !field.optional && field.kind.len() > 1
            } else {
                is_other_type && !field.kind.starts_with(char::is_uppercase) && field.kind.len() > 1
            };
            let mut fields: Vec<_> = whole.into_iter().filter(|(key, _)| *key != field.key).collect();
            fields.push((field.key, value));
            if only_broken && !broken {
                return made("nil", &[0xc0], Expected::BadFrame);
            }
            let made = made(what, &map(&fields), if broken { Expected::BadFrame } else { Expected::Typed });
            Input { field: Some(field.key), ..made }
        }
        (_, None) => made("an array for a map", &[0x91, 0x01, 0x01], Expected::BadFrame),
    }
}

struct Judge {
    common: BTreeSet<&'static str>,
}

impl Judge {
    /// What came back has to be what the tables promise.
    fn checks(&self, request: &RequestDescription, input: &Input, guest: bool, reply: Option<&[u8]>) {
        let context = || {
            format!(
                "{}: {} from a {}: {input:?}",
                input.what,
                request.name,
                if guest { "guest" } else { "session" }
            )
        };
        let whole = reply.map(|bytes| frame::split(bytes, frame::FRAME_MAX).expect("a frame"));
        let Some(Some((kind, body, _))) = whole else {
            assert_eq!(input.expected, Expected::FaultOrEnd, "no answer: {}", context());
            return;
        };
        if kind != frame::FAULT {
            assert_eq!(input.expected, Expected::Typed, "granted: {}", context());
            return;
        }
        let fault: Fault = frame::decode(&reply.unwrap()[body]).expect("a fault");
        let code = fault.code.as_str();
        assert!(!["internal", "unavailable", "timed_out"].contains(&code), "{code}: {}", context());
        let known = self.common.contains(code) || request.faults.contains(&code);
        assert!(known && fault.class != Class::Unknown, "{code} is not in the table: {}", context());
        // Who may not make the request at all may hear that first.
        if input.expected == Expected::BadFrame
            && !["not_signed_in", "already_signed_in", "hello_again"].contains(&code)
        {
            assert_eq!(code, "bad_frame", "{}", context());
        }
    }
}

/// Which fields of which requests were wrong.
type Tried = BTreeSet<(&'static str, &'static str)>;

/// All requests with each of their fields; one without fields once.
fn all_fields(requests: &[RequestDescription]) -> Vec<(&RequestDescription, usize)> {
    requests
        .iter()
        .flat_map(|request| (0..request.fields.len().max(1)).map(move |field| (request, field)))
        .collect()
}

/// Every request and every field has its turn; chance says what is wrong.
async fn attacks(world: &World, judge: &Judge, guest: bool, inputs: u64, random: &mut Random) -> Tried {
    let described = describe::describe();
    let (turns, mut tried) = (all_fields(&described.requests), Tried::new());
    let first = random.below(turns.len() as u64);
    let mut peer: Option<Raw> = None;
    for number in 0..inputs {
        if peer.as_ref().is_none_or(|peer| peer.connection.close_reason().is_some()) {
            // Guests who send too much are closed, and come again.
            let raw = world.raw().await;
            if guest {
                raw.greets().await;
            } else {
                raw.signs_up(&format!("mallory{}", random.below(1 << 40))).await;
            }
            peer = Some(raw);
        }
        let raw = peer.as_ref().unwrap();
        let (request, field) = turns[((first + number) % turns.len() as u64) as usize];
        let only_broken = ONLY_BROKEN.contains(&request.name);
        let of = (request.code, &request.fields[..]);
        let mut input = input_about(stream_kind::REQUEST, of, field, only_broken, random);
        if guest && input.bytes.len() > 4_000 {
            input.bytes.truncate(4_000);
            input.expected = Expected::FaultOrEnd;
        }
        tried.extend(input.field.map(|field| (request.name, field)));
        let reply = tokio::time::timeout(PATIENCE, raw.exchange(&input.bytes)).await.expect("an end in time");
        // Who sent too much, or stayed too long, hears nothing: the connection ends at once, be it a moment behind the stream.
        let ends = tokio::time::timeout(Duration::from_secs(2), raw.connection.closed());
        if reply.is_none() && guest && ends.await.is_ok() {
            continue;
        }
        assert!(
            guest || raw.connection.close_reason().is_none(),
            "{} ended the session: {input:?}",
            request.name
        );
        judge.checks(request, &input, guest, reply.as_deref());
    }
    tried
}

/// The fields that can be wrong in a way that this test may try.
fn can_be_wrong(requests: &[RequestDescription]) -> Tried {
    let all = requests.iter().flat_map(|request| request.fields.iter().map(move |field| (request, field)));
    let may = |request: &RequestDescription, field: &FieldDescription| {
        !ONLY_BROKEN.contains(&request.name) || !field.optional || !field.kind.starts_with(char::is_uppercase)
    };
    all.filter(|(request, field)| may(request, field))
        .map(|(request, field)| (request.name, field.key))
        .collect()
}

fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_input_gets_its_typed_error_and_nobody_else_notices() {
    let inputs = size("LITROCKET_BAD_INPUTS", 6_000);
    let world = World::start_with(|config| {
        config.limits.requests_per_second = 1_000_000;
        config.transport.connections_per_address_max = 10_000;
    })
    .await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let talk = tokio::spawn(async move {
        let mut said = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            said += 1;
            ada.says(chat, &said.to_string()).await;
            bob.hears(&said.to_string()).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        said
    });
    let described = describe::describe();
    let judge = Judge { common: described.common_faults.iter().copied().collect() };
    let mut random = Random::new();
    // What is there once: the dictionary, connections, caches.
    eve.asks(LookUp { text: "x".into(), from: None, after: None, limit: None }).await;
    let mut tried = attacks(&world, &judge, false, inputs / 10, &mut random).await;
    let before = resident();
    tried.extend(attacks(&world, &judge, false, inputs * 7 / 10, &mut random).await);
    let grown = resident().saturating_sub(before);
    // Some inputs of guests reach the hashing of passwords, which takes 19 MiB at a time: not measured here.
    attacks(&world, &judge, true, inputs * 2 / 10, &mut random).await;
    stop.store(true, Ordering::Relaxed);
    let said = talk.await.expect("ada and bob talk undisturbed");
    let wanted = can_be_wrong(&described.requests);
    let left: Vec<_> = wanted.difference(&tried).collect();
    println!(
        "{inputs} bad inputs about {} of {} fields, {said} messages beside them, {} KiB more memory",
        tried.len(),
        wanted.len(),
        grown / 1024
    );
    // In the short form chance may leave a field in peace.
    assert!(left.len() * 20 < wanted.len(), "{left:?}");
    assert!(inputs < FULL || left.is_empty(), "{left:?}");
    assert!(said > 5, "{said}");
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes more");
}
