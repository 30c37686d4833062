//! Crowds of guests: who connect and say nothing, who open streams and end them, who half say hello.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_client::Client;
use litrocket_protocol::{account::Register, stream_kind};
use quinn::{Connection, Endpoint};
use tokio::task::JoinSet;

use super::{Talk, address};
use crate::{process::Process, raw, witness::size, world::PASSWORD};

const MIB: u64 = 1024 * 1024;
/// What a guest's connection takes: quinn's state, and what streams hold that are not read yet.
const EACH: u64 = 128 * 1024;

/// What a guest does with a connection until it is closed.
async fn bothers(connection: &Connection, how: u64) {
    match how % 4 {
        // Says nothing.
        0 => {}
        // Opens all streams there are and fills them.
        1 => {
            let mut open = Vec::new();
            while let Ok(Ok((mut send, recv))) =
                tokio::time::timeout(Duration::from_millis(200), connection.open_bi()).await
            {
                let fills = send.write_all(&[0x40; 8 * 1024]);
                let _ = tokio::time::timeout(Duration::from_millis(200), fills).await;
                open.push((send, recv));
            }
            drop(connection.closed().await);
        }
        // Says half of hello, on one stream after the other.
        2 => {
            while let Ok((mut send, _recv)) = connection.open_bi().await {
                if send.write_all(&[stream_kind::REQUEST as u8, 0x40, 0x60, 0x01, 0x81]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        // Opens streams and resets them at once.
        _ => {
            while let Ok((mut send, mut recv)) = connection.open_bi().await {
                let _ = send.write_all(&[stream_kind::REQUEST as u8, 3]).await;
                let _ = send.reset(0_u32.into());
                let _ = recv.stop(0_u32.into());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    drop(connection.closed().await);
}

/// One who comes again and again until it is over.
async fn guest(
    from: Ipv4Addr,
    (port, ca): (u16, PathBuf),
    how: u64,
    over: Arc<AtomicBool>,
    came: Arc<AtomicU64>,
) {
    let endpoint = Endpoint::client((from, 0).into()).unwrap();
    while !over.load(Ordering::Relaxed) {
        let server = ([127, 0, 0, 1], port).into();
        let connecting = endpoint.connect_with(raw::config(&ca, 64 * 1024), server, "localhost").unwrap();
        let Ok(Ok(connection)) = tokio::time::timeout(Duration::from_secs(3), connecting).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        came.fetch_add(1, Ordering::Relaxed);
        let _ = tokio::time::timeout(Duration::from_secs(20), bothers(&connection, how)).await;
    }
}

/// Somebody new signs up, and tries again where that does not work, as people do. How often they tried.
async fn comes_in(process: &Process, n: u64) -> u64 {
    for tries in 1..20 {
        let request = Register {
            handle: format!("new{n}x{tries}"),
            password: PASSWORD.into(),
            label: "new".into(),
            ..Register::default()
        };
        if let Ok(client) = Client::connect(process.options()).await
            && client.register(request).await.is_ok()
        {
            return tries;
        }
    }
    panic!("nobody new gets in");
}

/// A crowd from these addresses while two people talk: what it costs, and that people who come get in.
async fn crowd(name: &str, addresses: impl Fn(u64) -> Ipv4Addr) {
    let guests = size("LITROCKET_GUESTS", 200);
    let seconds = size("LITROCKET_GUESTS_S", 8);
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    let ca: &Path = &process.path().join("certs/ca.pem");
    let before = process.resident();
    let (over, came) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut crowd = JoinSet::new();
    for n in 0..guests {
        let place = (process.port, ca.to_owned());
        crowd.spawn(guest(addresses(n), place, n, over.clone(), came.clone()));
    }
    let began = Instant::now();
    let (mut most, mut longest) = (0, Duration::ZERO);
    let (mut newcomers, mut tries) = (0, 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        tries += comes_in(&process, newcomers).await;
        newcomers += 1;
        longest = longest.max(asked.elapsed());
        most = most.max(process.resident().saturating_sub(before));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    over.store(true, Ordering::Relaxed);
    let came = came.load(Ordering::Relaxed);
    let times = talk.ends().await;
    crowd.abort_all();
    println!(
        "{guests} guests {name}, {came} connections: {} KiB more memory, {newcomers} newcomers in after {tries} tries and at \
         most {longest:?}, \
         beside it {times:?}",
        most / 1024
    );
    assert!(came >= guests / 2, "only {came} came");
    assert!(most < guests * EACH + 32 * MIB, "{most} bytes more");
    assert!(
        newcomers >= 3 && longest < Duration::from_secs(15),
        "{newcomers} newcomers, the longest {longest:?}"
    );
    assert!(times.messages > 5 && times.longest < Duration::from_secs(5), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_guests_from_one_address_disturbs_nobody_who_signed_in() {
    crowd("from one address", |_| Ipv4Addr::new(127, 9, 9, 9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_guests_from_many_addresses_disturbs_nobody_who_signed_in() {
    crowd("from many addresses", address).await;
}
