//! Hello, sign-up and sign-in.

use std::time::Instant;

use litrocket_protocol::{
    AccountId, Fault, SessionId, VERSION,
    account::{Hello, Limits, Register, RestoreAccount, Resumed, SignIn, SignedIn, Welcome},
    fault::code,
    frame, limits,
    names::{self, Handle},
};

use super::{
    TOKEN_BYTES, email, ends, ends_store,
    lines::Asker,
    password::check_password,
    random, recovery, secret_hash, session_store, store,
    throttle::{Attempt, By, RetryAfter},
};
use crate::{
    app::App,
    config::{Email, SignUp},
    error::{Error, Result},
    features::people,
    limits::network,
    rpc::{Anyone, Guest, too_many_connections},
    writer::Tx,
};

/// Versions and capabilities a client may name.
const HELLO_ITEMS_MAX: usize = 32;

impl From<RetryAfter> for Error {
    fn from(after: RetryAfter) -> Self {
        let milliseconds = u64::try_from(after.0.as_millis()).unwrap_or(u64::MAX);
        Fault::new(code::RATE_LIMITED).retry_after(milliseconds).into()
    }
}

/// Answers version, capabilities and limits; resumes the session of a token.
pub(super) async fn hello(Anyone(guest): Anyone, request: Hello) -> Result<Welcome> {
    if guest.greeted() {
        return Err(code::HELLO_AGAIN.into());
    }
    if !request.versions.contains(&VERSION) {
        return Err(Fault::new(code::UNSUPPORTED_VERSION).limit(VERSION.into()).into());
    }
    if request.capabilities.len() > HELLO_ITEMS_MAX || request.versions.len() > HELLO_ITEMS_MAX {
        return Err(Fault::new(code::TOO_MANY).limit(HELLO_ITEMS_MAX as u64).into());
    }
    names::clean_line(&request.client, names::DISPLAY_CHARS_MAX)
        .map_err(|error| error.fault("client", 0, names::DISPLAY_CHARS_MAX))?;
    let session = match &request.token {
        None => None,
        Some(token) => Some(resume(&guest, token).await?),
    };
    let app = &guest.app;
    guest.link.greet();
    Ok(Welcome {
        version: VERSION,
        server: concat!("litrocket/", env!("CARGO_PKG_VERSION")).into(),
        server_id: app.identity.server_id.clone(),
        log_epoch: app.identity.log_epoch,
        now_ms: app.clock.now_ms(),
        capabilities: Vec::new(),
        sign_up: app.config.sign_up().name().into(),
        email: Some(app.config.email()).filter(|email| *email != Email::Off).map(|email| email.name().into()),
        limits: wire_limits(app),
        announcement: app.newest_announcement.get(),
        session,
    })
}

async fn resume(guest: &Guest, token: &[u8]) -> Result<Resumed> {
    let app = &guest.app;
    let bad = || Error::from(code::BAD_TOKEN);
    if token.len() != TOKEN_BYTES {
        return Err(bad());
    }
    let hash = secret_hash(token);
    let Some(found) = session_store::resume(&app.db, &hash).await? else {
        refused_token(guest, hash).await?;
        return Err(bad());
    };
    let session = found.session;
    if found.is_next {
        app.writer.run(move |tx| Box::pin(session_store::promote_token(tx, session, hash))).await?;
    }
    adopt(guest, found.account, session).await?;
    app.writer.lazy().seen(found.account, session, app.clock.now_ms());
    Ok(Resumed { account: found.account, handle: found.handle, session, account_version: found.log_version })
}

/// Looks whose token it was. A token that a newer one has replaced was copied, or the newer one was: nobody can tell
/// which, so the session ends.
async fn refused_token(guest: &Guest, hash: Vec<u8>) -> Result<()> {
    let (app, address) = (&guest.app, guest.remote());
    if let Some((account, session)) = session_store::replaced_token(&app.db, &hash).await? {
        let reason = "token_reused";
        let end =
            app.writer.run(move |tx| Box::pin(super::sessions::end(tx, account, vec![session], reason)));
        let ended = end.await?;
        tracing::warn!(%account, %session, %address, ended, "a replaced token came back: its session ends");
    } else if let Some((account, _)) = session_store::token_owner(&app.db, &hash).await? {
        tracing::info!(%account, %address, "the token of a session that has ended was shown");
    }
    Ok(())
}

/// Makes the connection the account's. A revocation that committed between the look-up and this found no connection
/// to end: so look again.
pub(super) async fn adopt(guest: &Guest, account: AccountId, session: SessionId) -> Result<()> {
    guest.sign_in(account, session)?;
    if session_store::is_running(&guest.app.db, session).await? {
        return Ok(());
    }
    if let Some(device) = guest.link.device() {
        device.end("revoked");
    }
    Err(code::BAD_TOKEN.into())
}

fn wire_limits(app: &App) -> Limits {
    let config = &app.config;
    Limits {
        chat_frame_bytes: frame::CHAT_FRAME_MAX as u64,
        frame_bytes: frame::FRAME_MAX as u64,
        text_bytes: config.limits.text_bytes_max,
        body_bytes: limits::BODY_BYTES_MAX as u64,
        accounts_per_call: limits::ACCOUNTS_PER_CALL_MAX as u64,
        group_members: config.limits.group_members_max,
        conversations: limits::CONVERSATIONS_MAX as u64,
        page: limits::PAGE_MAX,
        history_page: limits::HISTORY_PAGE_MAX,
        streams: config.transport.bidi_streams_max,
        requests_per_second: config.limits.requests_per_second,
        sends_per_second: config.limits.sends_per_second,
        idle_timeout_ms: config.transport.idle_timeout_ms,
        keep_alive_ms: config.transport.keep_alive_ms,
    }
}

pub(super) fn clean_label(label: &str) -> Result<String> {
    let label = if label.trim().is_empty() { "unnamed" } else { label };
    names::clean_display(label, names::DISPLAY_CHARS_MAX)
        .map_err(|error| error.fault("label", 0, names::DISPLAY_CHARS_MAX).into())
}

/// A BCP 47 tag, as far as its letters go.
pub(super) fn check_locale(locale: &str) -> Result<()> {
    let fine =
        (2..=35).contains(&locale.len()) && locale.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fine { Ok(()) } else { Err(Fault::new(code::BAD_VALUE).field("locale").into()) }
}

/// Makes an account and its first session.
pub(super) async fn register(guest: Guest, request: Register) -> Result<SignedIn> {
    let app = guest.app.clone();
    let policy = app.config.sign_up();
    if policy == SignUp::Closed {
        return Err(code::SIGN_UP_CLOSED.into());
    }
    if policy == SignUp::Invite && request.invite.is_none() {
        return Err(Fault::new(code::BAD_INVITE)
            .field("invite")
            .message("Signing up here needs an invite.")
            .into());
    }
    let handle = Handle::parse(&request.handle).map_err(|error| error.handle_fault().field("handle"))?;
    check_password(&request.password, "password")?;
    let label = clean_label(&request.label)?;
    let locale = request.locale.clone().unwrap_or_else(|| "en".into());
    check_locale(&locale)?;
    let network = network(guest.remote().ip());
    app.throttle.sign_up(network, Instant::now())?;
    let proof = email::claimed(&app, &request).await?;
    let password = app.passwords.hash(Asker::Stranger(network), request.password).await?;
    let (recovery_code, recovery_hash) = recovery::make()?;
    let invite = request.invite.map(|code| secret_hash(code.trim().as_bytes()));
    let token = random::<TOKEN_BYTES>()?;
    let text = handle.text.clone();
    let retired = (app.names.hidden(&handle.key), app.names.hidden(&handle.skeleton));
    let (account, session, version) = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let operator = match invite {
                    None => false,
                    Some(hash) => store::use_invite(tx, &hash)
                        .await?
                        .ok_or_else(|| Error::from(Fault::new(code::BAD_INVITE).field("invite")))?,
                };
                let account = tx.new_account();
                let new = store::NewAccount { account, password: &password, locale: &locale, operator };
                if !store::insert_account(tx, &handle, &retired, new).await? {
                    return Err(Fault::new(code::HANDLE_TAKEN).field("handle").into());
                }
                store::set_recovery(tx, account, recovery_hash).await?;
                if let Some(proof) = proof {
                    email::claim(tx, account, &proof).await?;
                }
                people::index(tx, account, &handle.text, "").await?;
                let (session, version) =
                    session_store::insert_session(tx, account, secret_hash(&token), &label).await?;
                Ok((account, session, version))
            })
        })
        .await?;
    tracing::info!(%account, address = %guest.remote(), "signed up");
    adopt(&guest, account, session).await?;
    Ok(SignedIn {
        account,
        handle: text,
        session,
        token: token.into(),
        account_version: version,
        recovery_code: Some(recovery_code),
    })
}

/// Makes a session on a new device.
pub(super) async fn sign_in(guest: Guest, request: SignIn) -> Result<SignedIn> {
    enter(guest, request, false).await
}

/// Takes the announced end of the account back, and makes a session.
pub(super) async fn restore(guest: Guest, request: RestoreAccount) -> Result<SignedIn> {
    let RestoreAccount { handle, password, label } = request;
    enter(guest, SignIn { handle, password, label, old_token: None }, true).await
}

/// Refuses an account that is locked, or whose end was announced and is not taken back.
async fn check_standing(tx: &mut Tx, account: AccountId, restore: bool) -> Result<()> {
    let standing = ends_store::standing(tx, account).await?;
    if standing.locked {
        return Err(code::ACCOUNT_LOCKED.into());
    }
    match standing.closing_ms {
        None => Ok(()),
        Some(_) if restore => ends::reopen_own(tx, account).await,
        Some(until) => Err(Fault::new(code::ACCOUNT_CLOSING).param("until_ms", until.to_string()).into()),
    }
}

async fn enter(guest: Guest, request: SignIn, restore: bool) -> Result<SignedIn> {
    let app = guest.app.clone();
    let label = clean_label(&request.label)?;
    let key = names::lookup_key(&request.handle);
    let found = store::credentials(&app.db, &key).await?;
    let attempt = Attempt {
        name: key,
        network: network(guest.remote().ip()),
        by: shown_by(&app, request.old_token.as_deref(), found.as_ref()).await?,
    };
    app.throttle.check(&attempt, Instant::now())?;
    let asker = match &found {
        Some(found) if matches!(attempt.by, By::Device(_)) => Asker::Device(found.account),
        _ => Asker::Stranger(attempt.network),
    };
    let too_long = request.password.len() > limits::PASSWORD_BYTES_MAX;
    let password = if too_long { String::new() } else { request.password };
    let stored = found.as_ref().map(|found| found.password.clone());
    let verified = app.passwords.verify(asker, password, stored).await?;
    let whose = found.as_ref().map(|found| found.account);
    let Some(found) = found.filter(|_| verified.ok && !too_long) else {
        app.throttle.failed(&attempt, Instant::now()).note("sign-in", whose, guest.remote());
        return Err(code::WRONG_CREDENTIALS.into());
    };
    // Asked before there is a session that nobody would use.
    let most = app.config.limits.connections_per_account_max;
    if app.hub.connections(found.account) >= most {
        return Err(too_many_connections(most).into());
    }
    let token = random::<TOKEN_BYTES>()?;
    let (account, keep) = (found.account, app.config.accounts.sessions_max);
    let checked = found.password;
    let connected: Vec<SessionId> = app.hub.devices(account).iter().map(|device| device.session).collect();
    let ((session, version), ended) = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                // The password may have been changed while it was checked.
                if !store::has_password(tx, account, &checked).await? {
                    return Err(code::WRONG_CREDENTIALS.into());
                }
                check_standing(tx, account, restore).await?;
                if let Some(password) = verified.rehash {
                    store::set_password(tx, account, password).await?;
                }
                let made = session_store::insert_session(tx, account, secret_hash(&token), &label).await?;
                let surplus = session_store::surplus_sessions(tx, account, (made.0, connected), keep).await?;
                let ended = super::sessions::end(tx, account, surplus, "revoked").await?;
                Ok((made, ended))
            })
        })
        .await?;
    tracing::info!(%account, %session, address = %guest.remote(), restore, ended, "signed in");
    adopt(&guest, account, session).await?;
    Ok(SignedIn {
        account,
        handle: found.handle,
        session,
        token: token.into(),
        account_version: version,
        recovery_code: None,
    })
}

/// Whether the device shows a token that it had for this very account. One of a session that has ended speaks for that session
/// alone: whoever found an old device spends no other's budget.
async fn shown_by(app: &App, token: Option<&[u8]>, found: Option<&store::Credentials>) -> Result<By> {
    let (Some(token), Some(found)) = (token, found) else { return Ok(By::Password) };
    let owner = session_store::token_owner(&app.db, &secret_hash(token)).await?;
    Ok(match owner {
        Some((account, session)) if account == found.account => By::Device(session),
        _ => By::Password,
    })
}
