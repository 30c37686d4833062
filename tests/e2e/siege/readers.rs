//! Peers whose machines acknowledge everything and that never read again.

use std::time::{Duration, Instant};

use litrocket_client::Outgoing;
use litrocket_protocol::{
    chat::{Live, frame_type},
    close_code,
    conversations::{CreateGroup, InviteMembers},
    frame, stream_kind,
};
use quinn::{RecvStream, SendStream};
use tokio::time::timeout;

use super::{Talk, address};
use crate::{process::Process, raw::Raw, witness::size, world::PATIENCE};

/// What a reader that does not read may cost, in bytes, and what a test of few of them cannot tell from chance. The goal is
/// 64 KiB each; the window and a turn are that, and what else the process holds for them is not known.
const EACH: u64 = 224 * 1024;
const CHANCE: u64 = 8 * 1024 * 1024;
/// When the server has given all of them up; the promise is 20 s without a byte taken. A thousand are asked one after the
/// other.
const OVER: Duration = Duration::from_secs(40);
const OVER_FOR_MANY: Duration = Duration::from_secs(90);

/// A device that goes live and from then on reads nothing.
struct Stuck {
    raw: Raw,
    account: litrocket_protocol::AccountId,
    chat: Option<(SendStream, RecvStream)>,
}

impl Stuck {
    /// So many bytes may come that it has not read.
    async fn begins(process: &Process, n: u64, windows: u32) -> Self {
        let ca = process.path().join("certs/ca.pem");
        let raw = Raw::connect_with(process.port, &ca, address(n).into(), windows).await;
        let account = raw.signs_up(&format!("stuck{n}")).await.account;
        let mut start = vec![stream_kind::CHAT as u8];
        start.extend(frame::encode(frame_type::LIVE, &Live { account_version: 0, fresh: true }));
        let chat = Some(raw.begins(&start).await);
        Self { raw, account, chat }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_never_read_again_hold_little_and_are_given_up() {
    let peers = size("LITROCKET_STUCK_READERS", 200);
    let over = if peers > 200 { OVER_FOR_MANY } else { OVER };
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    let eve = process.person("eve").await;
    let mut stuck = Vec::new();
    for n in 0..peers {
        // Some give room for a little, most for as much as usual clients do.
        stuck.push(Stuck::begins(&process, n, if n % 4 == 0 { 16 * 1024 } else { 1024 * 1024 }).await);
    }
    let accounts: Vec<_> = stuck.iter().map(|one| one.account).collect();
    let (first, rest) = accounts.split_at(accounts.len().min(50));
    let group = CreateGroup {
        id: eve.new_id().unwrap(),
        name: "nobody listens".into(),
        accounts: first.to_vec(),
        open_history: false,
    };
    let group = eve.call(group).await.unwrap().conversation;
    for accounts in rest.chunks(50) {
        eve.call(InviteMembers { conversation: group, accounts: accounts.to_vec() }).await.unwrap();
    }
    let says = async |count: usize| {
        let words = "x".repeat(8_000);
        for _ in 0..count {
            drop(eve.send(group, Outgoing::text(words.clone())).await.unwrap());
        }
        assert_eq!(eve.flush(PATIENCE).await, 0);
    };
    says(1).await;
    let before = process.resident();
    // Three times what the widest window takes.
    let began = Instant::now();
    says(400).await;
    let mut most = 0;
    while stuck.iter().any(|one| one.chat.is_some()) {
        assert!(began.elapsed() < over, "not all of {peers} were given up after {over:?}");
        most = most.max(process.resident().saturating_sub(before));
        for Stuck { chat, .. } in &mut stuck {
            // Data that waits hides the reset from a reader that reads, not from one that asks.
            let Some((_, recv)) = chat else { continue };
            if let Ok(reset) = timeout(Duration::from_millis(1), recv.received_reset()).await {
                assert_eq!(reset.unwrap(), Some(close_code::TOO_SLOW.into()));
                *chat = None;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let each = most / peers;
    assert!(most < peers * EACH + CHANCE, "{most} bytes more, {each} for each of {peers}");
    for one in &stuck {
        assert!(one.raw.connection.close_reason().is_none(), "the connection itself goes on");
    }
    let (over, times) = (began.elapsed(), talk.ends().await);
    println!("{peers} readers: {each} bytes each, given up after {over:?}, beside it {times:?}");
    times.go_on();
}
