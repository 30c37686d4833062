//! Sends that cannot be stored for a moment, to ever more conversations.

use litrocket_protocol::{
    ConversationId, Fault, MessageId,
    chat::{Ack, Refused, Send, frame_type},
    event::{Text, kind},
    frame, stream_kind,
};

use crate::{
    raw::{Lasting, Raw},
    world::{PASSWORD, World, sign_in},
};

fn send(conversation: ConversationId) -> Send {
    let mut id = [0; 10];
    id[2..].copy_from_slice(&conversation.0.to_be_bytes());
    Send {
        conversation,
        epoch: 0,
        id: MessageId::v7(1, id),
        kind: kind::TEXT,
        target_seq: None,
        body: frame::encode_body(&Text { text: "hello".into(), ..Text::default() }),
        fallback: None,
    }
}

/// The refusal's code, or the fault that ends the stream.
async fn refusal(chat: &mut Lasting) -> Result<String, Fault> {
    match chat.next().await.expect("an answer") {
        (frame_type::REFUSED, body) => Ok(frame::decode::<Refused>(&body).unwrap().fault.code),
        (frame::FAULT, body) => Err(frame::decode(&body).unwrap()),
        (kind, _) => panic!("frame {kind}"),
    }
}

async fn bob(world: &World) -> (Raw, Lasting) {
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in("bob", PASSWORD)).await.unwrap();
    let chat = Lasting::opens(&raw, stream_kind::CHAT).await;
    (raw, chat)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fills_up_with_fences_has_to_begin_anew_and_nobody_else_has() {
    let world = World::start_with(|config| config.storage.disk_reserve_mib = 0).await;
    let [ada, bobs_own] = world.people(["ada", "bob"]).await;
    let room = bobs_own.opens(&ada).await;
    let (raw, mut chat) = bob(&world).await;
    // There is no room on the disk: whatever comes is to be sent again, and no later send of its epoch before it.
    world.app().writer.set_disk_low(true);
    let mut refused = 0;
    let over = 'over: loop {
        for n in 0..128 {
            let more = frame::encode(frame_type::SEND, &send(ConversationId(1_000_000 + refused + n)));
            // Behind the last one it takes nothing is read any more.
            let _ = chat.send.write_all(&more).await;
        }
        for _ in 0..128 {
            match refusal(&mut chat).await {
                Ok(_) => refused += 1,
                Err(fault) => break 'over fault,
            }
        }
        assert!(refused < 5_000, "fences have no bound");
    };
    assert_eq!(over.code, "unavailable");
    assert!(over.retry_after_ms.is_some() && refused >= 1_000, "{refused}");
    assert!(chat.next().await.is_none(), "the stream is over");
    world.app().writer.set_disk_low(false);
    // There is room again. Which sends of this connection came too early is not known of all: it takes none to anywhere new.
    let mut chat = Lasting::opens(&raw, stream_kind::CHAT).await;
    chat.says(frame_type::SEND, &send(room)).await;
    assert_eq!(refusal(&mut chat).await.unwrap(), "unavailable");
    assert_eq!(refusal(&mut chat).await.unwrap_err().code, "unavailable");
    let (_raw, mut chat) = bob(&world).await;
    chat.says(frame_type::SEND, &send(room)).await;
    let (kind, body) = chat.next().await.unwrap();
    assert_eq!((kind, frame::decode::<Ack>(&body).unwrap().event_seq), (frame_type::ACK, 1));
    ada.says(room, "and others were never asked to").await;
}
