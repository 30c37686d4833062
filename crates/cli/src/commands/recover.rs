//! Coming back without the password.

use clap::Args;
use litrocket_protocol::email::Recover;

use super::{account, email};
use crate::{Failure, PasswordArgs, password, resolve, session::Context};

/// Who comes back, and by what.
#[derive(Debug, Clone, Args)]
pub struct RecoverArgs {
    /// The account name, to recover by the recovery code: from LITROCKET_RECOVERY_CODE, the first line of standard
    /// input with --password-stdin (the new password is the second), or a prompt.
    #[arg(required_unless_present = "email", conflicts_with = "email")]
    pub name: Option<String>,
    /// The e-mail address of the account; a code is sent there and asked for.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The code that was sent there, where nobody can be asked for it.
    #[arg(long, value_name = "DIGITS", requires = "email")]
    pub code: Option<String>,
    /// A name for this device.
    #[arg(long)]
    pub label: Option<String>,
    /// How the new password is given.
    #[command(flatten)]
    pub password: PasswordArgs,
}

pub(super) async fn run(context: &Context, args: RecoverArgs) -> Result<(), Failure> {
    account::refuse_if_signed_in(context).await?;
    let words = context.output.words;
    let mut request = Recover { label: account::label(args.label), ..Recover::default() };
    if let Some(address) = args.email {
        let code = match args.code {
            Some(code) => Some(code),
            None => email::code_for(context, &address, "recover").await?,
        };
        if code.is_none() {
            return Ok(());
        }
        (request.email, request.email_code) = (Some(address), code);
    } else {
        request.handle = args.name.map(|name| resolve::handle(&name).to_owned());
        request.recovery_code = Some(password::recovery_code(&args.password, words)?);
    }
    request.password = password::new(&args.password, words)?;
    let (client, address) = context.guest().await?;
    let result = client.enter(request).await?;
    account::arrive(context, &client, address, ("recovered", words.recovered()), &result).await
}
