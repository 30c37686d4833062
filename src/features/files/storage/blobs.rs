//! Where chunks are kept: a local folder, or S3-compatible storage by its URL.
//!
//! A content is the objects `<place>/<chunk>`. An object is written whole or not at all, and only after its chunk
//! was verified; so the list of objects is the list of chunks that are there. Knows no account and no SQL.

use std::{
    fs::File,
    io,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use litrocket_core::chunks::{Hash, Have, Layout};
use litrocket_protocol::pictures::PREVIEW_SIZES;
use object_store::{
    ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use rustix::{buffer::spare_capacity, io::Errno};
use tokio::sync::Semaphore;

use super::{place::ContentPlace, staged, workers::Workers};
use crate::{
    cause,
    cause::{Cause, Part},
    config,
};

/// The object that says whose storage it is.
const MARK: &str = "litrocket-storage";
/// How long one request to S3-compatible storage is tried again.
const RETRY_TIME: Duration = Duration::from_secs(10);
/// Bytes that are read at once, each into memory of its own: what is sent is given back piece by piece.
const PIECE: usize = 64 * 1024;
/// Objects that are written into the folder at the same time, one copied while the other is on its way to the disk. Whatever
/// waits for the disk, the log of chat waits behind it.
pub(super) const WRITES: usize = 2;

/// The storage of chunks.
#[derive(Debug, Clone)]
pub(in crate::features::files) struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder, when it is one.
    folder: Option<PathBuf>,
    /// Free space below which nothing is stored, in bytes.
    reserve: u64,
    /// Whose turn it is to write an object into the folder.
    writes: Arc<Semaphore>,
    pub(in crate::features::files) workers: Arc<Workers>,
}

/// A chunk as it is stored.
#[derive(Debug)]
pub(in crate::features::files) struct Stored {
    pub(in crate::features::files) pieces: Vec<Bytes>,
    /// The hash of these bytes, whatever it should be.
    pub(in crate::features::files) hash: Hash,
}

/// An object of the storage.
#[derive(Debug)]
pub(in crate::features::files) struct Object {
    /// Where it is; `None` for one that is not ours.
    pub(in crate::features::files) place: Option<ContentPlace>,
    /// In bytes.
    pub(in crate::features::files) size: u64,
    /// When it was written, in milliseconds since 1970.
    pub(in crate::features::files) written_ms: u64,
    path: Path,
}

/// The storage takes or gives nothing at the moment.
#[derive(Debug)]
pub(in crate::features::files) enum BlobError {
    /// The object is not there.
    Missing,
    /// Too little space.
    Full,
    /// The storage as a whole is not there, or is another one.
    Away,
    /// Anything else.
    Failed(String),
}

impl std::fmt::Display for BlobError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("the object is not there"),
            Self::Full => f.write_str("there is too little space"),
            Self::Away => f.write_str(
                "the storage does not have the mark of this server's: it is away, or another one \
                 (if it is the right one: litrocket admin files check --confirm --accept)",
            ),
            Self::Failed(cause) => f.write_str(cause),
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<tokio::task::JoinError> for BlobError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl Blobs {
    pub(in crate::features::files) fn open(
        config: &config::Files,
        data: &std::path::Path,
    ) -> Result<Self, Cause> {
        let reserve = config.disk_reserve_mib << 20;
        let workers =
            Workers::start().map_err(|error| cause!("the threads for files do not start: {}", error))?;
        let (workers, writes) = (Arc::new(workers), Arc::new(Semaphore::new(WRITES)));
        if config.store.starts_with("s3://") {
            return Ok(Self { store: s3(config)?, folder: None, reserve, writes, workers });
        }
        let folder = if config.store.is_empty() { data.join("files") } else { PathBuf::from(&config.store) };
        let fail = |why: Part| cause!("the folder of files {} is not usable: {}", &folder.display(), why);
        std::fs::create_dir_all(&folder).map_err(|error| fail(error.into()))?;
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|error| fail((&error).into()))?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self { store: Arc::new(store), folder: Some(folder), reserve, writes, workers })
    }

    /// Whether so many bytes have room above the reserve.
    pub(in crate::features::files) fn has_room(&self, bytes: u64) -> bool {
        let Some(folder) = &self.folder else { return true };
        let free = rustix::fs::statvfs(folder).map(|stat| stat.f_bavail * stat.f_frsize);
        free.is_ok_and(|free| free >= self.reserve.saturating_add(bytes))
    }

    /// Stores a chunk: whole and durable, or not at all.
    pub(in crate::features::files) async fn put(
        &self,
        place: ContentPlace,
        chunk: u64,
        bytes: Bytes,
    ) -> Result<(), BlobError> {
        self.put_in(place.path(chunk), bytes).await
    }

    async fn put_in(&self, path: Path, bytes: Bytes) -> Result<(), BlobError> {
        // A folder that is not mounted takes what it is given, and loses it when it is.
        if self.folder.as_ref().is_some_and(|folder| !folder.join(MARK).is_file()) {
            return Err(BlobError::Away);
        }
        self.write(path, bytes).await
    }

    /// Writes an object to its end, also when nobody waits for it any more.
    async fn write(&self, path: Path, bytes: Bytes) -> Result<(), BlobError> {
        if !self.has_room(bytes.len() as u64) {
            return Err(BlobError::Full);
        }
        let store = self.store.clone();
        let turn = self.folder.is_some().then(|| self.writes.clone());
        let written = self.workers.spawn(async move {
            let _turn = match &turn {
                Some(writes) => writes.acquire().await.ok(),
                None => None,
            };
            store.put(&path, bytes.into()).await
        });
        written.await??;
        Ok(())
    }

    /// The storage's mark.
    pub(in crate::features::files) async fn mark(&self) -> Result<Bytes, BlobError> {
        Ok(self.store.get(&Path::from(MARK)).await?.bytes().await?)
    }

    pub(super) async fn put_mark(&self, mark: Bytes) -> Result<(), BlobError> {
        self.write(Path::from(MARK), mark).await
    }

    /// Takes away what writes left that never came to their end; how many.
    pub(in crate::features::files) async fn sweep_staged(&self) -> std::io::Result<u64> {
        match &self.folder {
            Some(folder) => staged::sweep(folder.clone(), self.writes.clone()).await,
            None => Ok(0),
        }
    }

    /// A whole chunk.
    pub(in crate::features::files) async fn get(
        &self,
        place: ContentPlace,
        layout: Layout,
        chunk: u64,
    ) -> Result<Stored, BlobError> {
        let path = place.path(chunk);
        if let Some(folder) = &self.folder {
            // Opened, read and hashed by one thread at once: the store would open and read on one after the other.
            let file = folder.join(path.as_ref());
            return Ok(self.workers.run(move || read(&file, layout, chunk)).await??);
        }
        let whole = self.store.get(&path).await?.bytes().await?;
        let cut = move || {
            let hash = layout.hash(chunk, &whole);
            Stored { pieces: whole.chunks(PIECE).map(Bytes::copy_from_slice).collect(), hash }
        };
        Ok(self.workers.run(cut).await?)
    }

    /// The hash of a chunk that is to be stored.
    pub(in crate::features::files) async fn hash(
        &self,
        layout: Layout,
        chunk: u64,
        bytes: Bytes,
    ) -> Result<Hash, BlobError> {
        Ok(self.workers.run(move || layout.hash(chunk, &bytes)).await?)
    }

    /// Stores a small picture of a content beside its chunks; it goes with them.
    pub(in crate::features::files) async fn put_preview(
        &self,
        place: ContentPlace,
        size: u32,
        jpeg: Bytes,
    ) -> Result<(), BlobError> {
        self.put_in(place.preview(size), jpeg).await
    }

    /// Takes the small pictures of a content away; those that are not there are no error.
    pub(in crate::features::files) async fn delete_previews(
        &self,
        place: ContentPlace,
    ) -> Result<(), BlobError> {
        for size in PREVIEW_SIZES {
            match self.store.delete(&place.preview(size)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A small picture of a content.
    pub(in crate::features::files) async fn get_preview(
        &self,
        place: ContentPlace,
        size: u32,
    ) -> Result<Bytes, BlobError> {
        Ok(self.store.get(&place.preview(size)).await?.bytes().await?)
    }

    /// Which chunks are there.
    pub(in crate::features::files) async fn have(
        &self,
        place: ContentPlace,
        layout: Layout,
    ) -> Result<Have, BlobError> {
        let mut have = Have::none(layout.chunks());
        let prefix = place.prefix();
        let mut list = self.store.list(Some(&prefix));
        while let Some(object) = list.next().await {
            let object = object?;
            let index = object.location.filename().and_then(|name| name.parse().ok());
            if let Some(index) = index.filter(|index| object.size == layout.len(*index)) {
                have.set(index);
            }
        }
        Ok(have)
    }

    /// Deletes what is there of a content, as far as the storage lets go of it.
    pub(in crate::features::files) async fn delete(&self, place: ContentPlace) -> Result<(), BlobError> {
        let list = self.store.list(Some(&place.prefix()));
        let mut deleted = self.store.delete_stream(list.map_ok(|object| object.location).boxed());
        let mut result = Ok(());
        while let Some(one) = deleted.next().await {
            match one {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => result = Err(error.into()),
            }
        }
        result
    }

    /// Goes over all objects but the mark.
    pub(in crate::features::files) fn all(&self) -> impl Stream<Item = Result<Object, BlobError>> + '_ {
        let objects = self.store.list(None);
        objects.filter_map(async |object| match object {
            Ok(object) if object.location.as_ref() == MARK => None,
            Ok(object) => Some(Ok(Object {
                place: ContentPlace::of(&object.location),
                size: object.size,
                written_ms: u64::try_from(object.last_modified.timestamp_millis()).unwrap_or(u64::MAX),
                path: object.location,
            })),
            Err(error) => Some(Err(error.into())),
        })
    }

    /// Deletes one of them.
    pub(in crate::features::files) async fn delete_object(&self, object: &Object) -> Result<(), BlobError> {
        match self.store.delete(&object.path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads a chunk and hashes each piece while it is at hand. A byte more than the chunk has makes another hash of it too.
fn read(path: &FilePath, layout: Layout, chunk: u64) -> io::Result<Stored> {
    let file = File::open(path)?;
    let mut left = layout.len(chunk) as usize + 1;
    let (mut pieces, mut hasher) = (Vec::with_capacity(left.div_ceil(PIECE)), layout.hasher(chunk));
    while left > 0 {
        let mut piece = Vec::with_capacity(PIECE.min(left));
        match rustix::io::read(&file, spare_capacity(&mut piece)) {
            Ok(0) => break,
            Ok(read) => left -= read,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        hasher.update(&piece);
        pieces.push(Bytes::from(piece));
    }
    Ok(Stored { pieces, hash: hasher.finish() })
}

fn s3(config: &config::Files) -> Result<Arc<dyn ObjectStore>, Cause> {
    let rest = config.store.trim_start_matches("s3://");
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    // Clients try again by themselves: the default of three minutes would keep their streams waiting.
    let retry = RetryConfig { max_retries: 2, retry_timeout: RETRY_TIME, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    if !config.s3_endpoint.is_empty() {
        builder = builder
            .with_endpoint(&config.s3_endpoint)
            .with_allow_http(config.s3_endpoint.starts_with("http://"));
    }
    if !config.s3_region.is_empty() {
        builder = builder.with_region(&config.s3_region);
    }
    if !config.s3_key_file.is_empty() {
        let text = std::fs::read_to_string(&config.s3_key_file)
            .map_err(|error| cause!("files.s3_key_file {}: {}", &config.s3_key_file, error))?;
        let mut lines = text.lines().map(str::trim);
        let (Some(id), Some(secret)) = (lines.next(), lines.next()) else {
            return Err(cause!("files.s3_key_file: the first line is the key's id, the second its secret"));
        };
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    let store = builder.build().map_err(|error| cause!("files.store: {}", &error))?;
    Ok(Arc::new(PrefixStore::new(store, prefix.trim_matches('/'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_content_goes_as_a_whole_and_nothing_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config::Files { disk_reserve_mib: 0, ..config::Files::default() };
        let blobs = Blobs::open(&config, folder.path()).unwrap();
        blobs.put_mark(Bytes::from_static(b"mark")).await.unwrap();
        let [one, other] = [1, 2].map(|byte| ContentPlace { content: 0, random: Some([byte; 8]) });
        for place in [one, other] {
            for chunk in 0..25 {
                blobs.put(place, chunk, Bytes::from_static(b"x")).await.unwrap();
            }
            blobs.put_preview(place, 160, Bytes::from_static(b"small")).await.unwrap();
        }
        blobs.delete(one).await.unwrap();
        let left: Vec<_> = blobs.all().map(|object| object.unwrap().place).collect().await;
        assert_eq!(left, vec![Some(other); 26]);
        // What is gone already is no failure.
        blobs.delete(one).await.unwrap();
    }
}
