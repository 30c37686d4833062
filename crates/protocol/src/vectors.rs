//! The golden vectors in `vectors/*.json`: other clients test against the same files.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    account, announcements, chat, conversations, event, fault, frame, hex, history, state, unread, varint,
};

#[derive(Deserialize)]
struct Frames {
    valid: Vec<Valid>,
    bodies: Vec<EventBody>,
    accepted: Vec<Accepted>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Valid {
    name: String,
    stream: String,
    from: String,
    #[serde(rename = "type")]
    code: u64,
    body: String,
    value: Value,
    hex: String,
}

#[derive(Deserialize)]
struct EventBody {
    name: String,
    body: String,
    value: Value,
    hex: String,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    body: String,
    hex: String,
    canonical: String,
}

#[derive(Deserialize)]
struct Invalid {
    name: String,
    stream: String,
    body: String,
    hex: String,
    error: String,
}

/// Any MessagePack value as JSON; bin becomes `{"$bin": hex}`.
struct Any(Value);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Any;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any(value.into()))
            }
            fn visit_bytes<E>(self, value: &[u8]) -> Result<Any, E> {
                Ok(Any(json!({ "$bin": hex::encode(value) })))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
                let mut list = Vec::new();
                while let Some(Any(value)) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Any(list.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut object = serde_json::Map::new();
                while let Some((key, Any(value))) = map.next_entry::<String, Any>()? {
                    object.insert(key, value);
                }
                Ok(Any(object.into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn again<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<Vec<u8>, frame::DecodeError> {
    frame::decode::<T>(body).map(|value| frame::encode_body(&value))
}

/// Decodes a map as the named type and encodes it again.
fn recode(name: &str, body: &[u8]) -> Result<Vec<u8>, frame::DecodeError> {
    macro_rules! types {
        ($($module:ident: $($name:ident)*;)*) => {
            match name {
                $($(stringify!($name) => again::<$module::$name>(body),)*)*
                other => panic!("the vectors name an unknown type {other}"),
            }
        };
    }
    types! {
        account: Hello Welcome Register SignIn SignedIn SignOut Done SetProfile SessionEntry Privacy;
        conversations: ListConversations Conversations OpenDirect ConversationInfo CreateGroup SetConversation HiddenEntry;
        history: GetHistory History Search Found;
        chat: Send Cursors Live Seek Delivered Ack Refused Skip CursorRefused Entry CaughtUp AccountReset SetBack;
        event: Event Text Forward Forwarded Recall Reaction Created Joined Left Removed Renamed OwnerChanged;
        state: Typing Watch Availability TypingNow Presence Marker GoingAway Revoked NewMoments;
        announcements: Announcement;
        fault: Fault;
    }
}

fn frame_max(stream: &str) -> usize {
    if stream == "chat" { frame::CHAT_FRAME_MAX } else { frame::FRAME_MAX }
}

/// Checks the map of a frame: it is the value, and our encoding of the value is these bytes.
fn check_map(name: &str, body_name: &str, map: &[u8], value: &Value) {
    let Any(found) = rmp_serde::from_slice(map).unwrap();
    assert_eq!(&found, value, "{name}");
    assert_eq!(recode(body_name, map).map(|bytes| hex::encode(&bytes)), Ok(hex::encode(map)), "{name}");
}

fn frames() -> Frames {
    serde_json::from_str(include_str!("../vectors/frames.json")).unwrap()
}

#[test]
fn valid_frames_decode_and_encode_to_the_same_bytes() {
    for it in frames().valid {
        let bytes = hex::decode(&it.hex).unwrap();
        let (code, map, end) = frame::split(&bytes, frame_max(&it.stream)).unwrap().unwrap();
        assert_eq!((code, end), (it.code, bytes.len()), "{}", it.name);
        check_map(&it.name, &it.body, &bytes[map.clone()], &it.value);
        assert_eq!(frame::encode_raw(code, &bytes[map]), bytes, "{}", it.name);
    }
    for it in frames().bodies {
        check_map(&it.name, &it.body, &hex::decode(&it.hex).unwrap(), &it.value);
    }
}

#[test]
fn every_frame_of_the_long_lived_streams_has_a_vector() {
    let valid = frames().valid;
    for it in crate::describe::describe().frames.iter().filter(|it| (it.stream, it.code) != ("state", 0)) {
        let from = serde_json::to_value(it.from).unwrap();
        let found = valid.iter().any(|valid| {
            (valid.stream.as_str(), valid.code, valid.body.as_str()) == (it.stream, it.code, it.map.name)
                && from == valid.from.as_str()
        });
        assert!(found, "{} {}", it.stream, it.map.name);
    }
}

#[test]
fn accepted_frames_mean_the_same_as_their_canonical_form() {
    for it in frames().accepted {
        let bytes = hex::decode(&it.hex).unwrap();
        let (code, map, _) = frame::split(&bytes, frame::CHAT_FRAME_MAX).unwrap().unwrap();
        let map = recode(&it.body, &bytes[map]).unwrap_or_else(|error| panic!("{}: {error}", it.name));
        assert_eq!(hex::encode(&frame::encode_raw(code, &map)), it.canonical, "{}", it.name);
    }
}

#[test]
fn invalid_frames_are_refused_for_the_reason_given() {
    for it in frames().invalid {
        let bytes = hex::decode(&it.hex).unwrap();
        let error = match frame::split(&bytes, frame_max(&it.stream)) {
            Ok(None) => "incomplete",
            Ok(Some((_, map, _))) => {
                recode(&it.body, &bytes[map]).map_or_else(|error| reason(&error), |_| "none")
            }
            Err(error) => reason(&error),
        };
        assert_eq!(error, it.error, "{}", it.name);
    }
}

fn reason(error: &frame::DecodeError) -> &'static str {
    match error {
        frame::DecodeError::TooLarge { .. } => "too_large",
        frame::DecodeError::Empty => "empty",
        frame::DecodeError::Body(_) => "body",
        frame::DecodeError::Trailing => "trailing",
    }
}

#[test]
fn unread_vectors_hold() {
    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        name: String,
        markers: unread::Markers,
        floor: u64,
        read: u64,
        unread: u64,
    }
    let cases: Cases = serde_json::from_str(include_str!("../vectors/unread.json")).unwrap();
    for case in cases.cases {
        let m = &case.markers;
        let found = (unread::floor(m), unread::read(m), unread::unread(m));
        assert_eq!(found, (case.floor, case.read, case.unread), "{}", case.name);
    }
}

#[derive(Deserialize)]
struct Transcripts {
    transcripts: Vec<Transcript>,
}

#[derive(Deserialize)]
struct Transcript {
    name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    connection: u64,
    from: String,
    stream: u64,
    kind: Option<u64>,
    hex: String,
    frames: Vec<Decoded>,
}

#[derive(Deserialize)]
struct Decoded {
    #[serde(rename = "type")]
    code: u64,
    body: String,
    value: Value,
}

#[test]
fn transcripts_are_made_of_valid_frames() {
    let all: Transcripts = serde_json::from_str(include_str!("../vectors/transcripts.json")).unwrap();
    for transcript in all.transcripts {
        let mut opened = std::collections::HashMap::new();
        for step in transcript.steps {
            let bytes = hex::decode(&step.hex).unwrap();
            let key = (step.connection, step.stream);
            let mut at = 0;
            if step.from == "client" && !opened.contains_key(&key) {
                let (kind, size) = varint::get(&bytes).unwrap();
                assert_eq!(Some(kind), step.kind, "{}", transcript.name);
                opened.insert(key, kind);
                at = size;
            }
            let max = if opened[&key] == crate::stream_kind::CHAT {
                frame::CHAT_FRAME_MAX
            } else {
                frame::FRAME_MAX
            };
            for expected in step.frames {
                let (code, map, end) = frame::split(&bytes[at..], max).unwrap().unwrap();
                assert_eq!(code, expected.code, "{}", transcript.name);
                check_map(&transcript.name, &expected.body, &bytes[at..][map], &expected.value);
                at += end;
            }
            assert_eq!(at, bytes.len(), "{}: bytes behind the last frame", transcript.name);
        }
    }
}
