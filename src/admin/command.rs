//! What an operator may type.

use std::path::PathBuf;

use clap::Subcommand;

use crate::config;

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
        /// Whose server it is.
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
        /// Whose server it is.
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
    pub(super) config: config::Args,
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
        /// Take the storage as this server's own although its mark is not there, and put the mark there again. For a storage that
        /// was lost or emptied for good: as long as it may only be away or not mounted, leave it out, or every file that is not
        /// there counts as damaged.
        #[arg(long, requires = "confirm")]
        accept: bool,
        /// Delete objects that belong to no file and are older than a day. For when a check counts such objects and their room is
        /// wanted back, as after a database was restored from a backup that is older than the files: what a newer backup of the
        /// database might still need goes too. Nothing is deleted beside another mark than this server's.
        #[arg(long, requires = "confirm", conflicts_with = "accept")]
        sweep: bool,
        #[command(flatten)]
        config: config::Args,
    },
}
