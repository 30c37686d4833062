//! Verifies everything that is stored: the operator's check of a disk or bucket, and what the server does with what it found.

use std::path::Path;

use litrocket_core::chunks::{Layout, split_hashes};
use litrocket_protocol::{Fault, fault::code, pictures::PREVIEW_SIZES};
use serde::{Deserialize, Serialize};

use super::orphans::{self, Orphans};
use crate::{
    app::App,
    config::Config,
    db::{self, Db},
    error::Result,
    features::files::{
        pictures::picture_store,
        storage::{
            blobs::{BlobError, Blobs},
            content_store,
        },
        transfer::transfers::unavailable,
    },
    writer::Tx,
};

/// Contents that are looked up at once.
const PAGE: u64 = 100;

/// Something that is not as it should be.
#[derive(Debug, Clone)]
pub enum Finding {
    /// The storage has another mark than this server's, or none.
    Storage {
        /// What is wrong.
        cause: String,
    },
    /// A chunk is damaged, missing or cannot be read.
    Chunk {
        /// The content.
        content: u64,
        /// The chunk.
        chunk: u64,
        /// The first of its files; none when it has none any more.
        file: Option<u64>,
        /// The name of that file.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// A small picture is damaged, missing or cannot be read.
    Preview {
        /// The content.
        content: u64,
        /// Its longer side, in pixels.
        size: u32,
        /// The first of its files; none when it has none any more.
        file: Option<u64>,
        /// The name of that file.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// Objects that belong to no content.
    Orphans {
        /// How many.
        count: u64,
        /// Their bytes.
        bytes: u64,
    },
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Complete contents.
    pub contents: u64,
    /// Their chunks.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Chunks that are damaged, missing or cannot be read.
    pub damaged: u64,
    /// Small pictures that were read.
    pub previews: u64,
    /// Those that are damaged, missing or cannot be read.
    pub bad_previews: u64,
    /// Objects that belong to no content.
    pub orphans: u64,
    /// Those of them that were deleted.
    pub swept: u64,
    /// Whether the storage has this server's mark, where it has one.
    pub marked: bool,
}

/// What of a check's findings is to be noted, a part at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Contents of which a chunk is damaged or missing.
    pub damaged: Vec<u64>,
    /// Contents that counted as damaged, all of whose chunks are well.
    pub whole: Vec<u64>,
    /// Pictures whose small ones are damaged or missing.
    pub pictures: Vec<u64>,
}

impl Note {
    /// How many contents it names.
    pub fn len(&self) -> usize {
        self.damaged.len() + self.whole.len() + self.pictures.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Contents in one note: it is one job of the writer.
const NOTE_MAX: usize = 500;

/// Reads every stored chunk and small picture and tells of those that are damaged, missing or cannot be read, and of objects
/// that belong to nothing. Changes nothing but what shall become of those; what a server may note is handed on as it is found.
pub async fn verify(
    config: &Config,
    db: &Db,
    orphans: Orphans,
    mut tell: impl FnMut(Finding),
    mut note: impl FnMut(Note) -> Result<(), String>,
) -> Result<Checked, String> {
    let blobs =
        Blobs::open(&config.files, Path::new(&config.server.data)).map_err(|error| error.to_string())?;
    let cause = marked(&blobs, db).await?;
    // Beside another mark, or none, nothing is known to be nobody's.
    let orphans = if cause.is_none() { orphans } else { Orphans::Stay };
    let mut checked = Checked { marked: cause.is_none(), ..Checked::default() };
    if let Some(cause) = cause {
        tell(Finding::Storage { cause });
    }
    let (mut after, mut noted) = (0, Note::default());
    loop {
        let page = content_store::complete_contents(db, after, PAGE).await;
        let page = page.map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { break };
        after = last.place.content;
        for one in &page {
            content((&blobs, db), one, &mut checked, &mut tell, &mut noted).await?;
            if noted.len() >= NOTE_MAX {
                note(std::mem::take(&mut noted))?;
            }
        }
    }
    note(noted)?;
    let found = orphans::find(&blobs, db, orphans).await?;
    (checked.orphans, checked.swept) = (found.count, found.swept);
    if found.count > 0 {
        tell(Finding::Orphans { count: found.count, bytes: found.bytes });
    }
    Ok(checked)
}

/// Whether the storage has this server's mark, if it ever had one.
pub async fn is_marked(config: &Config, db: &Db) -> Result<bool, String> {
    let blobs =
        Blobs::open(&config.files, Path::new(&config.server.data)).map_err(|error| error.to_string())?;
    Ok(marked(&blobs, db).await?.is_none())
}

/// What is wrong with the mark of the storage, if there is or was one.
async fn marked(blobs: &Blobs, db: &Db) -> Result<Option<String>, String> {
    let mark = content_store::mark(db).await.map_err(|error| error.to_string())?;
    Ok(match (blobs.mark().await, mark) {
        (Ok(found), Some(noted)) if found == noted.mark[..] => None,
        (Ok(_), Some(_)) => Some("it has the mark of another".to_owned()),
        (Ok(_), None) => Some("it has a mark, and the database knows none".to_owned()),
        (Err(BlobError::Missing), Some(noted)) if noted.made => Some("it does not have the mark".to_owned()),
        (Err(BlobError::Missing), _) => None,
        (Err(error), _) => Some(format!("the mark is unreadable: {error}")),
    })
}

/// One content: its chunks, and its small pictures.
async fn content(
    (blobs, db): (&Blobs, &Db),
    one: &content_store::Named,
    checked: &mut Checked,
    tell: &mut impl FnMut(Finding),
    noted: &mut Note,
) -> Result<(), String> {
    let content = one.place.content;
    let layout = Layout::new(one.size);
    let hashes = split_hashes(&one.hashes).unwrap_or_default();
    let (mut well, mut lost) = (true, false);
    checked.contents += 1;
    for chunk in 0..layout.chunks() {
        checked.chunks += 1;
        let read = blobs.get(one.place, layout, chunk).await;
        let is_well = read.as_ref().is_ok_and(|stored| hashes.get(chunk as usize) == Some(&stored.hash));
        if !is_well && !is_still(db, one).await? {
            return Ok(());
        }
        // One sector that cannot be read says nothing about the others, and nothing for good.
        lost |= matches!(&read, Err(BlobError::Missing));
        let cause = match read {
            Ok(stored) if hashes.get(chunk as usize) == Some(&stored.hash) => {
                checked.bytes += layout.len(chunk);
                continue;
            }
            Ok(_) => {
                lost = true;
                "damaged".to_owned()
            }
            Err(BlobError::Missing) => "missing".to_owned(),
            Err(error) => format!("unreadable: {error}"),
        };
        well = false;
        checked.damaged += 1;
        tell(Finding::Chunk { content, chunk, file: one.file, name: one.name.clone(), cause });
    }
    if well && one.damaged {
        noted.whole.push(content);
    }
    if lost && !one.damaged {
        noted.damaged.push(content);
    }
    let Some(sums) = &one.previews else { return Ok(()) };
    let mut again = false;
    for size in PREVIEW_SIZES {
        checked.previews += 1;
        let cause = match blobs.get_preview(one.place, size).await {
            Ok(bytes) if picture_store::is_preview(&bytes, sums, size) => continue,
            _ if !is_still(db, one).await? => return Ok(()),
            Ok(_) => "damaged".to_owned(),
            Err(BlobError::Missing) => "missing".to_owned(),
            Err(error) => format!("unreadable: {error}"),
        };
        checked.bad_previews += 1;
        again |= !cause.starts_with("unreadable");
        tell(Finding::Preview { content, size, file: one.file, name: one.name.clone(), cause });
    }
    if again {
        noted.pictures.push(content);
    }
    Ok(())
}

/// Whether a content is still where it was when the check began with it, with the same small pictures: beside a running
/// server some go, and are no loss.
async fn is_still(db: &Db, one: &content_store::Named) -> Result<bool, String> {
    let content = one.place.content;
    let now = content_store::content(db, content).await.map_err(|error| error.to_string())?;
    let previews = picture_store::sums(db, content).await.map_err(|error| error.to_string())?;
    Ok(now.is_some_and(|now| now.place == one.place) && previews == one.previews)
}

/// What became of contents that a check named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    /// Contents that count as damaged now.
    pub damaged: u64,
    /// Contents that do not any more.
    pub whole: u64,
    /// Pictures that are looked at again.
    pub pictures: u64,
}

/// Notes what a check found. The first time it is also told that the storage is this server's own, as it is.
pub async fn confirm(app: &App, found: &Note, accept: bool) -> Result<Noted> {
    if found.len() > NOTE_MAX {
        return Err(Fault::new(code::TOO_MANY).limit(NOTE_MAX as u64).into());
    }
    if accept {
        app.files.accept(app).await.map_err(|error| unavailable(&error))?;
    }
    let lists = [&found.damaged, &found.whole, &found.pictures].map(db::list);
    let [damaged, whole, pictures] = lists;
    let (damaged, whole, pictures) = (damaged?, whole?, pictures?);
    let work = async move |tx: &mut Tx| {
        Ok(Noted {
            damaged: content_store::settle_damage(tx, &damaged, true).await?,
            whole: content_store::settle_damage(tx, &whole, false).await?,
            pictures: picture_store::look_again(tx, &pictures).await?,
        })
    };
    let noted = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    app.files.arrived.notify_one();
    Ok(noted)
}
