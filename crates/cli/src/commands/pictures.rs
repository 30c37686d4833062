//! Pictures on their way out, and what is shown of them.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use litrocket_client::{Client, Digest, Error, check_picture, clean_picture};
use litrocket_protocol::{
    moments::Moment,
    pictures::{Crop, Picture},
};
use serde_json::{Value, json};

use super::files::{Shown, place::name_of, sending::forget_old};
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    output::escape,
    session::Context,
    words::Words,
};

/// A path that names no file, such as one that ends with dots.
pub(super) fn not_a_file(path: &Path) -> Failure {
    let path = path.to_owned();
    Failure::usage(move |words| words.not_a_file(path.display()))
}

/// A file as it is sent: a picture without the place and every other note, if it had any.
pub(super) struct Prepared {
    path: PathBuf,
    /// It was written for this, and goes with it.
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
        forget_old(&folder);
        match cleaned(path, &folder).await {
            Ok(clean) => {
                Ok(Self { written: clean.is_some(), path: clean.unwrap_or_else(|| path.to_owned()) })
            }
            Err(error) => {
                if !matches!(&error, Error::File(error) if error.kind() != ErrorKind::InvalidData) {
                    context.output.hint(context.output.words.keep_location());
                }
                Err(error).at(path)
            }
        }
    }

    /// What to send.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.written {
            // What a killed command leaves goes when it is old.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A clean picture in a file of this command's own: another command that sends the same one takes none away from this.
async fn cleaned(path: &Path, folder: &Path) -> Result<Option<PathBuf>, Error> {
    loop {
        let Some(clean) = clean_picture(path, folder).await? else { return Ok(None) };
        let own = clean.with_extension(format!("{}", std::process::id()));
        match std::fs::rename(&clean, &own) {
            Ok(()) => return Ok(Some(own)),
            // The other command was faster with the same name.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::File(error)),
        }
    }
}

/// A picture as it is sent, of which everything or this part can be shown.
pub(super) async fn showable(
    context: &Context,
    path: &Path,
    keep: bool,
    part: Option<Crop>,
) -> Result<Prepared, Failure> {
    name_of(path)?;
    let prepared = Prepared::new(context, path, keep).await?;
    check_picture(prepared.path(), part).await.of_pictures(&[path.to_owned()]).at(path)?;
    Ok(prepared)
}

/// Brings a picture to the server; its number.
pub(super) async fn bring(
    context: &Context,
    client: &Client,
    path: &Path,
    prepared: &Prepared,
) -> Result<u64, Failure> {
    let name = name_of(path)?;
    let digest = Digest::of_file(prepared.path()).await.at(path)?;
    let shown = Shown::new(context, &name, digest.size);
    let file = client.upload(prepared.path(), &name, &digest, shown.transfer(context, &name)).await;
    shown.end();
    Ok(file?)
}

/// A picture as `--json` shows it.
pub(super) fn json(picture: &Picture) -> Value {
    json!({"width": picture.width, "height": picture.height, "blurhash": picture.blurhash})
}

/// What is known of one of a moment's pictures, if it is kept.
fn known(moment: &Moment, place: usize) -> Option<&Picture> {
    moment.facts.get(place).filter(|facts| facts.width > 0)
}

/// A moment's pictures: the file, what it shows, and what is known of it.
pub(super) fn of_moment(moment: &Moment) -> Vec<Value> {
    let one = |(place, file): (usize, &u64)| {
        let mut picture = known(moment, place).map_or_else(|| json!({}), json);
        if moment.gone.contains(file) {
            picture["gone"] = true.into();
        }
        picture["file"] = (*file).into();
        picture["alt"] = moment.alts.get(place).map_or("", String::as_str).into();
        picture
    };
    moment.pictures.iter().enumerate().map(one).collect()
}

/// The same for people.
pub(super) fn lines_of_moment(words: Words, moment: &Moment) -> String {
    let mut lines = String::new();
    for (place, file) in moment.pictures.iter().enumerate() {
        let size = match known(moment, place) {
            _ if moment.gone.contains(file) => words.file_gone().into(),
            Some(facts) => format!("{}×{}", facts.width, facts.height),
            None => String::new(),
        };
        let alt = moment.alts.get(place).filter(|alt| !alt.is_empty());
        let alt = alt.map_or_else(String::new, |alt| words.aside(words.labelled(words.shows(), escape(alt))));
        lines.push_str(format!("\n    [{} {file}] {size}{alt}", words.picture()).trim_end());
    }
    lines
}
