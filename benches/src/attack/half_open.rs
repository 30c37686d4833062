//! Handshakes that are begun and never ended.

use std::{
    collections::{HashMap, VecDeque},
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use quinn_proto::{Connection, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig, EndpointEvent};

use super::address;
use crate::{Error, Result};

/// The highest bits of a QUIC version 1 Retry packet.
const RETRY: u8 = 0xf0;
/// Handshakes of one socket that may still be asked where they come from. The server asks at once or not at all.
const OPEN: usize = 128;
/// The server's first flight fills its packets; a refusal does not.
const FLIGHT: usize = 1_000;
/// How often what came is read while handshakes are begun.
const READ_EVERY: u64 = 16;

/// What was said and heard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Handshakes that were begun.
    pub begun: u64,
    /// Those that were asked by Retry whether their address is theirs, and answered.
    pub retries: u64,
    /// Those that the server answered with a handshake of its own.
    pub answered: u64,
    /// Bytes to the server.
    pub sent: u64,
    /// Bytes from the server.
    pub received: u64,
}

/// One address: a handshake waits here until it was asked where it comes from, or is forgotten.
struct Place {
    socket: UdpSocket,
    endpoint: Endpoint,
    open: HashMap<ConnectionHandle, Open>,
    order: VecDeque<ConnectionHandle>,
}

struct Open {
    connection: Connection,
    answers: bool,
    /// Whether the server said something else than Retry.
    is_answered: bool,
}

/// Peers that say their first words, answer a Retry where they are of that kind, and fall silent.
pub struct HalfOpen {
    server: SocketAddr,
    config: quinn::ClientConfig,
    places: Vec<Place>,
    tally: Tally,
}

impl HalfOpen {
    /// Attackers in so many networks.
    pub fn new(server: SocketAddr, config: quinn::ClientConfig, networks: u64) -> Result<Self> {
        let place = |n| {
            let socket = UdpSocket::bind((address(n), 0))?;
            socket.set_nonblocking(true)?;
            let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
            Ok(Place { socket, endpoint, open: HashMap::new(), order: VecDeque::new() })
        };
        let places: std::io::Result<Vec<Place>> = (0..networks.max(1)).map(place).collect();
        let places = places.map_err(|error| Error::new("an attacker's socket", error))?;
        Ok(Self { server, config, places, tally: Tally::default() })
    }

    /// What happened so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// One more handshake that is never ended.
    pub fn begins(&mut self, answers: bool) -> Result<()> {
        let which = (self.tally.begun % self.places.len() as u64) as usize;
        self.tally.begun += 1;
        let Self { server, config, places, tally } = self;
        let place = &mut places[which];
        let (handle, connection) = place
            .endpoint
            .connect(Instant::now(), config.clone(), *server, "localhost")
            .map_err(|error| Error::new("a handshake", error))?;
        place.open.insert(handle, Open { connection, answers, is_answered: false });
        place.order.push_back(handle);
        place.writes(handle, *server, tally);
        if place.order.len() > OPEN {
            place.forgets();
        }
        if tally.begun.is_multiple_of(READ_EVERY) {
            self.hears();
        }
        Ok(())
    }

    /// Reads what came and answers where it is asked for.
    pub fn hears(&mut self) {
        let Self { server, places, tally, .. } = self;
        for place in places {
            place.hears(*server, tally);
        }
    }
}

impl Place {
    fn writes(&mut self, handle: ConnectionHandle, server: SocketAddr, tally: &mut Tally) {
        let Some(open) = self.open.get_mut(&handle) else { return };
        let mut buffer = Vec::new();
        while let Some(transmit) = open.connection.poll_transmit(Instant::now(), 1, &mut buffer) {
            // A full buffer of the kernel is a packet that is lost.
            if self.socket.send_to(&buffer[..transmit.size], server).is_ok() {
                tally.sent += transmit.size as u64;
            }
            buffer.clear();
        }
    }

    fn hears(&mut self, server: SocketAddr, tally: &mut Tally) {
        let (mut packet, mut out) = ([0; 2048], Vec::new());
        while let Ok(size) = self.socket.recv(&mut packet) {
            tally.received += size as u64;
            let is_retry = packet[0] & RETRY == RETRY;
            let data = BytesMut::from(&packet[..size]);
            let event = self.endpoint.handle(Instant::now(), server, None, None, data, &mut out);
            let Some(DatagramEvent::ConnectionEvent(handle, event)) = event else { continue };
            let Some(open) = self.open.get_mut(&handle) else { continue };
            if is_retry && open.answers {
                open.connection.handle_event(event);
                tally.retries += 1;
                self.writes(handle, server, tally);
            } else if size >= FLIGHT && !is_retry && !open.is_answered {
                open.is_answered = true;
                tally.answered += 1;
            }
        }
    }

    /// Nothing more is done about the oldest: what the server holds of it, it holds.
    fn forgets(&mut self) {
        if let Some(handle) = self.order.pop_front() {
            self.open.remove(&handle);
            let _ = self.endpoint.handle_event(handle, EndpointEvent::drained());
        }
    }
}

/// Half-open handshakes from a thread of their own, until it is told to stop.
pub(crate) struct Flood {
    tally: Arc<Mutex<Tally>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Flood {
    /// Begins `held` as quickly as it can, then so many more a second, as far as it gets.
    pub(crate) fn begins(mut attackers: HalfOpen, held: u64, per_second: u64) -> Self {
        let (tally, stop) = (Arc::new(Mutex::new(Tally::default())), Arc::new(AtomicBool::new(false)));
        let (told, stopped) = (tally.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let (mut began, mut more) = (Instant::now(), 0_u32);
            while !stopped.load(Ordering::Relaxed) {
                let is_filling = attackers.tally().begun < held;
                let due = began.elapsed().as_secs_f64() * per_second as f64;
                if is_filling || f64::from(more) < due {
                    // A part of them answers Retry, as who owns the addresses can.
                    attackers.begins(!attackers.tally().begun.is_multiple_of(4))?;
                    if is_filling {
                        began = Instant::now();
                    } else {
                        more += 1;
                    }
                } else {
                    attackers.hears();
                    std::thread::sleep(Duration::from_millis(1));
                }
                *told.lock().unwrap_or_else(PoisonError::into_inner) = attackers.tally();
            }
            Ok(())
        });
        Self { tally, stop, thread: Some(thread) }
    }

    /// Whether it goes on: something may have gone wrong.
    pub(crate) fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it; what went wrong meanwhile.
    pub(crate) fn ends(mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        ended.unwrap_or(Ok(Ok(()))).map_err(|_| Error("the attackers fell over".into()))?
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
