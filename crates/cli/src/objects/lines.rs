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
        "`admin files check`: a chunk that is missing or damaged",
        "content: number, chunk: number, name: text, cause: text",
    ),
    object(
        &["bad_preview"],
        "`admin files check`: a small picture that is missing or damaged; `size` is its longer side",
        "content: number, size: number, name: text, cause: text",
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
         orphans: number, marked: bool",
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
        "session: number, label: text, created_ms: number, last_used_ms: number, ended_ms: number or null",
    ),
    object(&["email"], "the address", "email: text, verified_ms: number"),
    object(
        &["friend"],
        "each friend",
        "account: number, handle: text, since_ms: number, remark: text, tags: text[], starred: bool",
    ),
    object(
        &["friend_request_sent", "friend_request_received"],
        "each open request",
        "account: number, handle: text, message: text, at_ms: number",
    ),
    object(
        &["blocked", "recommendation_dismissed"],
        "whom one keeps away",
        "account: number, handle: text, at_ms: number",
    ),
    object(&["add_link"], "the own address to be added by", "code: text, made_ms: number"),
    object(
        &["word"],
        "each own word",
        "word: text, reading: text, meaning: text, example: text, note: text, created_ms: number, changed_ms: number",
    ),
    object(
        &["moment"],
        "each own moment",
        "moment: number, at_ms: number, text: text, visibility: number, people: number[], \
         pictures: moment picture[]",
    ),
    object(
        &["moment_comment"],
        "each comment one wrote",
        "moment: number, comment: number, at_ms: number, text: text",
    ),
    object(&["moment_like"], "each like one gave", "moment: number, at_ms: number"),
    object(&["moments_hidden"], "whose moments one hides", "account: number"),
    object(
        &["file"],
        "each file one brought",
        "file: number, name: text, size: number, media_type: text, made_ms: number, complete: bool, blake3: text",
    ),
    object(
        &["avatar"],
        "the own face, by its side in pixels",
        "side: number, bytes: number, media_type: text",
    ),
    object(
        &["conversation"],
        "each conversation",
        "conversation: number, kind: text, name: text or null, with: text or null, state: number, role: number, \
         read: number, draft: text or null, pinned: bool",
    ),
    object(
        &["group_invitation"],
        "each that waits",
        "conversation: number, name: text, by: text, at_ms: number, expires_ms: number",
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
        &["message"],
        "each event one wrote; `kind` is its type",
        "conversation: number, event_seq: number, at_ms: number, kind: text, target_seq?: number, edited_by?: number, \
         text?: text, file?: number, name?: text, fallback?: text or null",
    ),
];
