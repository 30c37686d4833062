//! Downloads.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::{Bytes, BytesMut};
use litrocket_core::chunks::{Hash, Have, Layout, split_hashes};
use litrocket_protocol::{
    Fault,
    fault::code,
    files::{FileInfo, GetFile, OpenDownload, file_state},
};
use tokio::{task::JoinSet, time::timeout};

use super::{
    Meter, PIECE, Transfer, blocking,
    part::{self, Part},
    parts, passes, stopped,
    upload::bytes_of,
};
use crate::{Client, Error, shared::lock, stream::call};

/// A download under way.
struct Download {
    file: u64,
    layout: Layout,
    hashes: Vec<Hash>,
    part: Arc<Part>,
    have: Mutex<Have>,
    meter: Arc<Meter>,
}

impl Client {
    /// Fetches a file to `target`, replacing what is there unless the transfer [keeps](Transfer::keeping) it. Until it is whole it is a hidden file beside it, with the
    /// ending `.part`; what an earlier try left there is verified and kept. A file that is still being uploaded is
    /// followed, for as long as the transfer has patience: then it is [`Error::Incomplete`]. One process at a time fetches to a target.
    pub async fn download(&self, file: u64, target: &Path, transfer: Transfer) -> Result<FileInfo, Error> {
        let patience = Meter::new(transfer.clone(), 0);
        let info = loop {
            match self.call(GetFile { file, hashes: true }).await {
                Ok(info) => break info,
                Err(error) => patience.again(error).await?,
            }
        };
        if info.state == file_state::GONE {
            return Err(Fault::new(code::FILE_GONE).into());
        }
        let replaces = transfer.replaces;
        let download = Arc::new(prepare(&info, target, transfer).await?);
        loop {
            let missing = lock(&download.have).ranges(false);
            download.meter.set(bytes_of(download.layout, &lock(&download.have).ranges(true)));
            if missing.is_empty() {
                break;
            }
            if let Err(error) = self.fetch_missing(&download, &missing).await {
                if passes(&error) && download.meter.is_out_of_patience() {
                    let there = self.brought(&download).await?;
                    // What is behind a chunk that does not come need not wait for it.
                    if !there.is_empty() {
                        match self.fetch_missing(&download, &there).await {
                            Ok(()) => continue,
                            Err(other) if !passes(&other) => return Err(other),
                            Err(_) => {}
                        }
                    }
                }
                // It may take a while until the uploader brings the next chunk.
                download.meter.again(error).await?;
            }
        }
        let (part, target) = (download.part.clone(), target.to_owned());
        blocking(move || part.finish(&target, replaces)).await?;
        Ok(info)
    }

    /// What the server has of a file under way and is missing here. Fails when that is nothing: then it is the uploader who
    /// has not brought the rest. What cannot be asked is left to the error there was.
    async fn brought(&self, download: &Download) -> Result<Vec<(u64, u64)>, Error> {
        let asked = self.call(GetFile { file: download.file, hashes: false }).await;
        let Some(info) = asked.ok().filter(|info| info.state == file_state::UPLOADING) else {
            return Ok(Vec::new());
        };
        let layout = download.layout;
        let there = Have::from_ranges(layout.chunks(), &info.have);
        let (own, mut more) = (lock(&download.have).clone(), there.clone());
        (0..layout.chunks()).filter(|index| own.has(*index)).for_each(|index| more.clear(index));
        match more.ranges(true) {
            more if more.is_empty() => {
                Err(Error::Incomplete { there: bytes_of(layout, &there.ranges(true)), size: layout.size })
            }
            more => Ok(more),
        }
    }

    async fn fetch_missing(&self, download: &Arc<Download>, missing: &[(u64, u64)]) -> Result<(), Error> {
        let mut streams = JoinSet::new();
        for part in parts(missing, download.meter.transfer.streams) {
            let (client, download) = (self.clone(), download.clone());
            streams.spawn(async move {
                for (first, count) in part {
                    client.fetch(&download, first, count).await?;
                }
                Ok::<_, Error>(())
            });
        }
        let mut result = Ok(());
        while let Some(ended) = streams.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(Error::File(std::io::Error::other(error))));
            if let Err(error) = ended {
                if !passes(&error) {
                    return Err(error);
                }
                result = Err(error);
            }
        }
        result
    }

    async fn fetch(&self, download: &Download, first: u64, count: u64) -> Result<(), Error> {
        let waiting = self.downloads();
        let _place = waiting.places.acquire().await.map_err(|error| Error::Unreachable(error.to_string()))?;
        let mut number = waiting.number();
        let request = OpenDownload { file: download.file, download: number.value, first, count };
        let connection = self.connection().await?;
        call(&connection, request).await?;
        let patience = download.meter.transfer.patience;
        // The stream comes on this very connection or not at all.
        let recv = tokio::select! {
            recv = timeout(patience, &mut number.stream) => recv.map_err(|_| Error::TimedOut)?,
            lost = connection.closed() => return Err(Error::Unreachable(lost.to_string())),
        };
        let mut recv = recv.map_err(|_| Error::Unreachable("the connection is lost".into()))?;
        for index in first..first + count {
            let length = download.layout.len(index) as usize;
            // It grows with what comes: what a server says costs nothing.
            let mut bytes = BytesMut::with_capacity(length.min(PIECE));
            while bytes.len() < length {
                bytes.reserve((length - bytes.len()).min(PIECE));
                let missing = length - bytes.len();
                let next = timeout(patience, recv.read(&mut bytes, missing)).await;
                match next.map_err(|_| Error::TimedOut)?? {
                    Ok(0) => return Err(Error::Unreachable("the stream ended early".into())),
                    Ok(more) => download.meter.add(more as u64),
                    Err(code) => return Err(stopped(code)),
                }
            }
            download.keep(index, bytes.freeze()).await?;
        }
        Ok(())
    }
}

impl Download {
    /// Verifies a chunk and writes it to its place.
    async fn keep(&self, index: u64, bytes: Bytes) -> Result<(), Error> {
        let (part, layout, hash) = (self.part.clone(), self.layout, self.hashes.get(index as usize).copied());
        let kept = blocking(move || {
            let is_right = hash == Some(layout.hash(index, &bytes));
            if is_right {
                part.write(layout.offset(index), &bytes)?;
            }
            Ok(is_right)
        });
        if !kept.await? {
            return Err(Fault::new(code::WRONG_HASH).into());
        }
        let mut have = lock(&self.have);
        have.set(index);
        let chunks = self.layout.chunks() - have.missing();
        self.meter.reached((chunks * self.layout.chunk_bytes).min(self.layout.size));
        Ok(())
    }
}

/// Checks what the server says of the file, and what is there of it already.
async fn prepare(info: &FileInfo, target: &Path, transfer: Transfer) -> Result<Download, Error> {
    if info.size > transfer.at_most {
        return Err(Fault::new(code::TOO_LONG).field("size").limit(transfer.at_most).into());
    }
    let layout = Layout { size: info.size, chunk_bytes: info.chunk_bytes };
    let hashes = info.hashes.as_deref().and_then(split_hashes).unwrap_or_default();
    if layout != Layout::new(info.size) || layout.root(&hashes).is_none_or(|root| root[..] != info.blake3) {
        return Err(Fault::new(code::WRONG_HASH).into());
    }
    let (target, blake3, known) = (target.to_owned(), info.blake3.clone(), hashes.clone());
    let replaces = transfer.replaces;
    let (part, have) = blocking(move || {
        // Before anything is fetched for nothing.
        part::check_target(&target, replaces)?;
        let part = Part::open(&target, &blake3)?;
        let have = part.have(layout, &known)?;
        Ok((Arc::new(part), have))
    })
    .await?;
    let meter = Meter::new(transfer, info.size);
    Ok(Download { file: info.file, layout, hashes, part, have: Mutex::new(have), meter })
}
