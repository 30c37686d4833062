//! Hello in the first flight (0-RTT): it works across a restart, and who sends a flight again changes nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use litrocket_client::{Client, Options, Status};
use litrocket_protocol::{
    Request, VERSION,
    account::{GetProfile, Hello, ListSessions, SignIn},
    frame,
};
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, ZeroRttAccepted};
use tokio::{net::UdpSocket, time::timeout};

use crate::{
    raw::{self, request_bytes},
    world::{PASSWORD, PATIENCE, World, sign_in},
};

async fn reconnects(client: &Client) {
    let mut status = client.status();
    let connected = async {
        while *status.borrow_and_update() != Status::Connected {
            status.changed().await.unwrap();
        }
    };
    timeout(PATIENCE, connected).await.unwrap();
}

async fn comes_back(allowed: bool, wanted: bool) -> bool {
    let mut world = World::start_with(|config| config.transport.zero_rtt = allowed).await;
    world.person("ada").await;
    let phone = Client::connect(Options { early_hello: wanted, ..world.options() }).await.unwrap();
    phone.enter(sign_in("ada", PASSWORD)).await.unwrap();
    assert!(!phone.said_hello_early(), "nothing is known of a server at first");
    // The ticket comes right behind the handshake, before the answer to a request.
    phone.call(GetProfile::default()).await.unwrap();
    world.down().await;
    world.up().await;
    reconnects(&phone).await;
    assert_eq!(phone.call(GetProfile::default()).await.unwrap().handle, "ada");
    phone.said_hello_early()
}

#[tokio::test]
async fn hello_goes_out_in_the_first_flight_after_a_restart() {
    assert!(comes_back(true, true).await);
}

#[tokio::test]
async fn without_early_data_a_device_comes_back_all_the_same() {
    assert!(!comes_back(false, true).await, "the server does not allow it");
    assert!(!comes_back(true, false).await, "the client does not want it");
}

/// A way to the server that can write down what a client sends, and keep it back.
struct Recorder {
    port: u16,
    packets: Mutex<Vec<Vec<u8>>>,
    records: AtomicBool,
    keeps_back: AtomicBool,
}

impl Recorder {
    async fn start(server: SocketAddr) -> Arc<Self> {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let back = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        back.connect(server).await.unwrap();
        let port = front.local_addr().unwrap().port();
        let it = Arc::new(Self {
            port,
            packets: Mutex::default(),
            records: false.into(),
            keeps_back: false.into(),
        });
        let recorder = it.clone();
        tokio::spawn(async move {
            let (mut up, mut down, mut client) = (vec![0; 65_536], vec![0; 65_536], None);
            loop {
                tokio::select! {
                    Ok((size, from)) = front.recv_from(&mut up) => {
                        client = Some(from);
                        if recorder.records.load(Ordering::Acquire) {
                            recorder.packets.lock().unwrap().push(up[..size].to_vec());
                        }
                        if !recorder.keeps_back.load(Ordering::Acquire) {
                            drop(back.send(&up[..size]).await);
                        }
                    }
                    Ok(size) = back.recv(&mut down) => {
                        if let Some(client) = client {
                            drop(front.send_to(&down[..size], client).await);
                        }
                    }
                }
            }
        });
        it
    }
}

/// A client that puts more into its first flight than a client may.
struct Reckless {
    endpoint: Endpoint,
    config: ClientConfig,
    to: SocketAddr,
}

fn bytes<R: Request>(request: &R) -> Vec<u8> {
    request_bytes(R::CODE, &frame::encode_body(request))
}

fn hello() -> Vec<u8> {
    bytes(&Hello {
        versions: vec![VERSION],
        client: "reckless".into(),
        token: None,
        capabilities: Vec::new(),
    })
}

async fn says(connection: &Connection, bytes: &[u8]) -> RecvStream {
    let (mut send, recv) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    send.finish().unwrap();
    recv
}

impl Reckless {
    /// Connects once, so that there is a TLS session to resume.
    async fn new(world: &World, port: u16) -> Self {
        let config = raw::config_with(&world.ca(), 1024 * 1024, true);
        let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
        let it = Self { endpoint, config, to: ([127, 0, 0, 1], port).into() };
        let first = it.connecting().await.unwrap();
        says(&first, &hello()).await.read_to_end(frame::FRAME_MAX).await.unwrap();
        first.close(0_u32.into(), b"");
        it
    }

    fn connecting(&self) -> quinn::Connecting {
        self.endpoint.connect_with(self.config.clone(), self.to, "localhost").unwrap()
    }

    /// Says hello and signs in within the first flight: each time this has its effect there is one more session.
    async fn signs_in_early(&self) -> (Connection, ZeroRttAccepted, [RecvStream; 2]) {
        let Ok((connection, accepted)) = self.connecting().into_0rtt() else {
            panic!("there is nothing to resume")
        };
        let greeted = says(&connection, &hello()).await;
        let sign_in = SignIn { label: "early".into(), ..sign_in("ada", PASSWORD) };
        let answer = says(&connection, &bytes(&sign_in)).await;
        (connection, accepted, [greeted, answer])
    }
}

/// Sends what was recorded again, a hundred times from a hundred ports; then the server has had time for all of it.
async fn replays(world: &World, recorder: &Recorder) {
    let packets = recorder.packets.lock().unwrap().clone();
    assert!(!packets.is_empty());
    for _ in 0..100 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for packet in &packets {
            socket.send_to(packet, ("127.0.0.1", world.port)).await.unwrap();
        }
        let mut answer = [0; 2048];
        // It answers each with a flight of its own, or says nothing to a packet it knows.
        drop(timeout(std::time::Duration::from_millis(20), socket.recv(&mut answer)).await);
    }
}

async fn flight_sent_again(original_arrives: bool) -> usize {
    let world = World::start_with(|config| {
        config.transport.zero_rtt = true;
        config.transport.handshakes_unvalidated_max = 1_000;
    })
    .await;
    let ada = world.person("ada").await;
    let recorder = Recorder::start(([127, 0, 0, 1], world.port).into()).await;
    let reckless = Reckless::new(&world, recorder.port).await;
    recorder.keeps_back.store(!original_arrives, Ordering::Release);
    recorder.records.store(true, Ordering::Release);
    let (connection, accepted, [_greeted, mut answer]) = reckless.signs_in_early().await;
    if original_arrives {
        assert!(timeout(PATIENCE, accepted).await.unwrap(), "early data is accepted");
        let reply = timeout(PATIENCE, answer.read_to_end(frame::FRAME_MAX)).await.unwrap().unwrap();
        let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).unwrap().unwrap();
        assert_eq!(kind, SignIn::CODE, "it was heard early: {}", String::from_utf8_lossy(&reply[body]));
    } else {
        let sent = async {
            while recorder.packets.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, sent).await.unwrap();
    }
    recorder.records.store(false, Ordering::Release);
    // Once while the connection is there, once when it is over.
    replays(&world, &recorder).await;
    connection.close(0_u32.into(), b"");
    recorder.keeps_back.store(false, Ordering::Release);
    replays(&world, &recorder).await;
    let sessions = ada.asks(ListSessions::default()).await.sessions;
    sessions.iter().filter(|session| session.label == "early").count()
}

#[tokio::test]
async fn a_first_flight_that_is_sent_again_two_hundred_times_has_its_effect_once() {
    assert_eq!(flight_sent_again(true).await, 1);
}

#[tokio::test]
async fn a_first_flight_of_which_only_copies_arrive_has_no_effect() {
    assert_eq!(flight_sent_again(false).await, 0, "nobody who copies packets can complete the handshake");
}
