//! The client commands of `litrocket`, over the SDK only.
//!
//! [`Command`] is what can be typed, [`run`] carries it out. [`profile`] keeps who is signed in, [`output`] prints
//! for people or as JSON ([`objects`] says which), [`failure`] says why something does not work, [`resolve`] finds conversations and names, [`words`] holds the texts in both languages.
#![warn(missing_docs)]

mod commands;
mod failure;
mod hints;
mod markdown;
pub mod objects;
mod output;
mod pages;
mod password;
mod profile;
mod resolve;
mod session;
pub mod values;
mod words;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand, builder::TypedValueParser as _};

pub use commands::{
    InvitationCommand, MeCommand, PrivacyArgs,
    avatar::AvatarCommand,
    email::EmailCommand,
    ending::AccountCommand,
    files::FileCommand,
    find::Find,
    forward::ForwardArgs,
    friends::Friend,
    groups::{Group, GroupLinkCommand},
    moments::{MomentAudience, MomentCommand},
    recover::RecoverArgs,
    report::ReportArgs,
    translate::TranslateArgs,
    voice::VoiceCommand,
    word::WordCommand,
};
use failure::Failure;
pub use hints::program;
use output::Output;
pub use output::time;
pub use password::PasswordArgs;
use session::Context;
use values::{how_many, whole};
pub use words::{Words, help};

/// The profile without a name.
const DEFAULT_PROFILE: &str = "default";
/// The longest time a command waits for a server: what would last longer is better begun again.
const TIMEOUT_MAX_S: u64 = 86_400;
/// How long a command waits for what it sends, and for a connection: a server that answers does so at once.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Flags of every client command.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Where the server is: HOST:PORT or a litrocket:// address. Remembered by the profile.
    #[arg(long, global = true, value_name = "HOST:PORT", env = "LITROCKET_SERVER", help_heading = "Client")]
    pub server: Option<String>,
    /// The CA file to trust. Its fingerprint is remembered by the profile.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "LITROCKET_CA",
        help_heading = "Client",
        value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from)
    )]
    pub ca: Option<PathBuf>,
    /// Which sign-in to use: each profile has its own credentials and cursors.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "LITROCKET_PROFILE",
        default_value = DEFAULT_PROFILE,
        help_heading = "Client"
    )]
    pub profile: String,
    /// Print one JSON object per line.
    #[arg(long, global = true, help_heading = "Client")]
    pub json: bool,
    /// How long to wait for the server, in seconds, at most a day; without it 10 to connect, and 30 for what is sent.
    #[arg(long, global = true, value_name = "SECS", value_parser = whole(1..=TIMEOUT_MAX_S), help_heading = "Client")]
    pub timeout: Option<u64>,
    /// The language of texts: en or zh. By default from LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, global = true, value_name = "LANG", env = "LITROCKET_LANG", help_heading = "Client")]
    pub lang: Option<String>,
}

/// The client commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Create an account and sign in.
    Register {
        /// The account name, for ever: 2 to 32 letters and digits, with _ - . behind the first.
        name: String,
        /// An invite, where the server asks for one.
        #[arg(long, value_name = "CODE")]
        invite: Option<String>,
        /// An e-mail address, by which the account can be recovered. A code is sent there and asked for.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// The code that was sent there, where nobody can be asked for it.
        #[arg(long, value_name = "DIGITS", requires = "email")]
        code: Option<String>,
        /// A name for this device.
        #[arg(long)]
        label: Option<String>,
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set a new password without the old one: by a code that is sent by mail, or by the recovery code.
    Recover(RecoverArgs),
    /// Show, change and confirm the e-mail address of the account.
    #[command(subcommand)]
    Email(EmailCommand),
    /// Sign in on this device.
    Login {
        /// The account name.
        name: String,
        /// A name for this device.
        #[arg(long)]
        label: Option<String>,
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Sign out and forget everything of the profile but where the server is.
    Logout,
    /// List the signed-in devices, or sign one out.
    Devices {
        /// The session to sign out.
        #[arg(long, value_name = "ID")]
        revoke: Option<u64>,
    },
    /// Show who is signed in.
    Whoami,
    /// Show a profile, or change your own.
    Profile {
        /// Whose; your own without a name.
        name: Option<String>,
        /// The name to show.
        #[arg(long)]
        display_name: Option<String>,
        /// A line about oneself.
        #[arg(long)]
        signature: Option<String>,
        /// The language, for example en or zh-CN.
        #[arg(long)]
        locale: Option<String>,
        /// female, male, other, or empty.
        #[arg(long, value_parser = values::sex)]
        sex: Option<String>,
        /// A day from 1900 on as YYYY-MM-DD, or empty.
        #[arg(long)]
        birthday: Option<String>,
        /// Whether others see sex and birthday.
        #[arg(long, value_name = "BOOL")]
        show_personal: Option<bool>,
    },
    /// Show what others learn of you and who may turn to you, or change it.
    Privacy(PrivacyArgs),
    /// Change the password: asks for the current one, then twice for the new one. Where nobody can be asked,
    /// LITROCKET_PASSWORD and LITROCKET_NEW_PASSWORD hold them.
    Passwd {
        /// Sign all other devices out.
        #[arg(long)]
        end_others: bool,
        /// Read the current password from the first line of standard input, the new one from the second.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Take everything the server holds of you with you, or leave.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Send a message.
    Send {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// The text; - reads standard input, one message a line.
        text: String,
        /// The event to answer.
        #[arg(long, value_name = "SEQ")]
        reply: Option<u64>,
        /// How the text is marked up: md1 is a small Markdown. Plain without it.
        #[arg(long, value_name = "FORMAT", value_parser = [litrocket_protocol::markdown::FORMAT])]
        format: Option<String>,
        /// The id of a message that an `unsent` line named: sent again, it is the same message.
        #[arg(long, value_name = "UUID", value_parser = message_id)]
        id: Option<litrocket_protocol::MessageId>,
    },
    /// Print what happens, until stopped.
    Listen {
        /// Stop after so many messages.
        #[arg(long, value_name = "N", value_parser = how_many())]
        count: Option<u64>,
        /// Stop when nothing came for so many seconds.
        #[arg(long, value_name = "SECS")]
        idle: Option<u64>,
        /// From the beginning of every conversation instead of from where this profile stands.
        #[arg(long)]
        from_start: bool,
    },
    /// Print the messages of a conversation, oldest first.
    History {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// How many messages.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = how_many())]
        limit: u64,
        /// Those before this event.
        #[arg(long, value_name = "SEQ", conflicts_with = "after")]
        before: Option<u64>,
        /// Those after this event.
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
    },
    /// Search the messages of all conversations, newest first.
    Search {
        /// Words, or Chinese text.
        text: String,
        /// Only here: @name, #group, @me, or a conversation's number.
        #[arg(long = "in", value_name = "TO")]
        within: Option<String>,
        /// How many messages.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = how_many())]
        limit: u64,
    },
    /// Tell the operators of a message, a person, a group or a moment that should not be.
    Report(ReportArgs),
    /// List what the operators told everybody.
    Announcements {
        /// Those behind this one.
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
    },
    /// Print the protocol: every code with its fields, bounds, callers and faults.
    Protocol,
    /// Make an invite for signing up (operators).
    Invite {
        /// For how many accounts: 1 to 1000.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=1000))]
        uses: u64,
        /// For how many days: 1 to 90.
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = whole(1..=90))]
        days: u64,
    },
    /// Make and change groups.
    #[command(subcommand)]
    Group(Group),
    /// Answer invitations into groups.
    #[command(subcommand)]
    Invitation(InvitationCommand),
    /// Your address for others.
    #[command(subcommand)]
    Me(MeCommand),
    /// Send and fetch files; an interrupted command goes on when it is given again.
    #[command(subcommand)]
    File(FileCommand),
    /// Make friends, and keep people away.
    #[command(subcommand)]
    Friend(Friend),
    /// Show moments to friends, and see theirs.
    #[command(subcommand)]
    Moment(MomentCommand),
    /// Faces of people and groups: set, get, remove.
    #[command(subcommand)]
    Avatar(AvatarCommand),
    /// Voice messages: send, record, get, play.
    #[command(subcommand)]
    Voice(VoiceCommand),
    /// Find people and groups by a part of their name.
    #[command(subcommand)]
    Find(Find),
    /// Put an emoji on a message, or take it off.
    React {
        /// The conversation.
        to: String,
        /// The message.
        seq: u64,
        /// One emoji.
        emoji: String,
        /// Take it off.
        #[arg(long)]
        remove: bool,
    },
    /// Give one of your messages new words.
    Edit {
        /// The conversation.
        to: String,
        /// The message.
        seq: u64,
        /// The new text.
        text: String,
        /// How the text is marked up: md1 is a small Markdown. Plain without it.
        #[arg(long, value_name = "FORMAT", value_parser = [litrocket_protocol::markdown::FORMAT])]
        format: Option<String>,
    },
    /// Send a message to somebody else, with its file if it has one.
    Forward(ForwardArgs),
    /// Take one of your messages back.
    Recall {
        /// The conversation.
        to: String,
        /// The message.
        seq: u64,
    },
    /// Mark a conversation as read.
    Read {
        /// The conversation.
        to: String,
        /// Up to this event; the last one without it.
        #[arg(long, value_name = "SEQ")]
        seq: Option<u64>,
    },
    /// Look words up and keep your own.
    #[command(subcommand)]
    Word(WordCommand),
    /// Translate a text or a message by the server's engine.
    Translate(TranslateArgs),
    /// List conversations with their unread counts, most recent first.
    Conversations {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = how_many())]
        limit: u64,
    },
}

/// Carries a command out; the exit code is 0 ok, 1 refused by the server, 2 usage, 3 unreachable.
pub async fn run(command: Command, common: CommonArgs) -> ExitCode {
    let common = common.without_empty();
    hints::remember(&common);
    let words = words::Words::choose(common.lang.as_deref());
    let output = Output::new(common.json, words);
    let context = Context::new(common, output);
    let code = commands::run(&context, command).await.unwrap_or_else(|failure| {
        context.output.failure(&failure);
        failure.exit_code()
    });
    context.close().await;
    code
}

/// Refuses a language that this program does not speak, for commands that are no client's.
#[must_use]
pub fn refuse_language(common: &CommonArgs) -> Option<ExitCode> {
    let common = common.clone().without_empty();
    let failure = words::Words::check(common.lang.as_deref()).err()?;
    Output::new(common.json, words::Words::choose(None)).failure(&failure);
    Some(failure.exit_code())
}

fn message_id(text: &str) -> Result<litrocket_protocol::MessageId, String> {
    litrocket_protocol::MessageId::parse(text).ok_or_else(|| "an id is a UUID, 32 hex digits".into())
}

impl CommonArgs {
    /// A variable of the environment that is empty counts as not set, as shells set them. An empty flag does not: it is
    /// somebody's mistake.
    fn without_empty(mut self) -> Self {
        let empty = |name: &str| std::env::var_os(name).is_some_and(|value| value.is_empty());
        self.server = self.server.filter(|server| !(server.is_empty() && empty("LITROCKET_SERVER")));
        self.ca = self.ca.filter(|ca| !(ca.as_os_str().is_empty() && empty("LITROCKET_CA")));
        self.lang = self.lang.filter(|lang| !(lang.is_empty() && empty("LITROCKET_LANG")));
        if self.profile.is_empty() && empty("LITROCKET_PROFILE") {
            self.profile = DEFAULT_PROFILE.into();
        }
        self
    }

    fn patience(&self) -> Duration {
        self.timeout.map_or(PATIENCE, Duration::from_secs)
    }

    fn connect_patience(&self) -> Duration {
        self.timeout.map_or(CONNECT_PATIENCE, Duration::from_secs)
    }
}

#[cfg(test)]
mod documents;
