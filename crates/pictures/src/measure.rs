//! What a picture is, from its header.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

use crate::{Kind, PictureError, damaged, walk::walk};

/// What a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its kind.
    pub kind: Kind,
    /// Pixels from left to right, as it is shown.
    pub width: u32,
    /// Pixels from top to bottom, as it is shown.
    pub height: u32,
    /// How its pixels have to be turned, 1 to 8 as in Exif; 1 is not at all.
    pub orientation: u8,
    /// Whether it says where it was taken.
    pub location: bool,
    /// A JPEG in several passes.
    pub(crate) progressive: bool,
}

impl Facts {
    /// The pixels as they are stored, before they are turned.
    pub(crate) fn stored(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }
}

pub(crate) fn format(kind: Kind) -> ImageFormat {
    match kind {
        Kind::Jpeg => ImageFormat::Jpeg,
        Kind::Png => ImageFormat::Png,
        Kind::Webp => ImageFormat::WebP,
        Kind::Gif => ImageFormat::Gif,
    }
}

/// Bytes that a decoder may take for a header.
const HEADER_MEMORY: u64 = 1 << 20;

/// Reads kind, size, orientation and whether there is a place. No pixel is decoded.
pub fn measure(bytes: &[u8]) -> Result<Facts, PictureError> {
    let kind = Kind::of(bytes).ok_or(PictureError::Unknown)?;
    let found = walk(kind, bytes)?;
    let (width, height) = found.size.map_or_else(|| decoders_size(kind, bytes), Ok)?;
    if width == 0 || height == 0 {
        return Err(damaged("it has no pixels"));
    }
    let (width, height) = if found.orientation >= 5 { (height, width) } else { (width, height) };
    Ok(Facts {
        kind,
        width,
        height,
        orientation: found.orientation,
        location: found.location,
        progressive: found.progressive,
    })
}

fn decoders_size(kind: Kind, bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format(kind));
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(HEADER_MEMORY);
    reader.limits(bounds);
    reader.into_dimensions().map_err(|error| damaged(&error.to_string()))
}
