//! Groups as one types them: set up, joined, kept in order, ended; with what else is found and shown.

use std::process::{Command, Stdio};

use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::{Value, json};

use crate::{
    process::{Process, program},
    programs::{Terminal, lines},
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
