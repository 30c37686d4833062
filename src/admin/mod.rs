//! `litrocket admin`: an operator on the server's machine asks the running server over its socket.
//!
//! [`command`] is what may be typed, [`words`] imports a dictionary, [`files`] checks the stored files. Start with [`run`].

mod command;
mod files;
mod words;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use litrocket_cli::{
    Words,
    objects::{self, Printer},
    time,
};
use serde_json::Value;

pub use command::Admin;
use command::{Accounts, AdminFiles, AdminWords, Invites, Named, Reports};

use crate::{
    config::{self, Config},
    features::admin::{Ask, LINES_MAX, PATH},
    sentences::{self, say},
};

/// Code and message of what went wrong.
type Problem = (String, String);

/// What is said where no server runs.
const NOBODY: &str = "no server answers at";

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(35);

/// Carries a command out.
pub fn run(
    command: Admin,
    (words, json): (Words, bool),
    with_config: impl Fn(&config::Args, &dyn Fn(Config) -> ExitCode) -> ExitCode,
) -> ExitCode {
    let ask = |config: &config::Args, ask: Ask| {
        with_config(config, &|config| ended(asked(&config, ask.clone(), (words, json)), (words, json)))
    };
    match command {
        Admin::Files(AdminFiles::Check { confirm, accept, sweep, config }) => {
            with_config(&config, &|config| {
                files::check_all(config, files::Wish { confirm, accept, sweep }, (words, json))
            })
        }
        Admin::Accounts(command) => {
            let (config, what) = accounts(command);
            ask(&config, what)
        }
        Admin::Sessions { name, config } => ask(&config, Ask::Sessions { name, after: 0 }),
        Admin::Reports(Reports::List { all, config }) => ask(&config, Ask::Reports { after: 0, all }),
        Admin::Reports(Reports::Close { id, config }) => ask(&config, Ask::CloseReport { id }),
        Admin::Announce { text, config } => ask(&config, Ask::Announce { text }),
        Admin::Words(AdminWords::Import { file, config }) => {
            let shown = (words, json);
            with_config(&config, &|config| ended(words::import(&config, &file, shown), shown))
        }
        Admin::Usage(config) => ask(&config, Ask::Usage {}),
        Admin::Invites(Invites::List(config)) => ask(&config, Ask::Invites {}),
        Admin::Invites(Invites::Make { uses, days, config }) => ask(&config, Ask::Invite { uses, days }),
        Admin::Invites(Invites::Revoke { id, config }) => ask(&config, Ask::RevokeInvite { id }),
    }
}

/// Says what went wrong, and makes the exit code.
fn ended(result: Result<(), Problem>, (words, json): (Words, bool)) -> ExitCode {
    let Err((code, message)) = result else { return ExitCode::SUCCESS };
    if json {
        let error = serde_json::json!({"type": "error", "code": code, "message": message});
        eprintln!("{}", objects::line(Printer::Admin, &error));
    } else {
        let nobody = say(words, NOBODY, "没有服务器应答：");
        let told = words.told(&code, &message).replace(NOBODY, nobody);
        eprintln!("{}{told}", sentences::error(words));
        if code == "unreachable" {
            let hint = "Run it in the folder where the server was started, or name the server's data folder with --data.";
            eprintln!(
                "{}",
                say(words, hint, "请在启动服务器的目录中运行，或用 --data 指定服务器的数据目录。")
            );
        }
    }
    ExitCode::from(match code.as_str() {
        "unreachable" => 3,
        "bad_file" => 2,
        _ => 1,
    })
}

fn accounts(command: Accounts) -> (config::Args, Ask) {
    match command {
        Accounts::List { find, config } => (config, Ask::Accounts { after: 0, find }),
        Accounts::Lock(Named { name, config }) => (config, Ask::Lock { name, locked: true }),
        Accounts::Unlock(Named { name, config }) => (config, Ask::Lock { name, locked: false }),
        Accounts::Delete { undo, erase, named: Named { name, config } } => {
            (config, Ask::Delete { name, erase, undo })
        }
        Accounts::ResetPassword(Named { name, config }) => (config, Ask::ResetPassword { name }),
        Accounts::Promote(Named { name, config }) => (config, Ask::Promote { name, operator: true }),
        Accounts::Demote(Named { name, config }) => (config, Ask::Promote { name, operator: false }),
    }
}

/// Asks page after page and prints what comes; code and message of what went wrong.
fn asked(config: &Config, mut ask: Ask, (words, json): (Words, bool)) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    let mut any = false;
    loop {
        let lines = exchange(config, &ask)?;
        for line in &lines {
            any = true;
            let text = if json { objects::line(Printer::Admin, line) } else { human(words, line) };
            // Whether anybody reads it does not matter to what was done.
            let _ = writeln!(out, "{text}");
        }
        let behind = |key: &str| lines.last().and_then(|line| line[key].as_u64());
        let next = match &mut ask {
            Ask::Accounts { after, .. } => behind("account").map(|last| (after, last)),
            Ask::Sessions { after, .. } => behind("session").map(|last| (after, last)),
            Ask::Reports { after, .. } => behind("id").map(|last| (after, last)),
            _ => None,
        };
        match next.filter(|_| lines.len() as u64 >= LINES_MAX) {
            Some((after, last)) => *after = last,
            None => break,
        }
    }
    if !any && !json {
        let _ = writeln!(
            out,
            "{}",
            if matches!(ask, Ask::RevokeInvite { .. } | Ask::CloseReport { .. }) {
                say(words, "Done.", "完成。")
            } else {
                say(words, "Nothing.", "没有。")
            }
        );
    }
    Ok(())
}

/// Asks the running server; the lines of its answer.
fn exchange(config: &Config, ask: &Ask) -> Result<Vec<Value>, Problem> {
    let path = Path::new(&config.server.data).join(PATH);
    let unreachable = |error: &dyn std::fmt::Display| {
        ("unreachable".to_owned(), format!("{NOBODY} {}: {error}", path.display()))
    };
    let mut stream = UnixStream::connect(&path).map_err(|error| unreachable(&error))?;
    let talk = || -> std::io::Result<Vec<Value>> {
        stream.set_read_timeout(Some(TIME))?;
        let mut line = serde_json::to_string(ask)?;
        line.push('\n');
        stream.write_all(line.as_bytes())?;
        BufReader::new(&stream).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    };
    let mut lines = { talk }().map_err(|error| unreachable(&error))?;
    match lines.pop() {
        Some(last) if last["type"] == "done" => Ok(lines),
        Some(last) => {
            let text = |key: &str| last[key].as_str().unwrap_or("internal").to_owned();
            Err((text("code"), text("message")))
        }
        None => Err(unreachable(&"it said nothing")),
    }
}

/// A line for people: what is not empty, by name.
fn human(words: Words, line: &Value) -> String {
    let Some(fields) = line.as_object() else { return line.to_string() };
    let mut parts = Vec::new();
    for (key, value) in fields.iter().filter(|(key, _)| *key != "type") {
        let text = match value {
            Value::Null | Value::Bool(false) => continue,
            Value::Bool(true) => sentences::key(words, key),
            Value::String(text) if key == "handle" => format!("@{text}"),
            Value::String(text) => format!("{} {}", sentences::key(words, key), text.escape_debug()),
            Value::Number(number) if key.ends_with("_ms") => match number.as_u64() {
                Some(ms) if ms > 0 => format!("{} {}", sentences::key(words, key), time(ms)),
                _ => continue,
            },
            other => format!("{} {other}", sentences::key(words, key)),
        };
        parts.push(text);
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_by_people_too() {
        let line = serde_json::json!({"type": "account", "account": 7, "handle": "ada", "operator": true,
            "locked_ms": null, "created_ms": 951_782_400_000_u64, "connected": false});
        assert_eq!(human(Words::English, &line), "account 7  @ada  operator  created 2000-02-29 00:00:00Z");
        assert_eq!(human(Words::Chinese, &line), "账号 7  @ada  服务器管理员  创建于 2000-02-29 00:00:00Z");
    }
}
