//! Groups: who is in, who may do what, coming in, moderation, the wall.

mod board;
mod command;
mod joining;
mod members;
mod moderation;
pub(super) mod settings;

use litrocket_client::Client;
use litrocket_protocol::{AccountId, ConversationId, Request, account::Done};
use serde_json::{Value, json};

use super::{done, report, send};
use crate::{Failure, failure::Asked as _, resolve, session::Context, words::Words};

pub(super) use board::print_announcement;
pub use command::{Group, GroupLinkCommand};
pub(super) use joining::find;

pub(super) async fn run(context: &Context, group: Group) -> Result<(), Failure> {
    if let Group::RemoveMessage { group, seq } = &group {
        return send::recall(context, group, *seq).await;
    }
    if let Group::Report(args) = group {
        return report::run(context, args).await;
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
        resolve::group(self.client, group).await
    }

    /// Makes a request about a group that has no answer to print.
    async fn act<R: Request<Reply = Done>>(
        self,
        group: &str,
        request: impl FnOnce(ConversationId) -> R,
    ) -> Result<(), Failure> {
        let conversation = self.group(group).await?;
        let answer = self.client.call(request(conversation)).await?;
        done::set(self.context, &answer, of(conversation))
    }

    /// Takes something away from a group; where it was not there, `nothing` says so.
    async fn take<R: Request<Reply = Done>>(
        self,
        group: &str,
        request: impl FnOnce(ConversationId) -> R,
        nothing: impl Fn(Words, &str) -> String + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let conversation = self.group(group).await?;
        let answer = self.client.call(request(conversation)).await?;
        let group = group.to_owned();
        done::taken(self.context, &answer, of(conversation), move |words| nothing(words, &group))
    }

    /// Makes a request about a group and somebody.
    async fn act_on<R: Request<Reply = Done>>(
        self,
        group: &str,
        name: &str,
        request: impl FnOnce(ConversationId, AccountId) -> R,
    ) -> Result<(), Failure> {
        let not_in = |words: Words, name: &str, group: &str| words.not_in(name, group);
        let (conversation, answer, _) = self.about(group, name, request, not_in).await?;
        done::set(self.context, &answer, of(conversation))
    }

    /// Takes something away from somebody in a group; where it was not there, `nothing` says so.
    async fn take_from<R: Request<Reply = Done>>(
        self,
        group: &str,
        name: &str,
        request: impl FnOnce(ConversationId, AccountId) -> R,
        nothing: impl Fn(Words, &str, &str) -> String + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let not_in = |words: Words, name: &str, group: &str| words.not_in(name, group);
        let (conversation, answer, handle) = self.about(group, name, request, not_in).await?;
        let group = group.to_owned();
        done::taken(self.context, &answer, of(conversation), move |words| nothing(words, &handle, &group))
    }

    /// The group, the answer, and what the person is called.
    async fn about<R: Request<Reply = Done>>(
        self,
        group: &str,
        name: &str,
        request: impl FnOnce(ConversationId, AccountId) -> R,
        nothing: impl Fn(Words, &str, &str) -> String + Send + Sync + 'static,
    ) -> Result<(ConversationId, Done, String), Failure> {
        let conversation = self.group(group).await?;
        let person = resolve::account(self.client, name).await?;
        let (handle, place) = (person.handle.clone(), group.to_owned());
        let answer = self.client.call(request(conversation, person.account)).await;
        let answer = answer.asked(move |words| nothing(words, &handle, &place))?;
        Ok((conversation, answer, person.handle))
    }

    /// Says that a list is empty.
    fn nothing(self, any: bool, text: &str) {
        if !any {
            self.context.output.nothing(text);
        }
    }
}

fn of(conversation: ConversationId) -> Value {
    json!({"type": "done", "conversation": conversation.0})
}
