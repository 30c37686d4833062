//! The only assembler: `Server::{bind, run}`. Tests, benches and the binary all call it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use litrocket_protocol::{close_code, state::GoingAway};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    app::{App, Clock},
    cause,
    cause::Cause,
    config::Config,
    db::{self, SearchIndex},
    features::{self, account, chat::ChatHooks, search},
    hub::{Hub, StateValue},
    limits::{self, RateLimits},
    loops::Loops,
    memory, rpc,
    transport::{self, Listener},
    turns::Turns,
    writer::{self, Writer},
};

/// How often free space is looked at.
const DISK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a stop waits for the index.
const INDEX_STOP: Duration = Duration::from_secs(2);
/// What a stop keeps of its grace for the commit and the end of the database, at most; a quarter of shorter ones.
const COMMIT_TIME: Duration = Duration::from_secs(2);
/// What it keeps for the very end, when clients are told and the process goes, whatever happened before.
const LAST_WORDS: Duration = Duration::from_millis(400);
/// The least time that a stop gets, however short its grace is: that of one commit.
const STOP_MIN: Duration = Duration::from_secs(1);

const GOING: &str = "the server is going away";

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    router: Arc<rpc::Router>,
    listener: Arc<Listener>,
    address: SocketAddr,
    identity: transport::Identity,
    drain: watch::Sender<bool>,
    /// Where operators on this machine ask.
    admin: Option<features::admin::Socket>,
    /// Keeps other processes out of the data folder.
    _lock: std::fs::File,
}

impl Server {
    /// Opens everything in the order in which it depends on each other: the folder's lock, the database, the
    /// writer, then the door. Nobody can come in before everything behind it works.
    pub async fn bind(config: Config) -> Result<Self, Cause> {
        let data = PathBuf::from(&config.server.data);
        let lock = lock_folder(&data)?;
        let clock = Clock::default();
        let hub = Arc::new(Hub::default());
        let options = writer_options(&config, &data);
        let (writer, db) = Writer::open(&options, hub.clone(), clock.clone()).await.map_err(not_opened)?;
        let search = open_search(&data)?;
        let identity = writer.identity().clone();
        let writer = writer
            .start(Arc::new(ChatHooks { files_quota: config.files.quota_mib << 20 }))
            .map_err(|error| cause!("the writer does not start: {}", error))?;
        let router = routes()?;
        let listen = config.listen()?;
        let wall = clock.clone();
        let (listener, certificates) =
            Listener::bind(&transport_options(&config, listen, &data), move || wall.now())?;
        let address = listener.local_addr()?;
        let (drain, draining) = watch::channel(false);
        let passwords = account::Passwords::new(&config.accounts)
            .map_err(|error| cause!("passwords cannot be hashed: {}", &error))?;
        let throttle = account::Throttle::new(&config.accounts);
        let names = account::Names::open(&data)?;
        let mail = features::mail::Mail::open(&config, &data)?;
        let translator = features::words::Translator::new(&config.words)?;
        let files = features::files::Files::open(&config.files, &data)?;
        let newest_announcement = features::announcements::Newest::load(&db)
            .await
            .map_err(|error| cause!("the announcements cannot be read: {}", &error))?;
        let app = Arc::new(App {
            newest_announcement,
            public_address: public_address(&config, address),
            ca_sha256: local_ca(&config, &certificates),
            budgets: rpc::Budgets::new(&config.limits),
            send_room: crate::writer::room(crate::writer::ALL_SENDS_MAX),
            sends: RateLimits::new(config.limits.sends_per_second, config.limits.sends_burst),
            config,
            clock,
            db,
            writer,
            hub,
            identity,
            passwords,
            throttle,
            names,
            mail,
            search,
            searches: Turns::new(features::search::TURNS),
            exports: Turns::new(features::export::TURNS),
            dictionary: features::words::Dictionary::new(&data),
            translator,
            files,
            watchers: features::presence::Watchers::default(),
            draining,
        });
        Ok(Self {
            app,
            router,
            listener: Arc::new(listener),
            address,
            identity: certificates,
            drain,
            admin: features::admin::open(&data),
            _lock: lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients trust it by.
    pub fn identity(&self) -> &transport::Identity {
        &self.identity
    }

    /// The parts, for those who start it.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Serves until `stop` completes, then drains: what was accepted is finished and acked. `abort` ends the
    /// draining at once.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()> + Send,
        abort: impl Future<Output = ()> + Send,
    ) -> Result<(), Cause> {
        let mut connections = JoinSet::new();
        let index = search::start(self.app.clone())
            .map_err(|error| cause!("the indexer does not start: {}", error))?;
        let loops = start_loops(&self.app, self.admin.take());
        tokio::pin!(stop);
        let failed = self.app.writer.failed();
        tokio::pin!(failed);
        loop {
            tokio::select! {
                connection = self.listener.accept() => match connection {
                    Some(connection) => {
                        connections.spawn(rpc::serve(self.app.clone(), self.router.clone(), connection));
                    }
                    None => break,
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = &mut stop => break,
                why = &mut failed => return Err(self.fails(&why).await),
            }
        }
        let grace = self.app.config.shutdown_grace().max(STOP_MIN);
        let over = Instant::now() + grace - LAST_WORDS;
        drop(tokio::time::timeout_at(over, loops.stop()).await);
        tokio::select! {
            () = self.drain(connections, over) => {}
            () = tokio::time::sleep_until(over) => {
                self.listener.close(close_code::GOING_AWAY, GOING, LAST_WORDS / 4).await;
                return Err(cause!(
                    "the stop did not end within its grace of {} ms: the database did not take what waited. What was acked is stored",
                    &grace.as_millis()
                ));
            }
            why = &mut failed => return Err(self.fails(&why).await),
            () = abort => return Err(cause!("stopped at once: clients were not told")),
        }
        // The index is made again where it stopped; what it does at the moment may take long.
        let joined = tokio::task::spawn_blocking(move || index.join());
        drop(tokio::time::timeout_at(over.min(Instant::now() + INDEX_STOP), joined).await);
        Ok(())
    }

    /// The database failed: nobody is answered any more, and everybody hears at once that this is the end.
    async fn fails(&self, why: &str) -> Cause {
        let reason = "the server had an internal error";
        self.listener.close(close_code::INTERNAL, reason, LAST_WORDS).await;
        cause!("the database failed: {}", why)
    }

    /// Ends what is connected and then the database; `over` says when all of it has to be done.
    async fn drain(&self, mut connections: JoinSet<()>, over: Instant) {
        self.listener.stop_admitting();
        let devices = self.app.hub.all_devices();
        let time = over.duration_since(Instant::now());
        let until = over - COMMIT_TIME.min(time / 4);
        tracing::info!(devices = devices.len(), time_ms = time.as_millis(), "going away");
        for (i, device) in (0_u64..).zip(&devices) {
            // Clients come back spread over time, not all at once.
            let retry_after_ms = limits::GOING_AWAY_RETRY_MS + i * 1000 / limits::RETURNS_PER_SECOND;
            device.tell(StateValue::GoingAway(GoingAway { retry_after_ms }));
        }
        // One moment for the word to leave before streams are read no more.
        tokio::time::sleep(limits::REVOKE_GRACE.min(time)).await;
        self.drain.send_replace(true);
        let all_done = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout_at(until, all_done).await.is_err() {
            tracing::warn!("some connections did not finish within the grace");
        }
        self.app.writer.stop().await;
        self.listener.close(close_code::GOING_AWAY, GOING, Duration::from_millis(500)).await;
        self.app.db.close().await;
    }
}

/// Starts what goes on beside the connections.
fn start_loops(app: &Arc<App>, admin: Option<features::admin::Socket>) -> Loops {
    let mut loops = Loops::default();
    loops.start("the look at the disk", app, watch_disk);
    loops.start("expired requests", app, features::people::expire);
    loops.start("the index of names", app, features::people::index_all);
    loops.start("old tombstones", &app.writer, writer::prune);
    loops.start("ends of accounts", app, account::delete_due);
    loops.start("mail", app, features::mail::run);
    loops.start("unused files", app, features::files::collect);
    loops.start("unread files", app, features::files::sweep);
    loops.start("previews", app, features::files::make_previews);
    loops.start("known files", app, features::files::announce_known_files);
    if let Some(socket) = admin {
        let part = (app.clone(), Arc::new(socket));
        // The socket goes with the last who holds it.
        loops.start("litrocket admin", &part, |(app, socket)| features::admin::serve(app, socket));
    }
    loops
}

pub(crate) fn writer_options(config: &Config, data: &Path) -> writer::Options {
    let storage = &config.storage;
    writer::Options {
        folder: data.to_owned(),
        database: db::Options {
            full_durability: storage.durability == "full",
            readers: storage.readers as u32,
            checkpoint_bytes: storage.wal_mib * 1024 * 1024,
            read_time: Duration::from_millis(storage.read_time_ms),
        },
        batch_max: storage.batch_max as usize,
        stranger_messages_max: config.people.stranger_messages_max,
    }
}

pub(crate) fn transport_options(config: &Config, listen: SocketAddr, data: &Path) -> transport::Options {
    let (server, quic) = (&config.server, &config.transport);
    let own = || (PathBuf::from(&server.certificate), PathBuf::from(&server.certificate_key));
    transport::Options {
        listen,
        certs_dir: PathBuf::from(&server.certs),
        data_dir: data.to_owned(),
        names: server.names.clone(),
        certificate: (!server.certificate.is_empty()).then(own),
        idle_timeout: Duration::from_millis(quic.idle_timeout_ms),
        keep_alive: Duration::from_millis(quic.keep_alive_ms),
        connections_max: memory::connections(quic.connections_max as usize),
        connections_per_address_max: quic.connections_per_address_max as usize,
        handshakes_max: quic.handshakes_max as usize,
        handshakes_unvalidated_max: quic.handshakes_unvalidated_max as usize,
        bidi_streams_max: quic.bidi_streams_max as u32,
        uni_streams_max: quic.uni_streams_max as u32,
        zero_rtt: quic.zero_rtt,
        gso: quic.gso,
    }
}

/// Every request's handler.
fn routes() -> Result<Arc<rpc::Router>, Cause> {
    let router = Arc::new(features::routes());
    match router.missing().as_slice() {
        [] => Ok(router),
        missing => Err(cause!("these requests have no handler: {}", &missing.join(", "))),
    }
}

/// The fingerprint that addresses name; none for the operator's own certificate.
fn local_ca(config: &Config, certificates: &transport::Identity) -> String {
    if config.server.certificate.is_empty() { certificates.ca_sha256.clone() } else { String::new() }
}

/// Everything else works without the index, also where the disk is full: search alone answers `unavailable`.
fn open_search(data: &Path) -> Result<SearchIndex, Cause> {
    let search = SearchIndex::open(data).or_else(|error| {
        tracing::error!(%error, "the search index does not open: nothing can be searched until the next start");
        SearchIndex::closed()
    });
    search.map_err(|error| cause!("the search index does not open: {}", &error))
}

/// Why there is no database.
pub(crate) fn not_opened(error: db::OpenError) -> Cause {
    use db::OpenError::{Driver, Newer, Older};
    match error {
        Newer { database, program } => cause!(
            "the database has version {}, this program knows versions up to {}: run a newer program",
            &database,
            &program
        ),
        Older { database, program } => cause!(
            "the database has version {}, this program reads version {}: start the server with it first",
            &database,
            &program
        ),
        Driver(error) => cause!("the database does not open: {}", &error),
    }
}

/// How a machine that serves all its addresses is called from elsewhere: by its host name where that is a name of the DNS.
fn far_name(host: Option<String>) -> String {
    host.filter(|host| host.trim_matches('.').contains('.')).unwrap_or_else(|| "localhost".into())
}

fn public_address(config: &Config, address: SocketAddr) -> String {
    if !config.server.public_address.is_empty() {
        return config.server.public_address.clone();
    }
    let host = match config.server.names.first() {
        Some(name) => name.clone(),
        None if address.ip().is_unspecified() => far_name(transport::host_name()),
        None if address.is_ipv6() => format!("[{}]", address.ip()),
        None => address.ip().to_string(),
    };
    format!("{host}:{}", address.port())
}

/// Makes the data folder (0700) and locks it to this process.
fn lock_folder(folder: &Path) -> Result<std::fs::File, Cause> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let fail =
        |error: std::io::Error| cause!("the data folder {} is not usable: {}", &folder.display(), error);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    let mode = std::fs::metadata(folder).map_err(fail)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(folder = %folder.display(), mode = format!("{mode:o}"), "others could look into the data folder: closed to them");
        let private = std::fs::Permissions::from_mode(mode & 0o700);
        std::fs::set_permissions(folder, private).map_err(fail)?;
    }
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(fail)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        cause!(
            "the data folder {} is not usable: another server uses it; stop that one or name another folder with --data",
            &folder.display()
        )
    })?;
    Ok(file)
}

/// Below the reserve nothing is written, so that reading goes on and nothing is left half done.
async fn watch_disk(app: Arc<App>) {
    let reserve = app.config.storage.disk_reserve_mib * 1024 * 1024;
    let folder = PathBuf::from(&app.config.server.data);
    let mut was_low = false;
    loop {
        let free = rustix::fs::statvfs(&folder).map(|stat| stat.f_bavail * stat.f_frsize);
        let low = free.is_ok_and(|free| free < reserve);
        if low != was_low {
            tracing::warn!(
                low,
                reserve_mib = app.config.storage.disk_reserve_mib,
                "free space crossed the reserve"
            );
            was_low = low;
            app.writer.set_disk_low(low);
        }
        tokio::time::sleep(DISK_INTERVAL).await;
    }
}
