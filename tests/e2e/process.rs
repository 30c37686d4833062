//! The real program as a process: started, killed, stopped, measured.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use litrocket_client::{Client, Options, Trust};
use litrocket_protocol::account::Register;
pub(crate) use rustix::process::Signal;

use crate::world::PASSWORD;

/// A server process on a port of its own.
pub(crate) struct Process {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    /// A program that starts this one in its own place, with its arguments; empty for none.
    pub(crate) launcher: Vec<String>,
    /// More variables of the environment.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    child: Option<Child>,
}

/// The file in its folder that takes the program's standard error.
const LAST_WORDS: &str = "stderr";

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
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
        let mut process = Self::new();
        process.up();
        process
    }

    /// A folder and a port; nothing runs yet.
    pub(crate) fn new() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        Self { folder, port, launcher: Vec::new(), variables: Vec::new(), child: None }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the program and waits until it listens.
    pub(crate) fn up(&mut self) {
        self.begin();
        assert!(self.listens(Duration::from_secs(60)), "the server does not start");
    }

    /// Waits until it listens; false when it ends or stays silent.
    pub(crate) fn listens(&mut self, patience: Duration) -> bool {
        let out = self.child.as_mut().unwrap().stdout.take().unwrap();
        let (says, said) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut first = String::new();
            let _ = BufReader::new(out).read_line(&mut first);
            let _ = says.send(first);
        });
        said.recv_timeout(patience).is_ok_and(|first| first.contains("listens on"))
    }

    /// Waits for its end; answers as [`Process::has_ended`] does.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> Option<i32> {
        let deadline = Instant::now() + patience;
        loop {
            let ended = self.has_ended();
            if ended.is_some() || Instant::now() > deadline {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts the program and does not wait.
    pub(crate) fn begin(&mut self) {
        let mut command = program();
        if let Some((launcher, arguments)) = self.launcher.split_first() {
            let own = std::mem::replace(&mut command, Command::new(launcher));
            command.args(arguments).arg(own.get_program());
            for (name, _) in own.get_envs() {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .env("LITROCKET_ACCOUNTS_ARGON2_MEMORY_KIB", "64")
            .env("LITROCKET_ACCOUNTS_ARGON2_ITERATIONS", "1")
            .env("LITROCKET_PEOPLE_GROUPS_FROM_DEFAULT", "everybody")
            .env("LITROCKET_LIMITS_SENDS_PER_SECOND", "1000000")
            .env("LITROCKET_LIMITS_SENDS_BURST", "1000000")
            .env("LITROCKET_LIMITS_REQUESTS_PER_SECOND", "100000")
            .env("LITROCKET_LIMITS_ACCOUNT_REQUESTS_PER_SECOND", "100000")
            .env("LITROCKET_LIMITS_GUEST_REQUESTS_PER_SECOND", "1000000")
            .env("LITROCKET_LIMITS_CONNECTIONS_PER_ACCOUNT_MAX", "100000")
            // Programs that are killed leave connections that end with their idle time.
            .env("LITROCKET_LIMITS_CONNECTIONS_PER_SESSION_MAX", "100000")
            .env("LITROCKET_PEOPLE_STRANGER_MESSAGES_MAX", "1000000")
            .envs(self.variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.folder.path().join(LAST_WORDS)).unwrap());
        self.child = Some(command.spawn().unwrap());
    }

    /// Whether the program has ended by itself; answers its exit code, or minus the signal that ended it.
    pub(crate) fn has_ended(&mut self) -> Option<i32> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(code(status))
    }

    /// What it wrote to its standard error since it was started last.
    pub(crate) fn last_words(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LAST_WORDS)).unwrap_or_default()
    }

    /// Ends the program as a crash does.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the program to stop.
    pub(crate) fn signal(&self) {
        self.gets(Signal::TERM);
    }

    /// Sends it a signal.
    pub(crate) fn gets(&self, signal: Signal) {
        let id = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Asks the program to stop; answers as [`Process::ended`] does.
    pub(crate) fn terminate(&mut self) -> i32 {
        self.signal();
        self.ended()
    }

    /// Waits for the program's end; answers its exit code, or minus the signal that ended it.
    pub(crate) fn ended(&mut self) -> i32 {
        code(self.child.take().unwrap().wait().unwrap())
    }

    /// The process that traces it.
    pub(crate) fn tracer(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.status("TracerPid:")).unwrap())
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most memory that was resident at once, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        self.status(name) * 1024
    }

    fn status(&self, name: &str) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(format!("127.0.0.1:{}", self.port).parse().unwrap());
        // What a test asks about is the first answer.
        options.patience = Duration::ZERO;
        options.trust = Trust::CaFile(self.path().join("certs/ca.pem"));
        options
    }

    pub(crate) async fn person(&self, name: &str) -> Client {
        let client = Client::connect(self.options()).await.unwrap();
        let request = Register {
            handle: name.into(),
            password: PASSWORD.into(),
            label: "x".into(),
            ..Register::default()
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
