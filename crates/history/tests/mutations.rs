//! Every field of what was acked, received and stored is changed once in a good history: the check notices.

#![expect(clippy::unwrap_used, reason = "what is broken fails the test")]

use std::fmt::Write;

use litrocket_history::check_file;
use serde_json::Value;

/// Other values for a field.
fn others(field: &str, value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            vec![(number + 1).into(), number.saturating_sub(1).into()]
        }
        Value::Bool(flag) => vec![(!flag).into()],
        // Which kind of tombstone came is told by the log; here it is whether one came.
        Value::String(gone) if field == "gone" && gone == "none" => vec!["edited".into(), "recalled".into()],
        Value::String(_) if field == "gone" => vec!["none".into()],
        Value::String(text) => {
            let (rest, last) = text.split_at(text.len() - 1);
            vec![format!("{rest}{}", if last == "e" { 'f' } else { 'e' }).into()]
        }
        _ => Vec::new(),
    }
}

fn passes(lines: &[Value]) -> bool {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{line}").unwrap();
    }
    check_file(text.as_bytes()).is_ok()
}

#[test]
fn no_field_of_an_ack_a_delivery_or_the_log_can_be_changed_unnoticed() {
    let text = include_str!("../broken/good.jsonl");
    let good: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(passes(&good));
    let mut tried = 0;
    let mut missed = Vec::new();
    for (number, line) in good.iter().enumerate() {
        let kind = line["type"].as_str().unwrap();
        if !["ack", "deliver", "skip", "log", "hidden"].contains(&kind) {
            continue;
        }
        for (field, value) in line.as_object().unwrap() {
            if field == "type" || field == "at_us" {
                continue;
            }
            for other in others(field, value).into_iter().filter(|other| other != value) {
                let mut lines = good.clone();
                lines[number][field] = other.clone();
                tried += 1;
                if passes(&lines) {
                    missed.push(format!("line {}: {field} {other}", number + 1));
                }
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    assert!(missed.is_empty(), "{missed:#?}");
}
