//! What can be said about a send without the database: sizes, kinds, bodies, mentions.

use litrocket_protocol::{
    AccountId, Fault,
    chat::Send,
    event::{Forward, Reaction, Text, kind},
    fault::code,
    frame, limits, markdown, names,
};

/// The hash that tells a retry from a conflict: keyed, so that stored hashes reveal nothing about words.
pub fn payload_hash(key: &[u8; 32], send: &Send) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&send.conversation.0.to_be_bytes());
    hasher.update(&send.kind.to_be_bytes());
    hasher.update(&send.target_seq.map_or(u64::MAX, |target| target).to_be_bytes());
    hasher.update(&(send.body.len() as u64).to_be_bytes());
    hasher.update(&send.body);
    hasher.update(send.fallback.as_deref().unwrap_or("").as_bytes());
    hasher.finalize().into()
}

/// Checks a send against the wire's bounds. Answers the accounts it mentions (account 0 stands for everybody) and
/// the bytes of its text.
pub(super) fn check(send: &Send) -> Result<(Vec<AccountId>, usize), Fault> {
    let none = (Vec::new(), 0);
    if !kind::sendable(send.kind) {
        return Err(Fault::new(code::BAD_KIND).field("k"));
    }
    if send.body.len() > limits::BODY_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG).field("b").within_bytes(0, limits::BODY_BYTES_MAX as u64));
    }
    if let Some(fallback) = &send.fallback {
        if fallback.len() > limits::FALLBACK_BYTES_MAX {
            return Err(Fault::new(code::TOO_LONG)
                .field("x")
                .within_bytes(0, limits::FALLBACK_BYTES_MAX as u64));
        }
    } else if send.kind == kind::OPAQUE || send.kind >= kind::PRIVATE_FIRST {
        return Err(Fault::new(code::BAD_VALUE).field("x").message("This kind needs a fallback text."));
    }
    let needs_target = matches!(send.kind, kind::EDIT | kind::RECALL | kind::REACTION);
    if needs_target && send.target_seq.is_none() || send.target_seq == Some(0) {
        return Err(Fault::new(code::BAD_TARGET).field("r"));
    }
    match send.kind {
        kind::TEXT | kind::EDIT => check_text(&send.body),
        kind::FORWARD => decode::<Forward>(&send.body).map(|_| none),
        kind::REACTION => {
            let reaction: Reaction = decode(&send.body)?;
            if names::is_emoji(&reaction.emoji) {
                Ok(none)
            } else {
                Err(Fault::new(code::BAD_VALUE).field("emoji").message("A reaction is one emoji."))
            }
        }
        _ => Ok(none),
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    frame::decode(body).map_err(|error| Fault::new(code::BAD_VALUE).field("b").message(error.to_string()))
}

fn check_text(body: &[u8]) -> Result<(Vec<AccountId>, usize), Fault> {
    let text: Text = decode(body)?;
    if text.text.len() > limits::TEXT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG).field("text").within_bytes(1, limits::TEXT_BYTES_MAX as u64));
    }
    if text.text.trim().is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("The text is empty."));
    }
    if text.format.as_deref().is_some_and(|format| format != markdown::FORMAT) {
        return Err(Fault::new(code::BAD_VALUE).field("format"));
    }
    if text.mentions.len() > limits::MENTIONS_MAX {
        return Err(Fault::new(code::TOO_MANY).field("mentions").limit(limits::MENTIONS_MAX as u64));
    }
    let inside = |start: u32, len: u32| {
        let (start, end) = (start as usize, start as usize + len as usize);
        text.text.is_char_boundary(start) && text.text.is_char_boundary(end)
    };
    if text.mentions.iter().any(|mention| !inside(mention.start, mention.len)) {
        return Err(Fault::new(code::BAD_VALUE)
            .field("mentions")
            .message("A mention lies outside the text."));
    }
    let mut mentions: Vec<AccountId> = text.mentions.iter().map(|mention| mention.account).collect();
    mentions.retain(|account| *account != AccountId::SYSTEM);
    if text.everybody {
        mentions.push(AccountId::SYSTEM);
    }
    mentions.sort_unstable();
    mentions.dedup();
    Ok((mentions, text.text.len()))
}

#[cfg(test)]
mod tests {
    use litrocket_protocol::{ConversationId, MessageId, event::Mention};

    use super::*;

    fn text(text: Text) -> Send {
        Send {
            conversation: ConversationId(1),
            epoch: 0,
            id: MessageId([1; 16]),
            kind: kind::TEXT,
            target_seq: None,
            body: frame::encode_body(&text),
            fallback: None,
        }
    }

    #[test]
    fn a_mention_inside_a_character_is_refused() {
        let mention = |start, len| Text {
            text: "你好".into(),
            mentions: vec![Mention { account: AccountId(5), start, len }],
            ..Text::default()
        };
        assert_eq!(check(&text(mention(0, 3))).unwrap(), (vec![AccountId(5)], 6));
        assert_eq!(check(&text(mention(1, 3))).unwrap_err().code, "bad_value");
        assert_eq!(check(&text(mention(3, u32::MAX))).unwrap_err().code, "bad_value");
    }

    #[test]
    fn empty_long_and_unsendable_are_refused_by_name() {
        let says = |words: &str| Text { text: words.into(), ..Text::default() };
        assert_eq!(check(&text(says(" \n"))).unwrap_err().code, "bad_value");
        let long = says(&"x".repeat(limits::TEXT_BYTES_MAX + 1));
        assert_eq!(check(&text(long)).unwrap_err().limit, Some(limits::TEXT_BYTES_MAX as u64));
        let mut system = text(says("x"));
        system.kind = kind::REMOVED;
        assert_eq!(check(&system).unwrap_err().code, "bad_kind");
    }

    #[test]
    fn the_hash_sees_every_part_of_the_payload() {
        let base = text(Text { text: "a".into(), ..Text::default() });
        let hash = |send: &Send| payload_hash(&[7; 32], send);
        let mut other = base.clone();
        other.epoch = 9;
        assert_eq!(hash(&base), hash(&other), "the epoch is not part of the payload");
        for change in [
            |send: &mut Send| send.conversation = ConversationId(2),
            |send: &mut Send| send.kind = kind::OPAQUE,
            |send: &mut Send| send.target_seq = Some(1),
            |send: &mut Send| send.body.push(0xc0),
            |send: &mut Send| send.fallback = Some("x".into()),
        ] {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(hash(&base), hash(&other));
        }
    }
}
