//! Every frame that a client sends on a stream that lasts, and every kind of event that it may send, as each kind of caller.

use litrocket_client::Item;
use litrocket_protocol::{
    ConversationId, Fault, MessageId,
    chat::{Ack, CursorRefused, Cursors, Delivered, Live, Refused, Seek, Send, frame_type as chat},
    describe::{self, Origin},
    event::{Event, Forward, Reaction, Recall, SendFile, Text, kind},
    frame,
    state::{Availability, Presence, Typing, Watch, frame_type as state},
    stream_kind,
};

use super::scene::{Caller, Scene, columns};
use crate::{
    raw::{Lasting, Raw},
    world::{PASSWORD, World, sign_in},
};

/// Nothing has this id.
const NOWHERE: ConversationId = ConversationId(999_999);

/// What becomes of each frame. Of sends the answer; of what asks for events, which of the group's come: all of them, those from
/// `before` the caller went, or none; of what others hear of, whether they do.
const ROWS: &[(&str, &[&str])] = &[
    ("Cursors", &["not_found", "before", "all"]),
    ("Live", &["nothing", "before", "all"]),
    ("Seek", &["not_found", "before", "all"]),
    ("Delivered", &["nothing", "nothing", "told"]),
    ("Typing", &["nothing", "nothing", "nothing", "told", "nothing", "told", "told"]),
    ("Watch", &["told"]),
    ("Availability", &["told"]),
    ("Send message", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send message in answer", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send forward", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send forward elsewhere", &["bad_target", "bad_target", "ok"]),
    ("Send file", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send file elsewhere", &["not_found", "not_found", "ok"]),
    ("Send opaque", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send private", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send reaction", &["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"]),
    ("Send edit", &["not_found", "not_a_member", "not_a_member", "not_yours", "muted", "not_yours", "ok"]),
    (
        "Send recall of a member's",
        &["not_found", "not_a_member", "not_a_member", "not_yours", "not_yours", "ok", "ok"],
    ),
    (
        "Send recall",
        &["not_found", "not_a_member", "not_a_member", "not_yours", "not_yours", "not_yours", "ok"],
    ),
];

/// The caller's own streams.
struct Streams {
    raw: Raw,
    chat: Lasting,
    state: Lasting,
    sent: u8,
}

impl Streams {
    /// A device of the caller that is live and has everything.
    async fn opens(world: &World, scene: &Scene) -> Self {
        let raw = device(world, scene).await;
        let mut chat = Lasting::opens(&raw, stream_kind::CHAT).await;
        chat.says(chat::LIVE, &Live { account_version: 0, fresh: true }).await;
        while chat.next().await.expect("it is caught up").0 != chat::CAUGHT_UP {}
        let state = Lasting::opens(&raw, stream_kind::STATE).await;
        Self { raw, chat, state, sent: 0 }
    }

    /// What a send is answered.
    async fn sends(
        &mut self,
        conversation: ConversationId,
        event_kind: u16,
        target: Option<u64>,
        body: Vec<u8>,
    ) -> String {
        self.sent += 1;
        let fallback =
            (event_kind == kind::OPAQUE || event_kind >= kind::PRIVATE_FIRST).then(|| "sealed".into());
        let id = MessageId::v7(1, [self.sent; 10]);
        let send = Send { conversation, epoch: 0, id, kind: event_kind, target_seq: target, body, fallback };
        self.chat.says(chat::SEND, &send).await;
        loop {
            let (frame_kind, body) = self.chat.next().await.expect("an answer");
            match frame_kind {
                chat::ACK if frame::decode::<Ack>(&body).unwrap().id == id => return "ok".into(),
                chat::REFUSED => return frame::decode::<Refused>(&body).unwrap().fault.code,
                frame::FAULT => return frame::decode::<Fault>(&body).unwrap().code,
                _ => {}
            }
        }
    }
}

async fn device(world: &World, scene: &Scene) -> Raw {
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in(&scene.person.name, PASSWORD)).await.unwrap();
    raw
}

/// Which events of the group come until a frame of this kind: by the last of them.
async fn told(chat: &mut Lasting, scene: &Scene, until: impl Fn(u64, &[u8]) -> bool) -> String {
    let mut last = 0;
    loop {
        let (kind, body) = chat.next().await.expect("the stream goes on");
        if until(kind, &body) {
            break;
        }
        match kind {
            chat::CURSOR_REFUSED => {
                let refused: CursorRefused = frame::decode(&body).unwrap();
                assert_eq!(refused.conversation, scene.group);
                return refused.fault.code;
            }
            chat::EVENT => {
                let event: Event = frame::decode(&body).unwrap();
                if event.conversation == scene.group {
                    last = event.event_seq;
                }
            }
            _ => {}
        }
    }
    match last {
        0 => "nothing".into(),
        last if last >= scene.last => "all".into(),
        last if last >= scene.first => "before".into(),
        _ => format!("up to {last}"),
    }
}

/// A device that begins, with or without a cursor.
async fn begins(world: &World, scene: &Scene, cursors: Option<Cursors>) -> String {
    let raw = device(world, scene).await;
    let mut chat = Lasting::opens(&raw, stream_kind::CHAT).await;
    if let Some(cursors) = cursors {
        chat.says(chat::CURSORS, &cursors).await;
    }
    chat.says(chat::LIVE, &Live { account_version: 0, fresh: false }).await;
    told(&mut chat, scene, |kind, _| kind == chat::CAUGHT_UP).await
}

async fn seeks(streams: &mut Streams, scene: &Scene) -> String {
    let chat = &mut streams.chat;
    chat.says(chat::SEEK, &Seek { conversation: scene.group, event_seq: 1 }).await;
    // A turn comes before the next seek is looked at, or behind it: another begins when that is refused.
    for n in 0..3 {
        let nowhere = ConversationId(NOWHERE.0 + n);
        chat.says(chat::SEEK, &Seek { conversation: nowhere, event_seq: 1 }).await;
        let ends = |kind, body: &[u8]| {
            kind == chat::CURSOR_REFUSED
                && frame::decode::<CursorRefused>(body).unwrap().conversation == nowhere
        };
        let what = told(chat, scene, ends).await;
        if what != "nothing" {
            return what;
        }
    }
    "nothing".into()
}

/// Whether the witness hears of the group before hearing of the room, of which the caller tells afterwards.
async fn hears(scene: &mut Scene, mut about: impl FnMut(&Item) -> Option<ConversationId>) -> String {
    let (group, room) = (scene.group, scene.room);
    let mut heard = false;
    scene
        .witness
        .waits_for(|item| {
            let conversation = about(item)?;
            heard |= conversation == group;
            (conversation == room).then_some(())
        })
        .await;
    if heard { "told" } else { "nothing" }.into()
}

async fn reports(streams: &mut Streams, scene: &mut Scene) -> String {
    let account = scene.person.account;
    for conversation in [scene.group, scene.room] {
        let cursors = vec![(conversation, 1)];
        streams.chat.says(chat::DELIVERED, &Delivered { cursors }).await;
    }
    hears(scene, |item| match item {
        Item::Marker(marker) if marker.account == account && marker.delivered.is_some() => {
            Some(marker.conversation)
        }
        _ => None,
    })
    .await
}

async fn types(streams: &mut Streams, scene: &mut Scene) -> String {
    let account = scene.person.account;
    for conversation in [scene.group, scene.room] {
        streams.state.says(state::TYPING, &Typing { conversation, typing: true }).await;
    }
    hears(scene, |item| match item {
        Item::TypingNow(now) if now.account == account => Some(now.conversation),
        _ => None,
    })
    .await
}

async fn watches(streams: &mut Streams, scene: &Scene) -> String {
    streams.state.says(state::WATCH, &Watch { accounts: vec![scene.witness.account] }).await;
    loop {
        let (kind, body) = streams.state.next().await.expect("the stream goes on");
        if kind == state::PRESENCE {
            assert_eq!(frame::decode::<Presence>(&body).unwrap().account, scene.witness.account);
            return "told".into();
        }
    }
}

async fn goes_away(streams: &mut Streams, scene: &mut Scene) -> String {
    let account = scene.person.account;
    let of = move |item: &Item| matches!(item, Item::Presence(it) if it.account == account).then_some(());
    scene.witness.client.watch(vec![account]).unwrap();
    scene.witness.waits_for(of).await;
    streams.state.says(state::AVAILABILITY, &Availability { away: true }).await;
    scene.witness.waits_for(of).await;
    "told".into()
}

/// What comes of a row for the caller of the scene.
async fn outcome(row: &str, world: &World, streams: &mut Streams, scene: &mut Scene) -> String {
    let (group, own, first) = (scene.group, scene.room, scene.first);
    let text = || frame::encode_body(&Text { text: "rocket words".into(), ..Text::default() });
    let forward = || frame::encode_body(&Forward { conversation: group, event_seq: scene.last });
    let file = || SendFile { file: scene.file, text: String::new(), alt: String::new(), voice: None };
    let recall = || frame::encode_body(&Recall::default());
    match row {
        "Cursors" => begins(world, scene, Some(Cursors { cursors: vec![(group, 1)], epoch: None })).await,
        "Live" => begins(world, scene, None).await,
        "Seek" => seeks(streams, scene).await,
        "Delivered" => reports(streams, scene).await,
        "Typing" => types(streams, scene).await,
        "Watch" => watches(streams, scene).await,
        "Availability" => goes_away(streams, scene).await,
        "Send message" => streams.sends(group, kind::TEXT, None, text()).await,
        "Send message in answer" => streams.sends(group, kind::TEXT, Some(first), text()).await,
        "Send forward" => streams.sends(group, kind::FORWARD, None, forward()).await,
        "Send forward elsewhere" => streams.sends(own, kind::FORWARD, None, forward()).await,
        "Send file" => streams.sends(group, kind::FILE, None, frame::encode_body(&file())).await,
        "Send file elsewhere" => streams.sends(own, kind::FILE, None, frame::encode_body(&file())).await,
        "Send opaque" => streams.sends(group, kind::OPAQUE, None, vec![7; 16]).await,
        "Send private" => streams.sends(group, kind::PRIVATE_FIRST, None, vec![7; 16]).await,
        "Send reaction" => {
            let reaction = frame::encode_body(&Reaction { emoji: "👍".into(), add: true });
            streams.sends(group, kind::REACTION, Some(first), reaction).await
        }
        "Send edit" => streams.sends(group, kind::EDIT, Some(first), text()).await,
        "Send recall" => streams.sends(group, kind::RECALL, Some(first), recall()).await,
        "Send recall of a member's" => streams.sends(group, kind::RECALL, Some(scene.said), recall()).await,
        other => panic!("what is {other}?"),
    }
}

#[test]
fn every_frame_and_every_kind_of_event_has_a_row() {
    let described = describe::describe();
    let frames =
        described.frames.iter().filter(|frame| frame.from == Origin::Client).map(|frame| frame.map.name);
    let kinds =
        described.events.iter().filter(|event| event.sendable).map(|event| format!("Send {}", event.name));
    let wanted: Vec<String> = frames.filter(|name| *name != "Send").map(Into::into).chain(kinds).collect();
    assert!(wanted.len() >= 14, "{wanted:?}");
    let missing: Vec<_> = wanted.iter().filter(|name| ROWS.iter().all(|(row, _)| row != name)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_does_for_each_kind_of_caller_what_the_table_says() {
    let world = World::start().await;
    let mut wrong = Vec::new();
    for (column, caller) in Caller::ALL.into_iter().enumerate() {
        let mut scene = Scene::makes(&world, caller).await;
        scene.witness.listens().await;
        let mut streams = Streams::opens(&world, &scene).await;
        for (row, answers) in ROWS {
            let (answer, expected) =
                (outcome(row, &world, &mut streams, &mut scene).await, columns(answers)[column]);
            if answer != expected {
                wrong.push(format!("{row} as {}: {answer}, not {expected}", scene.caller.name()));
            }
        }
        assert!(streams.raw.connection.close_reason().is_none());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_guest_has_no_stream_that_lasts_and_is_told_so() {
    let world = World::start().await;
    for kind in [stream_kind::CHAT, stream_kind::STATE] {
        let raw = world.raw().await;
        raw.greets().await;
        let mut stream = Lasting::opens(&raw, kind).await;
        let (kind, body) = stream.next().await.expect("a fault");
        assert_eq!(kind, frame::FAULT);
        assert_eq!(frame::decode::<Fault>(&body).unwrap().code, "not_signed_in");
    }
}
