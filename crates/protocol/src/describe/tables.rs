//! What the types alone do not say: frames of the long-lived streams, event kinds, faults, streams, limits.
//!
//! The tests beside it compare each table with the constants it repeats.

use super::{Origin, Shape, shape};
use crate::{
    account, announcements, chat, close_code, conversations, email, event, export, fault, files, frame,
    groups, history, limits, moments, names, people, pictures, state, stream_kind, words,
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
            "A message taken from another conversation: the client names it, the server copies the words.",
        ),
        sent::<event::SendFile, event::File>(
            k::FILE,
            "A message that carries a file: the client names it, the server adds what it knows of it.",
        ),
        unread_by_server(k::OPAQUE, "A message whose body the server never reads; needs a fallback text."),
        sent::<event::Text, event::Text>(k::EDIT, "New words for an own text message, the target."),
        sent::<event::Recall, event::Recall>(
            k::RECALL,
            "Takes an own message, the target, back; in groups also that of another, for those who may remove.",
        ),
        sent::<event::Reaction, event::Reaction>(
            k::REACTION,
            "Puts an emoji on a message, the target, or takes it off.",
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
    (close_code::CANCELLED, "cancelled", "The peer gave the stream up; what was sent on it is incomplete."),
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

/// Bounds of the protocol: name, value, what it bounds with its unit.
pub(super) const LIMITS: &[(&str, u64, &str)] = &[
    ("chat_frame_max", frame::CHAT_FRAME_MAX as u64, "Type and map of a frame on the chat stream, in bytes."),
    ("frame_max", frame::FRAME_MAX as u64, "Type and map of a frame on every other stream, in bytes."),
    ("depth_max", frame::DEPTH_MAX as u64, "Maps and arrays inside each other, the outermost map included."),
    ("text_bytes_max", limits::TEXT_BYTES_MAX as u64, "Text of a message, in UTF-8 bytes."),
    ("body_bytes_max", limits::BODY_BYTES_MAX as u64, "Body of an event, in bytes."),
    ("fallback_bytes_max", limits::FALLBACK_BYTES_MAX as u64, "Fallback text of an event, in UTF-8 bytes."),
    ("mentions_max", limits::MENTIONS_MAX as u64, "Mentions in one message."),
    (
        "reactions_per_member_max",
        limits::REACTIONS_PER_MEMBER_MAX as u64,
        "Different emoji one member may have on one message.",
    ),
    ("accounts_per_call_max", limits::ACCOUNTS_PER_CALL_MAX as u64, "Accounts in one request."),
    ("page_max", limits::PAGE_MAX, "Items in a page of a list."),
    ("page_default", limits::PAGE_DEFAULT, "Items in a page when the request names no limit."),
    ("history_page_max", limits::HISTORY_PAGE_MAX, "Messages in a page of history."),
    ("events_per_call_max", limits::EVENTS_PER_CALL_MAX as u64, "Events named in one request."),
    (
        "turn_bytes",
        limits::TURN_BYTES as u64,
        "Events of one conversation that are delivered before another has its turn, and events in one reply, in bytes (about).",
    ),
    ("cursors_per_frame_max", limits::CURSORS_PER_FRAME_MAX as u64, "Pairs in one frame of cursors."),
    (
        "conversations_max",
        limits::CONVERSATIONS_MAX as u64,
        "Conversations an account may be in, and cursors before `live` in all.",
    ),
    (
        "group_invitations_max",
        limits::GROUP_INVITATIONS_MAX as u64,
        "Invitations into groups that wait for an account; further ones do not reach it.",
    ),
    (
        "presence_subscriptions_max",
        limits::PRESENCE_SUBSCRIPTIONS_MAX as u64,
        "Accounts a connection may watch.",
    ),
    ("draft_bytes_max", limits::DRAFT_BYTES_MAX as u64, "A draft, in UTF-8 bytes."),
    ("search_bytes_max", limits::SEARCH_BYTES_MAX as u64, "A search text, in UTF-8 bytes."),
    ("password_bytes_max", limits::PASSWORD_BYTES_MAX as u64, "A password, in UTF-8 bytes, at most."),
    ("password_bytes_min", limits::PASSWORD_BYTES_MIN as u64, "A password, in UTF-8 bytes, at least."),
    ("email_bytes_max", limits::EMAIL_BYTES_MAX as u64, "An e-mail address, in bytes."),
    ("code_tries_max", limits::CODE_TRIES_MAX, "Tries that a code from a mail takes."),
    ("announcement_bytes_max", limits::ANNOUNCEMENT_BYTES_MAX as u64, "An announcement, in UTF-8 bytes."),
    ("words_max", limits::WORDS_MAX as u64, "Own words of an account."),
    ("words_per_call_max", limits::WORDS_PER_CALL_MAX as u64, "Own words added in one request."),
    ("word_bytes_max", limits::WORD_BYTES_MAX as u64, "An own word, in UTF-8 bytes."),
    ("reading_bytes_max", limits::READING_BYTES_MAX as u64, "How an own word is read, in UTF-8 bytes."),
    ("meaning_bytes_max", limits::MEANING_BYTES_MAX as u64, "What an own word means, in UTF-8 bytes."),
    (
        "word_line_bytes_max",
        limits::WORD_LINE_BYTES_MAX as u64,
        "The example of an own word, and the note on it, in UTF-8 bytes each.",
    ),
    ("friends_max", limits::FRIENDS_MAX as u64, "Friends of an account."),
    (
        "friend_requests_max",
        limits::FRIEND_REQUESTS_MAX as u64,
        "Friend requests of an account that wait for an answer.",
    ),
    ("blocked_max", limits::BLOCKED_MAX as u64, "People an account may block."),
    (
        "dismissed_max",
        limits::DISMISSED_MAX as u64,
        "People an account keeps out of its recommendations; the oldest may come back.",
    ),
    ("tags_max", limits::TAGS_MAX as u64, "Tags of one friend."),
    ("tag_chars_max", limits::TAG_CHARS_MAX as u64, "A tag, in characters."),
    ("moment_bytes_max", limits::MOMENT_BYTES_MAX as u64, "Text of a moment, in UTF-8 bytes."),
    ("moment_pictures_max", limits::MOMENT_PICTURES_MAX as u64, "Pictures of a moment."),
    (
        "moment_people_max",
        limits::MOMENT_PEOPLE_MAX as u64,
        "Friends who are chosen or excepted for a moment.",
    ),
    ("moments_per_day_max", limits::MOMENTS_PER_DAY_MAX as u64, "Moments an account may post in 24 hours."),
    ("moments_page_max", limits::MOMENTS_PAGE_MAX, "Moments in a page."),
    (
        "moment_reactions_max",
        limits::MOMENT_REACTIONS_MAX as u64,
        "Likes of one moment, and as many comments.",
    ),
    ("comment_bytes_max", limits::COMMENT_BYTES_MAX as u64, "A comment on a moment, in UTF-8 bytes."),
    ("likes_shown_max", limits::LIKES_SHOWN_MAX as u64, "Likes that come with a moment."),
    ("comments_shown_max", limits::COMMENTS_SHOWN_MAX as u64, "Comments that come with a moment."),
    (
        "moments_hidden_max",
        limits::MOMENTS_HIDDEN_MAX as u64,
        "People whose moments an account keeps out of its feed.",
    ),
    (
        "moment_notices_max",
        limits::MOMENT_NOTICES_MAX as u64,
        "Notices of likes and comments that an account log holds; the oldest goes.",
    ),
    ("file_bytes_max", limits::FILE_BYTES_MAX, "A file, in bytes."),
    ("file_chunk_bytes_min", limits::FILE_CHUNK_BYTES_MIN, "The smallest size of a file's chunks, in bytes."),
    ("file_chunks_max", limits::FILE_CHUNKS_MAX, "Chunks of a file."),
    ("file_name_bytes_max", limits::FILE_NAME_BYTES_MAX as u64, "The name of a file, in UTF-8 bytes."),
    ("group_files_max", limits::GROUP_FILES_MAX, "Files and folders of a group."),
    ("caption_bytes_max", limits::CAPTION_BYTES_MAX as u64, "The words beside a file, in UTF-8 bytes."),
    ("alt_bytes_max", limits::ALT_BYTES_MAX as u64, "What a picture shows, in UTF-8 bytes."),
    ("preview_bytes_max", limits::PREVIEW_BYTES_MAX as u64, "A preview, in bytes."),
    ("picture_bytes_max", limits::PICTURE_BYTES_MAX, "A picture of which previews are made, in bytes."),
    ("voice_bytes_max", limits::VOICE_BYTES_MAX, "A voice recording, in bytes."),
    ("voice_ms_max", limits::VOICE_MS_MAX, "A voice recording, in milliseconds."),
    ("voice_wave_max", limits::VOICE_WAVE_MAX as u64, "Values that show how loud a recording is."),
    (
        "group_description_bytes_max",
        limits::GROUP_DESCRIPTION_BYTES_MAX as u64,
        "What a group is about, in UTF-8 bytes.",
    ),
    ("administrators_max", limits::ADMINISTRATORS_MAX as u64, "Administrators of a group."),
    ("slow_ms_max", limits::SLOW_MS_MAX, "The wait between messages in a slow group, in milliseconds."),
    ("mute_ms_max", limits::MUTE_MS_MAX, "For how long a member may be muted, in milliseconds."),
    ("group_banned_max", limits::GROUP_BANNED_MAX, "People a group keeps out."),
    ("join_requests_max", limits::JOIN_REQUESTS_MAX, "Requests to join that wait in one group."),
    (
        "join_requests_of_one_max",
        limits::JOIN_REQUESTS_OF_ONE_MAX,
        "Requests to join of one account that wait.",
    ),
    (
        "join_request_days",
        limits::JOIN_REQUEST_DAYS,
        "How long a request to join waits for an answer, in days.",
    ),
    ("group_links_max", limits::GROUP_LINKS_MAX, "Links of one group."),
    ("group_link_uses_max", limits::GROUP_LINK_USES_MAX, "How many may come by one link."),
    (
        "group_link_ms_max",
        limits::GROUP_LINK_MS_MAX,
        "For how long a link is good, in milliseconds, at most.",
    ),
    (
        "group_announcement_bytes_max",
        limits::GROUP_ANNOUNCEMENT_BYTES_MAX as u64,
        "An announcement to a group, in UTF-8 bytes.",
    ),
    (
        "group_announcements_page_max",
        limits::GROUP_ANNOUNCEMENTS_PAGE_MAX,
        "Announcements to a group in a page.",
    ),
    ("group_pins_max", limits::GROUP_PINS_MAX, "Pinned messages of a group."),
    ("audit_max", limits::AUDIT_MAX, "Entries that the audit log of a group keeps; the oldest goes."),
    ("report_bytes_max", limits::REPORT_BYTES_MAX as u64, "The text of a report, in UTF-8 bytes."),
    ("reports_per_day_max", limits::REPORTS_PER_DAY_MAX, "Reports an account may make in 24 hours."),
    (
        "account_log_days",
        limits::ACCOUNT_LOG_DAYS,
        "How long the account log remembers a key that went, in days.",
    ),
    ("handle_chars_min", names::HANDLE_CHARS_MIN as u64, "An account name, in characters, at least."),
    ("handle_chars_max", names::HANDLE_CHARS_MAX as u64, "An account name, in characters, at most."),
    (
        "display_chars_max",
        names::DISPLAY_CHARS_MAX as u64,
        "A name to show (person, group, device), in characters.",
    ),
    ("line_chars_max", names::LINE_CHARS_MAX as u64, "A signature line, in characters."),
    ("emoji_bytes_max", names::EMOJI_BYTES_MAX as u64, "An emoji, in UTF-8 bytes."),
];

/// When a fault comes and what a client does about it, in the order of [`fault::code::ALL`].
pub(super) const ADVICE: &[(fault::Code, &str)] = {
    use fault::code as c;
    &[
        (
            c::BAD_FRAME,
            "The frame or its map breaks the rules. A bug of the client: do not repeat it. `message` says what.",
        ),
        (c::UNKNOWN_REQUEST, "The server is older than the request: do without it."),
        (c::UNKNOWN_STREAM, "The server is older than the stream kind: do without it."),
        (
            c::UNSUPPORTED_VERSION,
            "Only in answer to hello; `limit` is the highest version the server speaks.",
        ),
        (c::HELLO_FIRST, "Say hello on the first stream."),
        (c::HELLO_AGAIN, "Hello is said once; go on."),
        (c::NOT_SIGNED_IN, "Sign in, or say hello with a token, then repeat it."),
        (c::ALREADY_SIGNED_IN, "Open another connection for another account."),
        (c::BAD_TOKEN, "Forget the token and ask the person to sign in. Hello may be said again without it."),
        (c::WRONG_CREDENTIALS, "Ask for name and password again."),
        (c::RATE_LIMITED, "Repeat it after `retry_after_ms`."),
        (
            c::TOO_MANY_CONNECTIONS,
            "`limit` is how many. End another connection of the account, or come back after `retry_after_ms`.",
        ),
        (c::BUSY, "Repeat it after `retry_after_ms`."),
        (c::UNAVAILABLE, "Nothing was stored. Repeat it after `retry_after_ms`, with the same id."),
        (c::GOING_AWAY, "Reconnect after `retry_after_ms` and repeat it."),
        (c::INTERNAL, "Repeat it later, with the same id. `ref` finds the server's log line."),
        (c::TIMED_OUT, "It may have been done. Repeat it, with the same id where it has one."),
        (c::CANCELLED, "It may have been done. Repeat it, with the same id where it has one."),
        (c::TOO_LONG, "Shorten `field` to `limit`."),
        (c::TOO_MANY, "Send at most `limit` in `field`."),
        (c::BAD_VALUE, "Correct `field`."),
        (c::NOT_FOUND, "It does not exist, or not for the caller: the answer is the same. Forget it."),
        (c::FORBIDDEN, "The caller's role does not allow it."),
        (c::BAD_HANDLE, "Choose another account name; `params.reason` is a word of the name rules."),
        (c::HANDLE_TAKEN, "Choose another account name: this one, or one that looks like it, is taken."),
        (c::BAD_PASSWORD, "Choose a password of 8 to 1024 bytes that is not only white space."),
        (c::SIGN_UP_CLOSED, "Nobody can sign up here."),
        (c::BAD_INVITE, "Ask the operator for an invite."),
        (
            c::ID_CONFLICT,
            "A bug of the client: the id stands for something else already. Make a new id for new content.",
        ),
        (c::FENCED, "Do nothing for this one: its order is kept by the resend from the refused one on."),
        (
            c::CURSOR_AHEAD,
            "The log is shorter than the cursor: forget what was cached of the conversation and begin again.",
        ),
        (c::NOT_A_MEMBER, "The caller was in the conversation once: show it as read only."),
        (c::OWNER_STAYS, "Transfer the group with TransferGroup, or remove the other members, then leave."),
        (c::GROUP_FULL, "Invite fewer; `limit` is how many members a group may have."),
        (c::NOT_A_GROUP, "Only groups have members to change."),
        (c::BAD_KIND, "Send only the kinds that clients may send."),
        (
            c::BAD_TARGET,
            "The event is not there, not readable, recalled, or of a kind that this cannot be done to.",
        ),
        (c::NOT_YOURS, "Edit and recall own messages only."),
        (c::NOTHING_TO_SEARCH, "Ask for a text with a letter or digit."),
        (c::NO_ENGINE, "The operator configured none: offer no translation."),
        (c::ENGINE_FAILED, "Repeat it after `retry_after_ms`. The server's log says why."),
        (
            c::NO_TRANSLATION,
            "`params.from` and `params.to` name the pair; ListTranslations tells those that work.",
        ),
        (c::LANGUAGE_UNKNOWN, "Ask the person which language it is, and name it in `from`."),
        (
            c::NOT_ACCEPTING,
            "A privacy setting or a block of the other person; which one is not told. Do not repeat it.",
        ),
        (c::YOU_BLOCKED, "Take the block off with SetBlocked first."),
        (
            c::TOO_MANY_STRANGERS,
            "`limit` is how many new people the account may turn to in a day (UTC). Go on tomorrow.",
        ),
        (c::NO_PREVIEW, "Show the name, or the file itself: no small picture is made of it, or not yet."),
        (c::BAD_PICTURE, "Tell which file it is; send another one, or the part that is inside."),
        (
            c::BAD_VOICE,
            "Record it as Opus in Ogg, whole and complete before it is sent; or send it as a file.",
        ),
        (c::FILE_TOO_LARGE, "`limit` is the largest size in bytes."),
        (
            c::QUOTA_EXCEEDED,
            "`limit` is what the account's files, or with `field` `conversation` the group's, may take, in bytes. Delete some.",
        ),
        (c::STORAGE_FULL, "Repeat it after `retry_after_ms`; nothing was stored of what was refused."),
        (c::WRONG_HASH, "The content changed while it was sent. Hash it again."),
        (c::FILE_GONE, "Show the message with its name and that its content is not kept any more."),
        (
            c::FILE_DAMAGED,
            "Say so. When anybody brings the same content again, every file that has it is whole again.",
        ),
        (c::NAME_TAKEN, "Choose another name or folder."),
        (c::FOLDER_NOT_EMPTY, "Move or delete what is in it first."),
        (c::NO_MAIL, "Do without e-mail: recover accounts by their recovery codes."),
        (c::EMAIL_NEEDED, "Ask for an address, send a code there with SendEmailCode, and name both."),
        (c::EMAIL_TAKEN, "Sign in to that account, recover it, or name another address."),
        (
            c::BAD_CODE,
            "Ask for the code again; after 5 wrong ones, or when it is too old, ask for a new mail.",
        ),
        (c::ACCOUNT_LOCKED, "Ask the operator."),
        (
            c::ACCOUNT_CLOSING,
            "`params.until_ms` is when it is deleted; RestoreAccount takes that back and signs in.",
        ),
        (
            c::MUTED,
            "Final for this message. `retry_after_ms` says when the member may send again; recalling works.",
        ),
        (c::NOT_ALLOWED, "Final for this message: the permissions of the group are in GetGroup."),
        (c::SLOW_MODE, "Final for this message: write again after `retry_after_ms`."),
    ]
};
