//! Engines: real ones, and those that a test makes up.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::world::PATIENCE;

/// Debian's interpreter: its packages are for this one.
const PYTHON: &str = "/usr/bin/python3";
pub(super) const KEY: &str = "key-of-the-engine";

/// A server that translates, as a process.
pub(super) struct Engine {
    child: Child,
    port: u16,
}

impl Engine {
    pub(super) fn start(script: &str, last: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines").join(script);
        let child = Command::new(PYTHON)
            .arg("-B")
            .arg(file)
            .args([&port.to_string(), last])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut engine = Self { child, port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = engine.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "the engine does not start: install apertium-apy and apertium-eng-spa"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        engine
    }

    pub(super) fn apertium() -> Self {
        Self::start("apy.py", "/usr/share/apertium/modes")
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it as an operator does.
    pub(super) fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        if rustix::process::kill_process(id, rustix::process::Signal::TERM).is_ok() {
            self.child.wait().unwrap();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An engine that answers what the test says, and counts.
pub(super) fn odd_engine(
    answer: impl Fn(&str) -> Option<String> + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let pairs = r#"[{"code":"en","targets":["es"]},{"code":"es","targets":["en"]}]"#;
            let body = if head.starts_with("GET /languages") {
                Some(pairs.to_owned())
            } else {
                counted.fetch_add(1, Ordering::Relaxed);
                answer(&head)
            };
            match body {
                Some(body) => {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all(format!("{head}{body}").as_bytes());
                }
                // Silence: the connection stays open and nothing comes.
                None => std::mem::forget(stream),
            }
        }
    });
    (url, calls)
}

/// An engine that holds the connections of its calls until it is told to answer; how many it holds.
pub(super) fn holding_engine() -> (String, Arc<AtomicUsize>, std::sync::mpsc::SyncSender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (held, (go, wait)) = (Arc::new(AtomicUsize::new(0)), std::sync::mpsc::sync_channel::<()>(1));
    let counted = held.clone();
    std::thread::spawn(move || {
        let mut waiting = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            if head.starts_with("GET /languages") {
                let _ = stream.write_all(answer(r#"[{"code":"en","targets":["es"]}]"#).as_bytes());
            } else if String::from_utf8_lossy(&body).contains("at once") || wait.try_recv().is_ok() {
                let _ = stream.write_all(answer(r#"{"translatedText":"x"}"#).as_bytes());
            } else {
                counted.fetch_add(1, Ordering::SeqCst);
                waiting.push(stream);
            }
        }
    });
    (url, held, go)
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
