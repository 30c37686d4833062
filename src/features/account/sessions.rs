//! A person's sessions and password.

use litrocket_protocol::{
    AccountId, SessionId,
    account::{ChangePassword, Done, ListSessions, RevokeSession, RotateToken, Sessions, SignOut, Token},
    fault::code,
    names,
};

use super::{TOKEN_BYTES, lines::Asker, password::check_password, random, secret_hash, session_store, store};
use crate::{
    error::{Error, Result},
    features::{cut, page_limit},
    hub::Change,
    rpc::{Session, noted},
    writer::Tx,
};

/// Ends sessions: their tokens are void with the commit, their connections close right after it.
pub(super) async fn end(
    tx: &mut Tx,
    account: AccountId,
    sessions: Vec<SessionId>,
    reason: &'static str,
) -> Result<usize> {
    let ended = session_store::end_sessions(tx, account, &sessions).await?;
    let count = ended.len();
    if count > 0 {
        tx.change(Change::SessionsEnded { account, sessions: Some(ended), reason });
    }
    Ok(count)
}

pub(super) async fn sign_out(caller: Session, _: SignOut) -> Result<Done> {
    let (account, session) = (caller.account(), caller.session());
    caller.app.writer.run(move |tx| Box::pin(end(tx, account, vec![session], "signed_out"))).await?;
    noted!(caller, "signed out");
    Ok(Done::default())
}

pub(super) async fn list(caller: Session, request: ListSessions) -> Result<Sessions> {
    let limit = page_limit(request.limit)?;
    let mut sessions =
        session_store::sessions(&caller.app.db, caller.account(), request.before, limit + 1).await?;
    let more = cut(&mut sessions, limit);
    let devices = caller.app.hub.devices(caller.account());
    for info in &mut sessions {
        info.connected = devices.iter().any(|device| device.session == info.session);
        info.current = info.session == caller.session();
    }
    Ok(Sessions { sessions, more })
}

pub(super) async fn revoke(caller: Session, request: RevokeSession) -> Result<Done> {
    let account = caller.account();
    let target = request.session;
    let ended = caller.app.writer.run(move |tx| Box::pin(end(tx, account, vec![target], "revoked"))).await?;
    if ended == 0 {
        return Err(Error::missing("session"));
    }
    noted!(caller, ended = %target, "a session was revoked");
    Ok(Done::default())
}

/// Checks the caller's own password; failures are throttled as at sign-in, for a known device.
pub(super) async fn own_password(caller: &Session, password: String) -> Result<String> {
    let app = &caller.app;
    let found = store::credentials_by_id(&app.db, caller.account()).await?;
    let found = found.ok_or_else(|| Error::from(code::BAD_TOKEN))?;
    let attempt = super::throttle::Attempt {
        name: names::lookup_key(&found.handle),
        network: crate::limits::network(caller.link.connection.remote().ip()),
        by: super::throttle::By::Device(caller.session()),
    };
    let now = std::time::Instant::now();
    app.throttle.check(&attempt, now)?;
    let asker = Asker::Device(caller.account());
    let too_long = password.len() > litrocket_protocol::limits::PASSWORD_BYTES_MAX;
    if too_long || !app.passwords.verify(asker, password, Some(found.password.clone())).await?.ok {
        app.throttle.failed(&attempt, now).note(
            "own password",
            Some(caller.account()),
            caller.link.connection.remote(),
        );
        return Err(code::WRONG_CREDENTIALS.into());
    }
    Ok(found.password)
}

pub(super) async fn change_password(caller: Session, request: ChangePassword) -> Result<Done> {
    check_password(&request.new, "new")?;
    let checked = own_password(&caller, request.old).await?;
    let password = caller.app.passwords.hash(Asker::Device(caller.account()), request.new).await?;
    let (account, own, end_others) = (caller.account(), caller.session(), request.end_others);
    let work = async move |tx: &mut Tx| {
        if !store::has_password(tx, account, &checked).await? {
            return Err(code::WRONG_CREDENTIALS.into());
        }
        store::set_password(tx, account, password).await?;
        if end_others {
            let mut sessions = session_store::running_sessions(tx, account).await?;
            sessions.retain(|session| *session != own);
            return end(tx, account, sessions, "password_changed").await;
        }
        Ok(0)
    };
    let ended = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    noted!(caller, ended, "the password was changed");
    Ok(Done::default())
}

pub(super) async fn rotate_token(caller: Session, _: RotateToken) -> Result<Token> {
    let token = random::<TOKEN_BYTES>()?;
    let session = caller.session();
    caller
        .app
        .writer
        .run(move |tx| Box::pin(session_store::set_next_token(tx, session, secret_hash(&token))))
        .await?;
    noted!(caller, "a new token was made");
    Ok(Token { token: token.into() })
}
