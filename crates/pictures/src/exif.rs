//! The two things that matter in Exif: how the picture is turned, and whether it says where it was taken.

/// What an Exif block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exif {
    /// 1 to 8; 1 is upright.
    pub(crate) orientation: u8,
    /// Whether there is a latitude or longitude.
    pub(crate) location: bool,
}

const ORIENTATION: u16 = 0x0112;
const GPS: u16 = 0x8825;
/// Lists of places that are looked through.
const PLACES_MAX: u32 = 4;
const LATITUDE: u16 = 2;
const LONGITUDE: u16 = 4;

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// The entries of a directory as tag and where the entry is; those that the bytes hold.
    fn entries(&self, at: usize) -> impl Iterator<Item = (u16, usize)> {
        let count = self.short(at).unwrap_or(0) as usize;
        (0..count).map_while(move |index| {
            let entry = at + 2 + index * 12;
            self.long(entry + 8)?;
            Some((self.short(entry)?, entry))
        })
    }
}

/// Reads an Exif block: the TIFF structure, with or without the name in front. What is not understood counts as absent.
pub(crate) fn read(block: &[u8]) -> Exif {
    // The name has a zero and one more byte behind it, whatever that is.
    let bytes = block.strip_prefix(b"Exif\0").and_then(|rest| rest.get(1..)).unwrap_or(block);
    let mut exif = Exif { orientation: 1, location: false };
    let little = bytes.starts_with(b"II*\0");
    if !little && !bytes.starts_with(b"MM\0*") {
        return exif;
    }
    let tiff = Tiff { bytes, little };
    let Some(first) = tiff.long(4) else { return exif };
    // A picture has one list of places. Each that is named costs a look through a list as long as the block.
    let mut places = 0;
    for (tag, entry) in tiff.entries(first as usize) {
        match tag {
            ORIENTATION => {
                if let Some(turned @ 1..=8) = tiff.short(entry + 8) {
                    exif.orientation = turned as u8;
                }
            }
            GPS if places < PLACES_MAX && !exif.location => {
                places += 1;
                let at = tiff.long(entry + 8).unwrap_or(u32::MAX) as usize;
                exif.location = tiff.entries(at).any(|(tag, _)| tag == LATITUDE || tag == LONGITUDE);
            }
            _ => {}
        }
    }
    exif
}

/// A TIFF structure that says the orientation and nothing else.
pub(crate) fn orientation_only(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// What an XMP text calls the place: by its degrees, and by its name.
const XMP_PLACES: [&[u8]; 5] =
    [b"GPSLatitude", b"GPSLongitude", b"photoshop:City", b"Iptc4xmpCore:Location", b"Iptc4xmpExt:Location"];

/// Whether an XMP text says where the picture was taken.
pub(crate) fn xmp_location(text: &[u8]) -> bool {
    XMP_PLACES.iter().any(|word| text.windows(word.len()).any(|part| part == *word))
}
