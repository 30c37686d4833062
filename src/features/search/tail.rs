//! What the index has not reached yet: looked through newest first, a page at a time, and no further than is needed.

use super::{Query, store};
use crate::{
    db::Db,
    error::{Error, Result},
    features::chat,
};

/// Positions of the log that one search looks through.
const POSITIONS_MAX: u64 = 10_000;
/// Positions of one page.
const PAGE_POSITIONS: u64 = 2_000;
/// Rows of one page; stored events have up to 50 KiB.
const PAGE_ROWS: u64 = 100;
/// Bytes of stored events that one search looks through. The index is seldom further behind than this.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Edits that one search looks through, and positions that it looks for them: they are few, and behind the messages of
/// the page.
const EDITS_MAX: u64 = 1_000;
const EDIT_POSITIONS_MAX: u64 = 100_000;

/// Who looks for what, where and from where on.
pub(super) struct Look<'a> {
    pub(super) db: &'a Db,
    pub(super) query: &'a Query,
    /// The conversations, as a JSON array.
    pub(super) scopes: &'a str,
    /// How far the log is indexed.
    pub(super) indexed: u64,
    /// Only below this position.
    pub(super) before: u64,
    /// How many hits are enough.
    pub(super) wanted: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Positions of hits, in no order.
    pub(super) hits: Vec<u64>,
    /// Enough hits were found: whatever lies further back comes on a later page.
    pub(super) enough: bool,
    /// It ended here, before the index begins: messages below this position were not looked at.
    pub(super) stopped_at: Option<u64>,
    /// Whether every edit was looked at.
    pub(super) all_edits: bool,
}

impl Look<'_> {
    /// Looks through the tail.
    pub(super) async fn run(&self) -> Result<Tail> {
        let head = store::last(self.db).await?;
        let mut tail = Tail { all_edits: true, ..Tail::default() };
        if head <= self.indexed {
            return Ok(tail);
        }
        self.edits(head, &mut tail).await?;
        let edited = tail.hits.len() as u64;
        let (mut to, mut bytes) = (self.before.min(head + 1), 0);
        let floor = to.saturating_sub(POSITIONS_MAX).max(self.indexed + 1);
        loop {
            tail.enough = tail.hits.len() as u64 - edited >= self.wanted;
            if to <= floor || tail.enough || bytes > BYTES_MAX {
                break;
            }
            let from = to.saturating_sub(PAGE_POSITIONS).max(floor);
            let rows = store::texts(self.db, from, to, self.scopes, PAGE_ROWS).await?;
            to = match rows.last() {
                Some((last, _)) if rows.len() as u64 == PAGE_ROWS => *last,
                _ => from,
            };
            bytes += rows.iter().map(|(_, frame)| frame.len()).sum::<usize>();
            tail.hits.extend(self.matching(rows).await?);
        }
        tail.stopped_at = (!tail.enough && to > self.indexed + 1).then_some(to);
        Ok(tail)
    }

    /// An edit stands for the message that it changes, which may lie anywhere before it.
    async fn edits(&self, head: u64, tail: &mut Tail) -> Result<()> {
        let floor = self.before.min(head).saturating_sub(POSITIONS_MAX);
        let floor = floor.max(head.saturating_sub(EDIT_POSITIONS_MAX)).max(self.indexed);
        let (mut to, mut seen, mut bytes) = (head + 1, 0, 0);
        loop {
            let rows = store::edits(self.db, floor + 1, to, self.before, self.scopes, PAGE_ROWS).await?;
            let full = rows.len() as u64 == PAGE_ROWS;
            seen += rows.len() as u64;
            bytes += rows.iter().map(|(.., frame)| frame.len()).sum::<usize>();
            to = rows.last().map_or(to, |(pos, ..)| *pos);
            let edited = rows.into_iter().map(|(_, target, frame)| (target, frame)).collect();
            tail.hits.extend(self.matching(edited).await?);
            if !full {
                tail.all_edits = floor == self.indexed;
                return Ok(());
            }
            if seen >= EDITS_MAX || bytes > BYTES_MAX {
                tail.all_edits = false;
                return Ok(());
            }
        }
    }

    /// The positions of those events that the query finds. Cutting words takes too long for a thread that serves others.
    async fn matching(&self, rows: Vec<(u64, Vec<u8>)>) -> Result<Vec<u64>> {
        let query = self.query.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            for (pos, frame) in rows {
                let text = store::text_of(&chat::decode(&frame)?);
                if text.is_some_and(|text| query.matches(&text)) {
                    found.push(pos);
                }
            }
            Ok(found)
        });
        task.await.map_err(|error| Error::Internal(error.to_string()))?
    }
}
