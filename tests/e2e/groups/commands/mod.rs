//! Groups as one types them: set up, joined, kept in order, ended; with what else is found and shown.

mod joining;
mod order;
mod wall;

use std::process::{Command, Stdio};

use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::{Value, json};

use crate::{
    process::{Process, program},
    programs::Terminal,
};

/// Runs a program at a terminal of its own and prints what that shows.
const AT_A_TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

fn people<'a, const N: usize>(process: &'a Process, names: [&'static str; N]) -> [Terminal<'a>; N] {
    names.map(|profile| {
        let person = Terminal { process, profile };
        person.says(&["register", profile]);
        person
    })
}

/// What is printed under a key, line by line.
fn column<'a>(printed: &'a [Value], key: &str) -> Vec<&'a Value> {
    printed.iter().map(|line| &line[key]).collect()
}

fn shown(person: &Terminal<'_>) -> Value {
    person.says(&["group", "show", "#rockets"]).remove(0)
}

fn newest(person: &Terminal<'_>) -> Value {
    person.says(&["history", "#rockets", "--limit", "1"]).remove(0)
}

/// An object holds these values, whatever else it holds.
#[track_caller]
fn holds(object: &Value, values: Value) {
    for (key, value) in values.as_object().unwrap() {
        assert_eq!(object[key], *value, "{key} of {object}");
    }
}

/// The code with which the server refuses a command.
#[track_caller]
fn refusal(person: &Terminal<'_>, args: &[&str]) -> String {
    let (exit, error) = person.fails(args);
    assert_eq!(exit, 1, "{args:?}: {error}");
    error["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_owner_gives_roles_and_says_who_may_do_what() {
    let process = Process::start();
    let [ada, bob, eve, _dan] = people(&process, ["ada", "bob", "eve", "dan"]);
    ada.says(&["group", "create", "rockets", "@bob", "@eve"]);
    let fresh = shown(&eve);
    let may = eve.says(&["group", "permissions", "#rockets"]);
    let things = ["write", "invite", "pin", "announce", "remove", "upload", "everybody", "start"];
    assert_eq!(column(&may, "thing"), things);
    assert!(may.iter().all(|one| one["role"] == fresh["permissions"][one["thing"].as_str().unwrap()]));
    let give = |name, role| ["group", "set-role", "#rockets", name, role];
    ada.says(&give("@bob", "administrator"));
    let members = eve.says(&["group", "members", "#rockets"]);
    assert_eq!(column(&members, "role"), ["owner", "administrator", "member"]);
    holds(&fresh, json!({"owner": members[0]["account"], "members": 3, "role": "member"}));
    let accounts = json!([{"id": members[1]["account"], "name": "bob"}]);
    holds(&newest(&eve), json!({"type": "role_changed", "accounts": accounts, "role": "administrator"}));
    assert_eq!(refusal(&bob, &give("@eve", "administrator")), "forbidden");
    assert_eq!(refusal(&ada, &give("@dan", "administrator")), "not_found");
    assert_eq!(refusal(&ada, &give("@ada", "member")), "bad_value");
    let permit = ["group", "permissions", "#rockets", "write=administrator", "pin=owner"];
    assert_eq!(refusal(&bob, &permit), "forbidden");
    ada.says(&permit);
    holds(&shown(&bob)["permissions"], json!({"write": "administrator", "pin": "owner", "invite": "member"}));
    assert_eq!(refusal(&eve, &["send", "#rockets", "me too"]), "not_allowed");
    bob.says(&["send", "#rockets", "the news"]);
    ada.says(&give("@bob", "member"));
    assert_eq!(refusal(&bob, &["send", "#rockets", "more news"]), "not_allowed");
    ada.says(&["group", "permissions", "#rockets", "write=member"]);
    let change = json!({"permissions": {"write": "member"}});
    holds(&newest(&bob), json!({"type": "group_changed", "from": "ada", "change": change}));
}

#[tokio::test]
async fn a_group_is_described_found_and_slowed_down() {
    let process = Process::start();
    let [ada, bob, dan] = people(&process, ["ada", "bob", "dan"]);
    let group = ada.says(&["group", "create", "rockets", "@bob"])[0]["conversation"].to_string();
    let before = json!({"type": "group", "name": "rockets", "description": "", "joining": "invited",
        "discoverable": false, "open_history": false, "slow_ms": 0, "muted_until_ms": null, "nickname": "",
        "announcement": null, "requests": 0});
    holds(&shown(&bob), before);
    let describe = ["group", "set", "#rockets", "--description", " We fly. ", "--joining", "request"];
    assert_eq!(refusal(&bob, &describe), "forbidden");
    ada.says(&describe);
    assert!(dan.says(&["find", "groups", "rock"]).is_empty());
    ada.says(&["group", "set", "#rockets", "--discoverable", "true", "--open-history", "true"]);
    let change = json!({"discoverable": true, "open_history": true});
    holds(&newest(&bob), json!({"type": "group_changed", "change": change}));
    holds(&shown(&bob), change);
    let found = dan.says(&["find", "groups", "ROCK"]);
    assert_eq!((found[0]["conversation"].to_string(), found.len()), (group.clone(), 1));
    let about = json!({"name": "rockets", "description": "We fly.", "members": 2, "joining": "request"});
    holds(&found[0], about);
    assert_eq!(dan.says(&["group", "find", "rock", "--limit", "1"]), found);
    assert_eq!(refusal(&dan, &["find", "groups", " "]), "nothing_to_search");
    assert_eq!(refusal(&dan, &["group", "show", &group]), "not_found", "it lets itself be found, not read");
    let slow = |seconds| ["group", "slow", "#rockets", seconds];
    ada.says(&slow("3600"));
    assert_eq!(shown(&bob)["slow_ms"], 3_600_000);
    bob.says(&["send", "#rockets", "one"]);
    assert_eq!(refusal(&bob, &["send", "#rockets", "two"]), "slow_mode");
    assert_eq!(refusal(&bob, &slow("0")), "forbidden");
    assert_eq!(refusal(&ada, &slow("86401")), "bad_value");
    ada.says(&slow("0"));
    bob.says(&["send", "#rockets", "two"]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_mistake_and_changes_nothing() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    for (command, wrong) in [
        ("show", &["@bob"][..]),
        ("set", &["#rockets"]),
        ("set", &["#rockets", "--joining", "often"]),
        ("permissions", &["#rockets", "fly=owner"]),
        ("permissions", &["#rockets", "pin=member", "pin=king"]),
        ("set-role", &["#rockets", "@bob", "owner"]),
        ("slow", &["#rockets", "soon"]),
        ("answer", &["#rockets", "@bob", "perhaps"]),
        ("link", &["make", "#rockets", "--uses", "few"]),
        ("link", &["drop", "#rockets", "mine"]),
        ("seen", &["#rockets", "--seq", "last"]),
        ("pin", &["#rockets", "first"]),
        ("mute", &["#rockets", "@bob", "--minutes", "long"]),
        ("remove-message", &["#rockets", "all"]),
        ("report", &["#rockets", "--moment", "1"]),
        ("audit", &["#rockets", "--limit", "all"]),
        ("dissolve", &["#rockets"]),
        ("dissolve", &["#rockets", "--confirm", "comets"]),
    ] {
        let (exit, error) = ada.fails(&[&["group", command][..], wrong].concat());
        assert_eq!((exit, &error["code"]), (2, &"usage".into()), "{command} {wrong:?}: {error}");
    }
    // What is not there is no mistake of the one who typed it.
    for (command, missing) in [("show", "#comets"), ("withdraw", "#rockets"), ("members", "comets")] {
        let (exit, error) = ada.fails(&["group", command, missing]);
        assert_eq!((exit, &error["code"]), (1, &"not_found".into()), "{command} {missing}: {error}");
    }
    assert_eq!(newest(&ada)["type"], "created");
}

#[tokio::test]
async fn people_are_found_and_starred_and_their_address_is_a_picture_at_a_terminal() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["profile", "--display-name", "张伟 Ada"]);
    let found = &bob.says(&["find", "people", "zhang"])[0];
    holds(found, json!({"type": "person", "handle": "ada", "display_name": "张伟 Ada"}));
    ada.says(&["privacy", "--findable", "false"]);
    assert!(bob.says(&["find", "people", "zhang"]).is_empty());
    let star = ["friend", "star", "@bob", "--remove"];
    assert_eq!(refusal(&ada, &star[..3]), "not_found");
    ada.says(&["friend", "add", "@bob"]);
    bob.says(&["friend", "accept", "@ada"]);
    for (args, starred) in [(&star[..3], true), (&star, false)] {
        holds(&ada.says(args)[0], json!({"type": "friend", "handle": "bob", "starred": starred}));
        assert_eq!(ada.says(&["friend", "list"])[0]["starred"], starred);
        assert_eq!(bob.says(&["friend", "list"])[0]["starred"], false, "nobody else has it");
    }
    let address = ada.says(&["me", "link"])[0]["address"].as_str().unwrap().to_owned();
    let shows = |args: &[&str]| {
        let (server, own) = (format!("127.0.0.1:{}", process.port), program());
        let mut python = Command::new("python3");
        python.args(["-c", AT_A_TERMINAL]).arg(own.get_program());
        python.args(["--server", &server, "--ca", "certs/ca.pem", "--profile", "ada"]).args(args);
        for (name, _) in own.get_envs() {
            python.env_remove(name);
        }
        python.current_dir(process.path()).env("XDG_DATA_HOME", process.path().join("xdg"));
        let output = python.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().replace('\r', "")
    };
    let (screen, code) = (shows(&["me", "link"]), QrCode::new(&address).unwrap());
    assert!(screen.contains(&code.render::<Dense1x2>().quiet_zone(true).build()), "{screen}");
    assert_eq!(shows(&["--json", "me", "link"]).lines().count(), 1, "a program has no use for it");
}
