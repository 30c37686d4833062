//! Full-text search over the caller's own conversations.
//!
//! [`mod@tokens`] cuts text, [`follow`] keeps the index behind the log and off the send path. What the index finds is
//! checked against the log: recalled, hidden, cleared and left messages never appear, nor words that an edit replaced.
//! [`mod@tail`] looks through the newest messages, not indexed yet. [`TURNS`] bounds how many search at once.

mod follow;
mod store;
mod tail;
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
    db,
    error::{Error, Result},
    features::{
        chat,
        conversations::{self, Readable},
        history, page_limit,
    },
    rpc::{Router, Session},
    turns::Bounds,
};

/// The index answers one after the other. At the 15 ms that a search of many conversations takes, the last of them waits a
/// second.
pub const TURNS: Bounds = Bounds { turns: 1, places: 64, own: 4 };
/// Conversations one search looks into: the most recent ones.
const SCOPES_MAX: u64 = 1_000;
/// Words that the beginning of a word is taken to stand for one by one; looking up each takes about 15 µs.
const EXPANSIONS_MAX: usize = 64;
/// Bytes of stored events that are read for one page.
const READ_BYTES_MAX: usize = 160 * 1024;

/// Registers the request.
pub fn routes(router: Router) -> Router {
    router.on(search)
}

/// The index forgets the words of what has been taken back until now, as soon as it has followed.
pub(crate) async fn forget_words(app: &App) -> Result<()> {
    if !app.search.is_open() {
        tracing::warn!(
            "the search index does not open and keeps the words of what is gone: delete search.db"
        );
        return Ok(());
    }
    let last = store::last(&app.db).await?;
    let index = app.search.clone();
    let task = tokio::task::spawn_blocking(move || index.want_purge(last));
    Ok(task.await.map_err(|error| Error::Internal(error.to_string()))??)
}

async fn search(caller: Session, request: Search) -> Result<Found> {
    let limit = page_limit(request.limit)?;
    if request.text.len() > limits::SEARCH_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .within_bytes(1, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    let query = tokens::Query::parse(&request.text)
        .ok_or_else(|| Error::from(Fault::new(code::NOTHING_TO_SEARCH).field("text")))?;
    if !caller.app.search.is_open() {
        return Err(code::UNAVAILABLE.into());
    }
    let _place = caller.app.searches.enter(caller.account())?;
    let (app, me) = (caller.app.clone(), caller.account());
    let mut scopes: Vec<u64> = match request.conversation {
        Some(conversation) => {
            conversations::readable(&app.db, conversation, me).await?;
            vec![conversation.0]
        }
        None => store::scopes(&app.db, me, SCOPES_MAX + 1).await?,
    };
    let everywhere = scopes.len() as u64 <= SCOPES_MAX;
    scopes.truncate(SCOPES_MAX as usize);
    if scopes.is_empty() {
        return Ok(Found { messages: Vec::new(), next: None, complete: true });
    }
    let hits = hits(&app, &query, scopes, request.before.unwrap_or(u64::MAX), limit).await?;
    let page = page(&caller, &query, &hits.positions).await?;
    Ok(Found {
        messages: page.messages,
        next: page.cut_at.or(hits.next),
        complete: everywhere && hits.complete,
    })
}

/// Where the words are, as far as the index and the tail know.
struct Hits {
    /// Newest first.
    positions: Vec<u64>,
    /// Where the next page begins.
    next: Option<u64>,
    /// Whether nothing was passed by.
    complete: bool,
}

async fn hits(app: &App, query: &Query, scopes: Vec<u64>, before: u64, limit: u64) -> Result<Hits> {
    let index = app.search.clone();
    let indexed = app.searches.ask(move || index.indexed()).await??;
    let wanted = limit + 1;
    let places = db::list(&scopes)?;
    let look = tail::Look { db: &app.db, query, scopes: &places, indexed, before, wanted };
    let tail = look.run().await?;
    let mut positions = tail.hits;
    if let Some(stopped_at) = tail.stopped_at {
        // What lies below was not looked at: the next page goes on there.
        positions.retain(|pos| *pos >= stopped_at);
    } else if !tail.enough {
        let (below, query) = (before.min(indexed + 1), query.clone());
        let index = app.search.clone();
        let found = app.searches.ask(move || {
            let expanded =
                query.prefix().map(|prefix| index.expand(prefix, EXPANSIONS_MAX)).transpose()?.flatten();
            index.find(&query.fts5(&scopes, expanded.as_deref()), below, wanted)
        });
        positions.extend(found.await??);
    }
    positions.sort_unstable_by_key(|pos| std::cmp::Reverse(*pos));
    positions.dedup();
    let more = positions.len() as u64 > limit;
    positions.truncate(limit as usize);
    let next = positions.last().copied().filter(|_| more).or(tail.stopped_at);
    Ok(Hits { positions, next, complete: tail.stopped_at.is_none() && tail.all_edits })
}

/// Hits checked against the log as it is now.
struct Page {
    /// Newest first.
    messages: Vec<Message>,
    /// Where the page ended early because it was full.
    cut_at: Option<u64>,
}

/// The messages at some positions.
async fn page(caller: &Session, query: &Query, positions: &[u64]) -> Result<Page> {
    let (db, me) = (&caller.app.db, caller.account());
    let rows = store::rows(db, me, positions).await?;
    let mut conversations: Vec<ConversationId> = rows.iter().map(|row| row.conversation).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let places = conversations::readable_all(db, me, &conversations).await?;
    let (mut events, mut at, mut bytes, mut cut_at) = (Vec::new(), Vec::new(), 0, None);
    for row in rows {
        let may_read = |place: &Readable| access::may_read(&place.ranges, row.event_seq);
        if row.gone || !places.get(&row.conversation).is_some_and(may_read) {
            continue;
        }
        bytes += row.frame.len();
        at.push(row.pos);
        events.push(chat::decode(&row.frame)?);
        if bytes > READ_BYTES_MAX {
            cut_at = Some(row.pos);
            break;
        }
    }
    let mut messages = history::fold(db, me, &places, events).await?;
    if messages.len() < at.len() {
        cut_at = messages.len().checked_sub(1).map(|last| at[last]);
    }
    // The index may be behind an edit, or know words of one that the caller may not read.
    messages.retain(|message| store::text_of(&message.event).is_some_and(|text| query.matches(&text)));
    Ok(Page { messages, cut_at })
}
