//! How people and groups are named, and what is said where nothing was done.

use serde_json::{Value, json};

use super::{is_chinese, people};
use crate::{process::Process, programs::Terminal};

#[tokio::test]
async fn where_there_is_nothing_to_take_away_that_is_said_by_name() {
    let process = Process::start();
    let [ada, bob, _eve] = people(&process, ["ada", "bob", "eve"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["group", "set", "#rockets", "--joining", "request", "--discoverable", "true"]);
    ada.says(&["send", "#rockets", "hello"]);
    bob.says(&["send", "@ada", "hello"]);
    ada.says(&["friend", "let-in", "@bob"]);
    let moment = ada.says(&["moment", "post", "the sea"])[0]["id"].to_string();
    for (args, english) in [
        (&["friend", "delete", "@eve"][..], "@eve is not among your friends."),
        (&["friend", "unblock", "@eve"], "You do not block @eve"),
        (&["friend", "withdraw", "@eve"], "There is no open request with @eve."),
        (&["friend", "let-in", "@eve"], "No message of @eve waits"),
        (&["friend", "turn-away", "@eve"], "No message of @eve waits"),
        (&["friend", "let-in", "@bob"], "No message of @bob waits"),
        (&["friend", "turn-away", "@bob"], "No message of @bob waits"),
        (&["friend", "star", "@eve"], "@eve is not among your friends."),
        (&["group", "remove", "#rockets", "@eve"], "@eve is not in #rockets"),
        (&["group", "mute", "#rockets", "@eve"], "@eve is not in #rockets"),
        (&["group", "unmute", "#rockets", "@bob"], "@bob is not muted in #rockets."),
        (&["group", "unban", "#rockets", "@bob"], "@bob is not banned from #rockets"),
        (&["group", "unpin", "#rockets", "3"], "Message 3 is not pinned in #rockets"),
        (&["group", "link", "drop", "#rockets", "7"], "#rockets has no link 7"),
        (&["react", "#rockets", "3", "👍", "--remove"], "You have not put 👍 on message 3 in #rockets."),
        (&["group", "withdraw", "#rockets"], "You have no open request to join #rockets."),
        (
            &["group", "answer", "#rockets", "@eve", "accept"],
            "@eve is not in #rockets, or has not asked to be.",
        ),
        (&["invitation", "accept", "#comets"], "You are not invited into #comets"),
        (&["moment", "unlike", &moment], &format!("You do not like moment {moment}.")),
        (&["moment", "unhide", "@eve"], "You do not keep @eve's moments out"),
        (&["moment", "post", "x", "--only", "@bob"], "@bob is not among your friends."),
        (&["moment", "visibility", &moment, "--except", "@eve"], "@eve is not among your friends."),
        (&["me", "link", "--drop"], "There is no address to revoke."),
        (&["read", "@eve"], "There is no conversation with @eve yet"),
    ] {
        let (code, said) = ada.complains("en", args);
        assert!(
            code == 1 && said.contains(english) && said.contains("(not_found)"),
            "{args:?}: {code} {said}"
        );
        let (code, said) = ada.complains("zh", args);
        assert!(code == 1 && is_chinese(&said), "{args:?}: {code} {said}");
    }
    for args in [&["group", "set", "#rockets"][..], &["word", "edit", "moon"], &["email", "confirm"]] {
        let (code, said) = ada.complains("en", args);
        assert!(code == 2 && said.contains("--") && said.contains("(usage)"), "{args:?}: {code} {said}");
    }
}

#[tokio::test]
async fn what_was_so_already_is_done_and_said_to_be_so() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["send", "#rockets", "hello"]);
    let moment = ada.says(&["moment", "post", "the sea"])[0]["id"].to_string();
    for args in [
        &["friend", "block", "@bob"][..],
        &["moment", "hide", "@bob"],
        &["moment", "like", &moment],
        &["group", "pin", "#rockets", "2"],
        &["group", "set", "#rockets", "--description", "We fly."],
        &["group", "slow", "#rockets", "30"],
        &["group", "permissions", "#rockets", "pin=owner"],
        &["group", "set-role", "#rockets", "@bob", "administrator"],
        &["group", "rename", "#rockets", "rockets!"],
        &["group", "rename", "#rockets!", "rockets"],
        &["group", "nickname", "#rockets", "Ada the first"],
        &["group", "ban", "#rockets", "@bob"],
    ] {
        let first = &ada.says(args)[0];
        assert!(first["type"] == "done" && first.get("unchanged").is_none(), "{args:?}: {first}");
        if args[1] == "rename" {
            continue;
        }
        assert_eq!(ada.says(args)[0]["unchanged"], true, "{args:?}");
        assert_eq!(ada.reads(args).trim(), "That is how it was already.", "{args:?}");
    }
    assert_eq!(ada.says(&["react", "#rockets", "2", "👍"])[0]["type"], "sent");
    let again = &ada.says(&["react", "#rockets", "2", "👍"])[0];
    assert_eq!((&again["type"], &again["unchanged"]), (&"done".into(), &true.into()));
    assert_eq!(
        ada.reads(&["group", "announce", "#rockets"]).trim(),
        "There was no announcement to take down."
    );
}

/// What a command prints, or the code of its refusal, without what changes with each call.
fn outcome(person: &Terminal<'_>, args: &[&str]) -> Value {
    let output = person.runs(args);
    let text = if output.status.success() { output.stdout } else { output.stderr };
    let mut lines: Vec<Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        for key in ["event_seq", "message_seq", "id", "at_ms", "unchanged", "version", "path", "message"] {
            line.as_object_mut().unwrap().remove(key);
        }
    }
    json!({"exit": output.status.code(), "lines": lines})
}

#[tokio::test]
async fn every_command_takes_the_same_forms_of_a_person() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let id = ada.says(&["profile", "@bob"])[0]["account"].to_string();
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["send", "@bob", "hello"]);
    let commands: &[&[&str]] = &[
        &["profile", "BOB"],
        &["friend", "add", "BOB"],
        &["friend", "withdraw", "BOB"],
        &["friend", "accept", "BOB"],
        &["friend", "refuse", "BOB"],
        &["friend", "let-in", "BOB"],
        &["friend", "turn-away", "BOB"],
        &["friend", "dismiss", "BOB"],
        &["friend", "remark", "BOB", "Bobby"],
        &["friend", "tag", "BOB", "work"],
        &["friend", "star", "BOB"],
        &["friend", "delete", "BOB"],
        &["friend", "block", "BOB"],
        &["friend", "unblock", "BOB"],
        &["moment", "post", "x", "--only", "BOB"],
        &["moment", "page", "BOB"],
        &["moment", "hide", "BOB"],
        &["moment", "unhide", "BOB"],
        &["avatar", "get", "BOB"],
        &["group", "invite", "#rockets", "BOB"],
        &["group", "set-role", "#rockets", "BOB", "administrator"],
        &["group", "mute", "#rockets", "BOB"],
        &["group", "unmute", "#rockets", "BOB"],
        &["group", "answer", "#rockets", "BOB", "accept"],
        &["group", "ban", "#rockets", "BOB"],
        &["group", "unban", "#rockets", "BOB"],
        &["group", "remove", "#rockets", "BOB"],
        &["group", "transfer", "#rockets", "BOB"],
    ];
    for command in commands {
        let mut first = None;
        for form in ["bob", "@BOB", "＠bob", &id] {
            let args: Vec<&str> =
                command.iter().map(|part| if *part == "BOB" { form } else { part }).collect();
            // Where the first takes something away, the others find nothing: they are compared with each other.
            let seen = outcome(&ada, &args);
            if seen["exit"] == 0
                && matches!(command[1], "withdraw" | "unblock" | "unhide" | "unmute" | "unban" | "remove")
            {
                continue;
            }
            let expected = first.get_or_insert_with(|| seen.clone());
            assert_eq!(&seen, expected, "{args:?}");
            assert!(seen["exit"] != 2 && seen["lines"][0]["code"] != "usage", "{args:?}: {seen}");
        }
        let args: Vec<&str> =
            command.iter().map(|part| if *part == "BOB" { "#rockets" } else { part }).collect();
        let (code, said) = ada.complains("en", &args);
        assert!(code == 2 && said.contains("#rockets is a group"), "{args:?}: {code} {said}");
    }
}

#[tokio::test]
async fn every_command_takes_the_same_forms_of_a_group() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let id = ada.says(&["group", "create", "Rockets", "@bob"])[0]["conversation"].to_string();
    ada.says(&["send", &id, "hello"]);
    let commands: &[&[&str]] = &[
        &["send", "GROUP", "hello"],
        &["history", "GROUP"],
        &["search", "hello", "--in", "GROUP"],
        &["read", "GROUP"],
        &["react", "GROUP", "2", "👍", "--remove"],
        &["edit", "GROUP", "2", "hello there"],
        &["recall", "GROUP", "77"],
        &["forward", "GROUP", "2", "@me"],
        &["forward", "@me", "1", "GROUP"],
        &["report", "GROUP"],
        &["group", "report", "GROUP"],
        &["group", "members", "GROUP"],
        &["group", "show", "GROUP"],
        &["group", "set", "GROUP", "--description", "We fly."],
        &["group", "permissions", "GROUP"],
        &["group", "slow", "GROUP", "0"],
        &["group", "announce", "GROUP", "launch"],
        &["group", "announcements", "GROUP"],
        &["group", "seen", "GROUP"],
        &["group", "nickname", "GROUP", "Ada"],
        &["group", "requests", "GROUP"],
        &["group", "link", "list", "GROUP"],
        &["group", "link", "drop", "GROUP", "7"],
        &["group", "banned", "GROUP"],
        &["group", "pin", "GROUP", "2"],
        &["group", "pins", "GROUP"],
        &["group", "unpin", "GROUP", "77"],
        &["group", "audit", "GROUP", "--limit", "1"],
        &["group", "invite", "GROUP", "@bob"],
        &["group", "withdraw", "GROUP"],
        &["group", "join", "GROUP"],
        &["file", "list", "GROUP"],
        &["avatar", "remove", "--group", "GROUP"],
        &["avatar", "get", "--group", "GROUP"],
        &["invitation", "accept", "GROUP"],
    ];
    for command in commands {
        let mut first = None;
        for form in ["#Rockets", "rockets", "＃Rockets", &id] {
            let args: Vec<&str> =
                command.iter().map(|part| if *part == "GROUP" { form } else { part }).collect();
            let mut seen = outcome(&ada, &args);
            // What was said grows with each call.
            if ["history", "search", "announcements", "audit", "read"].iter().any(|it| args.contains(it)) {
                seen["lines"] = seen["lines"].as_array().is_some_and(|lines| !lines.is_empty()).into();
            }
            let expected = first.get_or_insert_with(|| seen.clone());
            assert_eq!(&seen, expected, "{args:?}");
            assert!(seen["exit"] != 2 && seen["lines"][0]["code"] != "usage", "{args:?}: {seen}");
        }
    }
    let (code, said) = ada.complains("en", &["group", "members", "@bob"]);
    assert!(code == 2 && said.contains("@bob is a person"), "{said}");
    assert_eq!(ada.says(&["conversations"]).len(), 2, "none was made for a person by naming one as a group");
}

#[tokio::test]
async fn a_word_that_names_a_person_and_a_group_is_asked_about() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["send", "bob", "hello"]);
    assert_eq!(ada.says(&["history", "bob"])[0]["text"], "hello");
    let reported = &ada.says(&["report", "bob"])[0];
    assert_eq!((&reported["conversation"], reported), (&Value::Null, &ada.says(&["report", "@bob"])[0]));
    ada.says(&["group", "create", "bob"]);
    let (code, said) = ada.complains("en", &["send", "bob", "hello"]);
    assert!(code == 2 && said.contains("write @bob or '#bob'"), "{said}");
    ada.says(&["send", "#bob", "hello, group"]);
    ada.says(&["group", "leave", "#bob"]);
    ada.says(&["group", "create", "bob"]);
    assert!(
        ada.says(&["history", "#bob"]).iter().all(|line| line["text"] != "hello, group"),
        "the living one"
    );
}

#[tokio::test]
async fn reading_makes_no_conversation() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    assert!(ada.says(&["history", "@bob"]).is_empty());
    assert!(ada.says(&["search", "hello", "--in", "@bob"]).is_empty());
    assert!(ada.says(&["history", "@me"]).is_empty());
    for args in [
        &["read", "@bob"][..],
        &["recall", "@bob", "1"],
        &["react", "@bob", "1", "👍"],
        &["edit", "@bob", "1", "x"],
        &["forward", "@bob", "1", "@me"],
        &["report", "@bob", "--seq", "1"],
        &["translate", "--in", "@bob", "--seq", "1"],
        &["friend", "turn-away", "@bob"],
    ] {
        assert_eq!(ada.fails(args).1["code"], "not_found", "{args:?}");
    }
    for person in [&ada, &bob] {
        assert!(person.says(&["conversations"]).iter().all(|line| line["kind"] == "saved"));
    }
}
