//! The processes under load: the server, its ceiling, or the web server it is compared with.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{Error, Result, Scenario, measure, nginx};

/// What is raised of the transport: everybody here comes from one address at once.
const CROWDED: &[(&str, &str)] = &[
    ("LITROCKET_TRANSPORT_CONNECTIONS_PER_ADDRESS_MAX", "1000000"),
    ("LITROCKET_TRANSPORT_HANDSHAKES_MAX", "100000"),
    ("LITROCKET_TRANSPORT_HANDSHAKES_UNVALIDATED_MAX", "50000"),
    ("LITROCKET_TRANSPORT_IDLE_TIMEOUT_MS", "120000"),
];

/// Limits are raised by configuration; loopback is like any other address.
const RAISED: &[(&str, &str)] = &[
    ("LITROCKET_LIMITS_REQUESTS_PER_SECOND", "1000000"),
    ("LITROCKET_LIMITS_ACCOUNT_REQUESTS_PER_SECOND", "1000000"),
    ("LITROCKET_LIMITS_GUEST_REQUESTS_PER_SECOND", "10000000"),
    ("LITROCKET_LIMITS_CONNECTIONS_PER_ACCOUNT_MAX", "100000"),
    ("LITROCKET_LIMITS_CONNECTIONS_PER_SESSION_MAX", "100000"),
    ("LITROCKET_LIMITS_SENDS_PER_SECOND", "10000000"),
    ("LITROCKET_LIMITS_SENDS_BURST", "10000000"),
    ("LITROCKET_PEOPLE_GROUPS_FROM_DEFAULT", "everybody"),
    ("LITROCKET_PEOPLE_STRANGER_MESSAGES_MAX", "1000000"),
    ("LITROCKET_ACCOUNTS_HASHES_WAITING_MAX", "100000"),
    ("LITROCKET_LOGS_LEVEL", "warn"),
];

/// What runs in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The server.
    Server,
    /// The server as it meets attackers: its transport is bounded as it comes.
    Besieged,
    /// The raw program: relays, and stores if told so.
    Ceiling {
        /// Whether it stores each message before it acks.
        store: bool,
        /// Whether it checks a password for each connection.
        password: bool,
    },
    /// A web server that takes and gives files.
    Nginx,
}

/// A process with its data folder.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    folder: PathBuf,
    role: Role,
}

fn free_port() -> Result<u16> {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    socket.map(|address| address.port()).map_err(|error| Error::new("no free port", error))
}

impl Process {
    /// Starts it on its data folder and waits until it listens.
    pub(crate) fn start(role: Role, folder: &Path) -> Result<Self> {
        Self::start_on(role, folder, free_port()?)
    }

    fn start_on(role: Role, folder: &Path, port: u16) -> Result<Self> {
        let fail = |error: &dyn std::fmt::Display| Error::new("the process does not start", error);
        if role == Role::Nginx {
            return Self::start_nginx(folder, port);
        }
        let program = std::env::current_exe().map_err(|error| fail(&error))?;
        let listen = format!("127.0.0.1:{port}");
        let mut command = Command::new(program);
        command.current_dir(folder);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LITROCKET_")) {
            command.env_remove(name);
        }
        match role {
            Role::Server | Role::Besieged => {
                let crowded = if role == Role::Server { CROWDED } else { &[] };
                command.envs(RAISED.iter().chain(crowded).copied()).args(["serve", "--listen", &listen]);
            }
            Role::Ceiling { store, password } => {
                command.args(["bench", "ceiling", "--listen", &listen]);
                command.args(store.then_some("--store")).args(password.then_some("--password"));
            }
            Role::Nginx => {}
        }
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| fail(&error))?;
        let mut first = String::new();
        let out = child.stdout.take().ok_or_else(|| fail(&"no output"))?;
        BufReader::new(out).read_line(&mut first).map_err(|error| fail(&error))?;
        if !first.contains("listens on") {
            return Err(fail(&first.trim()));
        }
        let ca = folder.join("certs/ca.pem");
        Ok(Self { child, port, ca, folder: folder.to_owned(), role })
    }

    /// The folder has its certificate already.
    fn start_nginx(folder: &Path, port: u16) -> Result<Self> {
        let fail = |error: &dyn std::fmt::Display| Error::new("nginx does not start", error);
        let configuration = nginx::configuration(folder, port);
        std::fs::write(folder.join("nginx.conf"), configuration).map_err(|error| fail(&error))?;
        std::fs::create_dir_all(folder.join(nginx::FILES)).map_err(|error| fail(&error))?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        let child = command.spawn().map_err(|error| fail(&error))?;
        let ca = folder.join("certs/ca.pem");
        let process = Self { child, port, ca, folder: folder.to_owned(), role: Role::Nginx };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(process);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Err(fail(&"nobody listens"))
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn cpu(&self) -> Result<measure::Cpu> {
        measure::cpu(self.child.id())
    }

    pub(crate) fn resident(&self) -> Result<u64> {
        measure::resident(self.child.id())
    }

    pub(crate) fn peak(&self) -> Result<u64> {
        measure::peak(self.child.id())
    }

    /// Ends it as a crash does and starts it again on the same port.
    pub(crate) fn crash_and_start(&mut self) -> Result<()> {
        self.kill();
        *self = Self::start_on(self.role, &self.folder, self.port)?;
        Ok(())
    }

    /// Asks it to stop and waits until it did.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)
            .map_err(|error| Error::new("the process cannot be stopped", error))?;
        let status = self.child.wait().map_err(|error| Error::new("the process is lost", error))?;
        if status.success() { Ok(()) } else { Err(Error(format!("the process ended with {status}"))) }
    }

    fn kill(&mut self) {
        // It fails only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Names the run's own files.
pub(crate) fn folder(scenario: &Scenario) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("litrocket-bench-{}-", scenario.name))
        .tempdir()
        .map_err(|error| Error::new("no temporary folder", error))
}
