//! Sends what waits. A mail server that is away, slow or busy loses nothing and holds nobody up: requests only queue.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};

use super::{
    codes::digits,
    store::{self, Waiting},
    texts::{self, Facts, Template},
};
use crate::{
    app::App,
    error::Result,
    loops::{self, Next, Rhythm},
    transport::{MailError, Mailer},
};

/// Mails on their way at the same time, so that a slow one does not hold the others up.
const AT_ONCE: u64 = 8;
/// The pause after the first failure; it doubles with each.
const PAUSE_MS: u64 = 60_000;
/// The longest pause.
const PAUSE_MS_MAX: u64 = 3_600_000;
/// How often what is too old is looked for.
const TIDY: Duration = Duration::from_secs(60);

/// Sends mail for as long as the server runs.
pub async fn run(app: Arc<App>) {
    let late = "mails wait: the database does not answer";
    let rhythm = Rhythm { wake: Some(&app.mail.wake), rest: TIDY, pause: TIDY, late };
    let round = async || {
        // Somebody waits for a code: its operator hears of it.
        turn(&app).await.map(Next::RestFor).inspect_err(|error| tracing::warn!(%error, "{late}"))
    };
    loops::forever(rhythm, round).await;
}

/// Sends what is due; how long there is nothing to do then.
async fn turn(app: &App) -> Result<Duration> {
    if store::has_expired(&app.db, app.clock.now_ms()).await? {
        app.writer.run(|tx| Box::pin(store::forget_expired(tx))).await?;
    }
    let Some(mailer) = &app.mail.mailer else { return Ok(TIDY) };
    let due = store::due(&app.db, app.clock.now_ms(), AT_ONCE).await?;
    let results: Vec<Result<()>> = stream::iter(due)
        .map(|mail| deliver(app, mailer, mail))
        .buffer_unordered(AT_ONCE as usize)
        .collect()
        .await;
    results.into_iter().collect::<Result<()>>()?;
    let next = store::next_due(&app.db).await?;
    let wait = next.map_or(TIDY, |next| Duration::from_millis(next.saturating_sub(app.clock.now_ms())));
    Ok(wait.min(TIDY))
}

async fn deliver(app: &App, mailer: &Mailer, mail: Waiting) -> Result<()> {
    let code = digits(&app.mail.secret, &mail.key, mail.template, mail.account, &mail.nonce);
    let facts = Facts {
        server: &app.public_address,
        code: &code,
        minutes: app.config.accounts.code_minutes,
        handle: mail.handle.as_deref().unwrap_or_default(),
    };
    let sent =
        match Template::from_number(mail.template).and_then(|it| texts::render(it, &mail.locale, &facts)) {
            None => Ok(()),
            Some((subject, body)) => mailer.send(&mail.address, &subject, &body).await,
        };
    let Waiting { id, nonce, tries, expires_ms, .. } = mail;
    match sent {
        Ok(()) => tracing::debug!(id, "a mail was sent"),
        Err(MailError::Never(why)) => tracing::info!(id, why, "a mail is refused for ever"),
        Err(error) => {
            if let MailError::Ours(why) = &error {
                tracing::error!(
                    why,
                    "no mail goes out until this is put right: it is about this server and not about whom the mail is for"
                );
            }
            let why = error.to_string();
            let pause = PAUSE_MS.saturating_mul(1 << tries.min(16)).min(PAUSE_MS_MAX);
            let next_ms = app.clock.now_ms() + pause;
            let last = next_ms >= expires_ms;
            tracing::warn!(id, why, tries = tries + 1, last, "a mail was not sent");
            return app
                .writer
                .run(move |tx| Box::pin(async move { store::later(tx, id, &nonce, next_ms).await }))
                .await;
        }
    }
    app.writer.run(move |tx| Box::pin(async move { store::done(tx, id, &nonce).await })).await
}
