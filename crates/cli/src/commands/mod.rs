//! The commands, a file a group.

mod account;
mod announcements;
pub(crate) mod avatar;
mod done;
pub(crate) mod email;
pub(crate) mod ending;
mod entries;
pub(crate) mod files;
pub(crate) mod find;
pub(crate) mod forward;
pub(crate) mod friends;
mod group_events;
pub(crate) mod groups;
mod invitations;
mod listen;
mod lists;
mod me;
pub(crate) mod moments;
mod news;
mod pictures;
mod print;
mod privacy;
pub(crate) mod recover;
pub(crate) mod report;
mod send;
pub(crate) mod translate;
pub(crate) mod voice;
pub(crate) mod word;

use std::process::ExitCode;

pub use invitations::InvitationCommand;
use litrocket_protocol::account::Register;
pub use me::MeCommand;
pub use privacy::PrivacyArgs;
use send::Manner;

use crate::{Command, Failure, session::Context};

/// Carries a command out.
pub(crate) async fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Register { name, invite, email, code, label, password } => {
            let request = Register { handle: name, invite, email, email_code: code, ..Register::default() };
            account::register(context, request, label, &password).await?;
        }
        Command::Report(args) => report::run(context, args).await?,
        Command::Recover(args) => recover::run(context, args).await?,
        Command::Email(command) => email::run(context, command).await?,
        Command::Login { name, label, password } => account::login(context, name, label, &password).await?,
        Command::Logout => account::logout(context).await?,
        Command::Devices { revoke } => account::devices(context, revoke).await?,
        Command::Whoami => account::whoami(context).await?,
        command @ Command::Profile { .. } => account::profile(context, command).await?,
        Command::Privacy(args) => privacy::run(context, args).await?,
        Command::Passwd { end_others, password_stdin } => {
            account::passwd(context, end_others, password_stdin).await?;
        }
        Command::Account(command) => ending::run(context, command).await?,
        Command::Invite { uses, days } => account::invite(context, uses, days).await?,
        Command::Send { id: Some(_), text, .. } if text == "-" => {
            return Err(Failure::usage(|words| words.id_of_one().into()));
        }
        Command::Send { to, text, reply, format, id } => {
            return send::send(context, &to, &text, Manner { reply, format, id }).await;
        }
        Command::React { to, seq, emoji, remove } => send::react(context, &to, seq, &emoji, !remove).await?,
        Command::Edit { to, seq, text, format } => {
            send::edit(context, &to, seq, text, format).await?;
        }
        Command::Forward(args) => forward::run(context, args).await?,
        Command::Recall { to, seq } => send::recall(context, &to, seq).await?,
        Command::Listen { count, idle, from_start } => {
            listen::listen(context, count, idle, from_start).await?;
        }
        Command::History { to, limit, before, after } => {
            lists::history(context, &to, limit, before, after).await?;
        }
        Command::Search { text, within, limit } => {
            lists::search(context, &text, within.as_deref(), limit).await?;
        }
        Command::Read { to, seq } => lists::read(context, &to, seq).await?,
        Command::Conversations { limit } => lists::conversations(context, limit).await?,
        Command::Word(command) => word::run(context, command).await?,
        Command::Translate(args) => translate::run(context, args).await?,
        Command::Group(group) => groups::run(context, group).await?,
        Command::Invitation(command) => invitations::run(context, command).await?,
        Command::Me(command) => me::run(context, command).await?,
        Command::Moment(command) => return moments::run(context, command).await,
        Command::Avatar(command) => return avatar::run(context, command).await,
        Command::Voice(command) => return voice::run(context, command).await,
        Command::Find(find) => find::run(context, find).await?,
        Command::File(file) => return files::run(context, file).await,
        Command::Friend(friend) => friends::run(context, friend).await?,
        Command::Announcements { after } => announcements::list(context, after).await?,
        Command::Protocol => {
            let described =
                || serde_json::to_value(litrocket_protocol::describe::describe()).unwrap_or_default();
            let text = || context.output.words.protocol(&litrocket_protocol::describe::text());
            context.output.description(described, text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
