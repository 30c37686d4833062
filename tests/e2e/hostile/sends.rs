//! People who send more than is stored: they are read slower, and memory does not grow with it.

use std::time::Duration;

use litrocket_protocol::{MessageId, chat, event::kind, frame, stream_kind};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    raw::{Lasting, Raw},
    world::{PASSWORD, PATIENCE, World, sign_in},
};

const KIB: usize = 1024;
const BODY: usize = 40 * KIB;
/// What is on its way to a stream that is not read: its window, what was read of it, and what waits at the sender.
const ON_ITS_WAY: usize = 400 * KIB;

/// Sends until nothing more is taken; answers how many bytes were.
async fn fills(chat: &mut Lasting, conversation: litrocket_protocol::ConversationId, device: u8) -> usize {
    let mut taken = 0;
    // As many as may be without an answer.
    for number in 0..200_u8 {
        let mut id = [device; 16];
        id[0] = number;
        let send = chat::Send {
            conversation,
            epoch: 0,
            id: MessageId(id),
            kind: kind::OPAQUE,
            target_seq: None,
            body: vec![0; BODY],
            fallback: Some("large".into()),
        };
        let bytes = frame::encode(chat::frame_type::SEND, &send);
        let mut at = 0;
        while at < bytes.len() {
            match timeout(Duration::from_secs(1), chat.send.write(&bytes[at..])).await {
                Ok(written) => at += written.unwrap(),
                Err(_) => return taken + at,
            }
        }
        taken += at;
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_that_wait_for_the_writer_are_bounded_in_bytes_and_none_is_refused() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "hello").await;
    bob.says(chat, "hello").await;
    let writer = world.app().writer.clone();
    let (goes_on, waits) = oneshot::channel::<()>();
    let (began, held) = oneshot::channel::<()>();
    let holds = tokio::spawn(async move {
        let job = writer.run(move |_| {
            Box::pin(async move {
                let _ = began.send(());
                drop(waits.await);
                Ok(())
            })
        });
        job.await
    });
    held.await.unwrap();
    let mut devices: Vec<(Raw, Lasting)> = Vec::new();
    let mut all = 0;
    for device in 1..=6 {
        let raw = world.raw().await;
        let hello = litrocket_protocol::account::Hello {
            versions: vec![litrocket_protocol::VERSION],
            client: "raw".into(),
            token: ada.client.token(),
            capabilities: Vec::new(),
        };
        raw.call(&hello).await.unwrap();
        let mut stream = Lasting::opens(&raw, stream_kind::CHAT).await;
        let taken = fills(&mut stream, chat, device).await;
        assert!(taken > 100 * KIB && taken < 512 * KIB + ON_ITS_WAY, "{taken} bytes of one stream");
        all += taken;
        devices.push((raw, stream));
    }
    assert!(all < 2048 * KIB + 6 * ON_ITS_WAY, "{all} bytes of one account");
    goes_on.send(()).unwrap();
    holds.await.unwrap().unwrap();
    // Whatever was whole is answered, and nothing is refused.
    for (_, stream) in &mut devices {
        let (kind, _) = stream.next().await.expect("an answer");
        assert_eq!(kind, chat::frame_type::ACK);
    }
    timeout(PATIENCE, async { ada.says(chat, "still here").await }).await.expect("others go on");
    let again = world.guest().await;
    again.sign_in(sign_in("bob", PASSWORD)).await.unwrap();
}
