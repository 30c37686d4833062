//! The tables are complete, and `PROTOCOL.md` holds them.
//!
//! `UPDATE_DOCUMENTS=1 cargo test -p litrocket-protocol describe` writes the tables anew.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use super::*;

/// `pub const NAME: TYPE = VALUE;` lines of a source text, as (name, value).
fn constants(source: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let rest = line.trim().strip_prefix("pub const ")?;
        let (name, value) = rest.strip_suffix(';')?.split_once('=')?;
        let name = name.split_once(':')?.0;
        name.bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'_')
            .then(|| (name.to_owned(), value.trim().to_owned()))
    };
    source.lines().filter_map(line).collect()
}

fn module<'a>(source: &'a str, name: &str) -> &'a str {
    let (_, rest) = source.split_once(&format!("pub mod {name} {{")).unwrap();
    rest.split_once("\n}").unwrap().0
}

fn numbers(source: &str, name: &str) -> Vec<u64> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
        None => text.parse().unwrap(),
    };
    constants(module(source, name)).iter().map(|(_, value)| number(value)).collect()
}

#[test]
fn every_frame_type_is_described() {
    for (stream, source) in [("chat", include_str!("../chat.rs")), ("state", include_str!("../state.rs"))] {
        let described: Vec<u64> =
            tables::FRAMES.iter().filter(|it| it.stream == stream).map(|it| it.code).collect();
        let mut expected = vec![crate::frame::FAULT];
        expected.extend(numbers(source, "frame_type"));
        assert_eq!(described, expected, "{stream}");
    }
}

#[test]
fn the_side_that_sends_a_frame_follows_from_its_number() {
    for it in tables::FRAMES {
        let expected = if (1..16).contains(&it.code) { Origin::Client } else { Origin::Server };
        assert_eq!(it.from, expected, "{} {}", it.stream, it.shape.name);
    }
}

#[test]
fn every_event_kind_stream_kind_and_close_code_is_described() {
    let events: Vec<u64> = tables::EVENTS.iter().map(|it| it.kind.into()).collect();
    assert_eq!(events, numbers(include_str!("../event.rs"), "kind"));
    let source = include_str!("../lib.rs");
    let streams: Vec<u64> = tables::STREAMS.iter().map(|it| it.0).collect();
    assert_eq!(streams, numbers(source, "stream_kind"));
    let codes: Vec<u64> = tables::CLOSE_CODES.iter().map(|it| it.0.into()).collect();
    assert_eq!(codes, numbers(source, "close_code"));
}

#[test]
fn an_event_that_a_client_may_send_says_what_it_sends() {
    for it in tables::EVENTS {
        let opaque = it.delivered.is_none();
        assert_eq!(event::kind::sendable(it.kind), it.sent.is_some() || opaque, "{}", it.kind);
    }
}

#[test]
fn every_fault_has_its_advice_in_order() {
    let described: Vec<fault::Code> = advice::ADVICE.iter().map(|(code, _)| *code).collect();
    assert_eq!(described, fault::code::ALL);
}

#[test]
fn every_limit_is_described() {
    let described: Vec<String> = limit_table::LIMITS.iter().map(|(name, ..)| name.to_uppercase()).collect();
    let sources = [include_str!("../frame.rs"), include_str!("../limits.rs"), include_str!("../names.rs")];
    let mut expected: Vec<String> =
        sources.iter().flat_map(|source| constants(source)).map(|it| it.0).collect();
    expected.retain(|name| name != "FAULT");
    assert_eq!(described, expected);
}

#[test]
fn every_map_that_a_field_names_is_described() {
    let it = describe();
    let known: Vec<&str> = it.types.iter().map(|it| it.name).chain(["Fault"]).collect();
    let bodies = it.events.iter().flat_map(|it| [&it.sent_body, &it.body]).flatten();
    let maps = it.types.iter().chain(it.requests.iter().map(|it| &it.reply)).chain(bodies);
    let fields = maps.flat_map(|it| &it.fields).chain(it.requests.iter().flat_map(|it| &it.fields));
    for field in fields.chain(it.frames.iter().flat_map(|it| &it.map.fields)) {
        let named = field.kind.trim_start_matches("array of ");
        if named.starts_with(|c: char| c.is_ascii_uppercase()) {
            assert!(known.contains(&named), "{named} of {}", field.key);
        }
    }
    for key in &it.account_log {
        assert!(known.contains(&key.value), "{}", key.value);
    }
}

#[test]
fn an_optional_field_is_left_out_and_never_nil() {
    let frame = crate::frame::encode_body(&crate::Fault::new(fault::code::BUSY));
    assert!(!frame.contains(&0xc0));
    for (name, field) in [
        ("fault", fault::Fault::FIELDS.iter().find(|field| field.name == "limit").unwrap()),
        ("create", crate::conversations::CreateGroup::FIELDS.last().unwrap()),
    ] {
        assert!(field.optional, "{name} {}", field.name);
    }
    for it in requests::ALL.iter().flat_map(|it| it.fields.iter().chain(it.reply_fields)) {
        assert!(!it.rust.starts_with("Option") || it.optional, "{} has no default", it.name);
    }
}

#[test]
fn the_text_names_every_code() {
    let text = text();
    for info in requests::ALL {
        assert!(text.contains(&format!("0x{:04x} {} ", info.code, info.name)));
    }
    for code in fault::code::ALL {
        assert!(text.contains(code.name));
    }
}

#[test]
fn the_description_is_plain_json() {
    let json = serde_json::to_value(describe()).unwrap();
    assert_eq!(json["requests"][0]["name"], "Hello");
    assert_eq!(json["frames"][1]["from"], "client");
    assert_eq!(json["frames"][1]["fields"][0]["key"], "c");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn field_table(fields: &[FieldDescription]) -> String {
    let short = fields.iter().any(|field| field.key != field.name);
    let mut out = String::from(if short {
        "| key | name | type | meaning |\n| --- | --- | --- | --- |\n"
    } else {
        "| key | type | meaning |\n| --- | --- | --- |\n"
    });
    for field in fields {
        let optional = if field.optional { ", optional" } else { "" };
        let name = if short { format!(" {} |", field.name) } else { String::new() };
        writeln!(out, "| `{}` |{name} {}{optional} | {} |", field.key, field.kind, cell(field.doc)).unwrap();
    }
    out
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        writeln!(out, "| {} |", row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | ")).unwrap();
    }
    out
}

fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}

fn codes(list: &[&str]) -> String {
    list.iter().map(code).collect::<Vec<_>>().join(", ")
}

fn named(list: &[Named]) -> String {
    table(
        &["code", "name", "meaning"],
        list.iter().map(|it| vec![it.code.to_string(), code(it.name), it.doc.into()]),
    )
}

fn request_sections(requests: &[RequestDescription]) -> String {
    let mut out = String::new();
    for it in requests {
        writeln!(out, "#### `0x{:04x}` {}\n\n{} For: {}.\n", it.code, it.name, it.doc, it.who).unwrap();
        writeln!(out, "{}", field_table(&it.fields)).unwrap();
        writeln!(out, "Reply: {}. {}\n\n{}", it.reply.name, it.reply.doc, field_table(&it.reply.fields))
            .unwrap();
        if !it.faults.is_empty() {
            writeln!(out, "Faults of its own: {}.\n", codes(&it.faults)).unwrap();
        }
    }
    out
}

fn frame_sections(frames: &[FrameDescription], stream: &str) -> String {
    let mut out = String::new();
    for it in frames.iter().filter(|it| it.stream == stream && it.code != 0) {
        let from = if it.from == Origin::Client { "client" } else { "server" };
        writeln!(out, "#### {} {} (from the {from})\n\n{}\n", it.code, it.map.name, it.map.doc).unwrap();
        writeln!(out, "{}", field_table(&it.map.fields)).unwrap();
    }
    out
}

fn event_table(events: &[EventDescription]) -> String {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let body = |it: &EventDescription| match (&it.sent_body, &it.body) {
        (Some(sent), Some(body)) if sent.name != body.name => {
            format!("sent {}, delivered {}", sent.name, body.name)
        }
        (_, Some(body)) => body.name.to_owned(),
        _ => "any bytes".to_owned(),
    };
    let row = |it: &EventDescription| {
        vec![it.kind.to_string(), code(it.name), yes(it.counts), yes(it.sendable), body(it), it.doc.into()]
    };
    table(&["kind", "name", "counts", "clients send it", "body", "meaning"], events.iter().map(row))
}

fn body_sections(events: &[EventDescription]) -> String {
    let mut bodies: Vec<&TypeDescription> = Vec::new();
    for body in events.iter().flat_map(|it| [&it.sent_body, &it.body]).flatten() {
        if bodies.iter().all(|known| known.name != body.name) {
            bodies.push(body);
        }
    }
    bodies.iter().map(|it| type_section(it)).collect()
}

fn type_section(it: &TypeDescription) -> String {
    format!("#### {}\n\n{}\n\n{}\n", it.name, it.doc, field_table(&it.fields))
}

fn generated() -> BTreeMap<&'static str, String> {
    let it = describe();
    let overview = |it: &RequestDescription| {
        vec![
            format!("`0x{:04x}`", it.code),
            it.name.into(),
            it.who.into(),
            it.reply.name.into(),
            it.doc.into(),
        ]
    };
    let fault =
        |it: &FaultDescription| vec![code(it.code), it.class.into(), it.message.into(), it.advice.into()];
    let limit = |it: &LimitDescription| vec![code(it.name), it.value.to_string(), it.doc.into()];
    let log_key = |it: &LogKey| vec![code(it.key), it.value.into(), it.doc.into()];
    BTreeMap::from([
        ("streams", named(&it.stream_kinds)),
        ("close-codes", named(&it.close_codes)),
        (
            "request-codes",
            table(&["code", "request", "for", "reply", "meaning"], it.requests.iter().map(overview)),
        ),
        ("requests", request_sections(&it.requests)),
        ("common-faults", format!("{}.\n", codes(&it.common_faults))),
        ("chat-frames", frame_sections(&it.frames, "chat")),
        ("state-frames", frame_sections(&it.frames, "state")),
        ("event", type_section(it.types.iter().find(|it| it.name == "Event").unwrap())),
        ("event-kinds", event_table(&it.events)),
        ("event-bodies", body_sections(&it.events)),
        (
            "types",
            it.types.iter().filter(|it| !["Event", "Fault"].contains(&it.name)).map(type_section).collect(),
        ),
        ("account-log", table(&["key", "value", "meaning"], it.account_log.iter().map(log_key))),
        ("fault", field_table(&it.types.iter().find(|it| it.name == "Fault").unwrap().fields)),
        (
            "fault-codes",
            table(
                &["code", "class", "standard sentence", "when, and what to do"],
                it.faults.iter().map(fault),
            ),
        ),
        ("limits", table(&["name", "value", "what it bounds"], it.limits.iter().map(limit))),
    ])
}

/// The document with every table between its markers replaced, and the names of the tables in it.
fn with_tables(document: &str, tables: &BTreeMap<&str, String>) -> (String, Vec<String>) {
    const OPEN: &str = "<!-- table:";
    const CLOSE: &str = "<!-- end -->";
    let (mut out, mut rest, mut seen) = (String::new(), document, Vec::new());
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after.split_once(" -->").expect("a marker ends on its line");
        let (_, after) = after.split_once(CLOSE).expect("a table has an end marker");
        let table = tables.get(name).unwrap_or_else(|| panic!("there is no table {name}"));
        write!(out, "{before}{OPEN}{name} -->\n\n{}\n\n{CLOSE}", table.trim_end()).unwrap();
        seen.push(name.to_owned());
        rest = after;
    }
    out.push_str(rest);
    (out, seen)
}

#[test]
fn protocol_md_holds_the_tables() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../PROTOCOL.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let tables = generated();
    let (expected, mut seen) = with_tables(&document, &tables);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        let differs = document.lines().zip(expected.lines()).find(|(is, should)| is != should);
        assert!(document == expected, "PROTOCOL.md is not up to date, first at {differs:?}");
    }
    seen.sort();
    assert_eq!(seen, tables.into_keys().collect::<Vec<_>>(), "every table stands once in PROTOCOL.md");
}
