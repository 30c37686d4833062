//! What can be typed about groups.

use clap::Subcommand;

use crate::{
    commands::report::ReportArgs,
    values::{how_many, whole},
};

/// What can be done with groups.
#[derive(Debug, Clone, Subcommand)]
pub enum Group {
    /// Make a group.
    Create {
        /// Its name.
        name: String,
        /// The first members.
        #[arg(value_name = "@NAME")]
        members: Vec<String>,
        /// Whether those who join later may read what was said before.
        #[arg(long)]
        open_history: bool,
    },
    /// Bring people in.
    Invite {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME", required = true)]
        members: Vec<String>,
    },
    /// Remove somebody whose role is below yours.
    Remove {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        member: String,
    },
    /// Leave.
    Leave {
        /// #group or its number.
        group: String,
    },
    /// Give it another name (owner and administrators).
    Rename {
        /// #group or its number.
        group: String,
        /// The new name.
        name: String,
    },
    /// Hand it to another member (the owner); you stay an administrator.
    Transfer {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        member: String,
    },
    /// List its members.
    Members {
        /// #group or its number.
        group: String,
    },
    /// List the groups one is in.
    List,
    /// Show a group: what it is about, how people come in, who may do what.
    Show {
        /// #group or its number.
        group: String,
    },
    /// Change what a group is set to (owner and administrators).
    Set {
        /// #group or its number.
        group: String,
        /// What it is about; empty for nothing.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// How people come in: invited by members, on request, or open to all.
        #[arg(long, value_name = "HOW", value_parser = ["invited", "request", "open"])]
        joining: Option<String>,
        /// Whether everybody finds it by its name.
        #[arg(long, value_name = "BOOL")]
        discoverable: Option<bool>,
        /// Whether those who join later may read what was said before.
        #[arg(long, value_name = "BOOL")]
        open_history: Option<bool>,
    },
    /// Show who may do what, or change it (the owner).
    Permissions {
        /// #group or its number.
        group: String,
        /// THING=ROLE: write, invite, pin, announce, remove, upload, everybody or start; owner, administrator or
        /// member.
        #[arg(value_name = "THING=ROLE")]
        changes: Vec<String>,
    },
    /// Make a member an administrator, or one a member again (the owner).
    SetRole {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        member: String,
        /// administrator or member.
        #[arg(value_parser = ["administrator", "member"])]
        role: String,
    },
    /// Let members write only every so many seconds (owner and administrators).
    Slow {
        /// #group or its number.
        group: String,
        /// Between two messages of a member: at most 86400; 0 for no wait.
        seconds: u64,
    },
    /// Announce something to all members, or take the announcement down.
    Announce {
        /// #group or its number.
        group: String,
        /// The words; - reads standard input. None takes the announcement down.
        text: Option<String>,
    },
    /// Print the announcements, newest first, and mark them as seen.
    Announcements {
        /// #group or its number.
        group: String,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = how_many())]
        limit: u64,
    },
    /// List who has seen the announcement.
    Seen {
        /// #group or its number.
        group: String,
        /// Which; the current one without it.
        #[arg(long, value_name = "SEQ")]
        seq: Option<u64>,
    },
    /// Find groups by a part of their name, Chinese also by pinyin.
    Find {
        /// A part of the name.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = how_many())]
        limit: u64,
    },
    /// Join a group that was found, or that a link leads to.
    Join {
        /// #name or number of a group that can be found, a link (litrocket://…&group=CODE), or its code.
        group: String,
        /// A word to those who answer.
        #[arg(long, short, value_name = "TEXT", default_value = "", hide_default_value = true)]
        message: String,
    },
    /// Take back one of your requests to join.
    Withdraw {
        /// #name or number of the group.
        group: String,
    },
    /// List the requests to join that wait.
    Requests {
        /// #group or its number.
        group: String,
    },
    /// Answer a request to join.
    Answer {
        /// #group or its number.
        group: String,
        /// Who asked.
        #[arg(value_name = "@NAME")]
        member: String,
        /// accept or refuse.
        #[arg(value_parser = ["accept", "refuse"])]
        answer: String,
    },
    /// Make, list and drop links that let people in.
    #[command(subcommand)]
    Link(GroupLinkCommand),
    /// Call yourself by another name in a group.
    Nickname {
        /// #group or its number.
        group: String,
        /// The name; none takes it away.
        #[arg(default_value = "", hide_default_value = true)]
        name: String,
    },
    /// Keep a member from sending for a while.
    Mute {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        member: String,
        /// For how many minutes: 1 to 43200, which is 30 days.
        #[arg(long, value_name = "N", default_value_t = 60, value_parser = whole(1..=43_200))]
        minutes: u64,
    },
    /// Let a muted member send again.
    Unmute {
        /// #group or its number.
        group: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        member: String,
    },
    /// Keep somebody out; a member is removed.
    Ban {
        /// #group or its number.
        group: String,
        /// Whom.
        #[arg(value_name = "@NAME")]
        member: String,
    },
    /// Take a ban off.
    Unban {
        /// #group or its number.
        group: String,
        /// Whom.
        #[arg(value_name = "@NAME")]
        member: String,
    },
    /// List who is banned.
    Banned {
        /// #group or its number.
        group: String,
    },
    /// Pin a message for everybody.
    Pin {
        /// #group or its number.
        group: String,
        /// The message.
        seq: u64,
    },
    /// Take a pin off.
    Unpin {
        /// #group or its number.
        group: String,
        /// The message.
        seq: u64,
    },
    /// List the pinned messages.
    Pins {
        /// #group or its number.
        group: String,
    },
    /// Remove a message of somebody whose role is below yours.
    RemoveMessage {
        /// #group or its number.
        group: String,
        /// The message.
        seq: u64,
    },
    /// Tell the operators of a message, a group, a person or a moment; the same as `litrocket report`.
    Report(ReportArgs),
    /// List what those who look after the group did, newest first.
    Audit {
        /// #group or its number.
        group: String,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = how_many())]
        limit: u64,
    },
    /// End a group for everybody (the owner).
    Dissolve {
        /// #group or its number.
        group: String,
        /// The group's name again, to be sure.
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
}

/// What can be done with links into a group.
#[derive(Debug, Clone, Subcommand)]
pub enum GroupLinkCommand {
    /// Make a link.
    Make {
        /// #group or its number.
        group: String,
        /// How many may come by it: 1 to 100000.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = how_many())]
        uses: u64,
        /// For how many days: 1 to 365.
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = how_many())]
        days: u64,
    },
    /// List the links that still let people in.
    List {
        /// #group or its number.
        group: String,
    },
    /// Make a link useless.
    Drop {
        /// #group or its number.
        group: String,
        /// The link's number, as the list shows it.
        link: u64,
    },
}
