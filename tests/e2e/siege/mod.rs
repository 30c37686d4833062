//! Peers that want to harm: what they cost, what others notice, and when they are gone.

mod guests;
mod handshakes;
mod readers;
mod sign_in;
mod slow;
mod streams;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::conversations::OpenDirect;
use tokio::{task::JoinHandle, time::timeout};

use crate::{process::Process, world::PATIENCE};

/// An address of the loopback network, each number in a /24 of its own; none is where people come from.
fn address(n: u64) -> Ipv4Addr {
    Ipv4Addr::new(127, 1 + (n / 250 % 250) as u8, (n % 250) as u8, 1)
}

/// Two people who talk while others attack, and how long each message took to be heard.
struct Talk {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Vec<Duration>>,
    _people: [Client; 2],
}

impl Talk {
    async fn begins(process: &Process) -> Self {
        Self::between(process, "ada", "bob").await
    }

    async fn between(process: &Process, one: &str, other: &str) -> Self {
        let [ada, bob] = [process.person(one).await, process.person(other).await];
        let chat = ada.call(OpenDirect { account: bob.me().unwrap().account }).await.unwrap().conversation;
        let mut heard = bob.events(Start::Beginning).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, sender) = (stop.clone(), ada.clone());
        let task = tokio::spawn(async move {
            let mut times = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let before = Instant::now();
                let words = times.len().to_string();
                drop(sender.send(chat, Outgoing::text(words)).await.unwrap());
                let hears = async {
                    while !matches!(heard.next().await.expect("bob is connected"), Item::Event(_)) {}
                };
                timeout(PATIENCE, hears).await.expect("bob hears");
                times.push(before.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times
        });
        Self { stop, task, _people: [ada, bob] }
    }

    /// Ends the talk: how many messages there were and how long they took.
    async fn ends(self) -> Times {
        self.stop.store(true, Ordering::Relaxed);
        let mut times = timeout(PATIENCE, self.task).await.unwrap().expect("they talk undisturbed");
        times.sort();
        let part = |percent: usize| times[(times.len() - 1) * percent / 100];
        Times { messages: times.len(), p50: part(50), p99: part(99), longest: part(100) }
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "printed")]
struct Times {
    messages: usize,
    p50: Duration,
    p99: Duration,
    longest: Duration,
}

impl Times {
    /// They talk as people do: 8 to 19 ms were measured, on a machine that has nothing else to do.
    fn go_on(&self) {
        assert!(self.messages > 20, "{self:?}");
        assert!(self.p99 < Duration::from_secs(1), "{self:?}");
    }
}
