//! What a conversation is made of: one envelope for every event, and the bodies of the known kinds.

use crate::{AccountId, ConversationId, MessageId, pictures::Picture};

message! {
    /// One entry of a conversation's log. Stored and sent as these very bytes.
    pub struct Event {
        /// The conversation.
        conversation as "c": ConversationId,
        /// Position in the log: 1, 2, 3 ... without a hole, counting every event.
        event_seq as "s": u64,
        /// Position among the messages, for events that count as unread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_seq as "m": Option<u64>,
        /// Server time in milliseconds since 1970 UTC; never goes back within a conversation.
        at_ms as "t": u64,
        /// The account that caused it; 0 when none did.
        sender as "f": AccountId,
        /// What it is, see the table of kinds.
        kind as "k": u16,
        /// The event it answers, edits, recalls or reacts to, in the same conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target_seq as "r": Option<u64>,
        /// The sender's id for it; kinds that the server makes have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id as "i": Option<MessageId>,
        /// The body, itself a MessagePack map for known kinds; empty when recalled or superseded.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Vec::is_empty")]
        body as "b": Vec<u8>,
        /// What to show when the kind is not known, at most 1 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback as "x": Option<String>,
        /// The body was recalled by the event with this sequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recalled_by as "z": Option<u64>,
        /// The body was replaced by the one of this event. A message names its newest edit; an earlier edit names the
        /// edit that took its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edited_by as "e": Option<u64>,
    }

    /// Body of `text` and `edit`.
    #[derive(Default)]
    pub struct Text {
        /// UTF-8 text, 1 byte to 16 KiB.
        text: String,
        /// Absent: plain. `md1`: the closed Markdown subset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
        /// Persons named in the text, at most 50.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<Mention>,
        /// Whether everybody is meant.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        everybody: bool,
    }

    /// A person named in a text.
    pub struct Mention {
        /// Who.
        account: AccountId,
        /// Where the name starts, in bytes of the text.
        start: u32,
        /// How long it is, in bytes.
        len: u32,
    }

    /// Body of `forward` as a client sends it: the server copies the words, and the file beside them.
    pub struct Forward {
        /// The conversation to take the message from.
        conversation: ConversationId,
        /// The message; the sender must be able to read it.
        event_seq: u64,
    }

    /// Body of `forward` as it is stored and delivered.
    pub struct Forwarded {
        /// The words; of a message with a file those beside it.
        text: String,
        /// As in `Text`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
        /// Who wrote them.
        from: AccountId,
        /// When they were written, in server milliseconds.
        at_ms: u64,
        /// The file of a message that carries one, without words: the sender's own from now on, for those who read this
        /// message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<File>,
    }

    /// Body of `file` as a client sends it: the server adds what it knows of the file. Sent with file 0,
    /// before an upload, it is refused as `not_found` of `file` where it would be taken, and for what is wrong otherwise: only whether
    /// a file is a recording shows when it is there.
    pub struct SendFile {
        /// The file; the sender must be able to read it.
        file: u64,
        /// Words beside it, at most 4 KiB.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// What a picture shows, for who does not see it; at most 1 KiB.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        alt: String,
        /// Makes it a voice message: the file is a recording.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice: Option<SendVoice>,
    }

    /// What a client says of a recording.
    pub struct SendVoice {
        /// How loud it is from beginning to end, at most 64 bytes of 0 to 31.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Vec::is_empty")]
        wave: Vec<u8>,
    }

    /// A recording as others hear of it.
    pub struct Voice {
        /// How long it is, in milliseconds, at most 600,000: what the server found.
        duration_ms: u64,
        /// How loud it is from beginning to end, at most 64 bytes of 0 to 31: what the sender says.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Vec::is_empty")]
        wave: Vec<u8>,
    }

    /// Body of `file` as it is stored and delivered.
    pub struct File {
        /// The file.
        file: u64,
        /// Its name: data, never a path.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// What its first bytes look like; `application/octet-stream` when unknown, also before the first chunk.
        media_type: String,
        /// The BLAKE3 hash of the content, 32 bytes.
        #[serde(with = "serde_bytes")]
        blake3: Vec<u8>,
        /// Words beside it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// What a picture shows, in words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        alt: String,
        /// Of a picture with previews; absent while it is not complete.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Picture>,
        /// Of a voice message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice: Option<Voice>,
    }

    /// Body of `file_known`: what the server found out of the file of a message, the target, that was sent before it could
    /// know. From then on the message's own body says the same.
    pub struct FileKnown {
        /// What its first bytes look like.
        media_type: String,
        /// Of a picture with previews.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Picture>,
    }

    /// Body of `recall`: nothing.
    #[derive(Default)]
    pub struct Recall {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// Body of `reaction`.
    pub struct Reaction {
        /// One emoji, at most 64 bytes.
        emoji: String,
        /// Whether it is put on or taken off.
        add: bool,
    }

    /// Body of `created`.
    pub struct Created {
        /// The group's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The first members, the creator included.
        accounts: Vec<AccountId>,
    }

    /// Body of `joined`: the sender brought these members in, or came in alone.
    pub struct Joined {
        /// The new members.
        accounts: Vec<AccountId>,
    }

    /// Body of `left`: the sender left. Empty.
    #[derive(Default)]
    pub struct Left {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// Body of `removed`: the sender removed a member.
    pub struct Removed {
        /// Who was removed.
        account: AccountId,
    }

    /// Body of `renamed`.
    pub struct Renamed {
        /// The new name of the group.
        name: String,
    }

    /// Body of `avatar_changed`.
    pub struct AvatarChanged {
        /// The version of the new face; absent when the group has none any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    }

    /// Body of `owner_changed`: the owner before stays as an administrator.
    pub struct OwnerChanged {
        /// The new owner.
        account: AccountId,
    }

    /// Body of `role_changed`.
    pub struct RoleChanged {
        /// Whose role.
        account: AccountId,
        /// 2 administrator, 3 member.
        role: u8,
    }

    /// Body of `announced`.
    pub struct AnnouncedText {
        /// The words; empty when the announcement was taken down.
        text: String,
    }

    /// Body of `muted`.
    pub struct Muted {
        /// Who may not send.
        account: AccountId,
        /// Until when, in server milliseconds; 0 when they may send again.
        until_ms: u64,
    }

    /// Body of `banned`. A member is removed by it.
    pub struct Banned {
        /// Who is kept out.
        account: AccountId,
        /// False when they may come in again.
        banned: bool,
    }

    /// Body of `pinned`; the target is the message.
    pub struct Pinned {
        /// False when the pin was taken off.
        pinned: bool,
    }

    /// Body of `nicknamed`: the sender's name in the group.
    pub struct Nicknamed {
        /// The name; empty for none.
        nickname: String,
    }

    /// Body of `dissolved`: nothing comes behind it. Empty.
    #[derive(Default)]
    pub struct Dissolved {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }
}

/// Event kinds. 1 to 31 and the private range count as messages; 32 to 63 change another event; 64 to 127 are
/// made by the server.
pub mod kind {
    /// A text message, also a reply when it has a target.
    pub const TEXT: u16 = 1;
    /// A message taken from another conversation.
    pub const FORWARD: u16 = 2;
    /// A message that carries a file.
    pub const FILE: u16 = 3;
    /// A message whose body the server never reads; needs a fallback text.
    pub const OPAQUE: u16 = 16;
    /// New words for one of your messages.
    pub const EDIT: u16 = 32;
    /// Takes one of your messages back.
    pub const RECALL: u16 = 33;
    /// Puts an emoji on a message, or takes it off.
    pub const REACTION: u16 = 34;
    /// The server says what the file of an earlier message is.
    pub const FILE_KNOWN: u16 = 35;
    /// The conversation begins.
    pub const CREATED: u16 = 64;
    /// Members were brought in.
    pub const JOINED: u16 = 65;
    /// A member left.
    pub const LEFT: u16 = 66;
    /// A member was removed.
    pub const REMOVED: u16 = 67;
    /// The group has a new name.
    pub const RENAMED: u16 = 68;
    /// The group has a new owner.
    pub const OWNER_CHANGED: u16 = 69;
    /// A member has another role.
    pub const ROLE_CHANGED: u16 = 70;
    /// Something was announced.
    pub const ANNOUNCED: u16 = 71;
    /// The group's settings were changed.
    pub const GROUP_CHANGED: u16 = 72;
    /// A member was muted, or may send again.
    pub const MUTED: u16 = 73;
    /// Somebody was banned, or may come in again.
    pub const BANNED: u16 = 74;
    /// A message was pinned, or the pin was taken off.
    pub const PINNED: u16 = 75;
    /// A member has another name in the group.
    pub const NICKNAMED: u16 = 76;
    /// The group is over.
    pub const DISSOLVED: u16 = 77;
    /// The group has a new face, or none any more.
    pub const AVATAR_CHANGED: u16 = 80;
    /// The first kind of the private range: between applications, never read by the server; needs a fallback.
    pub const PRIVATE_FIRST: u16 = 0x8000;

    /// Whether events of this kind count as messages (and so as unread).
    pub const fn counts(kind: u16) -> bool {
        kind >= 1 && kind < 32 || kind >= PRIVATE_FIRST
    }

    /// Whether a client may send this kind.
    pub const fn sendable(kind: u16) -> bool {
        matches!(kind, TEXT | FORWARD | FILE | OPAQUE | EDIT | RECALL | REACTION) || kind >= PRIVATE_FIRST
    }

    /// The name that `--json` and `PROTOCOL.md` use.
    pub const fn name(kind: u16) -> &'static str {
        match kind {
            TEXT => "message",
            FORWARD => "forward",
            FILE => "file",
            OPAQUE => "opaque",
            EDIT => "edit",
            RECALL => "recall",
            REACTION => "reaction",
            FILE_KNOWN => "file_known",
            CREATED => "created",
            JOINED => "joined",
            LEFT => "left",
            REMOVED => "removed",
            RENAMED => "renamed",
            OWNER_CHANGED => "owner_changed",
            ROLE_CHANGED => "role_changed",
            ANNOUNCED => "announced",
            GROUP_CHANGED => "group_changed",
            MUTED => "muted",
            BANNED => "banned",
            PINNED => "pinned",
            NICKNAMED => "nicknamed",
            DISSOLVED => "dissolved",
            AVATAR_CHANGED => "avatar_changed",
            PRIVATE_FIRST.. => "private",
            _ => "unknown",
        }
    }
}
