//! A network between devices and server that loses, delays, reorders and doubles packets, goes dark, and gives a
//! device another address each second. It knows nothing of QUIC.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::witness::Random;

/// What happens to packets. Percents are of all packets, each way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) reorder: u64,
    pub(crate) duplicate: u64,
    /// Least and most time a packet is under way, in milliseconds.
    pub(crate) delay_ms: (u64, u64),
    /// Nothing passes.
    pub(crate) dark: bool,
    /// Each second devices appear from another port, and what comes to the one before is lost.
    pub(crate) moves: bool,
}

/// The network. It ends when it is dropped.
pub(crate) struct Relay {
    pub(crate) port: u16,
    sky: Arc<Sky>,
    tasks: Vec<JoinHandle<()>>,
}

struct Sky {
    front: UdpSocket,
    server: SocketAddr,
    weather: Mutex<Weather>,
    random: Mutex<Random>,
    /// When the last packet of those in order arrives, on the way up and on the way down.
    last: Mutex<[Option<Instant>; 2]>,
    began: Instant,
    /// The sockets of the devices towards the server, with the task that reads each.
    devices: Mutex<HashMap<SocketAddr, Upstream>>,
}

type Upstream = (Arc<UdpSocket>, JoinHandle<()>);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relay {
    pub(crate) async fn start(server: u16) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = front.local_addr().unwrap().port();
        let sky = Arc::new(Sky {
            front,
            server: ([127, 0, 0, 1], server).into(),
            weather: Mutex::default(),
            random: Mutex::new(Random::new()),
            last: Mutex::default(),
            began: Instant::now(),
            devices: Mutex::default(),
        });
        let tasks = vec![tokio::spawn(up(sky.clone())), tokio::spawn(moves(sky.clone()))];
        Self { port, sky, tasks }
    }

    pub(crate) fn becomes(&self, weather: Weather) {
        *lock(&self.sky.weather) = weather;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        lock(&self.sky.devices).values().for_each(|(_, reader)| reader.abort());
    }
}

impl Sky {
    /// When a packet arrives; twice for a doubled one, never for a lost one.
    fn arrivals(&self, way: usize) -> Vec<Instant> {
        let weather = *lock(&self.weather);
        let mut random = lock(&self.random);
        if weather.dark || random.below(100) < weather.loss {
            return Vec::new();
        }
        let (least, most) = weather.delay_ms;
        let now = Instant::now();
        let copies = 1 + usize::from(random.below(100) < weather.duplicate);
        let arrival = |_| {
            if random.below(100) < weather.reorder {
                return now + Duration::from_millis(least + random.below(most - least + 1));
            }
            // The way itself gets longer and shorter, in seconds, and keeps the order.
            let wave = (self.began.elapsed().as_secs_f64() / 2.0).sin().abs();
            let under_way = Duration::from_secs_f64((least as f64 + (most - least) as f64 * wave) / 1000.0);
            let mut last = lock(&self.last);
            let at = last[way].map_or(now + under_way, |last| last.max(now + under_way));
            // What is late in a storm does not hold up what comes after it.
            let at = at.min(now + Duration::from_millis(most));
            last[way] = Some(at);
            at
        };
        (0..copies).map(arrival).collect()
    }

    /// The device's socket towards the server, made when it is needed.
    fn socket(self: &Arc<Self>, device: SocketAddr) -> Arc<UdpSocket> {
        // Found or made under one lock: two first packets that arrive together must not come from two ports.
        let mut devices = lock(&self.devices);
        devices.entry(device).or_insert_with(|| self.upstream(device)).0.clone()
    }

    fn moved(self: &Arc<Self>, device: SocketAddr) {
        let upstream = self.upstream(device);
        if let Some((_, before)) = lock(&self.devices).insert(device, upstream) {
            before.abort();
        }
    }

    fn upstream(self: &Arc<Self>, device: SocketAddr) -> Upstream {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = Arc::new(UdpSocket::from_std(socket).unwrap());
        let reader = tokio::spawn(down(self.clone(), socket.clone(), device));
        (socket, reader)
    }
}

async fn up(sky: Arc<Sky>) {
    let mut under_way = JoinSet::new();
    let mut buffer = vec![0; 65_536];
    loop {
        // A device that closed its socket shows as an error of the one before.
        let Ok((size, device)) = sky.front.recv_from(&mut buffer).await else { continue };
        for at in sky.arrivals(0) {
            let (sky, packet) = (sky.clone(), buffer[..size].to_vec());
            under_way.spawn(async move {
                tokio::time::sleep_until(at).await;
                let _ = sky.socket(device).send_to(&packet, sky.server).await;
            });
        }
        while under_way.try_join_next().is_some() {}
    }
}

async fn down(sky: Arc<Sky>, socket: Arc<UdpSocket>, device: SocketAddr) {
    let mut under_way = JoinSet::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((size, _)) = socket.recv_from(&mut buffer).await else { continue };
        for at in sky.arrivals(1) {
            let (sky, packet) = (sky.clone(), buffer[..size].to_vec());
            under_way.spawn(async move {
                tokio::time::sleep_until(at).await;
                let _ = sky.front.send_to(&packet, device).await;
            });
        }
        while under_way.try_join_next().is_some() {}
    }
}

async fn moves(sky: Arc<Sky>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if lock(&sky.weather).moves {
            let devices: Vec<_> = lock(&sky.devices).keys().copied().collect();
            for device in devices {
                sky.moved(device);
            }
        }
    }
}
