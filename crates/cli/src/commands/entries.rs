//! What the account log says while one listens: requests, friends, notices, invitations, devices.

use litrocket_client::Client;
use litrocket_protocol::{
    AccountId, ConversationId,
    account::SessionEntry,
    chat::Entry,
    conversations::InvitationEntry,
    frame,
    groups::JoinRequestsEntry,
    moments::{MomentNotice, notice_kind},
    people::{FriendEntry, FriendRequestEntry},
};
use serde_json::{Value, json};

use super::news::News;
use crate::{
    Failure,
    output::{escape, time},
    resolve::Names,
    session::Context,
    words::Words,
};

/// A full copy of the account log is no news, up to its version.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Copy(u64);

impl Copy {
    pub(super) fn up_to(version: u64) -> Self {
        Self(version)
    }

    fn has(self, entry: &Entry) -> bool {
        entry.version <= self.0
    }
}

fn value<T: serde::de::DeserializeOwned>(entry: &Entry) -> Option<T> {
    entry.value.as_ref().and_then(|value| frame::decode(value).ok())
}

/// The JSON and the line of an entry, with the number in its key and the handle of whom, or the name of the group, it is
/// about.
type Print = fn(&Entry, u64, &str, Words) -> (Value, String);

/// Prints an entry that a person wants to hear of, and learns from the others.
pub(super) async fn entry(
    context: &Context,
    client: &Client,
    names: &mut Names,
    news: &mut News,
    entry: &Entry,
    copy: Copy,
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
        "join_requests" => (AccountId::SYSTEM, join_requests),
        "session" if client.me().is_none_or(|me| me.session.0 != number) => (AccountId::SYSTEM, device),
        "conversation" => {
            news.learn(ConversationId(number), entry);
            return Ok(());
        }
        _ => return Ok(()),
    };
    if copy.has(entry) {
        return Ok(());
    }
    names.learn(client, [whose]).await?;
    let conversation = ConversationId(number);
    let about = match (kind, value::<InvitationEntry>(entry)) {
        // Programs have the numbers.
        _ if context.output.json => names.of(whose),
        ("join_requests", _) => news.place(client, names, conversation).await?,
        ("group_invitation", None) => news.invited_into(client, conversation).await?,
        ("group_invitation", Some(it)) => {
            news.invitations.insert(conversation, it.name);
            names.of(whose)
        }
        _ => names.of(whose),
    };
    let (json, line) = print(entry, number, &about, words);
    // What is over is no news everywhere.
    if json.is_null() { Ok(()) } else { context.output.data(|| json, || line) }
}

fn request(entry: &Entry, account: u64, handle: &str, words: Words) -> (Value, String) {
    let who = escape(handle);
    let Some(it) = value::<FriendRequestEntry>(entry) else {
        let json = json!({"type": "friend_request_over", "account": account, "handle": handle});
        return (json, words.request_over(&who));
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

fn join_requests(entry: &Entry, conversation: u64, group: &str, words: Words) -> (Value, String) {
    let Some(it) = value::<JoinRequestsEntry>(entry) else { return (Value::Null, String::new()) };
    let json = json!({"type": "join_requests", "conversation": conversation, "count": it.count,
        "newest_ms": it.newest_ms});
    (json, words.requests_of(escape(group), words.requests(it.count, conversation)))
}

fn device(entry: &Entry, session: u64, _: &str, words: Words) -> (Value, String) {
    let Some(it) = value::<SessionEntry>(entry) else { return (Value::Null, String::new()) };
    let json =
        json!({"type": "device_added", "session": session, "label": it.label, "created_ms": it.created_ms});
    let (label, at) = (escape(&it.label), time(it.created_ms));
    (json, format!("{} {label} {at}  {}", words.new_device(), words.revoke_device(session)))
}

fn invitation(entry: &Entry, conversation: u64, handle: &str, words: Words) -> (Value, String) {
    let Some(it) = value::<InvitationEntry>(entry) else {
        let json = json!({"type": "group_invitation_over", "conversation": conversation});
        return (json, words.invitation_over(escape(handle)));
    };
    let json = json!({"type": "group_invitation", "conversation": conversation, "name": it.name, "from": handle,
        "from_id": it.by.0, "at_ms": it.at_ms, "expires_ms": it.expires_ms});
    let line = format!(
        "@{} {} #{}  {}",
        escape(handle),
        words.invites_into(),
        escape(&it.name),
        words.accept_invitation(conversation)
    );
    (json, line)
}
