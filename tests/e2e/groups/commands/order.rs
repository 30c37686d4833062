//! Order in a group, its handing on and its end.

use serde_json::json;

use super::{column, holds, newest, people, refusal, shown};
use crate::{
    process::{Process, program},
    programs::lines,
};

#[tokio::test]
async fn order_is_kept_and_it_is_noted_who_kept_it() {
    let process = Process::start();
    let [ada, bob, eve, dan] = people(&process, ["ada", "bob", "eve", "dan"]);
    ada.says(&["group", "create", "rockets", "@bob", "@eve", "@dan"]);
    ada.says(&["group", "set-role", "#rockets", "@bob", "administrator"]);
    ada.says(&["group", "permissions", "#rockets", "announce=member", "pin=member"]);
    let bad = eve.says(&["send", "#rockets", "rude words"])[0]["event_seq"].clone();
    let number = bad.to_string();
    let on = |what, whom| ["group", what, "#rockets", whom];
    let report = ["group", "report", "#rockets", "--seq", &number, "--text", "rude"];
    holds(&dan.says(&report)[0], json!({"type": "reported", "event_seq": bad, "account": null}));
    assert_eq!(refusal(&dan, &["group", "report", "@dan"]), "bad_value");
    let operator = ["--json", "admin", "reports", "list"];
    let told = lines(&program().current_dir(process.path()).args(operator).output().unwrap());
    holds(&told[0], json!({"reporter": "dan", "account": "eve", "said": "rude words", "text": "rude"}));
    assert_eq!(refusal(&dan, &on("mute", "@eve")), "forbidden");
    assert_eq!(refusal(&bob, &on("mute", "@ada")), "forbidden");
    bob.says(&["group", "mute", "#rockets", "@eve", "--minutes", "30"]);
    let until = &shown(&eve)["muted_until_ms"];
    holds(&newest(&dan), json!({"type": "muted", "from": "bob", "until_ms": until}));
    assert_eq!(ada.says(&["group", "members", "#rockets"])[2]["muted_until_ms"], *until);
    let (_, error) = eve.fails(&["send", "#rockets", "more"]);
    assert!((1..=1_800_000).contains(&error["retry_after_ms"].as_u64().unwrap()), "{error}");
    // Nothing that everybody reads or sees is a way around it.
    for args in [on("announce", "mine"), on("pin", &number), on("nickname", "the silenced")] {
        assert_eq!(refusal(&eve, &args), "muted");
    }
    bob.says(&on("unmute", "@eve"));
    eve.says(&["send", "#rockets", "thanks"]);
    assert_eq!(refusal(&dan, &on("remove-message", &number)), "not_yours");
    let removed = bob.says(&on("remove-message", &number))[0]["event_seq"].clone();
    let said = dan.says(&["history", "#rockets"]);
    assert!(said.iter().any(|one| one["event_seq"] == bad && one["recalled_by"] == removed), "{said:?}");
    assert_eq!(refusal(&bob, &on("remove-message", &number)), "bad_target");
    assert_eq!(refusal(&dan, &on("ban", "@eve")), "forbidden");
    bob.says(&on("ban", "@eve"));
    let banned = bob.says(&["group", "banned", "#rockets"]);
    assert_eq!((banned.len(), &banned[0]["handle"]), (1, &"eve".into()));
    assert_eq!(refusal(&dan, &["group", "banned", "#rockets"]), "forbidden");
    assert_eq!(refusal(&eve, &["send", "#rockets", "hello?"]), "not_a_member");
    holds(&ada.says(&on("invite", "@eve"))[0], json!({"type": "invited", "joined": [], "invited": []}));
    bob.says(&on("unban", "@eve"));
    assert!(bob.says(&["group", "banned", "#rockets"]).is_empty());
    holds(&ada.says(&on("invite", "@eve"))[0], json!({"joined": [banned[0]["account"]]}));
    let audit = ada.says(&["group", "audit", "#rockets", "--limit", "6"]);
    let newest_first = ["unbanned", "banned", "message_removed", "muted", "muted", "settings"];
    assert_eq!(column(&audit, "action"), newest_first);
    assert!(audit[..5].iter().all(|one| one["actor"] == "bob" && one["account"] == "eve"), "{audit:?}");
    assert_eq!((&audit[2]["event_seq"], &audit[3]["value"], &audit[4]["value"]), (&bad, &0.into(), until));
    assert_eq!(refusal(&dan, &["group", "audit", "#rockets"]), "forbidden");
}

#[tokio::test]
async fn a_group_is_handed_on_and_ended_by_its_owner() {
    let process = Process::start();
    let [ada, bob, dan] = people(&process, ["ada", "bob", "dan"]);
    let group = ada.says(&["group", "create", "rockets", "@bob"])[0]["conversation"].to_string();
    ada.says(&["group", "set", "#rockets", "--joining", "open", "--discoverable", "true"]);
    let link = ada.says(&["group", "link", "make", "#rockets"])[0]["code"].as_str().unwrap().to_owned();
    let hand = |name| ["group", "transfer", "#rockets", name];
    assert_eq!(refusal(&bob, &hand("@bob")), "forbidden");
    assert_eq!(refusal(&ada, &hand("@dan")), "not_found");
    ada.says(&hand("@bob"));
    let members = bob.says(&["group", "members", "#rockets"]);
    assert_eq!(column(&members, "role"), ["administrator", "owner"]);
    holds(&shown(&ada), json!({"role": "administrator", "owner": members[1]["account"]}));
    holds(&newest(&bob), json!({"type": "owner_changed", "from": "ada"}));
    let dissolve = ["group", "dissolve", "#rockets", "--confirm", "rockets"];
    assert_eq!(refusal(&ada, &dissolve), "forbidden");
    bob.says(&dissolve);
    assert_eq!(refusal(&bob, &dissolve), "not_a_member");
    assert_eq!(refusal(&ada, &["send", "#rockets", "?"]), "not_a_member");
    holds(&newest(&ada), json!({"type": "dissolved", "from": "bob"}));
    assert!(ada.says(&["group", "list"]).is_empty() && dan.says(&["find", "groups", "rock"]).is_empty());
    assert_eq!(refusal(&dan, &["group", "join", &group]), "not_found");
    assert_eq!(refusal(&dan, &["group", "join", &link]), "bad_invite");
}
