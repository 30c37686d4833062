//! Taking everything with one, and leaving.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use litrocket_client::Client;
use litrocket_protocol::{
    account::{DeleteAccount, RestoreAccount},
    export::ExportAccount,
};
use serde_json::json;

use super::account;
use crate::{
    Failure, PasswordArgs,
    failure::{Asked as _, At as _},
    output::Output,
    password,
    resolve::{self, patiently},
    session::Context,
};

/// What can be done with the account as a whole.
#[derive(Debug, Clone, Subcommand)]
pub enum AccountCommand {
    /// Write everything the server holds of you: one JSON object a line.
    Export {
        /// The file, which must not be there yet and which only you may read; standard output without it.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Announce the end of the account. It is deleted after 7 days; until then `account restore` takes that back.
    Delete {
        /// The account name again, to be sure.
        #[arg(long, value_name = "NAME")]
        confirm: String,
        /// Take your messages and reactions back too; without it they stay under "deleted account".
        #[arg(long)]
        erase: bool,
        /// Leave the groups you own to an administrator or another member; without it you transfer them first.
        #[arg(long)]
        leave_groups: bool,
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Take the announced end of the account back and sign in.
    Restore {
        /// The account name.
        name: String,
        /// A name for this device.
        #[arg(long)]
        label: Option<String>,
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
}

pub(super) async fn run(context: &Context, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Export { output } => export(context, output.as_deref()).await,
        AccountCommand::Delete { confirm, erase, leave_groups, password } => {
            delete(context, &confirm, (erase, leave_groups), &password).await
        }
        AccountCommand::Restore { name, label, password } => restore(context, name, label, &password).await,
    }
}

async fn export(context: &Context, output: Option<&Path>) -> Result<(), Failure> {
    let client = context.connect().await?;
    let Some(path) = output else {
        write(&client, Output::bytes).await?;
        return Ok(());
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).at(path)?;
    let mut file = BufWriter::new(file);
    let count = write(&client, |page| Ok(file.write_all(page)?)).await?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    let words = context.output.words;
    context.output.data(
        || json!({"type": "exported", "lines": count, "file": path}),
        || words.lines_written(count, path.display()),
    )
}

/// Page after page; how many lines there are.
async fn write(client: &Client, mut out: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<usize, Failure> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = patiently(client, ExportAccount { after }).await?;
        if !page.lines.is_empty() {
            out(format!("{}\n", page.lines.join("\n")).as_bytes())?;
        }
        count += page.lines.len();
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

async fn delete(
    context: &Context,
    confirm: &str,
    (erase, leave_groups): (bool, bool),
    args: &PasswordArgs,
) -> Result<(), Failure> {
    let saved = context.saved()?;
    if resolve::handle(confirm).to_lowercase() != saved.handle.to_lowercase() {
        return Err(Failure::usage(move |words| words.confirm_must_be(&saved.handle)));
    }
    let password = password::existing(args, context.output.words)?;
    let client = context.connect().await?;
    client.call(DeleteAccount { password, erase, leave_groups }).await.of_password()?;
    context.profile()?.sign_out()?;
    context.output.data(
        || json!({"type": "account_closing", "account": saved.account, "erase": erase}),
        || context.output.words.closing(&saved.handle),
    )?;
    Ok(())
}

async fn restore(
    context: &Context,
    name: String,
    label: Option<String>,
    args: &PasswordArgs,
) -> Result<(), Failure> {
    account::refuse_if_signed_in(context).await?;
    let words = context.output.words;
    let password = password::existing(args, words)?;
    let (client, address) = context.guest().await?;
    let handle = resolve::handle(&name).to_owned();
    let result = client.enter(RestoreAccount { handle, password, label: account::label(label) }).await?;
    account::arrive(context, &client, address, ("restored", words.restored()), &result).await
}
