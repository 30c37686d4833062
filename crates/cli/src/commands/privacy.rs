//! What others may know of one, and who may turn to one.

use litrocket_protocol::account::{Privacy, SetPrivacy, audience};
use serde_json::json;

use crate::{Failure, session::Context, words::Words};

/// The audiences by the word that is typed and printed as JSON.
const AUDIENCES: [(&str, u8); 3] =
    [("nobody", audience::NOBODY), ("everybody", audience::EVERYBODY), ("friends", audience::FRIENDS)];

fn parse(text: &str) -> Result<u8, String> {
    let text = match text {
        "true" => "everybody",
        "false" => "nobody",
        other => other,
    };
    let found = AUDIENCES.iter().find(|(name, _)| *name == text);
    found.map(|(_, number)| *number).ok_or_else(|| "use everybody, friends or nobody".into())
}

fn name(number: u8) -> &'static str {
    AUDIENCES.iter().find(|(_, known)| *known == number).map_or("nobody", |(name, _)| name)
}

/// What is changed; without anything it is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct PrivacyArgs {
    /// Who learns what you have read: everybody, friends or nobody.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub read_receipts: Option<u8>,
    /// Who learns when you are online.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub presence: Option<u8>,
    /// Who sees your moments, of those whom each moment is for.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub moments: Option<u8>,
    /// Who may write to you.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub messages: Option<u8>,
    /// Who may ask to be your friend.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub requests: Option<u8>,
    /// Who may bring you into groups; others can only invite you.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub groups: Option<u8>,
    /// Who finds you by your exact e-mail address.
    #[arg(long, value_name = "WHO", value_parser = parse)]
    pub email: Option<u8>,
    /// Whether others learn that you type.
    #[arg(long, value_name = "BOOL")]
    pub typing: Option<bool>,
    /// Whether strangers find you by name.
    #[arg(long, value_name = "BOOL")]
    pub findable: Option<bool>,
}

/// Changes what is named, nothing else, and prints how it stands.
pub(super) async fn run(context: &Context, args: PrivacyArgs) -> Result<(), Failure> {
    let client = context.connect().await?;
    let set = SetPrivacy {
        read_to: args.read_receipts,
        presence_to: args.presence,
        moments_to: args.moments,
        message_from: args.messages,
        add_from: args.requests,
        groups_from: args.groups,
        email_from: args.email,
        typing: args.typing,
        findable: args.findable,
        ..SetPrivacy::default()
    };
    let now = client.call(set).await?;
    context.output.data(|| as_json(&now), || lines(context.output.words, &now))?;
    Ok(())
}

fn as_json(now: &Privacy) -> serde_json::Value {
    json!({"type": "privacy", "read_receipts": now.read_receipts, "presence": now.presence,
        "typing": now.typing, "findable": now.findable, "read_to": name(now.read_to),
        "presence_to": name(now.presence_to), "moments_to": name(now.moments_to),
        "message_from": name(now.message_from), "add_from": name(now.add_from),
        "groups_from": name(now.groups_from), "email_from": name(now.email_from)})
}

fn lines(words: Words, now: &Privacy) -> String {
    let who = |number: u8| match number {
        audience::EVERYBODY => words.everybody(),
        audience::FRIENDS => words.friends(),
        _ => words.nobody(),
    };
    let switch = |on: bool| if on { words.yes() } else { words.no() };
    let rows = [
        (words.privacy_read(), who(now.read_to)),
        (words.privacy_presence(), who(now.presence_to)),
        (words.privacy_moments(), who(now.moments_to)),
        (words.privacy_messages(), who(now.message_from)),
        (words.privacy_requests(), who(now.add_from)),
        (words.privacy_groups(), who(now.groups_from)),
        (words.privacy_email(), who(now.email_from)),
        (words.privacy_typing(), switch(now.typing)),
        (words.privacy_findable(), switch(now.findable)),
    ];
    rows.iter().map(|(what, it)| words.labelled(what, it)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_a_word_and_a_switch_still_works() {
        assert_eq!(parse("friends"), Ok(audience::FRIENDS));
        assert_eq!((parse("true"), parse("false")), (Ok(audience::EVERYBODY), Ok(audience::NOBODY)));
        assert!(parse("some").is_err());
        assert_eq!(name(audience::FRIENDS), "friends");
    }
}
