//! The configuration: defaults, then a file, then `LITROCKET_*` variables, then flags.
//!
//! [`options`] is the one table of all options with their docs, defaults and bounds; `config/litrocket.toml` is
//! rendered from it and a test keeps them equal. Start with [`Config::load`].

mod options;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::builder::TypedValueParser as _;
use litrocket_protocol::account::audience;
pub use options::{
    Accounts, Config, Files, Limits, Logs, Mail, OPTIONS, People, Server, Storage, Transport, Words,
};
use toml::{Table, Value};

use crate::{
    cause,
    cause::{Cause, Part},
};

/// Variables that belong to the client commands.
const CLIENT_VARIABLES: &[&str] = &[
    "LITROCKET_PASSWORD",
    "LITROCKET_NEW_PASSWORD",
    "LITROCKET_RECOVERY_CODE",
    "LITROCKET_SERVER",
    "LITROCKET_CA",
    "LITROCKET_PROFILE",
    "LITROCKET_CONFIG",
    "LITROCKET_LANG",
];

/// Flags of `serve` and `config`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// A configuration file; without it ./litrocket.toml is read when it is there.
    #[arg(
        long,
        value_name = "FILE",
        env = "LITROCKET_CONFIG",
        value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from)
    )]
    pub config: Option<PathBuf>,
    /// Where to listen; `[::]:4433` serves everybody, IPv4 and IPv6.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The folder of the local CA and the server's certificate.
    #[arg(long, value_name = "DIR")]
    pub certs: Option<PathBuf>,
    /// A further name for the certificate; may be repeated.
    #[arg(long = "name", value_name = "HOST")]
    pub names: Vec<String>,
    /// Who may sign up: auto, open, invite or closed.
    #[arg(long, value_name = "POLICY")]
    pub sign_up: Option<String>,
    /// What is logged, for example info or litrocket=debug.
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Who has an invite.
    Invite,
    /// Nobody.
    Closed,
}

impl SignUp {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

/// Whether accounts have e-mail addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Email {
    /// None has.
    Off,
    /// Those that want to.
    Optional,
    /// All that sign up.
    Required,
}

impl Email {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

impl Config {
    /// Loads the configuration: defaults, file, environment, flags; later ones win.
    pub fn load(args: &Args, env: impl Iterator<Item = (String, String)>) -> Result<Self, Cause> {
        let mut table = read_file(args)?;
        // An empty one counts as not set, as shells and container tools set them.
        for (name, value) in env.filter(|(name, value)| name.starts_with("LITROCKET_") && !value.is_empty()) {
            if !CLIENT_VARIABLES.contains(&name.as_str()) {
                apply_variable(&mut table, &name, &value)?;
            }
        }
        apply_flags(&mut table, args);
        let config: Self = table.try_into().map_err(|error: toml::de::Error| brief(&error))?;
        config.check()?;
        Ok(config)
    }

    /// Reads the text of a file alone: defaults for what it leaves out.
    pub fn from_toml(text: &str) -> Result<Self, Cause> {
        let config: Self = toml::from_str(text).map_err(|error| brief(&error))?;
        config.check()?;
        Ok(config)
    }

    /// Who may sign up, with `auto` decided: open only when nobody else can reach the server.
    pub fn sign_up(&self) -> SignUp {
        match self.server.sign_up.as_str() {
            "open" => SignUp::Open,
            "invite" => SignUp::Invite,
            "closed" => SignUp::Closed,
            _ if self.listen().is_ok_and(|address| address.ip().is_loopback()) => SignUp::Open,
            _ => SignUp::Invite,
        }
    }

    /// Whether accounts have e-mail addresses.
    pub fn email(&self) -> Email {
        match self.accounts.email.as_str() {
            _ if self.mail.server.is_empty() => Email::Off,
            "off" => Email::Off,
            "required" => Email::Required,
            _ => Email::Optional,
        }
    }

    /// Who may bring people into groups while they have not chosen, as the protocol numbers it.
    pub fn groups_from(&self) -> u8 {
        match self.people.groups_from_default.as_str() {
            "everybody" => audience::EVERYBODY,
            "nobody" => audience::NOBODY,
            _ => audience::FRIENDS,
        }
    }

    /// Where to listen.
    pub fn listen(&self) -> Result<SocketAddr, Cause> {
        self.server.listen.parse().map_err(|_| {
            cause!(
                "server.listen: {} is not an address with a port, for example 127.0.0.1:4433 or [::]:4433",
                &quoted(&self.server.listen)
            )
        })
    }

    /// The configuration as TOML, every option with its value. Secrets do not appear.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain sections of plain values always have a TOML form")
    }

    fn check(&self) -> Result<(), Cause> {
        self.listen()?;
        options::check_bounds(self)?;
        let choice = |path: &str, value: &str, allowed: &[&str]| {
            if allowed.contains(&value) {
                return Ok(());
            }
            Err(cause!("{}: {} is not allowed; use one of {}", path, &quoted(value), &allowed.join(", ")))
        };
        choice("server.sign_up", &self.server.sign_up, &["auto", "open", "invite", "closed"])?;
        choice("accounts.email", &self.accounts.email, &["off", "optional", "required"])?;
        if self.mail.server.is_empty() && self.accounts.email == "required" {
            return Err(cause!("accounts.email is required: name a mail.server that sends the codes"));
        }
        if !self.mail.server.is_empty() && self.mail.from.is_empty() {
            return Err(cause!("mail.server and mail.from belong together: name the sender"));
        }
        if self.mail.user.is_empty() != self.mail.password_file.is_empty() {
            return Err(cause!("mail.user and mail.password_file belong together: set both or none"));
        }
        choice("storage.durability", &self.storage.durability, &["full", "normal"])?;
        let audiences = ["friends", "everybody", "nobody"];
        choice("people.groups_from_default", &self.people.groups_from_default, &audiences)?;
        choice("words.engine", &self.words.engine, &["", "libretranslate", "apertium"])?;
        // The parser panics where it cuts a character of several bytes.
        let level = &self.logs.level;
        if !level.is_ascii() || tracing_subscriber::EnvFilter::try_new(level).is_err() {
            return Err(cause!(
                "logs.level: {} is no filter; use error, warn, info, debug or trace, or targets with levels such as info,litrocket=debug",
                &quoted(&self.logs.level)
            ));
        }
        if let Some(name) = self.server.names.iter().find(|name| !is_host(name)) {
            return Err(cause!(
                "server.names: {} is neither a host name (letters, digits, '-' and '.') nor an IP address",
                &quoted(name)
            ));
        }
        if self.words.engine.is_empty() != self.words.engine_url.is_empty() {
            return Err(cause!("words.engine and words.engine_url belong together: set both or none"));
        }
        if self.server.certificate.is_empty() != self.server.certificate_key.is_empty() {
            return Err(cause!(
                "server.certificate and server.certificate_key belong together: set both or none"
            ));
        }
        if self.transport.keep_alive_ms * 2 > self.transport.idle_timeout_ms {
            return Err(cause!(
                "transport.keep_alive_ms ({}) must be at most half of transport.idle_timeout_ms ({})",
                &self.transport.keep_alive_ms,
                &self.transport.idle_timeout_ms
            ));
        }
        if self.accounts.argon2_memory_kib < 8 * self.accounts.argon2_parallelism {
            return Err(cause!(
                "accounts.argon2_memory_kib must be at least 8 times accounts.argon2_parallelism"
            ));
        }
        Ok(())
    }

    /// How long the server may take to stop.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.server.shutdown_grace_ms)
    }

    /// Where daily log files go.
    pub fn log_folder(&self) -> PathBuf {
        if self.logs.folder.is_empty() {
            PathBuf::from(&self.server.data).join("logs")
        } else {
            PathBuf::from(&self.logs.folder)
        }
    }
}

/// How many names are proposed for one that is none.
const PROPOSED: usize = 3;

/// The names that are most like one that is none, the nearest first.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> =
        names.map(|known| (strsim::damerau_levenshtein(name, known), known)).collect();
    near.sort_unstable();
    near.into_iter().take(PROPOSED).map(|(_, known)| known).collect()
}

/// A value as it was written, told from what is said of it.
fn quoted(value: &str) -> String {
    format!("{value:?}")
}

/// Why a text is refused, with the place in it.
fn brief(error: &toml::de::Error) -> Cause {
    let (said, message) = (error.to_string(), error.message());
    // The line and the column, the line itself, what is wrong with it; without a text only that and where.
    let (before, behind) = said.rsplit_once(message).unwrap_or_default();
    let place = before.split_once('\n').and_then(|(first, line)| {
        let (row, column) = first.strip_prefix("TOML parse error at line ")?.split_once(", column ")?;
        Some((row, column, line))
    });
    match place {
        Some((row, column, line)) => {
            cause!("TOML parse error at line {}, column {}\n{}{}", row, column, line, told(message))
        }
        None => cause!("{}{}", told(message), behind.trim_end()),
    }
}

/// What is wrong with a text; for a name that is none, the nearest instead of all that there are.
fn told(message: &str) -> Part {
    let unknown =
        message.strip_prefix("unknown field `").and_then(|it| it.rsplit_once("`, expected one of "));
    if let Some((name, names)) = unknown {
        let near = nearest(name, names.split(", ").map(|name| name.trim_matches('`'))).join(", ");
        let cause =
            cause!("unknown field `{}`; the nearest: {}; all settings: litrocket config", name, &near);
        return cause.into();
    }
    let wrong = |kind: &str| message.strip_prefix(kind).and_then(|it| it.rsplit_once(", expected "));
    match (wrong("invalid type: "), wrong("invalid value: ")) {
        (Some((given, expected)), _) => {
            cause!("invalid type: {}, expected {}", given, wanted(expected)).into()
        }
        (None, Some((given, expected))) => {
            cause!("invalid value: {}, expected {}", given, wanted(expected)).into()
        }
        (None, None) => message.into(),
    }
}

/// What has to stand there, in words instead of types of the program.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") => "a table",
        other => other,
    }
}

/// Whether a certificate can be made for it.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let wild = name.strip_prefix("*.").unwrap_or(name);
    name.parse::<std::net::IpAddr>().is_ok() || (name.len() <= 253 && wild.split('.').all(label))
}

fn read_file(args: &Args) -> Result<Table, Cause> {
    let unset = std::env::var_os("LITROCKET_CONFIG").is_some_and(|value| value.is_empty());
    let named = args.config.as_ref().filter(|path| !(unset && path.as_os_str().is_empty()));
    let path = if let Some(path) = named {
        path.clone()
    } else {
        let path = PathBuf::from("litrocket.toml");
        if !path.exists() {
            return Ok(Table::new());
        }
        path
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| cause!("{} cannot be read: {}", &path.display(), error))?;
    let refuse = |error: toml::de::Error| cause!("{}: {}", &path.display(), brief(&error));
    let table: Table = text.parse().map_err(refuse)?;
    // Decoded alone, so that the error names the file and its line.
    toml::from_str::<Config>(&text).map_err(refuse)?;
    Ok(table)
}

fn apply_variable(table: &mut Table, name: &str, value: &str) -> Result<(), Cause> {
    let variable = |section: &str, key: &str| format!("LITROCKET_{section}_{key}").to_uppercase();
    let option =
        OPTIONS.iter().find(|option| variable(option.section, option.key) == name).ok_or_else(|| {
            let allowed: Vec<_> = OPTIONS.iter().map(|option| variable(option.section, option.key)).collect();
            let near = nearest(name, allowed.iter().map(String::as_str)).join(", ");
            cause!("{} is not a setting; the nearest: {}; all settings: litrocket config", name, &near)
        })?;
    let parsed = match (option.default)() {
        Value::Integer(_) => value.trim().parse().map(Value::Integer).ok(),
        Value::Boolean(_) => value.trim().parse().map(Value::Boolean).ok(),
        Value::Array(_) => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.into())).collect()))
        }
        _ => Some(Value::String(value.into())),
    };
    let refused = || match (option.default)() {
        Value::Boolean(_) => cause!("{}: {} is neither true nor false", name, &quoted(value)),
        _ => cause!("{}: {} is not a whole number", name, &quoted(value)),
    };
    let parsed = parsed.ok_or_else(refused)?;
    set(table, option.section, option.key, parsed);
    Ok(())
}

fn apply_flags(table: &mut Table, args: &Args) {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let flags = [
        ("server", "listen", args.listen.clone()),
        ("server", "data", args.data.as_ref().map(path)),
        ("server", "certs", args.certs.as_ref().map(path)),
        ("server", "sign_up", args.sign_up.clone()),
        ("logs", "level", args.log.clone()),
    ];
    for (section, key, value) in flags {
        if let Some(value) = value {
            set(table, section, key, Value::String(value));
        }
    }
    if !args.names.is_empty() {
        let names = args.names.iter().cloned().map(Value::String).collect();
        set(table, "server", "names", Value::Array(names));
    }
}

fn set(table: &mut Table, section: &str, key: &str, value: Value) {
    let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = entry {
        section.insert(key.into(), value);
    }
}

#[cfg(test)]
mod tests;
