//! What is proposed to newcomers can be pasted, and what changed nothing says so.

use std::{process::Stdio, time::Duration};

use super::{is_chinese, people};
use crate::{
    process::{Process, program},
    programs::lines,
};

/// What a command says on standard output and standard error, with its exit code.
fn runs(process: &Process, args: &[&str]) -> (i32, String) {
    let output = program()
        .current_dir(process.path())
        .env("HOME", process.path())
        .env("XDG_DATA_HOME", process.path().join("xdg"))
        .env("LITROCKET_PASSWORD", "correct horse")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test]
async fn a_hint_can_be_pasted_as_it_is() {
    let process = Process::start();
    let server = format!("127.0.0.1:{}", process.port);
    let own = env!("CARGO_BIN_EXE_litrocket");
    let (code, said) = runs(&process, &["--server", &server, "--profile", "bob", "send", "@ada", "hello"]);
    let call = format!("{own} --server {server} --profile bob");
    assert!(code == 2 && said.contains(&format!("{call} login NAME")), "{said}");
    assert!(said.contains(&format!("{call} register NAME")), "{said}");
    // As it stands there it works.
    let hint = said.split("new here: ").nth(1).unwrap().split(" (not_signed_in)").next().unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(process.path()).env("HOME", process.path()).env("LITROCKET_PASSWORD", "correct horse");
    shell.env("XDG_DATA_HOME", process.path().join("xdg"));
    let output = shell.args(["-c", &hint.replace("NAME", "bob")]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let call = ["--server", &server, "--profile", "bob"];
    let with = |args: &[&str]| runs(&process, &[&call, args].concat());
    assert!(with(&["group", "create", "rockets"]).1.contains("#rockets"));
    assert!(with(&["group", "pins", "#rockets"]).0 == 0);
    let (_, said) = with(&["group", "unpin", "#rockets", "1"]);
    assert!(said.contains("group pins '#rockets'"), "{said}");
    let (code, said) = with(&["--lang", "zh", "login", "ada"]);
    assert!(code == 2 && said.starts_with("错误：") && is_chinese(&said), "{said}");
    let (code, said) = runs(&process, &["--server", &server, "--profile", "eve", "login", "nobody"]);
    assert!(code == 1 && said.contains("--profile eve register NAME"), "{said}");
    let (code, said) = runs(&process, &["--server", &server, "--profile", "eve", "register", "bob"]);
    assert!(code == 1 && said.contains("--profile eve login NAME"), "{said}");
    // A shell leaves out all behind an unquoted #.
    for language in ["en", "zh"] {
        let (code, said) = with(&["--lang", language, "send"]);
        assert!(code == 2 && said.contains('#') && said.contains('\''), "{said}");
    }
    assert!(!with(&["send", "@bob"]).1.contains('#'));
}

#[tokio::test]
async fn a_server_that_cannot_start_says_what_to_do_in_both_languages() {
    let process = Process::start();
    let listen = format!("127.0.0.1:{}", process.port);
    let (code, said) = runs(&process, &["serve", "--listen", &listen]);
    assert!(code == 1 && said.contains("another server uses it"), "{said}");
    let other = ["serve", "--listen", &listen, "--data", "other", "--certs", "other/certs"];
    let (code, said) = runs(&process, &other);
    assert!(code == 1 && said.contains("name another address with --listen"), "{said}");
    // Once at the terminal, and in the log files as well.
    assert_eq!(said.matches("name another address with --listen").count(), 1, "{said}");
    let logs = std::fs::read_dir(process.path().join("other/logs")).unwrap().flatten();
    let logged: String = logs.map(|log| std::fs::read_to_string(log.path()).unwrap()).collect();
    assert!(logged.contains("the server ends") && logged.contains("name another address"), "{logged}");
    for args in [&["serve", "--listen", &listen][..], &other] {
        let (code, said) = runs(&process, &[&["--lang", "zh"], args].concat());
        let last = said.lines().last().unwrap();
        assert!(code == 1 && last.starts_with("错误：") && is_chinese(last), "{said}");
    }
    let (code, said) = runs(&process, &["--lang", "zh", "admin", "accounts", "promote", "nobody"]);
    assert!(code == 1 && said.starts_with("错误：没有账号"), "{said}");
    let (code, said) =
        runs(&process, &["--lang", "zh", "--server", "127.0.0.1:1", "--timeout", "1", "login", "ada"]);
    assert!(code == 3 && said.contains("没有响应"), "{said}");
}

#[tokio::test]
async fn a_setting_that_is_none_is_told_with_the_nearest_alone() {
    let process = Process::new();
    let with = |args: &[&str]| {
        let mut command = program();
        command.current_dir(process.path()).env("LITROCKET_SEVER_LISTEN", "x").args(args);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let said = with(&["config"]);
    assert!(said.contains("the nearest: LITROCKET_SERVER_LISTEN,") && said.len() < 300, "{said}");
    assert!(said.contains("all settings: litrocket config"), "{said}");
    assert!(is_chinese(&with(&["--lang", "zh", "config"])));
    std::fs::write(process.path().join("litrocket.toml"), "[server]\nlisen = \"127.0.0.1:1\"\n").unwrap();
    let (code, said) = runs(&process, &["config"]);
    assert!(code == 2 && said.contains("the nearest: listen,") && !said.contains("expected"), "{said}");
}

#[tokio::test]
async fn who_starts_a_server_again_is_told_to_sign_in() {
    let mut process = Process::new();
    let greeting = |process: &Process| {
        let mut child = program()
            .current_dir(process.path())
            .args(["serve", "--listen", &format!("127.0.0.1:{}", process.port)])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut shown = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        while !shown.contains("send @me") && std::io::BufRead::read_line(&mut out, &mut shown).unwrap() > 0 {}
        child.kill().unwrap();
        child.wait().unwrap();
        shown
    };
    let first = greeting(&process);
    assert!(first.contains("register ada") && !first.contains("login"), "{first}");
    process.up();
    people(&process, ["ada"]);
    process.kill();
    let again = greeting(&process);
    assert!(again.contains("login NAME") && !again.contains("register ada"), "{again}");
}

#[tokio::test]
async fn what_is_done_twice_says_that_it_was_so() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["friend", "add", "@bob"]);
    ada.says(&["group", "create", "rockets"]);
    let moment = ada.says(&["moment", "post", "the sea"])[0]["id"].to_string();
    let comment = ada.says(&["moment", "comment", &moment, "blue"])[0]["comment"].to_string();
    for (person, args) in [
        (&bob, &["friend", "accept", "@ada"][..]),
        (&ada, &["moment", "delete", &moment, "--comment", &comment]),
        (&ada, &["moment", "delete", &moment]),
    ] {
        assert!(person.says(args)[0].get("unchanged").is_none(), "{args:?}");
        assert_eq!(person.says(args)[0]["unchanged"], true, "{args:?}");
        assert_eq!(person.reads(args).trim(), "That is how it was already.", "{args:?}");
    }
    for (args, said) in [
        (&["avatar", "remove"][..], "There was no face to take away."),
        (&["group", "announce", "#rockets"], "There was no announcement to take down."),
    ] {
        assert_eq!(ada.says(args)[0]["unchanged"], true, "{args:?}");
        assert_eq!(ada.reads(args).trim(), said);
    }
}

#[tokio::test]
async fn an_empty_list_says_whose_it_is() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let hears = |args: &[&str]| {
        let output = ada.command(args).output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(hears(&["friend", "list", "--tag", "work"]).contains("No friend has the tag work"));
    assert!(hears(&["moment", "page", "bob"]).contains("@bob has no moments"));
    assert!(hears(&["moment", "page"]).contains("Post one"));
    ada.says(&["moment", "hide", "@bob"]);
    assert!(hears(&["moment", "feed"]).contains("moment hidden"));
    let (code, said) = ada.complains("en", &["moment", "post"]);
    assert!(code == 2 && said.contains("--image"), "{said}");
}

#[tokio::test]
async fn blank_lines_are_counted_at_the_end() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    let output = ada.runs_with(&["send", "@me", "-"], "one\n\n  \ntwo\n");
    assert_eq!(lines(&output).len(), 2);
    let said: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&said["type"], &said["lines"]), (&"skipped".into(), &2.into()));
    assert!(ada.runs_with(&["send", "@me", "-"], "three\n").stderr.is_empty());
}

#[tokio::test]
async fn a_recording_that_is_interrupted_is_kept_and_not_sent() {
    use std::os::unix::fs::PermissionsExt as _;
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    let tools = process.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    ada.file("hello.wav", &crate::voice::wav(1));
    let recorder = format!(
        "#!/bin/sh\nfor last; do :; done\ncp {0}/hello.wav \"$last\"\ntouch {0}/records\nexec sleep 60\n",
        process.path().display()
    );
    std::fs::write(tools.join("parecord"), recorder).unwrap();
    std::fs::set_permissions(tools.join("parecord"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = ada.command(&["voice", "record", "@bob", "--seconds", "60"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", tools.display())).stdout(Stdio::piped());
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !process.path().join("records").exists() {
        assert!(std::time::Instant::now() < deadline, "nothing is recorded");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(130) && said.contains("voice send @bob"), "{said}");
    assert!(ada.says(&["history", "@bob"]).is_empty(), "nothing was sent");
    let path = said.trim().rsplit(' ').next().unwrap().to_owned();
    let told = ada.says(&["voice", "send", "@bob", &path]);
    let sent = told.last().unwrap();
    assert_eq!((&sent["type"], &sent["duration_ms"]), (&"sent".into(), &1000.into()));
}
