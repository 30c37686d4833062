//! The e-mail address of the account.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Subcommand;
use litrocket_protocol::email::{
    ChangeEmail, ConfirmEmail, EmailEntry, GetEmail, NewRecoveryCode, SendEmailCode,
};
use serde_json::json;

use crate::{
    Failure, PasswordArgs,
    failure::Asked as _,
    hints::pasted,
    output::{escape, time},
    password,
    session::Context,
    words::Words,
};

/// What can be done with the e-mail address.
#[derive(Debug, Clone, Subcommand)]
pub enum EmailCommand {
    /// Show the address.
    Show,
    /// Change the address, or take it off. Codes go to the current address and to the new one.
    Set {
        /// The new address; none takes it off.
        #[arg(value_name = "ADDRESS", required_unless_present = "none")]
        address: Option<String>,
        /// Have no address any more.
        #[arg(long, conflicts_with = "address")]
        none: bool,
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// End a change of the address with the codes that were sent.
    Confirm {
        /// The code that went to the current address.
        #[arg(long, value_name = "DIGITS")]
        old_code: Option<String>,
        /// The code that went to the new address.
        #[arg(long, value_name = "DIGITS")]
        new_code: Option<String>,
    },
    /// Make a new recovery code, which works without e-mail; the one before is void.
    RecoveryCode {
        /// How the password is given.
        #[command(flatten)]
        password: PasswordArgs,
    },
}

/// Asks at the terminal, visibly; nothing where there is none.
fn ask(words: Words, prompt: &str) -> Result<Option<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    eprint!("{}", words.labelled(prompt, ""));
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()))
}

/// Has a code sent and asks for it; without a terminal says that it is on its way. The server closes guests that do
/// nothing, so the connection does not wait for the person.
pub(super) async fn code_for(
    context: &Context,
    email: &str,
    purpose: &str,
) -> Result<Option<String>, Failure> {
    let words = context.output.words;
    let (client, _) = context.guest().await?;
    let locale = Some(words.locale().into());
    client.call(SendEmailCode { email: email.into(), purpose: purpose.into(), locale }).await?;
    // Before somebody looks for a mail.
    client.close().await;
    let code = ask(words, words.mail_code())?;
    if code.is_none() {
        context.output.data(
            || json!({"type": "code_sent", "email": email, "purpose": purpose}),
            || words.mail_code_sent().into(),
        )?;
    }
    Ok(code)
}

fn print(context: &Context, entry: &EmailEntry) -> Result<(), Failure> {
    let words = context.output.words;
    context.output.data(
        || json!({"type": "email", "email": entry.email, "verified_ms": entry.verified_ms}),
        || match &entry.email {
            None => pasted(words.no_email()),
            Some(email) => format!(
                "{}  {} {}",
                words.labelled(words.email_address(), escape(email)),
                words.confirmed(),
                time(entry.verified_ms)
            ),
        },
    )
}

pub(super) async fn run(context: &Context, command: EmailCommand) -> Result<(), Failure> {
    let words = context.output.words;
    match command {
        EmailCommand::Show => {
            let client = context.connect().await?;
            print(context, &client.call(GetEmail::default()).await?)?;
        }
        EmailCommand::Set { address, none: _, password } => {
            let password = password::existing(&password, words)?;
            let client = context.connect().await?;
            let begun = client.call(ChangeEmail { password, email: address }).await.of_password()?;
            // Before somebody looks for a mail.
            client.close().await;
            let old_code = if begun.old { ask(words, words.old_code())? } else { None };
            let new_code = if begun.new { ask(words, words.new_code())? } else { None };
            if old_code.is_none() && new_code.is_none() {
                return context.output.data(
                    || json!({"type": "codes_sent", "old": begun.old, "new": begun.new}),
                    || pasted(words.codes_sent()),
                );
            }
            confirm(context, ConfirmEmail { old_code, new_code }).await?;
        }
        EmailCommand::Confirm { old_code: None, new_code: None } => {
            return Err(Failure::usage(|words| words.which_codes().into()));
        }
        EmailCommand::Confirm { old_code, new_code } => {
            confirm(context, ConfirmEmail { old_code, new_code }).await?;
        }
        EmailCommand::RecoveryCode { password } => {
            let password = password::existing(&password, words)?;
            let client = context.connect().await?;
            let made = client.call(NewRecoveryCode { password }).await.of_password()?;
            context.output.data(
                || json!({"type": "recovery_code", "recovery_code": made.recovery_code}),
                || words.labelled(words.recovery_code(), &made.recovery_code),
            )?;
        }
    }
    Ok(())
}

async fn confirm(context: &Context, request: ConfirmEmail) -> Result<(), Failure> {
    let client = context.connect().await?;
    print(context, &client.call(request).await?)
}
