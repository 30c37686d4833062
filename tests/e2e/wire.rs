//! A device that listens without the SDK and notes every frame: what the SDK would mend, it shows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::{Buf as _, BytesMut};
use litrocket_history::Entry;
use litrocket_protocol::{
    ConversationId, VERSION,
    account::{Hello, Welcome},
    chat::{self, frame_type},
    event::Event,
    frame, stream_kind, varint,
};
use quinn::{Connection, Endpoint, IdleTimeout, RecvStream, SendStream, TransportConfig};
use tokio::time::timeout;

use crate::{raw, witness::Notes};

/// One attempt to connect, on a network that may be bad: what begins anew is heard sooner than what repeats itself ever more
/// seldom.
const ATTEMPT: Duration = Duration::from_millis(1_500);

/// Listens, over every loss of the connection, until it has everything.
pub(crate) async fn listens(mut notes: Notes, port: u16, ca: PathBuf, token: Vec<u8>) {
    let mut config = raw::config(&ca, 1024 * 1024);
    let mut transport = TransportConfig::default();
    // Soon enough to notice a server that is gone: what is lost until then only comes later.
    transport
        .keep_alive_interval(Some(Duration::from_millis(200)))
        .initial_rtt(Duration::from_millis(100))
        .max_idle_timeout(IdleTimeout::try_from(Duration::from_secs(6)).ok());
    config.transport_config(Arc::new(transport));
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    while !notes.is_over() {
        let connecting = endpoint.connect_with(config.clone(), ([127, 0, 0, 1], port).into(), "localhost");
        if let Ok(Ok(connection)) = timeout(ATTEMPT, connecting.unwrap()).await
            && timeout(ATTEMPT, greets(&connection, &token)).await.is_ok_and(|welcome| welcome.is_some())
        {
            let _ = reads(&mut notes, &connection).await;
            connection.close(0_u32.into(), b"");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    notes.ends();
}

async fn greets(connection: &Connection, token: &[u8]) -> Option<Welcome> {
    let hello = Hello {
        versions: vec![VERSION],
        client: "wire".into(),
        token: Some(token.to_vec()),
        capabilities: Vec::new(),
    };
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    send.write_all(&raw::request_bytes(
        <Hello as litrocket_protocol::Request>::CODE,
        &frame::encode_body(&hello),
    ))
    .await
    .ok()?;
    send.finish().ok()?;
    let reply = recv.read_to_end(frame::FRAME_MAX + 16).await.ok()?;
    let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).ok()??;
    assert_ne!(kind, frame::FAULT, "a token that was valid is refused");
    Some(frame::decode(&reply[body]).unwrap())
}

/// Reads the chat stream until it ends, or until nothing more is to come.
async fn reads(notes: &mut Notes, connection: &Connection) -> Option<()> {
    let (_send, mut recv) = begins(notes, connection).await?;
    let mut buffer = BytesMut::new();
    while !notes.is_over() {
        // Looks up now and then: what was said last may have come by before.
        let Ok(chunk) = timeout(Duration::from_millis(100), recv.read_chunk(64 * 1024, true)).await else {
            continue;
        };
        buffer.extend_from_slice(&chunk.ok()??.bytes);
        while let Some((kind, body, end)) = frame::split(&buffer, frame::FRAME_MAX).unwrap() {
            let body = &buffer[body];
            match kind {
                frame_type::EVENT => notes.heard(&frame::decode::<Event>(body).unwrap()),
                frame_type::SKIP => notes.skipped(&frame::decode::<chat::Skip>(body).unwrap()),
                frame_type::CURSOR_REFUSED => panic!("a cursor is refused"),
                frame::FAULT => return None,
                _ => {}
            }
            buffer.advance(end);
        }
    }
    Some(())
}

/// Opens the chat stream and says where the device stands.
async fn begins(notes: &Notes, connection: &Connection) -> Option<(SendStream, RecvStream)> {
    let at = |id: &ConversationId| notes.cursors.get(id).map_or(0, |cursor| cursor.0);
    let cursors: Vec<_> = notes.conversations.iter().map(|id| (*id, at(id))).collect();
    let (account, device) = (notes.account, notes.device);
    for (conversation, event_seq) in cursors.clone() {
        let seek = false;
        notes.witness.note(|at_us| Entry::Resume { at_us, account, device, conversation, event_seq, seek });
    }
    let (mut send, recv) = connection.open_bi().await.ok()?;
    let mut bytes = Vec::new();
    varint::put(&mut bytes, stream_kind::CHAT);
    bytes.extend_from_slice(&frame::encode(frame_type::CURSORS, &chat::Cursors { cursors, epoch: None }));
    bytes.extend_from_slice(&frame::encode(
        frame_type::LIVE,
        &chat::Live { account_version: 0, fresh: false },
    ));
    send.write_all(&bytes).await.ok()?;
    Some((send, recv))
}
