//! The raw program.

use std::{
    collections::HashMap,
    io::Write as _,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use tokio::{sync::Notify, task::spawn_blocking};

use super::{
    ACK, Frame, LIVE, MESSAGE, encode, files,
    store::{Queue, Row, Store},
    take,
};
use crate::{Error, Host, Result};

/// What the raw program does.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether it stores before it acks.
    pub store: bool,
    /// Whether it checks a password for each connection.
    pub password: bool,
}

/// Frames that wait for a connection's writer.
#[derive(Default)]
struct Out {
    frames: Mutex<Vec<Bytes>>,
    wake: Notify,
}

impl Out {
    fn push(&self, frame: Bytes) {
        self.extend([frame]);
    }

    /// All at once: one lock and one wake-up.
    fn extend(&self, frames: impl IntoIterator<Item = Bytes>) {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).extend(frames);
        self.wake.notify_one();
    }

    fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A send on its way through the store.
struct Send {
    row: Row,
    from: Arc<Out>,
}

struct Group {
    members: Vec<Arc<Out>>,
    event_seq: u64,
}

struct Shared {
    groups: Mutex<HashMap<u64, Group>>,
    queue: Queue<Send>,
    store: bool,
}

impl Shared {
    /// Gives each send its place.
    fn place(&self, sends: &mut [Send]) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for send in sends {
            if let Some(group) = groups.get_mut(&send.row.conversation) {
                group.event_seq += 1;
                send.row.event_seq = group.event_seq;
            }
        }
    }

    /// Acks to the senders, delivers to everybody else: encoded once, shared, and given to each member at once.
    fn deliver(&self, sends: &[Send]) {
        let mut conversations: HashMap<u64, Vec<(&Send, [Bytes; 2])>> = HashMap::new();
        for send in sends {
            let row = &send.row;
            let [ack, message] = [(ACK, &[][..]), (MESSAGE, &row.body)].map(|(kind, body)| {
                let mut frame = Vec::with_capacity(body.len() + 32);
                encode(&mut frame, kind, &row.id, row.event_seq, body);
                Bytes::from(frame)
            });
            conversations.entry(row.conversation).or_default().push((send, [ack, message]));
        }
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for (conversation, sends) in conversations {
            let Some(group) = groups.get(&conversation) else { continue };
            for member in &group.members {
                member.extend(sends.iter().map(|(send, [ack, message])| {
                    if Arc::ptr_eq(member, &send.from) { ack.clone() } else { message.clone() }
                }));
            }
        }
    }
}

/// Serves until the process is told to stop.
pub async fn serve(host: &'static dyn Host, options: Options) -> Result<()> {
    let endpoint = host.endpoint(options.listen, Path::new("."))?;
    let shared = Arc::new(Shared { groups: Mutex::default(), queue: Queue::default(), store: options.store });
    if options.store {
        let mut store = Store::open(host.schema())?;
        let shared = shared.clone();
        std::thread::spawn(move || {
            loop {
                let mut sends = shared.queue.take();
                shared.place(&mut sends);
                let rows: Vec<&Row> = sends.iter().map(|send| &send.row).collect();
                if let Err(error) = store.commit(&rows) {
                    eprintln!("{error}");
                    std::process::exit(1);
                }
                shared.deliver(&sends);
            }
        });
    }
    let mut out = std::io::stdout();
    let _ = writeln!(out, "the ceiling listens on {}", options.listen).and_then(|()| out.flush());
    let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|error| Error::new("signals", error))?;
    let mut number = 0;
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stop.recv() => return Ok(()),
        };
        let Some(incoming) = incoming else { return Ok(()) };
        number += 1;
        let shared = shared.clone();
        tokio::spawn(async move {
            let handshake = async { incoming.accept()?.await };
            let Ok(connection) = handshake.await else { return };
            if options.password && host.check_password().await.is_err() {
                return;
            }
            tokio::spawn(files::swallow(connection.clone()));
            while let Ok((send, recv)) = connection.accept_bi().await {
                tokio::spawn(stream(shared.clone(), connection.clone(), number, send, recv));
            }
        });
    }
}

/// One long-lived stream: joins a group, then relays.
async fn stream(
    shared: Arc<Shared>,
    connection: quinn::Connection,
    sender: u64,
    send: quinn::SendStream,
    mut recv: quinn::RecvStream,
) {
    let mut join = [0; 9];
    if recv.read_exact(&mut join).await.is_err() {
        return;
    }
    let conversation = u64::from_be_bytes(join[1..].try_into().unwrap_or_default());
    if join[0] == files::PULL {
        return files::pour(&connection, send, conversation).await;
    }
    let out = Arc::new(Out::default());
    tokio::spawn(write(send, out.clone()));
    if join[0] == 1 {
        drain(conversation, &out).await;
    }
    {
        let mut groups = shared.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(conversation).or_insert_with(|| Group { members: Vec::new(), event_seq: 0 });
        group.members.push(out.clone());
    }
    let mut live = Vec::new();
    encode(&mut live, LIVE, &[0; 16], 0, &[]);
    out.push(live.into());
    let mut buffer = BytesMut::new();
    while let Ok(Some(chunk)) = recv.read_chunk(256 * 1024, true).await {
        buffer.extend_from_slice(&chunk.bytes);
        let mut sends = Vec::new();
        while let Some(frame) = take(&mut buffer) {
            if let Frame::Message { id, body } = frame {
                let row = Row { conversation, event_seq: 0, sender, id, body };
                sends.push(Send { row, from: out.clone() });
            }
        }
        if shared.store {
            shared.queue.push(sends);
        } else {
            shared.place(&mut sends);
            shared.deliver(&sends);
        }
    }
}

async fn write(mut send: quinn::SendStream, out: Arc<Out>) {
    loop {
        let mut frames = out.take();
        if frames.is_empty() {
            out.wake.notified().await;
        } else if send.write_all_chunks(&mut frames).await.is_err() {
            return;
        }
    }
}

/// Reads what is stored in pages and writes it.
async fn drain(conversation: u64, out: &Out) {
    let mut after = 0;
    loop {
        let page = spawn_blocking(move || {
            let reader = Store::reader()?;
            Store::read(&reader, conversation, after, 256)
        });
        let Ok(Ok(page)) = page.await else { return };
        let Some((_, last, _)) = page.last() else { return };
        after = *last;
        out.extend(page.iter().map(|(id, seq, body)| {
            let mut frame = Vec::with_capacity(body.len() + 32);
            encode(&mut frame, MESSAGE, id, *seq, body);
            frame.into()
        }));
    }
}
