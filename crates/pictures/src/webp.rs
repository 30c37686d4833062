//! WebP: RIFF chunks; a leading one says which others there are.

use crate::{PictureError, damaged, walk::Walk};

/// Name and length of the file, and the form.
const HEAD: usize = 12;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// A chunk from `at`: its name, where its data is, and where the next begins.
fn chunk(bytes: &[u8], at: usize, end: usize) -> Option<([u8; 4], std::ops::Range<usize>, usize)> {
    let head = bytes.get(at..at + 8).filter(|_| at + 8 <= end)?;
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let data = at + 8..at + 8 + length;
    // The last one may be without its byte of padding.
    let next = (data.end + (length & 1)).min(end);
    (data.end <= end).then_some(([head[0], head[1], head[2], head[3]], data, next))
}

pub(crate) fn walk(bytes: &[u8]) -> Result<Walk, PictureError> {
    let mut walk = Walk::new();
    let said =
        bytes.get(4..8).map_or(0, |four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize);
    let end = said.saturating_add(8);
    if end > bytes.len() || end < HEAD {
        return Err(damaged("it is cut off"));
    }
    walk.keep(0..HEAD)?;
    let (mut at, mut pixels) = (HEAD, false);
    while at < end {
        let (name, data, next) = chunk(bytes, at, end).ok_or_else(|| damaged("a chunk is cut off"))?;
        match &name {
            b"VP8X" => {
                let mut head = bytes[at..next].to_vec();
                if let Some(flags) = head.get_mut(8) {
                    *flags &= !(HAS_EXIF | HAS_XMP);
                }
                walk.put(&head)?;
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ICCP" => {
                pixels |= name.starts_with(b"VP8");
                walk.keep(at..next)?;
            }
            b"ANMF" => {
                pixels = true;
                walk.put(&frame(bytes, at, data)?)?;
            }
            b"EXIF" => walk.exif(&bytes[data]),
            b"XMP " => walk.xmp(&bytes[data]),
            _ => {}
        }
        at = next;
    }
    if pixels { Ok(walk) } else { Err(damaged("it has no pixels")) }
}

/// A frame of an animation, with its pixels only.
fn frame(bytes: &[u8], at: usize, data: std::ops::Range<usize>) -> Result<Vec<u8>, PictureError> {
    let place = data.start + 16;
    if place > data.end {
        return Err(damaged("a frame is cut off"));
    }
    let mut out = bytes[at..place].to_vec();
    let mut inner = place;
    while inner < data.end {
        let (name, _, next) = chunk(bytes, inner, data.end).ok_or_else(|| damaged("a frame is cut off"))?;
        if matches!(&name, b"VP8 " | b"VP8L" | b"ALPH") {
            out.extend_from_slice(&bytes[inner..next]);
        }
        inner = next;
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    if length & 1 == 1 {
        out.push(0);
    }
    Ok(out)
}

/// The file from its parts: the orientation at the end, the length and the flags as they are now.
pub(crate) fn written(mut out: Vec<u8>, turned: Option<Vec<u8>>) -> Vec<u8> {
    let extended = out.get(HEAD..HEAD + 4) == Some(b"VP8X");
    // Without the leading chunk nobody looks for an orientation.
    if let Some(exif) = turned.filter(|_| extended) {
        out.extend_from_slice(b"EXIF");
        out.extend_from_slice(&(exif.len() as u32).to_le_bytes());
        out.extend_from_slice(&exif);
        if let Some(flags) = out.get_mut(HEAD + 8) {
            *flags |= HAS_EXIF;
        }
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}
