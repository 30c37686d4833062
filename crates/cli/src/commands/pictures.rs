//! Pictures on their way out, and what is shown of them.

use std::path::{Path, PathBuf};

use litrocket_client::{Client, Digest, clean_picture};
use litrocket_protocol::pictures::Picture;
use serde_json::{Value, json};

use super::files::Shown;
use crate::{Failure, session::Context};

/// A file as it is sent: a picture without the place and every other note, if it had any.
pub(super) struct Prepared {
    path: PathBuf,
    /// It was written for this; it goes when it is sent, or is written again.
    written: bool,
}

impl Prepared {
    /// The file itself, when everything in it shall be kept.
    pub(super) async fn new(context: &Context, path: &Path, keep: bool) -> Result<Self, Failure> {
        if keep {
            return Ok(Self { path: path.to_owned(), written: false });
        }
        let profile = context.profile()?;
        profile.make_folder()?;
        let folder = profile.note_file("");
        match clean_picture(path, &folder).await {
            Ok(clean) => {
                Ok(Self { written: clean.is_some(), path: clean.unwrap_or_else(|| path.to_owned()) })
            }
            Err(error) => {
                context.output.hint(context.output.words.keep_location());
                Err(error.into())
            }
        }
    }

    /// What to send.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It is sent.
    pub(super) fn done(self) {
        if self.written {
            // A file that stays is overwritten by the same picture.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Brings a picture to the server; its number.
pub(super) async fn upload(
    context: &Context,
    client: &Client,
    path: &Path,
    keep: bool,
) -> Result<u64, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Failure::Usage(format!("{} is no file", path.display())))?;
    let prepared = Prepared::new(context, path, keep).await?;
    let digest = Digest::of_file(prepared.path()).await?;
    let shown = Shown::new(context, &name, digest.size);
    let file = client.upload(prepared.path(), &name, &digest, shown.transfer(context, &name)).await;
    shown.end();
    let file = file?;
    prepared.done();
    Ok(file)
}

/// A picture as `--json` shows it.
pub(super) fn json(picture: &Picture) -> Value {
    json!({"width": picture.width, "height": picture.height, "blurhash": picture.blurhash})
}
