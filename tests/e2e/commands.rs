//! Devices, passwords, groups and completions from the command line.

use std::process::Command;

use serde_json::Value;

use crate::{
    process::{Process, program},
    programs::{Terminal, lines},
};

const NEW_PASSWORD: &str = "another horse";

fn types(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn devices_are_listed_and_signed_out_from_afar() {
    let process = Process::start();
    let [ada, phone] = ["ada", "phone"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada", "--label", "laptop"]);
    phone.says(&["login", "ada", "--label", "phone"]);
    let devices = ada.says(&["devices"]);
    let labels: Vec<_> =
        devices.iter().map(|one| (one["label"].as_str().unwrap(), &one["current"])).collect();
    assert_eq!(labels, [("phone", &false.into()), ("laptop", &true.into())], "newest first");
    assert_eq!(ada.fails(&["devices", "--revoke", "999"]).1["code"], "not_found");
    let session = devices[0]["session"].to_string();
    assert_eq!(ada.says(&["devices", "--revoke", &session])[0]["type"], "revoked");
    let (code, error) = phone.fails(&["whoami"]);
    assert_eq!((code, &error["class"]), (1, &"sign_in".into()));
    assert_eq!(ada.says(&["devices"]).len(), 1);
}

#[tokio::test]
async fn a_new_password_ends_the_other_devices_when_asked_to() {
    let process = Process::start();
    let [ada, phone] = ["ada", "phone"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    phone.says(&["login", "ada"]);
    let wrong = ada.fails_with(&["passwd", "--password-stdin"], "a wrong one\nnew password\n");
    assert_eq!((wrong.0, &wrong.1["code"]), (1, &"wrong_credentials".into()));
    let short = ada.fails_with(&["passwd", "--password-stdin"], "correct horse\nshort\n");
    assert_eq!((short.0, &short.1["code"]), (1, &"bad_password".into()));
    let both = format!("correct horse\n{NEW_PASSWORD}\n");
    let changed = lines(&ada.runs_with(&["passwd", "--end-others", "--password-stdin"], &both));
    assert_eq!(types(&changed), ["password_changed"]);
    assert_eq!(ada.says(&["whoami"])[0]["handle"], "ada", "this device goes on");
    assert_eq!(phone.fails(&["whoami"]).1["class"], "sign_in");
    phone.says(&["logout"]);
    assert_eq!(phone.fails(&["login", "ada"]).1["code"], "wrong_credentials", "the old one is no good");
    let back = lines(&phone.runs_with(&["login", "ada", "--password-stdin"], &format!("{NEW_PASSWORD}\n")));
    assert_eq!(types(&back), ["signed_in"]);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_forgets_the_profile() {
    let process = Process::start();
    let [ada, phone] = ["ada", "phone"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    phone.says(&["login", "ada"]);
    assert_eq!(types(&phone.says(&["logout"])), ["signed_out"]);
    assert_eq!(ada.says(&["devices"]).len(), 1);
    let (code, error) = phone.fails(&["whoami"]);
    assert_eq!((code, &error["code"]), (2, &"not_signed_in".into()));
    assert_eq!(phone.fails(&["logout"]).0, 2, "there is nobody to sign out");
}

#[tokio::test]
async fn a_group_is_renamed_and_left_from_the_command_line() {
    let process = Process::start();
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|profile| Terminal { process: &process, profile });
    for (terminal, name) in [(&ada, "ada"), (&bob, "bob"), (&eve, "eve")] {
        terminal.says(&["register", name]);
    }
    let group = ada.says(&["group", "create", "rockets", "@bob", "@eve"])[0]["conversation"].to_string();
    let handles = |terminal: &Terminal<'_>| -> Vec<String> {
        let members = terminal.says(&["group", "members", &group]);
        let mut handles: Vec<_> =
            members.iter().map(|one| one["handle"].as_str().unwrap().to_owned()).collect();
        handles.sort();
        handles
    };
    assert_eq!(handles(&bob), ["ada", "bob", "eve"]);
    assert_eq!(ada.says(&["group", "rename", "#rockets", "comets"])[0]["type"], "done");
    assert_eq!(bob.says(&["group", "list"])[0]["name"], "#comets");
    assert_eq!(bob.fails(&["group", "rename", "#comets", "mine"]).1["code"], "forbidden");
    assert_eq!(ada.fails(&["group", "rename", "#comets", ""]).0, 1);
    assert_eq!(bob.fails(&["group", "remove", "#comets", "@eve"]).1["code"], "forbidden");
    ada.says(&["group", "remove", "#comets", "@eve"]);
    assert_eq!(
        ada.fails(&["group", "remove", "#comets", "@eve"]).1["code"],
        "not_found",
        "they are out already"
    );
    assert_eq!(eve.fails(&["send", &group, "let me in"]).1["code"], "not_a_member");
    assert_eq!(ada.fails(&["group", "leave", "#comets"]).1["code"], "owner_stays");
    bob.says(&["group", "leave", "#comets"]);
    assert_eq!(handles(&ada), ["ada"]);
    let told = ada.says(&["history", &group]);
    for kind in ["renamed", "removed", "left"] {
        assert!(types(&told).contains(&kind), "{kind}: {told:?}");
    }
    assert_eq!(types(&told).iter().filter(|kind| **kind == "removed").count(), 1, "and are removed once");
    ada.says(&["group", "leave", "#comets"]);
    assert!(ada.says(&["group", "list"]).is_empty());
}

fn completions(shell: &str) -> String {
    let output = program().args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = completions(shell);
        assert!(script.contains("litrocket") && script.contains("conversations"), "{shell}: {script}");
    }
    let unknown = program().args(["completions", "tsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn bash_completes_commands_and_their_subcommands() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("litrocket.bash");
    std::fs::write(&script, completions("bash")).unwrap();
    let completed = |words: &[&str]| -> Vec<String> {
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let ask = format!(
            "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _litrocket litrocket '{last}' '{before}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.join(" "),
            words.len() - 1
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    assert_eq!(completed(&["litrocket", "conv"]), ["conversations"]);
    assert_eq!(completed(&["litrocket", "group", "rena"]), ["rename"]);
    assert!(completed(&["litrocket", "nothing"]).concat().is_empty());
}
