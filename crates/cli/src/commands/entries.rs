//! What the account log says while one listens: requests, friends, notices, invitations.

use std::collections::HashSet;

use litrocket_client::Client;
use litrocket_protocol::{
    AccountId, ConversationId,
    chat::Entry,
    conversations::{ConversationEntry, InvitationEntry},
    frame,
    moments::{MomentNotice, notice_kind},
    people::{FriendEntry, FriendRequestEntry},
};
use serde_json::{Value, json};

use crate::{
    Failure,
    output::escape,
    resolve::{self, Names},
    session::Context,
    words::Words,
};

/// Conversations that are looked at when one begins to listen.
const LOOKED_AT: u64 = 200;

/// One-to-ones in which a stranger waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Strangers(HashSet<ConversationId>);

impl Strangers {
    /// Those among the newest conversations; later ones come with the account log.
    pub(super) async fn now(client: &Client) -> Result<Self, Failure> {
        let all = resolve::all_conversations(client, LOOKED_AT).await?;
        Ok(Self(all.iter().filter(|info| info.mine.request).map(|info| info.conversation).collect()))
    }

    pub(super) fn has(&self, conversation: ConversationId) -> bool {
        self.0.contains(&conversation)
    }

    fn learn(&mut self, conversation: ConversationId, entry: Option<&ConversationEntry>) {
        if entry.is_some_and(|entry| entry.request) {
            self.0.insert(conversation);
        } else {
            self.0.remove(&conversation);
        }
    }
}

fn value<T: serde::de::DeserializeOwned>(entry: &Entry) -> Option<T> {
    entry.value.as_ref().and_then(|value| frame::decode(value).ok())
}

/// The JSON and the line of an entry, with the number in its key and the handle of whom it is about.
type Print = fn(&Entry, u64, &str, Words) -> (Value, String);

/// Prints an entry that a person wants to hear of, and learns from the others.
pub(super) async fn entry(
    context: &Context,
    client: &Client,
    names: &mut Names,
    strangers: &mut Strangers,
    entry: &Entry,
) -> Result<(), Failure> {
    let mut parts = entry.key.split('/');
    let kind = parts.next().unwrap_or_default();
    let number: u64 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let words = context.output.words;
    let (whose, print): (AccountId, Print) = match kind {
        "friend_request" => (AccountId(number), request),
        "friend" => (AccountId(number), friend),
        "moment_notice" => match value::<MomentNotice>(entry) {
            Some(it) => (it.account, notice),
            None => return Ok(()),
        },
        "group_invitation" => (value::<InvitationEntry>(entry).map_or(AccountId(0), |it| it.by), invitation),
        "conversation" => {
            strangers.learn(ConversationId(number), value(entry).as_ref());
            return Ok(());
        }
        _ => return Ok(()),
    };
    names.learn(client, [whose]).await?;
    let (json, line) = print(entry, number, &names.of(whose), words);
    context.output.data(|| json, || line)
}

fn request(entry: &Entry, account: u64, handle: &str, words: Words) -> (Value, String) {
    let who = escape(handle);
    let Some(it) = value::<FriendRequestEntry>(entry) else {
        let json = json!({"type": "friend_request_over", "account": account, "handle": handle});
        return (json, format!("{} @{who}", words.request_over()));
    };
    let json = json!({"type": "friend_request", "account": account, "handle": handle, "sent": it.sent,
        "message": it.message, "at_ms": it.at_ms, "expires_ms": it.expires_ms});
    let what = if it.sent { words.friend_asked() } else { words.friend_asks() };
    (json, format!("{what} @{who}  {}", escape(&it.message)).trim_end().to_owned())
}

fn friend(entry: &Entry, account: u64, handle: &str, words: Words) -> (Value, String) {
    let who = escape(handle);
    let Some(it) = value::<FriendEntry>(entry) else {
        let json = json!({"type": "friend_over", "account": account, "handle": handle});
        return (json, format!("{} @{who}", words.friend_over()));
    };
    let json = json!({"type": "friend", "account": account, "handle": handle, "remark": it.remark,
        "tags": it.tags, "starred": it.starred, "since_ms": it.since_ms});
    (json, format!("{} @{who}", words.a_friend()))
}

fn notice(entry: &Entry, _: u64, handle: &str, words: Words) -> (Value, String) {
    // Those that are over are not printed.
    let Some(it) = value::<MomentNotice>(entry) else { return (Value::Null, String::new()) };
    let (kind, what) = match it.kind {
        notice_kind::LIKE => ("like", words.likes_moment()),
        notice_kind::REPLY => ("reply", words.answers_comment()),
        _ => ("comment", words.comments_moment()),
    };
    let json = json!({"type": "moment_notice", "kind": kind, "moment": it.moment, "comment": it.comment,
        "account": it.account.0, "handle": handle, "at_ms": it.at_ms});
    (json, format!("@{} {what} [{}]", escape(handle), it.moment))
}

fn invitation(entry: &Entry, conversation: u64, handle: &str, words: Words) -> (Value, String) {
    let Some(it) = value::<InvitationEntry>(entry) else {
        let json = json!({"type": "group_invitation_over", "conversation": conversation});
        return (json, format!("{} [{conversation}]", words.invitation_over()));
    };
    let json = json!({"type": "group_invitation", "conversation": conversation, "name": it.name, "from": handle,
        "from_id": it.by.0, "at_ms": it.at_ms, "expires_ms": it.expires_ms});
    let line = format!(
        "@{} {} #{}  (litrocket invitation accept {conversation})",
        escape(handle),
        words.invites_into(),
        escape(&it.name)
    );
    (json, line)
}
