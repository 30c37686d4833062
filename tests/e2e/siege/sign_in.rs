//! A flood of sign-ins from many addresses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_client::Client;
use litrocket_protocol::{
    Fault, Request as _, VERSION,
    account::{Hello, SignIn},
    fault::code,
    frame,
};
use tokio::task::JoinSet;

use super::{Talk, address};
use crate::{
    process::Process,
    raw::{Raw, request_bytes},
    witness::size,
    world::PASSWORD,
};

/// What hashes may take, in bytes: two at a time here, each with its configured memory, and those who wait for them.
const MEMORY: u64 = 64 * 1024 * 1024;
/// How long somebody without a device may need while the flood lasts.
const NEWCOMER: Duration = Duration::from_secs(240);

/// How the flood was answered.
#[derive(Debug, Default)]
struct Answers {
    wrong: AtomicU64,
    busy: AtomicU64,
    throttled: AtomicU64,
    closed: AtomicU64,
}

impl Answers {
    fn count(&self, fault: &Fault) {
        let counter = if fault.is(code::WRONG_CREDENTIALS) {
            &self.wrong
        } else if fault.is(code::BUSY) {
            &self.busy
        } else {
            assert!(fault.is(code::RATE_LIMITED), "a sign-in of the flood was answered with {fault:?}");
            &self.throttled
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Guesses one password after the other; guests may send little, so each connection makes a few guesses.
async fn guesses(process: Arc<Process>, n: u64, stop: Arc<AtomicBool>, answers: Arc<Answers>) {
    let ca = process.path().join("certs/ca.pem");
    let mut guess = n;
    while !stop.load(Ordering::Relaxed) {
        let raw = Raw::connect(process.port, &ca, address(guess).into()).await;
        let hello =
            Hello { versions: vec![VERSION], client: "raw".into(), token: None, capabilities: Vec::new() };
        let greeting = request_bytes(Hello::CODE, &frame::encode_body(&hello));
        if raw.exchange(&greeting).await.is_none() {
            answers.closed.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        // Names that are guessed at often are throttled, and so is who guesses often: both are new each time.
        for name in 0..3 {
            let password = format!("the guess {guess}");
            let request = SignIn {
                handle: format!("somebody{guess}-{name}"),
                password,
                label: "flood".into(),
                old_token: None,
            };
            // Who has not signed in within the time of a guest is closed.
            let Some(reply) = raw.exchange(&request_bytes(SignIn::CODE, &frame::encode_body(&request))).await
            else {
                answers.closed.fetch_add(1, Ordering::Relaxed);
                break;
            };
            let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).unwrap().expect("a whole frame");
            assert_eq!(kind, frame::FAULT, "a guess was right");
            answers.count(&frame::decode(&reply[body]).unwrap());
        }
        guess += 1_000;
    }
}

async fn signs_in(client: &Client, handle: &str, old_token: Option<Vec<u8>>) -> Result<(), Fault> {
    let request =
        SignIn { handle: handle.into(), password: PASSWORD.into(), label: "again".into(), old_token };
    match client.sign_in(request).await {
        Ok(_) => Ok(()),
        Err(litrocket_client::Error::Fault(fault)) => Err(*fault),
        // Who waited too long in line is closed as a guest, and comes again.
        Err(_) => Err(Fault::new(code::BUSY).retry_after(200)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_holds_up_no_device_and_no_newcomer_for_long() {
    let guessers = size("LITROCKET_GUESSERS", 300);
    let seconds = size("LITROCKET_GUESSING_SECONDS", 8);
    let mut process = Process::new();
    // The parameters of every day: 19 MiB and about 15 ms for each hash.
    process.variables = vec![
        ("LITROCKET_ACCOUNTS_ARGON2_MEMORY_KIB", "19456"),
        ("LITROCKET_ACCOUNTS_ARGON2_ITERATIONS", "2"),
    ];
    tokio::task::block_in_place(|| process.up());
    let talk = Talk::between(&process, "eve", "carol").await;
    let ada = process.person("ada").await;
    let token = ada.token().unwrap();
    let process = Arc::new(process);
    let before = process.resident();
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(Answers::default()));
    let mut flood = JoinSet::new();
    for n in 0..guessers {
        flood.spawn(guesses(process.clone(), n, stop.clone(), answers.clone()));
    }
    let began = Instant::now();
    while answers.busy.load(Ordering::Relaxed) == 0 {
        assert!(began.elapsed() < NEWCOMER, "the line never fills: {answers:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut known = Vec::new();
    let mut newcomers = Vec::new();
    while began.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        let device = Client::connect(process.options()).await.unwrap();
        signs_in(&device, "ada", Some(token.clone())).await.expect("a device that is known waits in no line");
        known.push(asked.elapsed());
        let asked = Instant::now();
        // A guest may not stay as long as it may have to try: each try has a connection of its own.
        while let Err(fault) =
            signs_in(&Client::connect(process.options()).await.unwrap(), "carol", None).await
        {
            assert!(fault.is(code::BUSY), "{fault:?}");
            assert!(asked.elapsed() < NEWCOMER, "nobody new gets in");
            tokio::time::sleep(Duration::from_millis(fault.retry_after_ms.unwrap())).await;
        }
        newcomers.push(asked.elapsed());
    }
    let grown = process.peak().saturating_sub(before);
    stop.store(true, Ordering::Relaxed);
    while let Some(guesser) = flood.join_next().await {
        guesser.unwrap();
    }
    assert!(grown < MEMORY + guessers * 128 * 1024, "{grown} bytes more");
    let longest = known.iter().max().unwrap();
    assert!(*longest < Duration::from_secs(10), "a known device waited {longest:?}");
    println!(
        "{guessers} guessers: {answers:?}; known devices after {known:?}, newcomers after {newcomers:?}, {grown} bytes \
         more, beside it {:?}",
        talk.ends().await
    );
}
