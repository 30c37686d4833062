//! People as one types it.

use serde_json::Value;

use crate::{process::Process, programs::Terminal};

fn people<'a, const N: usize>(process: &'a Process, names: [&'static str; N]) -> [Terminal<'a>; N] {
    names.map(|profile| {
        let person = Terminal { process, profile };
        person.says(&["register", profile]);
        person
    })
}

/// What a listener prints, by type.
fn types(printed: &[Value]) -> Vec<&str> {
    printed.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stranger_who_wrote_is_let_in_or_turned_away_from_the_command_line() {
    let process = Process::start();
    let [ada, bob, eve] = people(&process, ["ada", "bob", "eve"]);
    ada.says(&["send", "@bob", "hello"]);
    eve.says(&["send", "@bob", "hi"]);
    let heard = bob.says(&["listen", "--count", "2", "--idle", "10"]);
    assert_eq!((&heard[0]["request"], &heard[1]["request"]), (&true.into(), &true.into()));
    assert!(bob.says(&["conversations"]).iter().all(|one| one["request"] == true));
    bob.says(&["friend", "let-in", "@ada"]);
    bob.says(&["friend", "turn-away", "@eve"]);
    assert_eq!(eve.fails(&["send", "@bob", "hello?"]).1["code"], "not_accepting");
    ada.says(&["send", "@bob", "thanks"]);
    let heard = bob.says(&["listen", "--count", "1", "--idle", "10"]);
    assert_eq!((&heard[0]["text"], heard[0].get("request")), (&"thanks".into(), None));
    assert_eq!(bob.fails(&["friend", "let-in", "@nobody"]).1["code"], "not_found");
    let (exit, error) = ada.fails(&["friend", "let-in", "@eve"]);
    assert_eq!((exit, &error["code"]), (1, &"not_found".into()), "she wrote to bob alone");
}

#[tokio::test]
async fn audiences_are_set_and_shown_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    let first = &ada.says(&["privacy"])[0];
    assert_eq!((&first["presence_to"], &first["presence"]), (&"everybody".into(), &true.into()));
    let set = ["privacy", "--presence", "false", "--messages", "friends", "--requests", "nobody"];
    let now = &ada.says(&set)[0];
    assert_eq!((&now["presence_to"], &now["presence"]), (&"nobody".into(), &false.into()));
    assert_eq!((&now["message_from"], &now["add_from"]), (&"friends".into(), &"nobody".into()));
    assert_eq!(ada.says(&["privacy"])[0], *now);
    assert_eq!(bob.fails(&["send", "@ada", "hello"]).1["code"], "not_accepting");
    assert_eq!(bob.fails(&["friend", "add", "@ada"]).1["code"], "not_accepting");
    assert_eq!(ada.runs(&["privacy", "--presence", "some"]).status.code(), Some(2));
}

#[tokio::test]
async fn people_are_added_by_address_and_recommended_and_listeners_hear_of_it() {
    let process = Process::start();
    let [ada, bob, eve, dan] = people(&process, ["ada", "bob", "eve", "dan"]);
    ada.says(&["privacy", "--requests", "nobody", "--findable", "false"]);
    let link = ada.says(&["me", "link"])[0]["address"].as_str().unwrap().to_owned();
    assert_eq!(ada.says(&["me", "link"])[0]["address"], link);
    let asked = &bob.says(&["friend", "add", &link, "-m", "we met"])[0];
    assert_eq!((&asked["state"], &asked["handle"]), (&"asked".into(), &"ada".into()));
    let heard = ada.says(&["listen", "--idle", "1"]);
    assert_eq!(types(&heard), ["friend_request"]);
    assert_eq!((&heard[0]["handle"], &heard[0]["message"]), (&"bob".into(), &"we met".into()));
    ada.says(&["friend", "accept", "@bob"]);
    assert_eq!(types(&bob.says(&["listen", "--idle", "1"])), ["friend_request_over", "friend"]);
    ada.says(&["me", "link", "--drop"]);
    assert_eq!(eve.fails(&["friend", "add", &link]).1["code"], "not_found");
    assert_eq!(eve.fails(&["friend", "add", "litrocket://localhost"]).1["code"], "usage");
    // Friends of a friend.
    for person in [&eve, &dan] {
        person.says(&["friend", "add", "@bob"]);
    }
    bob.says(&["friend", "accept", "@eve"]);
    bob.says(&["friend", "accept", "@dan"]);
    let known = ada.says(&["friend", "recommend"]);
    let names: Vec<&str> = known.iter().map(|one| one["handle"].as_str().unwrap()).collect();
    assert_eq!(names, ["eve", "dan"]);
    assert_eq!((&known[0]["common_friends"], &known[0]["friends"][0]), (&1.into(), &"bob".into()));
    ada.says(&["friend", "dismiss", "@eve"]);
    assert_eq!(ada.says(&["friend", "recommend"])[0]["handle"], "dan");
}

#[tokio::test]
async fn invitations_into_groups_are_answered_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    bob.says(&["privacy", "--groups", "friends"]);
    ada.says(&["group", "create", "rockets"]);
    let brought = &ada.says(&["group", "invite", "#rockets", "@bob"])[0];
    assert_eq!(brought["invited"].as_array().unwrap().len(), 1);
    let heard = bob.says(&["listen", "--idle", "1"]);
    let invited: Vec<&Value> = heard.iter().filter(|line| line["type"] == "group_invitation").collect();
    assert_eq!((&invited[0]["name"], &invited[0]["from"]), (&"rockets".into(), &"ada".into()));
    let listed = bob.says(&["invitation", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["members"]), (&"rockets".into(), &1.into()));
    bob.says(&["invitation", "refuse", "#rockets"]);
    assert!(bob.says(&["invitation", "list"]).is_empty());
    let (exit, error) = bob.fails(&["invitation", "accept", "#rockets"]);
    assert_eq!((exit, &error["code"]), (1, &"not_found".into()));
    // Who was refused does not ask again at once, and is not told.
    let again = &ada.says(&["group", "invite", "#rockets", "@bob"])[0];
    assert_eq!(again["invited"], brought["invited"]);
    assert!(bob.says(&["invitation", "list"]).is_empty());
    ada.says(&["group", "create", "comets", "@bob"]);
    bob.says(&["invitation", "accept", "#comets"]);
    ada.says(&["send", "#comets", "welcome"]);
    assert_eq!(bob.says(&["history", "#comets", "--limit", "1"])[0]["text"], "welcome");
}
