//! `litrocket admin`: an operator on the server's machine asks the running server over its socket.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Subcommand;
use litrocket_cli::{
    Words,
    objects::{self, Printer},
    time,
};
use litrocket_dictionary::{Index, TEXT_BYTES_MAX};
use serde_json::Value;

use crate::{
    check,
    config::{self, Config},
    features::{
        admin::{Ask, LINES_MAX, PATH},
        words::OWN_FILE,
    },
    said::{self, say},
};

/// Code and message of what went wrong.
pub(crate) type Problem = (String, String);

/// What is said where no server runs.
const NOBODY: &str = "no server answers at";

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(35);

/// What an operator does on the server's machine.
#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// List, lock and delete accounts, reset passwords, say who is an operator.
    #[command(subcommand)]
    Accounts(Accounts),
    /// List running sessions.
    Sessions {
        /// Only those of this account.
        #[arg(value_name = "@NAME")]
        name: Option<String>,
        #[command(flatten)]
        config: config::Args,
    },
    /// Say what the server holds and who is connected.
    Usage(config::Args),
    /// List, make and take back invites.
    #[command(subcommand)]
    Invites(Invites),
    /// List and close what people reported.
    #[command(subcommand)]
    Reports(Reports),
    /// Tell everybody something: who is online hears it at once, the others when they listen or sign in again.
    Announce {
        /// The words.
        text: String,
        #[command(flatten)]
        config: config::Args,
    },
    /// Look after the dictionary.
    #[command(subcommand)]
    Words(AdminWords),
    /// Look after the files that people sent.
    #[command(subcommand)]
    Files(AdminFiles),
}

/// What can be done with accounts.
#[derive(Debug, Clone, Subcommand)]
pub enum Accounts {
    /// List accounts.
    List {
        /// Only those whose name, display name or e-mail address begins so.
        find: Option<String>,
        #[command(flatten)]
        config: config::Args,
    },
    /// Lock somebody out: their sessions end and they cannot sign in.
    Lock(Named),
    /// Take a lock off.
    Unlock(Named),
    /// Announce the end of an account: it is deleted in 7 days.
    Delete {
        /// Take back what was announced.
        #[arg(long)]
        undo: bool,
        /// Take its messages back too.
        #[arg(long, conflicts_with = "undo")]
        erase: bool,
        #[command(flatten)]
        named: Named,
    },
    /// Make the password void. Prints a recovery code to hand out, with which the person sets another.
    ResetPassword(Named),
    /// Make somebody an operator, who may make invites.
    Promote(Named),
    /// Make an operator somebody like others.
    Demote(Named),
}

/// Whom it is about.
#[derive(Debug, Clone, clap::Args)]
pub struct Named {
    /// The account name.
    #[arg(value_name = "@NAME")]
    pub name: String,
    #[command(flatten)]
    config: config::Args,
}

/// What can be done with invites.
#[derive(Debug, Clone, Subcommand)]
pub enum Invites {
    /// List those that are good.
    List(config::Args),
    /// Make one.
    Make {
        /// For how many accounts.
        #[arg(long, default_value_t = 1)]
        uses: u64,
        /// For how many days.
        #[arg(long, default_value_t = 7)]
        days: u64,
        #[command(flatten)]
        config: config::Args,
    },
    /// Take one back.
    Revoke {
        /// As the list names it.
        id: String,
        #[command(flatten)]
        config: config::Args,
    },
}

/// What can be done with reports.
#[derive(Debug, Clone, Subcommand)]
pub enum Reports {
    /// List those that nobody has dealt with.
    List {
        /// Also those that are closed.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        config: config::Args,
    },
    /// Say that one was dealt with.
    Close {
        /// Its number.
        id: u64,
        #[command(flatten)]
        config: config::Args,
    },
}

/// What can be done with the dictionary.
#[derive(Debug, Clone, Subcommand)]
pub enum AdminWords {
    /// Make the entries of a file in the format of CC-CEDICT the server's own, in the place of those it had. A running
    /// server takes them at once.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        config: config::Args,
    },
}

/// What can be done with files.
#[derive(Debug, Clone, Subcommand)]
pub enum AdminFiles {
    /// Read every stored file through and tell what is damaged or missing. Changes nothing by itself.
    Check {
        /// Have the running server note what is found: files that are whole again, files that are damaged, pictures whose
        /// small ones are to be made anew.
        #[arg(long)]
        confirm: bool,
        /// Say that the storage is this server's own although its mark is not there, after it was emptied or moved.
        #[arg(long, requires = "confirm")]
        accept: bool,
        /// Delete objects that belong to no file and are older than a day, such as those that are newer than a restored database.
        /// Nothing is deleted beside another mark than this server's.
        #[arg(long, requires = "confirm", conflicts_with = "accept")]
        sweep: bool,
        #[command(flatten)]
        config: config::Args,
    },
}

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
                check::files(config, check::Wish { confirm, accept, sweep }, (words, json))
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
            with_config(&config, &|config| ended(import(&config, &file, shown), shown))
        }
        Admin::Usage(config) => ask(&config, Ask::Usage {}),
        Admin::Invites(Invites::List(config)) => ask(&config, Ask::Invites {}),
        Admin::Invites(Invites::Make { uses, days, config }) => ask(&config, Ask::Invite { uses, days }),
        Admin::Invites(Invites::Revoke { id, config }) => ask(&config, Ask::RevokeInvite { id }),
    }
}

/// Says what went wrong, and makes the exit code.
pub(crate) fn ended(result: Result<(), Problem>, (words, json): (Words, bool)) -> ExitCode {
    let Err((code, message)) = result else { return ExitCode::SUCCESS };
    if json {
        let error = serde_json::json!({"type": "error", "code": code, "message": message});
        eprintln!("{}", objects::line(Printer::Admin, &error));
    } else {
        let nobody = say(words, NOBODY, "没有服务器应答：");
        let told = words.told(&code, &message).replace(NOBODY, nobody);
        eprintln!("{}{told}", said::error(words));
    }
    ExitCode::from(match code.as_str() {
        "unreachable" => 3,
        "bad_file" => 2,
        _ => 1,
    })
}

/// Checks a dictionary, puts it in the place of the server's own, whole or not at all, and tells the server.
fn import(config: &Config, file: &Path, (words, json): (Words, bool)) -> Result<(), Problem> {
    let bad = |error: &dyn std::fmt::Display| ("bad_file".to_owned(), format!("{}: {error}", file.display()));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| bad(&error))?;
    // One byte more than allowed is refused by the index, by its size.
    opened.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(|error| bad(&error))?;
    let entries = Index::new(text.clone()).map_err(|error| bad(&error))?.len();
    // The server reads it with its own: both have to fit.
    let built_in = litrocket_dictionary::built_in().map_err(|error| bad(&error))?;
    let room = TEXT_BYTES_MAX.saturating_sub(built_in.len() + 1);
    if text.len() > room {
        return Err(bad(&format!(
            "it has more than {room} bytes, which is what there is room for beside the built-in one"
        )));
    }
    let data = Path::new(&config.server.data);
    let (path, temporary) = (data.join(OWN_FILE), data.join(format!("{OWN_FILE}.new")));
    let write = || -> std::io::Result<()> {
        // Made anew: what stands there may point anywhere, and the operator may be root.
        drop(std::fs::remove_file(&temporary));
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        std::fs::File::open(data)?.sync_all()
    };
    write().map_err(|error| ("not_written".to_owned(), format!("{}: {error}", path.display())))?;
    let live = match exchange(config, &Ask::ReloadWords {}) {
        Ok(_) => true,
        Err((code, _)) if code == "unreachable" => false,
        Err(problem) => return Err(problem),
    };
    if json {
        let line = serde_json::json!({"type": "imported", "entries": entries, "live": live});
        println!("{}", objects::line(Printer::Admin, &line));
    } else {
        let then = if live {
            say(words, "entries, the server has them", "个词条，服务器已载入")
        } else {
            say(words, "entries, the next start reads them", "个词条，下次启动时载入")
        };
        println!("{entries} {then}");
    }
    Ok(())
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
pub(crate) fn exchange(config: &Config, ask: &Ask) -> Result<Vec<Value>, Problem> {
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
            Value::Bool(true) => said::key(words, key),
            Value::String(text) if key == "handle" => format!("@{text}"),
            Value::String(text) => format!("{} {}", said::key(words, key), text.escape_debug()),
            Value::Number(number) if key.ends_with("_ms") => match number.as_u64() {
                Some(ms) if ms > 0 => format!("{} {}", said::key(words, key), time(ms)),
                _ => continue,
            },
            other => format!("{} {other}", said::key(words, key)),
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
        assert_eq!(human(Words::Chinese, &line), "账号 7  @ada  管理员  创建于 2000-02-29 00:00:00Z");
    }
}
