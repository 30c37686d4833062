//! Bytes on unidirectional streams, neither hashed nor stored.

use bytes::Bytes;

/// The first byte of a stream on which the peer asks for so many bytes.
pub(crate) const PULL: u8 = 2;
/// Streams at the same time, as the client has.
pub(crate) const STREAMS: u64 = 3;
/// Bytes that are written at once.
const PIECE: usize = 64 * 1024;
/// What each stream may have under way, as the server lets it.
const WINDOW: u64 = 1024 * 1024;

/// Reads whatever comes and drops it.
pub(super) async fn swallow(connection: quinn::Connection) {
    while let Ok(mut recv) = connection.accept_uni().await {
        tokio::spawn(async move { while let Ok(Some(_)) = recv.read_chunk(PIECE, true).await {} });
    }
}

/// Writes so many bytes on streams of their own, and ends the one they were asked on when the peer has them.
pub(super) async fn pour(connection: &quinn::Connection, mut asked: quinn::SendStream, bytes: u64) {
    connection.set_send_window(STREAMS * WINDOW);
    let _ = push(connection, bytes).await;
    let _ = asked.finish();
}

/// Writes so many bytes on streams of their own and waits until the peer has them.
pub(crate) async fn push(connection: &quinn::Connection, bytes: u64) -> Option<()> {
    let mut streams = tokio::task::JoinSet::new();
    for _ in 0..STREAMS {
        let mut send = connection.open_uni().await.ok()?;
        streams.spawn(async move {
            let piece = Bytes::from(vec![7; PIECE]);
            let mut left = (bytes / STREAMS) as usize;
            while left > 0 {
                let piece = piece.slice(..left.min(PIECE));
                left -= piece.len();
                send.write_chunk(piece).await.ok()?;
            }
            send.finish().ok()?;
            send.stopped().await.ok()
        });
    }
    while let Some(ended) = streams.join_next().await {
        ended.ok()??;
    }
    Some(())
}
