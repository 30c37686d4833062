//! Typing, presence and last seen, on the long-lived state stream: the latest value per key, never stored.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use litrocket_protocol::{
    AccountId, ConversationId, close_code,
    conversations::member_state,
    frame, limits as wire,
    state::{Availability, Presence, Typing, TypingNow, Watch, frame_type},
    stream_kind,
};
use tokio::time::timeout;

use super::{account, conversations, people};
use crate::{
    app::App,
    error::Result,
    hub::{Device, StateValue},
    lock::lock,
    rpc::{Router, Session},
    transport::{ReadError, RecvStream, SendStream},
};

/// State goes before everything else.
const PRIORITY: i32 = 20;
/// Typing in one conversation is told on at most once in this time.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);
/// Frames of a client above this rate are taken slower.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);
/// Typing is told in conversations up to this size.
const TYPING_MEMBERS_MAX: usize = 200;
/// A state frame, in bytes.
const STATE_FRAME_MAX: usize = 16 * 1024;

/// How long the last values wait to be taken before the stream ends.
const LAST_TIME: Duration = Duration::from_millis(500);

/// Who watches whom.
#[derive(Debug, Default)]
pub struct Watchers(Mutex<HashMap<AccountId, HashMap<u64, Arc<Device>>>>);

impl Watchers {
    fn of(&self, account: AccountId) -> Vec<Arc<Device>> {
        let watchers = lock(&self.0);
        watchers.get(&account).map(|devices| devices.values().cloned().collect()).unwrap_or_default()
    }

    fn replace(&self, device: &Arc<Device>, old: &HashSet<AccountId>, new: &HashSet<AccountId>) {
        let mut watchers = lock(&self.0);
        for account in old.difference(new) {
            if let Some(devices) = watchers.get_mut(account) {
                devices.remove(&device.id);
                if devices.is_empty() {
                    watchers.remove(account);
                }
            }
        }
        for account in new.difference(old) {
            watchers.entry(*account).or_default().insert(device.id, device.clone());
        }
    }
}

/// Registers the state stream.
pub fn routes(router: Router) -> Router {
    router
        .on_stream(stream_kind::STATE, serve)
        .on_arrival(|app, device| {
            if decides(app, device) {
                announce(app, device.account, false);
            }
        })
        .on_departure(|app, device| {
            if decides(app, device) {
                announce(app, device.account, false);
            }
        })
}

/// Whether the account is seen otherwise with this device than without: it is alone, or the only one that is not away.
fn decides(app: &App, device: &Device) -> bool {
    let devices = app.hub.devices(device.account);
    let mut others = devices.iter().filter(|other| other.id != device.id).peekable();
    others.peek().is_none()
        || !device.away.load(Ordering::Relaxed) && others.all(|other| other.away.load(Ordering::Relaxed))
}

/// Who may see an account's presence has changed: those who watch it and may not get a blank for what they knew.
pub(crate) fn review(app: &Arc<App>, account: AccountId) {
    announce(app, account, true);
}

/// Tells an account's presence to those who watch it and may see it; with `blank`, the others that nothing is known.
fn announce(app: &Arc<App>, account: AccountId, blank: bool) {
    if !app.watchers.of(account).is_empty() {
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(error) = announce_now(&app, account, blank).await {
                tracing::debug!(%error, %account, "those who watch a presence were not told of its change");
            }
        });
    }
}

async fn announce_now(app: &App, account: AccountId, blank: bool) -> Result<()> {
    let watchers = app.watchers.of(account);
    if watchers.is_empty() {
        return Ok(());
    }
    let people: Vec<AccountId> = watchers.iter().map(|device| device.account).collect();
    let seers = people::may_see_presence(&app.db, account, &people).await?;
    let presence = presence(app, account).await?;
    for device in watchers {
        if seers.binary_search(&device.account).is_ok() {
            device.tell(StateValue::Presence(presence.clone()));
        } else if blank {
            let nothing = Presence { account, online: false, away: false, last_seen_ms: None };
            device.tell(StateValue::Presence(nothing));
        }
    }
    Ok(())
}

/// An account's presence, for those who may see it.
async fn presence(app: &App, account: AccountId) -> Result<Presence> {
    let (_, seen) = account::privacy::of(app, account).await?;
    Ok(presence_seen(app, account, seen))
}

/// The same, when the database has last seen it at a time.
fn presence_seen(app: &App, account: AccountId, seen: u64) -> Presence {
    let devices = app.hub.devices(account);
    let online = !devices.is_empty();
    let away = online && devices.iter().all(|device| device.away.load(Ordering::Relaxed));
    let seen = seen.max(app.writer.lazy().last_seen(account));
    let last_seen_ms = (!online && seen > 0).then_some(seen);
    Presence { account, online, away, last_seen_ms }
}

async fn serve(session: Session, send: SendStream, recv: RecvStream) {
    send.set_priority(PRIORITY);
    let mut watching = HashSet::new();
    let mut telling = Telling { send, whole: true };
    let end = tokio::select! {
        () = telling.goes_on(&session.device) => Err(close_code::CANCELLED),
        end = read(&session, recv, &mut watching) => end,
        // Everybody was told that the server goes away; nothing else is to say here.
        () = session.app.until_draining() => Ok(()),
    };
    session.app.watchers.replace(&session.device, &watching, &HashSet::new());
    telling.ends(&session.device, end).await;
}

/// The writing half.
struct Telling {
    send: SendStream,
    /// Whether everything that was begun is written: only then an end is no frame cut off.
    whole: bool,
}

impl Telling {
    /// Writes the latest values whenever there are some, until the peer takes no more. A peer that does not read gets the
    /// newest when it does.
    async fn goes_on(&mut self, device: &Device) {
        while self.tells(device).await {
            tokio::select! {
                () = device.state.notified() => {}
                // The peer wants to be told no more.
                () = self.send.stopped() => return,
            }
        }
    }

    /// Writes what there is; `false` when that did not work.
    async fn tells(&mut self, device: &Device) -> bool {
        let mut frames: Vec<Bytes> = device.take_states().iter().map(encode).collect();
        if frames.is_empty() {
            return true;
        }
        self.whole = false;
        self.whole = self.send.write_chunks(&mut frames).await.is_ok();
        self.whole
    }

    /// Finishes what is whole and resets everything else, with the code of the end.
    async fn ends(mut self, device: &Device, end: Result<(), u32>) {
        let told = end.is_ok() && self.whole && timeout(LAST_TIME, self.tells(device)).await.is_ok();
        if told && self.whole {
            // The connection may close right after it.
            drop(timeout(LAST_TIME, self.send.finish_and_wait()).await);
        } else {
            self.send.reset(end.err().unwrap_or(close_code::CANCELLED));
        }
    }
}

fn encode(value: &StateValue) -> Bytes {
    match value {
        StateValue::Typing(value) => frame::encode(frame_type::TYPING_NOW, value),
        StateValue::Presence(value) => frame::encode(frame_type::PRESENCE, value),
        StateValue::Marker(value) => frame::encode(frame_type::MARKER, value),
        StateValue::GoingAway(value) => frame::encode(frame_type::GOING_AWAY, value),
        StateValue::Revoked(value) => frame::encode(frame_type::REVOKED, value),
        StateValue::NewMoments(value) => frame::encode(frame_type::NEW_MOMENTS, value),
        StateValue::Announcement(value) => frame::encode(frame_type::ANNOUNCEMENT, value),
    }
}

/// Reads until the peer says no more, or answers the code with which the stream has to end.
async fn read(session: &Session, mut recv: RecvStream, watching: &mut HashSet<AccountId>) -> Result<(), u32> {
    let mut told: HashMap<ConversationId, Instant> = HashMap::new();
    let code = loop {
        let (kind, body) = match recv.paced_frame(STATE_FRAME_MAX).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(ReadError::Gone) => return Err(close_code::CANCELLED),
            Err(ReadError::TooSlow) => break close_code::TOO_SLOW,
            Err(ReadError::TooLarge { .. } | ReadError::Malformed(_)) => break close_code::BAD_FRAME,
        };
        match take(session, kind, &body, watching, &mut told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a state frame was not taken"),
            Err(_) => break close_code::BAD_FRAME,
        }
        tokio::time::sleep(FRAME_INTERVAL).await;
    };
    recv.stop(code);
    Err(code)
}

/// Does what one frame says; frames of later versions are skipped.
async fn take(
    session: &Session,
    kind: u64,
    body: &[u8],
    watching: &mut HashSet<AccountId>,
    told: &mut HashMap<ConversationId, Instant>,
) -> Result<Result<()>, frame::DecodeError> {
    Ok(match kind {
        frame_type::TYPING => tell_typing(session, &frame::decode(body)?, told).await,
        frame_type::WATCH => set_watch(session, frame::decode(body)?, watching).await,
        frame_type::AVAILABILITY => set_availability(session, &frame::decode(body)?).await,
        _ => Ok(()),
    })
}

/// Told here and not beside it: who says it ever again waits for their own word.
async fn set_availability(session: &Session, availability: &Availability) -> Result<()> {
    if session.device.away.swap(availability.away, Ordering::Relaxed) == availability.away {
        return Ok(());
    }
    announce_now(&session.app, session.account(), false).await
}

async fn set_watch(session: &Session, watch: Watch, watching: &mut HashSet<AccountId>) -> Result<()> {
    let new: HashSet<AccountId> = watch.accounts.into_iter().take(wire::PRESENCE_SUBSCRIPTIONS_MAX).collect();
    session.app.watchers.replace(&session.device, watching, &new);
    let fresh: Vec<AccountId> = new.difference(watching).copied().collect();
    *watching = new;
    if fresh.is_empty() {
        return Ok(());
    }
    for (account, seen) in people::presences_shown(&session.app.db, session.account(), &fresh).await? {
        session.device.tell(StateValue::Presence(presence_seen(&session.app, account, seen)));
    }
    Ok(())
}

async fn tell_typing(
    session: &Session,
    typing: &Typing,
    told: &mut HashMap<ConversationId, Instant>,
) -> Result<()> {
    let now = Instant::now();
    told.retain(|_, at| now.duration_since(*at) < TYPING_INTERVAL);
    // Typing is told every few seconds, its end once behind it.
    if typing.typing == told.contains_key(&typing.conversation) {
        return Ok(());
    }
    let (app, me) = (&session.app, session.account());
    let place = conversations::readable(&app.db, typing.conversation, me).await?;
    let (privacy, _) = account::privacy::of(app, me).await?;
    if place.state != member_state::JOINED || place.is_quiet || !privacy.typing {
        return Ok(());
    }
    if typing.typing
        && !conversations::store::may_show_typing(&app.db, typing.conversation, me, app.clock.now_ms())
            .await?
    {
        return Ok(());
    }
    if typing.typing {
        told.insert(typing.conversation, now);
    } else {
        told.remove(&typing.conversation);
    }
    // The size comes first: the members of a large group are not looked up for nothing.
    let known = app.hub.members(typing.conversation);
    let size = match &known {
        Some(members) => members.len(),
        None => conversations::store::size(&app.db, typing.conversation).await?,
    };
    if size > TYPING_MEMBERS_MAX {
        return Ok(());
    }
    let mut others: Vec<AccountId> = match known {
        Some(members) => members.iter().collect(),
        None => conversations::member_store::members(&app.db, typing.conversation).await?,
    };
    others.retain(|member| *member != me);
    let value = TypingNow { conversation: typing.conversation, account: me, typing: typing.typing };
    app.hub.tell(&others, &StateValue::Typing(value));
    Ok(())
}
