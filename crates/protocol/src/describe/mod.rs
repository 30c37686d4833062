//! The protocol as data: every code with its name, words, fields, faults and bounds.
//!
//! `litrocket protocol` prints it ([`text`], or [`describe`] as JSON), and the tables of `PROTOCOL.md` are made
//! of it (a test here keeps them equal). It only repeats what the types say. Start with [`describe`].

mod advice;
mod bounds;
mod limit_table;
mod rates;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde::Serialize;

pub use bounds::Bounds;
pub use rates::Rate;

use crate::{Described, Field, event, fault, requests, wire_type};

/// Name, words and fields of a wire type.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    doc: &'static str,
    fields: &'static [Field],
}

const fn shape<T: Described>() -> Shape {
    Shape { name: T::NAME, doc: T::DOC, fields: T::FIELDS }
}

/// Who sends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// The whole protocol.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// The ALPN name.
    pub alpn: &'static str,
    /// The protocol version.
    pub version: u32,
    /// Stream kinds: the first number on a stream.
    pub stream_kinds: Vec<Named>,
    /// Every request with its reply.
    pub requests: Vec<RequestDescription>,
    /// Frames of the long-lived streams.
    pub frames: Vec<FrameDescription>,
    /// Event kinds.
    pub events: Vec<EventDescription>,
    /// Maps that occur inside others.
    pub types: Vec<TypeDescription>,
    /// Keys of the account log.
    pub account_log: Vec<LogKey>,
    /// Fault codes.
    pub faults: Vec<FaultDescription>,
    /// Faults that any request may get.
    pub common_faults: Vec<&'static str>,
    /// What is counted of every request, and of sends.
    pub common_rates: Vec<Rate>,
    /// Codes of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE.
    pub close_codes: Vec<Named>,
    /// Bounds.
    pub limits: Vec<LimitDescription>,
}

/// A number with a name.
#[derive(Debug, Clone, Serialize)]
pub struct Named {
    /// The number on the wire.
    pub code: u64,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
}

/// One field of a map.
#[derive(Debug, Clone, Serialize)]
pub struct FieldDescription {
    /// The key in the map.
    pub key: &'static str,
    /// A readable name; the same as the key where keys are long.
    pub name: &'static str,
    /// `uint`, `uint32`, `uint16`, `uint8`, `bool`, `str`, `bin`, `bin16`, `array of ...`, or the name of a map.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it means, with unit and bound.
    pub doc: &'static str,
    /// Unit and bounds as numbers.
    #[serde(flatten)]
    pub bounds: Bounds,
}

/// A map with its fields.
#[derive(Debug, Clone, Serialize)]
pub struct TypeDescription {
    /// Its name; not on the wire.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its fields.
    pub fields: Vec<FieldDescription>,
}

/// One request.
#[derive(Debug, Clone, Serialize)]
pub struct RequestDescription {
    /// The frame type of request and reply.
    pub code: u64,
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Who may make it: `guest`, `session` or `anyone`.
    pub who: &'static str,
    /// The fields of the request.
    pub fields: Vec<FieldDescription>,
    /// The reply.
    pub reply: TypeDescription,
    /// Faults of its own, beside the common ones.
    pub faults: Vec<&'static str>,
    /// What is counted of it, beside the rate of all requests.
    pub rates: Vec<Rate>,
}

/// One frame of a long-lived stream.
#[derive(Debug, Clone, Serialize)]
pub struct FrameDescription {
    /// `chat` or `state`.
    pub stream: &'static str,
    /// Who sends it.
    pub from: Origin,
    /// The frame type.
    pub code: u64,
    /// Its map.
    #[serde(flatten)]
    pub map: TypeDescription,
}

/// One kind of event.
#[derive(Debug, Clone, Serialize)]
pub struct EventDescription {
    /// The number in `k`.
    pub kind: u16,
    /// The word that `--json` uses as `type`.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// Whether it has a message sequence and counts as unread.
    pub counts: bool,
    /// Whether clients may send it.
    pub sendable: bool,
    /// The body that a client sends.
    pub sent_body: Option<TypeDescription>,
    /// The body that is stored and delivered.
    pub body: Option<TypeDescription>,
}

/// One key of the account log.
#[derive(Debug, Clone, Serialize)]
pub struct LogKey {
    /// The pattern of the key.
    pub key: &'static str,
    /// The type of its value.
    pub value: &'static str,
    /// What it says.
    pub doc: &'static str,
}

/// One fault code.
#[derive(Debug, Clone, Serialize)]
pub struct FaultDescription {
    /// The code.
    pub code: &'static str,
    /// What to do, in a word.
    pub class: &'static str,
    /// The standard sentence.
    pub message: &'static str,
    /// When it comes and what a client does about it.
    pub advice: &'static str,
}

/// One bound.
#[derive(Debug, Clone, Serialize)]
pub struct LimitDescription {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// What it bounds, with its unit.
    pub doc: &'static str,
}

fn fields(fields: &[Field]) -> Vec<FieldDescription> {
    let field = |field: &Field| FieldDescription {
        key: field.key,
        name: field.name,
        kind: wire_type(field.rust),
        optional: field.optional,
        doc: field.doc.trim(),
        bounds: bounds::of(field),
    };
    fields.iter().map(field).collect()
}

impl From<Shape> for TypeDescription {
    fn from(shape: Shape) -> Self {
        Self { name: shape.name, doc: shape.doc.trim(), fields: fields(shape.fields) }
    }
}

fn names(codes: &[fault::Code]) -> Vec<&'static str> {
    codes.iter().map(|code| code.name).collect()
}

/// The whole protocol as data.
pub fn describe() -> Description {
    let request = |info: &requests::RequestInfo| RequestDescription {
        code: info.code,
        name: info.name,
        doc: info.doc.trim(),
        who: info.who.name(),
        fields: fields(info.fields),
        reply: Shape { name: info.reply, doc: info.reply_doc, fields: info.reply_fields }.into(),
        faults: names(info.faults),
        rates: rates::of(info.name),
    };
    let event = |it: &tables::EventKind| EventDescription {
        kind: it.kind,
        name: event::kind::name(it.kind),
        doc: it.doc,
        counts: event::kind::counts(it.kind),
        sendable: event::kind::sendable(it.kind),
        sent_body: it.sent.map(Into::into),
        body: it.delivered.map(Into::into),
    };
    let named = |code: u64, name, doc| Named { code, name, doc };
    Description {
        alpn: "litrocket/1",
        version: crate::VERSION,
        stream_kinds: tables::STREAMS.iter().map(|(code, name, doc)| named(*code, name, doc)).collect(),
        requests: requests::ALL.iter().map(request).collect(),
        frames: tables::FRAMES
            .iter()
            .map(|it| FrameDescription {
                stream: it.stream,
                from: it.from,
                code: it.code,
                map: it.shape.into(),
            })
            .collect(),
        events: tables::EVENTS.iter().map(event).collect(),
        types: tables::TYPES.iter().map(|it| (*it).into()).collect(),
        account_log: tables::ACCOUNT_LOG.iter().map(|(key, value, doc)| LogKey { key, value, doc }).collect(),
        faults: advice::ADVICE
            .iter()
            .map(|(code, advice)| FaultDescription {
                code: code.name,
                class: code.class.name(),
                message: code.message,
                advice,
            })
            .collect(),
        common_faults: names(requests::COMMON_FAULTS),
        common_rates: rates::COMMON.to_vec(),
        close_codes: tables::CLOSE_CODES
            .iter()
            .map(|(code, name, doc)| named((*code).into(), name, doc))
            .collect(),
        limits: limit_table::LIMITS
            .iter()
            .map(|(name, value, doc)| LimitDescription { name, value: *value, doc })
            .collect(),
    }
}

/// The whole protocol as plain text, for people.
pub fn text() -> String {
    let it = describe();
    let mut out = format!("{}, version {}\n\nStreams\n", it.alpn, it.version);
    for stream in &it.stream_kinds {
        line(&mut out, 2, format_args!("{:<4} {:<10} {}", stream.code, stream.name, stream.doc));
    }
    out.push_str("\nRequests (code, name, who may make it, reply)\n");
    for request in &it.requests {
        let (code, name, who) = (request.code, request.name, request.who);
        line(
            &mut out,
            2,
            format_args!("0x{code:04x} {name} ({who}) => {}: {}", request.reply.name, request.doc),
        );
        field_lines(&mut out, "", &request.fields);
        field_lines(&mut out, "=> ", &request.reply.fields);
        if !request.faults.is_empty() {
            line(&mut out, 9, format_args!("faults: {}", request.faults.join(", ")));
        }
    }
    line(&mut out, 2, format_args!("any request: {}", it.common_faults.join(", ")));
    out.push_str("\nFrames of the long-lived streams\n");
    for frame in &it.frames {
        let from = if frame.from == Origin::Client { "client" } else { "server" };
        let (stream, code, name) = (frame.stream, frame.code, frame.map.name);
        line(&mut out, 2, format_args!("{stream} {code:<3} {name} (from the {from}): {}", frame.map.doc));
        field_lines(&mut out, "", &frame.map.fields);
    }
    out.push_str("\nEvents\n");
    for event in &it.events {
        let counts = if event.counts { "counts" } else { "does not count" };
        line(&mut out, 2, format_args!("{:<5} {} ({counts}): {}", event.kind, event.name, event.doc));
        field_lines(&mut out, "", event.body.as_ref().map_or(&[], |body| &body.fields));
    }
    out.push_str("\nMaps inside others\n");
    for it in &it.types {
        line(&mut out, 2, format_args!("{}: {}", it.name, it.doc));
        field_lines(&mut out, "", &it.fields);
    }
    out.push_str("\nThe account log\n");
    for key in &it.account_log {
        line(&mut out, 2, format_args!("{:<34} {:<18} {}", key.key, key.value, key.doc));
    }
    out.push_str("\nFaults (code, class, what to do)\n");
    for fault in &it.faults {
        line(
            &mut out,
            2,
            format_args!("{:<20} {:<8} {} {}", fault.code, fault.class, fault.message, fault.advice),
        );
    }
    out.push_str("\nClose codes\n");
    for code in &it.close_codes {
        line(&mut out, 2, format_args!("{:<4} {:<15} {}", code.code, code.name, code.doc));
    }
    out.push_str("\nLimits\n");
    for limit in &it.limits {
        line(&mut out, 2, format_args!("{:<27} {:>7}  {}", limit.name, limit.value, limit.doc));
    }
    out
}

fn line(out: &mut String, indent: usize, words: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{:indent$}{words}", "");
}

fn field_lines(out: &mut String, before: &str, fields: &[FieldDescription]) {
    for field in fields {
        let name = if field.key == field.name { String::new() } else { format!(" ({})", field.name) };
        let absent = if field.optional { ", optional" } else { "" };
        let (key, kind, doc) = (field.key, &field.kind, field.doc);
        line(out, 9, format_args!("{before}{key}{name}: {kind}{absent}. {doc}"));
    }
}
