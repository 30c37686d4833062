//! What hangs on the wall of a group.

use serde_json::json;

use super::{column, holds, newest, people, refusal, shown};
use crate::{process::Process, programs::lines};

#[tokio::test]
async fn announcements_nicknames_and_pins_hang_on_the_wall() {
    let process = Process::start();
    let [ada, bob, eve] = people(&process, ["ada", "bob", "eve"]);
    ada.says(&["group", "create", "rockets", "@bob", "@eve"]);
    let announce = ["group", "announce", "#rockets", "Launch on Monday."];
    assert_eq!(refusal(&bob, &announce), "forbidden");
    // There is none to take down.
    assert!(ada.says(&announce[..3])[0]["event_seq"].is_null());
    let one = ada.says(&announce)[0]["event_seq"].clone();
    assert_eq!(ada.says(&announce)[0]["event_seq"], one, "a retry is the same");
    let read = &bob.says(&["group", "announcements", "#rockets"])[0];
    holds(read, json!({"type": "group_announcement", "from": "ada", "text": announce[3], "event_seq": one}));
    holds(&shown(&eve)["announcement"], json!({"account": read["from_id"], "event_seq": one}));
    let seen = ["group", "seen", "#rockets"];
    holds(&ada.says(&seen)[0], json!({"type": "seen", "handle": "bob", "event_seq": one}));
    lines(&ada.runs_with(&["group", "announce", "#rockets", "-"], "Launch on Tuesday."));
    assert!(ada.says(&seen).is_empty());
    eve.says(&["group", "announcements", "#rockets", "--limit", "1"]);
    assert_eq!(column(&ada.says(&seen), "handle"), ["eve"]);
    let of_one = ada.says(&["group", "seen", "#rockets", "--seq", &one.to_string()]);
    assert_eq!(column(&of_one, "handle"), ["bob", "eve"]);
    assert_eq!(refusal(&ada, &["group", "seen", "#rockets", "--seq", "99"]), "not_found");
    assert!(ada.says(&announce[..3])[0]["event_seq"].is_u64());
    assert!(shown(&bob)["announcement"].is_null() && ada.says(&seen).is_empty());
    let all = bob.says(&["group", "announcements", "#rockets"]);
    assert_eq!(column(&all, "text"), ["", "Launch on Tuesday.", "Launch on Monday."]);
    bob.says(&["group", "nickname", "#rockets", " Captain  Bob "]);
    let members = ada.says(&["group", "members", "#rockets"]);
    assert_eq!(json!(column(&members, "nickname")), json!([null, "Captain Bob", null]));
    assert_eq!(refusal(&bob, &["group", "nickname", "#rockets", &"x".repeat(65)]), "too_long");
    bob.says(&["group", "nickname", "#rockets"]);
    holds(&newest(&ada), json!({"type": "nicknamed", "from": "bob", "nickname": ""}));
    let said = bob.says(&["send", "#rockets", "the address"])[0]["event_seq"].clone();
    let pin = ["group", "pin", "#rockets", &said.to_string()];
    assert_eq!(refusal(&bob, &pin), "forbidden");
    ada.says(&pin);
    holds(&newest(&eve), json!({"type": "pinned", "pinned": true, "target_seq": said}));
    let pins = eve.says(&["group", "pins", "#rockets"]);
    holds(&pins[0], json!({"type": "message", "from": "bob", "text": "the address", "event_seq": said}));
    assert_eq!(refusal(&ada, &["group", "pin", "#rockets", "1"]), "bad_target", "that is no message");
    ada.says(&["group", "unpin", "#rockets", pin[3]]);
    assert!(eve.says(&["group", "pins", "#rockets"]).is_empty());
}
