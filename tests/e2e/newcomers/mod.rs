//! What newcomers stumble over at the command line: what is said of what is not there, what happened while they were
//! away, in both languages.

mod away;
mod files;
mod hints;
mod listening;
mod mistakes;
mod naming;
mod refusals;
mod screens;
pub(crate) mod terminals;

use std::{
    path::PathBuf,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::{
    process::{Process, program},
    programs::{Terminal, lines},
};

fn people<'a, const N: usize>(process: &'a Process, names: [&'static str; N]) -> [Terminal<'a>; N] {
    names.map(|profile| {
        let person = Terminal { process, profile };
        person.says(&["register", profile]);
        person
    })
}

fn types(printed: &[Value]) -> Vec<&str> {
    printed.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

impl Terminal<'_> {
    /// What a person is told when a command fails, in a language; with its exit code.
    fn complains(&self, language: &str, args: &[&str]) -> (i32, String) {
        let output = self.command(&[&["--lang", language], args].concat()).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{args:?}: {output:?}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.process.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_in_both_languages() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["send", "@bob", "hello"]);
    ada.says(&["group", "create", "rockets"]);
    for (args, exit, english) in [
        (&["send", "@nobody", "x"][..], 1, "There is nobody called @nobody. (not_found)"),
        (&["friend", "add", "nobody"], 1, "There is nobody called @nobody."),
        (&["friend", "accept", "@bob"], 1, "There is no open request with @bob."),
        (&["friend", "remark", "@bob", "Bobby"], 1, "@bob is not among your friends."),
        (&["history", "99999"], 1, "There is no conversation 99999"),
        (&["history", "#comets"], 1, "You are in no group named #comets"),
        (&["history", "somebody"], 1, "\"somebody\" is nobody"),
        (&["edit", "@bob", "77", "x"], 1, "There is no message 77 in @bob"),
        (&["recall", "@bob", "77"], 1, "There is no message 77 in @bob"),
        (&["react", "@bob", "77", "👍"], 1, "There is no message 77 in @bob"),
        (&["send", "@bob", "x", "--reply", "77"], 1, "There is no message 77 in @bob"),
        (&["forward", "@bob", "77", "@me"], 1, "There is no message 77 in @bob"),
        (&["file", "get", "77"], 1, "There is no file 77"),
        (&["voice", "get", "77"], 1, "There is no file 77"),
        (
            &["file", "rename", "#rockets", "77", "x"],
            1,
            "There is no file or folder 77 among those of #rockets.",
        ),
        (
            &["file", "delete", "#rockets", "plan"],
            1,
            "There is no file or folder plan among those of #rockets.",
        ),
        (&["file", "send", "@bob", "no-such-file"], 2, "no-such-file: No such file"),
        (&["file", "list", "#rockets", "2026"], 1, "There is no folder 2026."),
        (&["moment", "like", "77"], 1, "There is no moment 77"),
        (&["devices", "--revoke", "77"], 1, "There is no device 77"),
        (&["avatar", "get", "@bob"], 1, "@bob has no face."),
        (&["group", "join", "77"], 1, "There is no group 77 to join"),
        (&["group", "transfer", "#rockets", "@bob"], 1, "@bob is not in #rockets"),
        (&["group", "permissions", "#rockets", "fly=owner"], 2, "\"fly=owner\" is no permission"),
        (&["word", "delete", "moon"], 1, "You have no word moon of your own"),
    ] {
        let (code, said) = ada.complains("en", args);
        assert!(code == exit && said.contains(english), "{args:?}: {code} {said}");
        let (code, said) = ada.complains("zh_CN.UTF-8", args);
        assert!(code == exit && is_chinese(&said) && said.starts_with("错误"), "{args:?}: {code} {said}");
    }
    let (code, error) = ada.fails(&["--lang", "zh", "send", "@nobody", "x"]);
    assert_eq!(
        (code, &error["code"], &error["message"]),
        (1, &"not_found".into(), &"没有名为 @nobody 的人。".into())
    );
}

#[tokio::test]
async fn an_empty_variable_counts_as_not_set_and_an_empty_flag_is_a_mistake() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    let with = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = program();
        command
            .current_dir(process.path())
            .env("HOME", process.path())
            .env("XDG_DATA_HOME", process.path().join("xdg"))
            .envs(variables.iter().copied())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let empty = ["SERVER", "CA", "LANG", "PASSWORD", "RECOVERY_CODE"].map(|name| format!("LITROCKET_{name}"));
    let mut variables: Vec<(&str, &str)> = empty.iter().map(|name| (&**name, "")).collect();
    variables.push(("LC_ALL", "zh_CN.UTF-8"));
    let output = with(&["--json", "--profile", "ada", "whoami"], &variables);
    assert_eq!(lines(&output)[0]["handle"], "ada", "the profile knows the server");
    // The language is that of the rest of the environment, and an empty password is none.
    let output = with(&["--profile", "eve", "login", "ada"], &variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("没有终端可询问密码"), "{said}");
    let output = with(&["--json", "--profile", "", "whoami"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be a profile"));
    // Without a name it is the profile without a name, in which nobody is signed in.
    let output = with(&["--json", "whoami"], &[("LITROCKET_PROFILE", "")]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("not_signed_in"));
    assert_eq!(ada.says(&["whoami"])[0]["handle"], "ada");
    // What a variable says need not be typed, whatever else is missing.
    let output = with(&["file", "get"], &[("LITROCKET_SERVER", "127.0.0.1:1"), ("LITROCKET_LANG", "en")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Usage: litrocket file get <FILE>") && !said.contains("--server"), "{said}");
    let output = with(&["file", "get", "--help"], &[("LITROCKET_SERVER", "127.0.0.1:1")]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("[env: LITROCKET_SERVER="));
    // So it is for the server's.
    let output = with(&["config"], &[("LITROCKET_CONFIG", ""), ("LITROCKET_SERVER_LISTEN", "")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(with(&["config", "--config", ""], &[]).status.code(), Some(2));
}

/// The program of a profile that has to know where its server is.
fn elsewhere(process: &Process, args: &[&str]) -> Output {
    program()
        .current_dir("/")
        .env("HOME", process.path())
        .env("XDG_DATA_HOME", process.path().join("xdg"))
        .env("LITROCKET_PASSWORD", "correct horse")
        .args(["--profile", "ada"])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test]
async fn who_signs_out_need_not_name_the_server_to_come_back() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    ada.says(&["send", "@me", "a note"]);
    ada.says(&["logout"]);
    let left: Vec<_> = std::fs::read_dir(process.path().join("xdg/litrocket/ada")).unwrap().collect();
    assert_eq!(left.len(), 1, "everything else is forgotten: {left:?}");
    let saved = std::fs::read_to_string(process.path().join("xdg/litrocket/ada/session.json")).unwrap();
    assert!(!saved.contains("\"ada\""), "{saved}");
    assert_eq!(lines(&elsewhere(&process, &["--json", "login", "ada"]))[0]["type"], "signed_in");
    // Nor who takes the end of the account back, which says how.
    let output = elsewhere(&process, &["account", "delete", "--confirm", "ada"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("litrocket --profile ada account restore ada"), "{said}");
    let refused = elsewhere(&process, &["login", "ada"]);
    assert!(
        String::from_utf8(refused.stderr).unwrap().contains("litrocket --profile ada account restore NAME")
    );
    assert_eq!(lines(&elsewhere(&process, &["--json", "account", "restore", "ada"]))[0]["type"], "restored");
    assert_eq!(ada.says(&["history", "@me"])[0]["text"], "a note");
}

#[tokio::test]
async fn a_new_password_can_come_from_the_environment_too() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    // With the old password alone nobody can be asked for the new one.
    let passwd = |new: Option<&str>| {
        let mut command = ada.command(&["passwd"]);
        command.env("LITROCKET_PASSWORD", "correct horse");
        command.envs(new.map(|new| ("LITROCKET_NEW_PASSWORD", new))).output().unwrap()
    };
    let refused = passwd(None);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("LITROCKET_NEW_PASSWORD"));
    assert!(passwd(Some("battery staple")).status.success());
    ada.says(&["logout"]);
    assert_eq!(ada.fails(&["login", "ada"]).1["code"], "wrong_credentials");
    lines(&ada.runs_with(&["login", "ada", "--password-stdin"], "battery staple\n"));
}

#[tokio::test]
async fn a_reader_that_has_heard_enough_ends_a_command_quietly() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    ada.says(&["word", "add", "moon", "月"]);
    ada.says(&["send", "@me", "a note"]);
    for args in [&["account", "export"][..], &["word", "export"], &["conversations"], &["protocol"]] {
        let mut child = ada.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{args:?}: {:?} {said}", ended.status);
    }
}

#[tokio::test]
async fn who_was_signed_out_from_elsewhere_signs_in_again_as_they_are_told() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    let phone = Terminal { process: &process, profile: "phone" };
    phone.says(&["login", "ada"]);
    assert_eq!(ada.fails(&["login", "ada"]).1["code"], "usage", "who is signed in is told so");
    let devices = ada.says(&["devices"]);
    let own = devices.iter().find(|device| device["current"] == true).unwrap()["session"].to_string();
    phone.says(&["devices", "--revoke", &own]);
    assert_eq!(ada.fails(&["whoami"]).1["code"], "bad_token");
    assert_eq!(ada.says(&["login", "ada"])[0]["type"], "signed_in");
    ada.says(&["whoami"]);
}

#[tokio::test]
async fn lines_that_cannot_be_sent_come_back() {
    let mut process = Process::start();
    people(&process, ["ada"]);
    process.kill();
    let ada = Terminal { process: &process, profile: "ada" };
    let output = ada.runs_with(&["--timeout", "1", "send", "@me", "-"], "one\n\ntwo\r\n");
    assert_eq!(output.status.code(), Some(3));
    let printed: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(types(&printed), ["unsent", "unsent"]);
    assert_eq!((&printed[0]["text"], &printed[1]["text"]), (&"one".into(), &"two".into()));
}
