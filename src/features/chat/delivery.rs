//! The writing half of the chat stream: carries out what the pure reader decides.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::reader::{Reader, Step};
use litrocket_protocol::{
    ConversationId, Fault,
    chat::{self, CaughtUp, Cursors, Live, frame_type},
    fault::code,
    frame, limits as wire, state,
};
use tokio::{sync::mpsc, time::timeout};

use super::{
    frames::{fault, refused, skip},
    quiet::Quiet,
    store,
    stream::{Answered, Command},
    window::Window,
};
use crate::{
    error::{Error, Result},
    features::conversations,
    hub::{Dirty, RecentEntry, Recents},
    rpc::Session,
    transport::SendStream,
};

/// Conversations with news, and frames, that there is always room for.
const DIRTY_ROOM: usize = 32;
const OUT_ROOM: usize = 64;
/// How long the end of the stream waits for the peer to have everything.
const FINISH_TIME: Duration = Duration::from_secs(2);
/// How long delivery waits after the database was not available.
const RETRY_TIME: Duration = Duration::from_millis(500);

/// What one device is told on its chat stream.
pub(super) struct Delivery {
    session: Session,
    answered: Arc<Answered>,
    /// The number of this stream: what was sent on it is told by its acks.
    origin: u64,
    reader: Reader,
    named: HashMap<ConversationId, u64>,
    /// Conversations whose cursor was refused: they stay silent until the client seeks.
    refused: HashSet<ConversationId>,
    /// Up to where events were asked for: its own are among them, which otherwise their acks stand for.
    again: HashMap<ConversationId, u64>,
    /// Conversations in which the account deleted something for itself.
    hidden: HashSet<ConversationId>,
    quiet: Quiet,
    live: bool,
    /// Whether the last turn failed.
    failing: bool,
    caught_up: bool,
    /// The version of the account log that was written, and whether there may be more.
    account_version: u64,
    account_behind: bool,
    /// What a turn made so far. Its cursors have moved: it is written also when the rest of the turn failed.
    out: Vec<Bytes>,
    /// What was new at the last look; empty between turns.
    dirty: Dirty,
    window: Window,
    /// How long the frames were lately: a page has as many as there is room for, for reading more would be in vain.
    frame_bytes: usize,
}

impl Delivery {
    pub(super) fn new(session: Session, answered: Arc<Answered>, origin: u64) -> Self {
        let window = Window::of(&session.link.connection);
        Self {
            session,
            answered,
            origin,
            reader: Reader::default(),
            named: HashMap::new(),
            refused: HashSet::new(),
            again: HashMap::new(),
            hidden: HashSet::new(),
            quiet: Quiet::default(),
            live: false,
            failing: false,
            caught_up: false,
            account_version: 0,
            account_behind: false,
            out: Vec::new(),
            dirty: Dirty::default(),
            window,
            frame_bytes: 1024,
        }
    }

    /// Writes until the stream breaks, or the reading half ended and everything is acked.
    pub(super) async fn run(mut self, mut send: SendStream, mut commands: mpsc::Receiver<Box<Command>>) {
        let device = self.session.device.clone();
        let mut closing = false;
        loop {
            while let Ok(command) = commands.try_recv() {
                if self.obey(*command, &mut send).await.is_err() {
                    return;
                }
            }
            closing |= commands.is_closed() && commands.is_empty();
            let failed = !closing && self.fails().await;
            // The acks come first: a later event must not overtake the ack of an earlier own one.
            let mut chunks = self.answered.take();
            let acks = chunks.len();
            if acks > 0 {
                chunks.append(&mut self.out);
            } else {
                std::mem::swap(&mut chunks, &mut self.out);
            }
            let nothing = chunks.is_empty();
            if !nothing {
                if self.write(&mut send, &mut chunks).await.is_err() {
                    return;
                }
                self.answered.written(acks);
            }
            if self.out.capacity() == 0 {
                // Its room is used again, that of a large turn given back: idle connections are many.
                chunks.clear();
                chunks.shrink_to(OUT_ROOM);
                self.out = chunks;
            }
            if failed {
                tokio::time::sleep(RETRY_TIME).await;
            }
            if failed || !nothing {
                continue;
            }
            if closing && self.answered.all_written() {
                drop(timeout(FINISH_TIME, send.finish_and_wait()).await);
                return;
            }
            tokio::select! {
                () = device.chat.notified() => {}
                command = commands.recv(), if !closing => {
                    let Some(command) = command else { closing = true; continue };
                    if self.obey(*command, &mut send).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Makes a turn; whether it failed. The first failure in a row is logged.
    async fn fails(&mut self) -> bool {
        let result = self.turn().await;
        if let Err(error) = &result
            && !self.failing
        {
            tracing::warn!(account = %self.session.account(), %error, "a device is not told what is new");
        }
        self.failing = result.is_err();
        self.failing
    }

    async fn write(&mut self, send: &mut SendStream, chunks: &mut [Bytes]) -> Result<(), ()> {
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        send.write_chunks(chunks).await.map_err(drop)?;
        self.window.written(bytes as u64, &self.session.link.connection);
        Ok(())
    }

    async fn obey(&mut self, command: Command, send: &mut SendStream) -> Result<(), ()> {
        let mut frames = match command {
            Command::Cursors(cursors) => self.name(cursors),
            Command::Live(live) => match Box::pin(self.go_live(&live)).await {
                Ok(frames) => frames,
                Err(error) => return self.give_up(send, error).await,
            },
            Command::Seek(seek) => {
                match Box::pin(self.pays_and_seeks(seek.conversation, seek.event_seq)).await {
                    Ok(frames) => frames,
                    Err(error) => return self.give_up(send, error).await,
                }
            }
            Command::Delivered(delivered) => {
                self.delivered(&delivered).await;
                Vec::new()
            }
            Command::Fault(it) => vec![fault(&it)],
        };
        if frames.is_empty() { Ok(()) } else { self.write(send, &mut frames).await }
    }

    /// Where this device stands is not known: the stream ends, and the client resumes on another.
    async fn give_up(&mut self, send: &mut SendStream, error: Error) -> Result<(), ()> {
        self.write(send, &mut [fault(&error.into())]).await?;
        Err(())
    }

    fn name(&mut self, cursors: Cursors) -> Vec<Bytes> {
        if self.live {
            return vec![fault(
                &Fault::new(code::BAD_FRAME).message("Cursors come before live; seek afterwards."),
            )];
        }
        if self.named.len() + cursors.cursors.len() > wire::CONVERSATIONS_MAX {
            return vec![fault(&Fault::new(code::TOO_MANY).limit(wire::CONVERSATIONS_MAX as u64))];
        }
        self.named.extend(cursors.cursors);
        Vec::new()
    }

    /// Begins delivery. The device is marked from now on, then the heads are read: nothing falls between.
    async fn go_live(&mut self, live: &Live) -> Result<Vec<Bytes>> {
        if self.live {
            return Ok(vec![fault(&Fault::new(code::BAD_FRAME).message("Live was said already."))]);
        }
        self.live = true;
        let (db, account) = (self.session.app.db.clone(), self.session.account());
        self.session.device.go_live();
        let mut frames = Vec::new();
        for place in store::places(&db, account).await? {
            let conversation = place.conversation;
            match self.named.remove(&conversation) {
                Some(cursor) if cursor > place.head => {
                    self.refused.insert(conversation);
                    frames.push(refused(conversation, code::CURSOR_AHEAD));
                }
                Some(cursor) => {
                    self.reader.set_cursor(conversation, cursor);
                    if cursor < place.head {
                        self.again.insert(conversation, place.head);
                        self.reader.mark(conversation);
                    }
                }
                None if live.fresh => {
                    self.reader.set_cursor(conversation, place.head);
                    if place.head > 0 {
                        frames.push(skip(conversation, 1, place.head));
                    }
                }
                None => {
                    self.again.insert(conversation, place.head);
                    self.reader.mark(conversation);
                }
            }
        }
        frames.extend(self.named.drain().map(|(conversation, _)| refused(conversation, code::NOT_FOUND)));
        self.hidden = store::hidden_conversations(&db, account).await?;
        let (version, floor) = store::log_version(&db, account).await?;
        self.account_version = live.account_version;
        if live.account_version > version || (live.account_version > 0 && live.account_version < floor) {
            self.account_version = 0;
            frames.push(frame::encode(frame_type::ACCOUNT_RESET, &chat::AccountReset { version }));
        }
        self.account_behind = true;
        Ok(frames)
    }

    /// A seek costs what a request does. It waits for its turn instead of being refused.
    async fn pays_and_seeks(&mut self, conversation: ConversationId, cursor: u64) -> Result<Vec<Bytes>> {
        self.session.link.pays(&self.session.app).await;
        self.seek(conversation, cursor).await
    }

    async fn seek(&mut self, conversation: ConversationId, cursor: u64) -> Result<Vec<Bytes>> {
        let place = conversations::readable(&self.session.app.db, conversation, self.session.account()).await;
        let place = match place {
            Ok(place) => place,
            Err(Error::Fault(_)) => return Ok(vec![refused(conversation, code::NOT_FOUND)]),
            Err(error) => return Err(error),
        };
        if cursor > place.last {
            self.reader.forget(conversation);
            self.refused.insert(conversation);
            return Ok(vec![refused(conversation, code::CURSOR_AHEAD)]);
        }
        self.refused.remove(&conversation);
        self.reader.set_cursor(conversation, cursor);
        self.again.insert(conversation, place.last);
        if self.live {
            self.reader.mark(conversation);
        }
        Ok(Vec::new())
    }

    /// Only what was really written counts as delivered.
    async fn delivered(&mut self, delivered: &chat::Delivered) {
        let (app, account) = (self.session.app.clone(), self.session.account());
        let mut written: HashMap<ConversationId, u64> = HashMap::new();
        for (conversation, event_seq) in delivered.cursors.iter().take(wire::CURSORS_PER_FRAME_MAX) {
            if self.reader.cursor(*conversation).is_some_and(|cursor| *event_seq <= cursor) {
                if self.session.device.take_access_change(*conversation) {
                    self.access_changed(*conversation);
                }
                let last = written.entry(*conversation).or_default();
                *last = (*last).max(*event_seq);
            }
        }
        let rising = self.quiet.rising(&app, account, &written).await;
        for (conversation, event_seq) in written {
            app.writer.lazy().delivered(conversation, account, event_seq);
        }
        for (conversation, event_seq) in rising {
            let delivered = Some(event_seq);
            app.hub.tell_marker(&state::Marker { conversation, account, read: None, delivered });
        }
    }

    /// What comes next, into `out`: entries of the account log, then conversations in turn.
    async fn turn(&mut self) -> Result<()> {
        if !self.live {
            return Ok(());
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        self.session.device.take_dirty(&mut dirty);
        self.account_behind |= std::mem::take(&mut dirty.account);
        for (conversation, access_changed) in dirty.conversations.drain() {
            if access_changed {
                self.access_changed(conversation);
            }
            if !self.refused.contains(&conversation) {
                self.reader.mark(conversation);
            }
        }
        dirty.conversations.shrink_to(DIRTY_ROOM);
        self.dirty = dirty;
        if self.account_behind {
            self.account_entries().await?;
        }
        let mut bytes: usize = self.out.iter().map(Bytes::len).sum();
        while let Some(room) = self.window.turn().checked_sub(bytes + 1) {
            let Some(conversation) = self.reader.turn() else { break };
            let before = self.out.len();
            self.conversation(conversation, room).await?;
            bytes += self.out[before..].iter().map(Bytes::len).sum::<usize>();
        }
        if self.out.is_empty() && !self.caught_up && self.reader.is_idle() && !self.account_behind {
            self.caught_up = true;
            let account_version = self.account_version;
            self.out.push(frame::encode(frame_type::CAUGHT_UP, &CaughtUp { account_version }));
        }
        Ok(())
    }

    fn access_changed(&mut self, conversation: ConversationId) {
        self.reader.ranges_changed(conversation);
        self.hidden.insert(conversation);
        self.quiet.forget(conversation);
    }

    async fn account_entries(&mut self) -> Result<()> {
        let entries =
            store::entries(&self.session.app.db, self.session.account(), self.account_version).await?;
        match entries.last() {
            None => self.account_behind = false,
            Some(last) => self.account_version = last.version,
        }
        self.out.extend(entries.iter().map(|entry| frame::encode(frame_type::ENTRY, entry)));
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
        let hidden = match (self.hidden.contains(&conversation), entries.first()) {
            (true, Some(first)) => {
                let db = &self.session.app.db;
                store::hidden(db, conversation, self.session.account(), first.event_seq, to).await?
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
            if hidden.contains(&entry.event_seq) {
                self.out.push(skip(conversation, entry.event_seq, entry.event_seq));
            } else if entry.origin != own || entry.event_seq <= again {
                bytes += entry.frame.len();
                self.out.push(entry.frame);
            }
        }
        Ok(())
    }
}
