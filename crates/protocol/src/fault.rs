//! Faults: what a peer sees when something is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a client should do about a fault, also when it does not know the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Try again later, after `retry_after_ms` when it is given.
    Retry,
    /// The request itself must change.
    Fix,
    /// Sign in (again).
    SignIn,
    /// This client is too old for what it asks.
    Upgrade,
    /// What the request is about does not exist, or not for the caller.
    Gone,
    /// A class this version does not know: treat it as `fix`.
    #[serde(other)]
    Unknown,
}

impl Class {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Fix => "fix",
            Self::SignIn => "sign_in",
            Self::Upgrade => "upgrade",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

message! {
    /// A refusal. Type 0 on every stream.
    pub struct Fault {
        /// Stable code in snake_case, at most 32 bytes.
        code: String,
        /// What to do: `retry`, `fix`, `sign_in`, `upgrade` or `gone`.
        class: Class,
        /// A sentence in English that is safe to show.
        message: String,
        /// The request field at fault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// The limit that was passed, in the field's unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Values for translated texts. Of a bound `least`, the other end of `limit`, and `unit`: `bytes`, `characters`, `ms`, or
        /// nothing for a number of things.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        params: Option<BTreeMap<String, String>>,
        /// When to try again, in milliseconds from now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// Finds the line in the server's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference as "ref": Option<String>,
    }
}

impl Fault {
    /// A fault of a known code with its standard sentence.
    pub fn new(code: Code) -> Self {
        Self {
            code: code.name.into(),
            class: code.class,
            message: code.message.into(),
            field: None,
            limit: None,
            params: None,
            retry_after_ms: None,
            reference: None,
        }
    }

    /// Replaces the sentence.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Tells the limit that was passed.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Says how many there may be; from nothing on without a least.
    #[must_use]
    pub fn within(self, least: u64, most: u64) -> Self {
        self.bounded("", (least, most), |count| count.to_string())
    }

    /// Says how many bytes of UTF-8 there may be.
    #[must_use]
    pub fn within_bytes(self, least: u64, most: u64) -> Self {
        self.bounded("bytes", (least, most), |count| format!("{count} bytes"))
    }

    /// Says how many characters there may be.
    #[must_use]
    pub fn within_characters(self, least: u64, most: u64) -> Self {
        self.bounded("characters", (least, most), |count| format!("{count} characters"))
    }

    /// Says how long it may be, in milliseconds.
    #[must_use]
    pub fn within_ms(self, least: u64, most: u64) -> Self {
        self.bounded("ms", (least, most), in_time)
    }

    /// Both ends of what is allowed and what they count, in the sentence and as values.
    fn bounded(mut self, unit: &str, (least, most): (u64, u64), said: impl Fn(u64) -> String) -> Self {
        let last = said(most);
        self.message = match said(least) {
            _ if least == 0 => format!("Use at most {last}."),
            // The unit once, where it is the same.
            first => match (first.split_once(' '), last.split_once(' ')) {
                (Some((number, one)), Some((_, other))) if one == other => format!("Use {number} to {last}."),
                _ => format!("Use {first} to {last}."),
            },
        };
        self.limit(most).param("least", least.to_string()).param("unit", unit)
    }

    /// Tells when to try again.
    #[must_use]
    pub fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// Adds a value for translated texts.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Adds the reference that finds the line in the server's log.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Whether this is the given code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.name
    }
}

/// Milliseconds in the largest unit that divides them.
fn in_time(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    match UNITS.iter().find(|(length, _)| ms > 0 && ms.is_multiple_of(*length)) {
        Some((length, unit)) if ms == *length => format!("1 {unit}"),
        Some((length, unit)) => format!("{} {unit}s", ms / length),
        None => format!("{ms} ms"),
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Fault {}

/// One fault code: its name, class and standard sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The stable name on the wire.
    pub name: &'static str,
    /// What a client should do.
    pub class: Class,
    /// The standard sentence in English.
    pub message: &'static str,
}

macro_rules! codes {
    ($($name:ident $text:literal $class:ident $message:literal)*) => {
        $(
            #[doc = $message]
            pub const $name: Code = Code { name: $text, class: Class::$class, message: $message };
        )*

        /// Every code, in the order of `PROTOCOL.md`.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

/// The codes of version 1.
pub mod code {
    use super::{Class, Code};

    codes! {
        BAD_FRAME "bad_frame" Fix "The frame does not decode."
        UNKNOWN_REQUEST "unknown_request" Upgrade "This server does not know the request."
        UNKNOWN_STREAM "unknown_stream" Upgrade "This server does not know the kind of stream."
        UNSUPPORTED_VERSION "unsupported_version" Upgrade "This server does not speak the protocol version."
        HELLO_FIRST "hello_first" Fix "The first request on a connection is hello."
        HELLO_AGAIN "hello_again" Fix "Hello was said already on this connection."
        NOT_SIGNED_IN "not_signed_in" SignIn "Sign in first."
        ALREADY_SIGNED_IN "already_signed_in" Fix "This connection is signed in already."
        BAD_TOKEN "bad_token" SignIn "The session has ended. Sign in again."
        WRONG_CREDENTIALS "wrong_credentials" Fix "The name or the password is wrong."
        RATE_LIMITED "rate_limited" Retry "Too many requests. Try again later."
        TOO_MANY_CONNECTIONS "too_many_connections" Retry "This account or this session has as many connections as it may have."
        BUSY "busy" Retry "The server is busy. Try again in a moment."
        UNAVAILABLE "unavailable" Retry "The server cannot store anything at the moment. Nothing was changed."
        GOING_AWAY "going_away" Retry "The server is going away."
        INTERNAL "internal" Retry "Something went wrong on the server."
        TIMED_OUT "timed_out" Retry "The request took too long."
        CANCELLED "cancelled" Retry "The request was cancelled."
        TOO_LONG "too_long" Fix "The value is too long."
        TOO_MANY "too_many" Fix "There are too many of these."
        BAD_VALUE "bad_value" Fix "The value is not allowed here."
        NOT_FOUND "not_found" Gone "There is no such thing."
        FORBIDDEN "forbidden" Fix "You may not do this."
        BAD_HANDLE "bad_handle" Fix "An account name has 2 to 32 letters and digits of scripts that belong together, with _ - and . behind the first."
        HANDLE_TAKEN "handle_taken" Fix "The account name is taken."
        BAD_PASSWORD "bad_password" Fix "The password must have 8 to 1024 bytes."
        SIGN_UP_CLOSED "sign_up_closed" Fix "This server takes no new accounts."
        BAD_INVITE "bad_invite" Fix "The invite is unknown, used up or expired."
        ID_CONFLICT "id_conflict" Fix "This id was used for something else."
        FENCED "fenced" Retry "An earlier message of this conversation must go first."
        CURSOR_AHEAD "cursor_ahead" Fix "The cursor is above the head of the conversation."
        NOT_A_MEMBER "not_a_member" Gone "You are no longer in this conversation."
        OWNER_STAYS "owner_stays" Fix "The owner leaves last or transfers the group first."
        GROUP_FULL "group_full" Fix "The group has no room for more members."
        NOT_A_GROUP "not_a_group" Fix "This works in groups only."
        BAD_KIND "bad_kind" Fix "Clients cannot send this kind of event."
        BAD_TARGET "bad_target" Fix "The event it refers to is not there or does not allow this."
        NOT_YOURS "not_yours" Fix "Only the sender may do this."
        NOTHING_TO_SEARCH "nothing_to_search" Fix "The text holds no letter or digit to search for."
        NO_ENGINE "no_engine" Gone "This server has no translation engine."
        ENGINE_FAILED "engine_failed" Retry "The translation engine does not answer."
        NO_TRANSLATION "no_translation" Fix "The translation engine does not know this pair of languages."
        LANGUAGE_UNKNOWN "language_unknown" Fix "The language of the text could not be found out."
        NOT_ACCEPTING "not_accepting" Fix "This person does not accept that from you."
        YOU_BLOCKED "you_blocked" Fix "You have blocked this person."
        TOO_MANY_STRANGERS "too_many_strangers" Fix "You have turned to as many strangers as one may in a day."
        NO_PREVIEW "no_preview" Gone "There is no small picture of it."
        BAD_PICTURE "bad_picture" Fix "This is not a picture that can be shown: use PNG, JPEG, WebP or GIF."
        PICTURE_TOO_LARGE "picture_too_large" Fix "The picture is too large to be shown: it may have 32 MiB, 50 million pixels, and take 256 MiB to decode."
        BAD_CROP "bad_crop" Fix "The part to cut out is not inside the picture."
        BAD_VOICE "bad_voice" Fix "This is not a voice recording: use Opus in Ogg of at most ten minutes and 4 MiB."
        FILE_TOO_LARGE "file_too_large" Fix "The file is larger than this server takes."
        QUOTA_EXCEEDED "quota_exceeded" Fix "There is no room left for your files. Delete some first."
        STORAGE_FULL "storage_full" Retry "The server has no room for files at the moment."
        WRONG_HASH "wrong_hash" Fix "The content does not have the hash that was announced."
        FILE_GONE "file_gone" Gone "The file is not kept any more."
        FILE_DAMAGED "file_damaged" Gone "What the server stored of the file is damaged."
        NAME_TAKEN "name_taken" Fix "There is something of this name already."
        FOLDER_NOT_EMPTY "folder_not_empty" Fix "The folder is not empty."
        NO_MAIL "no_mail" Gone "This server sends no mail."
        EMAIL_NEEDED "email_needed" Fix "An account here needs an e-mail address."
        EMAIL_TAKEN "email_taken" Fix "Another account has this e-mail address."
        BAD_CODE "bad_code" Fix "The code is wrong, used up or too old."
        ACCOUNT_LOCKED "account_locked" Gone "An operator has locked this account."
        ACCOUNT_CLOSING "account_closing" Fix "The end of this account was announced. It can still be taken back."
        MUTED "muted" Fix "You are muted in this group for a while."
        NOT_ALLOWED "not_allowed" Fix "This group does not let you send that."
        SLOW_MODE "slow_mode" Fix "This group is slow: wait before the next message."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_short_snake_case() {
        let mut seen = std::collections::HashSet::new();
        for code in code::ALL {
            assert!(seen.insert(code.name), "{} twice", code.name);
            assert!(code.name.len() <= 32 && code.name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()));
        }
    }

    #[test]
    fn a_fault_is_described_by_the_keys_that_travel() {
        let fault = Fault::new(code::BUSY).field("a").limit(1).param("b", "c").retry_after(2).reference("d");
        let body = crate::frame::encode_body(&fault);
        let sent: BTreeMap<String, serde_json::Value> = crate::frame::decode(&body).unwrap();
        let mut described: Vec<&str> = <Fault as crate::Described>::FIELDS.iter().map(|it| it.key).collect();
        described.sort_unstable();
        assert_eq!(sent.keys().map(String::as_str).collect::<Vec<_>>(), described);
    }

    #[test]
    fn a_bound_is_said_with_both_ends_and_its_unit() {
        let said = |fault: Fault| fault.message;
        let of = || Fault::new(code::BAD_VALUE);
        assert_eq!(said(of().within_bytes(1, 255)), "Use 1 to 255 bytes.");
        assert_eq!(said(of().within_characters(0, 64)), "Use at most 64 characters.");
        assert_eq!(said(of().within(1, 100)), "Use 1 to 100.");
        assert_eq!(said(of().within_ms(60_000, 30 * 86_400_000)), "Use 1 minute to 30 days.");
        assert_eq!(said(of().within_ms(1, 1500)), "Use 1 to 1500 ms.");
        let params = of().within_ms(0, 7_200_000).params.unwrap();
        assert_eq!((&*params["least"], &*params["unit"]), ("0", "ms"));
        assert_eq!(said(of().within_ms(0, 7_200_000)), "Use at most 2 hours.");
    }

    #[test]
    fn an_unknown_class_still_decodes() {
        let body = crate::frame::encode_body(&std::collections::BTreeMap::from([
            ("code", "new_code"),
            ("class", "dance"),
            ("message", "?"),
        ]));
        assert_eq!(crate::frame::decode::<Fault>(&body).unwrap().class, Class::Unknown);
    }
}
