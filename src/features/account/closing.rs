//! The end of an account: announced, taken back within a week, then carried out step by step.
//!
//! A step is a job of bounded size, and does nothing when it was done: a server that stops in between goes on where
//! it was. The last one deletes the account.

use std::{sync::Arc, time::Duration};

use litrocket_protocol::{
    AccountId, Fault,
    account::{DeleteAccount, Done},
    fault::code,
};

use super::{ends_store, session_store, sessions};
use crate::{
    app::App,
    cause::Cause,
    error::Result,
    features::{chat, conversations, files, groups, mail, moments, people, search, words},
    limits::DAY_MS,
    loops::{self, Next, Rhythm},
    rpc::{Session, noted},
    secrets,
    writer::Tx,
};

/// How long a deletion can be taken back.
const CHANGE_OF_MIND_MS: u64 = 7 * DAY_MS;
/// How often accounts are looked for whose time is up.
const INTERVAL: Duration = Duration::from_secs(600);
/// Accounts of one look.
const AT_ONCE: u64 = 20;
/// Groups that are left in one job.
const GROUPS: usize = 50;

/// Hides the names of deleted accounts: with the key nobody gets them again, without it nobody reads them.
#[derive(Debug)]
pub struct Names {
    secret: [u8; 32],
}

impl Names {
    /// Reads the key of the data folder.
    pub fn open(data: &std::path::Path) -> std::result::Result<Self, Cause> {
        Ok(Self { secret: secrets::secret(data, "names")? })
    }

    /// What stands in the place of a name. No name begins so.
    pub(super) fn hidden(&self, name: &str) -> String {
        format!("~{}", blake3::keyed_hash(&self.secret, name.as_bytes()).to_hex())
    }
}

pub(super) async fn announce(caller: Session, request: DeleteAccount) -> Result<Done> {
    sessions::own_password(&caller, request.password).await?;
    let (account, erase, leaves) = (caller.account(), request.erase, request.leave_groups);
    let work = async move |tx: &mut Tx| {
        let owned = if leaves { 0 } else { conversations::owned(tx, account).await? };
        if owned > 0 {
            let text = format!(
                "You own {owned} groups with other members: transfer them first, or say leave_groups."
            );
            return Err(Fault::new(code::OWNER_STAYS).limit(owned).message(text).into());
        }
        close(tx, account, erase, false).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    noted!(caller, erase, "the end of the account was announced");
    Ok(Done::default())
}

/// From now on nobody is signed in, and after a week the account is deleted. What an operator announces, an operator
/// takes back.
pub(crate) async fn close(tx: &mut Tx, account: AccountId, erase: bool, by_operator: bool) -> Result<()> {
    let until = tx.now_ms() + CHANGE_OF_MIND_MS;
    ends_store::set_closing(tx, account, Some(until), erase, by_operator).await?;
    let sessions = session_store::running_sessions(tx, account).await?;
    sessions::end(tx, account, sessions, "account_deleted").await.map(drop)
}

/// Deletes accounts whose time is up, for as long as the server runs.
pub async fn delete_due(app: Arc<App>) {
    let late = "deletions of accounts go on later";
    let rhythm = Rhythm { wake: None, rest: INTERVAL, pause: INTERVAL, late };
    let round = async || {
        // A promise to people waits: its operator hears of it.
        delete_due_now(&app).await.inspect_err(|error| tracing::warn!(%error, "{late}"))?;
        Ok(Next::Rest)
    };
    loops::forever(rhythm, round).await;
}

/// Deletes accounts whose time is up; how many. One that cannot be deleted now holds no other up.
pub async fn delete_due_now(app: &App) -> Result<u64> {
    let (mut done, mut after) = (0, AccountId::SYSTEM);
    loop {
        let due = ends_store::closing(&app.db, app.clock.now_ms(), after, AT_ONCE).await?;
        let Some((last, _)) = due.last() else { break };
        after = *last;
        for (account, erase) in due {
            match delete(app, account, erase).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!(%account, erase, "the account was deleted");
                    done += 1;
                }
                Err(error) => tracing::warn!(%account, %error, "a deletion of an account goes on later"),
            }
        }
    }
    if done > 0 {
        search::forget_words(app).await?;
    }
    Ok(done)
}

async fn delete(app: &App, account: AccountId, erase: bool) -> Result<bool> {
    // It may have been taken back since it was looked up.
    if !app.writer.run(move |tx| Box::pin(ends_store::begin(tx, account))).await? {
        return Ok(false);
    }
    chat::erase(app, account, erase).await?;
    groups::erase(app, account, erase).await?;
    while app.writer.run(move |tx| Box::pin(groups::leave_some(tx, account, GROUPS))).await? > 0 {}
    while app.writer.run(move |tx| Box::pin(people::forget_some(tx, account, people::FORGET_AT_ONCE))).await?
        > 0
    {}
    while app.writer.run(move |tx| Box::pin(moments::erase_some(tx, account))).await? > 0 {}
    while app.writer.run(move |tx| Box::pin(ends_store::forget_some(tx, account))).await? > 0 {}
    // Taken back meanwhile by nobody: who comes back after the time is up finds no account.
    let Some((key, skeleton)) = ends_store::names(&app.db, account).await? else { return Ok(false) };
    let hidden = (app.names.hidden(&key), app.names.hidden(&skeleton));
    app.writer
        .run(move |tx| {
            Box::pin(async move {
                // Somebody may have brought it into a group meanwhile.
                while groups::leave_some(tx, account, GROUPS).await? > 0 {}
                conversations::forget(tx, account).await?;
                groups::forget(tx, account).await?;
                words::erase(tx, account).await?;
                moments::erase(tx, account).await?;
                files::erase(tx, account, erase).await?;
                files::erase_avatar(tx, account).await?;
                people::forget(tx, account).await?;
                mail::erase(tx, account).await?;
                ends_store::delete_account(tx, account, hidden).await?;
                Ok(true)
            })
        })
        .await
}
