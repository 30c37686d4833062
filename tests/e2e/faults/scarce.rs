//! Too little of something: disk, file descriptors, memory.

use std::{
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use litrocket_client::{Client, Error};
use litrocket_protocol::{account::SetPrivacy, history::GetHistory};
use quinn::Endpoint;

use crate::{
    process::Process,
    raw::{self, Raw},
    witness::{Party, size},
};

/// Starts the program through a shell that first lowers its limits.
fn limited(limit: &str) -> Process {
    let mut process = Process::new();
    process.launcher = ["sh", "-c", &format!("{limit} && exec \"$0\" \"$@\"")].map(String::from).into();
    process.up();
    process
}

/// A small file system of its own, as long as it lives.
pub(crate) struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    pub(crate) fn mount(at: &'a Path, mib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mib}m,mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at)),
            failed => {
                // Past the capture of the test: nobody should think that it ran.
                let text = format!("\nNOT RUN on a full disk: mounting is not allowed here: {failed:?}\n");
                std::io::stderr().write_all(text.as_bytes()).unwrap();
                None
            }
        }
    }

    /// Takes all free space.
    pub(crate) fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        for piece in [1024 * 1024, 4096] {
            while ballast.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Asks for a change until it is refused as it should be.
async fn is_refused(client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match client.call(SetPrivacy::default()).await {
            Err(Error::Fault(fault)) if fault.code == "unavailable" => return,
            Err(other) => panic!("{other} instead of a refusal"),
            Ok(_) => assert!(Instant::now() < deadline, "a full disk takes everything"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_refuses_and_answers_and_goes_on_when_it_is_freed() {
    let times = size("LITROCKET_FULL_DISKS", 5);
    let mut process = Process::new();
    let data = process.path().join("data");
    let Some(disk) = SmallDisk::mount(&data, 96) else {
        assert!(
            std::env::var_os("LITROCKET_NO_MOUNT").is_some(),
            "a small file system (tmpfs) cannot be mounted here: run the test as somebody who may, or leave it out with \
             LITROCKET_NO_MOUNT=1"
        );
        return;
    };
    process.variables = vec![("LITROCKET_STORAGE_DISK_RESERVE_MIB", "0"), ("LITROCKET_STORAGE_WAL_MIB", "1")];
    process.up();
    let mut party = Party::begins(process).await;
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        party.goes_on(50).await;
        disk.fill();
        is_refused(&party.clients[0]).await;
        let page =
            GetHistory { conversation: party.conversations[0], before: None, after: None, limit: Some(5) };
        assert!(!party.clients[1].call(page).await.unwrap().messages.is_empty(), "reading goes on");
        disk.free();
        let freed = Instant::now();
        party.goes_on(1).await;
        longest = longest.max(freed.elapsed());
    }
    assert_eq!(party.place.has_ended(), None);
    println!("{times} full disks, back after {longest:?} at most: {:?}", party.judged().await);
    assert!(longest < Duration::from_secs(30), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_file_descriptors_are_enough() {
    let mut party = Party::begins(limited("ulimit -n 64")).await;
    let crowd = crowd(&mut party.place, 200).await;
    party.goes_on(100).await;
    assert_eq!(party.place.has_ended(), None);
    assert!(crowd.iter().all(|one| one.connection.close_reason().is_none()), "nobody was thrown out");
    drop(crowd);
    println!("{:?}", party.judged().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_fits_into_256_mib() {
    let people = size("LITROCKET_CROWD", 300);
    let mut party = Party::begins(limited("ulimit -d 262144")).await;
    let crowd = crowd(&mut party.place, people).await;
    party.goes_on(100).await;
    assert_eq!(party.place.has_ended(), None);
    assert!(crowd.iter().all(|one| one.connection.close_reason().is_none()), "nobody was thrown out");
    let (peak, stayed) = (party.place.peak(), crowd.len() as u64);
    // The rest is refused: what 256 MiB hold beside the server itself.
    assert!(stayed == people || stayed > 2_000, "{stayed} of {people}");
    drop(crowd);
    let report = party.judged().await;
    println!("{people} people, {stayed} had room: at most {} KiB resident: {report:?}", peak / 1024);
    assert!(peak < 256 * 1024 * 1024, "{peak} bytes");
}

/// People who sign up and stay, from some hundred addresses; without those for whom there is no room.
async fn crowd(process: &mut Process, people: u64) -> Vec<Raw> {
    let ca = process.path().join("certs/ca.pem");
    let mut crowd = Vec::new();
    let mut endpoint = None;
    for n in 0..people {
        if n % 250 == 0 {
            assert_eq!(process.has_ended(), None, "the server ended with {n} people");
            endpoint = Some(Endpoint::client(([127, 0, 1, (n / 250) as u8], 0).into()).unwrap());
        }
        let (endpoint, config) = (endpoint.clone().unwrap(), raw::config(&ca, 1024 * 1024));
        match Raw::tries(endpoint, process.port, config).await {
            Ok(one) => {
                one.signs_up(&format!("somebody{n}")).await;
                crowd.push(one);
            }
            Err(quinn::ConnectionError::ConnectionClosed(_)) => assert!(n > 300, "no room for {n} people"),
            Err(error) => panic!("{error} instead of a refusal"),
        }
    }
    crowd
}
