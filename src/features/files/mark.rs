//! Whether the storage is there as a whole: a folder that is not mounted, or a bucket whose place answers for it, finds
//! nothing of what it is asked for, and that is no loss. So the storage has a mark, an object with random bytes that the
//! database knows too; what is not found counts as lost only beside the mark.

use bytes::Bytes;
use litrocket_core::chunks::{Layout, split_hashes};

use super::{Files, blobs::BlobError, content_store};
use crate::{app::App, error::Result, writer::Tx};

/// The random bytes of a mark.
pub(super) type Mark = [u8; 16];

/// Contents that may prove a storage from before there were marks.
const PROOFS: u64 = 8;

impl Files {
    /// Fails unless the storage is there and is this server's own.
    pub(super) async fn there(&self, app: &App) -> Result<(), BlobError> {
        let known = *self.mark.lock().await;
        if self.is_marked(known).await? {
            return Ok(());
        }
        // One asks the database, and makes a mark, at a time.
        let mut known = self.mark.lock().await;
        let noted = content_store::mark(&app.db).await;
        *known = noted.map_err(|error| BlobError::Failed(error.to_string()))?;
        if self.is_marked(*known).await? {
            return Ok(());
        }
        // Another mark is another storage, whatever it holds.
        match self.blobs.mark().await {
            Err(BlobError::Missing) if self.is_proven(app).await? => {
                *known = Some(self.make_mark(app).await?);
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

    /// Whether a storage without a mark may get one: it has nothing to lose, or something of it can be read.
    async fn is_proven(&self, app: &App) -> Result<bool, BlobError> {
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
        Ok(newest.is_empty())
    }

    async fn make_mark(&self, app: &App) -> Result<Mark, BlobError> {
        let failed = |error: &dyn std::fmt::Display| BlobError::Failed(error.to_string());
        let mut mark = Mark::default();
        getrandom::fill(&mut mark).map_err(|error| failed(&error))?;
        self.blobs.put_mark(Bytes::copy_from_slice(&mark)).await?;
        let work = async move |tx: &mut Tx| content_store::set_mark(tx, &mark).await;
        let noted = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await;
        noted.map_err(|error| failed(&error))?;
        Ok(mark)
    }

    /// An operator says that the storage is this server's own, as it is.
    pub(super) async fn accept(&self, app: &App) -> Result<(), BlobError> {
        let mut known = self.mark.lock().await;
        *known = Some(self.make_mark(app).await?);
        Ok(())
    }
}
