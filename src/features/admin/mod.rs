//! What operators do on the server's own machine, over a socket that only the server's user may open.
//!
//! [`socket`] takes one line with a request and writes lines with answers, [`accounts`], [`reports`] and [`server`] are what can
//! be asked, [`store`] the SQL. Who reaches the socket may do everything: the system's user is the only check.

mod accounts;
mod reports;
mod server;
mod socket;
mod store;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{app::App, error::Result, features::files::Note};

pub use socket::{PATH, Socket, open, serve};

/// Lines of one answer, at most; longer lists go on with `after`.
pub const LINES_MAX: u64 = 1_000;

/// A request, as its line says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Accounts, in the order of their numbers.
    Accounts {
        /// Those behind this one.
        after: u64,
        /// Only those whose name, display name or e-mail address begins so.
        find: Option<String>,
    },
    /// Locks an account, or takes the lock off.
    Lock {
        /// The account name.
        name: String,
        /// Whether it is locked from now on.
        locked: bool,
    },
    /// Announces the end of an account, or takes that back.
    Delete {
        /// The account name.
        name: String,
        /// Whether its messages go with it.
        erase: bool,
        /// Take an announced end back instead.
        undo: bool,
    },
    /// Makes the password void and a recovery code to hand out; all sessions end.
    ResetPassword {
        /// The account name.
        name: String,
    },
    /// Makes somebody an operator, or takes it from them.
    Promote {
        /// The account name.
        name: String,
        /// Whether they are one from now on.
        operator: bool,
    },
    /// The running sessions of an account, or of everybody.
    Sessions {
        /// The account name.
        name: Option<String>,
        /// Those behind this one.
        after: u64,
    },
    /// What the server holds and does.
    Usage {},
    /// Invites that are good.
    Invites {},
    /// Makes an invite.
    Invite {
        /// How many accounts it is good for.
        uses: u64,
        /// For how many days.
        days: u64,
    },
    /// Tells everybody something.
    Announce {
        /// The words, at most 2 KiB.
        text: String,
    },
    /// The operator's own entries of the dictionary have changed.
    ReloadWords {},
    /// Notes what a check of the files found.
    Confirm {
        /// What it found.
        found: Note,
        /// The storage is the server's own, as it is.
        accept: bool,
    },
    /// What people reported, in the order of its numbers.
    Reports {
        /// Those behind this one.
        after: u64,
        /// Also those that are closed.
        all: bool,
    },
    /// Somebody has dealt with a report.
    CloseReport {
        /// Its number.
        id: u64,
    },
    /// Takes an invite back.
    RevokeInvite {
        /// As the list names it.
        id: String,
    },
}

/// Answers a request: the lines, without the last one that says whether it was done.
async fn answer(app: &App, ask: Ask) -> Result<Vec<Value>> {
    match ask {
        Ask::Accounts { after, find } => accounts::list(app, after, find).await,
        Ask::Lock { name, locked } => accounts::lock(app, &name, locked).await,
        Ask::Delete { name, erase, undo } => accounts::delete(app, &name, erase, undo).await,
        Ask::ResetPassword { name } => accounts::reset_password(app, &name).await,
        Ask::Promote { name, operator } => accounts::promote(app, &name, operator).await,
        Ask::Sessions { name, after } => accounts::sessions(app, name.as_deref(), after).await,
        Ask::Usage {} => server::usage(app).await,
        Ask::Invites {} => server::invites(app).await,
        Ask::Invite { uses, days } => server::invite(app, uses, days).await,
        Ask::Announce { text } => server::announce(app, &text).await,
        Ask::ReloadWords {} => server::reload_words(app).await,
        Ask::Confirm { found, accept } => server::confirm(app, &found, accept).await,
        Ask::Reports { after, all } => reports::list(app, after, all).await,
        Ask::CloseReport { id } => reports::close(app, id).await,
        Ask::RevokeInvite { id } => server::revoke_invite(app, &id).await,
    }
}
