//! Signing in and out. A session that the server made is never lost with the call that asked for it.

use std::{sync::atomic::Ordering, time::Duration};

use litrocket_protocol::{Request, account};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    Client, Error, Me,
    shared::{Shared, lock},
    stream::call,
};

/// How long the end of a session that nobody knows of may take when the client is closed.
const LAST_CALL: Duration = Duration::from_secs(2);

/// The answer to a sign-in that was given up, until somebody takes it.
#[derive(Debug, Default)]
pub(crate) struct Untaken {
    answer: Option<account::SignedIn>,
    /// The token was shown to the app: the session is not to be ended any more.
    known: bool,
}

impl Client {
    /// Creates an account and signs in, as [`Client::enter`] does.
    pub async fn register(&self, request: account::Register) -> Result<account::SignedIn, Error> {
        self.enter(request).await
    }

    /// Signs in, as [`Client::enter`] does.
    pub async fn sign_in(&self, request: account::SignIn) -> Result<account::SignedIn, Error> {
        self.enter(request).await
    }

    /// Signs in by any request that does. Cancel-safe: the request goes on when this is dropped, and the client is signed in
    /// when it is granted ([`Client::me`] says so). The answer waits in [`Client::take_signed_in`] then. A session whose
    /// token the app has not seen by the end of the client is ended. Two at a time take turns.
    ///
    /// What this cannot help: the end of the whole process, and a connection that is lost between the server's commit and
    /// its answer. The session is in the list of the account's sessions then, and `RevokeSession` ends it.
    pub async fn enter(
        &self,
        request: impl Request<Reply = account::SignedIn>,
    ) -> Result<account::SignedIn, Error> {
        let turn = self.shared.entering.clone().lock_owned().await;
        let (answer, answered) = oneshot::channel();
        let client = self.clone();
        tokio::spawn(async move {
            let result = client.call(request).await.map(|signed_in| client.adopt(signed_in));
            // Who gave up finds the answer where it waits.
            let _ = answer.send(result);
            drop(turn);
        });
        answered.await.unwrap_or(Err(Error::Closed))?;
        // Taken in the same step in which this call ends: a call that is dropped before leaves it there.
        self.take_signed_in().ok_or_else(|| self.closed())
    }

    fn adopt(&self, signed_in: account::SignedIn) {
        let me =
            Me { account: signed_in.account, handle: signed_in.handle.clone(), session: signed_in.session };
        let token = signed_in.token.clone();
        *lock(&self.shared.untaken) = Untaken { answer: Some(signed_in), known: false };
        self.shared.signed_in(me, Some(token));
    }

    /// The answer to a sign-in whose call was dropped before it came; once.
    pub fn take_signed_in(&self) -> Option<account::SignedIn> {
        lock(&self.shared.untaken).answer.take()
    }

    /// The token that resumes the session. Who has asked for it keeps the session, also when the client ends.
    pub fn token(&self) -> Option<Vec<u8>> {
        lock(&self.shared.untaken).known = true;
        lock(&self.shared.token).clone()
    }

    /// Ends the session. The client is closed then.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.call(account::SignOut::default()).await?;
        lock(&self.shared.untaken).answer = None;
        self.shared.finish(None);
        self.shared.close.notify_one();
        Ok(())
    }

    /// Closes politely. A sign-in under way is waited for as long as a connection is; the session of one that nobody took is
    /// ended.
    pub async fn close(&self) {
        if !self.shared.closing.load(Ordering::Acquire) {
            let patience = self.shared.options.connect_timeout;
            let _turn = timeout(patience, self.shared.entering.lock()).await;
            let connection = self.shared.link.borrow().clone();
            if let Some(connection) = connection {
                end_untaken(&self.shared, &connection).await;
            }
        }
        self.shared.finish(None);
        self.shared.close.notify_one();
        self.shared.endpoints.close().await;
    }
}

/// Ends the session whose token nobody has, if there is one.
pub(crate) async fn end_untaken(shared: &Shared, connection: &quinn::Connection) {
    let untaken = std::mem::take(&mut *lock(&shared.untaken));
    if untaken.answer.is_some() && !untaken.known {
        // It is as good as can be: a server that does not answer now keeps the session until it is revoked.
        let ended = timeout(LAST_CALL, call(connection, account::SignOut::default())).await;
        tracing::debug!(?ended, "a session that nobody took is ended");
    }
}
