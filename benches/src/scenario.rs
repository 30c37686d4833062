//! What a run does, as data.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The shape of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Groups with one sender each; everybody else is online and hears. A unit is a delivery.
    Chat,
    /// Messages to people who are away, drained at their sign-in. A unit is a message.
    Offline,
    /// Signed-in connections that do nothing. A unit is a connection; the ratio is about bytes.
    Idle,
    /// Sign-ins with a password. A unit is a sign-in.
    Login,
    /// Everybody comes back after the server was killed. A unit is a connection.
    Resume,
    /// Searches. A unit is a query; latency is the figure.
    Search,
    /// Pages of history. A unit is a query; latency is the figure.
    History,
    /// Pages of the feed of moments. A unit is a query; latency is the figure.
    Moments,
    /// Somebody comes into a group, something is announced there, they go. A unit is one of these; latency is the figure.
    Group,
    /// People one may know. A unit is a query; latency is the figure.
    Recommend,
    /// Files to the server. A unit is a MiB.
    Upload,
    /// Files from the server. A unit is a MiB.
    Download,
    /// Chat on a connection alone, and then beside an upload on the same; latency is the figure, `p99_ratio` that of the
    /// 99th percentiles. A unit is a message.
    Beside,
    /// Many idle, some typing, groups, reconnects. A unit is a delivery.
    Mixed,
    /// Pairs talk while attackers have nobody to attack, and then while they attack; latency is the figure, `p99_ratio`
    /// that of the 99th percentiles of deliveries. A unit is a delivery.
    Siege,
}

/// What attackers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Begin handshakes and never end them.
    #[default]
    HalfOpen,
    /// Go live and never read again, in a group where somebody talks.
    Stuck,
    /// Fill all their streams, a byte now and then.
    Slow,
}

/// What the server is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The raw program.
    #[default]
    Ceiling,
    /// The same server with no stored messages; the ratio is about throughput.
    Empty,
    /// nginx over TLS and curl, which people move files with today (upload, download).
    Nginx,
    /// Nothing: the figure is the latency.
    Nothing,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is good for, in one line.
    pub about: String,
    /// The shape of the load.
    pub pattern: Pattern,
    /// What it is compared with.
    pub against: Against,
    /// Conversations that are active.
    pub groups: u64,
    /// Members of each.
    pub members: u64,
    /// Text of a message, in bytes.
    pub payload_bytes: u64,
    /// Sends of one sender without an ack.
    pub in_flight: u64,
    /// The measured time, in seconds, behind one second of warm-up.
    pub seconds: u64,
    /// Messages: to store (offline) or queries to make (search, history).
    pub messages: u64,
    /// Connections (idle, login, resume, mixed).
    pub connections: u64,
    /// Messages in the store before the start.
    pub stored: u64,
    /// Conversations of the person who asks (search, history).
    pub scopes: u64,
    /// Accounts (moments, recommend).
    pub people: u64,
    /// Friends of each person who asks (moments), or of each person on average (recommend).
    pub friends: u64,
    /// Files that move at the same time (upload, download, beside).
    pub files: u64,
    /// Size of each, in MiB.
    pub file_mib: u64,
    /// People with a connection each who move the files, in turn (upload, download).
    pub clients: u64,
    /// Whether the files come from the server instead of going there (beside).
    pub download: bool,
    /// Packets in a hundred that the line loses, in both directions (beside).
    pub loss_percent: u64,
    /// What the line carries in each direction (beside); 0: as much as there is.
    pub mbit_per_second: u64,
    /// How long a packet and its answer take on the line (beside).
    pub round_trip_ms: u64,
    /// How long a packet may wait for those before it on a line with a rate; it is lost otherwise (beside).
    pub queue_ms: u64,
    /// What the attackers do (siege); `connections` is how many there are.
    pub attack: Attack,
    /// Handshakes that are begun each second beside those that are held (siege, half_open), as far as the generator gets.
    pub attacks_per_second: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            pattern: Pattern::Chat,
            against: Against::Ceiling,
            groups: 50,
            members: 2,
            payload_bytes: 200,
            in_flight: 16,
            seconds: 5,
            messages: 10_000,
            connections: 1_000,
            stored: 0,
            scopes: 1,
            people: 1_000,
            friends: 150,
            files: 1,
            file_mib: 1024,
            clients: 1,
            download: false,
            loss_percent: 0,
            mbit_per_second: 0,
            round_trip_ms: 0,
            queue_ms: 50,
            attack: Attack::default(),
            attacks_per_second: 0,
        }
    }
}

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// The scenarios that come with the program.
        pub(crate) const SCENARIOS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*];
    };
}

scenarios!(
    "relay",
    "growth",
    "fanout-200",
    "fanout-1000",
    "offline",
    "idle-1000",
    "idle-10000",
    "login",
    "resume",
    "history",
    "search",
    "search-100",
    "mixed",
    "upload",
    "upload-100",
    "download",
    "download-100",
    "upload-nginx",
    "download-nginx",
    "beside",
    "beside-loss-1",
    "beside-loss-5",
    "beside-link",
    "beside-link-down",
    "moments-1k",
    "moments-10k",
    "moments-100k",
    "moments-5000-friends",
    "group-100",
    "group-10k",
    "group-100k",
    "recommend-1k",
    "recommend-10k",
    "recommend-100k",
    "siege-half-open",
    "siege-stuck",
    "siege-slow",
);

/// Names that mean one of several scenarios: the one of the usual size.
pub(crate) const ALIASES: &[(&str, &str)] = &[("fanout", "fanout-200"), ("idle", "idle-1000")];

impl Scenario {
    /// A scenario by its name, or from a TOML file.
    pub fn load(name: &str) -> Result<Self> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, meant)| *meant);
        let known = SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        let text = match known {
            Some(text) => text,
            None if std::path::Path::new(name).extension().is_some_and(|kind| kind == "toml") => {
                std::fs::read_to_string(name).map_err(|error| Error::new(name, error))?
            }
            None => {
                let names: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
                return Err(Error(format!(
                    "there is no scenario {name:?}; use a TOML file or one of {}",
                    names.join(", ")
                )));
            }
        };
        let mut scenario: Self = toml::from_str(&text).map_err(|error| Error::new(name, error))?;
        if scenario.name.is_empty() {
            let stem = std::path::Path::new(name).file_stem().unwrap_or_default();
            scenario.name = stem.to_string_lossy().into_owned();
        }
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<()> {
        let bounds = [
            ("groups", self.groups, 1, 10_000),
            ("members", self.members, 2, 100_000),
            ("payload_bytes", self.payload_bytes, 16, 16_000),
            ("in_flight", self.in_flight, 1, 256),
            ("seconds", self.seconds, 1, 600),
            ("messages", self.messages, 1, 1_000_000),
            ("connections", self.connections, 1, 20_000),
            ("scopes", self.scopes, 1, 1_000),
            ("people", self.people, 1_000, 200_000),
            ("friends", self.friends, 1, 5_000),
            ("clients", self.clients, 1, 1_000),
            ("loss_percent", self.loss_percent, 0, 50),
            ("mbit_per_second", self.mbit_per_second, 0, 10_000),
            ("round_trip_ms", self.round_trip_ms, 0, 2_000),
            ("queue_ms", self.queue_ms, 1, 2_000),
            ("attacks_per_second", self.attacks_per_second, 0, 100_000),
        ];
        for (name, value, min, max) in bounds {
            if !(min..=max).contains(&value) {
                return Err(Error(format!("{name}: {value} is not allowed; use {min} to {max}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_comes_with_the_program_loads() {
        for (name, _) in SCENARIOS {
            assert_eq!(Scenario::load(name).unwrap().name, *name);
        }
    }

    #[test]
    fn an_alias_is_the_scenario_that_it_means() {
        for (alias, meant) in ALIASES {
            assert_eq!(Scenario::load(alias).unwrap(), Scenario::load(meant).unwrap());
        }
    }

    #[test]
    fn an_unknown_scenario_names_those_that_exist() {
        assert!(Scenario::load("nothing").unwrap_err().0.contains("relay"));
    }
}
