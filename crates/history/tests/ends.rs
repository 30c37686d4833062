//! What a history has to say at its end, and answers that cannot be told apart: where it was possible to keep silent.

#![expect(clippy::unwrap_used, reason = "what is broken fails the test")]

use litrocket_history::check_file;
use serde_json::{Value, json};

/// Ada is account 1 with device 11, bob account 2 with device 21.
const ADA: (u64, u64) = (1, 11);
const BOB: (u64, u64) = (2, 21);

fn entry(at_us: u64, kind: &str, (account, device): (u64, u64), conversation: u64, more: Value) -> Value {
    let mut entry = json!({
        "type": kind, "at_us": at_us, "account": account, "device": device, "conversation": conversation,
    });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn id(number: u64) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// The message with this number and its words, which are `words`.
fn event(number: u64, words: u64) -> Value {
    json!({ "id": id(number), "kind": 1, "hash": format!("{words:016x}") })
}

fn place(seq: u64) -> Value {
    json!({ "event_seq": seq, "message_seq": seq, "at_ms": seq })
}

fn both(mut one: Value, other: &Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

fn says(at_us: u64, who: (u64, u64), number: u64, words: u64) -> Value {
    entry(at_us, "send", who, 7, event(number, words))
}

fn send(at_us: u64, who: (u64, u64), number: u64) -> Value {
    says(at_us, who, number, number)
}

fn ack(at_us: u64, who: (u64, u64), number: u64, seq: u64) -> Value {
    entry(at_us, "ack", who, 7, both(json!({ "id": id(number) }), &place(seq)))
}

fn conflict(at_us: u64, who: (u64, u64), number: u64) -> Value {
    entry(at_us, "refused", who, 7, json!({ "id": id(number), "code": "id_conflict", "final": true }))
}

fn told(number: u64, words: u64, seq: u64, sender: u64) -> Value {
    both(both(event(number, words), &place(seq)), &json!({ "sender": sender, "gone": "none" }))
}

fn deliver(at_us: u64, who: (u64, u64), conversation: u64, number: u64, seq: u64) -> Value {
    entry(at_us, "deliver", who, conversation, told(number, number, seq, 1))
}

fn log(conversation: u64, number: u64, words: u64, seq: u64) -> Value {
    let more = json!({ "type": "log", "at_us": 1_000, "conversation": conversation, "counts": true });
    both(told(number, words, seq, 1), &more)
}

fn resume(at_us: u64, who: (u64, u64), conversation: u64, seq: u64) -> Value {
    entry(at_us, "resume", who, conversation, json!({ "event_seq": seq }))
}

fn access(who: (u64, u64), conversation: u64) -> Value {
    entry(1_000, "access", who, conversation, json!({ "from": 1 }))
}

fn end(who: (u64, u64), conversation: u64, seq: u64) -> Value {
    entry(1_000, "end", who, conversation, json!({ "event_seq": seq }))
}

fn lost(at_us: u64, (account, device): (u64, u64)) -> Value {
    json!({ "type": "lost", "at_us": at_us, "account": account, "device": device })
}

/// The number of the rule that is broken; `None` for none.
fn rule(entries: impl IntoIterator<Item = Value>) -> Option<u8> {
    let text: Vec<String> = entries.into_iter().map(|entry| entry.to_string()).collect();
    check_file(text.join("\n").as_bytes()).err().map(|broken| broken.rule)
}

/// Ada's message 1 in conversation 7 and 2 in conversation 8, both bob's to read.
fn two_conversations(bob: impl IntoIterator<Item = Value>) -> Option<u8> {
    let mut elsewhere = send(1, ADA, 2);
    elsewhere["conversation"] = 8.into();
    let store = [access(ADA, 7), access(ADA, 8), access(BOB, 7), access(BOB, 8)];
    let logs = [log(7, 1, 1, 1), log(8, 2, 2, 1)];
    rule([send(1, ADA, 1), elsewhere].into_iter().chain(bob).chain(store).chain(logs))
}

#[test]
fn whoever_listens_says_where_it_ended_or_that_it_was_lost() {
    let seven = |more: Vec<Value>| two_conversations([deliver(2, BOB, 7, 1, 1)].into_iter().chain(more));
    let eight = deliver(3, BOB, 8, 2, 1);
    assert_eq!(seven(vec![]), Some(10), "no end at all");
    assert_eq!(seven(vec![lost(4, BOB)]), None);
    assert_eq!(seven(vec![eight.clone(), end(BOB, 7, 1)]), Some(10), "an end in one of two");
    assert_eq!(seven(vec![eight.clone(), end(BOB, 7, 1), end(BOB, 8, 1)]), None);
    assert_eq!(seven(vec![resume(3, BOB, 8, 0), end(BOB, 7, 1)]), Some(10), "it asked, and nothing came");
    let skipped = entry(3, "skip", BOB, 8, json!({ "from": 1, "to": 1, "fresh": true }));
    assert_eq!(seven(vec![skipped, end(BOB, 7, 1)]), Some(10));
}

#[test]
fn a_device_that_was_never_told_of_a_conversation_is_missed_there() {
    let heard_of_one = [deliver(2, BOB, 7, 1, 1), end(BOB, 7, 1)];
    assert_eq!(two_conversations(heard_of_one.clone()), Some(10));
    assert_eq!(two_conversations(heard_of_one.iter().cloned().chain([end(BOB, 8, 0)])), Some(10));
    // Where there is nothing to read, nothing is to be said.
    let cleared = entry(1_000, "cleared", BOB, 8, json!({ "to": 1 }));
    assert_eq!(two_conversations(heard_of_one.into_iter().chain([cleared])), None);
}

#[test]
fn what_is_lost_is_heard_of_no_more() {
    assert_eq!(two_conversations([lost(1, BOB), deliver(2, BOB, 7, 1, 1)]), Some(0));
    assert_eq!(two_conversations([lost(1, BOB), end(BOB, 7, 0)]), Some(0));
    assert_eq!(two_conversations([deliver(2, BOB, 7, 1, 1), lost(3, (1, 21))]), Some(0), "that is bob's");
}

/// Two messages of Ada, over two connections: which is where in the log.
fn over_two_connections(sends: Vec<Value>, logged: [u64; 2]) -> Option<u8> {
    let [first, second] = logged;
    let store = [access(ADA, 7), log(7, first, first, 1), log(7, second, second, 2), lost(1_000, ADA)];
    rule(sends.into_iter().chain(store))
}

#[test]
fn what_is_sent_again_keeps_its_place_before_what_was_sent_later() {
    let late = vec![send(1, ADA, 1), resume(2, ADA, 7, 0), send(3, ADA, 2), send(4, ADA, 1)];
    assert_eq!(over_two_connections(late.clone(), [2, 1]), Some(6), "sent again too late");
    assert_eq!(
        over_two_connections(late, [1, 2]),
        None,
        "what the first connection left behind came in time"
    );
    let in_order = vec![send(1, ADA, 1), resume(2, ADA, 7, 0), send(3, ADA, 1), send(4, ADA, 2)];
    assert_eq!(over_two_connections(in_order.clone(), [1, 2]), None);
    assert_eq!(over_two_connections(in_order, [2, 1]), Some(6));
    // Given up, and left behind by an ended connection: it comes when it comes.
    let given_up = vec![send(1, ADA, 1), resume(2, ADA, 7, 0), send(3, ADA, 2)];
    assert_eq!(over_two_connections(given_up, [2, 1]), None);
}

#[test]
fn what_was_refused_for_good_may_be_said_again_later_on_another_connection() {
    let refused = entry(2, "refused", ADA, 7, json!({ "id": id(1), "code": "not_a_member", "final": true }));
    let story = vec![send(1, ADA, 1), refused, resume(3, ADA, 7, 0), send(4, ADA, 2), send(5, ADA, 1)];
    assert_eq!(over_two_connections(story, [2, 1]), None);
}

#[test]
fn of_two_payloads_under_way_together_one_is_acked_and_one_is_refused() {
    let story = |answers: Vec<Value>| {
        let sent = [send(1, ADA, 1), says(1, ADA, 1, 99)];
        rule(sent.into_iter().chain(answers).chain([access(ADA, 7), log(7, 1, 1, 1)]))
    };
    assert_eq!(story(vec![ack(2, ADA, 1, 1), conflict(3, ADA, 1)]), None);
    assert_eq!(
        story(vec![conflict(2, ADA, 1), ack(3, ADA, 1, 1)]),
        None,
        "the answers do not tell which is which"
    );
    assert_eq!(story(vec![ack(2, ADA, 1, 1), ack(3, ADA, 1, 1)]), Some(7));
    assert_eq!(story(vec![conflict(2, ADA, 1), conflict(3, ADA, 1)]), Some(7));
    assert_eq!(story(vec![ack(2, ADA, 1, 1)]), None);
}

#[test]
fn answers_are_counted_on_their_own_connection() {
    // What the first connection was answered is lost with it: it is no answer of the second.
    let sent = [send(1, ADA, 1), resume(2, ADA, 7, 0), send(3, ADA, 1), says(3, ADA, 1, 99)];
    let story = |answers: [Value; 2]| {
        let store = [access(ADA, 7), log(7, 1, 1, 1), lost(1_000, ADA)];
        rule(sent.clone().into_iter().chain(answers).chain(store))
    };
    assert_eq!(story([ack(4, ADA, 1, 1), conflict(5, ADA, 1)]), None);
    assert_eq!(story([ack(4, ADA, 1, 1), ack(5, ADA, 1, 1)]), Some(7));
    let cut_off = [ack(4, ADA, 1, 1), ack(5, ADA, 1, 1), resume(6, ADA, 7, 0)];
    let three = sent.iter().cloned().chain([says(3, ADA, 1, 99)]).chain(cut_off);
    assert_eq!(
        rule(three.chain([access(ADA, 7), log(7, 1, 1, 1), lost(1_000, ADA)])),
        Some(7),
        "one answer is open"
    );
}

#[test]
fn a_payload_that_is_sent_twice_may_be_acked_twice() {
    let sent = [send(1, ADA, 1), send(1, ADA, 1), says(1, ADA, 1, 99), says(1, ADA, 1, 99)];
    let story = |acks: u64| {
        let answers = (0..4).map(|n| if n < acks { ack(2, ADA, 1, 1) } else { conflict(2, ADA, 1) });
        rule(sent.clone().into_iter().chain(answers).chain([access(ADA, 7), log(7, 1, 1, 1)]))
    };
    assert_eq!([1, 2, 3].map(story), [Some(7), None, Some(7)]);
}

/// An answer to Ada about what is unread, of which she read nothing and sent `sent` last.
fn unread(at_us: u64, head: u64, sent: u64) -> Value {
    let markers = json!({
        "head": head, "joined": 1, "deleted_to": 0, "retained_from": 0, "read_marker": 0, "my_last_sent": sent,
        "unread": head - sent,
    });
    entry(at_us, "unread", ADA, 7, markers)
}

#[test]
fn an_answer_knows_what_the_devices_knew_when_it_was_asked() {
    let bobs = told(1, 1, 1, 2);
    let story = |answers: [Value; 3]| {
        let [first, second, third] = answers;
        let heard = entry(4, "deliver", ADA, 7, bobs.clone());
        let entries = [send(1, BOB, 1), first, heard, second, send(6, ADA, 2), ack(7, ADA, 2, 2), third];
        let logs = [access(ADA, 7), both(log(7, 1, 1, 1), &bobs), log(7, 2, 2, 2), end(ADA, 7, 2)];
        rule(entries.into_iter().chain(logs))
    };
    assert_eq!(story([unread(3, 0, 0), unread(5, 1, 0), unread(8, 2, 2)]), None);
    // It may have been asked before the message came, or the ack.
    assert_eq!(story([unread(3, 0, 0), unread(5, 0, 0), unread(8, 1, 0)]), None);
    assert_eq!(story([unread(3, 0, 0), unread(5, 0, 0), unread(8, 0, 0)]), Some(8), "nothing for ever");
    let after = |head, sent| {
        let asked = [unread(8, 1, 0), unread(9, head, sent)];
        let entries = [send(1, ADA, 1), ack(2, ADA, 1, 1)].into_iter().chain(asked);
        rule(entries.chain([access(ADA, 7), log(7, 1, 1, 1)]))
    };
    assert_eq!((after(1, 1), after(1, 0)), (None, Some(8)), "its own last message is known");
}

#[test]
fn every_answer_names_own_messages_not_only_the_last_one() {
    let story = |named: u64| {
        let mut bobs = log(7, 1, 1, 1);
        bobs["sender"] = 2.into();
        let sent = [send(1, BOB, 1), send(1, ADA, 2), send(1, ADA, 3)];
        let asked = [unread(8, 3, named), unread(9, 3, 3)];
        rule(sent.into_iter().chain(asked).chain([access(ADA, 7), bobs, log(7, 2, 2, 2), log(7, 3, 3, 3)]))
    };
    assert_eq!((story(2), story(1)), (None, Some(8)));
}
