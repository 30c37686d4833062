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
    output::{escape, time},
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

async fn all(client: &Client) -> Result<Vec<Invitation>, Failure> {
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
                let (at, name, by) = (time(entry.at_ms), escape(&entry.name), escape(&one.handle));
                format!("[{group}]  #{name:<32}  @{by:<24}  {at}  {} {}", words.members_word(), one.members)
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
    let meant: Vec<ConversationId> = found.iter().filter(is_meant).map(|one| one.conversation).collect();
    let typed = typed.to_owned();
    let conversation = match meant[..] {
        [one] => one,
        [] => return Err(Failure::missing(move |words| words.not_invited(&typed))),
        _ => {
            let numbers = meant.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Failure::usage(move |words| words.several_invitations(&typed, &numbers)));
        }
    };
    let answer = client.call(AnswerInvitation { conversation, accept }).await?;
    done::set(context, &answer, json!({"type": "done", "conversation": conversation.0}))
}
