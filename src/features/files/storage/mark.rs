//! Whether the storage is there as a whole: a folder that is not mounted, or a bucket whose place answers for it, finds
//! nothing of what it is asked for, and that is no loss. So the storage has a mark, an object with random bytes that the
//! database knows too; what is not found counts as lost only beside the mark.

use bytes::Bytes;
use litrocket_core::chunks::{Layout, split_hashes};

use super::{blobs::BlobError, content_store};
use crate::{app::App, error::Result, features::files::Files, writer::Tx};

/// The random bytes of a mark.
pub(in crate::features::files) type Mark = [u8; 16];

/// A mark that the database knows. It is noted before it is written into the storage: a server that ends in between finds
/// that it is still to be written, and a storage never has a mark that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::features::files) struct Noted {
    pub(in crate::features::files) mark: Mark,
    /// It has been in the storage.
    pub(in crate::features::files) made: bool,
}

/// Contents that may prove a storage from before there were marks.
const PROOFS: u64 = 8;

impl Files {
    /// Fails unless the storage is there and is this server's own.
    pub(in crate::features::files) async fn there(&self, app: &App) -> Result<(), BlobError> {
        let known = *self.mark.lock().await;
        if self.is_marked(known).await? {
            return Ok(());
        }
        // One asks the database, and makes a mark, at a time.
        let mut known = self.mark.lock().await;
        let noted = content_store::mark(&app.db).await;
        let noted = noted.map_err(|error| BlobError::Failed(error.to_string()))?;
        *known = noted.map(|noted| noted.mark);
        if self.is_marked(*known).await? {
            if let Some(Noted { mark, made: false }) = noted {
                note(app, Noted { mark, made: true }).await?;
            }
            return Ok(());
        }
        // Another mark is another storage, whatever it holds.
        match self.blobs.mark().await {
            Err(BlobError::Missing) if self.is_proven(app, noted.is_some_and(|noted| noted.made)).await? => {
                *known = Some(self.make_mark(app, noted.map(|noted| noted.mark)).await?);
                Ok(())
            }
            Ok(_) | Err(BlobError::Missing) => Err(BlobError::Away),
            Err(error) => Err(error),
        }
    }

    async fn is_marked(&self, mark: Option<Mark>) -> Result<bool, BlobError> {
        let Some(mark) = mark else { return Ok(false) };
        match self.blobs.mark().await {
            Ok(found) => Ok(found == mark[..]),
            Err(BlobError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a storage without a mark may get one: something of it can be read, or it has nothing to lose and never had
    /// one. A storage that had one is another folder now, perhaps the bare one in which it is mounted.
    async fn is_proven(&self, app: &App, had_one: bool) -> Result<bool, BlobError> {
        let failed = |error: crate::error::Error| BlobError::Failed(error.to_string());
        let newest = content_store::newest(&app.db, PROOFS).await.map_err(failed)?;
        for one in &newest {
            let (layout, hashes) = (Layout::new(one.size), split_hashes(&one.hashes).unwrap_or_default());
            match self.blobs.get(one.place, layout, 0).await {
                Ok(stored) if hashes.first() == Some(&stored.hash) => return Ok(true),
                Ok(_) | Err(BlobError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(newest.is_empty() && !had_one)
    }

    /// Writes the mark that the database knows, or a new one.
    async fn make_mark(&self, app: &App, noted: Option<Mark>) -> Result<Mark, BlobError> {
        let mut mark = noted.unwrap_or_default();
        if noted.is_none() {
            getrandom::fill(&mut mark).map_err(|error| BlobError::Failed(error.to_string()))?;
            note(app, Noted { mark, made: false }).await?;
        }
        self.blobs.put_mark(Bytes::copy_from_slice(&mark)).await?;
        note(app, Noted { mark, made: true }).await?;
        Ok(mark)
    }

    /// An operator says that the storage is this server's own, as it is.
    pub(in crate::features::files) async fn accept(&self, app: &App) -> Result<(), BlobError> {
        let mut known = self.mark.lock().await;
        let noted = content_store::mark(&app.db).await;
        let noted = noted.map_err(|error| BlobError::Failed(error.to_string()))?;
        // A new mark for another storage: the one before shall not be taken for it when it comes back.
        if !self.is_marked(noted.map(|noted| noted.mark)).await? {
            *known = Some(self.make_mark(app, None).await?);
        }
        Ok(())
    }
}

async fn note(app: &App, noted: Noted) -> Result<(), BlobError> {
    let work = async move |tx: &mut Tx| content_store::set_mark(tx, noted).await;
    let done = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await;
    done.map_err(|error| BlobError::Failed(error.to_string()))
}
