//! Groups: who is in, who may do what, coming in, moderation, the wall.

mod board;
mod command;
mod joining;
mod members;
mod moderation;
pub(super) mod settings;

use litrocket_client::Client;
use litrocket_protocol::{AccountId, ConversationId, Request};
use serde_json::json;

use super::send;
use crate::{Failure, failure::Asked as _, resolve, session::Context};

pub(super) use board::print_announcement;
pub use command::{Group, GroupLinkCommand};
pub(super) use joining::find;

pub(super) async fn run(context: &Context, group: Group) -> Result<(), Failure> {
    if let Group::RemoveMessage { group, seq } = &group {
        return send::recall(context, group, *seq).await;
    }
    let client = context.connect().await?;
    let it = In { context, client: &client };
    match group {
        command @ (Group::Create { .. }
        | Group::Invite { .. }
        | Group::Remove { .. }
        | Group::Leave { .. }
        | Group::Rename { .. }
        | Group::Transfer { .. }
        | Group::Members { .. }
        | Group::List) => members::run(it, command).await?,
        command @ (Group::Show { .. }
        | Group::Set { .. }
        | Group::Permissions { .. }
        | Group::SetRole { .. }
        | Group::Slow { .. }
        | Group::Dissolve { .. }) => settings::run(it, command).await?,
        command @ (Group::Find { .. }
        | Group::Join { .. }
        | Group::Withdraw { .. }
        | Group::Requests { .. }
        | Group::Answer { .. }
        | Group::Link(_)) => joining::run(it, command).await?,
        command @ (Group::Announce { .. }
        | Group::Announcements { .. }
        | Group::Seen { .. }
        | Group::Nickname { .. }
        | Group::Pin { .. }
        | Group::Unpin { .. }
        | Group::Pins { .. }) => board::run(it, command).await?,
        command => moderation::run(it, command).await?,
    }
    client.close().await;
    Ok(())
}

/// A command under way.
#[derive(Clone, Copy)]
struct In<'a> {
    context: &'a Context,
    client: &'a Client,
}

impl In<'_> {
    async fn group(self, group: &str) -> Result<ConversationId, Failure> {
        resolve::conversation(self.client, group).await
    }

    async fn account(self, name: &str) -> Result<AccountId, Failure> {
        Ok(resolve::account(self.client, name).await?.account)
    }

    /// Makes a request about a group that has no answer to print.
    async fn act<R: Request>(
        self,
        group: &str,
        request: impl FnOnce(ConversationId) -> R,
    ) -> Result<(), Failure> {
        let conversation = self.group(group).await?;
        self.client.call(request(conversation)).await?;
        self.done(conversation)
    }

    /// The same about a group and somebody.
    async fn act_on<R: Request>(
        self,
        group: &str,
        name: &str,
        request: impl FnOnce(ConversationId, AccountId) -> R,
    ) -> Result<(), Failure> {
        let conversation = self.group(group).await?;
        let account = self.account(name).await?;
        let (name, place) = (name.trim_start_matches('@').to_owned(), group.to_owned());
        let answer = self.client.call(request(conversation, account)).await;
        answer.asked(move |words| words.no_member(&name, &place))?;
        self.done(conversation)
    }

    fn done(self, conversation: ConversationId) -> Result<(), Failure> {
        let output = self.context.output;
        output.data(|| json!({"type": "done", "conversation": conversation.0}), || output.words.done().into())
    }

    /// Says that a list is empty.
    fn nothing(self, any: bool, text: &str) {
        if !any {
            self.context.output.hint(text);
        }
    }
}
