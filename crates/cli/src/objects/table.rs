//! What client commands print, and the objects inside others. A key is `name: kind`; `?` behind the name: only where it applies; `or null` behind the kind: null where
//! there is none; `[]`: a list. Kinds are `number`, `bool`, `text`, or the name of a [`PARTS`] entry.

use super::{Object, Part};

pub(super) const fn object(types: &'static [&'static str], when: &'static str, keys: &'static str) -> Object {
    Object { types, when, keys }
}

const SENT: &str = "conversation: number, event_seq: number, message_seq: number or null, id: text, at_ms: number, \
    file?: file, resumed?: number, duration_ms?: number";

/// Objects inside others.
pub(super) const PARTS: &[Part] = &[
    Part { name: "person", keys: "id: number, name: text" },
    Part { name: "file", keys: "id: number, name: text, size: number, media_type: text, blake3: text" },
    Part { name: "picture", keys: "width: number, height: number, blurhash: text" },
    Part { name: "voice", keys: "duration_ms: number, wave: number[]" },
    Part { name: "reaction", keys: "emoji: text, count: number, mine: bool" },
    Part {
        name: "roles",
        keys: "write?: text, invite?: text, pin?: text, announce?: text, remove?: text, upload?: text, everybody?: text, \
            start?: text",
    },
    Part {
        name: "change",
        keys: "description?: text, joining?: text, discoverable?: bool, open_history?: bool, slow_ms?: number, \
            permissions?: roles",
    },
    Part {
        name: "role numbers",
        keys: "write?: number, invite?: number, pin?: number, announce?: number, remove?: number, upload?: number, \
            everybody?: number, start?: number",
    },
    Part { name: "range", keys: "from: number, to: number or null" },
    Part { name: "wall", keys: "event_seq: number, account: number, at_ms: number, text: text" },
    Part {
        name: "moment picture",
        keys: "file: number, alt: text, gone?: bool, width?: number, height?: number, blurhash?: text",
    },
    Part {
        name: "moment comment",
        keys: "comment: number, from: text, from_id: number, at_ms: number, text: text, reply_to: number or null, \
            reply_to_from: text or null",
    },
    Part { name: "example", keys: "text: text, reading: text, meaning: text" },
];

/// What client commands print.
pub(super) const CLIENT: &[Object] = &[
    object(
        &[
            "message",
            "forward",
            "file",
            "opaque",
            "edit",
            "recall",
            "reaction",
            "file_known",
            "created",
            "joined",
            "left",
            "removed",
            "renamed",
            "owner_changed",
            "role_changed",
            "announced",
            "group_changed",
            "muted",
            "banned",
            "pinned",
            "nicknamed",
            "dissolved",
            "avatar_changed",
            "private",
            "unknown",
        ],
        "an event: `listen`, `history`, `search`, `group pins`; `message_seq` where it counts as unread, `request` from a \
         stranger who waits for an answer, `gone` where its file is not kept any more, `edited_ms` and `reactions` where they \
         were folded in",
        "conversation: number, event_seq: number, message_seq: number or null, id: text or null, from: text, \
         from_id: number, at_ms: number, text: text, gone?: bool, format?: text, reply_to?: number, target_seq?: number, \
         request?: bool, edited_ms?: number, edited_by?: number, recalled_by?: number, reactions?: reaction[], \
         emoji?: text, add?: bool, forwarded_from?: text, forwarded_from_id?: number, forwarded_at_ms?: number, \
         file?: file, media_type?: text, picture?: picture, voice?: voice, alt?: text, accounts?: person[], name?: text, role?: text, \
         change?: change, until_ms?: number, banned?: bool, pinned?: bool, nickname?: text",
    ),
    object(
        &["sent"],
        "a message is stored: `send`, `forward`, `file send|share`, `voice send|record`, `react`, `edit`, `recall`",
        SENT,
    ),
    object(
        &["unsent"],
        "`send` gave up; `id` sends it again as the same message, where it was given one",
        "text: text, id?: text",
    ),
    object(&["recording_kept"], "`voice record` was interrupted: where the recording is", "path: text"),
    object(
        &["skipped"],
        "on standard error: `send` had blank lines on standard input, which it does not send",
        "lines: number",
    ),
    object(
        &["registered", "signed_in", "recovered", "restored"],
        "`register`, `login`, `recover`, `account restore`; `recovery_code` is shown this once",
        "handle: text, account: number, session: number, recovery_code?: text",
    ),
    object(&["signed_out"], "`logout`", ""),
    object(&["whoami"], "`whoami`", "handle: text, account: number, session: number, server: text"),
    object(
        &["device"],
        "a line of `devices`",
        "session: number, label: text, created_ms: number, last_used_ms: number, connected: bool, current: bool",
    ),
    object(&["revoked"], "`devices --revoke`", "session: number"),
    object(
        &["profile"],
        "`profile`",
        "account: number, handle: text, display_name: text, signature: text, locale: text, sex: text or null, \
         birthday: text or null, show_personal: bool, version: number, deleted: bool, \
         avatar: number or null",
    ),
    object(
        &["privacy"],
        "`privacy`; whom it is for is `everybody`, `friends` or `nobody`",
        "read_receipts: bool, presence: bool, typing: bool, findable: bool, read_to: text, presence_to: text, \
         moments_to: text, message_from: text, add_from: text, groups_from: text, email_from: text",
    ),
    object(&["password_changed"], "`passwd`", ""),
    object(&["email"], "`email show|set|confirm`", "email: text or null, verified_ms: number"),
    object(
        &["code_sent"],
        "`register --email`, `recover --email` without a terminal: run it again with the code",
        "email: text, purpose: text",
    ),
    object(
        &["codes_sent"],
        "`email set` without a terminal: to which address, the current one and the new one",
        "old: bool, new: bool",
    ),
    object(&["recovery_code"], "`email recovery-code`", "recovery_code: text"),
    object(&["account_closing"], "`account delete`", "account: number, erase: bool"),
    object(&["exported"], "`account export --output`, `word export FILE`", "lines: number, file: text"),
    object(&["invite"], "`invite`", "code: text, address: text, expires_ms: number, uses: number"),
    object(
        &["conversation"],
        "`conversations`, `group create|list`; `kind` is `direct`, `group` or `saved`",
        "conversation: number, kind: text, name: text, members: number, peer: number or null, owner: number or null, \
         head_seq: number, head_message_seq: number, last_at_ms: number, unread: number, unread_mentions: number, \
         state: number, marked_unread: bool, pinned: bool, request: bool, avatar: number or null",
    ),
    object(
        &["read"],
        "`read`",
        "conversation: number, read: number, unread: number, unread_mentions: number",
    ),
    object(
        &["announcement"],
        "the operators: `announcements`, `listen`, and signing in",
        "id: number, at_ms: number, text: text",
    ),
    object(
        &["reported"],
        "`report`, `group report`: what was reported",
        "conversation: number or null, event_seq: number or null, account: number or null, moment: number or null",
    ),
    object(&["person"], "`find people`", "account: number, handle: text, display_name: text"),
    object(
        &["friend_asked"],
        "`friend add`; `state` is `asked`, or `friends` when they had asked too",
        "account: number, handle: text, state: text",
    ),
    object(
        &["friend_request"],
        "`friend requests` and signing in (with `display_name`), `listen`; `sent` by oneself",
        "account: number, handle: text, display_name?: text, sent: bool, message: text, at_ms: number, \
         expires_ms: number",
    ),
    object(
        &["friend_request_over", "friend_over"],
        "`listen`: a request was answered or taken back, a friendship ended",
        "account: number, handle: text",
    ),
    object(
        &["friend"],
        "`friend list` (with `display_name`), `listen`",
        "account: number, handle: text, display_name?: text, remark: text, tags: text[], starred: bool, \
         since_ms: number",
    ),
    object(
        &["blocked"],
        "`friend blocked`",
        "account: number, handle: text, display_name: text, at_ms: number",
    ),
    object(
        &["recommendation"],
        "`friend recommend`; `friends` are some of those in common",
        "account: number, handle: text, display_name: text, score: number, common_friends: number, friends: text[], \
         common_groups: number",
    ),
    object(&["link"], "`me link`", "address: text, code: text, made_ms: number"),
    object(&["link_dropped"], "`me link --drop`", ""),
    object(
        &["group"],
        "`group show`: of a group one is in",
        "conversation: number, name: text, description: text, owner: number, members: number, role: text, \
         nickname: text, muted_until_ms: number or null, joining: text, discoverable: bool, open_history: bool, \
         slow_ms: number, permissions: roles, announcement: wall or null, requests: number",
    ),
    object(
        &["found_group"],
        "`group find`, `find groups`",
        "conversation: number, name: text, description: text, members: number, joining: text",
    ),
    object(
        &["permission"],
        "`group permissions`: the least role that may do a thing",
        "conversation: number, thing: text, role: text",
    ),
    object(
        &["member"],
        "`group members`",
        "conversation: number, account: number, handle: text, display_name: text, role: text, nickname: text or null, \
         muted_until_ms: number or null",
    ),
    object(
        &["invited"],
        "`group invite`, and `group create` where some have to be asked: who is in, and who was asked first",
        "conversation: number, joined: number[], invited: number[]",
    ),
    object(
        &["group_joined"],
        "`group join`; `state` is `joined` or `asked`",
        "conversation: number, state: text",
    ),
    object(
        &["join_request"],
        "`group requests`",
        "conversation: number, account: number, handle: text, display_name: text, message: text, at_ms: number, \
         expires_ms: number",
    ),
    object(
        &["group_link"],
        "`group link make|list`; `code` and `address` when it is made",
        "conversation: number, link: number, made_by: number, made_ms: number, uses_left: number, expires_ms: number, \
         code?: text, address?: text",
    ),
    object(
        &["group_invitation"],
        "`invitation list` and signing in (with `members`), `listen`",
        "conversation: number, name: text, members?: number, from: text, from_id: number, at_ms: number, \
         expires_ms: number",
    ),
    object(
        &["join_requests"],
        "`listen`: requests to join wait in a group one looks after",
        "conversation: number, count: number, newest_ms: number",
    ),
    object(
        &["connection"],
        "on standard error: `listen` lost its connection and tries again (`lost`), and has it again (`back`)",
        "state: text",
    ),
    object(
        &["device_added"],
        "`listen`: another device was signed in",
        "session: number, label: text, created_ms: number",
    ),
    object(
        &["logs_restored"],
        "`listen`: the server was set back to a backup; what waits to be sent is sent again",
        "log_epoch: number",
    ),
    object(
        &["set_back"],
        "`listen`, behind `logs_restored`: what was printed of the conversation behind `event_seq` is gone, what it has \
         instead follows",
        "conversation: number, event_seq: number",
    ),
    object(&["group_invitation_over"], "`listen`: answered or taken back", "conversation: number"),
    object(
        &["banned_person"],
        "`group banned`",
        "conversation: number, account: number, handle: text, display_name: text",
    ),
    object(
        &["audit"],
        "`group audit`",
        "conversation: number, id: number, at_ms: number, actor: text, actor_id: number, action: text, \
         account: text or null, account_id: number or null, event_seq: number or null, value: number or null",
    ),
    object(
        &["announcement_set"],
        "`group announce`; null when there was nothing to take down",
        "conversation: number, event_seq: number or null, unchanged?: bool",
    ),
    object(
        &["group_announcement"],
        "`group announcements`, and signing in; an empty text took the one before down",
        "conversation: number, event_seq: number, from: text, from_id: number, at_ms: number, text: text",
    ),
    object(
        &["seen"],
        "`group seen`",
        "conversation: number, event_seq: number, account: number, handle: text, display_name: text",
    ),
    object(
        &["done"],
        "the server did it: everything that has nothing else to say; the keys name what it was done to, and `unchanged` says that it was so already",
        "conversation?: number, account?: number, file?: number, entry?: number, unchanged?: bool",
    ),
    object(
        &["avatar"],
        "`avatar set`, `avatar remove`: the version of the face",
        "version: number or null, unchanged?: bool",
    ),
    object(&["avatar_file"], "`avatar get`", "path: text, media_type: text, size: number"),
    object(
        &["progress"],
        "`file send|get|put` while bytes move, bytes of `size`; `resumed` were there before",
        "name: text, done: number, resumed: number, size: number",
    ),
    object(&["paused"], "Ctrl-C in a transfer: the same command goes on", ""),
    object(
        &["uploaded"],
        "`file send --early`, at the end: the message was sent before",
        "file: file, resumed: number",
    ),
    object(&["fetched"], "`file get`, `voice get`", "file: file, path: text, resumed?: number"),
    object(
        &["upload"],
        "`file status`: an upload that is not complete",
        "file: file, done: number, chunks: number, all_chunks: number",
    ),
    object(&["storage"], "at the end of `file status|own|list`, in bytes", "used: number, quota: number"),
    object(&["own_file"], "`file own`", "file: file, made_ms: number, damaged: bool, until_ms?: number"),
    object(
        &["group_file", "folder"],
        "`file list|put|folder|rename|move`",
        "entry: number, folder: number or null, name: text, file: number or null, size: number, media_type: text, \
         gone: bool, damaged?: bool, added_by: text, added_by_id: number, added_ms: number, downloads: number, \
         picture?: picture, \
         until_ms?: number",
    ),
    object(
        &["moment"],
        "`moment feed|page|post|show|visibility`; `visibility` and `people` of your own",
        "id: number, from: text, from_id: number, at_ms: number, text: text, pictures: moment picture[], \
         visibility: text or null, people: text[], liked: bool, like_count: number, likes: text[], \
         comment_count: number, comments: moment comment[]",
    ),
    object(
        &["comment"],
        "`moment comment`",
        "moment: number, comment: number, from: text, from_id: number, at_ms: number, text: text, \
         reply_to: number or null, reply_to_from: text or null",
    ),
    object(&["new_moments"], "`moment new`", "new: bool, newest: number or null, seen: number"),
    object(&["hidden_moments"], "`moment hidden`", "account: number, handle: text"),
    object(
        &["moment_notice"],
        "`listen`: what others did to your moments; `kind` is `like`, `comment` or `reply`",
        "kind: text, moment: number, comment: number or null, account: number, handle: text, at_ms: number",
    ),
    object(
        &["entry"],
        "`word look`: an entry of the dictionary; `match` says how it fits",
        "number: number, match: text, traditional: text, simplified: text, pinyin: text, reading: text, \
         senses: text[], example: example or null",
    ),
    object(
        &["word"],
        "one of your own words: `word look|add|edit|list|export`",
        "id: text, word: text, reading: text, meaning: text, example: text, note: text, created_ms: number, \
         changed_ms: number",
    ),
    object(&["deleted"], "`word delete`", "id: text"),
    object(&["imported"], "`word import`", "words: number, added: number"),
    object(&["translation"], "`translate`", "text: text, from: text, to: text, detected: bool"),
    object(&["pair"], "`translate --list`", "from: text, to: text"),
    object(&["language"], "`translate --detect`", "language: text, reliable: bool"),
    object(
        &["error"],
        "on standard error: why a command failed",
        "code: text, class: text, message: text, field?: text, limit?: number, retry_after_ms?: number, ref?: text",
    ),
];
