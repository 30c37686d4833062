//! What notes in a picture say of the place. They are many: Exif, XMP in one or several parts, what newspapers write, and all of
//! them once more as compressed text.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::{exif, iptc, walk::Walk};

/// Bytes that the compressed notes of one picture are inflated to, in all. A picture with more may tell anything.
pub(crate) const INFLATE_MAX: usize = 4 << 20;
/// The longest word that is looked for, in bytes, and some: so much of a part is kept for the next one.
const WORD_MAX: usize = 64;

impl Walk {
    /// Reads an XMP text.
    pub(crate) fn xmp(&mut self, text: &[u8]) {
        self.location |= exif::xmp_location(text);
    }

    /// Reads a part of an XMP text that goes on elsewhere; a word may be cut by the end of one.
    pub(crate) fn xmp_part(&mut self, text: &[u8]) {
        let mut seam = std::mem::take(&mut self.xmp_end);
        seam.extend_from_slice(&text[..text.len().min(WORD_MAX)]);
        self.xmp(&seam);
        self.xmp(text);
        self.xmp_end = text[text.len().saturating_sub(WORD_MAX)..].to_vec();
    }

    /// Reads a note of some kind, by what is in it.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        self.location |= exif::read(bytes).location || exif::xmp_location(bytes) || iptc::location(bytes);
    }

    /// Inflates a note. One that takes more than is left may tell a place, so it counts as one that does.
    pub(crate) fn inflated(&mut self, compressed: &[u8]) -> Vec<u8> {
        if self.location {
            return Vec::new();
        }
        let text = match decompress_to_vec_zlib_with_limit(compressed, self.inflates) {
            Ok(text) => text,
            Err(error) => {
                // What is broken behind some bytes has those.
                self.location |= error.output.len() >= self.inflates;
                error.output
            }
        };
        self.inflates = self.inflates.saturating_sub(text.len().max(1024));
        text
    }
}

/// The bytes of a profile that some programs write as text: its name, its length and hexadecimal digits.
pub(crate) fn raw_profile(text: &[u8]) -> Vec<u8> {
    let digits = text.splitn(4, |byte| *byte == b'\n').nth(3).unwrap_or_default();
    let digits: Vec<u8> =
        digits.iter().filter_map(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect()
}
