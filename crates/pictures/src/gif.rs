//! GIF: a screen, then blocks made of pieces of at most 255 bytes.

use crate::{PictureError, damaged, walk::Walk};

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;

/// The bytes of a colour table, from the flags that announce it.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where the pieces from `at` end.
fn pieces_end(bytes: &[u8], mut at: usize) -> Result<usize, PictureError> {
    loop {
        match bytes.get(at) {
            None => return Err(damaged("a block is cut off")),
            Some(0) => return Ok(at + 1),
            Some(length) => at += 1 + usize::from(*length),
        }
    }
}

/// Whether an extension is needed to show the picture: times and transparency, and how often it is repeated.
fn is_needed(label: u8, data: &[u8]) -> bool {
    label == 0xf9 || label == 0xff && (data.starts_with(b"NETSCAPE2.0") || data.starts_with(b"ANIMEXTS1.0"))
}

pub(crate) fn walk(bytes: &[u8]) -> Result<Walk, PictureError> {
    let mut walk = Walk::new();
    let flags = *bytes.get(10).ok_or_else(|| damaged("it is cut off"))?;
    let mut at = 13 + table(flags);
    if at > bytes.len() {
        return Err(damaged("the colours are cut off"));
    }
    walk.keep(0..at)?;
    loop {
        match bytes.get(at) {
            Some(&TRAILER) => {
                walk.keep(at..at + 1)?;
                return Ok(walk);
            }
            Some(&IMAGE) => {
                let flags = *bytes.get(at + 9).ok_or_else(|| damaged("a frame is cut off"))?;
                let end = pieces_end(bytes, at + 10 + table(flags) + 1)?;
                walk.keep(at..end)?;
                at = end;
            }
            Some(&EXTENSION) => {
                let label = *bytes.get(at + 1).ok_or_else(|| damaged("a block is cut off"))?;
                let end = pieces_end(bytes, at + 2)?;
                let data = bytes.get(at + 3..end).unwrap_or_default();
                if is_needed(label, data) {
                    walk.keep(at..end)?;
                } else if label == 0xff && data.starts_with(b"XMP DataXMP") {
                    walk.xmp(data);
                }
                at = end;
            }
            _ => return Err(damaged("a block is missing")),
        }
    }
}
