//! Pictures: what they are, small ones of them, and the same picture without what it tells of its owner. Bytes in, bytes out.
//!
//! Does no I/O, knows no server, and believes nothing: sizes are read from the header before a pixel is decoded, and what
//! decoding would take is known before it begins. [`measure()`] reads the header, [`previews`] and [`squares`] decode,
//! [`without_details`] takes the place, the camera and every other note out without touching a pixel. Start with `walk`.
#![warn(missing_docs)]

mod decode;
mod exif;
mod gif;
mod iptc;
mod jpeg;
mod measure;
mod notes;
mod png;
mod walk;
mod webp;

#[cfg(test)]
mod tests;

pub use decode::{Crop, LIMITS, Limits, Previews, previews, squares};
pub use measure::{Facts, measure};
pub use walk::{Kind, is_closed, without_details};

/// Why a picture is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureError {
    /// It is none of the kinds that are read here.
    Unknown,
    /// It begins like a picture and is not a whole one.
    Damaged(String),
    /// It has too many pixels, or decoding it would take too much memory.
    TooLarge,
    /// The part that shall be cut out is not inside.
    Outside {
        /// How wide the picture is, as it is shown.
        width: u32,
        /// How high.
        height: u32,
    },
}

impl std::fmt::Display for PictureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("this is no PNG, JPEG, WebP or GIF"),
            Self::Damaged(cause) => write!(f, "the picture is damaged: {cause}"),
            Self::TooLarge => f.write_str("the picture has too many pixels"),
            Self::Outside { width, height } => {
                write!(f, "the part to cut out is not inside the picture of {width}×{height} pixels")
            }
        }
    }
}

impl std::error::Error for PictureError {}

fn damaged(cause: &str) -> PictureError {
    PictureError::Damaged(cause.into())
}
