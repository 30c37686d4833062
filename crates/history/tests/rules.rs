//! Short histories at the edges of the rules: what just passes, and what just does not.

#![expect(clippy::unwrap_used, reason = "what is broken fails the test")]

use litrocket_history::{Broken, Hash, Report, check_file};
use litrocket_protocol::event::kind;
use serde_json::{Value, json};

/// One conversation, numbered 7; ada is account 1 with device 11, bob account 2 with device 21.
const ADA: (u64, u64) = (1, 11);
const BOB: (u64, u64) = (2, 21);

fn id(number: u64) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

fn hash(number: u64) -> String {
    format!("{number:016x}")
}

fn entry(at_us: u64, kind: &str, (account, device): (u64, u64), more: Value) -> Value {
    let mut entry =
        json!({ "type": kind, "at_us": at_us, "account": account, "device": device, "conversation": 7 });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn send(at_us: u64, who: (u64, u64), number: u64) -> Value {
    entry(at_us, "send", who, json!({ "id": id(number), "kind": 1, "hash": hash(number) }))
}

fn ack(at_us: u64, who: (u64, u64), number: u64, seq: u64) -> Value {
    entry(at_us, "ack", who, json!({ "id": id(number), "event_seq": seq, "message_seq": seq, "at_ms": seq }))
}

fn refused(at_us: u64, who: (u64, u64), number: u64, code: &str, is_final: bool) -> Value {
    entry(at_us, "refused", who, json!({ "id": id(number), "code": code, "final": is_final }))
}

fn event(number: u64, seq: u64, sender: u64) -> Value {
    json!({
        "id": id(number), "kind": 1, "hash": hash(number), "event_seq": seq, "message_seq": seq, "at_ms": seq,
        "sender": sender, "gone": "none",
    })
}

fn deliver(at_us: u64, who: (u64, u64), number: u64, seq: u64, sender: u64) -> Value {
    entry(at_us, "deliver", who, event(number, seq, sender))
}

fn log(number: u64, seq: u64, sender: u64) -> Value {
    let mut entry = event(number, seq, sender);
    let more = json!({ "type": "log", "at_us": 1_000, "conversation": 7, "counts": true });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn access(who: (u64, u64), from: u64) -> Value {
    entry(1_000, "access", who, json!({ "from": from }))
}

fn end(who: (u64, u64), seq: u64) -> Value {
    entry(1_000, "end", who, json!({ "event_seq": seq }))
}

/// The device is given up: it ends nowhere.
fn lost((account, device): (u64, u64)) -> Value {
    json!({ "type": "lost", "at_us": 1_000, "account": account, "device": device })
}

fn resume(at_us: u64, who: (u64, u64), seq: u64) -> Value {
    entry(at_us, "resume", who, json!({ "event_seq": seq }))
}

fn check(entries: impl IntoIterator<Item = Value>) -> Result<Report, Broken> {
    let text: Vec<String> = entries.into_iter().map(|entry| entry.to_string()).collect();
    check_file(text.join("\n").as_bytes())
}

/// What is no history.
const NONE: u8 = 100;

/// The number of the rule that is broken; 0 for none.
fn rule(entries: impl IntoIterator<Item = Value>) -> u8 {
    match check(entries) {
        Ok(_) => 0,
        Err(broken) if broken.rule == 0 => NONE,
        Err(broken) => broken.rule,
    }
}

#[test]
fn what_was_refused_for_good_is_in_no_log_and_what_may_be_tried_again_may() {
    let story = |first: Value, again: bool| {
        let mut story = vec![send(1, ADA, 1), first];
        if again {
            story.extend([send(3, ADA, 1), refused(4, ADA, 1, "not_a_member", true)]);
        }
        story.extend([access(ADA, 1), log(1, 1, 1)]);
        rule(story)
    };
    assert_eq!(story(refused(2, ADA, 1, "unavailable", false), false), 0);
    assert_eq!(story(refused(2, ADA, 1, "not_a_member", true), false), 2);
    // A retry was refused for good, so the first try was not taken either.
    assert_eq!(story(refused(2, ADA, 1, "unavailable", false), true), 7);
    assert_eq!(story(ack(2, ADA, 1, 1), true), 7);
}

#[test]
fn a_new_attempt_after_a_refusal_has_its_own_place_in_the_order() {
    let story = [
        send(1, ADA, 1),
        refused(2, ADA, 1, "not_a_member", true),
        send(3, ADA, 2),
        ack(4, ADA, 2, 1),
        send(5, ADA, 1),
        ack(6, ADA, 1, 2),
        access(ADA, 1),
        log(2, 1, 1),
        log(1, 2, 1),
        end(ADA, 2),
    ];
    assert_eq!(check(story.clone()).unwrap().acks, 2);
    // Without the refusal it stands behind what was sent after it.
    let stays = story.into_iter().filter(|entry| entry["type"] != "refused");
    assert_eq!(rule(stays), 6);
}

#[test]
fn an_answer_belongs_to_a_send_of_this_conversation_and_device() {
    let log = [access(ADA, 1), log(1, 1, 1)];
    let with = |entries: Vec<Value>| rule(entries.into_iter().chain(log.clone()));
    assert_eq!(with(vec![send(1, ADA, 1), ack(2, ADA, 1, 1)]), 0);
    assert_eq!(with(vec![send(1, ADA, 1), ack(2, (1, 12), 1, 1)]), 1);
    assert_eq!(with(vec![ack(2, ADA, 1, 1)]), 1);
    assert_eq!(with(vec![send(1, ADA, 1), ack(2, ADA, 1, 1), ack(3, ADA, 1, 1)]), 7);
    assert_eq!(with(vec![send(1, ADA, 1), send(2, ADA, 1), ack(2, ADA, 1, 1), ack(3, ADA, 1, 1)]), 0);
    let mut elsewhere = ack(2, ADA, 1, 1);
    elsewhere["conversation"] = 8.into();
    assert_eq!(with(vec![send(1, ADA, 1), elsewhere]), 1);
}

#[test]
fn a_conflict_needs_another_payload_and_a_first_one_that_is_stored() {
    let mut other = send(3, ADA, 1);
    other["hash"] = hash(99).into();
    let conflict = |at_us| refused(at_us, ADA, 1, "id_conflict", true);
    let stored = [access(ADA, 1), log(1, 1, 1)];
    let story = [send(1, ADA, 1), ack(2, ADA, 1, 1), other.clone(), conflict(4)];
    assert_eq!(rule(story.clone().into_iter().chain(stored.clone())), 0);
    assert_eq!(rule([send(1, ADA, 1), conflict(2)].into_iter().chain(stored.clone())), 7);
    // On another connection it is certain what an answer is about. In conflict with what is not there:
    let again = entry(2, "resume", ADA, json!({ "event_seq": 0 }));
    let alone = [send(1, ADA, 1), again, other, conflict(4), access(ADA, 1), lost(ADA)];
    assert_eq!(rule(alone.clone()), 7);
    assert_eq!(rule(alone.clone().into_iter().chain([log(1, 1, 1)])), 0);
    // The other one was stored, and it was the one that was refused, or not the one that was acked.
    let mut wrong = log(1, 1, 1);
    wrong["hash"] = hash(99).into();
    assert_eq!(rule(alone.into_iter().chain([wrong.clone()])), 7);
    assert_eq!(rule(story.into_iter().chain([access(ADA, 1), wrong])), 7);
}

#[test]
fn what_is_known_is_below_what_is_sent_later_and_not_at_the_same_moment() {
    let story = |sent_at: u64, first: u64, second: u64| {
        [send(1, ADA, 1), ack(5, ADA, 1, first), send(sent_at, BOB, 2), access(ADA, 1), access(BOB, 1)]
            .into_iter()
            .chain(if first < second { [log(1, 1, 1), log(2, 2, 2)] } else { [log(2, 1, 2), log(1, 2, 1)] })
    };
    assert_eq!(rule(story(6, 1, 2)), 0);
    assert_eq!(rule(story(6, 2, 1)), 6);
    // In the same microsecond nobody knows which came first.
    assert_eq!(rule(story(5, 2, 1)), 0);
    let before = [send(1, ADA, 1), send(1, BOB, 2), ack(5, ADA, 1, 2)];
    let log = [access(ADA, 1), access(BOB, 1), log(2, 1, 2), log(1, 2, 1)];
    assert_eq!(rule(before.into_iter().chain(log)), 0);
}

#[test]
fn what_was_known_before_this_moment_counts_beside_what_is_known_now() {
    // Event 1 is known at 5, event 3 at 6; what is sent at 6 comes behind 1, and may come before 3.
    let story = |third: u64, second: u64| {
        let mut logs = [log(1, 1, 1), log(2, second, 2), log(3, third, 1)];
        logs.sort_by_key(|entry| entry["event_seq"].as_u64());
        [send(1, ADA, 1), send(2, ADA, 3), ack(5, ADA, 1, 1), ack(6, ADA, 3, third), send(6, BOB, 2)]
            .into_iter()
            .chain([access(ADA, 1), access(BOB, 1)])
            .chain(logs)
    };
    assert_eq!(rule(story(3, 2)), 0);
    let early = [send(1, ADA, 1), ack(5, ADA, 1, 2), send(5, ADA, 3), ack(6, ADA, 3, 3), send(6, BOB, 2)];
    let logs = [access(ADA, 1), access(BOB, 1), log(2, 1, 2), log(1, 2, 1), log(3, 3, 1)];
    assert_eq!(rule(early.into_iter().chain(logs)), 6);
}

#[test]
fn a_cleared_history_may_be_skipped_up_to_where_it_was_cleared() {
    let story = |cleared: u64| {
        let skip = entry(3, "skip", BOB, json!({ "from": 1, "to": 2 }));
        [send(1, ADA, 1), send(1, ADA, 2), send(1, ADA, 3), skip, deliver(4, BOB, 3, 3, 1)]
            .into_iter()
            .chain([access(ADA, 1), access(BOB, 1), entry(1_000, "cleared", BOB, json!({ "to": cleared }))])
            .chain([log(1, 1, 1), log(2, 2, 1), log(3, 3, 1), end(BOB, 3)])
    };
    assert_eq!(rule(story(2)), 0);
    assert_eq!(rule(story(1)), 9);
    // Whoever cleared everything may stop anywhere.
    let nothing = [send(1, ADA, 1), access(BOB, 1), entry(1_000, "cleared", BOB, json!({ "to": 1 }))];
    assert_eq!(rule(nothing.into_iter().chain([access(ADA, 1), log(1, 1, 1), end(BOB, 0)])), 0);
}

#[test]
fn numbers_end_below_two_to_the_53() {
    let most = (1_u64 << 53) - 1;
    let sought =
        |seq: u64| rule([entry(1, "resume", ADA, json!({ "event_seq": seq, "seek": true })), end(ADA, 0)]);
    assert_eq!((sought(most), sought(most + 1)), (0, NONE));
    let skip = |to: u64| rule([entry(1, "skip", ADA, json!({ "from": 1, "to": to, "fresh": true }))]);
    assert_eq!((skip(most + 2), skip(5)), (NONE, 4), "a device does not come past the head");
}

#[test]
fn what_a_device_received_is_in_the_log() {
    let story = [send(1, ADA, 1), send(1, ADA, 2), deliver(3, BOB, 1, 1, 1), deliver(4, BOB, 2, 2, 1)];
    let log_of = |count: usize| {
        let log = [log(1, 1, 1), log(2, 2, 1)];
        [access(ADA, 1), access(BOB, 1)].into_iter().chain(log.into_iter().take(count)).collect::<Vec<_>>()
    };
    assert_eq!(rule(story.clone().into_iter().chain(log_of(2)).chain([end(BOB, 2)])), 0);
    assert_eq!(rule(story.into_iter().chain(log_of(1))), 5);
}

#[test]
fn a_tombstone_that_was_heard_stays_one_for_whoever_connects_later() {
    let recalled = |at_us: u64, who| {
        let mut it = deliver(at_us, who, 1, 1, 1);
        it["gone"] = "recalled".into();
        it["hash"] = hash(0).into();
        it
    };
    let story = |connected: u64| {
        let mut recall = send(2, ADA, 2);
        (recall["kind"], recall["target"]) = (kind::RECALL.into(), 1.into());
        let mut recall_event = log(2, 2, 1);
        (recall_event["kind"], recall_event["counts"]) = (kind::RECALL.into(), false.into());
        recall_event["message_seq"] = Value::Null;
        let mut gone = log(1, 1, 1);
        (gone["gone"], gone["hash"]) = ("recalled".into(), hash(0).into());
        [send(1, ADA, 1), recall, recalled(5, BOB)]
            .into_iter()
            .chain([
                entry(connected, "resume", (2, 22), json!({ "event_seq": 0 })),
                deliver(9, (2, 22), 1, 1, 1),
                access(ADA, 1),
                access(BOB, 1),
                gone,
                recall_event,
                lost(BOB),
                lost((2, 22)),
            ])
            .collect::<Vec<_>>()
    };
    // Who was connected already may have it under way.
    assert_eq!(rule(story(5)), 0);
    assert_eq!(rule(story(6)), 5);
}

#[test]
fn what_is_broken_says_where() {
    let twice = [send(1, ADA, 1), deliver(2, BOB, 1, 1, 1), deliver(3, BOB, 1, 1, 1)];
    let broken = check(twice).unwrap_err();
    assert!(broken.message.contains("device 21 in conversation 7"), "{broken}");
    assert!(broken.message.starts_with("line 3: "), "{broken}");
    let unread = json!({
        "type": "unread", "at_us": 1, "account": 1, "conversation": 7, "head": 3, "joined": 1, "deleted_to": 0,
        "retained_from": 0, "read_marker": 1, "my_last_sent": 0, "unread": 3,
    });
    let broken = check([unread]).unwrap_err();
    assert!(broken.rule == 8 && broken.message.contains("conversation 7"), "{broken}");
}

#[test]
fn what_an_answer_about_unread_messages_names_is_in_the_log() {
    let story = |head: u64, my_last_sent: u64| {
        let unread = head - my_last_sent.max(1);
        let asked = json!({
            "type": "unread", "at_us": 9, "account": 1, "conversation": 7, "head": head, "joined": 1, "deleted_to": 0,
            "retained_from": 0, "read_marker": 1, "my_last_sent": my_last_sent, "unread": unread,
        });
        let sent = [send(1, ADA, 1), send(1, BOB, 2), send(1, ADA, 3), asked, access(ADA, 1), access(BOB, 1)];
        rule(sent.into_iter().chain([log(1, 1, 1), log(2, 2, 2), log(3, 3, 1)]))
    };
    assert_eq!((story(3, 3), story(3, 1), story(2, 0), story(3, 0)), (0, 0, 0, 0));
    assert_eq!(story(4, 3), 8, "the log has no fourth message");
    assert_eq!(story(3, 2), 8, "that one was bob's");
}

#[test]
fn only_a_device_that_never_synced_begins_at_the_head() {
    let story = |begins: Value| {
        let skip = entry(3, "skip", BOB, json!({ "from": 1, "to": 1, "fresh": true }));
        [send(1, ADA, 1), begins, skip, access(ADA, 1), access(BOB, 1), log(1, 1, 1), end(BOB, 1)]
    };
    let sought = entry(2, "resume", BOB, json!({ "event_seq": 1, "seek": true }));
    assert_eq!(rule(story(resume(2, BOB, 0))), 0);
    assert_eq!(rule(story(sought)), 9);
}

#[test]
fn an_own_ack_stands_for_its_event_only_above_the_cursor_and_on_its_connection() {
    let other = |who, seq| deliver(9, who, 2, seq, 2);
    let sent = [send(1, ADA, 1), send(1, BOB, 2)];
    let logs = [access(ADA, 1), access(BOB, 1), log(1, 1, 1), log(2, 2, 2), end(ADA, 2)];
    let story = |between: Vec<Value>| {
        let told = between.into_iter().chain([other(ADA, 2)]);
        rule(sent.clone().into_iter().chain(told).chain(logs.clone()))
    };
    assert_eq!(story(vec![ack(5, ADA, 1, 1)]), 0);
    let again = entry(6, "resume", ADA, json!({ "event_seq": 0 }));
    assert_eq!(story(vec![ack(5, ADA, 1, 1), again]), 4);
    // The event itself came first; its ack, repeated, changes nothing.
    let itself = deliver(4, ADA, 1, 1, 1);
    assert_eq!(story(vec![itself, ack(5, ADA, 1, 1)]), 0);
}

#[test]
fn hashes_are_fnv_1a() {
    assert_eq!(Hash::of(b""), Hash(0xcbf2_9ce4_8422_2325));
    assert_eq!(Hash::of(b"a"), Hash(0xaf63_dc4c_8601_ec8c));
    assert_eq!(Hash::of(b"foobar"), Hash(0x8594_4171_f739_67e8));
}
