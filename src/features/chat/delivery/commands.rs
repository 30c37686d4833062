//! What a device says of where it stands: its cursors, that it is live, where it goes on, what it has received.

use std::collections::HashMap;

use bytes::Bytes;
use litrocket_protocol::{
    ConversationId, Fault,
    chat::{self, Cursors, Live, frame_type},
    fault::code,
    frame, limits as wire, state,
};

use super::{
    super::{
        frames::{fault, refused, set_back, skip},
        store,
        stream::Command,
    },
    Delivery,
};
use crate::{
    error::{Error, Result},
    features::conversations,
    transport::SendStream,
};

impl Delivery {
    pub(super) async fn obey(&mut self, command: Command, send: &mut SendStream) -> Result<(), ()> {
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
        self.ends_with(send, &error.into()).await;
        Err(())
    }

    fn name(&mut self, cursors: Cursors) -> Vec<Bytes> {
        if self.live {
            return vec![fault(
                &Fault::new(code::BAD_VALUE).message("Cursors come before live; seek afterwards."),
            )];
        }
        if self.named.len() + cursors.cursors.len() > wire::CONVERSATIONS_MAX {
            return vec![fault(&Fault::new(code::TOO_MANY).limit(wire::CONVERSATIONS_MAX as u64))];
        }
        let earlier = cursors.epoch.filter(|epoch| *epoch != self.session.app.identity.log_epoch);
        for (conversation, cursor) in cursors.cursors {
            self.named.insert(conversation, cursor);
            match earlier {
                Some(epoch) => self.earlier.insert(conversation, epoch),
                None => self.earlier.remove(&conversation),
            };
        }
        Vec::new()
    }

    /// Cursors of an earlier epoch hold as far as its log is that of today; answers what is told of those that do not. Behind
    /// that the same numbers may be other events.
    async fn hold(&mut self, places: &[store::LogHead]) -> Result<Vec<Bytes>> {
        if self.earlier.is_empty() {
            return Ok(Vec::new());
        }
        let app = self.session.app.clone();
        let mut shared: HashMap<u64, Vec<(ConversationId, u64)>> = HashMap::new();
        for place in places {
            let conversation = place.conversation;
            let Some(epoch) = self.earlier.get(&conversation) else { continue };
            let (Some(cursor), Some(pos)) =
                (self.named.get(&conversation), app.identity.epochs.shared_with(*epoch))
            else {
                continue;
            };
            // What is not there is refused as any other; above the head there is nothing to look at.
            shared.entry(pos).or_default().push((conversation, place.head.min(*cursor)));
        }
        self.earlier.clear();
        let mut frames = Vec::new();
        // As many as epochs are remembered, at most.
        for (pos, cursors) in shared {
            for (conversation, last) in store::last_up_to(&app.db, pos, &cursors).await? {
                if self.named.insert(conversation, last).is_some_and(|cursor| cursor > last) {
                    frames.push(set_back(conversation, last));
                }
            }
        }
        Ok(frames)
    }

    /// Begins delivery. The device is marked from now on, then the heads are read: nothing falls between.
    async fn go_live(&mut self, live: &Live) -> Result<Vec<Bytes>> {
        if self.live {
            return Ok(vec![fault(&Fault::new(code::BAD_VALUE).message("Live was said already."))]);
        }
        self.live = true;
        let (db, account) = (self.session.app.db.clone(), self.session.account());
        self.session.device.go_live();
        let places = store::places(&db, account).await?;
        let mut frames = self.hold(&places).await?;
        for place in places {
            let conversation = place.conversation;
            match self.named.remove(&conversation) {
                Some(cursor) if cursor > place.head => {
                    self.refused.insert(conversation);
                    frames.push(refused(conversation, code::CURSOR_AHEAD));
                }
                Some(cursor) => {
                    self.reader.set_cursor(conversation, cursor);
                    if cursor < place.head {
                        self.reader.mark(conversation);
                    }
                }
                None if live.fresh => {
                    self.reader.set_cursor(conversation, place.head);
                    if place.head > 0 {
                        frames.push(skip(conversation, 1, place.head));
                    }
                }
                None => self.reader.mark(conversation),
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
}
