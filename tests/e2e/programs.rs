//! The program as people type it, and a client in another language.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
    process::{Child, Output, Stdio},
};

use serde_json::Value;

use crate::process::{Process, program};

/// Somebody at a terminal, with a profile of their own.
pub(crate) struct Terminal<'a> {
    pub(crate) process: &'a Process,
    pub(crate) profile: &'a str,
}

impl Terminal<'_> {
    pub(crate) fn runs(&self, args: &[&str]) -> Output {
        self.runs_with(args, "")
    }

    pub(crate) fn runs_with(&self, args: &[&str], input: &str) -> Output {
        let mut child = self.begins(args);
        // A program that is done reads no further.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    pub(crate) fn begins(&self, args: &[&str]) -> Child {
        let server = format!("127.0.0.1:{}", self.process.port);
        program()
            .current_dir(self.process.path())
            .env("HOME", self.process.path())
            .env("XDG_DATA_HOME", self.process.path().join("xdg"))
            .env("LITROCKET_PASSWORD", "correct horse")
            .args(["--server", &server, "--ca", "certs/ca.pem", "--profile", self.profile, "--json"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The objects printed by a command that works.
    pub(crate) fn says(&self, args: &[&str]) -> Vec<Value> {
        lines(&self.runs(args))
    }

    /// Exit code and error object of a command that fails.
    pub(crate) fn fails(&self, args: &[&str]) -> (i32, Value) {
        self.fails_with(args, "")
    }

    pub(crate) fn fails_with(&self, args: &[&str], input: &str) -> (i32, Value) {
        let output = self.runs_with(args, input);
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        let error = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), serde_json::from_str(error.lines().last().unwrap()).unwrap())
    }
}

pub(crate) fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn two_profiles_chat_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    assert_eq!(ada.says(&["register", "ada"])[0]["type"], "registered");
    bob.says(&["register", "bob"]);
    let sent = &ada.says(&["send", "@bob", "hello"])[0];
    let keys: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["type", "conversation", "event_seq", "message_seq", "id", "at_ms"]);
    let heard = bob.says(&["listen", "--count", "1", "--idle", "10"]);
    let keys: Vec<&str> = heard[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "type",
        "conversation",
        "event_seq",
        "message_seq",
        "id",
        "from",
        "from_id",
        "at_ms",
        "text",
        "request",
    ];
    assert_eq!(keys, expected);
    assert_eq!(bob.says(&["conversations"])[0]["request"], true, "a stranger wrote");
    assert_eq!((&heard[0]["text"], &heard[0]["id"]), (&"hello".into(), &sent["id"]));
    assert!(bob.says(&["listen", "--idle", "1"]).is_empty(), "what was printed is not printed again");
    let answers = lines(&bob.runs_with(&["send", "@ada", "-"], "one\ntwo\n\nthree\n"));
    let seqs: Vec<u64> = answers.iter().map(|answer| answer["event_seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [2, 3, 4]);
    let history = ada.says(&["history", "@bob", "--limit", "2"]);
    let texts: Vec<&str> = history.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["two", "three"]);
    assert_eq!(ada.says(&["conversations"])[0]["unread"], 3);
    assert_eq!(ada.says(&["read", "@bob"])[0]["unread"], 0);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["send", "#rockets", "ignition"]);
    assert_eq!(bob.says(&["group", "members", "#rockets"]).len(), 2);
    assert_eq!(bob.says(&["search", "ignition"])[0]["text"], "ignition");
    ada.says(&["edit", "@bob", "1", "hello there"]);
    ada.says(&["react", "@bob", "2", "👍"]);
    let history = bob.says(&["history", "@ada", "--limit", "1", "--before", "2"]);
    assert_eq!(history[0]["text"], "hello there");
}

#[tokio::test]
async fn lines_of_standard_input_are_acked_as_they_are_stored() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada"]);
    let mut child = ada.begins(&["send", "@me", "-"]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut sends = |words: &[u8]| {
        input.write_all(words).unwrap();
        // Nothing else is written before the answer is read.
        serde_json::from_str::<Value>(&output.next().unwrap().unwrap()).unwrap()
    };
    assert_eq!(sends(b"one\n")["event_seq"], 1);
    assert_eq!(sends(b"two\r\n")["event_seq"], 2);
    // What comes before a line that is no text stands, and the line is named.
    assert_eq!(sends(b"three\n\xff\xfe\nfour\n")["event_seq"], 3);
    drop(input);
    let ended = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(2) && error.contains("Line 4"), "{ended:?}");
    let said = ada.says(&["history", "@me"]);
    assert_eq!(
        said.iter().map(|message| message["text"].clone()).collect::<Vec<_>>(),
        ["one", "two", "three"]
    );
}

#[tokio::test]
async fn what_was_not_sent_keeps_its_id_and_is_sent_once() {
    let mut process = Process::start();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let register = |process: &Process| Terminal { process, profile: "ada" }.says(&["register", "ada"]);
    register(&process);
    process.kill();
    let ada = Terminal { process: &process, profile: "ada" };
    let failed = ada.runs(&["--timeout", "1", "send", "@me", "later", "--id", id]);
    assert_eq!(failed.status.code(), Some(3));
    let unsent: Value = serde_json::from_slice(failed.stdout.trim_ascii()).unwrap();
    assert_eq!(
        (&unsent["type"], &unsent["id"], &unsent["text"]),
        (&"unsent".into(), &id.into(), &"later".into())
    );
    process.up();
    let ada = Terminal { process: &process, profile: "ada" };
    let first = ada.says(&["send", "@me", "later", "--id", id]);
    assert_eq!(ada.says(&["send", "@me", "later", "--id", id]), first);
    assert_eq!(ada.fails(&["send", "@me", "other words", "--id", id]).1["code"], "id_conflict");
    assert_eq!(ada.says(&["history", "@me"]).len(), 1);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_by_name() {
    let refused = |args: &[&str], variable: (&str, &std::ffi::OsStr)| {
        let output = program().args(args).env(variable.0, variable.1).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let no_text = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    for (args, variable, named) in [
        (&["config", "--name", "not a host"][..], ("X", no_text), "server.names"),
        (&["config", "--log", "loud=="], ("X", no_text), "logs.level"),
        (&["config"], ("LITROCKET_SERVER_LISTEN", no_text), "server.listen"),
    ] {
        let (code, error) = refused(args, variable);
        assert!(code == Some(2) && error.contains(named), "{args:?}: {code:?} {error}");
        let (code, error) = refused(&[args, &["--json"]].concat(), variable);
        let object: Value = serde_json::from_str(error.trim()).unwrap();
        assert_eq!((code, &object["type"], &object["class"]), (Some(2), &"error".into(), &"fix".into()));
    }
    let (code, error) = refused(&["sned", "--json"], ("X", no_text));
    let object: Value = serde_json::from_str(error.trim()).unwrap();
    assert_eq!((code, &object["code"]), (Some(2), &"usage".into()), "{error}");
    assert_eq!(refused(&["config"], ("X", no_text)).0, Some(0));
}

#[tokio::test]
async fn people_make_friends_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    assert_eq!(ada.says(&["friend", "add", "@bob", "-m", "it is me"])[0]["state"], "asked");
    let requests = bob.says(&["friend", "requests"]);
    assert_eq!((&requests[0]["handle"], &requests[0]["message"]), (&"ada".into(), &"it is me".into()));
    assert_eq!(ada.says(&["friend", "requests", "--sent"])[0]["handle"], "bob");
    bob.says(&["friend", "refuse", "@ada"]);
    assert_eq!(ada.fails(&["friend", "add", "@bob"]).1["code"], "not_accepting");
    bob.says(&["friend", "add", "@ada"]);
    ada.says(&["friend", "accept", "@bob"]);
    ada.says(&["friend", "remark", "@bob", "Bobby"]);
    ada.says(&["friend", "star", "@bob"]);
    let friend = &ada.says(&["friend", "tag", "@bob", "work"])[0];
    assert_eq!(ada.says(&["friend", "list", "--tag", "work"])[0], *friend);
    let keys: Vec<&str> = friend.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["type", "account", "handle", "display_name", "remark", "tags", "starred", "since_ms"]);
    assert_eq!((&friend["remark"], &friend["starred"]), (&"Bobby".into(), &true.into()));
    ada.says(&["friend", "delete", "@bob"]);
    assert!(bob.says(&["friend", "list"]).is_empty());
    ada.says(&["friend", "add", "@bob"]);
    ada.says(&["friend", "withdraw", "@bob"]);
    assert!(bob.says(&["friend", "requests"]).is_empty());
    ada.says(&["friend", "block", "@bob"]);
    assert_eq!(ada.says(&["friend", "blocked"])[0]["handle"], "bob");
    ada.says(&["friend", "unblock", "@bob"]);
    assert!(ada.says(&["friend", "blocked"]).is_empty());
}

#[tokio::test]
async fn people_show_moments_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    ada.says(&["friend", "add", "@bob"]);
    bob.says(&["friend", "accept", "@ada"]);
    let posted = ada.says(&["moment", "post", "lift-off"]);
    assert_eq!((&posted[0]["visibility"], &posted[0]["from"]), (&"friends".into(), &"ada".into()));
    let id = posted[0]["id"].to_string();
    assert_eq!(bob.says(&["moment", "new"])[0]["new"], true);
    assert_eq!(bob.says(&["moment", "feed"])[0]["text"], "lift-off");
    assert_eq!(bob.says(&["moment", "new"])[0]["new"], false);
    bob.says(&["moment", "like", &id]);
    let comment = bob.says(&["moment", "comment", &id, "well done"])[0]["comment"].to_string();
    let answer = ada.says(&["moment", "comment", &id, "thanks", "--reply", &comment]);
    assert_eq!(answer[0]["reply_to_from"], "bob");
    let shown = &ada.says(&["moment", "show", &id])[0];
    assert_eq!((&shown["likes"][0], &shown["comments"][1]["text"]), (&"bob".into(), &"thanks".into()));
    bob.says(&["moment", "unlike", &id]);
    bob.says(&["moment", "delete", &id, "--comment", &comment]);
    let shown = &bob.says(&["moment", "page", "@ada"])[0];
    assert_eq!((&shown["like_count"], &shown["comment_count"]), (&0.into(), &1.into()));
    bob.says(&["moment", "hide", "@ada"]);
    assert_eq!(bob.says(&["moment", "hidden"])[0]["handle"], "ada");
    assert!(bob.says(&["moment", "feed"]).is_empty());
    bob.says(&["moment", "unhide", "@ada"]);
    assert_eq!(ada.says(&["moment", "visibility", &id, "--except", "@bob"])[0]["people"][0], "bob");
    assert_eq!(bob.fails(&["moment", "show", &id]).1["code"], "not_found");
    ada.says(&["moment", "delete", &id]);
    assert_eq!(ada.fails(&["moment", "delete", "99"]).1["code"], "not_found");
    assert!(ada.says(&["moment", "page"]).is_empty());
}

#[tokio::test]
async fn exit_codes_and_errors_say_what_happened() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    let (exit, error) = ada.fails(&["whoami"]);
    assert_eq!(
        (exit, error["code"].as_str(), error["class"].as_str()),
        (2, Some("not_signed_in"), Some("sign_in"))
    );
    ada.says(&["register", "ada"]);
    let (exit, error) = ada.fails(&["send", "@nobody", "x"]);
    assert_eq!((exit, error["type"].as_str(), error["code"].as_str()), (1, Some("error"), Some("not_found")));
    let (exit, error) = ada.fails(&["send", "nobody", "x"]);
    assert_eq!((exit, error["code"].as_str()), (1, Some("not_found")));
    assert_eq!(ada.fails(&["recall", "@me", "7"]).1["code"], "not_found", "nothing was ever said there");
    ada.says(&["send", "@me", "a note"]);
    assert_eq!(ada.fails(&["recall", "@me", "7"]).1["code"], "bad_target");
    assert_eq!(ada.fails(&["send", "@nobody"]).0, 2);
    let away = program()
        .env("HOME", process.path())
        .env("XDG_DATA_HOME", process.path().join("xdg"))
        .env("LITROCKET_PASSWORD", "correct horse")
        .args(["--server", "127.0.0.1:9", "--timeout", "2", "--profile", "eve", "login", "eve"])
        .output()
        .unwrap();
    assert_eq!(away.status.code(), Some(3), "{}", String::from_utf8_lossy(&away.stderr));
    let untrusted = program()
        .current_dir("/")
        .env("HOME", process.path())
        .env("LITROCKET_PASSWORD", "correct horse")
        .args(["--server", &format!("127.0.0.1:{}", process.port), "--profile", "eve", "login", "eve"])
        .output()
        .unwrap();
    assert!(!untrusted.status.success());
    assert!(String::from_utf8_lossy(&untrusted.stderr).contains("--ca"));
    assert_eq!(program().args(["config", "--listen", "nowhere"]).output().unwrap().status.code(), Some(2));
    let session = process.path().join("xdg/litrocket/ada/session.json");
    assert_eq!(session.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_log_names_what_happened_and_holds_no_words_passwords_or_tokens() {
    let mut process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada", "--label", "canary-label"]);
    ada.says(&["send", "@me", "canary-message"]);
    ada.says(&["search", "canary-message"]);
    ada.says(&["profile", "--signature", "canary-signature"]);
    ada.fails(&["edit", "@me", "77", "canary-edit"]);
    let session = std::fs::read_to_string(process.path().join("xdg/litrocket/ada/session.json")).unwrap();
    let token = serde_json::from_str::<Value>(&session).unwrap()["token"].as_str().unwrap().to_owned();
    // What waits for the disk is written at the end.
    assert_eq!(process.terminate(), 0);
    let mut log = String::new();
    for file in std::fs::read_dir(process.path().join("data/logs")).unwrap() {
        log.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap());
    }
    assert!(log.contains("signed up"), "{log}");
    for secret in ["canary-", "correct horse", token.as_str()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// A virtual environment with the pinned packages, kept beside the build.
pub(crate) fn python() -> std::path::PathBuf {
    /// Several tests may be the first to want it.
    static MAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _making = MAKING.lock().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = folder.join("bin/python");
    let wanted = include_str!("../python/requirements.txt");
    if std::fs::read_to_string(folder.join("ready")).ok().as_deref() != Some(wanted) {
        let run = |program: &Path, args: &[&str]| {
            let output =
                std::process::Command::new(program).args(args).output().expect("python3 is installed");
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run(Path::new("python3"), &["-m", "venv", folder.to_str().unwrap()]);
        let requirements = root.join("tests/python/requirements.txt");
        run(&python, &["-m", "pip", "install", "--quiet", "-r", requirements.to_str().unwrap()]);
        std::fs::write(folder.join("ready"), wanted).unwrap();
    }
    python
}

#[tokio::test]
async fn a_client_written_from_the_protocol_page_in_another_language_works() {
    let process = Process::start();
    let output = std::process::Command::new(python())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["client.py", "--server", &format!("127.0.0.1:{}", process.port), "--ca"])
        .arg(process.path().join("certs/ca.pem"))
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<&str> = out.lines().filter(|line| line.contains("\"ok\": false")).collect();
    assert!(
        output.status.success() && failed.is_empty(),
        "{failed:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(out.lines().count() > 20, "{out}");
}
