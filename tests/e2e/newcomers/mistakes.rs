//! What is typed wrongly, or cannot be: it is said with what may be, and nothing is half done.

use std::os::unix::fs::PermissionsExt as _;

use super::{elsewhere, is_chinese, people};
use crate::{
    process::{Process, program},
    programs::Terminal,
};

#[tokio::test]
async fn a_number_that_may_not_be_is_told_with_those_that_may() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    for (args, english, chinese) in [
        (&["history", "@bob", "--limit", "0"][..], "write a whole number from 1 on", "须为不小于 1 的整数"),
        (&["search", "x", "--limit", "all"], "write a whole number from 1 on", "须为不小于 1 的整数"),
        (&["conversations", "--limit", "-1"], "write a whole number from 1 on", "须为不小于 1 的整数"),
        (
            &["group", "mute", "#rockets", "@bob", "--minutes", "0"],
            "write a whole number from 1 to 43200",
            "须为 1 至 43200 的整数",
        ),
        (&["--timeout", "0", "whoami"], "write a whole number from 1 to 86400", "须为 1 至 86400 的整数"),
        (&["recall", "@bob", "first"], "write a whole number", "须为整数"),
        (&["recall", "@bob", "-1"], "write a whole number", "须为整数"),
        (&["profile", "--sex", "x"], "use female, male, other or nothing", "请用 female、male、other 或留空"),
    ] {
        let (code, said) = ada.complains("en", args);
        assert!(code == 2 && said.contains(english) && !said.contains("digit"), "{args:?}: {code} {said}");
        let (code, said) = ada.complains("zh", args);
        assert!(code == 2 && said.contains(chinese), "{args:?}: {code} {said}");
        let (code, error) = ada.fails(args);
        let told = error["message"].as_str().unwrap();
        assert!(code == 2 && told.contains(english) && error["code"] == "usage", "{args:?}: {error}");
        assert!(!told.contains('\n') && !told.contains("error:") && !told.contains("--help"), "{told}");
    }
    let (_, error) = ada.fails(&["sned"]);
    assert_eq!(
        error["message"], "unrecognized subcommand 'sned'",
        "a sentence, and nothing that is proposed"
    );
    let (_, error) = ada.fails(&["--lang", "zh", "send", "@bob"]);
    assert_eq!(error["message"], "缺少参数：<TEXT>");
    // A text may begin with a sign.
    ada.says(&["send", "@bob", "-1"]);
    assert_eq!(ada.says(&["history", "@bob"])[0]["text"], "-1");
}

#[tokio::test]
async fn who_is_named_twice_is_brought_in_once() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let said = ada.reads(&["group", "create", "rockets", "@bob", "bob"]);
    assert_eq!(said.matches("@bob").count(), 1, "{said}");
    let invited = ada.says(&["group", "invite", "#rockets", "@bob", "@bob"]);
    assert!(invited[0]["joined"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn groups_of_one_name_are_told_apart() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let number = |args: &[&str]| ada.says(args)[0]["conversation"].to_string();
    let large = number(&["group", "create", "rockets", "@bob"]);
    let small = number(&["group", "create", "rockets"]);
    let (code, said) = ada.complains("en", &["history", "#rockets"]);
    let (two, one) = (format!("{large} (2 members, last message 20"), format!("{small} (1 member, last"));
    assert!(code == 2 && said.contains(&two) && said.contains(&one), "{said}");
    let (_, said) = ada.complains("zh", &["history", "#rockets"]);
    assert!(said.contains(&format!("{large}（2 名成员，")), "{said}");
}

#[tokio::test]
async fn a_profile_that_cannot_be_kept_is_told_by_its_place_and_an_empty_one_is_not_left() {
    let process = Process::start();
    people(&process, ["ada"]);
    let eve = Terminal { process: &process, profile: "eve" };
    for language in ["en", "zh"] {
        let mut command = eve.command(&["--lang", language, "login", "ada"]);
        command.env("LITROCKET_PASSWORD", "correct horse").env("XDG_DATA_HOME", "/proc");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let named = said.contains("/proc/litrocket/eve") && said.contains("XDG_DATA_HOME");
        assert!(output.status.code() == Some(2) && named && said.contains("(profile)"), "{said}");
    }
    let folder = process.path().join("xdg/litrocket/eve");
    let wrong = |data: &str| {
        let mut command = eve.command(&["login", "ada"]);
        command.env("LITROCKET_PASSWORD", "not the password");
        command.env("XDG_DATA_HOME", process.path().join(data)).output().unwrap()
    };
    let output = wrong("xdg");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("recover NAME"), "{said}");
    assert!(!folder.exists() && folder.parent().unwrap().exists(), "others are signed in beside it");
    wrong("nowhere/yet");
    assert!(!process.path().join("nowhere").exists());
    // Where somebody is signed in everything stays, and what stood there before does too.
    std::fs::create_dir_all(&folder).unwrap();
    wrong("xdg");
    assert!(folder.exists());
    eve.says(&["login", "ada"]);
    assert!(folder.join("session.json").exists());
    std::fs::write(folder.join("session.json"), "{\n  no\n").unwrap();
    let (code, said) = eve.complains("zh", &["whoami"]);
    assert!(code == 2 && said.contains("第 2 行第 3 列已损坏"), "{said}");
}

#[tokio::test]
async fn who_is_not_signed_in_hears_the_same_code_everywhere() {
    let process = Process::start();
    let eve = Terminal { process: &process, profile: "eve" };
    for language in ["en", "zh"] {
        let (code, said) = eve.complains(language, &["whoami"]);
        assert!(code == 2 && said.contains("(not_signed_in)") && said.contains("register"), "{said}");
        assert_eq!(said.matches("login").count(), 1, "it is said once what to do: {said}");
    }
    let (code, error) = eve.fails(&["whoami"]);
    assert_eq!((code, &error["code"]), (2, &"not_signed_in".into()));
}

#[tokio::test]
async fn a_refusal_says_what_can_be_done_about_it() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    for (args, english) in [
        (&["group", "leave", "#rockets"][..], "group transfer GROUP @name"),
        (&["translate", "hello", "--to", "zh"], "words.engine"),
        (&["email", "set", "ada@example.org"], "mail.server"),
    ] {
        let with_password = |language: &str| {
            let mut command = ada.command(&[&["--lang", language], args].concat());
            let output = command.env("LITROCKET_PASSWORD", "correct horse").output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
            String::from_utf8(output.stderr).unwrap()
        };
        let said = with_password("en");
        assert!(said.contains(english), "{args:?}: {said}");
        assert!(is_chinese(with_password("zh").lines().last().unwrap()), "{args:?}");
    }
    let mut command = program();
    let output = command.current_dir(process.path()).args(["admin", "usage", "--data", "elsewhere"]);
    let said = String::from_utf8(output.output().unwrap().stderr).unwrap();
    assert!(said.contains("elsewhere") && said.contains("--data"), "{said}");
    std::fs::write(process.path().join("broken.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    for file in ["missing.pem", "broken.pem"] {
        let path = process.path().join(file);
        let output = elsewhere(&process, &["--lang", "zh", "--ca", path.to_str().unwrap(), "whoami"]);
        let said = String::from_utf8(output.stderr).unwrap();
        let cause = said.split("不是 CA 文件：").nth(1).unwrap_or_default();
        assert!(is_chinese(cause.split(" (").next().unwrap_or_default()), "{said}");
    }
}

#[tokio::test]
async fn files_are_sent_when_all_of_them_are_there() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.file("here.txt", b"here");
    for args in [
        &["file", "send", "@bob", "here.txt", "missing.txt"][..],
        &["file", "send", "@bob", "here.txt", "certs"],
    ] {
        let (code, said) = ada.complains("en", args);
        assert!(code == 2 && said.contains(args[4]), "{said}");
    }
    assert!(ada.says(&["history", "@bob"]).is_empty(), "nothing was sent of it");
    let said = ada.reads(&["file", "send", "@bob", "here.txt", "--early"]);
    assert!(said.lines().last().unwrap().starts_with("all of it is there now: "), "{said}");
    assert_eq!(bob.says(&["history", "@ada"]).len(), 1);
}

#[tokio::test]
async fn what_is_written_for_oneself_only_oneself_reads() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    ada.says(&["word", "add", "moon", "月"]);
    ada.file("me.png", &crate::pictures::picture(1, 200, 200, image::ImageFormat::Png));
    ada.says(&["avatar", "set", "me.png"]);
    for (args, file) in
        [(&["word", "export", "words.csv"][..], "words.csv"), (&["avatar", "get"], "avatar.jpg")]
    {
        ada.says(args);
        let mode = process.path().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let said = ada.reads(&["word", "export", "again.csv"]);
    assert_eq!(said.trim(), "1 words written to again.csv");
    std::fs::write(process.path().join("bad.csv"), b"word,meaning\nmoon,\xff\xfe\n").unwrap();
    let (code, said) = ada.complains("zh", &["word", "import", "bad.csv"]);
    assert!(code == 2 && said.contains("bad.csv 第 2 行：不是 UTF-8"), "{said}");
    let exported = ada.says(&["account", "export"]);
    let account = exported.iter().find(|line| line["type"] == "account").unwrap();
    assert!(account["sex"].is_null() && account["birthday"].is_null(), "{account}");
}
