//! What happened while one was away, and how it is told.

use litrocket_client::Error;
use litrocket_protocol::{AccountId, limits};
use serde_json::Value;

use super::{people, types};
use crate::{
    process::{Process, program},
    programs::{Terminal, lines},
    world::World,
};

fn operators_announce(process: &Process, text: &str) {
    let output =
        program().current_dir(process.path()).args(["--json", "admin", "announce", text]).output().unwrap();
    lines(&output);
}

#[tokio::test]
async fn who_makes_a_group_learns_who_is_asked_first() {
    let process = Process::start();
    let [ada, bob, eve] = people(&process, ["ada", "bob", "eve"]);
    let id = |person: &Terminal<'_>| person.says(&["whoami"])[0]["account"].clone();
    bob.says(&["privacy", "--groups", "friends"]);
    let made = ada.says(&["group", "create", "rockets", "@bob", "@eve"]);
    assert_eq!(types(&made), ["conversation", "invited"]);
    assert_eq!((&made[1]["joined"][0], &made[1]["invited"][0]), (&id(&eve), &id(&bob)));
    let said = ada.reads(&["group", "create", "comets", "@bob", "@eve"]);
    assert!(said.contains("brought in @eve; asked first: @bob"), "{said}");
    let said = ada.reads(&["--lang", "zh", "group", "invite", "#comets", "@bob"]);
    assert!(said.contains("需先同意： @bob") && !said.contains("@eve"), "{said}");
    // Nobody else is spoken of where everybody came in.
    assert_eq!(types(&ada.says(&["group", "create", "stars", "@eve"])), ["conversation"]);
    assert!(ada.reads(&["group", "invite", "#stars", "@eve"]).contains("Everybody was in already."));
}

#[tokio::test]
async fn announcements_made_while_away_are_told_once_on_every_device() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    operators_announce(&process, "the server moves tonight");
    let hears = |person: &Terminal<'_>| person.says(&["listen", "--idle", "1"]);
    let heard = hears(&bob);
    assert_eq!(
        (types(&heard), &heard[0]["text"]),
        (vec!["announcement"], &"the server moves tonight".into())
    );
    assert!(hears(&bob).is_empty(), "once");
    for text in ["it moves", "it has moved"] {
        operators_announce(&process, text);
    }
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["group", "announce", "#rockets", "launch on Friday"]);
    let heard = hears(&bob);
    let operators: Vec<&Value> = heard.iter().filter(|line| line["type"] == "announcement").collect();
    assert_eq!((&operators[0]["text"], &operators[1]["text"]), (&"it moves".into(), &"it has moved".into()));
    assert!(heard.iter().any(|line| line["type"] == "announced" && line["text"] == "launch on Friday"));
    assert!(hears(&bob).is_empty());
    // Another device of his hears when it signs in what stands, and what waits for an answer.
    ada.says(&["friend", "add", "@bob", "-m", "it is me"]);
    let phone = Terminal { process: &process, profile: "phone" };
    let told = phone.says(&["login", "bob", "--label", "phone"]);
    assert_eq!(types(&told), ["signed_in", "announcement", "friend_request", "group_announcement"]);
    assert_eq!((&told[1]["text"], &told[2]["handle"]), (&"it has moved".into(), &"ada".into()));
    assert_eq!((&told[3]["text"], &told[3]["from"]), (&"launch on Friday".into(), &"ada".into()));
    assert!(hears(&phone).is_empty(), "it was told already");
    // And his first one hears of the second.
    let heard = hears(&bob);
    assert_eq!(types(&heard), ["friend_request", "device_added"]);
    assert_eq!(heard[1]["label"], "phone");
    assert!(hears(&bob).is_empty());
}

#[tokio::test]
async fn who_looks_after_a_group_hears_that_requests_wait() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    let group = ada.says(&["group", "create", "rockets"])[0]["conversation"].to_string();
    ada.says(&["group", "set", "#rockets", "--discoverable", "true", "--joining", "request"]);
    ada.says(&["listen", "--idle", "1"]);
    bob.says(&["group", "join", &group]);
    let heard = ada.says(&["listen", "--idle", "1"]);
    assert_eq!((types(&heard), &heard[0]["count"]), (vec!["join_requests"], &1.into()));
    ada.says(&["group", "answer", "#rockets", "@bob", "accept"]);
    assert!(!types(&ada.says(&["listen", "--idle", "1"])).contains(&"join_requests"));
}

#[tokio::test]
async fn what_was_edited_while_one_was_away_says_where_the_words_are() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["send", "@bob", "helo"]);
    ada.says(&["edit", "@bob", "1", "hallo"]);
    ada.says(&["edit", "@bob", "1", "hello"]);
    let read = bob.reads(&["listen", "--idle", "1"]);
    let said: Vec<&str> = read.lines().map(|line| line.split_once("@ada: ").unwrap().1).collect();
    let program = env!("CARGO_BIN_EXE_litrocket");
    let flags = format!("--server 127.0.0.1:{} --ca certs/ca.pem --profile bob", process.port);
    let with = |text: &str| {
        format!(
            "{text}  (a stranger: {program} {flags} friend let-in @ada, or {program} {flags} friend turn-away @ada)"
        )
    };
    let expected = [with("(changed, see 3)"), with("edited 1, and again in 3"), with("edited 1: hello")];
    assert_eq!(said, expected);
    assert!(bob.reads(&["history", "@ada"]).contains("@ada: hello (edited)"));
}

#[tokio::test]
async fn what_a_group_is_set_to_is_told_in_words() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["group", "set", "#rockets", "--description", "to the moon", "--joining", "open"]);
    ada.says(&["group", "permissions", "#rockets", "write=administrator"]);
    ada.says(&["group", "slow", "#rockets", "30"]);
    let read = bob.reads(&["listen", "--idle", "1"]);
    for part in ["about: to the moon; Everybody may join", "may write: administrator", "30 s between"] {
        assert!(read.contains(part) && !read.contains('{'), "{part}: {read}");
    }
    let read = bob.reads(&["--lang", "zh", "history", "#rockets"]);
    for part in ["简介：to the moon；任何人都可以加入", "发言：管理员", "成员发言间隔 30 秒"]
    {
        assert!(read.contains(part) && !read.contains('{'), "{part}: {read}");
    }
}

#[tokio::test]
async fn more_than_may_be_watched_is_refused_before_it_is_sent() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let many = |count: usize| (1..=count as u64).map(AccountId).collect::<Vec<_>>();
    ada.client.watch(many(limits::PRESENCE_SUBSCRIPTIONS_MAX)).unwrap();
    match ada.client.watch(many(limits::PRESENCE_SUBSCRIPTIONS_MAX + 1)) {
        Err(Error::Fault(fault)) => {
            assert_eq!(
                (&*fault.code, fault.limit),
                ("too_many", Some(limits::PRESENCE_SUBSCRIPTIONS_MAX as u64))
            );
        }
        other => panic!("{other:?}"),
    }
}
