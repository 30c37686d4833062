//! A line between one client and a server: it loses packets, takes time, and has a rate with a queue in front of it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{Error, Result, Scenario};

/// The longest packet.
const PACKET: usize = 65_536;
/// Packets that are on the line at the same time; more are lost.
const UNDER_WAY: usize = 65_536;

/// What a line is like, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    loss_percent: u64,
    /// 0 is no bound.
    mbit_per_second: u64,
    /// One way.
    delay: Duration,
    /// How long a packet may wait for those before it; it is lost otherwise.
    queue: Duration,
}

impl Shape {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            loss_percent: scenario.loss_percent,
            mbit_per_second: scenario.mbit_per_second,
            delay: Duration::from_micros(scenario.round_trip_ms * 500),
            queue: Duration::from_millis(scenario.queue_ms),
        }
    }

    fn changes_nothing(&self) -> bool {
        self.loss_percent == 0 && self.mbit_per_second == 0 && self.delay.is_zero()
    }
}

/// Forwards until it is dropped.
pub(crate) struct Line {
    /// Where the client connects to.
    pub(crate) port: u16,
    _forwarding: JoinSet<()>,
}

impl Line {
    /// A line to a port of this machine; the port itself where the line is like any.
    pub(crate) async fn to(server: u16, shape: Shape) -> Result<Self> {
        let mut forwarding = JoinSet::new();
        if shape.changes_nothing() {
            return Ok(Self { port: server, _forwarding: forwarding });
        }
        let fail = |error| Error::new("the line", error);
        let near = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(fail)?);
        let far = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(fail)?);
        far.connect((Ipv4Addr::LOCALHOST, server)).await.map_err(fail)?;
        for socket in [&near, &far] {
            let _ = rustix::net::sockopt::set_socket_recv_buffer_size(socket, 4 * 1024 * 1024);
        }
        let port = near.local_addr().map_err(fail)?.port();
        let (told, client) = watch::channel(SocketAddr::from((Ipv4Addr::LOCALHOST, server)));
        let server = client.borrow().to_owned();
        let (at_server, to_server) = mpsc::channel(UNDER_WAY);
        let (at_client, to_client) = mpsc::channel(UNDER_WAY);
        let there = Entrance::new(shape, 0x9e37_79b9_7f4a_7c15, at_server);
        let back = Entrance::new(shape, 0x2545_f491_4f6c_dd1d, at_client);
        forwarding.spawn(there.takes(near.clone(), Some(told)));
        forwarding.spawn(leaves(far.clone(), to_server, move || server));
        forwarding.spawn(back.takes(far, None));
        forwarding.spawn(leaves(near, to_client, move || *client.borrow()));
        Ok(Self { port, _forwarding: forwarding })
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn loses(&mut self, percent: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % 100 < percent
    }
}

type Packet = (Instant, Vec<u8>);

/// Where packets of one direction come in.
struct Entrance {
    shape: Shape,
    dice: Dice,
    /// When all that came before has left.
    free: Instant,
    out: mpsc::Sender<Packet>,
}

impl Entrance {
    fn new(shape: Shape, seed: u64, out: mpsc::Sender<Packet>) -> Self {
        Self { shape, dice: Dice(seed), free: Instant::now(), out }
    }

    /// When a packet that comes now is at the other end; `None` where it is lost.
    fn arrives(&mut self, now: Instant, size: usize) -> Option<Instant> {
        let Shape { loss_percent, mbit_per_second, delay, queue } = self.shape;
        let begins = self.free.max(now);
        if self.dice.loses(loss_percent) || begins - now > queue {
            return None;
        }
        // A bit takes as many nanoseconds as a thousand bits take microseconds.
        let takes = (size as u64 * 8_000).checked_div(mbit_per_second).unwrap_or(0);
        self.free = begins + Duration::from_nanos(takes);
        Some(self.free + delay)
    }

    async fn takes(mut self, socket: Arc<UdpSocket>, told: Option<watch::Sender<SocketAddr>>) {
        let mut packet = vec![0; PACKET];
        while let Ok((size, from)) = socket.recv_from(&mut packet).await {
            if let Some(told) = &told {
                told.send_if_modified(|client| std::mem::replace(client, from) != from);
            }
            if let Some(at) = self.arrives(Instant::now(), size) {
                let _ = self.out.try_send((at, packet[..size].to_vec()));
            }
        }
    }
}

async fn leaves(socket: Arc<UdpSocket>, mut packets: mpsc::Receiver<Packet>, to: impl Fn() -> SocketAddr) {
    while let Some((at, packet)) = packets.recv().await {
        if at > Instant::now() {
            sleep_until(at).await;
        }
        let _ = socket.send_to(&packet, to()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_line_makes_packets_wait_for_each_other_and_loses_those_that_would_wait_too_long() {
        let shape = Shape {
            loss_percent: 0,
            mbit_per_second: 8,
            delay: Duration::from_millis(10),
            queue: Duration::from_millis(2),
        };
        let mut line = Entrance::new(shape, 1, mpsc::channel(1).0);
        let now = Instant::now();
        line.free = now;
        let after = |packet: Option<Instant>| packet.map(|at| (at - now).as_micros());
        // 1,000 bytes at 8 Mbit/s take a millisecond.
        assert_eq!(after(line.arrives(now, 1_000)), Some(11_000));
        assert_eq!(after(line.arrives(now, 1_000)), Some(12_000));
        assert_eq!(after(line.arrives(now, 1_000)), Some(13_000));
        assert_eq!(after(line.arrives(now, 1_000)), None);
        let later = now + Duration::from_millis(5);
        assert_eq!(after(line.arrives(later, 500)), Some(15_500));
    }
}
