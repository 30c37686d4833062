//! What `litrocket admin` and `litrocket account export` print, in the manner of [`super::table`].

use super::{Object, table::object};

/// What `litrocket admin` prints.
pub(super) const ADMIN: &[Object] = &[
    object(
        &["account"],
        "`admin accounts list`, and what became of one: `lock|unlock|delete|promote|demote`",
        "account: number, handle: text, display_name: text, email: text or null, operator: bool, created_ms: number, \
         last_seen_ms: number, sessions: number, connected: bool, locked_ms: number or null, \
         closing_ms: number or null",
    ),
    object(
        &["recovery_code"],
        "`admin accounts reset-password`: to hand out",
        "account: number, recovery_code: text",
    ),
    object(
        &["session"],
        "`admin sessions`",
        "session: number, account: number, handle: text, label: text, created_ms: number, last_used_ms: number, \
         connected: bool",
    ),
    object(
        &["usage"],
        "`admin usage`",
        "connections: number, people_connected: number, accounts: number, locked: number, closing: number, \
         sessions: number, conversations: number, events: number, mails_waiting: number, database_bytes: number, \
         log_bytes: number, search_bytes: number",
    ),
    object(
        &["open_invite"],
        "`admin invites list`; the code is not kept",
        "id: text, uses: number, expires_ms: number, made_by: text or null, operator: bool",
    ),
    object(
        &["invite"],
        "`admin invites make`",
        "code: text, address: text, uses: number, expires_ms: number",
    ),
    object(&["announcement"], "`admin announce`", "id: number, at_ms: number, text: text"),
    object(
        &["report"],
        "`admin reports list`; `said` are the words of a message that is text",
        "id: number, at_ms: number, reporter: text or null, conversation: number or null, event_seq: number or null, \
         account: text or null, moment: number or null, text: text, said: text or null, closed_ms: number or null",
    ),
    object(
        &["imported"],
        "`admin words import`; `live`: a running server has them",
        "entries: number, live: bool",
    ),
    object(
        &["damage"],
        "`admin files check`: a chunk that is missing or damaged; `content` is what the log names, `file` the first of the files that have it",
        "content: number, chunk: number, file: number or null, name: text, cause: text",
    ),
    object(
        &["bad_preview"],
        "`admin files check`: a small picture that is missing or damaged; `size` is its longer side",
        "content: number, size: number, file: number or null, name: text, cause: text",
    ),
    object(&["storage"], "`admin files check`: the storage does not have this server's mark", "cause: text"),
    object(
        &["noted"],
        "`admin files check --confirm`: contents that count as damaged now and that do not any more, pictures that are \
         looked at again",
        "damaged: number, whole: number, pictures: number, accepted: bool",
    ),
    object(
        &["orphans"],
        "`admin files check`: objects that belong to nothing",
        "objects: number, bytes: number",
    ),
    object(
        &["checked"],
        "`admin files check`, at the end",
        "contents: number, chunks: number, bytes: number, damaged: number, previews: number, bad_previews: number, \
         orphans: number, swept: number, marked: bool",
    ),
    object(&["error"], "on standard error: why it failed", "code: text, message: text, class?: text"),
];

/// The lines of `account export`.
pub(super) const EXPORT: &[Object] = &[
    object(
        &["account"],
        "the profile, and the privacy switches by their numbers in PROTOCOL.md",
        "account: number, handle: text, display_name: text, signature: text, locale: text, sex: text or null, \
         birthday: text or null, show_personal: bool, read_receipts: bool, presence: bool, typing: bool, \
         findable: bool, read_to: number, presence_to: number, moments_to: number, message_from: number, \
         add_from: number, groups_from: number or null, email_from: number, operator: bool, created_ms: number, \
         last_seen_ms: number",
    ),
    object(
        &["session"],
        "each sign-in",
        "session: number, label: text, kind: number, scopes: number, created_ms: number, last_used_ms: number, \
         ended_ms: number or null",
    ),
    object(
        &["invite"],
        "each one made; the code is not kept",
        "uses: number, expires_ms: number, operator: bool",
    ),
    object(&["email"], "the address", "email: text, verified_ms: number"),
    object(
        &["email_change"],
        "each address of a change that was begun: `purpose` is 3 for the current one, 4 for the new one",
        "email: text, purpose: number, tries_left: number, expires_ms: number",
    ),
    object(
        &["friend"],
        "each friend",
        "account: number, handle: text, since_ms: number, remark: text, tags: text[], starred: bool",
    ),
    object(
        &["friend_request_sent"],
        "each that waits",
        "account: number, handle: text, message: text, at_ms: number, expires_ms: number",
    ),
    object(
        &["friend_request_received"],
        "each that waits, or was refused and is remembered",
        "account: number, handle: text, message: text, at_ms: number, expires_ms: number, refused: bool",
    ),
    object(
        &["blocked", "recommendation_dismissed"],
        "whom one keeps away",
        "account: number, handle: text, at_ms: number",
    ),
    object(&["strangers"], "to how many strangers one turned on one day", "day: number, count: number"),
    object(&["add_link"], "your own address to be added by", "code: text, made_ms: number"),
    object(
        &["word"],
        "each of your own words",
        "word: text, reading: text, meaning: text, example: text, note: text, created_ms: number, changed_ms: number",
    ),
    object(
        &["moment"],
        "each of your own moments",
        "moment: number, at_ms: number, text: text, visibility: number, people: number[], \
         pictures: moment picture[]",
    ),
    object(
        &["moment_comment"],
        "each comment one wrote",
        "moment: number, comment: number, at_ms: number, reply_to: number or null, reply_account: number or null, \
         text: text",
    ),
    object(&["moment_like"], "each like one gave", "moment: number, at_ms: number"),
    object(&["moments_hidden"], "whose moments one hides", "account: number"),
    object(&["moments_seen"], "up to where one has seen the feed", "moment: number"),
    object(
        &["moment_notice"],
        "each like and comment one was told of; `kind` and `item` as in PROTOCOL.md",
        "moment: number, kind: number, item: number, by: text, by_id: number, at_ms: number",
    ),
    object(
        &["file"],
        "each file one brought",
        "file: number, name: text, size: number, media_type: text, made_ms: number, complete: bool, kept: bool, \
         unused_ms: number or null, removed: bool, blake3: text",
    ),
    object(
        &["group_file"],
        "each file and folder one put into a group; a folder has no `file`",
        "entry: number, conversation: number, folder: number, name: text, file: number or null, size: number, \
         added_ms: number, downloads: number, expired: bool",
    ),
    object(
        &["avatar"],
        "your own face, by its side in pixels",
        "side: number, bytes: number, media_type: text",
    ),
    object(
        &["conversation"],
        "each conversation",
        "conversation: number, kind: text, name: text or null, with: text or null, made: bool, state: number, \
         role: number, nickname: text, joined: number, parted_ms: number or null, may_read: range[], read: number, \
         delivered: number, last_sent: number, marked_unread: bool, cleared_to: number, notify: number, \
         notify_until_ms: number or null, muted_until_ms: number, announcement_seen: number, request: number, \
         draft: text or null, pinned: bool",
    ),
    object(&["hidden"], "each event one deleted for oneself", "conversation: number, event_seq: number"),
    object(
        &["group_invitation"],
        "each that waits",
        "conversation: number, name: text, by: text, by_id: number, at_ms: number, expires_ms: number",
    ),
    object(
        &["group_invitation_refused"],
        "each one refused that is remembered",
        "conversation: number, by: text, by_id: number, until_ms: number",
    ),
    object(
        &["group_invitation_made"],
        "each one made that waits",
        "conversation: number, account: number, handle: text, at_ms: number, expires_ms: number",
    ),
    object(
        &["join_request"],
        "each that waits",
        "conversation: number, message: text, at_ms: number, expires_ms: number",
    ),
    object(
        &["report"],
        "each report one made",
        "conversation: number or null, event_seq: number or null, account: number or null, moment: number or null, \
         text: text, at_ms: number",
    ),
    object(
        &["group_link"],
        "each link into a group one made; the code is not kept",
        "conversation: number, link: number, made_ms: number, uses_left: number, expires_ms: number",
    ),
    object(
        &["group_pin"],
        "each message one pinned",
        "conversation: number, event_seq: number, pinned_ms: number",
    ),
    object(
        &["group_act"],
        "what one did in looking after a group; `action` and `value` as in PROTOCOL.md",
        "conversation: number, at_ms: number, action: number, account: number or null, event_seq: number or null, \
         value: number or null",
    ),
    object(
        &["reactions"],
        "what one put on a message",
        "conversation: number, event_seq: number, emoji: text[]",
    ),
    object(
        &["message"],
        "each message, edit and recall; `kind` is its type, `body` the bytes that the server does not read, in hexadecimal",
        "conversation: number, event_seq: number, at_ms: number, kind: text, target_seq?: number, edited_by?: number, \
         text?: text, mentions?: number[], everybody?: bool, from?: number, file?: number, name?: text, alt?: text, \
         fallback?: text or null, body?: text",
    ),
    object(
        &["group_event"],
        "each event one caused by a request; `kind` is its type, the rest its body in PROTOCOL.md",
        "conversation: number, event_seq: number, at_ms: number, kind: text, target_seq?: number, name?: text, \
         accounts?: number[], account?: number, version?: number, role?: number, text?: text, until_ms?: number, \
         banned?: bool, pinned?: bool, nickname?: text, description?: text, joining?: number, discoverable?: bool, \
         open_history?: bool, slow_ms?: number, permissions?: role numbers",
    ),
];
