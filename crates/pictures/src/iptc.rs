//! What newspapers write into pictures: Photoshop's resources, and IPTC records in one of them.

use crate::exif;

const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// Resources that say something: IPTC records, Exif, XMP.
const RECORDS: u16 = 0x0404;
const EXIF: u16 = 0x0422;
const XMP: u16 = 0x0424;
/// Data sets of the record for editors that name a place: of what is shown, and where it was made: city, part of it, province,
/// country by code and name.
const PLACES: [u8; 7] = [26, 27, 90, 92, 95, 100, 101];

/// Whether a block of resources, or of IPTC records, says where the picture was taken.
pub(crate) fn location(block: &[u8]) -> bool {
    let mut rest = block.strip_prefix(PHOTOSHOP).unwrap_or(block);
    if rest.first() == Some(&0x1c) {
        return records(rest);
    }
    while let Some((id, data, behind)) = resource(rest) {
        let says = match id {
            RECORDS => records(data),
            EXIF => exif::read(data).location,
            XMP => exif::xmp_location(data),
            _ => false,
        };
        if says {
            return true;
        }
        rest = behind;
    }
    false
}

/// The first resource: its number, its bytes, and what follows.
fn resource(block: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let rest = block.strip_prefix(b"8BIM")?;
    let id = u16::from_be_bytes(*rest.first_chunk()?);
    // Name and data take an even number of bytes.
    let name = 1 + usize::from(*rest.get(2)?);
    let rest = rest.get(2 + name + (name & 1)..)?;
    let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
    let data = rest.get(4..4_usize.checked_add(length)?)?;
    Some((id, data, rest.get(4 + length + (length & 1)..).unwrap_or_default()))
}

fn records(mut block: &[u8]) -> bool {
    while let [0x1c, record, set, high, low, rest @ ..] = block {
        if *record == 2 && PLACES.contains(set) {
            return true;
        }
        // Longer ones say their length elsewhere; none of a place is so long.
        let length = usize::from(*high) << 8 | usize::from(*low);
        let Some(behind) = rest.get(length..) else { return false };
        block = behind;
    }
    false
}
