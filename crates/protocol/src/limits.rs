//! Bounds that belong to the protocol itself. A server may set lower ones and tells them in `Welcome.limits`.

/// Text of one message, in UTF-8 bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Body of one message, in bytes: text, mentions and room for fields to come.
pub const BODY_BYTES_MAX: usize = 48 * 1024;
/// The fallback text of a message, in UTF-8 bytes.
pub const FALLBACK_BYTES_MAX: usize = 1024;
/// Mentions in one message.
pub const MENTIONS_MAX: usize = 50;
/// Different emoji one member may put on one message.
pub const REACTIONS_PER_MEMBER_MAX: usize = 20;
/// Accounts in one invitation, and in one look-up of profiles.
pub const ACCOUNTS_PER_CALL_MAX: usize = 100;
/// Items in one page of any list.
pub const PAGE_MAX: u64 = 100;
/// Items in a page when the request names no limit.
pub const PAGE_DEFAULT: u64 = 50;
/// Messages in one page of history.
pub const HISTORY_PAGE_MAX: u64 = 200;
/// Events named in one request (hide, resolve).
pub const EVENTS_PER_CALL_MAX: usize = 100;
/// Bytes of events in one reply or in one turn of delivery.
pub const TURN_BYTES: usize = 64 * 1024;
/// Cursors in one frame.
pub const CURSORS_PER_FRAME_MAX: usize = 1000;
/// Conversations of one connection that are fenced at a time. Ids are the client's to choose, also of conversations that do not
/// exist: 1,024 are 32 KiB. Nobody who writes to people is refused in so many at once.
pub const FENCES_MAX: usize = 1_024;
/// Conversations an account may be in.
pub const CONVERSATIONS_MAX: usize = 10_000;
/// Invitations into groups that wait for one account.
pub const GROUP_INVITATIONS_MAX: usize = 100;
/// Accounts one connection may watch for presence.
pub const PRESENCE_SUBSCRIPTIONS_MAX: usize = 200;
/// A draft, in UTF-8 bytes.
pub const DRAFT_BYTES_MAX: usize = TEXT_BYTES_MAX;
/// A search text, in UTF-8 bytes.
pub const SEARCH_BYTES_MAX: usize = 256;
/// A password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// A password, in bytes, at least.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// An e-mail address, in bytes: what SMTP carries.
pub const EMAIL_BYTES_MAX: usize = 254;
/// Tries that a code from a mail takes: five guesses at a million are nothing.
pub const CODE_TRIES_MAX: u64 = 5;
/// What operators tell everybody, in UTF-8 bytes.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 2 * 1024;
/// Own words of an account.
pub const WORDS_MAX: usize = 10_000;
/// Own words added in one request.
pub const WORDS_PER_CALL_MAX: usize = 100;
/// One of the caller's own words, in UTF-8 bytes.
pub const WORD_BYTES_MAX: usize = 128;
/// How one of the caller's own words is read, in UTF-8 bytes.
pub const READING_BYTES_MAX: usize = 256;
/// What one of the caller's own words means, in UTF-8 bytes.
pub const MEANING_BYTES_MAX: usize = 1024;
/// The example of one of the caller's own words, and the note on it, in UTF-8 bytes.
pub const WORD_LINE_BYTES_MAX: usize = 512;
/// Friends of an account.
pub const FRIENDS_MAX: usize = 5_000;
/// Friend requests of an account that wait for an answer.
pub const FRIEND_REQUESTS_MAX: usize = 500;
/// How often the other side is told of one request in 24 hours: made, put in other words, made anew.
pub const REQUEST_NOTICES_MAX: u64 = 3;
/// People an account may block.
pub const BLOCKED_MAX: usize = 5_000;
/// People an account keeps out of its recommendations.
pub const DISMISSED_MAX: usize = 1_000;
/// Tags of one friend.
pub const TAGS_MAX: usize = 20;
/// A tag, in characters.
pub const TAG_CHARS_MAX: usize = 32;
/// Text of a moment, in UTF-8 bytes: about 2,000 Chinese characters.
pub const MOMENT_BYTES_MAX: usize = 6 * 1024;
/// Pictures of a moment.
pub const MOMENT_PICTURES_MAX: usize = 9;
/// Friends who are chosen or excepted for a moment.
pub const MOMENT_PEOPLE_MAX: usize = 100;
/// Moments an account may post in 24 hours, so that nobody fills the feeds of others.
pub const MOMENTS_PER_DAY_MAX: usize = 100;
/// Moments in one page: with their newest comments they fit a frame.
pub const MOMENTS_PAGE_MAX: u64 = 20;
/// Likes of one moment, and as many comments: what a page counts of each is bounded.
pub const MOMENT_REACTIONS_MAX: usize = 1_000;
/// A comment on a moment, in UTF-8 bytes.
pub const COMMENT_BYTES_MAX: usize = 1536;
/// Likes that come with a moment.
pub const LIKES_SHOWN_MAX: usize = 10;
/// Comments that come with a moment.
pub const COMMENTS_SHOWN_MAX: usize = 3;
/// People whose moments an account keeps out of its feed.
pub const MOMENTS_HIDDEN_MAX: usize = 5_000;
/// Notices of likes and comments that an account log holds; the oldest goes.
pub const MOMENT_NOTICES_MAX: usize = 200;
/// A file, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 << 30;
/// The smallest size of a file's chunks, in bytes: what is sent again when a stream breaks.
pub const FILE_CHUNK_BYTES_MIN: u64 = 1 << 20;
/// Chunks of a file: their hashes fit into one frame.
pub const FILE_CHUNKS_MAX: u64 = 4096;
/// The name of a file, in UTF-8 bytes: what file systems take.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Files and folders of a group: the list stays one that people can look through.
pub const GROUP_FILES_MAX: u64 = 10_000;
/// The words beside a file, in UTF-8 bytes.
pub const CAPTION_BYTES_MAX: usize = 4 * 1024;
/// What a picture shows, in UTF-8 bytes.
pub const ALT_BYTES_MAX: usize = 1024;
/// A preview or avatar, in bytes: with its map it fits a frame.
pub const PREVIEW_BYTES_MAX: usize = 128 * 1024;
/// A picture of which previews are made, in bytes: larger ones are files like any other.
pub const PICTURE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A voice recording, in bytes: ten minutes at 56 kbit/s.
pub const VOICE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// A voice recording, in milliseconds.
pub const VOICE_MS_MAX: u64 = 600_000;
/// Values that show how loud a recording is: as many bars as a line of a small screen has.
pub const VOICE_WAVE_MAX: usize = 64;
/// What a group is about, in UTF-8 bytes.
pub const GROUP_DESCRIPTION_BYTES_MAX: usize = 1024;
/// Administrators of a group: all of them hear of requests to join.
pub const ADMINISTRATORS_MAX: usize = 50;
/// How long a member of a slow group may have to wait between messages, in milliseconds: a day.
pub const SLOW_MS_MAX: u64 = 86_400_000;
/// For how long a member may be muted, in milliseconds: 30 days.
pub const MUTE_MS_MAX: u64 = 30 * 86_400_000;
/// How often an account may come into one group that shows nobody what was said before: each time is a piece of what it may
/// read.
pub const GROUP_RETURNS_MAX: u64 = 100;
/// How often a member may take another name in one group in 24 hours: everybody reads it, also where few may write.
pub const NICKNAMES_PER_DAY_MAX: u64 = 10;
/// People a group keeps out.
pub const GROUP_BANNED_MAX: u64 = 10_000;
/// Requests to join that wait in one group.
pub const JOIN_REQUESTS_MAX: u64 = 1_000;
/// Invites that one operator has handed out and that are good: more than a company asks in at once.
pub const INVITES_MAX: u64 = 1_000;
/// Requests to join of one account that wait.
pub const JOIN_REQUESTS_OF_ONE_MAX: u64 = 100;
/// How long a request to join waits for an answer, in days.
pub const JOIN_REQUEST_DAYS: u64 = 30;
/// Links of one group that let people in.
pub const GROUP_LINKS_MAX: u64 = 50;
/// How many may come by one link.
pub const GROUP_LINK_USES_MAX: u64 = 100_000;
/// For how long a link is good, in milliseconds, at most: 365 days.
pub const GROUP_LINK_MS_MAX: u64 = 365 * 86_400_000;
/// An announcement to a group, in UTF-8 bytes.
pub const GROUP_ANNOUNCEMENT_BYTES_MAX: usize = 4 * 1024;
/// Announcements to a group in one page: they fit a frame.
pub const GROUP_ANNOUNCEMENTS_PAGE_MAX: u64 = 20;
/// Pinned messages of a group.
pub const GROUP_PINS_MAX: u64 = 100;
/// Entries that the audit log of a group keeps; the oldest goes.
pub const AUDIT_MAX: u64 = 10_000;
/// What is wrong with what is reported, in UTF-8 bytes.
pub const REPORT_BYTES_MAX: usize = 1024;
/// Reports that one account may make in 24 hours.
pub const REPORTS_PER_DAY_MAX: u64 = 50;
/// How long the account log remembers a key that went, in days.
pub const ACCOUNT_LOG_DAYS: u64 = 90;

const _: () = assert!(
    WORDS_PER_CALL_MAX
        * (WORD_BYTES_MAX + READING_BYTES_MAX + MEANING_BYTES_MAX + 2 * WORD_LINE_BYTES_MAX + 128)
        < crate::frame::FRAME_MAX,
    "a page of own words, and a request that adds them, fits a frame"
);
const _: () = assert!(
    MOMENTS_PAGE_MAX as usize
        * (MOMENT_BYTES_MAX
            + COMMENTS_SHOWN_MAX * (COMMENT_BYTES_MAX + 128)
            + 10 * (LIKES_SHOWN_MAX + MOMENT_PEOPLE_MAX)
            + 256)
        < crate::frame::FRAME_MAX,
    "a page of moments fits a frame"
);
const _: () = assert!(
    PAGE_MAX as usize * (COMMENT_BYTES_MAX + 128) < crate::frame::FRAME_MAX,
    "a page of comments fits a frame"
);
const _: () = assert!(
    GROUP_ANNOUNCEMENTS_PAGE_MAX as usize * (GROUP_ANNOUNCEMENT_BYTES_MAX + 128) < crate::frame::FRAME_MAX,
    "a page of announcements fits a frame"
);
const _: () = assert!(
    PAGE_MAX as usize * (GROUP_DESCRIPTION_BYTES_MAX + 512) < crate::frame::FRAME_MAX,
    "a page of groups fits a frame"
);
const _: () = assert!(BODY_BYTES_MAX + FALLBACK_BYTES_MAX + 1024 <= crate::frame::CHAT_FRAME_MAX);
const _: () = assert!(TEXT_BYTES_MAX + MENTIONS_MAX * 64 <= BODY_BYTES_MAX);
const _: () = assert!(CURSORS_PER_FRAME_MAX * 32 <= crate::frame::CHAT_FRAME_MAX);
