//! Coming into a group.

use serde_json::{Value, json};

use super::{column, holds, newest, people, refusal, shown};
use crate::{process::Process, programs::Terminal};

#[tokio::test]
async fn people_ask_to_join_and_are_answered() {
    let process = Process::start();
    let [ada, bob, eve, dan, kim] = people(&process, ["ada", "bob", "eve", "dan", "kim"]);
    let group = ada.says(&["group", "create", "rockets", "@bob"])[0]["conversation"].to_string();
    let set = |how| ["group", "set", "#rockets", "--discoverable", "true", "--joining", how];
    ada.says(&set("request"));
    let join = ["group", "join", &group];
    assert_eq!(eve.says(&join)[0]["state"], "asked");
    eve.says(&["group", "join", &group, "-m", "please"]);
    dan.says(&join);
    let requests = ["group", "requests", "#rockets"];
    let waiting = ada.says(&requests);
    assert_eq!(column(&waiting, "handle"), ["eve", "dan"], "oldest first");
    assert_eq!(column(&waiting, "message"), ["please", ""]);
    let times = ["at_ms", "expires_ms"].map(|key| waiting[0][key].as_u64().unwrap());
    assert_eq!(times[1] - times[0], 30 * 86_400_000, "they wait for thirty days");
    assert_eq!(shown(&ada)["requests"], 2);
    // Members bring people in, and have no say over those who ask.
    let answer = |name, how| ["group", "answer", "#rockets", name, how];
    assert_eq!(refusal(&bob, &requests), "forbidden");
    assert_eq!(refusal(&bob, &answer("@eve", "accept")), "forbidden");
    ada.says(&["group", "set-role", "#rockets", "@bob", "administrator"]);
    assert_eq!(bob.says(&requests), waiting);
    dan.says(&["group", "withdraw", &group]);
    assert_eq!(column(&bob.says(&requests), "handle"), ["eve"]);
    bob.says(&answer("@eve", "accept"));
    let inside = eve.says(&["history", "#rockets"]);
    assert_eq!(column(&inside, "type"), ["joined"], "what was said before stays closed");
    holds(&inside[0], json!({"from": "bob", "accounts": [{"id": waiting[0]["account"], "name": "eve"}]}));
    assert_eq!(refusal(&ada, &answer("@kim", "accept")), "not_found");
    dan.says(&join);
    ada.says(&answer("@dan", "refuse"));
    assert_eq!(refusal(&dan, &join), "forbidden");
    assert_eq!(refusal(&ada, &answer("@dan", "accept")), "not_found");
    assert!(ada.says(&requests).is_empty());
    assert_eq!(shown(&eve)["members"], 3);
    ada.says(&set("open"));
    assert_eq!(kim.says(&join)[0]["state"], "joined");
    kim.says(&["group", "leave", "#rockets"]);
    ada.says(&set("invited"));
    assert_eq!(refusal(&kim, &join), "forbidden");
}

#[tokio::test]
async fn people_come_in_by_the_links_of_those_who_may_invite() {
    let process = Process::start();
    let [ada, bob, eve, dan, kim] = people(&process, ["ada", "bob", "eve", "dan", "kim"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    let make = |person: &Terminal<'_>, uses| {
        person.says(&["group", "link", "make", "#rockets", "--uses", uses]).remove(0)
    };
    let code = |made: &Value| made["code"].as_str().unwrap().to_owned();
    let list = ["group", "link", "list", "#rockets"];
    let made = make(&bob, "2");
    let maker = &ada.says(&["group", "members", "#rockets"])[1]["account"];
    holds(&made, json!({"type": "group_link", "made_by": maker, "uses_left": 2}));
    let times = ["made_ms", "expires_ms"].map(|key| made[key].as_u64().unwrap());
    assert_eq!(times[1] - times[0], 7 * 86_400_000, "they are good for a week");
    let address = made["address"].as_str().unwrap();
    assert!(address.starts_with("litrocket://") && address.ends_with(&format!("&group={}", code(&made))));
    let listed = ada.says(&list);
    assert_eq!((listed.len(), &listed[0]["link"], listed[0].get("code")), (1, &made["link"], None));
    let joined = &eve.says(&["group", "join", address])[0];
    holds(joined, json!({"type": "group_joined", "state": "joined"}));
    eve.says(&["group", "join", address]);
    assert_eq!(bob.says(&list)[0]["uses_left"], 1, "who is in is in");
    dan.says(&["group", "join", &code(&made)]);
    assert!(bob.says(&list).is_empty());
    assert_eq!(refusal(&kim, &["group", "join", address]), "bad_invite");
    let made = make(&bob, "5");
    let drop = ["group", "link", "drop", "#rockets", &made["link"].to_string()];
    assert_eq!(refusal(&eve, &drop), "forbidden");
    ada.says(&drop);
    assert_eq!(refusal(&kim, &["group", "join", &code(&made)]), "bad_invite");
    // A link lets in as long as its maker could.
    let [of_ada, of_bob, of_eve] = [&ada, &bob, &eve].map(|person| code(&make(person, "5")));
    bob.says(&["group", "leave", "#rockets"]);
    assert_eq!(refusal(&kim, &["group", "join", &of_bob]), "bad_invite");
    ada.says(&["group", "permissions", "#rockets", "invite=administrator"]);
    assert_eq!(refusal(&kim, &["group", "join", &of_eve]), "bad_invite");
    assert_eq!(refusal(&eve, &["group", "link", "make", "#rockets"]), "forbidden");
    assert_eq!(refusal(&eve, &list), "forbidden");
    kim.says(&["group", "join", &of_ada]);
    holds(&newest(&kim), json!({"type": "joined", "from": "kim"}));
    assert_eq!(refusal(&ada, &["group", "link", "make", "#rockets", "--days", "366"]), "bad_value");
}
