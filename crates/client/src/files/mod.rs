//! Files: up and down in verified chunks, several streams at a time, going on where they were.
//!
//! Nothing has to be kept to resume: the server tells which chunks of an upload it has, and a download looks at
//! the chunks of its part file.

mod clean;
mod download;
mod names;
mod pace;
mod part;
mod upload;

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use litrocket_core::chunks::{Hash, Layout};
use litrocket_protocol::{Class, Fault, close_code, fault::code, limits, stream_kind};
use tokio::{
    sync::{Semaphore, oneshot},
    time::Instant,
};

pub use clean::{check_picture, clean_picture};
pub use names::disk_name;
pub(crate) use pace::Uploads;
pub use part::{check_target, new_name};

use crate::{Error, disk::off_the_runtime, shared::lock, stream::RecvStream};

/// Bytes that are written or read at once, so that progress is seen.
const PIECE: usize = 64 * 1024;
/// The pause before a failed part is tried again; it doubles up to the longest while nothing gets further.
const PAUSE: Duration = Duration::from_millis(300);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Tries without getting further after which the patience counts: a slow line may need longer for one.
const TRIES_MIN: u32 = 3;

/// How a transfer is done, and who watches it.
#[derive(Clone)]
pub struct Transfer {
    /// Streams at the same time, at least 1; servers take 4.
    pub streams: usize,
    /// How long it may go without a further chunk, also while the server is away.
    pub patience: Duration,
    /// Whether a download replaces a file of the target's name. Without it nothing that is there, or comes there meanwhile,
    /// is touched.
    pub replaces: bool,
    /// How many bytes a download may have: [`limits::FILE_BYTES_MAX`], or as many as were announced.
    pub at_most: u64,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are there, and on their way.
    pub done: u64,
    /// Bytes of those that were there before this call.
    pub resumed: u64,
    /// Bytes in all.
    pub size: u64,
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            streams: 3,
            patience: Duration::from_secs(60),
            replaces: true,
            at_most: limits::FILE_BYTES_MAX,
            progress: Arc::new(|_| {}),
        }
    }
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transfer({} streams)", self.streams)
    }
}

impl Transfer {
    /// Gives up when nothing moved for so long.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Fetches no file that is larger than it was said to be: the download fails with `too_long` before anything is written.
    #[must_use]
    pub fn at_most(mut self, bytes: u64) -> Self {
        self.at_most = self.at_most.min(bytes);
        self
    }

    /// Replaces no file: the download fails where there is one of its name.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.replaces = false;
        self
    }

    /// Calls this with each step. It must not block.
    #[must_use]
    pub fn watched(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(progress);
        self
    }
}

/// What a file's content is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Its size in bytes.
    pub size: u64,
    /// Its BLAKE3 hash.
    pub blake3: Hash,
    /// The hash of each chunk.
    pub hashes: Vec<Hash>,
}

impl Digest {
    /// Reads a file through.
    pub async fn of_file(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        blocking(move || {
            let mut file = open_regular(&path)?;
            let size = file.metadata()?.len();
            let layout = Layout::new(size);
            let mut hashes = Vec::new();
            let mut buffer = Vec::new();
            for index in 0..layout.chunks() {
                buffer.resize(layout.len(index) as usize, 0);
                file.read_exact(&mut buffer)?;
                hashes.push(layout.hash(index, &buffer));
            }
            if file.read(&mut [0])? > 0 {
                return Err(no_file(
                    "it does not end where it says, as what a system makes up when it is read",
                ));
            }
            let blake3 = layout.root(&hashes).unwrap_or_default();
            Ok(Self { size, blake3, hashes })
        })
        .await
    }
}

/// Opens a file that has an end. A pipe or a device would be waited for, or read for ever.
pub(crate) fn open_regular(path: &Path) -> std::io::Result<File> {
    let is_file = |metadata: std::fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false if metadata.is_dir() => Err(std::io::ErrorKind::IsADirectory.into()),
        false => Err(no_file("it is a pipe, a device or the like")),
    };
    // Before it is opened, because that waits too, and after, because it may be another one by then.
    is_file(std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    is_file(file.metadata()?)?;
    Ok(file)
}

fn no_file(why: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("this is no ordinary file: {why}"))
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    off_the_runtime(work).await.map_err(Error::File)
}

/// What a stream's end by the server means.
fn stopped(code_number: u64) -> Error {
    let fault = match u32::try_from(code_number).unwrap_or(u32::MAX) {
        close_code::WRONG_HASH => Fault::new(code::WRONG_HASH),
        close_code::NO_TRANSFER => Fault::new(code::FILE_GONE),
        close_code::DAMAGED => Fault::new(code::FILE_DAMAGED),
        close_code::STORAGE => Fault::new(code::STORAGE_FULL),
        close_code::BUSY => Fault::new(code::BUSY),
        close_code::TOO_SLOW => Fault::new(code::TIMED_OUT),
        close_code::WRONG_SIZE => Fault::new(code::BAD_VALUE),
        _ => return Error::Unreachable(format!("the stream was ended with {code_number}")),
    };
    fault.into()
}

/// Whether trying again may help.
fn passes(error: &Error) -> bool {
    match error {
        Error::Unreachable(_) | Error::TimedOut => true,
        Error::Fault(fault) => fault.class == Class::Retry,
        _ => false,
    }
}

/// Splits what is missing into parts of consecutive chunks, at most one for each stream.
fn parts(missing: &[(u64, u64)], streams: usize) -> Vec<Vec<(u64, u64)>> {
    let all: u64 = missing.iter().map(|(_, count)| count).sum();
    let each = all.div_ceil(streams.max(1) as u64).max(1);
    let mut parts: Vec<Vec<(u64, u64)>> = Vec::new();
    let mut room = 0;
    for &(mut first, mut count) in missing {
        while count > 0 {
            if room == 0 {
                parts.push(Vec::new());
                room = each;
            }
            let take = count.min(room);
            if let Some(part) = parts.last_mut() {
                part.push((first, take));
            }
            (first, count, room) = (first + take, count - take, room - take);
        }
    }
    parts
}

/// How far a transfer is, counted by its streams.
struct Meter {
    transfer: Transfer,
    size: u64,
    resumed: AtomicU64,
    /// What is there and under way, for whoever watches.
    done: AtomicU64,
    further: Mutex<Further>,
}

/// When a transfer got further: chunks that the other side, or the disk, has. What was merely sent does not count, or
/// bytes that are never stored would be sent for ever.
struct Further {
    bytes: u64,
    at: Instant,
    tries: u32,
}

impl Meter {
    fn new(transfer: Transfer, size: u64) -> Arc<Self> {
        let (resumed, done) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        let further = Mutex::new(Further { bytes: 0, at: Instant::now(), tries: 0 });
        Arc::new(Self { transfer, size, resumed, done, further })
    }

    /// So much is there now, as the keeper of the chunks says.
    fn set(&self, done: u64) {
        self.reached(done);
        let before = self.done.swap(done, Ordering::Relaxed);
        let first =
            self.resumed.compare_exchange(u64::MAX, done, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if first || done > before {
            self.tell();
        }
    }

    /// So much is kept.
    fn reached(&self, bytes: u64) {
        let mut further = lock(&self.further);
        if bytes > further.bytes {
            *further = Further { bytes, at: Instant::now(), tries: 0 };
        }
    }

    /// So many bytes more are under way.
    fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let done = self.done.load(Ordering::Relaxed).min(self.size);
        let resumed = match self.resumed.load(Ordering::Relaxed) {
            u64::MAX => 0,
            resumed => resumed,
        };
        (self.transfer.progress)(Progress { done, resumed, size: self.size });
    }

    /// Whether nothing got further for as long as the patience lasts.
    fn is_out_of_patience(&self) -> bool {
        lock(&self.further).at.elapsed() >= self.transfer.patience
    }

    /// Waits a moment before the next try, or gives the error back when the patience is at its end.
    async fn again(&self, error: Error) -> Result<(), Error> {
        let patience = self.transfer.patience;
        let tries = {
            let mut further = lock(&self.further);
            further.tries = further.tries.saturating_add(1);
            if !passes(&error) || (further.tries >= TRIES_MIN && further.at.elapsed() > patience) {
                return Err(error);
            }
            further.tries
        };
        let asked = error.fault().and_then(|fault| fault.retry_after_ms).map(Duration::from_millis);
        let pause = PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(5)).min(PAUSE_MAX);
        tokio::time::sleep(asked.unwrap_or(pause).min(patience)).await;
        Ok(())
    }
}

/// Streams that the server may open at the same time; more downloads than that take turns.
pub(crate) const DOWNLOAD_STREAMS: u32 = 4;

/// Downloads that wait for the stream the server opens.
pub(crate) struct Waiting {
    last: AtomicU64,
    places: Semaphore,
    streams: Mutex<HashMap<u64, oneshot::Sender<RecvStream>>>,
}

/// A number for a download, given back when it is dropped.
struct Number<'a> {
    waiting: &'a Waiting,
    value: u64,
    stream: oneshot::Receiver<RecvStream>,
}

impl Default for Waiting {
    fn default() -> Self {
        let places = Semaphore::new(DOWNLOAD_STREAMS as usize);
        Self { last: AtomicU64::default(), places, streams: Mutex::default() }
    }
}

impl Waiting {
    fn number(&self) -> Number<'_> {
        let value = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, stream) = oneshot::channel();
        lock(&self.streams).insert(value, sender);
        Number { waiting: self, value, stream }
    }

    /// Takes the streams that the server opens, for as long as the connection lasts.
    pub(crate) async fn accept(&self, connection: &quinn::Connection) -> Result<(), Error> {
        loop {
            let recv =
                connection.accept_uni().await.map_err(|error| Error::Unreachable(error.to_string()))?;
            let mut recv = RecvStream::new(recv);
            // The numbers at the beginning come in one packet; a stream that breaks there is given up.
            let head = async {
                let kind = recv.varint().await?;
                Ok::<_, Error>((kind, recv.varint().await?, recv.varint().await?, recv.varint().await?))
            };
            let number = match tokio::time::timeout(Duration::from_secs(10), head).await {
                Ok(Ok((stream_kind::DOWNLOAD, number, ..))) => number,
                Ok(Ok(_)) => continue,
                // Nobody knows whose it was: all who wait ask again.
                Ok(Err(_)) | Err(_) => {
                    lock(&self.streams).clear();
                    continue;
                }
            };
            if let Some(waiting) = lock(&self.streams).remove(&number) {
                let _ = waiting.send(recv);
            }
        }
    }
}

impl Drop for Number<'_> {
    fn drop(&mut self) {
        lock(&self.waiting.streams).remove(&self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_ordinary_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, Path::new("/dev/zero"), Path::new("/proc/cpuinfo"), folder.path()] {
            let digest = tokio::time::timeout(Duration::from_secs(5), Digest::of_file(path)).await.unwrap();
            assert!(matches!(digest, Err(Error::File(_))), "{}: {digest:?}", path.display());
        }
        for path in [&pipe, Path::new("/dev/zero")] {
            let read = crate::Recording::read(path);
            assert!(tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().is_err());
            let clean = clean_picture(path, folder.path());
            assert!(tokio::time::timeout(Duration::from_secs(5), clean).await.unwrap().is_err());
        }
        let said = Digest::of_file(&pipe).await.unwrap_err().to_string();
        assert!(said.contains("no ordinary file"), "{said}");
    }

    #[test]
    fn what_is_missing_is_shared_among_the_streams() {
        assert_eq!(parts(&[(0, 10)], 3), [vec![(0, 4)], vec![(4, 4)], vec![(8, 2)]]);
        assert_eq!(parts(&[(1, 1), (5, 3)], 2), [vec![(1, 1), (5, 1)], vec![(6, 2)]]);
        assert_eq!(parts(&[(7, 1)], 4), [vec![(7, 1)]]);
        assert!(parts(&[], 4).is_empty());
    }
}
