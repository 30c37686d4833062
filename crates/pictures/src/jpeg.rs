//! JPEG: segments behind markers, and coded pixels between them.

use crate::{PictureError, damaged, walk::Walk};

/// Where the orientation goes: behind the first marker.
pub(crate) const HEAD: usize = 2;

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// A part of a longer XMP, and how many bytes say which part it is.
const XMP_PART: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const XMP_PART_HEAD: usize = 40;

/// A segment that holds an Exif block.
pub(crate) fn exif_segment(exif: &[u8]) -> Vec<u8> {
    let length = 2 + EXIF.len() + exif.len();
    let mut segment = vec![0xff, 0xe1, (length >> 8) as u8, length as u8];
    segment.extend_from_slice(EXIF);
    segment.extend_from_slice(exif);
    segment
}

/// Whether a segment is needed to show the picture.
fn is_needed(marker: u8, data: &[u8]) -> bool {
    match marker {
        0xe0 => data.starts_with(b"JFIF\0"),
        0xe2 => data.starts_with(b"ICC_PROFILE\0"),
        // How the colours are coded.
        0xee => data.starts_with(b"Adobe"),
        0xe1..=0xef | 0xfe => false,
        _ => true,
    }
}

pub(crate) fn walk(bytes: &[u8]) -> Result<Walk, PictureError> {
    let mut walk = Walk::new();
    walk.keep(0..2)?;
    let (mut at, mut pixels) = (2, false);
    while at + 1 < bytes.len() {
        if bytes[at] != 0xff {
            return Err(damaged("a marker is missing"));
        }
        let marker = bytes[at + 1];
        match marker {
            // Fill bytes.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => {
                walk.keep(at..at + 2)?;
                at += 2;
            }
            0xd9 => {
                walk.keep(at..at + 2)?;
                return if pixels { Ok(walk) } else { Err(damaged("it has no pixels")) };
            }
            0x00 | 0xd8 => return Err(damaged("a marker is out of place")),
            _ => {
                let length =
                    bytes.get(at + 2..at + 4).map_or(0, |two| usize::from(two[0]) << 8 | usize::from(two[1]));
                let mut end = at + 2 + length;
                if length < 2 || end > bytes.len() {
                    return Err(damaged("a segment is cut off"));
                }
                let data = &bytes[at + 4..end];
                noted(&mut walk, marker, data);
                walk.progressive |= matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
                if marker == 0xda {
                    pixels = true;
                    end = coded_end(bytes, end);
                }
                if is_needed(marker, data) {
                    walk.keep(at..end)?;
                }
                at = end;
            }
        }
    }
    // Cameras forget the last marker, and people show such pictures.
    if pixels { Ok(walk) } else { Err(damaged("it ends before its pixels")) }
}

/// Reads a segment that is no part of the picture.
fn noted(walk: &mut Walk, marker: u8, data: &[u8]) {
    match marker {
        0xe1 if data.starts_with(&EXIF[..5]) => walk.exif(data),
        0xe1 => {
            if let Some(xmp) = data.strip_prefix(XMP) {
                walk.xmp(xmp);
            } else if let Some(part) = data.strip_prefix(XMP_PART) {
                walk.xmp_part(part.get(XMP_PART_HEAD..).unwrap_or_default());
            }
        }
        0xed => walk.note(data),
        _ => {}
    }
}

/// Where coded pixels end: at the next marker that does not belong to them.
fn coded_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at + 1 < bytes.len() {
        if bytes[at] == 0xff && !matches!(bytes[at + 1], 0x00 | 0xd0..=0xd7 | 0xff) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
