//! What `listen` and signing in say: by name, and also of the connection.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::Value;

use super::people;
use crate::{process::Process, programs::Terminal};

fn ada(process: &Process) -> Terminal<'_> {
    Terminal { process, profile: "ada" }
}

#[tokio::test]
async fn who_listens_hears_that_the_connection_is_lost_and_that_it_is_back() {
    let mut process = Process::start();
    people(&process, ["ada"]);
    for (flags, lost, back) in [
        (&["--lang", "en"][..], "Connection lost, trying again.", "Connected again."),
        (&["--lang", "zh"], "连接已断开，正在重连。", "已重新连接。"),
        (&["--json"], "lost", "back"),
    ] {
        let mut command = ada(&process).command(&[flags, &["listen", "--count", "2"]].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut heard = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut says = |wanted: &str| {
            let line = told.next().unwrap().unwrap();
            if flags == ["--json"] {
                let object: Value = serde_json::from_str(&line).unwrap();
                assert_eq!((&object["type"], &object["state"]), (&"connection".into(), &wanted.into()));
            } else {
                assert_eq!(line, wanted);
            }
        };
        ada(&process).says(&["send", "@me", "before"]);
        assert!(heard.next().unwrap().unwrap().contains("before"));
        process.terminate();
        says(lost);
        process.up();
        says(back);
        ada(&process).says(&["send", "@me", "behind"]);
        assert!(heard.next().unwrap().unwrap().contains("behind"));
        assert!(child.wait().unwrap().success());
        assert!(told.next().is_none(), "each is said once");
    }
}

#[tokio::test]
async fn groups_are_told_by_name_where_one_signs_in_and_where_one_listens() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets"]);
    ada.says(&["group", "set", "#rockets", "--discoverable", "true", "--joining", "request"]);
    ada.says(&["group", "announce", "#rockets", "launch on Friday"]);
    ada.says(&["listen", "--idle", "1"]);
    bob.says(&["group", "join", "#rockets"]);
    let heard = ada.reads(&["listen", "--idle", "1"]);
    assert!(heard.contains("#rockets: 1 request to join waits"), "{heard}");
    let phone = Terminal { process: &process, profile: "phone" };
    let mut command = phone.command(&["login", "ada"]);
    let output = command.env("LITROCKET_PASSWORD", "correct horse").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("[#rockets]") && told.contains("launch on Friday"), "{told}");
    let listed = ada.reads(&["group", "announcements", "#rockets"]);
    assert!(listed.contains("[#rockets]"), "{listed}");
    let shown = ada.reads(&["--lang", "zh", "group", "show", "#rockets"]);
    assert!(shown.contains("1 名成员（群主）") && shown.contains("权限：发言=成员"), "{shown}");
}

#[tokio::test]
async fn an_invitation_or_a_request_that_is_over_says_whose_it_was() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    bob.says(&["privacy", "--groups", "nobody"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["friend", "add", "@bob"]);
    bob.says(&["listen", "--idle", "1"]);
    bob.says(&["invitation", "accept", "#rockets"]);
    bob.says(&["friend", "refuse", "@ada"]);
    let heard = bob.reads(&["listen", "--idle", "1"]);
    assert!(heard.contains("The invitation into #rockets is over"), "{heard}");
    assert!(heard.contains("The friend request between you and @ada is over"), "{heard}");
}

#[tokio::test]
async fn a_message_that_was_edited_and_then_recalled_is_told_as_that() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["send", "@bob", "helo"]);
    ada.says(&["edit", "@bob", "1", "hello"]);
    ada.says(&["recall", "@bob", "1"]);
    bob.says(&["friend", "let-in", "@ada"]);
    let heard = bob.reads(&["listen", "--idle", "1"]);
    let said: Vec<&str> = heard.lines().filter_map(|line| Some(line.split_once("@ada: ")?.1)).collect();
    assert_eq!(said, ["(recalled)", "edited 1, which was recalled since", "recalled 1"]);
}

#[tokio::test]
async fn columns_begin_below_each_other_also_behind_chinese_names() {
    let process = Process::start();
    let [ada, bob, eve] = people(&process, ["ada", "bob", "eve"]);
    bob.says(&["profile", "--display-name", "小明"]);
    eve.says(&["profile", "--display-name", "Eve of the launch pad"]);
    ada.says(&["group", "create", "rockets", "@bob", "@eve"]);
    // Where the last column begins, as a terminal counts.
    let begins = |line: &str| -> usize {
        let before = line.strip_suffix("member").or(line.strip_suffix("owner")).unwrap();
        before.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
    };
    let listed = ada.reads(&["group", "members", "#rockets"]);
    let columns: Vec<usize> = listed.lines().map(begins).collect();
    assert!(columns.len() == 3 && columns.iter().all(|column| *column == columns[0]), "{listed}");
}
