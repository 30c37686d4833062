//! The client commands of `litrocket`, over the SDK only.
//!
//! [`Command`] is what can be typed, [`run`] carries it out. [`profile`] keeps who is signed in, [`output`] prints
//! for people or as JSON ([`objects`] says which), [`failure`] says why something does not work, [`resolve`] finds conversations and names, [`words`] holds the texts in both languages.

mod commands;
mod failure;
mod markdown;
pub mod objects;
mod output;
mod password;
mod profile;
mod resolve;
mod session;
mod words;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand, builder::TypedValueParser as _};

pub use commands::{
    InvitationCommand, MeCommand, PrivacyArgs,
    avatar::AvatarCommand,
    email::EmailCommand,
    ending::AccountCommand,
    forward::ForwardArgs,
    groups::{Group, GroupLinkCommand},
    recover::RecoverArgs,
    report::ReportArgs,
    voice::VoiceCommand,
};
use failure::Failure;
use output::Output;
pub use output::time;
use session::Context;

/// The profile without a name.
const DEFAULT_PROFILE: &str = "default";

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
    /// How long to wait for the server, in seconds.
    #[arg(long, global = true, value_name = "SECS", default_value_t = 30, help_heading = "Client")]
    pub timeout: u64,
    /// The language of texts: en or zh. By default from LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, global = true, value_name = "LANG", env = "LITROCKET_LANG", help_heading = "Client")]
    pub lang: Option<String>,
}

/// How a password comes in. Never as an argument: others could read it.
#[derive(Debug, Clone, Default, Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of standard input instead of a prompt or LITROCKET_PASSWORD.
    #[arg(long)]
    pub password_stdin: bool,
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
    /// Show a profile, or change the own one.
    Profile {
        /// Whose; the own one without a name.
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
        #[arg(long)]
        sex: Option<String>,
        /// YYYY-MM-DD, or empty.
        #[arg(long)]
        birthday: Option<String>,
        /// Whether others see sex and birthday.
        #[arg(long, value_name = "BOOL")]
        show_personal: Option<bool>,
    },
    /// Show what others learn of you and who may turn to you, or change it.
    Privacy(PrivacyArgs),
    /// Change the password: asks for the one so far, then twice for the new one. Where nobody can be asked,
    /// LITROCKET_PASSWORD and LITROCKET_NEW_PASSWORD hold them.
    Passwd {
        /// Sign all other devices out.
        #[arg(long)]
        end_others: bool,
        /// Read the password so far from the first line of standard input, the new one from the second.
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
        #[arg(long, value_name = "N")]
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
        #[arg(long, value_name = "N", default_value_t = 50)]
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
        #[arg(long, value_name = "N", default_value_t = 50)]
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
        /// For how many accounts.
        #[arg(long, default_value_t = 1)]
        uses: u64,
        /// For how many days.
        #[arg(long, default_value_t = 7)]
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
    /// Give an own message new words.
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
    /// Take an own message back.
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
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
    },
}

/// What is translated, and into what.
#[derive(Debug, Clone, Args)]
pub struct TranslateArgs {
    /// The text; - reads standard input.
    #[arg(conflicts_with_all = ["within", "list"])]
    pub text: Option<String>,
    /// Into this language, for example es; your own without it.
    #[arg(long, value_name = "LANG")]
    pub to: Option<String>,
    /// From this language; found out without it.
    #[arg(long, value_name = "LANG")]
    pub from: Option<String>,
    /// The conversation of a message: @name, #group, @me, or its number.
    #[arg(long = "in", value_name = "TO", requires = "seq")]
    pub within: Option<String>,
    /// The message.
    #[arg(long, value_name = "SEQ", requires = "within")]
    pub seq: Option<u64>,
    /// Only say which language the text is in.
    #[arg(long, requires = "text")]
    pub detect: bool,
    /// List what the engine translates.
    #[arg(long)]
    pub list: bool,
}

/// What can be done with words.
#[derive(Debug, Clone, Subcommand)]
pub enum WordCommand {
    /// Look a word up: Chinese, pinyin with or without tones, or English. Your own words come first.
    Look {
        /// The word.
        text: String,
        /// zh when it is Chinese or pinyin, en when it is English; both without it.
        #[arg(long, value_name = "LANG")]
        from: Option<String>,
        /// How many entries.
        #[arg(long, value_name = "N", default_value_t = 10)]
        limit: u64,
        /// Make the entry with this number one of your own words.
        #[arg(long, value_name = "NUMBER")]
        keep: Option<u64>,
    },
    /// Add one of your own words.
    Add {
        /// The word.
        word: String,
        /// What it means.
        meaning: String,
        /// How it is read.
        #[arg(long, default_value = "", hide_default_value = true)]
        reading: String,
        /// How it is used.
        #[arg(long, default_value = "", hide_default_value = true)]
        example: String,
        /// Anything else.
        #[arg(long, default_value = "", hide_default_value = true)]
        note: String,
    },
    /// Change one of your own words.
    Edit {
        /// The word, or its id.
        #[arg(value_name = "WORD")]
        which: String,
        /// The new word.
        #[arg(long)]
        word: Option<String>,
        /// How it is read.
        #[arg(long)]
        reading: Option<String>,
        /// What it means.
        #[arg(long)]
        meaning: Option<String>,
        /// How it is used.
        #[arg(long)]
        example: Option<String>,
        /// Anything else.
        #[arg(long)]
        note: Option<String>,
    },
    /// Delete one of your own words.
    Delete {
        /// The word, or its id.
        #[arg(value_name = "WORD")]
        which: String,
    },
    /// List your own words, newest first.
    List {
        /// Only those whose word, reading or meaning has a word that begins so.
        find: Option<String>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
    },
    /// Add the words of a CSV file with the columns word, reading, meaning, example, note.
    Import {
        /// The file; - reads standard input.
        file: String,
    },
    /// Write your own words as CSV.
    Export {
        /// The file; - writes standard output.
        #[arg(default_value = "-")]
        file: String,
    },
}

/// Who sees a moment.
#[derive(Debug, Clone, Args)]
pub struct MomentAudience {
    /// Only this friend; may be given again.
    #[arg(long, value_name = "@NAME")]
    pub only: Vec<String>,
    /// All friends but this one; may be given again.
    #[arg(long, value_name = "@NAME", conflicts_with = "only")]
    pub except: Vec<String>,
    /// Nobody but you.
    #[arg(long, conflicts_with_all = ["only", "except"])]
    pub private: bool,
    /// Everybody, not only friends.
    #[arg(long, conflicts_with_all = ["only", "except", "private"])]
    pub everybody: bool,
}

/// What can be done with moments.
#[derive(Debug, Clone, Subcommand)]
pub enum MomentCommand {
    /// Post a moment; your friends see it unless you say otherwise.
    Post {
        /// The text; - reads standard input. May be left out where there are pictures.
        #[arg(default_value = "", hide_default_value = true, required_unless_present = "images")]
        text: String,
        /// A picture; up to nine.
        #[arg(long = "image", value_name = "PATH")]
        images: Vec<PathBuf>,
        /// What a picture shows, for who does not see it: one for each picture, in their order.
        #[arg(long = "alt", value_name = "TEXT", requires = "images")]
        alts: Vec<String>,
        /// Send pictures as they are, with the place, the camera and the time that they tell.
        #[arg(long)]
        keep_location: bool,
        #[command(flatten)]
        audience: MomentAudience,
    },
    /// Print the moments of you and your friends, newest first, and mark them as seen.
    Feed {
        /// Those before this moment.
        #[arg(long, value_name = "ID")]
        before: Option<u64>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Print one person's moments, newest first.
    Page {
        /// Whose; your own without a name.
        #[arg(value_name = "@NAME", default_value = "@me")]
        name: String,
        /// Those before this moment.
        #[arg(long, value_name = "ID")]
        before: Option<u64>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Print a moment with all its likes and comments.
    Show {
        /// Which.
        id: u64,
    },
    /// Like a moment.
    Like {
        /// Which.
        id: u64,
    },
    /// Take a like back.
    Unlike {
        /// Which.
        id: u64,
    },
    /// Write a comment on a moment.
    Comment {
        /// Which moment.
        id: u64,
        /// The text.
        text: String,
        /// The comment to answer.
        #[arg(long, value_name = "COMMENT")]
        reply: Option<u64>,
    },
    /// Delete an own moment, or a comment.
    Delete {
        /// Which moment.
        id: u64,
        /// Only this comment: an own one, or any on an own moment.
        #[arg(long, value_name = "COMMENT")]
        comment: Option<u64>,
    },
    /// Change who sees an own moment; all friends when nothing else is said.
    Visibility {
        /// Which.
        id: u64,
        #[command(flatten)]
        audience: MomentAudience,
    },
    /// Say whether there are moments you have not seen.
    New,
    /// Keep somebody's moments out of your feed; they are not told.
    Hide {
        /// Whose.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Let somebody's moments into your feed again.
    Unhide {
        /// Whose.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List whose moments you keep out.
    Hidden,
}

/// What can be found.
#[derive(Debug, Clone, Subcommand)]
pub enum Find {
    /// People: by a part of handle or display name, Chinese also by pinyin and its first letters.
    People {
        /// A part of the name.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Groups that let themselves be found: by a part of the name, Chinese also by pinyin and its first letters.
    Groups {
        /// A part of the name.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
}

/// What can be done with files.
#[derive(Debug, Clone, Subcommand)]
pub enum FileCommand {
    /// Send files; each is a message.
    Send {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// The files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Words beside them.
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// What a picture shows, for who does not see it.
        #[arg(long, default_value = "", hide_default_value = true)]
        alt: String,
        /// Send the message before the bytes: others may begin to fetch at once.
        #[arg(long)]
        early: bool,
        /// Send pictures as they are, with the place, the camera and the time that they tell.
        #[arg(long)]
        keep_location: bool,
    },
    /// Send a file that one may read already to somebody else.
    Share {
        /// The file's number.
        file: u64,
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// Words beside it.
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// What a picture shows, for who does not see it.
        #[arg(long, default_value = "", hide_default_value = true)]
        alt: String,
    },
    /// Fetch a file.
    Get {
        /// The file's number, as messages show it.
        file: u64,
        /// Where to: a folder, or a file, which is replaced. The current folder without it.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace a file of the same name instead of adding a number.
        #[arg(long)]
        replace: bool,
    },
    /// Put files among those of a group.
    Put {
        /// #group or its number.
        group: String,
        /// The files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Into which folder.
        #[arg(long, value_name = "NAME")]
        folder: Option<String>,
    },
    /// List the files of a group.
    List {
        /// #group or its number.
        group: String,
        /// Which folder; the top without it.
        folder: Option<String>,
        /// Only names with this in them; in all folders without one.
        #[arg(long, value_name = "TEXT")]
        find: Option<String>,
        /// In which order: name, newest, largest.
        #[arg(long, value_name = "ORDER", default_value = "name", value_parser = ["name", "newest", "largest"])]
        sort: String,
    },
    /// Make a folder among the files of a group.
    Folder {
        /// #group or its number.
        group: String,
        /// Its name.
        name: String,
    },
    /// Give a file or folder of a group another name.
    Rename {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
        /// The new name.
        name: String,
    },
    /// Move a file of a group into a folder, or with / to the top.
    Move {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
        /// The folder's name.
        folder: String,
    },
    /// Delete a file or an empty folder of a group.
    Delete {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
    },
    /// List own files, the newest first, and what they take.
    Own {
        /// Only names with this in them.
        #[arg(value_name = "TEXT")]
        find: Option<String>,
    },
    /// Delete an own file: it counts no more, and messages and groups show it as not kept any more, for good.
    Remove {
        /// The file's number.
        file: u64,
    },
    /// List own uploads that are not complete, and what the own files take.
    Status,
    /// Give an upload up.
    Cancel {
        /// The file's number.
        file: u64,
    },
}

/// What can be done with friends.
#[derive(Debug, Clone, Subcommand)]
pub enum Friend {
    /// Ask somebody to be a friend; who has asked you becomes one at once.
    Add {
        /// Whom: a name, or the litrocket:// address they gave you.
        #[arg(value_name = "@NAME")]
        name: String,
        /// A word that goes with it.
        #[arg(long, short, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Accept a friend request.
    Accept {
        /// Who asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Refuse a friend request.
    Refuse {
        /// Who asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Take an own friend request back.
    Withdraw {
        /// Who was asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List the friend requests that wait for you.
    Requests {
        /// Those you made instead.
        #[arg(long)]
        sent: bool,
    },
    /// Let a stranger in who wrote to you: from now on it is a conversation as any other.
    LetIn {
        /// Who wrote.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Turn a stranger away who wrote to you: they cannot write any more, and are not told why.
    TurnAway {
        /// Who wrote.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Show whom you may know, and why.
    Recommend {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Keep somebody out of what is recommended.
    Dismiss {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List friends.
    List {
        /// Only those with this tag.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Call a friend by a name that only you see.
    Remark {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// What to call them; empty for nothing.
        text: String,
    },
    /// Give a friend tags that only you see; all at once.
    Tag {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// The tags; none takes all off.
        #[arg(value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Mark a friend with a star.
    Star {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// Take it off.
        #[arg(long)]
        remove: bool,
    },
    /// End a friendship, on both sides.
    Delete {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Keep somebody away; they are not told.
    Block {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Take a block off.
    Unblock {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List whom you block.
    Blocked,
}

/// Carries a command out; the exit code is 0 ok, 1 refused by the server, 2 usage, 3 unreachable.
pub async fn run(command: Command, common: CommonArgs) -> ExitCode {
    let common = common.without_empty();
    let words = words::Words::choose(common.lang.as_deref());
    let output = Output::new(common.json, words);
    let context = Context::new(common, output);
    match commands::run(&context, command).await {
        Ok(code) => code,
        Err(failure) => {
            context.output.failure(&failure);
            context.close().await;
            failure.exit_code()
        }
    }
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
        Duration::from_secs(self.timeout.max(1))
    }
}

#[cfg(test)]
mod documents;
