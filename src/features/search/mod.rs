//! Full-text search over the caller's own conversations.
//!
//! [`mod@tokens`] cuts text, [`follow`] keeps the index behind the log and off the send path. What the index finds is
//! checked against the log: recalled, hidden, cleared and left messages never appear. The newest messages, not
//! indexed yet, are scanned.

mod follow;
mod store;
mod tokens;

use litrocket_core::access;
use litrocket_protocol::{
    ConversationId, Fault,
    conversations::Message,
    fault::code,
    history::{Found, Search},
    limits,
};

pub use follow::start;
pub use tokens::{Query, tokens};

use crate::{
    app::App,
    error::{Error, Result},
    features::{
        chat,
        conversations::{self, Readable},
        history, page_limit,
    },
    rpc::{Router, Session},
};

/// Conversations one search looks into: the most recent ones.
const SCOPES_MAX: u64 = 1_000;
/// Rows of the log behind the index that one search looks through.
const TAIL_MAX: u64 = 10_000;
/// Words that the beginning of a word is taken to stand for one by one; looking up each takes about 15 µs.
const EXPANSIONS_MAX: usize = 64;
/// Bytes of stored events in one page.
const PAGE_BYTES_MAX: usize = 160 * 1024;

/// Registers the request.
pub fn routes(router: Router) -> Router {
    router.on(search)
}

/// The index forgets the words of what has been taken back until now, as soon as it has followed.
pub(crate) async fn forget_words(app: &App) -> Result<()> {
    let last = store::last(&app.db).await?;
    let index = app.search.clone();
    let task = tokio::task::spawn_blocking(move || index.want_purge(last));
    Ok(task.await.map_err(|error| Error::Internal(error.to_string()))??)
}

async fn search(caller: Session, request: Search) -> Result<Found> {
    let limit = page_limit(request.limit)?;
    if request.text.len() > limits::SEARCH_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG).field("text").limit(limits::SEARCH_BYTES_MAX as u64).into());
    }
    let query = tokens::Query::parse(&request.text)
        .ok_or_else(|| Error::from(Fault::new(code::NOTHING_TO_SEARCH).field("text")))?;
    let (app, me) = (caller.app.clone(), caller.account());
    let scopes: Vec<u64> = match request.conversation {
        Some(conversation) => {
            conversations::readable(&app.db, conversation, me).await?;
            vec![conversation.0]
        }
        None => store::scopes(&app.db, me, SCOPES_MAX).await?,
    };
    if scopes.is_empty() {
        return Ok(Found { messages: Vec::new(), next: None, complete: true });
    }
    let before = request.before.unwrap_or(u64::MAX);
    let index = app.search.clone();
    let indexed = blocking(move || index.indexed()).await?;
    let tail = store::tail(&app.db, indexed, before, &scopes, TAIL_MAX).await?;
    let complete = tail.complete;
    let mut positions: Vec<u64> = tail
        .texts
        .into_iter()
        .filter(|(_, text)| query.matches(text))
        .map(|(pos, _)| pos)
        .take(limit as usize + 1)
        .collect();
    if (positions.len() as u64) <= limit {
        let index = app.search.clone();
        let below = before.min(indexed + 1);
        let wanted = limit + 1;
        let found = blocking(move || {
            let expanded =
                query.prefix().map(|prefix| index.expand(prefix, EXPANSIONS_MAX)).transpose()?.flatten();
            index.find(&query.fts5(&scopes, expanded.as_deref()), below, wanted)
        });
        positions.extend(found.await?);
    }
    let more = positions.len() as u64 > limit;
    positions.truncate(limit as usize);
    let next = positions.last().copied().filter(|_| more);
    let page = page(&caller, &positions).await?;
    Ok(Found { messages: page.messages, next: page.cut_at.or(next), complete })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::db::Error> + Send + 'static,
) -> Result<T> {
    let result = tokio::task::spawn_blocking(work).await;
    Ok(result.map_err(|error| Error::Internal(error.to_string()))??)
}

/// Hits checked against the log as it is now.
struct Page {
    /// Newest first.
    messages: Vec<Message>,
    /// Where the page ended early because it was full.
    cut_at: Option<u64>,
}

/// The messages at some positions.
async fn page(caller: &Session, positions: &[u64]) -> Result<Page> {
    let (db, me) = (&caller.app.db, caller.account());
    let rows = store::rows(db, me, positions).await?;
    let mut conversations: Vec<ConversationId> = rows.iter().map(|row| row.conversation).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let places = conversations::readable_all(db, me, &conversations).await?;
    let (mut events, mut bytes, mut cut_at) = (Vec::new(), 0, None);
    for row in rows {
        let may_read = |place: &Readable| access::may_read(&place.ranges, row.event_seq);
        if row.gone || !places.get(&row.conversation).is_some_and(may_read) {
            continue;
        }
        bytes += row.frame.len();
        events.push(chat::decode(&row.frame)?);
        if bytes > PAGE_BYTES_MAX {
            cut_at = Some(row.pos);
            break;
        }
    }
    Ok(Page { messages: history::fold(db, me, &places, events).await?, cut_at })
}
