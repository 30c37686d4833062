//! The faults in words. A test looks that none is missing.

use crate::fault;

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
        (
            c::TOO_LONG,
            "Bring `field` within its bounds: from `params.least`, where it is told, to `limit`, counted in `params.unit`.",
        ),
        (c::TOO_MANY, "Send at most `limit` in `field`."),
        (
            c::BAD_VALUE,
            "Correct `field`. Where it has bounds they are `params.least` and `limit`, counted in `params.unit`.",
        ),
        (c::NOT_FOUND, "It does not exist, or not for the caller: the answer is the same. Forget it."),
        (c::FORBIDDEN, "The caller's role does not allow it."),
        (
            c::BAD_HANDLE,
            "Choose another account name: `message` says what one may be; `params.reason` is a word of the name rules.",
        ),
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
        (
            c::BAD_PICTURE,
            "Tell which file it is, and send another one. Of several, `params.place` is its place, from 0.",
        ),
        (
            c::PICTURE_TOO_LARGE,
            "Tell which file it is, and send a smaller one. Of several, `params.place` is its place, from 0.",
        ),
        (c::BAD_CROP, "Choose a part inside: the picture has `params.width` by `params.height` pixels."),
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
