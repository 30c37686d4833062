//! A line between one client and a server that loses packets.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::UdpSocket, task::JoinSet};

use crate::{Error, Result};

/// The longest packet.
const PACKET: usize = 65_536;

/// Forwards until it is dropped.
pub(crate) struct Line {
    /// Where the client connects to.
    pub(crate) port: u16,
    _forwarding: JoinSet<()>,
}

impl Line {
    /// A line to a port of this machine. Without loss it is the port itself.
    pub(crate) async fn to(server: u16, loss_percent: u64) -> Result<Self> {
        let mut forwarding = JoinSet::new();
        if loss_percent == 0 {
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
        let (told, client) = tokio::sync::watch::channel(None);
        forwarding.spawn(there(near.clone(), far.clone(), told, loss_percent));
        forwarding.spawn(back(near, far, client, loss_percent));
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

async fn there(
    near: Arc<UdpSocket>,
    far: Arc<UdpSocket>,
    told: tokio::sync::watch::Sender<Option<SocketAddr>>,
    loss: u64,
) {
    let (mut packet, mut dice) = (vec![0; PACKET], Dice(0x9e37_79b9_7f4a_7c15));
    while let Ok((size, from)) = near.recv_from(&mut packet).await {
        told.send_if_modified(|client| client.replace(from) != Some(from));
        if !dice.loses(loss) {
            let _ = far.send(&packet[..size]).await;
        }
    }
}

async fn back(
    near: Arc<UdpSocket>,
    far: Arc<UdpSocket>,
    client: tokio::sync::watch::Receiver<Option<SocketAddr>>,
    loss: u64,
) {
    let (mut packet, mut dice) = (vec![0; PACKET], Dice(0x2545_f491_4f6c_dd1d));
    while let Ok(size) = far.recv(&mut packet).await {
        let to = *client.borrow();
        if let Some(to) = to.filter(|_| !dice.loses(loss)) {
            let _ = near.send_to(&packet[..size], to).await;
        }
    }
}
