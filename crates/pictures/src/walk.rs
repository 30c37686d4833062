//! The parts of a picture's file: which of them are the picture, which are notes about it.
//!
//! A walk keeps what is needed to show the picture as it is: pixels, palettes, colour profile, animation. Everything else is
//! left out, named or not, and so is all that follows the picture's end: phones put films and second pictures there, with
//! a place of their own.

use std::ops::Range;

use crate::{PictureError, damaged, exif, gif, jpeg, notes::INFLATE_MAX, png, webp};

/// A kind of picture that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl Kind {
    /// The kind by the first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            _ if bytes.starts_with(png::SIGNATURE) => Some(Self::Png),
            _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => Some(Self::Gif),
            _ if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Some(Self::Webp),
            _ => None,
        }
    }
}

/// Whether these first bytes are those of a picture that usually says where it was taken and is not read here: HEIC,
/// AVIF, TIFF and what cameras make of it, JPEG XL, JPEG XR, JPEG 2000, Photoshop's own.
pub fn is_closed(bytes: &[u8]) -> bool {
    const BRANDS: &[&[u8]] = &[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"avif",
        b"avis", b"crx ",
    ];
    // TIFF, BigTIFF, and the headers of Panasonic, Olympus and Fujifilm; JPEG XR in two versions; JPEG 2000 in its box and
    // bare; Photoshop.
    const BEGINNINGS: &[&[u8]] = &[
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"MM\0+",
        b"IIU\0",
        b"IIRO",
        b"IIRS",
        b"MMOR",
        b"FUJIFILMCCD-RAW",
        b"II\xbc\x00",
        b"II\xbc\x01",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x4f\xff\x51",
        b"8BPS",
    ];
    // The major brand, and behind its version those that the file is also read as.
    let end = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = bytes.get(8..end.min(bytes.len())).filter(|_| bytes.get(4..8) == Some(b"ftyp"));
    brands.is_some_and(|brands| brands.chunks(4).any(|brand| BRANDS.contains(&brand)))
        || BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
        || bytes.get(4..12) == Some(b"JXL \r\n\x87\n")
        || bytes.starts_with(b"\xff\x0a")
}

/// Parts that a walk keeps at most, when what lies between them is left out.
const PIECES_MAX: usize = 65_536;

/// A part of the file as it shall be written.
#[derive(Debug)]
enum Piece {
    Kept(Range<usize>),
    New(Vec<u8>),
}

/// What a walk through a file found.
#[derive(Debug)]
pub(crate) struct Walk {
    pieces: Vec<Piece>,
    pub(crate) orientation: u8,
    pub(crate) location: bool,
    /// A JPEG that comes in several passes: it is decoded with all coefficients in memory.
    pub(crate) progressive: bool,
    /// Pixels from left to right and from top to bottom, where they were on the way.
    pub(crate) size: Option<(u32, u32)>,
    /// Bytes that may still be inflated.
    pub(crate) inflates: usize,
    /// The end of the XMP that goes on in another part.
    pub(crate) xmp_end: Vec<u8>,
}

impl Walk {
    pub(crate) fn new() -> Self {
        Self {
            pieces: Vec::new(),
            orientation: 1,
            location: false,
            progressive: false,
            size: None,
            inflates: INFLATE_MAX,
            xmp_end: Vec::new(),
        }
    }

    /// Keeps a part; one that begins where the one before ended is one with it.
    pub(crate) fn keep(&mut self, part: Range<usize>) -> Result<(), PictureError> {
        if let Some(Piece::Kept(last)) = self.pieces.last_mut()
            && last.end == part.start
        {
            last.end = part.end;
            return Ok(());
        }
        self.add(Piece::Kept(part))
    }

    /// Puts new bytes where the walk is; those behind other new ones are one with them.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), PictureError> {
        if let Some(Piece::New(last)) = self.pieces.last_mut() {
            last.extend_from_slice(bytes);
            return Ok(());
        }
        self.add(Piece::New(bytes.to_vec()))
    }

    fn add(&mut self, piece: Piece) -> Result<(), PictureError> {
        if self.pieces.len() >= PIECES_MAX {
            return Err(damaged("it has too many parts"));
        }
        self.pieces.push(piece);
        Ok(())
    }

    /// Reads an Exif block. The first one counts, as it does for who shows the picture.
    pub(crate) fn exif(&mut self, block: &[u8]) {
        let said = exif::read(block);
        if self.orientation == 1 {
            self.orientation = said.orientation;
        }
        self.location |= said.location;
    }

    /// The kept parts in one, with the orientation's block behind the first `head` bytes of them.
    fn written(&self, bytes: &[u8], orientation: Option<Vec<u8>>, head: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for piece in &self.pieces {
            match piece {
                Piece::Kept(part) => out.extend_from_slice(&bytes[part.clone()]),
                Piece::New(new) => out.extend_from_slice(new),
            }
        }
        if let Some(block) = orientation {
            let head = head.min(out.len());
            out.splice(head..head, block);
        }
        out
    }
}

pub(crate) fn walk(kind: Kind, bytes: &[u8]) -> Result<Walk, PictureError> {
    match kind {
        Kind::Jpeg => jpeg::walk(bytes),
        Kind::Png => png::walk(bytes),
        Kind::Webp => webp::walk(bytes),
        Kind::Gif => gif::walk(bytes),
    }
}

/// The same picture without the place, the camera, the time and every other note. How it is turned stays, and so does
/// every pixel. The same bytes give the same result, and the result gives itself.
pub fn without_details(bytes: &[u8]) -> Result<Vec<u8>, PictureError> {
    let kind = Kind::of(bytes).ok_or(PictureError::Unknown)?;
    let walk = walk(kind, bytes)?;
    let turned = (walk.orientation != 1).then(|| exif::orientation_only(walk.orientation));
    Ok(match kind {
        Kind::Jpeg => walk.written(bytes, turned.map(|exif| jpeg::exif_segment(&exif)), jpeg::HEAD),
        Kind::Png => walk.written(bytes, turned.map(|exif| png::chunk(*b"eXIf", &exif)), png::HEAD),
        Kind::Webp => webp::written(walk.written(bytes, None, 0), turned),
        Kind::Gif => walk.written(bytes, None, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: [u8; 4], data: &[u8]) -> Vec<u8> {
        [name.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat()
    }

    fn webp(inner: &[u8]) -> Vec<u8> {
        [b"RIFF", &(inner.len() as u32 + 4).to_le_bytes()[..], b"WEBP", inner].concat()
    }

    #[test]
    fn a_webp_of_a_hundred_thousand_frames_is_held_in_a_few_parts() {
        let frame = part(*b"ANMF", &[&[0; 16][..], &part(*b"VP8 ", &[7; 2])].concat());
        let many = webp(&[part(*b"VP8X", &[0; 10]), frame.repeat(100_000)].concat());
        assert!(walk(Kind::Webp, &many).unwrap().pieces.len() <= 3);
        assert_eq!(without_details(&many).unwrap(), many, "an animation stays one");
        // Notes between them are left out, and it still is one part.
        let noted = [frame, part(*b"XMP ", b"gone")].concat();
        let noted = webp(&[part(*b"VP8X", &[0; 10]), noted.repeat(100_000)].concat());
        assert_eq!(without_details(&noted).unwrap(), many);
    }

    #[test]
    fn parts_that_are_kept_and_made_by_turns_have_a_bound() {
        let turns = [part(*b"VP8X", &[0; 10]), part(*b"ICCP", &[1; 2])].concat();
        let most = PIECES_MAX / 2 - 1;
        let file = |turns_count: usize| webp(&[turns.repeat(turns_count), part(*b"VP8 ", &[7; 2])].concat());
        assert!(walk(Kind::Webp, &file(most)).is_ok());
        assert_eq!(walk(Kind::Webp, &file(most + 2)).unwrap_err(), damaged("it has too many parts"));
    }
}
