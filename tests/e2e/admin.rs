//! Operators on the server's machine: `litrocket admin` over the socket.

use std::{
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
};

use serde_json::Value;

use crate::{
    process::{Process, program},
    programs::{Terminal, lines},
};

struct Operator<'a>(&'a Process);

impl Operator<'_> {
    fn runs(&self, args: &[&str]) -> std::process::Output {
        program().current_dir(self.0.path()).args(["--json", "admin"]).args(args).output().unwrap()
    }

    fn says(&self, args: &[&str]) -> Vec<Value> {
        lines(&self.runs(args))
    }

    fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.runs(args);
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        (output.status.code().unwrap(), error["code"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn an_operator_locks_resets_and_deletes_accounts() {
    let process = Process::start();
    let operator = Operator(&process);
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    let all = operator.says(&["accounts", "list"]);
    assert_eq!((all.len(), &all[0]["handle"], &all[0]["sessions"]), (2, &"ada".into(), &1.into()));
    assert_eq!(operator.says(&["accounts", "list", "bo"])[0]["handle"], "bob");
    // A lock ends sessions, and whoever has the password hears of it.
    let locked = operator.says(&["accounts", "lock", "@ada"]);
    assert!(locked[0]["locked_ms"].as_u64().unwrap() > 0);
    assert_eq!(ada.fails(&["whoami"]).1["code"], "bad_token");
    ada.says(&["logout"]);
    assert_eq!(ada.fails(&["login", "ada"]).1["code"], "account_locked");
    assert_eq!(ada.fails(&["account", "restore", "ada"]).1["code"], "account_locked");
    assert!(operator.says(&["accounts", "unlock", "ada"])[0]["locked_ms"].is_null());
    ada.says(&["login", "ada"]);
    // A reset makes the password void; the code sets another.
    let code = operator.says(&["accounts", "reset-password", "ada"])[0]["recovery_code"].clone();
    ada.says(&["logout"]);
    assert_eq!(ada.fails(&["login", "ada"]).1["code"], "wrong_credentials");
    let input = format!("{}\ncorrect horse\n", code.as_str().unwrap());
    assert_eq!(
        lines(&ada.runs_with(&["recover", "ada", "--password-stdin"], &input))[0]["type"],
        "recovered"
    );
    // Only operators make invites.
    assert_eq!(ada.fails(&["invite"]).1["code"], "forbidden");
    let invites = || operator.says(&["invites", "list"]).len();
    assert_eq!(invites(), 1, "the one that makes an operator");
    assert_eq!(operator.says(&["accounts", "promote", "ada"])[0]["operator"], true);
    assert_eq!(invites(), 0, "there is an operator now");
    ada.says(&["invite"]);
    assert_eq!(operator.says(&["accounts", "demote", "ada"])[0]["operator"], false);
    assert_eq!(ada.fails(&["invite"]).1["code"], "forbidden");
    let closing = operator.says(&["accounts", "delete", "bob", "--erase"]);
    assert!(closing[0]["closing_ms"].as_u64().unwrap() > 0);
    bob.says(&["logout"]);
    assert_eq!(bob.fails(&["login", "bob"]).1["code"], "account_closing");
    // What an operator announced is the operator's to take back.
    assert_eq!(bob.fails(&["account", "restore", "bob"]).1["code"], "account_locked");
    assert_eq!(bob.fails(&["login", "bob"]).1["code"], "account_closing");
    assert!(operator.says(&["accounts", "delete", "bob", "--undo"])[0]["closing_ms"].is_null());
    bob.says(&["login", "bob"]);
    assert_eq!(operator.fails(&["accounts", "lock", "nobody"]), (1, "not_found".into()));
    assert_eq!(operator.fails(&["accounts", "lock", "a b"]), (1, "not_found".into()));
}

#[tokio::test]
async fn an_operator_sees_sessions_usage_and_invites() {
    let mut process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada", "--label", "phone"]);
    let operator = Operator(&process);
    let sessions = operator.says(&["sessions", "@ada"]);
    assert_eq!((sessions.len(), &sessions[0]["label"]), (1, &"phone".into()));
    assert_eq!(operator.says(&["sessions"]).len(), 1);
    let usage = &operator.says(&["usage"])[0];
    assert_eq!(
        (&usage["accounts"], &usage["sessions"], &usage["mails_waiting"]),
        (&1.into(), &1.into(), &0.into())
    );
    let first = operator.says(&["invites", "list"]).len();
    let made = operator.says(&["invites", "make", "--uses", "3", "--days", "2"]);
    assert!(made[0]["address"].as_str().unwrap().contains("invite="));
    let listed = operator.says(&["invites", "list"]);
    let mine = listed.iter().find(|invite| invite["uses"] == 3).unwrap();
    assert_eq!(listed.len(), first + 1);
    assert!(operator.says(&["invites", "revoke", mine["id"].as_str().unwrap()]).is_empty());
    assert_eq!(operator.says(&["invites", "list"]).len(), first);
    assert_eq!(operator.fails(&["invites", "revoke", "00"]), (1, "not_found".into()));
    assert_eq!(operator.fails(&["invites", "revoke", &"é".repeat(8)]), (1, "not_found".into()));
    assert_eq!(operator.fails(&["invites", "make", "--uses", "0"]), (1, "bad_value".into()));
    // A crash leaves the socket; the next start takes its place.
    process.kill();
    let operator = Operator(&process);
    assert_eq!(operator.fails(&["usage"]), (3, "unreachable".into()));
    process.up();
    assert_eq!(Operator(&process).says(&["usage"]).len(), 1);
}

#[tokio::test]
async fn the_socket_is_the_operators_alone_and_takes_no_nonsense() {
    let process = Process::start();
    let path = process.path().join("data/admin.sock");
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let long = format!("{{\"do\":\"accounts\",\"after\":0,\"find\":\"{}\"}}\n", "x".repeat(40_000));
    for nonsense in ["\n", "what?\n", "{\"do\":\"dance\"}\n", "{\"do\":\"usage\",\"more\":1}\n", &long] {
        let mut stream = UnixStream::connect(&path).unwrap();
        // The server may have read enough before all is written.
        let _ = stream.write_all(nonsense.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        if nonsense.len() < 1_000 {
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!((&answer["type"], &answer["code"]), (&"error".into(), &"bad_request".into()));
        }
    }
    // More at once than are served, and silent: they wait, and everything else goes on.
    let silent: Vec<_> = (0..3).map(|_| UnixStream::connect(&path).unwrap()).collect();
    assert_eq!(Operator(&process).says(&["usage"]).len(), 1);
    drop(silent);
    let usage = program().current_dir(process.path()).args(["admin", "usage"]).output().unwrap();
    assert!(String::from_utf8(usage.stdout).unwrap().contains("accounts 0"));
}

#[tokio::test]
async fn everybody_hears_an_announcement_now_or_when_they_come() {
    let process = Process::start();
    let operator = Operator(&process);
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    assert!(ada.says(&["announcements"]).is_empty());
    let client = process.person("eve").await;
    assert_eq!(client.welcome().announcement, None);
    let mut events = client.events(litrocket_client::Start::Cursors).unwrap();
    let made = operator.says(&["announce", "  the server moves tonight "]);
    assert_eq!((&made[0]["id"], &made[0]["text"]), (&1.into(), &"the server moves tonight".into()));
    let heard = async {
        loop {
            if let Some(litrocket_client::Item::Announcement(it)) = events.next().await {
                return it;
            }
        }
    };
    let heard = tokio::time::timeout(crate::world::PATIENCE, heard).await.unwrap();
    assert_eq!((heard.id, heard.text.as_str()), (1, "the server moves tonight"));
    operator.says(&["announce", "it has moved"]);
    let listed = bob.says(&["announcements"]);
    assert_eq!((listed.len(), &listed[1]["text"]), (2, &"it has moved".into()));
    assert_eq!(bob.says(&["announcements", "--after", "1"]).len(), 1);
    let later = litrocket_client::Client::connect(process.options()).await.unwrap();
    assert_eq!(later.welcome().announcement, Some(2));
    assert_eq!(operator.fails(&["announce", " "]), (1, "bad_value".into()));
    assert_eq!(operator.fails(&["announce", &"x".repeat(3_000)]), (1, "too_long".into()));
}

#[tokio::test]
async fn an_operators_words_come_into_the_running_dictionary() {
    let mut process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada"]);
    let look = ["word", "look", "霹雳火箭号"];
    assert!(ada.runs(&look).stdout.is_empty());
    let file = process.path().join("mine.u8");
    std::fs::write(&file, "霹靂火箭號 霹雳火箭号 [pi1 li4 huo3 jian4 hao4] /our own rocket/\n").unwrap();
    let operator = Operator(&process);
    let imported = &operator.says(&["words", "import", "mine.u8"])[0];
    assert_eq!((&imported["entries"], &imported["live"]), (&1.into(), &true.into()));
    assert_eq!(ada.says(&look)[0]["simplified"], "霹雳火箭号");
    // A file that is not of the format changes nothing.
    std::fs::write(&file, "nonsense\n").unwrap();
    assert_eq!(operator.fails(&["words", "import", "mine.u8"]), (2, "bad_file".into()));
    assert_eq!(operator.fails(&["words", "import", "missing.u8"]), (2, "bad_file".into()));
    assert_eq!(ada.says(&look)[0]["simplified"], "霹雳火箭号");
    process.terminate();
    std::fs::write(&file, "霹靂火箭號 霹雳火箭号 [pi1 li4 huo3 jian4 hao4] /another meaning/\n").unwrap();
    assert_eq!(Operator(&process).says(&["words", "import", "mine.u8"])[0]["live"], false);
}

#[tokio::test]
async fn an_operator_reads_what_people_report_and_closes_it() {
    let process = Process::start();
    let operator = Operator(&process);
    let [ada, eve] = ["ada", "eve"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    eve.says(&["register", "eve"]);
    assert!(operator.says(&["reports", "list"]).is_empty());
    eve.says(&["send", "@ada", "something nasty"]);
    assert_eq!(
        ada.says(&["report", "@eve", "--seq", "1", "-m", "she writes such things"])[0]["type"],
        "reported"
    );
    ada.says(&["report", "@eve"]);
    assert_eq!(ada.fails(&["report", "@ada"]).1["code"], "bad_value");
    assert_eq!(ada.fails(&["report", "@eve", "--seq", "99"]).1["code"], "not_found");
    assert_eq!(ada.fails(&["report", "--moment", "99"]).1["code"], "not_found");
    let reports = operator.says(&["reports", "list"]);
    assert_eq!(reports.len(), 2);
    let first = &reports[0];
    assert_eq!((&first["reporter"], &first["account"]), (&"ada".into(), &"eve".into()));
    assert_eq!(
        (&first["said"], &first["text"]),
        (&"something nasty".into(), &"she writes such things".into())
    );
    assert_eq!((&reports[1]["account"], &reports[1]["event_seq"]), (&"eve".into(), &Value::Null));
    assert!(operator.says(&["reports", "close", "1"]).is_empty());
    assert_eq!(operator.says(&["reports", "list"]).len(), 1);
    let all = operator.says(&["reports", "list", "--all"]);
    assert!(all.len() == 2 && all[0]["closed_ms"].as_u64().unwrap() > 0);
    assert!(operator.says(&["reports", "close", "1"]).is_empty(), "closing it again changes nothing");
    assert_eq!(operator.fails(&["reports", "close", "99"]), (1, "not_found".into()));
    // What was taken back is not shown to operators either.
    eve.says(&["recall", "@ada", "1"]);
    assert!(operator.says(&["reports", "list", "--all"])[0]["said"].is_null());
}
