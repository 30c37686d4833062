//! Files, moved by the real client; of the raw program the same number of bytes.

use std::{
    future::Future,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use litrocket_client::{Address, Client, Digest, Options, Outgoing, Transfer, Trust};
use litrocket_protocol::{ConversationId, conversations::CreateGroup};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Device, Measured, Notes, Target, Window, token};
use crate::{
    Error, Result, Scenario, Seed, SeedAccount,
    ceiling::files as raw,
    line::{Line, Shape},
    measure::Latencies,
    nginx,
    peer::{Heard, PATIENCE},
    process::Process,
    scenario::Pattern,
};

const MIB: u64 = 1024 * 1024;
/// The pause between two messages beside a file: a lively conversation, no load.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a file may take.
const FILE_TIME: Duration = Duration::from_secs(600);

pub(super) fn seed(scenario: &Scenario) -> Seed {
    let accounts = (1..=scenario.clients).map(|id| SeedAccount { id, token: token(id) });
    Seed { accounts: accounts.collect(), ..Seed::default() }
}

fn fail(what: &'static str) -> impl Fn(litrocket_client::Error) -> Error {
    move |error| Error::new(what, error)
}

async fn client(port: u16, ca: &Path, account: u64) -> Result<Client> {
    let address = Address { host: "127.0.0.1".into(), port, ca: None, invite: None, add: None };
    let mut options = Options::new(address);
    options.trust = Trust::CaFile(ca.to_owned());
    options.token = Some(token(account).into());
    Client::connect(options).await.map_err(fail("connect"))
}

/// Who moves the files.
async fn clients(target: &Target<'_>) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for account in 1..=target.scenario.clients {
        clients.push(client(target.process.port, &target.process.ca, account).await?);
    }
    Ok(clients)
}

/// Files with contents of their own, hashed already.
struct Files {
    folder: tempfile::TempDir,
    each: Vec<(PathBuf, Digest)>,
}

impl Files {
    async fn new(scenario: &Scenario) -> Result<Self> {
        let folder = crate::process::folder(scenario)?;
        let mut each = Vec::new();
        for number in 0..scenario.files {
            let path = folder.path().join(number.to_string());
            let (target, mib) = (path.clone(), scenario.file_mib);
            let written = tokio::task::spawn_blocking(move || write(&target, number, mib)).await;
            let written = written.map_err(|error| Error::new("a thread", error))?;
            written.map_err(|error| Error::new("the file to send", error))?;
            let digest = Digest::of_file(&path).await.map_err(fail("hash"))?;
            each.push((path, digest));
        }
        Ok(Self { folder, each })
    }

    /// What the disk alone costs: the same bytes in objects as the server makes them, each on the disk before the next.
    async fn disk(&self, measured: &mut Measured) -> Result<()> {
        let (from, folder) = (self.each[0].0.clone(), self.folder.path().join("disk"));
        let copied = tokio::task::spawn_blocking(move || copy_in_chunks(&from, &folder)).await;
        let copied = copied.map_err(|error| Error::new("a thread", error))?;
        let (mib, cpu, wall) = copied.map_err(|error| Error::new("the disk", error))?;
        let per_second = mib as f64 / wall.as_secs_f64().max(1e-9);
        measured.more.insert("disk_mib_per_second".into(), json!(per_second.round()));
        measured
            .more
            .insert("disk_cpu_us_per_unit".into(), json!((cpu.as_secs_f64() * 1e6 / mib as f64).round()));
        Ok(())
    }

    /// Brings all of them, each by the next of the clients; answers the files with who brought them.
    async fn upload(&self, clients: &[Client]) -> Result<Vec<(Client, u64)>> {
        let mut running = JoinSet::new();
        for ((path, digest), client) in self.each.clone().into_iter().zip(clients.iter().cycle().cloned()) {
            running.spawn(async move {
                let file = client.upload(&path, "bench", &digest, Transfer::default()).await;
                file.map(|file| (client, file))
            });
        }
        let mut files = Vec::new();
        while let Some(done) = running.join_next().await {
            files.push(done.map_err(|error| Error::new("a task", error))?.map_err(fail("upload"))?);
        }
        Ok(files)
    }

    async fn download(&self, files: Vec<(Client, u64)>) -> Result<()> {
        let mut running = JoinSet::new();
        for (client, file) in files {
            let target = self.folder.path().join(format!("got-{file}"));
            running.spawn(async move { client.download(file, &target, Transfer::default()).await });
        }
        while let Some(done) = running.join_next().await {
            done.map_err(|error| Error::new("a task", error))?.map_err(fail("download"))?;
        }
        Ok(())
    }
}

/// Writes a file that is like no other.
fn write(path: &Path, number: u64, mib: u64) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut state = number * 2 + 0x9e37_79b9_7f4a_7c15;
    let mut block = vec![0; MIB as usize];
    let mut file = std::fs::File::create(path)?;
    for _ in 0..mib {
        for bytes in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    file.sync_all()
}

/// Writes a file again as objects of 1 MiB: how many, the CPU of writing them, and the time.
fn copy_in_chunks(from: &Path, folder: &Path) -> std::io::Result<(u64, Duration, Duration)> {
    use std::io::{Read as _, Write as _};
    let mut file = std::fs::File::open(from)?;
    let mut block = vec![0; MIB as usize];
    std::fs::create_dir_all(folder)?;
    let (mut count, mut cpu, mut wall) = (0, Duration::ZERO, Duration::ZERO);
    while file.read_exact(&mut block).is_ok() {
        let (used, began) = (thread_cpu(), Instant::now());
        let mut object = std::fs::File::create(folder.join(count.to_string()))?;
        object.write_all(&block)?;
        object.sync_all()?;
        (cpu, wall) = (cpu + (thread_cpu().saturating_sub(used)), wall + began.elapsed());
        count += 1;
    }
    std::fs::remove_dir_all(folder)?;
    Ok((count, cpu, wall))
}

fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn units(scenario: &Scenario) -> u64 {
    scenario.files * scenario.file_mib
}

fn memory(target: &Target<'_>, empty: u64, measured: &mut Measured) -> Result<()> {
    let grown = target.process.peak()?.saturating_sub(empty);
    measured.more.insert("server_peak_grown_bytes".into(), json!(grown));
    Ok(())
}

pub(super) async fn upload(target: &mut Target<'_>) -> Result<Measured> {
    let mut measured = Measured::default();
    let empty = target.process.resident()?;
    if target.peers.raw {
        let connections = connections(target).await?;
        let window = Window::open(target.process)?;
        let each = units(target.scenario) * MIB / target.scenario.clients;
        let mut running = JoinSet::new();
        for connection in connections.clone() {
            running.spawn(async move { raw::push(&connection, each).await });
        }
        let pushed = running.join_all().await;
        pushed
            .into_iter()
            .collect::<Option<()>>()
            .ok_or_else(|| Error("the raw program took not all".into()))?;
        window.close(target.process, units(target.scenario), &mut measured)?;
    } else {
        let files = Files::new(target.scenario).await?;
        let clients = clients(target).await?;
        let window = Window::open(target.process)?;
        timed(files.upload(&clients)).await?;
        window.close(target.process, units(target.scenario), &mut measured)?;
        files.disk(&mut measured).await?;
    }
    memory(target, empty, &mut measured)?;
    Ok(measured)
}

pub(super) async fn download(target: &mut Target<'_>) -> Result<Measured> {
    let mut measured = Measured::default();
    let units = units(target.scenario);
    if target.peers.raw {
        let connections = connections(target).await?;
        let empty = target.process.resident()?;
        let window = Window::open(target.process)?;
        let each = units * MIB / target.scenario.clients;
        let mut running = JoinSet::new();
        for connection in connections.clone() {
            running.spawn(async move { pull(&connection, each).await });
        }
        let pulled = running.join_all().await;
        pulled
            .into_iter()
            .collect::<Option<()>>()
            .ok_or_else(|| Error("the raw program sent not all".into()))?;
        window.close(target.process, units, &mut measured)?;
        memory(target, empty, &mut measured)?;
    } else {
        let files = Files::new(target.scenario).await?;
        let clients = clients(target).await?;
        let sent = timed(files.upload(&clients)).await?;
        let empty = target.process.resident()?;
        let window = Window::open(target.process)?;
        timed(files.download(sent)).await?;
        window.close(target.process, units, &mut measured)?;
        files.disk(&mut measured).await?;
        memory(target, empty, &mut measured)?;
    }
    Ok(measured)
}

async fn timed<T>(moving: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(FILE_TIME, moving).await.map_err(|_| Error("the files take too long".into()))?
}

/// As many connections to the raw program as there are clients of the server.
async fn connections(target: &Target<'_>) -> Result<Vec<quinn::Connection>> {
    let mut connections = Vec::new();
    for n in 0..target.scenario.clients {
        connections.push(target.peers.connect(n as usize).await?);
    }
    Ok(connections)
}

/// Asks the raw program for so many bytes and reads them.
async fn pull(connection: &quinn::Connection, bytes: u64) -> Option<()> {
    let (mut send, mut asked) = connection.open_bi().await.ok()?;
    let mut first = vec![raw::PULL];
    first.extend_from_slice(&bytes.to_be_bytes());
    send.write_all(&first).await.ok()?;
    let mut streams = JoinSet::new();
    for _ in 0..raw::STREAMS {
        let mut recv = connection.accept_uni().await.ok()?;
        streams.spawn(async move { while let Ok(Some(_)) = recv.read_chunk(MIB as usize, true).await {} });
    }
    while streams.join_next().await.is_some() {}
    asked.read_to_end(1).await.ok().map(drop)
}

/// Moves the files to or from a web server, each with a client of its own.
pub(crate) async fn by_curl(scenario: &Scenario, process: &Process) -> Result<Measured> {
    let mut measured = Measured::default();
    let files = Files::new(scenario).await?;
    let served = process.folder().join(nginx::FILES);
    if scenario.pattern == Pattern::Download {
        for (path, _) in &files.each {
            let name = path.file_name().unwrap_or_default();
            std::fs::copy(path, served.join(name)).map_err(|error| Error::new("the file to get", error))?;
        }
    }
    let window = Window::open(process)?;
    let mut running = JoinSet::new();
    for (number, (path, _)) in files.each.iter().enumerate() {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(&process.ca);
        match scenario.pattern {
            Pattern::Download => curl.arg("--output").arg(files.folder.path().join(format!("got-{number}"))),
            _ => curl.arg("--upload-file").arg(path),
        };
        curl.arg(format!("https://localhost:{}/{number}", process.port)).arg("--ipv4");
        running.spawn_blocking(move || curl.status());
    }
    let moving = async {
        while let Some(done) = running.join_next().await {
            let ended = done.map_err(|error| Error::new("a thread", error))?;
            let status = ended.map_err(|error| Error::new("curl does not start", error))?;
            if !status.success() {
                return Err(Error(format!("curl ended with {status}")));
            }
        }
        Ok(())
    };
    timed(moving).await?;
    window.close(process, units(scenario), &mut measured)?;
    Ok(measured)
}

/// Says something now and then, until told to stop: how long each ack took.
async fn talk(
    client: &Client,
    (conversation, notes): (ConversationId, &mut Notes),
    until: impl Future<Output = ()>,
) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    tokio::pin!(until);
    loop {
        let id = client.new_id().map_err(fail("an id"))?;
        let message = Outgoing::text("beside a file");
        notes.says(&[(id.0, message.body.clone())]);
        let began = Instant::now();
        let acked = async { client.send(conversation, message.id(id)).await?.await };
        let acked = tokio::time::timeout(PATIENCE, acked).await;
        let ack = acked.map_err(|_| Error("an ack takes too long".into()))?.map_err(fail("send"))?;
        let took = began.elapsed();
        latencies.add(took);
        let (event_seq, message_seq, at_ms) = (ack.event_seq, ack.message_seq, ack.at_ms);
        notes.heard(Heard::Ack { id: id.0, event_seq, message_seq, at_ms, took });
        tokio::select! {
            () = &mut until => return Ok(latencies),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

pub(super) async fn beside(target: &mut Target<'_>) -> Result<Measured> {
    let mut measured = Measured::default();
    let files = Files::new(target.scenario).await?;
    let line = Line::to(target.process.port, Shape::of(target.scenario)).await?;
    let client = client(line.port, &target.process.ca, 1).await?;
    let id = client.new_id().map_err(fail("an id"))?;
    let group = CreateGroup { id, name: "beside".into(), accounts: Vec::new(), open_history: false };
    let conversation = client.call(group).await.map_err(fail("a group"))?.conversation;
    let mut notes = Notes::new(Device { account: 1, conversation: conversation.0 });
    let mover = std::slice::from_ref(&client);
    let there = if target.scenario.download { timed(files.upload(mover)).await? } else { Vec::new() };
    let time = tokio::time::sleep(Duration::from_secs(target.scenario.seconds));
    let alone = talk(&client, (conversation, &mut notes), time).await?.summary();
    let window = Window::open(target.process)?;
    let (ended, end) = tokio::sync::oneshot::channel();
    let moving = async {
        let result = timed(async {
            if there.is_empty() {
                return files.upload(mover).await.map(drop);
            }
            files.download(there).await
        })
        .await;
        let _ = ended.send(());
        result
    };
    let talking = talk(&client, (conversation, &mut notes), async { drop(end.await) });
    let (moved, beside) = tokio::join!(moving, talking);
    moved?;
    let beside = beside?;
    measured.notes.add(notes);
    window.close(target.process, beside.0.len() as u64, &mut measured)?;
    let [_, p99, _] = beside.clone().summary();
    measured.latencies = beside;
    for (name, value) in [
        ("alone_p50_ms", alone[0]),
        ("alone_p99_ms", alone[1]),
        ("p99_ratio", p99 / alone[1].max(1e-6)),
        ("file_mib_per_second", units(target.scenario) as f64 / measured.seconds.max(1e-9)),
    ] {
        measured.more.insert(name.into(), json!((value * 1000.0).round() / 1000.0));
    }
    files.disk(&mut measured).await?;
    Ok(measured)
}
