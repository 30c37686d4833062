//! Invitations into groups.

use litrocket_client::Client;
use litrocket_protocol::{
    ConversationId,
    conversations::{AnswerInvitation, Invitation, ListInvitations},
};
use serde_json::json;

use super::done;
use crate::{
    Failure,
    output::{column, escape, time},
    session::Context,
};

/// What can be done with invitations into groups.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum InvitationCommand {
    /// List the groups you are invited into.
    List,
    /// Come in.
    Accept {
        /// #group or its number.
        group: String,
    },
    /// Refuse. Nobody is told.
    Refuse {
        /// #group or its number.
        group: String,
    },
}

pub(super) async fn run(context: &Context, command: InvitationCommand) -> Result<(), Failure> {
    let client = context.connect().await?;
    match command {
        InvitationCommand::List => list(context, &client, true).await?,
        InvitationCommand::Accept { group } => answer(context, &client, &group, true).await?,
        InvitationCommand::Refuse { group } => answer(context, &client, &group, false).await?,
    }
    Ok(())
}

/// Those that wait for an answer.
pub(super) async fn all(client: &Client) -> Result<Vec<Invitation>, Failure> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = client.call(ListInvitations { after, limit: Some(100) }).await?;
        after = page.invitations.last().map(|one| one.conversation);
        found.extend(page.invitations);
        if !page.more {
            return Ok(found);
        }
    }
}

/// Prints them; where there are none, a hint says so if somebody asked.
pub(super) async fn list(context: &Context, client: &Client, asked: bool) -> Result<(), Failure> {
    let words = context.output.words;
    let found = all(client).await?;
    for one in &found {
        let (group, entry) = (one.conversation.0, &one.invitation);
        context.output.data(
            || {
                json!({"type": "group_invitation", "conversation": group, "name": entry.name,
                    "members": one.members, "from": one.handle, "from_id": entry.by.0, "at_ms": entry.at_ms,
                    "expires_ms": entry.expires_ms})
            },
            || {
                let (name, by) = (column(&escape(&entry.name), 32), column(&escape(&one.handle), 24));
                let members = words.counted(one.members, words.member_word(), words.members_word());
                format!("[{group}]  #{name}  @{by}  {}  {members}", time(entry.at_ms))
            },
        )?;
    }
    if found.is_empty() && asked {
        context.output.nothing(words.no_invitations());
    }
    Ok(())
}

async fn answer(context: &Context, client: &Client, group: &str, accept: bool) -> Result<(), Failure> {
    let found = all(client).await?;
    let typed = group.trim();
    let name = typed.strip_prefix(['#', '＃']).unwrap_or(typed).to_lowercase();
    let number = typed.parse().ok().map(ConversationId);
    let is_meant = |one: &&Invitation| match number {
        Some(number) => one.conversation == number,
        None => one.invitation.name.to_lowercase() == name,
    };
    let meant: Vec<Invitation> = found.iter().filter(is_meant).cloned().collect();
    let typed = typed.to_owned();
    let conversation = match &meant[..] {
        [one] => one.conversation,
        [] => return Err(Failure::missing(move |words| words.not_invited(&typed))),
        _ => {
            return Err(Failure::usage(move |words| {
                let from = |one: &Invitation| words.aside(format_args!("@{}", one.handle));
                let each = meant.iter().map(|one| format!("{}{}", one.conversation, from(one)));
                words.several_invitations(&typed, each.collect::<Vec<_>>().join(words.and()))
            }));
        }
    };
    let answer = client.call(AnswerInvitation { conversation, accept }).await?;
    done::set(context, &answer, json!({"type": "done", "conversation": conversation.0}))
}
