//! Hello, accounts, sessions and profiles.

mod privacy;

pub use privacy::*;

use crate::{AccountId, SessionId};

/// Whom a person lets do or see something, as the number in [`Privacy`].
pub mod audience {
    /// Nobody.
    pub const NOBODY: u8 = 0;
    /// Everybody.
    pub const EVERYBODY: u8 = 1;
    /// Friends.
    pub const FRIENDS: u8 = 2;
}

message! {
    /// The first request on a connection; with a token it also resumes the session.
    pub struct Hello {
        /// The protocol versions the client speaks.
        versions: Vec<u32>,
        /// Program and version of the client, at most 64 characters.
        client: String,
        /// A session token, 32 bytes.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Option::is_none")]
        token: Option<Vec<u8>>,
        /// Optional features the client understands, at most 32 names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        capabilities: Vec<String>,
    }

    /// The server's answer to hello.
    pub struct Welcome {
        /// The version that both speak.
        version: u32,
        /// Program and version of the server.
        server: String,
        /// Random, 16 bytes, made at the server's first start. Key cursors, outbox and caches by it.
        #[serde(with = "serde_bytes")]
        server_id: Vec<u8>,
        /// Changes when the logs may have been set back (a backup was restored): cursors are sent with the epoch they are of.
        log_epoch: u64,
        /// Server time in milliseconds since 1970 UTC.
        now_ms: u64,
        /// Optional features this server has.
        capabilities: Vec<String>,
        /// Who may sign up: `open`, `invite` or `closed`.
        sign_up: String,
        /// Whether accounts have e-mail addresses: `optional`, or `required` for signing up; absent when they have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The bounds of this server.
        limits: Limits,
        /// The newest announcement of the operators; absent while there is none. ListAnnouncements tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announcement: Option<u64>,
        /// The resumed session; absent for a guest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Resumed>,
    }

    /// Who a token belongs to.
    pub struct Resumed {
        /// The account.
        account: AccountId,
        /// Its handle.
        handle: String,
        /// The session.
        session: SessionId,
        /// The current version of the account log.
        account_version: u64,
    }

    /// The bounds of a server.
    pub struct Limits {
        /// Largest frame on the chat stream, in bytes.
        chat_frame_bytes: u64,
        /// Largest frame elsewhere, in bytes.
        frame_bytes: u64,
        /// Text of a message, in bytes.
        text_bytes: u64,
        /// Body of a message, in bytes.
        body_bytes: u64,
        /// Accounts in one invitation or look-up.
        accounts_per_call: u64,
        /// Members of a group.
        group_members: u64,
        /// Conversations of an account.
        conversations: u64,
        /// Items in a page.
        page: u64,
        /// Messages in a page of history.
        history_page: u64,
        /// Requests at the same time on a connection.
        streams: u64,
        /// Requests a second on a connection, in the long run.
        requests_per_second: u64,
        /// Sends a second of an account, in the long run; faster senders are read slower.
        sends_per_second: u64,
        /// Silence after which the connection ends, in milliseconds.
        idle_timeout_ms: u64,
        /// How often the server keeps a silent connection alive, in milliseconds.
        keep_alive_ms: u64,
    }

    /// Creates an account and signs in.
    #[derive(Default)]
    pub struct Register {
        /// The account name, for ever: 2 to 32 characters, see the name rules.
        handle: String,
        /// 8 to 1024 bytes.
        password: String,
        /// Needed where sign-up is by invite.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invite: Option<String>,
        /// A name for this device, at most 64 characters.
        label: String,
        /// The person's language, a BCP 47 tag of at most 35 bytes; `en` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
        /// An e-mail address, at most 254 bytes; needed where `Welcome.email` is `required`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The code that was sent to the address, 6 digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_code: Option<String>,
    }

    /// Signs in on a new device.
    pub struct SignIn {
        /// The account name.
        handle: String,
        /// The password.
        password: String,
        /// A name for this device, at most 64 characters.
        label: String,
        /// A token this device had before: strangers' failures then do not hold it up.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Option::is_none")]
        old_token: Option<Vec<u8>>,
    }

    /// A session was made; the connection is signed in.
    pub struct SignedIn {
        /// The account.
        account: AccountId,
        /// Its handle as first written.
        handle: String,
        /// The session.
        session: SessionId,
        /// The secret that resumes it, 32 bytes. Shown once.
        #[serde(with = "serde_bytes")]
        token: Vec<u8>,
        /// The current version of the account log.
        account_version: u64,
        /// After signing up and recovering: the code that recovers the account without a password. Shown once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovery_code: Option<String>,
    }

    /// Ends the caller's session and its connections.
    #[derive(Default)]
    pub struct SignOut {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// It is done, or was so already.
    #[derive(Default)]
    pub struct Done {
        /// Everything was as the request asks for it, so nothing was done. Told for friendships, blocks, requests that
        /// are answered or taken back, add-me addresses, moments and comments that are deleted, likes and hidden moments, and for what is done to a group, its links, its
        /// pins and its members, and for files, uploads and entries of groups that are taken away; never true elsewhere.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
    }

    /// Lists the caller's sessions, newest first.
    #[derive(Default)]
    pub struct ListSessions {
        /// Sessions older than this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<SessionId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of sessions.
    pub struct Sessions {
        /// The sessions.
        sessions: Vec<SessionInfo>,
        /// Whether there are more.
        more: bool,
    }

    /// One signed-in device.
    pub struct SessionInfo {
        /// The session.
        session: SessionId,
        /// The device's name.
        label: String,
        /// When it signed in, in server milliseconds.
        created_ms: u64,
        /// When it last connected, in server milliseconds.
        last_used_ms: u64,
        /// Whether it is connected now.
        connected: bool,
        /// Whether it is the caller's.
        current: bool,
    }

    /// Ends one of the caller's sessions.
    pub struct RevokeSession {
        /// The session.
        session: SessionId,
    }

    /// Changes the password.
    pub struct ChangePassword {
        /// The current password.
        old: String,
        /// 8 to 1024 bytes.
        new: String,
        /// Whether all other sessions end.
        end_others: bool,
    }

    /// A new token for this session. The old one stays valid until the new one is used.
    #[derive(Default)]
    pub struct RotateToken {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// The new token.
    pub struct Token {
        /// 32 bytes.
        #[serde(with = "serde_bytes")]
        token: Vec<u8>,
    }

    /// Looks one account up, by handle or id; the caller's own when neither is given.
    #[derive(Default)]
    pub struct GetProfile {
        /// The exact account name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handle: Option<String>,
        /// The account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
    }

    /// Looks accounts up by id, at most 100. Unknown ones are left out.
    pub struct GetProfiles {
        /// The accounts.
        accounts: Vec<AccountId>,
    }

    /// Several profiles.
    pub struct Profiles {
        /// In the order of the ids.
        profiles: Vec<Profile>,
    }

    /// What others see of an account.
    pub struct Profile {
        /// The account.
        account: AccountId,
        /// The account name.
        handle: String,
        /// The name to show.
        display_name: String,
        /// A line the person wrote about themselves.
        signature: String,
        /// The person's language, a BCP 47 tag.
        locale: String,
        /// `female`, `male`, `other`; absent when unset or private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sex: Option<String>,
        /// `YYYY-MM-DD`; absent when unset or private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        birthday: Option<String>,
        /// Whether others see sex and birthday.
        show_personal: bool,
        /// Goes up with each change.
        version: u64,
        /// Whether the account was deleted; then only the id means something.
        deleted: bool,
        /// The version of the face, for `GetAvatar`; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar: Option<u64>,
    }

    /// Changes the caller's profile. What is absent stays; empty text empties.
    #[derive(Default)]
    pub struct SetProfile {
        /// 1 to 64 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        display_name: Option<String>,
        /// At most 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// A BCP 47 tag of at most 35 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
        /// `female`, `male`, `other` or empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sex: Option<String>,
        /// `YYYY-MM-DD` or empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        birthday: Option<String>,
        /// Whether others see sex and birthday; off at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        show_personal: Option<bool>,
    }

    /// Announces the end of the caller's account: its sessions end, and after 7 days it is deleted. Until then
    /// RestoreAccount or Recover takes it back. Its name is never given again, its messages stay under "deleted account" or
    /// are taken back. Who owns groups with other members is told how many, and transfers them first or says `leave_groups`:
    /// then they pass to an administrator or another member.
    pub struct DeleteAccount {
        /// The password.
        password: String,
        /// Whether its messages and reactions are taken back, as the sender would recall them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        erase: bool,
        /// Whether the groups it owns are left to others; without it, it must own none with other members.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        leave_groups: bool,
    }

    /// Takes the announced end of an account back and signs in on a new device; where none was announced it only
    /// signs in.
    pub struct RestoreAccount {
        /// The account name.
        handle: String,
        /// The password.
        password: String,
        /// A name for this device, at most 64 characters.
        label: String,
    }

    /// Makes an invite for signing up. Operators only; each may have 1000 that are good, more are `too_many`.
    pub struct CreateInvite {
        /// How many accounts it is good for, 1 to 1000; 1 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u64>,
        /// How long it is good, in milliseconds; 7 days when absent, at most 90 days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_ms: Option<u64>,
    }

    /// An invite.
    pub struct Invite {
        /// The code for `Register.invite`. Shown once.
        code: String,
        /// The address to hand out: `litrocket://HOST:PORT?ca=sha256-…&invite=…`.
        address: String,
        /// When it ends, in server milliseconds.
        expires_ms: u64,
        /// How many accounts it is good for.
        uses: u64,
    }

    /// Value of the account log's key `session/<id>`.
    pub struct SessionEntry {
        /// The device's name.
        label: String,
        /// When it signed in, in server milliseconds.
        created_ms: u64,
    }
}

impl Done {
    /// The answer to a request that changed something, or found it done.
    #[must_use]
    pub const fn if_changed(changed: bool) -> Self {
        Self { unchanged: !changed }
    }
}
