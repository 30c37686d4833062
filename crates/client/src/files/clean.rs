//! Pictures without what they tell of their owner: before they are hashed, so that the server never has the rest.

use std::{
    io::{Error as IoError, ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use litrocket_pictures::{Crop, Kind, LIMITS, PictureError, is_closed, squares, without_details};
use litrocket_protocol::{Fault, fault::code, limits, pictures};

use super::{blocking, open_regular};
use crate::Error;

/// A larger picture is not held in memory; it can be sent as it is.
const PICTURE_BYTES_MAX: u64 = 256 << 20;
/// Numbers for files on their way.
static TEMPORARY: AtomicU64 = AtomicU64::new(0);
/// Bytes by which a picture is known.
const HEAD: u64 = 64;

/// Writes a picture without the place, the camera and every other note into a folder, under a name made of its new
/// content: the same picture gives the same file, so an upload goes on. `None` when the file is no picture, or is one
/// that tells nothing. Fails for a picture that cannot be cleaned, rather than send what nobody means to send.
pub async fn clean_picture(path: &Path, folder: &Path) -> Result<Option<PathBuf>, Error> {
    let (path, folder) = (path.to_owned(), folder.to_owned());
    blocking(move || {
        let mut file = open_regular(&path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut bytes)?;
        if is_closed(&bytes) {
            return Err(refused("what this kind of picture tells cannot be taken out"));
        }
        if Kind::of(&bytes).is_none() {
            return Ok(None);
        }
        file.take(PICTURE_BYTES_MAX).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > PICTURE_BYTES_MAX {
            return Err(refused("the picture is too large to take out what it tells"));
        }
        let clean = without_details(&bytes).map_err(|error| refused(&error.to_string()))?;
        if clean == bytes {
            return Ok(None);
        }
        let target = folder.join(format!("clean-{}", &blake3::hash(&clean).to_hex()[..32]));
        // Whole or not at all: another one may be sending the same picture from there.
        let whole = target.with_extension(format!(
            "{}-{}",
            std::process::id(),
            TEMPORARY.fetch_add(1, Ordering::Relaxed)
        ));
        let written = std::fs::write(&whole, clean).and_then(|()| std::fs::rename(&whole, &target));
        if written.is_err() {
            let _ = std::fs::remove_file(&whole);
        }
        written?;
        Ok(Some(target))
    })
    .await
}

/// Refuses what no server shows as a picture, as it does, before anything of it is sent: its bytes, or the part of it.
pub async fn check_picture(path: &Path, part: Option<pictures::Crop>) -> Result<(), Error> {
    let path = path.to_owned();
    let part = part.map(|part| Crop { x: part.x, y: part.y, side: part.side });
    let found = blocking(move || {
        let mut bytes = Vec::new();
        open_regular(&path)?.take(limits::PICTURE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limits::PICTURE_BYTES_MAX {
            return Ok(Err(PictureError::TooLarge));
        }
        Ok(squares(&bytes, part, &pictures::AVATAR_SIZES[..1], LIMITS))
    });
    let fault = match found.await? {
        Ok(_) => return Ok(()),
        Err(PictureError::Outside { width, height }) => Fault::new(code::BAD_CROP)
            .field("crop")
            .param("width", width.to_string())
            .param("height", height.to_string()),
        Err(PictureError::TooLarge) => Fault::new(code::PICTURE_TOO_LARGE).field("file"),
        Err(_) => Fault::new(code::BAD_PICTURE).field("file"),
    };
    Err(fault.into())
}

fn refused(why: &str) -> IoError {
    IoError::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_pictures_that_tell_something_are_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let plain = b"\xff\xd8\xff\xda\0\x02pixels\xff\xd9";
        let telling = b"\xff\xd8\xff\xfe\0\x08secret\xff\xda\0\x02pixels\xff\xd9";
        let clean = |path: PathBuf| {
            let folder = folder.path().to_owned();
            async move { clean_picture(&path, &folder).await }
        };
        assert_eq!(clean(file("words.txt", b"words")).await.unwrap(), None);
        assert_eq!(clean(file("a.jpg", plain)).await.unwrap(), None);
        let written = clean(file("b.jpg", telling)).await.unwrap().unwrap();
        assert_eq!(std::fs::read(&written).unwrap(), plain);
        assert_eq!(
            clean(file("c.jpg", telling)).await.unwrap(),
            Some(written),
            "the same picture, the same file"
        );
        for bytes in [b"\0\0\0\x18ftypheic\0\0\0\0".as_slice(), b"II*\0\x08\0\0\0", &telling[..12]] {
            assert!(
                clean(file("d.jpg", bytes)).await.is_err(),
                "what cannot be cleaned is not sent by accident"
            );
        }
    }
}
