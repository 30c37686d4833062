//! Uploads.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use litrocket_core::chunks::{Have, Layout};
use litrocket_protocol::{
    close_code,
    files::{FinishUpload, OpenUpload, Upload, file_state},
    stream_kind,
};
use tokio::task::{JoinHandle, JoinSet};

use super::{Digest, Meter, Transfer, blocking, parts, passes, stopped};
use crate::{Client, Error, stream};

impl Client {
    /// Brings a file to the server, from where an earlier try came to; answers the file's number. `name` is what
    /// others see. The digest is the content's: [`Digest::of_file`].
    pub async fn upload(
        &self,
        path: &Path,
        name: &str,
        digest: &Digest,
        transfer: Transfer,
    ) -> Result<u64, Error> {
        let meter = Meter::new(transfer, digest.size);
        let mut upload = loop {
            match self.open_upload(name, digest).await {
                Ok(upload) => break upload,
                Err(error) => meter.again(error).await?,
            }
        };
        loop {
            if upload.state != file_state::UPLOADING {
                meter.set(digest.size);
                return Ok(upload.file);
            }
            let sent = self.send_missing(path, digest, &upload, &meter).await;
            let asked = match sent {
                Ok(()) => self.call(FinishUpload { file: upload.file }).await,
                Err(error) => Err(error),
            };
            let failed = match asked {
                Ok(next) if next.state != file_state::UPLOADING => {
                    upload = next;
                    continue;
                }
                Ok(Upload { refused: Some(code), .. }) => stopped(code),
                Ok(next) if next.have == upload.have => {
                    Error::Unreachable("the server stored nothing".into())
                }
                Ok(next) => {
                    upload = next;
                    continue;
                }
                Err(error) => error,
            };
            upload = self.open_again(name, digest, &meter, failed).await?;
        }
    }

    /// After a failure: what the server has by now, unless nothing more can be expected.
    async fn open_again(
        &self,
        name: &str,
        digest: &Digest,
        meter: &Meter,
        mut failed: Error,
    ) -> Result<Upload, Error> {
        let layout = Layout::new(digest.size);
        loop {
            if !passes(&failed) {
                return Err(failed);
            }
            match self.open_upload(name, digest).await {
                Ok(next) => {
                    meter.reached(bytes_of(layout, &next.have));
                    meter.again(failed).await?;
                    return Ok(next);
                }
                Err(error) => {
                    meter.again(failed).await?;
                    failed = error;
                }
            }
        }
    }

    /// Tells the server of an upload and asks which chunks it has.
    pub async fn open_upload(&self, name: &str, digest: &Digest) -> Result<Upload, Error> {
        let request = OpenUpload {
            name: name.into(),
            size: digest.size,
            blake3: digest.blake3.to_vec(),
            hashes: digest.hashes.concat(),
        };
        self.call(request).await
    }

    async fn send_missing(
        &self,
        path: &Path,
        digest: &Digest,
        upload: &Upload,
        meter: &Arc<Meter>,
    ) -> Result<(), Error> {
        let layout = Layout { size: digest.size, chunk_bytes: upload.chunk_bytes };
        if layout != Layout::new(digest.size) {
            return Err(Error::Protocol("the server cuts files in another way".into()));
        }
        let have = Have::from_ranges(layout.chunks(), &upload.have);
        meter.set(bytes_of(layout, &have.ranges(true)));
        let connection = self.connection().await?;
        let mut streams = JoinSet::new();
        for part in parts(&have.ranges(false), meter.transfer.streams) {
            let (line, meter, path) =
                (Line(self.clone(), connection.clone()), meter.clone(), path.to_owned());
            let file = upload.file;
            streams.spawn(async move {
                for (first, count) in part {
                    send_range(&line, &path, file, layout, (first, count), &meter).await?;
                }
                Ok::<_, Error>(())
            });
        }
        let mut result = Ok(());
        while let Some(ended) = streams.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(Error::File(std::io::Error::other(error))));
            // The others go on: what they bring counts.
            if ended.is_err() && result.is_ok() {
                result = ended;
            }
        }
        result
    }
}

/// Bytes of ranges of chunks.
pub(super) fn bytes_of(layout: Layout, ranges: &[(u64, u64)]) -> u64 {
    ranges
        .iter()
        .map(|(first, count)| layout.offset(first + count).min(layout.size) - layout.offset(*first))
        .sum()
}

/// Whose files go over which connection.
struct Line(Client, quinn::Connection);

async fn send_range(
    Line(client, connection): &Line,
    path: &Path,
    file: u64,
    layout: Layout,
    (first, count): (u64, u64),
    meter: &Meter,
) -> Result<(), Error> {
    let head = [stream_kind::UPLOAD, file, first, count];
    let mut send = stream::open_uni(connection, &head).await?;
    let mut next = reading(path, layout, first);
    for index in first..first + count {
        let mut bytes = next.await.map_err(|error| Error::File(std::io::Error::other(error)))??;
        // The next chunk is read while this one is on its way.
        next = reading(path, layout, (index + 1).min(first + count - 1));
        while !bytes.is_empty() {
            let length = client.uploads().turn(connection, bytes.len()).await;
            let piece = bytes.split_to(length);
            if let Some(code) = send.write_or_stopped(piece).await? {
                return ended(code);
            }
            meter.add(length as u64);
        }
    }
    match send.finish_and_wait().await? {
        None => Ok(()),
        Some(code) => ended(code),
    }
}

/// The server wants no more of a stream.
fn ended(code: u64) -> Result<(), Error> {
    // Another stream or device brought the rest, or it was given up: the next question tells.
    if code == 0 || code == u64::from(close_code::NO_TRANSFER) { Ok(()) } else { Err(stopped(code)) }
}

/// Begins to read a chunk.
fn reading(path: &Path, layout: Layout, index: u64) -> JoinHandle<Result<Bytes, Error>> {
    let path = path.to_owned();
    tokio::spawn(blocking(move || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(layout.offset(index)))?;
        let mut bytes = vec![0; layout.len(index) as usize];
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }))
}
