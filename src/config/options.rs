//! Every option with its doc, default and bounds.

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::{cause, cause::Cause};

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct ConfigOption {
    /// The section in the file.
    pub section: &'static str,
    /// The key in the section.
    pub key: &'static str,
    /// What it does, with its unit.
    pub doc: &'static str,
    /// Its default.
    pub default: fn() -> Value,
    /// The bounds of a number.
    pub bounds: Option<(u64, u64)>,
}

macro_rules! config {
    ($(
        $(#[doc = $sdoc:literal])+
        $section:ident: $Section:ident {
            $( $(#[doc = $doc:literal])+ $key:ident: $ty:ty = $default:expr $(, in $min:literal ..= $max:literal)? ; )*
        }
    )*) => {
        $(
            $(#[doc = $sdoc])+
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $Section {
                $( $(#[doc = $doc])+ pub $key: $ty, )*
            }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $( $key: $default.into(), )* }
                }
            }
        )*

        /// The whole configuration.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config {
            $( $(#[doc = $sdoc])+ pub $section: $Section, )*
        }

        /// Every option, in the order of the file.
        pub const OPTIONS: &[ConfigOption] = &[$($(
            ConfigOption {
                section: stringify!($section),
                key: stringify!($key),
                doc: concat!($($doc, "\n"),+),
                default: || value($Section::default().$key),
                bounds: config!(@bounds $($min, $max)?),
            },
        )*)*];

        fn number(config: &Config, section: &str, key: &str) -> Option<u64> {
            match (section, key) {
                $($( (stringify!($section), stringify!($key)) => value(config.$section.$key.clone()).as_integer().and_then(|n| u64::try_from(n).ok()), )*)*
                _ => None,
            }
        }
    };
    (@bounds $min:literal, $max:literal) => { Some(($min, $max)) };
    (@bounds) => { None };
}

fn value<T: Serialize>(of: T) -> Value {
    Value::try_from(of).expect("numbers, words and lists of words have a TOML form")
}

config! {
    /// Where the server is and who may use it.
    server: Server {
        /// Where to listen (UDP). 127.0.0.1:4433 serves this machine, `[::]:4433` everybody.
        listen: String = "127.0.0.1:4433";
        /// The data folder: database, keys, logs.
        data: String = "./data";
        /// The folder of the local CA and the server's certificate.
        certs: String = "./certs";
        /// Names for the certificate beside localhost, the loopback addresses and the host name.
        names: Vec<String> = Vec::<String>::new();
        /// The operator's own certificate chain as a PEM file; empty for one of the local CA.
        certificate: String = "";
        /// The private key of the operator's own certificate as a PEM file.
        certificate_key: String = "";
        /// The HOST:PORT that litrocket:// addresses name; empty for the first name of `names` or localhost.
        public_address: String = "";
        /// Who may sign up: open, invite, closed; auto is open on loopback addresses and invite elsewhere.
        sign_up: String = "auto";
        /// How long a stop may take, in milliseconds: accepted work is finished and acked.
        shutdown_grace_ms: u64 = 10_000_u64, in 0 ..= 600_000;
    }
    /// QUIC.
    transport: Transport {
        /// Silence after which a connection ends, in milliseconds.
        idle_timeout_ms: u64 = 30_000_u64, in 2_000 ..= 600_000;
        /// How often a silent connection is kept alive, in milliseconds.
        keep_alive_ms: u64 = 15_000_u64, in 500 ..= 300_000;
        /// Connections at the same time; fewer where the process may not have the memory, at 64 KiB each beside 96 MiB.
        connections_max: u64 = 50_000_u64, in 1 ..= 10_000_000;
        /// Connections at the same time from one IPv4 address or IPv6 /64 network.
        connections_per_address_max: u64 = 2_000_u64, in 1 ..= 10_000_000;
        /// Handshakes at the same time, beside the connections; each takes about 45 KiB. One network (IPv4 /24, IPv6 /64) may
        /// have as many as it leaves free.
        handshakes_max: u64 = 300_u64, in 8 ..= 1_000_000;
        /// Handshakes at the same time before new addresses have to show that they are theirs (QUIC Retry); at most half of
        /// handshakes_max.
        handshakes_unvalidated_max: u64 = 150_u64, in 0 ..= 1_000_000;
        /// Bidirectional streams a client may have open at the same time.
        bidi_streams_max: u64 = 16_u64, in 4 ..= 256;
        /// Unidirectional streams a client may have open at the same time.
        uni_streams_max: u64 = 4_u64, in 0 ..= 64;
        /// Whether a resumed client may say hello in its first flight (0-RTT).
        zero_rtt: bool = false;
        /// Whether the kernel may send several packets in one call; switch off where a driver fails with it.
        gso: bool = true;
    }
    /// The database.
    storage: Storage {
        /// What an ack survives: full (power loss) or normal (a crash of the program).
        durability: String = "full";
        /// Connections for reading.
        readers: u64 = 4_u64, in 1 ..= 64;
        /// Commands in one transaction, at most.
        batch_max: u64 = 512_u64, in 1 ..= 10_000;
        /// The write-ahead log is copied back into the database beyond this size, in MiB. Sends wait meanwhile: a larger
        /// one is copied less often and costs less in all, a smaller one makes the longest acks shorter.
        wal_mib: u64 = 16_u64, in 1 ..= 4_096;
        /// Free space below which nothing is written, in MiB; reading goes on.
        disk_reserve_mib: u64 = 64_u64, in 0 ..= 1_000_000;
        /// How long one read may take, in milliseconds.
        read_time_ms: u64 = 5_000_u64, in 100 ..= 60_000;
    }
    /// Accounts and passwords.
    accounts: Accounts {
        /// Memory of one password hash, in KiB (OWASP: 19456 with 2 iterations and parallelism 1).
        argon2_memory_kib: u64 = 19_456_u64, in 8 ..= 1_048_576;
        /// Iterations of one password hash.
        argon2_iterations: u64 = 2_u64, in 1 ..= 100;
        /// Lanes of one password hash.
        argon2_parallelism: u64 = 1_u64, in 1 ..= 16;
        /// Password hashes at the same time.
        hashes_max: u64 = 2_u64, in 1 ..= 64;
        /// Requests that may wait for a password hash; beyond it they are told when to come back.
        hashes_waiting_max: u64 = 256_u64, in 1 ..= 100_000;
        /// Failed sign-ins an account takes from devices it does not know, per 15 minutes.
        failures_per_account: u64 = 20_u64, in 1 ..= 100_000;
        /// Failed sign-ins one address (IPv6: /64) may make, per 15 minutes.
        failures_per_address: u64 = 50_u64, in 1 ..= 1_000_000;
        /// Accounts one address (IPv6: /64) may make per hour.
        sign_ups_per_address: u64 = 1_000_u64, in 1 ..= 1_000_000;
        /// Signed-in devices of one account; beyond it the one used longest ago is signed out.
        sessions_max: u64 = 100_u64, in 1 ..= 1_000;
        /// Whether accounts have e-mail addresses: off, optional, or required for signing up. Without mail.server it is off.
        email: String = "optional";
        /// How long a code that was sent by mail is good, in minutes.
        code_minutes: u64 = 10_u64, in 1 ..= 1_440;
        /// Seconds between two codes for one e-mail address.
        code_pause_seconds: u64 = 60_u64, in 0 ..= 3_600;
        /// Codes one e-mail address may be sent per hour.
        codes_per_email: u64 = 5_u64, in 1 ..= 10_000;
        /// Codes one network address (IPv6: /64) may ask for per hour.
        codes_per_address: u64 = 20_u64, in 1 ..= 1_000_000;
    }
    /// Mail that the server sends: codes for signing up and for recovering an account.
    mail: Mail {
        /// The mail server: `smtp://HOST:PORT` turns to TLS before anything is said (STARTTLS), `smtps://HOST:PORT` begins with it.
        /// Empty for no mail. Only `smtp://` to a loopback address without `ca` goes without TLS.
        server: String = "";
        /// The user name for the mail server; empty for none.
        user: String = "";
        /// A file with the password for the mail server, which nobody else may read; empty for none.
        password_file: String = "";
        /// The sender, for example `litrocket <no-reply@example.org>`.
        from: String = "";
        /// The CA to trust with the mail server as a PEM file; empty for the system's roots.
        ca: String = "";
        /// How long the mail server may take for one mail, in milliseconds.
        timeout_ms: u64 = 30_000_u64, in 100 ..= 300_000;
    }
    /// Bounds of what people can do.
    limits: Limits {
        /// Requests a second on one connection, in the long run; four times as many may come at once.
        requests_per_second: u64 = 100_u64, in 1 ..= 1_000_000;
        /// Requests a second of one account over all its connections; four times as many may come at once.
        account_requests_per_second: u64 = 200_u64, in 1 ..= 1_000_000;
        /// Requests a second of all who have not signed in, from one address (IPv6: /64); four times as many may come at once.
        guest_requests_per_second: u64 = 1_000_u64, in 1 ..= 10_000_000;
        /// Connections of one account at the same time; one more is refused until another ends.
        connections_per_account_max: u64 = 100_u64, in 1 ..= 100_000;
        /// Connections of one session at the same time, so that whoever copied a token cannot take all the account may have.
        connections_per_session_max: u64 = 25_u64, in 1 ..= 100_000;
        /// Messages a second of one account, in the long run; faster senders are read slower.
        sends_per_second: u64 = 200_u64, in 1 ..= 10_000_000;
        /// Messages that may come at once before that rate holds.
        sends_burst: u64 = 2_000_u64, in 1 ..= 10_000_000;
        /// Text of one message, in bytes.
        text_bytes_max: u64 = 16_384_u64, in 1 ..= 16_384;
        /// Members of a group.
        group_members_max: u64 = 100_000_u64, in 2 ..= 1_000_000;
        /// Groups one account may make per day.
        groups_per_day: u64 = 1_000_u64, in 1 ..= 1_000_000;
        /// How long a connection may stay without signing in, in milliseconds.
        guest_timeout_ms: u64 = 5_000_u64, in 500 ..= 60_000;
    }
    /// How people meet.
    people: People {
        /// Days after which a friend request or an invitation into a group ends without an answer.
        friend_request_days: u64 = 30_u64, in 1 ..= 365;
        /// Days for which an account counts as new.
        new_account_days: u64 = 3_u64, in 0 ..= 365;
        /// Strangers a new account may turn to in a day, with a friend request, a first message or an invitation into a
        /// group.
        strangers_per_day_new: u64 = 20_u64, in 0 ..= 1_000_000;
        /// The same for accounts that are not new.
        strangers_per_day: u64 = 200_u64, in 0 ..= 1_000_000;
        /// Messages of a stranger in a one-to-one before there is an answer; further ones are `not_accepting`.
        stranger_messages_max: u64 = 10_u64, in 1 ..= 1_000_000;
        /// Who may bring people into groups without asking them, while they have not chosen themselves: friends,
        /// everybody, nobody.
        groups_from_default: String = "friends";
    }
    /// Words and translation.
    words: Words {
        /// What translates: libretranslate (or a server that speaks like it), apertium (APy), or empty for nothing.
        engine: String = "";
        /// The URL of the translation engine, for example `http://127.0.0.1:2737`.
        engine_url: String = "";
        /// A file with the key that a LibreTranslate server asks for; empty for none.
        engine_key_file: String = "";
        /// The CA to trust with an https:// engine as a PEM file; empty for the system's roots.
        engine_ca: String = "";
        /// How long the engine may take for one translation, in milliseconds.
        engine_timeout_ms: u64 = 8_000_u64, in 100 ..= 15_000;
        /// Translations a second of one account, in the long run. What was translated before is not counted.
        translations_per_second: u64 = 1_u64, in 1 ..= 10_000;
        /// Translations that may come at once before that rate holds.
        translations_burst: u64 = 30_u64, in 1 ..= 100_000;
    }
    /// Files that people send.
    files: Files {
        /// Where files are kept: a folder, empty for the folder files in the data folder, or `s3://BUCKET/PREFIX`.
        store: String = "";
        /// The URL of an S3-compatible server, for example `https://minio.example.org`; empty for Amazon's.
        s3_endpoint: String = "";
        /// The region; empty for the one of the environment variable AWS_REGION.
        s3_region: String = "";
        /// A file with the id of the access key in its first line and the secret in its second; empty for the
        /// environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
        s3_key_file: String = "";
        /// The largest file, in MiB.
        file_mib_max: u64 = 4_096_u64, in 1 ..= 65_536;
        /// What the files of one account may take, in MiB.
        quota_mib: u64 = 10_240_u64, in 0 ..= 1_000_000_000;
        /// What the files of one group may take, beside those in its messages, in MiB.
        group_quota_mib: u64 = 10_240_u64, in 0 ..= 1_000_000_000;
        /// Free space below which no file is stored in a folder, in MiB.
        disk_reserve_mib: u64 = 512_u64, in 0 ..= 1_000_000;
        /// Days after which an upload is given up to which nothing was added.
        upload_days: u64 = 7_u64, in 1 ..= 365;
        /// Days after which files are deleted that no group keeps among its files; 0 keeps them while a message carries
        /// them.
        retention_days: u64 = 0_u64, in 0 ..= 36_500;
        /// Days, from when it was added, for which a file is kept that stands among the files of a group; 0 for as long
        /// as it stands there.
        group_retention_days: u64 = 0_u64, in 0 ..= 36_500;
        /// Memory for the chunks (1 MiB, of files above 4 GiB up to 16) that streams hold, in MiB. One account gets at
        /// most a quarter, and room for one chunk.
        memory_mib: u64 = 256_u64, in 16 ..= 1_000_000;
        /// Streams with files at the same time, also those that wait for a chunk.
        streams_max: u64 = 1_024_u64, in 1 ..= 100_000;
        /// The same of one account.
        streams_per_account: u64 = 16_u64, in 1 ..= 10_000;
        /// What the streams of one account may move together, in bytes a second, at least 65536; 0 for no bound.
        bytes_per_second: u64 = 0_u64, in 0 ..= 100_000_000_000;
        /// How long a stream with a file may make no progress, in milliseconds.
        stall_ms: u64 = 30_000_u64, in 100 ..= 30_000;
    }
    /// Logs. Files roll at midnight UTC.
    logs: Logs {
        /// What is logged: error, warn, info, debug, trace, or a filter such as litrocket=debug.
        level: String = "info";
        /// The folder of the daily files; empty for the folder logs in the data folder.
        folder: String = "";
        /// How many daily files are kept.
        days: u64 = 14_u64, in 1 ..= 3_650;
    }
}

/// Refuses numbers outside their bounds, by name.
pub(super) fn check_bounds(config: &Config) -> Result<(), Cause> {
    for option in OPTIONS {
        let (Some((min, max)), Some(given)) = (option.bounds, number(config, option.section, option.key))
        else {
            continue;
        };
        if !(min..=max).contains(&given) {
            let option = format!("{}.{}", option.section, option.key);
            return Err(cause!("{}: {} is not allowed; use {} to {}", &option, &given, &min, &max));
        }
    }
    Ok(())
}

#[cfg(test)]
/// The example file: every option with its doc, bounds and default.
pub(super) fn render_example() -> String {
    let mut out = String::from(
        "# Every option of the litrocket server with its default. Copy what you change into ./litrocket.toml or\n\
         # name a file with --config. LITROCKET_<SECTION>_<KEY> variables and flags win over the file; an empty variable\n\
         # counts as not set.\n",
    );
    let mut section = "";
    for option in OPTIONS {
        if option.section != section {
            section = option.section;
            out.push_str(&format!("\n[{section}]\n"));
        }
        for line in option.doc.trim_end().lines() {
            out.push_str(&format!("#{line}\n"));
        }
        if let Some((min, max)) = option.bounds {
            out.push_str(&format!("# Allowed: {min} to {max}.\n"));
        }
        out.push_str(&format!("{} = {}\n", option.key, (option.default)()));
    }
    out
}
