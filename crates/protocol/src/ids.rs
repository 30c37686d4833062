//! Identifiers: integers below 2^53, and 16-byte message ids.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hex;

/// The largest integer id: JSON and JavaScript hold it exactly.
pub const MAX_ID: u64 = (1 << 53) - 1;

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The number as the database's signed integer.
            pub const fn sql(self) -> i64 {
                self.0 as i64
            }
        }

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                Self(value.unsigned_abs())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// An account. 0 is nobody: the sender of events that no account caused.
    AccountId
    /// A conversation: one-to-one, group, or saved.
    ConversationId
    /// A session: one signed-in device.
    SessionId
}

impl AccountId {
    /// The sender of events that no account caused.
    pub const SYSTEM: Self = Self(0);
}

/// A client-made id of a message or another thing that is created once: 128 bits, time-ordered as a UUIDv7
/// (RFC 9562 section 5.7), unique per sender. 16 raw bytes on the wire, UUID text for people.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MessageId(pub [u8; 16]);

impl MessageId {
    /// A UUIDv7 from a time in milliseconds since 1970 and ten random bytes.
    pub const fn v7(at_ms: u64, random: [u8; 10]) -> Self {
        let time = at_ms.to_be_bytes();
        let r = random;
        Self([
            time[2],
            time[3],
            time[4],
            time[5],
            time[6],
            time[7],
            0x70 | (r[0] & 0x0f),
            r[1],
            0x80 | (r[2] & 0x3f),
            r[3],
            r[4],
            r[5],
            r[6],
            r[7],
            r[8],
            r[9],
        ])
    }

    /// Reads UUID text (32 hex digits, hyphens ignored).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = hex::decode(&text.replace('-', ""))?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = hex::encode(&self.0);
        let part = |range: std::ops::Range<usize>| &digits[range];
        write!(f, "{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
    }
}

impl std::fmt::Debug for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: serde_bytes::ByteArray<16> = Deserialize::deserialize(deserializer)?;
        Ok(Self(bytes.into_array()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_a_uuid_of_version_7() {
        let id = MessageId::v7(0x8f00_1234_5678, [0xff; 10]);
        assert_eq!(id.to_string(), "8f001234-5678-7fff-bfff-ffffffffffff");
        assert_eq!(MessageId::parse(&id.to_string()), Some(id));
        assert_eq!(MessageId::parse("8f001234"), None);
        assert_eq!(MessageId::parse("zz001234-5678-7fff-bfff-ffffffffffff"), None);
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        assert!(MessageId::v7(1, [0xff; 10]) < MessageId::v7(2, [0; 10]));
    }
}
