//! Handshakes that are begun and never ended.

use std::{
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::BytesMut;
use quinn_proto::{DatagramEvent, Endpoint, EndpointConfig};

use super::{Talk, address};
use crate::{process::Process, raw, witness::size};

/// The highest bits of a QUIC version 1 Retry packet.
const RETRY: u8 = 0xf0;

/// Peers that say their first words, answer a Retry where they are of that kind, and fall silent.
struct Silent {
    server: SocketAddr,
    config: quinn::ClientConfig,
    sockets: Vec<UdpSocket>,
    sent: u64,
    received: u64,
    retries: u64,
    begun: u64,
}

impl Silent {
    fn new(port: u16, ca: PathBuf, networks: u64) -> Self {
        let sockets = (0..networks).map(|n| {
            let socket = UdpSocket::bind((address(n), 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        Self {
            server: ([127, 0, 0, 1], port).into(),
            config: raw::config(&ca, 16 * 1024),
            sockets: sockets.collect(),
            sent: 0,
            received: 0,
            retries: 0,
            begun: 0,
        }
    }

    fn reads(&mut self, which: usize) -> Option<BytesMut> {
        let mut buffer = [0; 2048];
        let size = self.sockets[which].recv(&mut buffer).ok()?;
        self.received += size as u64;
        Some(BytesMut::from(&buffer[..size]))
    }

    /// Whatever else comes is only counted.
    fn counts(&mut self) {
        for which in 0..self.sockets.len() {
            while self.reads(which).is_some() {}
        }
    }

    fn writes(&mut self, which: usize, connection: &mut quinn_proto::Connection) {
        let mut buffer = Vec::new();
        while let Some(transmit) = connection.poll_transmit(Instant::now(), 1, &mut buffer) {
            let _ = self.sockets[which].send_to(&buffer[..transmit.size], self.server);
            self.sent += transmit.size as u64;
            buffer.clear();
        }
    }

    /// One more handshake that is never ended.
    fn begins(&mut self, answers: bool) {
        let which = (self.begun % self.sockets.len() as u64) as usize;
        self.begun += 1;
        self.sockets[which].set_nonblocking(true).unwrap();
        while self.reads(which).is_some() {}
        let mut endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
        let (_, mut connection) =
            endpoint.connect(Instant::now(), self.config.clone(), self.server, "localhost").unwrap();
        self.writes(which, &mut connection);
        if !answers {
            return;
        }
        // A Retry comes at once or not at all.
        self.sockets[which].set_nonblocking(false).unwrap();
        self.sockets[which].set_read_timeout(Some(Duration::from_millis(3))).unwrap();
        while let Some(packet) = self.reads(which) {
            if packet[0] & RETRY != RETRY {
                continue;
            }
            let event = endpoint.handle(Instant::now(), self.server, None, None, packet, &mut Vec::new());
            if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
                connection.handle_event(event);
                self.retries += 1;
                self.writes(which, &mut connection);
            }
            break;
        }
        self.sockets[which].set_nonblocking(true).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_never_end_cost_little_and_shut_nobody_out() {
    let held = size("LITROCKET_HALF_OPEN", 1_200);
    let seconds = size("LITROCKET_HALF_OPEN_S", 3);
    let per_second = size("LITROCKET_HALF_OPEN_PER_S", 200);
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let quiet = talk.ends().await;
    let before = process.resident();
    let mut silent = Silent::new(process.port, process.path().join("certs/ca.pem"), 200);
    let talk = Talk::between(&process, "dan", "eve").await;
    let over = Arc::new(AtomicBool::new(false));
    let ended = over.clone();
    let attack = std::thread::spawn(move || {
        // A part of them answers Retry, as who owns the addresses can.
        for n in 0..held {
            silent.begins(n % 4 != 0);
        }
        let began = Instant::now();
        let mut more = 0;
        while began.elapsed() < Duration::from_secs(seconds) {
            while more < began.elapsed().as_millis() as u64 * per_second / 1000 {
                silent.begins(more % 4 != 0);
                more += 1;
            }
            silent.counts();
            std::thread::sleep(Duration::from_millis(5));
        }
        ended.store(true, Ordering::Relaxed);
        // What the server says to them afterwards counts too.
        while began.elapsed() < Duration::from_secs(seconds + 8) {
            silent.counts();
            std::thread::sleep(Duration::from_millis(50));
        }
        silent
    });
    // Somebody who comes while it lasts gets in.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let came = Instant::now();
    drop(process.person("carol").await);
    let in_after = came.elapsed();
    let mut grown = 0;
    while !over.load(Ordering::Relaxed) {
        grown = grown.max(process.resident().saturating_sub(before));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let times = talk.ends().await;
    let silent = tokio::task::spawn_blocking(|| attack.join().unwrap()).await.unwrap();
    let amplified = silent.received as f64 / silent.sent as f64;
    println!(
        "{} handshakes begun, {} answered a Retry: {} KiB more memory, {amplified:.2} bytes out for each in, \
         somebody new in after {in_after:?}; quiet {quiet:?}, beside it {times:?}",
        silent.begun,
        silent.retries,
        grown / 1024
    );
    assert!(silent.retries > 0, "nobody was asked to show that an address is its own");
    assert!(grown < 56 * 1024 * 1024, "{grown} bytes more");
    assert!(amplified <= 3.0, "{amplified}");
    assert!(in_after < Duration::from_secs(15), "{in_after:?}");
    assert!(times.messages > 20, "{times:?}");
}
