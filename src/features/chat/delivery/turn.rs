//! One turn: entries of the account log, then one conversation after the other, as much as fits.

use bytes::Bytes;
use litrocket_core::reader::Step;
use litrocket_protocol::{
    ConversationId,
    chat::{CaughtUp, frame_type},
    frame,
};

use super::{
    super::{frames::skip, store},
    DIRTY_ROOM, Delivery,
};
use crate::{
    error::{Error, Result},
    hub::{RecentEntry, Recents},
};

/// Conversations that may fail in one turn: when more do it is not about them, and the others wait as well.
const FAILURES_MAX: usize = 4;
/// Conversations that are looked at in one turn: many that have nothing to tell hold up no ack.
const LOOKS_MAX: usize = 64;

impl Delivery {
    /// What comes next, into `out`: entries of the account log, then conversations in turn. What cannot be read rests for a while
    /// and holds up nothing else. Answers whether it ended early: the next turn follows at once.
    pub(super) async fn turn(&mut self) -> bool {
        if !self.live {
            return false;
        }
        self.mark_what_is_new();
        if self.account_behind
            && !self.resting.has_account()
            && let Err(error) = self.account_entries().await
        {
            self.resting.put_account();
            self.note(&error);
        }
        let (mut failures, mut looks) = (0, 0);
        let mut bytes: usize = self.out.iter().map(Bytes::len).sum();
        while let Some(room) = self.window.turn().checked_sub(bytes + 1) {
            if looks == LOOKS_MAX {
                return true;
            }
            looks += 1;
            let Some(conversation) = self.reader.turn() else { break };
            let before = self.out.len();
            if let Err(error) = self.conversation(conversation, room).await {
                self.reader.set_aside(conversation);
                self.resting.put(conversation);
                self.note(&error);
                failures += 1;
                if failures == FAILURES_MAX {
                    break;
                }
            }
            bytes += self.out[before..].iter().map(Bytes::len).sum::<usize>();
        }
        if !self.resting.is_empty() {
            return false;
        }
        self.failing = false;
        if self.out.is_empty() && !self.caught_up && self.reader.is_idle() && !self.account_behind {
            self.caught_up = true;
            let account_version = self.account_version;
            self.out.push(frame::encode(frame_type::CAUGHT_UP, &CaughtUp { account_version }));
        }
        false
    }

    /// Logs the first failure in a row.
    fn note(&mut self, error: &Error) {
        if !self.failing {
            tracing::warn!(account = %self.session.account(), %error, "a device is not told what is new");
        }
        self.failing = true;
    }

    fn mark_what_is_new(&mut self) {
        for conversation in self.resting.wakes() {
            self.reader.mark(conversation);
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        self.session.device.take_dirty(&mut dirty);
        self.account_behind |= std::mem::take(&mut dirty.account);
        for (conversation, access_changed) in dirty.conversations.drain() {
            if access_changed {
                self.access_changed(conversation);
            }
            if !self.refused.contains(&conversation) && !self.resting.has(conversation) {
                self.reader.mark(conversation);
            }
        }
        dirty.conversations.shrink_to(DIRTY_ROOM);
        self.dirty = dirty;
    }

    pub(super) fn access_changed(&mut self, conversation: ConversationId) {
        self.reader.ranges_changed(conversation);
        self.hidden.insert(conversation);
        self.quiet.forget(conversation);
    }

    async fn account_entries(&mut self) -> Result<()> {
        let entries =
            store::entries(&self.session.app.db, self.session.account(), self.account_version).await?;
        self.account_behind = !entries.is_empty();
        let mut bytes = 0;
        for entry in entries {
            if bytes >= self.window.turn() {
                break;
            }
            let frame = frame::encode(frame_type::ENTRY, &entry);
            bytes += frame.len();
            self.out.push(frame);
            self.account_version = entry.version;
        }
        Ok(())
    }

    /// One turn of one conversation, up to the first event beyond so many bytes.
    async fn conversation(&mut self, conversation: ConversationId, room: usize) -> Result<()> {
        let app = self.session.app.clone();
        // What may be read is asked for after the head: otherwise events behind a removal would be read under the
        // access from before it.
        let after = self.reader.cursor(conversation);
        let (head, recents) = if let Some(news) = app.hub.news(conversation, after) {
            news
        } else {
            // The database may be ahead of what the hub told.
            self.reader.ranges_changed(conversation);
            (store::head(&app.db, conversation).await?, Recents::NotHere)
        };
        let mut recents = Some(recents);
        if self.session.device.take_access_change(conversation) {
            self.access_changed(conversation);
        }
        loop {
            match self.reader.step(conversation, head) {
                Step::Done => return Ok(()),
                Step::Skip { from, to } => self.out.push(skip(conversation, from, to)),
                Step::LookUp => {
                    // An event may be replaced while the database is asked.
                    recents = None;
                    let ranges = store::ranges(&app.db, conversation, self.session.account()).await?;
                    self.reader.set_ranges(conversation, ranges);
                }
                Step::Read { from, to } => {
                    let recents = recents.take().filter(|_| after == Some(from - 1));
                    let entries = match recents.unwrap_or_else(|| app.hub.recent(conversation, from - 1)) {
                        Recents::All(entries) if !entries.is_empty() => entries,
                        _ => self.page(conversation, from, to, room).await?,
                    };
                    self.push(conversation, to, entries, room).await?;
                    if self.reader.cursor(conversation) == Some(head) {
                        // It is done: what comes after this head marks it again.
                        self.reader.step(conversation, head);
                    }
                    return Ok(());
                }
            }
        }
    }

    async fn page(
        &mut self,
        conversation: ConversationId,
        from: u64,
        to: u64,
        room: usize,
    ) -> Result<Vec<RecentEntry>> {
        let (least, most) = store::PAGE_ROWS;
        let rows = (room as u64 / self.frame_bytes as u64 + 1).clamp(least, most);
        let entries = store::frames(&self.session.app.db, conversation, (from, to), rows).await?;
        let bytes: usize = entries.iter().map(|entry| entry.frame.len()).sum();
        self.frame_bytes = (bytes / entries.len().max(1)).max(64);
        Ok(entries)
    }

    async fn push(
        &mut self,
        conversation: ConversationId,
        to: u64,
        entries: Vec<RecentEntry>,
        room: usize,
    ) -> Result<()> {
        let ends = entries.first().zip(entries.last());
        let hidden = match (self.hidden.contains(&conversation), ends) {
            (true, Some((first, last))) => {
                // No further than this page: each page asking for all that is hidden behind it would be quadratic.
                let (db, me) = (&self.session.app.db, self.session.account());
                store::hidden(db, conversation, me, first.event_seq, to.min(last.event_seq)).await?
            }
            _ => Vec::new(),
        };
        let own = self.origin;
        let again = self.again.get(&conversation).copied().unwrap_or(0);
        let mut bytes = 0;
        for entry in entries.into_iter().take_while(|entry| entry.event_seq <= to) {
            if bytes > room {
                break;
            }
            self.reader.passed(conversation, entry.event_seq);
            if hidden.binary_search(&entry.event_seq).is_ok() {
                self.out.push(skip(conversation, entry.event_seq, entry.event_seq));
            } else if entry.origin != own || entry.event_seq <= again {
                bytes += entry.frame.len();
                self.out.push(entry.frame);
            }
        }
        Ok(())
    }
}
