//! What the types alone do not say: frames of the long-lived streams, event kinds, nested types, keys of the account log,
//! streams.
//!
//! The tests beside it compare each table with the constants it repeats.

use super::{Origin, Shape, shape};
use crate::{
    account, announcements, chat, close_code, conversations, email, event, export, fault, files, frame,
    groups, history, moments, people, pictures, state, stream_kind, words,
};

/// A frame on a long-lived stream.
pub(super) struct StreamFrame {
    pub(super) stream: &'static str,
    pub(super) from: Origin,
    pub(super) code: u64,
    pub(super) shape: Shape,
}

const fn frame<T: crate::Described>(stream: &'static str, from: Origin, code: u64) -> StreamFrame {
    StreamFrame { stream, from, code, shape: shape::<T>() }
}

/// Every frame of the chat and the state stream.
pub(super) const FRAMES: &[StreamFrame] = {
    use Origin::{Client, Server};
    use chat::frame_type as c;
    use state::frame_type as s;
    &[
        frame::<fault::Fault>("chat", Server, frame::FAULT),
        frame::<chat::Send>("chat", Client, c::SEND),
        frame::<chat::Cursors>("chat", Client, c::CURSORS),
        frame::<chat::Live>("chat", Client, c::LIVE),
        frame::<chat::Seek>("chat", Client, c::SEEK),
        frame::<chat::Delivered>("chat", Client, c::DELIVERED),
        frame::<chat::Ack>("chat", Server, c::ACK),
        frame::<chat::Refused>("chat", Server, c::REFUSED),
        frame::<event::Event>("chat", Server, c::EVENT),
        frame::<chat::Skip>("chat", Server, c::SKIP),
        frame::<chat::CursorRefused>("chat", Server, c::CURSOR_REFUSED),
        frame::<chat::Entry>("chat", Server, c::ENTRY),
        frame::<chat::CaughtUp>("chat", Server, c::CAUGHT_UP),
        frame::<chat::AccountReset>("chat", Server, c::ACCOUNT_RESET),
        frame::<chat::SetBack>("chat", Server, c::SET_BACK),
        frame::<fault::Fault>("state", Server, frame::FAULT),
        frame::<state::Typing>("state", Client, s::TYPING),
        frame::<state::Watch>("state", Client, s::WATCH),
        frame::<state::Availability>("state", Client, s::AVAILABILITY),
        frame::<state::TypingNow>("state", Server, s::TYPING_NOW),
        frame::<state::Presence>("state", Server, s::PRESENCE),
        frame::<state::Marker>("state", Server, s::MARKER),
        frame::<state::GoingAway>("state", Server, s::GOING_AWAY),
        frame::<state::Revoked>("state", Server, s::REVOKED),
        frame::<state::NewMoments>("state", Server, s::NEW_MOMENTS),
        frame::<announcements::Announcement>("state", Server, s::ANNOUNCEMENT),
    ]
};

/// One kind of event: the number, the body a client sends (if it may), the body that is delivered.
pub(super) struct EventKind {
    pub(super) kind: u16,
    pub(super) doc: &'static str,
    pub(super) sent: Option<Shape>,
    pub(super) delivered: Option<Shape>,
}

const fn made_by_server<T: crate::Described>(kind: u16, doc: &'static str) -> EventKind {
    EventKind { kind, doc, sent: None, delivered: Some(shape::<T>()) }
}

const fn sent<S: crate::Described, D: crate::Described>(kind: u16, doc: &'static str) -> EventKind {
    EventKind { kind, doc, sent: Some(shape::<S>()), delivered: Some(shape::<D>()) }
}

const fn unread_by_server(kind: u16, doc: &'static str) -> EventKind {
    EventKind { kind, doc, sent: None, delivered: None }
}

/// Every kind of event.
pub(super) const EVENTS: &[EventKind] = {
    use event::kind as k;
    &[
        sent::<event::Text, event::Text>(k::TEXT, "A text message; with a target it answers that event."),
        sent::<event::Forward, event::Forwarded>(
            k::FORWARD,
            "A message taken from another conversation: the client names it, the server copies the words and the file.",
        ),
        sent::<event::SendFile, event::File>(
            k::FILE,
            "A message that carries a file: the client names it, the server adds what it knows of it.",
        ),
        unread_by_server(k::OPAQUE, "A message whose body the server never reads; needs a fallback text."),
        sent::<event::Text, event::Text>(
            k::EDIT,
            "New words for one of the sender's text messages, the target.",
        ),
        sent::<event::Recall, event::Recall>(
            k::RECALL,
            "Takes one of the sender's messages, the target, back; in groups also that of another, for those who may remove.",
        ),
        sent::<event::Reaction, event::Reaction>(
            k::REACTION,
            "Puts an emoji on a message, the target, or takes it off.",
        ),
        made_by_server::<event::FileKnown>(
            k::FILE_KNOWN,
            "What the file of the target is, which was sent while it was still coming in or not looked at yet.",
        ),
        made_by_server::<event::Created>(k::CREATED, "The conversation begins."),
        made_by_server::<event::Joined>(k::JOINED, "Members were brought in, or the sender came in alone."),
        made_by_server::<event::Left>(k::LEFT, "A member left."),
        made_by_server::<event::Removed>(k::REMOVED, "A member was removed."),
        made_by_server::<event::Renamed>(k::RENAMED, "The group has a new name."),
        made_by_server::<event::OwnerChanged>(k::OWNER_CHANGED, "The group has a new owner."),
        made_by_server::<event::RoleChanged>(k::ROLE_CHANGED, "A member has another role."),
        made_by_server::<event::AnnouncedText>(
            k::ANNOUNCED,
            "Something was announced; the fallback text holds the beginning of it.",
        ),
        made_by_server::<groups::GroupChange>(k::GROUP_CHANGED, "Settings of the group were changed."),
        made_by_server::<event::Muted>(k::MUTED, "A member was muted, or may send again."),
        made_by_server::<event::Banned>(k::BANNED, "Somebody was banned, or may come in again."),
        made_by_server::<event::Pinned>(k::PINNED, "The target was pinned, or its pin was taken off."),
        made_by_server::<event::Nicknamed>(k::NICKNAMED, "The sender has another name in the group."),
        made_by_server::<event::Dissolved>(k::DISSOLVED, "The group is over: nothing comes behind this."),
        made_by_server::<event::AvatarChanged>(
            k::AVATAR_CHANGED,
            "The group has a new face, or none any more.",
        ),
        unread_by_server(
            k::PRIVATE_FIRST,
            "From here to 0xffff: between applications, never read by the server; needs a fallback text.",
        ),
    ]
};

/// Maps that occur inside others, and the values of the account log.
pub(super) const TYPES: &[Shape] = &[
    shape::<account::Resumed>(),
    shape::<announcements::Announcement>(),
    shape::<account::Limits>(),
    shape::<account::SessionInfo>(),
    shape::<account::Profile>(),
    shape::<account::Privacy>(),
    shape::<account::SessionEntry>(),
    shape::<email::EmailEntry>(),
    shape::<export::ExportPosition>(),
    shape::<conversations::ListPosition>(),
    shape::<conversations::ConversationInfo>(),
    shape::<conversations::ConversationEntry>(),
    shape::<conversations::Member>(),
    shape::<conversations::OtherMarker>(),
    shape::<conversations::HiddenEntry>(),
    shape::<conversations::Invitation>(),
    shape::<conversations::InvitationEntry>(),
    shape::<conversations::Message>(),
    shape::<conversations::ReactionCount>(),
    shape::<history::ReactedBy>(),
    shape::<words::DictionaryEntry>(),
    shape::<words::WordExample>(),
    shape::<words::Word>(),
    shape::<words::NewWord>(),
    shape::<words::LanguagePair>(),
    shape::<people::FoundPosition>(),
    shape::<people::FoundPerson>(),
    shape::<groups::Permissions>(),
    shape::<groups::PermissionChanges>(),
    shape::<groups::GroupChange>(),
    shape::<groups::GroupPerson>(),
    shape::<groups::AuditEntry>(),
    shape::<groups::FoundGroupPosition>(),
    shape::<groups::FoundGroup>(),
    shape::<groups::JoinPosition>(),
    shape::<groups::JoinRequest>(),
    shape::<groups::JoinRequestEntry>(),
    shape::<groups::JoinRequestsEntry>(),
    shape::<groups::GroupLinkInfo>(),
    shape::<groups::GroupAnnouncement>(),
    shape::<groups::SeenPosition>(),
    shape::<groups::Pin>(),
    shape::<people::Recommendation>(),
    shape::<files::FileInfo>(),
    shape::<event::File>(),
    shape::<event::SendVoice>(),
    shape::<event::Voice>(),
    shape::<pictures::Picture>(),
    shape::<pictures::Crop>(),
    shape::<files::GroupFile>(),
    shape::<files::GroupFilePosition>(),
    shape::<people::RequestPosition>(),
    shape::<people::FriendRequest>(),
    shape::<people::FriendRequestEntry>(),
    shape::<people::Friend>(),
    shape::<people::FriendEntry>(),
    shape::<people::Blocked>(),
    shape::<people::BlockedEntry>(),
    shape::<moments::Moment>(),
    shape::<moments::MomentComment>(),
    shape::<moments::MomentsSeen>(),
    shape::<moments::MomentNotice>(),
    shape::<moments::MomentsHiddenEntry>(),
    shape::<event::Event>(),
    shape::<event::Mention>(),
    shape::<fault::Fault>(),
];

/// Keys of the account log: the pattern, the type of the value, what it says.
pub(super) const ACCOUNT_LOG: &[(&str, &str, &str)] = &[
    ("profile", "Profile", "The account's own profile, with everything in it."),
    ("privacy", "Privacy", "The privacy switches."),
    ("email", "EmailEntry", "The account's e-mail address; gone when it has none."),
    ("session/<session>", "SessionEntry", "A signed-in device; gone when its session ended."),
    ("conversation/<conversation>", "ConversationEntry", "The account's side of a conversation."),
    ("hidden/<conversation>/<event_seq>", "HiddenEntry", "An event the account deleted for itself."),
    (
        "group_invitation/<conversation>",
        "InvitationEntry",
        "A group the account is invited into; gone when it was answered or has expired.",
    ),
    ("word/<id>", "Word", "One of the account's own words; the id as UUID text."),
    ("friend/<account>", "FriendEntry", "A friend, with the account's own side of the friendship."),
    (
        "friend_request/<account>",
        "FriendRequestEntry",
        "A friend request to or from the account; gone when it was answered, withdrawn or has expired.",
    ),
    (
        "join_request/<conversation>",
        "JoinRequestEntry",
        "The account's own request to join a group; gone when it was answered or withdrawn. It ends by itself.",
    ),
    (
        "join_requests/<conversation>",
        "JoinRequestsEntry",
        "Requests to join wait in a group that the account owns or administers; gone when none does.",
    ),
    ("blocked/<account>", "BlockedEntry", "Somebody the account blocks."),
    ("moments_seen", "MomentsSeen", "Up to which moment the account has seen its feed."),
    (
        "moments_hidden/<account>",
        "MomentsHiddenEntry",
        "Somebody whose moments the account keeps out of its feed.",
    ),
    (
        "moment_notice/<moment>/<kind>/<item>",
        "MomentNotice",
        "A like, a comment or a reply; the item is who liked, or the comment. Gone when it may not be seen any more, or is not among the newest 200.",
    ),
];

/// Stream kinds.
pub(super) const STREAMS: &[(u64, &str, &str)] = &[
    (
        stream_kind::REQUEST,
        "request",
        "One request frame, one reply frame, then the end. Opened by the client, bidirectional.",
    ),
    (
        stream_kind::CHAT,
        "chat",
        "Long-lived, opened by the client, bidirectional, at most one a connection at a time.",
    ),
    (
        stream_kind::STATE,
        "state",
        "Long-lived, opened by the client, bidirectional, at most one a connection at a time.",
    ),
    (
        stream_kind::UPLOAD,
        "upload",
        "Chunks of an upload, opened by the client, unidirectional: file, first chunk, count as varints, then bytes.",
    ),
    (
        stream_kind::DOWNLOAD,
        "download",
        "Chunks of a download, opened by the server, unidirectional: the client's number, first chunk, count as varints, then bytes.",
    ),
];

/// Codes of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE.
pub(super) const CLOSE_CODES: &[(u32, &str, &str)] = &[
    (close_code::DONE, "done", "Nothing went wrong."),
    (
        close_code::CANCELLED,
        "cancelled",
        "Whoever sends it gave the stream up; what was sent on it is incomplete.",
    ),
    (close_code::BAD_FRAME, "bad_frame", "A frame broke the rules of this page."),
    (
        close_code::UNKNOWN_STREAM,
        "unknown_stream",
        "The stream is not served: its kind is not known here, or it was refused. The connection goes on.",
    ),
    (close_code::NOT_SIGNED_IN, "not_signed_in", "Nobody signed in within the time the server allows."),
    (close_code::REVOKED, "revoked", "The session was signed out or revoked."),
    (close_code::GOING_AWAY, "going_away", "The server is going away: reconnect after the announced time."),
    (close_code::LIMIT, "limit", "A limit of the connection was passed."),
    (close_code::INTERNAL, "internal", "The server had an internal error."),
    (close_code::TOO_SLOW, "too_slow", "A stream made no progress for too long."),
    (close_code::WRONG_HASH, "wrong_hash", "A chunk does not have the hash that was announced."),
    (close_code::WRONG_SIZE, "wrong_size", "More bytes than were announced, or chunks that there are not."),
    (close_code::NO_TRANSFER, "no_transfer", "There is no such transfer, or not any more."),
    (close_code::STORAGE, "storage", "The storage of files takes or gives nothing at the moment."),
    (close_code::BUSY, "busy", "Too many streams with files at the same time; try again later."),
    (close_code::DAMAGED, "damaged", "What is stored of the file was found changed or lost."),
];
