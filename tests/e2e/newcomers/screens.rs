//! What people see at their terminal, in both languages.

use super::{is_chinese, people};
use crate::{
    process::{Process, program},
    programs::Terminal,
};

impl Terminal<'_> {
    /// Standard output and standard error of a command that works.
    fn shows(&self, args: &[&str]) -> (String, String) {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test]
async fn what_is_heard_says_where_it_was_said_in_order() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["send", "#rockets", "one"]);
    ada.says(&["group", "rename", "#rockets", "comets"]);
    ada.says(&["send", "#comets", "two"]);
    bob.says(&["send", "@ada", "three"]);
    bob.says(&["send", "@me", "a note"]);
    let (heard, _) = bob.shows(&["listen", "--from-start", "--idle", "1"]);
    let places = |text: &str, word: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(word));
        lines.map(|line| line.split(['[', ']']).nth(1).unwrap().to_owned()).collect()
    };
    let group = |text: &str| [places(text, ": one"), places(text, ": two")].concat();
    assert_eq!(group(&heard), ["#comets", "#comets"], "{heard}");
    assert!(
        heard.find(": one") < heard.find("renamed") && heard.find("renamed") < heard.find(": two"),
        "{heard}"
    );
    assert_eq!(places(&heard, ": three"), ["@ada"], "{heard}");
    assert_eq!(places(&heard, ": a note"), ["@me"], "{heard}");
    let (found, _) = bob.shows(&["search", "three"]);
    assert_eq!(places(&found, ": three"), ["@ada"], "{found}");
    let (history, _) = bob.shows(&["history", "@ada"]);
    assert_eq!(places(&history, ": three"), ["@ada"], "{history}");
}

#[tokio::test]
async fn an_empty_list_says_so_to_people_and_nothing_to_programs() {
    let process = Process::start();
    let [ada, _bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets"]);
    for args in [
        &["announcements"][..],
        &["history", "@bob"],
        &["search", "nowhere"],
        &["search", "hello", "--in", "@bob"],
        &["find", "people", "nobody-of-that-name"],
        &["find", "groups", "rockets"],
        &["friend", "list"],
        &["friend", "requests"],
        &["friend", "requests", "--sent"],
        &["friend", "recommend"],
        &["friend", "blocked"],
        &["invitation", "list"],
        &["moment", "feed"],
        &["moment", "page", "@bob"],
        &["moment", "hidden"],
        &["group", "announcements", "#rockets"],
        &["group", "seen", "#rockets"],
        &["group", "requests", "#rockets"],
        &["group", "link", "list", "#rockets"],
        &["group", "banned", "#rockets"],
        &["group", "pins", "#rockets"],
        &["file", "list", "#rockets"],
        &["file", "status"],
        &["word", "list"],
        &["word", "look", "qqqqqqqqqqqq"],
    ] {
        let (shown, beside) = ada.shows(&[&["--lang", "zh"], args].concat());
        assert!(is_chinese(&beside), "{args:?}: {shown}{beside}");
        let (shown, beside) = ada.shows(&[&["--lang", "en"], args].concat());
        assert!(
            beside.trim_end().ends_with(['.', ':']) || beside.contains("litrocket"),
            "{args:?}: {shown}{beside}"
        );
        let printed = ada.runs(args);
        assert!(printed.stderr.is_empty(), "{args:?}: {printed:?}");
    }
}

#[tokio::test]
async fn what_may_not_be_is_said_with_what_may() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    ada.says(&["group", "create", "rockets"]);
    for (args, exit, english, chinese) in [
        (&["profile", "--birthday", "17.5.1990"][..], 1, "from 1900 to 9999 as YYYY-MM-DD", "1900 至 9999"),
        (&["profile", "--birthday", "1899-12-31"], 1, "1990-05-17", "1990-05-17"),
        (
            &["group", "link", "make", "#rockets", "--days", "366"],
            1,
            "Use 1 ms to 365 days. (valid for)",
            "须为 1 毫秒到 365 天。（有效期）",
        ),
        (
            &["group", "link", "make", "#rockets", "--uses", "100001"],
            1,
            "Use 1 to 100000. (uses)",
            "须为 1 到 100000。（次数）",
        ),
        (
            &["group", "slow", "#rockets", "86401"],
            1,
            "Use at most 1 day. (between two messages)",
            "最多 1 天。（发言间隔）",
        ),
        (
            &["file", "folder", "#rockets", &"x".repeat(256)],
            1,
            "Use 1 to 255 bytes. (name)",
            "须为 1 到 255 字节。（名称）",
        ),
        (&["file", "folder", "#rockets", ""], 1, "This must not be empty. (name)", "此项不能为空。（名称）"),
        (&["file", "folder", "#rockets", "/"], 1, "/ stands for the top. (name)", "/ 表示顶层。（名称）"),
        (&["group", "join", "#comets"], 1, "--profile ada group find", "--profile ada group find"),
        (&["group", "join", "abcdefgh23456789"], 1, "bad_invite", "bad_invite"),
    ] {
        let (code, said) = ada.complains("en", args);
        assert!(code == exit && said.contains(english), "{args:?}: {code} {said}");
        let (code, said) = ada.complains("zh", args);
        assert!(code == exit && is_chinese(&said) && said.contains(chinese), "{args:?}: {code} {said}");
    }
    let eve = Terminal { process: &process, profile: "eve" };
    for (name, english, chinese) in [
        ("x", "An account name has 2 to 32 characters.", "用户名须为 2 到 32 个字符。"),
        ("a/b", "letters and digits, with _ - and . behind the first", "用户名只能包含字母和数字"),
        ("-ada", "An account name begins with a letter or a digit.", "用户名须以字母或数字开头。"),
    ] {
        for (language, wanted) in [("en", english), ("zh", chinese)] {
            let mut command = eve.command(&["--lang", language, "register", "--", name]);
            let output = command.env("LITROCKET_PASSWORD", "correct horse").output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(1) && said.contains(wanted), "{name}: {said}");
        }
    }
    let (code, said) = ada.complains("fr", &["whoami"]);
    assert!(code == 2 && said.contains("\"fr\" is no language of this program: use en or zh"), "{said}");
    for language in ["en", "en-GB", "EN", "zh", "zh-CN", "zh_CN.UTF-8", "ZH"] {
        ada.shows(&["--lang", language, "whoami"]);
    }
}

#[tokio::test]
async fn the_password_that_is_wrong_is_named() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    let passwd = |language: &str, old: &str, new: &str| {
        let mut command = ada.command(&["--lang", language, "passwd"]);
        let output =
            command.env("LITROCKET_PASSWORD", old).env("LITROCKET_NEW_PASSWORD", new).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = passwd("en", "not the password", "battery staple");
    assert!(code == 1 && said.contains("The current password is wrong."), "{said}");
    let (code, said) = passwd("zh", "not the password", "battery staple");
    assert!(code == 1 && said.contains("当前密码错误"), "{said}");
    let (code, said) = passwd("en", "correct horse", "short");
    assert!(code == 1 && said.contains("The new password must have"), "{said}");
    let mut command = ada.command(&["account", "delete", "--confirm", "ADA"]);
    let output = command.env("LITROCKET_PASSWORD", "not the password").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("The current password is wrong."));
}

#[tokio::test]
async fn an_address_of_another_server_is_refused_by_both_names() {
    let (here, elsewhere) = (Process::start(), Process::start());
    let [ada] = people(&here, ["ada"]);
    let [bob] = people(&elsewhere, ["bob"]);
    bob.says(&["group", "create", "comets"]);
    let link = bob.says(&["group", "link", "make", "#comets"])[0]["address"].as_str().unwrap().to_owned();
    let add = bob.says(&["me", "link"])[0]["address"].as_str().unwrap().to_owned();
    for args in [["group", "join", &link], ["friend", "add", &add]] {
        for language in ["en", "zh"] {
            let (code, said) = ada.complains(language, &args);
            let both = [elsewhere.port, here.port].iter().all(|port| said.contains(&format!(":{port}")));
            assert!(code == 2 && both, "{args:?}: {code} {said}");
        }
    }
    // One that was revoked is told as that.
    let own = ada.says(&["me", "link"])[0]["address"].as_str().unwrap().to_owned();
    ada.says(&["me", "link", "--drop"]);
    let (code, said) = ada.complains("en", &["friend", "add", &own]);
    assert!(code == 1 && said.contains("it was revoked"), "{said}");
}

#[tokio::test]
async fn help_mistakes_and_the_servers_own_commands_are_told_in_chinese() {
    let process = Process::start();
    people(&process, ["ada"]);
    let runs = |args: &[&str]| {
        let mut command = program();
        let output = command.current_dir(process.path()).args(["--lang", "zh"]).args(args).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    for (args, part) in [
        (&["--help"][..], "发送消息"),
        (&["help", "group", "mute"], "暂时禁言成员"),
        (&["group", "mute", "--help"], "默认：60"),
        (&["file", "list", "-h"], "可选：name、newest、largest"),
        (&["serve", "--help"], "数据目录"),
    ] {
        let (code, shown) = runs(args);
        assert!(code == 0 && shown.contains(part) && shown.contains("用法："), "{args:?}: {shown}");
        for english in ["Usage", "Options", "[default", "[env", "Print "] {
            assert!(!shown.contains(english), "{args:?}: {english}: {shown}");
        }
    }
    for (args, part) in [
        (&["sned"][..], "没有命令“sned”"),
        (&["send", "@bob"], "缺少参数：<TEXT>"),
        (&["send", "@bob", "x", "--rply", "1"], "无法识别参数 --rply"),
        (&["privacy", "--presence", "some"], "请用 everybody、friends 或 nobody"),
        (&["devices", "--revoke", "phone"], "须为整数"),
        (&["voice", "record", "@bob", "--seconds", "601"], "须为 1 至 600 的整数"),
        (&["file", "list", "#a", "--sort", "age"], "可选：name、newest、largest"),
        (&["moment", "post", "x", "--private", "--everybody"], "不能与"),
        (&["config", "--listen", "nowhere"], "配置被拒绝"),
    ] {
        let (code, said) = runs(args);
        assert!(code == 2 && said.contains(part), "{args:?}: {code} {said}");
        assert!(!said.contains("error:") && !said.contains("Usage:"), "{args:?}: {said}");
    }
    let (code, shown) = runs(&["admin", "accounts", "list"]);
    assert!(code == 0 && shown.contains("创建于"), "{shown}");
    let (code, said) = runs(&["admin", "accounts", "lock", "@nobody"]);
    assert!(code == 1 && is_chinese(&said), "{said}");
    let (code, said) = runs(&["admin", "usage", "--data", "elsewhere"]);
    assert!(code == 3 && said.contains("没有服务器应答"), "{said}");
}
