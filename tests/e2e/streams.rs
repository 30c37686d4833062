//! What only a peer that speaks raw QUIC can do with its streams: reopen them, say things twice, never say anything.

use bytes::Bytes;
use litrocket_client::Item;
use litrocket_protocol::{
    ConversationId, Fault, MessageId,
    account::ListSessions,
    chat::{Ack, CursorRefused, Cursors, Delivered, Live, Refused, Send, frame_type},
    close_code,
    conversations::{OpenDirect, RemoveMember},
    event::{Event, Text, kind},
    frame,
    history::GetReactions,
    state::{self, Watch},
    stream_kind, varint,
};
use quinn::{RecvStream, SendStream};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    raw::{Lasting, Raw},
    world::{PASSWORD, PATIENCE, World, sign_in},
};

/// A chat stream.
struct Chat {
    send: SendStream,
    recv: RecvStream,
    buffer: Vec<u8>,
}

impl Chat {
    /// Opens one that is live from these cursors on.
    async fn opens(raw: &Raw, cursors: &[(ConversationId, u64)]) -> Self {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, stream_kind::CHAT);
        bytes.extend_from_slice(&frame::encode(
            frame_type::CURSORS,
            &Cursors { cursors: cursors.to_vec(), epoch: None },
        ));
        let live = Live { account_version: 0, fresh: false };
        bytes.extend_from_slice(&frame::encode(frame_type::LIVE, &live));
        let (send, recv) = raw.begins(&bytes).await;
        Self { send, recv, buffer: Vec::new() }
    }

    async fn says(&mut self, conversation: ConversationId, id: u8, words: &str) {
        self.send.write_all(&send_frame(conversation, id, words)).await.unwrap();
    }

    /// The next frame of a type, passing others by.
    async fn next<T: serde::de::DeserializeOwned>(&mut self, wanted: u64) -> T {
        frame::decode(&self.next_of(&[wanted]).await.1).unwrap()
    }

    /// The next frame of one of some types, passing others by: its type and map.
    async fn next_of(&mut self, wanted: &[u64]) -> (u64, Vec<u8>) {
        let read = async {
            loop {
                while let Some((kind, body, end)) = frame::split(&self.buffer, frame::FRAME_MAX).unwrap() {
                    let found = wanted.contains(&kind).then(|| self.buffer[body].to_vec());
                    self.buffer.drain(..end);
                    if let Some(found) = found {
                        return (kind, found);
                    }
                }
                let chunk = self.recv.read_chunk(65_536, true).await.unwrap().expect("more");
                self.buffer.extend_from_slice(&chunk.bytes);
            }
        };
        timeout(PATIENCE, read).await.expect("the frame comes in time")
    }
}

fn send_frame(conversation: ConversationId, id: u8, words: &str) -> Bytes {
    let send = Send {
        conversation,
        epoch: 0,
        id: MessageId::v7(1, [id; 10]),
        kind: kind::TEXT,
        target_seq: None,
        body: frame::encode_body(&Text { text: words.into(), ..Text::default() }),
        fallback: None,
    };
    frame::encode(frame_type::SEND, &send)
}

/// Signs in as somebody on a raw connection.
async fn raw_device(world: &World, name: &str) -> Raw {
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in(name, PASSWORD)).await.unwrap();
    raw
}

#[tokio::test]
async fn one_id_again_and_again_in_one_piece_is_one_message_and_leaves_no_hole() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "before").await;
    let mut chat = Chat::opens(&raw_device(&world, "ada").await, &[(room, 1)]).await;
    // All in one transaction: what an id stands for was not committed when it comes again.
    let piece = [(7, "one"), (7, "one"), (7, "other words"), (8, "two"), (7, "one"), (9, "three")];
    let frames: Vec<u8> = piece.iter().flat_map(|(id, words)| send_frame(room, *id, words)).collect();
    chat.send.write_all(&frames).await.unwrap();
    let mut answers = vec![];
    while answers.len() < piece.len() {
        answers.push(match chat.next_of(&[frame_type::ACK, frame_type::REFUSED]).await {
            (frame_type::ACK, body) => Ok(frame::decode::<Ack>(&body).unwrap().event_seq),
            (_, body) => Err(frame::decode::<Refused>(&body).unwrap().fault.code),
        });
    }
    assert_eq!(answers, [Ok(2), Ok(2), Err("id_conflict".into()), Ok(3), Ok(2), Ok(4)]);
    let history: Vec<u64> = bob.history(room).await.iter().map(|entry| entry.event.event_seq).collect();
    assert_eq!(history, [1, 2, 3, 4]);
}

#[tokio::test]
async fn what_was_sent_on_a_stream_that_ended_is_told_on_the_next() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "before").await;
    let raw = raw_device(&world, "ada").await;
    let mut first = Chat::opens(&raw, &[(room, 1)]).await;
    // The writer is busy while the stream with the send ends and another begins.
    let (go_on, held) = oneshot::channel::<()>();
    let writer = world.app().writer.clone();
    let (begun, begins) = oneshot::channel();
    let busy = tokio::spawn(async move {
        let hold = writer.run(move |_| {
            Box::pin(async move {
                let _ = begun.send(());
                drop(held.await);
                Ok(())
            })
        });
        hold.await.unwrap();
    });
    begins.await.unwrap();
    first.says(room, 7, "whose ack gets lost").await;
    first.send.finish().unwrap();
    // The reading half has what was sent when it hears of the end.
    assert_eq!(timeout(PATIENCE, first.send.stopped()).await.unwrap(), Ok(None), "all of it has arrived");
    first.recv.stop(close_code::DONE.into()).unwrap();
    let _ = first.send.reset(close_code::CANCELLED.into());
    let mut second = Chat::opens(&raw, &[(room, 1)]).await;
    // What came behind it is answered: the server has taken it.
    raw.call(&ListSessions { before: None, limit: None }).await.unwrap();
    go_on.send(()).unwrap();
    busy.await.unwrap();
    bob.says(room, "after").await;
    let told: Event = second.next(frame_type::EVENT).await;
    assert_eq!((told.event_seq, told.sender), (2, ada.account), "no event comes before its own one");
    let next: Event = second.next(frame_type::EVENT).await;
    assert_eq!(next.event_seq, 3);
}

#[tokio::test]
async fn a_delivered_marker_rises_is_told_once_and_only_while_its_owner_is_in() {
    let world = World::start().await;
    let [mut ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let last = ada.says(group, "one").await.event_seq;
    ada.listens().await;
    let raw = raw_device(&world, "bob").await;
    let mut chat = Chat::opens(&raw, &[]).await;
    while chat.next::<Event>(frame_type::EVENT).await.event_seq < last {}
    let report = |seqs: &[u64]| {
        let cursors = seqs.iter().map(|seq| (group, *seq)).collect();
        frame::encode(frame_type::DELIVERED, &Delivered { cursors })
    };
    // Twice the same, and less than that.
    for seqs in [&[last, last, 1][..], &[1], &[last]] {
        chat.send.write_all(&report(seqs)).await.unwrap();
    }
    let next_marker = |item: &Item| match item {
        Item::Marker(marker) if marker.account == bob.account => marker.delivered,
        _ => None,
    };
    assert_eq!(ada.waits_for(next_marker).await, last);
    // A second device that is behind takes nothing back; then the next message is received.
    let other = raw_device(&world, "bob").await;
    let mut behind = Chat::opens(&other, &[]).await;
    behind.next::<Event>(frame_type::EVENT).await;
    behind.send.write_all(&report(&[1])).await.unwrap();
    let next = ada.says(group, "two").await.event_seq;
    while chat.next::<Event>(frame_type::EVENT).await.event_seq < next {}
    chat.send.write_all(&report(&[next])).await.unwrap();
    assert_eq!(ada.waits_for(next_marker).await, next, "no lower one in between");
    // Who is out tells nothing more; the word that they went comes instead.
    ada.asks(RemoveMember { conversation: group, account: bob.account }).await;
    let gone: Event = chat.next(frame_type::EVENT).await;
    chat.send.write_all(&report(&[gone.event_seq])).await.unwrap();
    let room = eve.opens(&ada).await;
    eve.says(room, "a while later").await;
    ada.waits_for(|item| match item {
        Item::Marker(marker) if marker.conversation == group => panic!("{marker:?}"),
        Item::Event(event) if event.conversation == room => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_conversation_that_was_opened_and_not_used_cannot_be_told_from_none() {
    let world = World::start().await;
    let [ada, _bob] = world.people(["ada", "bob"]).await;
    let bob = raw_device(&world, "bob").await;
    let me = bob.call(&ListSessions { before: None, limit: None }).await.unwrap();
    assert!(!me.sessions.is_empty());
    let account = world.app().db.first::<(i64,)>("SELECT id FROM accounts WHERE handle = 'bob'", &[]).await;
    let account = account.unwrap().unwrap().0.into();
    let room = ada.asks(OpenDirect { account }).await.conversation;
    let mut chat = Chat::opens(&bob, &[(room, 1), (ConversationId(999_999), 1)]).await;
    for _ in 0..2 {
        let refused: CursorRefused = chat.next(frame_type::CURSOR_REFUSED).await;
        assert_eq!(refused.fault.code, "not_found", "{:?}", refused.conversation);
    }
    for (n, conversation) in [room, ConversationId(999_999)].into_iter().enumerate() {
        chat.says(conversation, n as u8, "who is there?").await;
        let refused: Refused = chat.next(frame_type::REFUSED).await;
        assert_eq!(refused.fault.code, "not_found", "{conversation:?}");
    }
    // With the first word it is there for both.
    ada.says(room, "hello").await;
    let heard: Event = chat.next(frame_type::EVENT).await;
    assert_eq!((heard.conversation, heard.event_seq), (room, 1));
    chat.says(room, 7, "hello").await;
    assert_eq!(chat.next::<Ack>(frame_type::ACK).await.event_seq, 2);
}

#[tokio::test]
async fn reactions_of_after_a_removal_are_not_for_who_was_removed() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let said = ada.says(group, "hello").await.event_seq;
    let ask = || GetReactions { conversation: group, event_seq: said, after: None, limit: None };
    let react = |emoji: &str| litrocket_client::Outgoing::reaction(said, emoji, true);
    ada.sends(group, react("👍")).await.unwrap();
    assert_eq!(bob.asks(ask()).await.reactions.len(), 1);
    ada.asks(RemoveMember { conversation: group, account: bob.account }).await;
    ada.sends(group, react("🎉")).await.unwrap();
    assert_eq!(bob.asks(ask()).await.reactions.len(), 0);
    assert_eq!(ada.asks(ask()).await.reactions.len(), 2);
}

/// How a stream of the server ended: everything before it passed by, then FIN (`None`) or the code of its reset.
async fn ended(recv: &mut RecvStream) -> Option<u64> {
    loop {
        match timeout(PATIENCE, recv.read_chunk(65_536, true)).await.expect("an end in time") {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(quinn::ReadError::Reset(code)) => return Some(code.into_inner()),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_state_stream_ends_with_its_client_and_another_follows_at_once() {
    let mut world = World::start().await;
    let bob = world.person("bob").await;
    let ada = world.raw().await;
    ada.signs_up("ada").await;
    let mut first = Lasting::opens(&ada, stream_kind::STATE).await;
    first.says(state::frame_type::WATCH, &Watch { accounts: vec![bob.account] }).await;
    first.send.finish().unwrap();
    // What it asked for is told before the end.
    assert_eq!(first.next().await.expect("presence").0, state::frame_type::PRESENCE);
    assert_eq!(ended(&mut first.recv).await, None);
    let mut second = Lasting::opens(&ada, stream_kind::STATE).await;
    second.says(state::frame_type::WATCH, &Watch { accounts: vec![bob.account] }).await;
    assert_eq!(second.next().await.expect("presence").0, state::frame_type::PRESENCE);
    // What is no frame ends it, and the code says why.
    let bad = u64::from(close_code::BAD_FRAME);
    second.send.write_all(&frame::encode_raw(state::frame_type::WATCH, &[0xc0])).await.unwrap();
    assert_eq!(ended(&mut second.recv).await, Some(bad));
    assert_eq!(timeout(PATIENCE, second.send.stopped()).await.unwrap().unwrap().unwrap().into_inner(), bad);
    let mut third = Lasting::opens(&ada, stream_kind::STATE).await;
    third.send.write_all(&[0]).await.unwrap();
    assert_eq!(ended(&mut third.recv).await, Some(bad));
    let mut fourth = Lasting::opens(&ada, stream_kind::STATE).await;
    fourth.says(state::frame_type::WATCH, &Watch { accounts: vec![bob.account] }).await;
    assert_eq!(fourth.next().await.expect("presence").0, state::frame_type::PRESENCE);
    let _ = fourth.send.reset(close_code::CANCELLED.into());
    assert_eq!(ended(&mut fourth.recv).await, Some(close_code::CANCELLED.into()));
    // A stream that says nothing at all is not slow.
    let (mut send, mut recv) = ada.connection.open_bi().await.unwrap();
    send.finish().unwrap();
    assert_eq!(ended(&mut recv).await, Some(bad));
    // At the end of the server it is whole, and the last word is on it.
    let mut last = Lasting::opens(&ada, stream_kind::STATE).await;
    last.says(state::frame_type::WATCH, &Watch { accounts: vec![bob.account] }).await;
    assert_eq!(last.next().await.expect("presence").0, state::frame_type::PRESENCE);
    tokio::join!(world.down(), async {
        while last.next().await.expect("the word that it goes").0 != state::frame_type::GOING_AWAY {}
        assert_eq!(ended(&mut last.recv).await, None);
    });
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_and_only_a_bound_that_was_passed_is_named() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.signs_up("ada").await;
    let fault = |bytes: &[u8]| -> Fault {
        let (kind, body, _) = frame::split(bytes, frame::FRAME_MAX).unwrap().expect("a frame");
        assert_eq!(kind, frame::FAULT);
        frame::decode(&bytes[body]).unwrap()
    };
    let mut large = vec![stream_kind::REQUEST as u8];
    varint::put(&mut large, frame::FRAME_MAX as u64 + 1);
    for (bytes, limit, word) in [
        (&large[..], Some(frame::FRAME_MAX as u64), "262145"),
        (&[stream_kind::REQUEST as u8, 0], None, "type"),
        (&[stream_kind::REQUEST as u8, 9, 1], None, "inside"),
        (&[stream_kind::REQUEST as u8], None, "without a request"),
    ] {
        let told = fault(&raw.exchange(bytes).await.expect("a fault"));
        assert_eq!((told.code.as_str(), told.limit), ("bad_frame", limit), "{told:?}");
        assert!(told.message.contains(word), "{told:?}");
    }
    // What comes at the wrong time is no bad frame: the stream goes on without it.
    let mut chat = Lasting::opens(&raw, stream_kind::CHAT).await;
    let live = Live { account_version: 0, fresh: true };
    chat.says(frame_type::LIVE, &live).await;
    while chat.next().await.expect("caught up").0 != frame_type::CAUGHT_UP {}
    for again in 0..2 {
        if again == 0 {
            chat.says(frame_type::LIVE, &live).await;
        } else {
            chat.says(frame_type::CURSORS, &Cursors { cursors: Vec::new(), epoch: None }).await;
        }
        let (kind, body) = chat.next().await.expect("the stream goes on");
        assert_eq!(kind, frame::FAULT);
        assert_eq!(frame::decode::<Fault>(&body).unwrap().code, "bad_value");
    }
    // Too many cursors in one frame end it.
    let bob = world.raw().await;
    bob.signs_up("bob").await;
    let mut next = Lasting::opens(&bob, stream_kind::CHAT).await;
    let cursors = (1..=1_001).map(|n| (ConversationId(n), 1)).collect();
    next.says(frame_type::CURSORS, &Cursors { cursors, epoch: None }).await;
    let (_, body) = next.next().await.expect("a fault");
    let told: Fault = frame::decode(&body).unwrap();
    assert_eq!((told.code.as_str(), told.limit), ("too_many", Some(1_000)));
    assert_eq!(ended(&mut next.recv).await, None);
}
