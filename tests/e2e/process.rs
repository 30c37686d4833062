//! The real program as a process: started, killed, stopped, measured.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use litrocket_client::{Client, Options, Trust};
use litrocket_protocol::account::Register;

use crate::world::PASSWORD;

/// A server process on a port of its own.
pub(crate) struct Process {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    child: Option<Child>,
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_litrocket"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LITROCKET_")) {
        command.env_remove(name);
    }
    command
}

fn free_port() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Process {
    pub(crate) fn start() -> Self {
        let mut process = Self { folder: tempfile::tempdir().unwrap(), port: free_port(), child: None };
        process.up();
        process
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the program and waits until it listens.
    pub(crate) fn up(&mut self) {
        let mut child = program()
            .current_dir(self.folder.path())
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .env("LITROCKET_ACCOUNTS_ARGON2_MEMORY_KIB", "64")
            .env("LITROCKET_ACCOUNTS_ARGON2_ITERATIONS", "1")
            .env("LITROCKET_LIMITS_SENDS_PER_SECOND", "1000000")
            .env("LITROCKET_LIMITS_SENDS_BURST", "1000000")
            .env("LITROCKET_LIMITS_REQUESTS_PER_SECOND", "100000")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("listens on"), "{first:?}");
        self.child = Some(child);
    }

    /// Ends the program as a crash does.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the program to stop.
    pub(crate) fn signal(&self) {
        let id = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// Asks the program to stop; answers its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal();
        self.ended()
    }

    /// Waits for the program's end; answers its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.take().unwrap().wait().unwrap().code()
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(format!("127.0.0.1:{}", self.port).parse().unwrap());
        options.trust = Trust::CaFile(self.path().join("certs/ca.pem"));
        options
    }

    pub(crate) async fn person(&self, name: &str) -> Client {
        let client = Client::connect(self.options()).await.unwrap();
        let request = Register {
            handle: name.into(),
            password: PASSWORD.into(),
            invite: None,
            label: "x".into(),
            locale: None,
        };
        client.register(request).await.unwrap();
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
