//! Message ids as UUID text.

use std::borrow::Cow;

use litrocket_protocol::MessageId;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(id: &MessageId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MessageId, D::Error> {
    let text: Cow<'de, str> = Deserialize::deserialize(deserializer)?;
    parse(&text)
}

fn parse<E: Error>(text: &str) -> Result<MessageId, E> {
    MessageId::parse(text).ok_or_else(|| E::custom("an id is UUID text"))
}

pub(crate) mod option {
    use super::{Cow, Deserialize, Deserializer, MessageId, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(id: &Option<MessageId>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<MessageId>, D::Error> {
        let text: Option<Cow<'de, str>> = Deserialize::deserialize(deserializer)?;
        text.map(|text| super::parse(&text)).transpose()
    }
}
