//! Small pictures of large ones: as previews, or as squares of some part.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageReader, RgbImage, RgbaImage, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};

use crate::{
    Kind, PictureError, damaged,
    measure::{Facts, format, measure},
    png,
};

/// What decoding one picture may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pixels.
    pub pixels: u64,
    /// Bytes of memory.
    pub memory: u64,
}

/// What is given to one picture: a large camera's, and its pixels in memory.
pub const LIMITS: Limits = Limits { pixels: 50_000_000, memory: 256 << 20 };

/// A picture's previews.
#[derive(Debug, Clone)]
pub struct Previews {
    /// What it is.
    pub facts: Facts,
    /// A few letters that stand for a blurred picture: blur-hash, 4 by 3 components.
    pub blurhash: String,
    /// A JPEG for each size that was asked for, no larger than the picture itself.
    pub jpegs: Vec<Vec<u8>>,
}

/// A square part of a picture, in pixels of the picture as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// How wide and high.
    pub side: u32,
}

/// Bytes that one JPEG of this crate has at most.
const JPEG_BYTES_MAX: usize = 128 * 1024;
/// Good to look at; the others are for pictures that do not get small enough.
const QUALITIES: [u8; 4] = [82, 65, 45, 25];
/// The blur-hash is taken of so small a picture: its few components see no difference.
const BLUR_SIDE: u32 = 32;
/// A part that is larger is made so large first.
const CUT_SIDE: u32 = 1280;

/// The most bytes that decoding takes for a pixel, with what the decoder needs beside the result.
fn bytes_a_pixel(facts: &Facts) -> u64 {
    match facts.kind {
        // Three components of one byte; of two more for their coefficients when they come in passes.
        Kind::Jpeg if facts.progressive => 9,
        // Up to four components of two bytes: the decoder itself refuses what goes beyond the limit.
        Kind::Jpeg | Kind::Png => 3,
        Kind::Gif => 5,
        // The picture, its planes, and the canvas of an animation.
        Kind::Webp => 9,
    }
}

fn decode(bytes: &[u8], facts: &Facts, limits: Limits) -> Result<DynamicImage, PictureError> {
    let pixels = u64::from(facts.width) * u64::from(facts.height);
    if pixels > limits.pixels || pixels.saturating_mul(bytes_a_pixel(facts)) > limits.memory {
        return Err(PictureError::TooLarge);
    }
    // The decoder would inflate colour profiles and texts that nobody looks at, and count them beside the pixels.
    let plain = if facts.kind == Kind::Png { Some(png::pixels_only(bytes)?) } else { None };
    let bytes = plain.as_deref().unwrap_or(bytes);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format(facts.kind));
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(limits.memory);
    reader.limits(bounds);
    reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => PictureError::TooLarge,
        other => damaged(&other.to_string()),
    })
}

/// The sizes within a side of `side`, never larger than the picture.
fn within(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scale = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
    (scale(width), scale(height))
}

fn turned(mut picture: DynamicImage, orientation: u8) -> DynamicImage {
    picture.apply_orientation(Orientation::from_exif(orientation).unwrap_or(Orientation::NoTransforms));
    picture
}

/// On white, without transparency.
fn flat(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha: RgbaImage = picture.into_rgba8();
    let mut out = RgbImage::new(with_alpha.width(), with_alpha.height());
    for (to, from) in out.pixels_mut().zip(with_alpha.pixels()) {
        let alpha = u32::from(from.0[3]);
        for (to, from) in to.0.iter_mut().zip(from.0) {
            *to = ((u32::from(from) * alpha + 255 * (255 - alpha)) / 255) as u8;
        }
    }
    out
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, PictureError> {
    for quality in QUALITIES {
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, quality)
            .encode(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
            .map_err(|error| damaged(&error.to_string()))?;
        if out.len() <= JPEG_BYTES_MAX {
            return Ok(out);
        }
    }
    Err(PictureError::TooLarge)
}

/// Decodes a picture once and makes a small JPEG of it for each size (the longest side in pixels). Of an animation it is
/// the first frame. The JPEGs hold nothing but pixels, upright.
pub fn previews(bytes: &[u8], sizes: &[u32], limits: Limits) -> Result<Previews, PictureError> {
    let facts = measure(bytes)?;
    let mut picture = decode(bytes, &facts, limits)?;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(sizes[*at]));
    let mut jpegs = vec![Vec::new(); sizes.len()];
    // The largest first, each of the one before: the large picture is gone over once.
    for at in order {
        let (width, height) = within(picture.width(), picture.height(), sizes[at]);
        if (width, height) != (picture.width(), picture.height()) {
            picture = picture.thumbnail_exact(width, height);
        }
        jpegs[at] = jpeg(&flat(turned(picture.clone(), facts.orientation)))?;
    }
    let (width, height) = within(picture.width(), picture.height(), BLUR_SIDE);
    let small = flat(turned(picture.thumbnail_exact(width, height), facts.orientation));
    let rgba = DynamicImage::ImageRgb8(small).into_rgba8();
    let blurhash = blurhash::encode(4, 3, rgba.width(), rgba.height(), rgba.as_raw())
        .map_err(|error| damaged(&error.to_string()))?;
    Ok(Previews { facts, blurhash, jpegs })
}

/// The part of the stored pixels that is shown as `crop`.
fn stored_part(facts: &Facts, crop: Crop) -> Crop {
    let (width, height) = facts.stored();
    let Crop { x, y, side } = crop;
    let (x, y) = match facts.orientation {
        2 => (width - x - side, y),
        3 => (width - x - side, height - y - side),
        4 => (x, height - y - side),
        5 => (y, x),
        6 => (y, height - x - side),
        7 => (width - y - side, height - x - side),
        8 => (width - y - side, x),
        _ => (x, y),
    };
    Crop { x, y, side }
}

/// The part of a picture. A large part is made smaller before it is cut out, so that no second large picture is held.
fn cut(picture: DynamicImage, part: Crop) -> DynamicImage {
    if part.side <= CUT_SIDE {
        return picture.crop_imm(part.x, part.y, part.side, part.side);
    }
    let scale = |length: u32| (u64::from(length) * u64::from(CUT_SIDE) / u64::from(part.side)) as u32;
    let (width, height) = (scale(picture.width()).max(CUT_SIDE), scale(picture.height()).max(CUT_SIDE));
    let (x, y) = (scale(part.x).min(width - CUT_SIDE), scale(part.y).min(height - CUT_SIDE));
    picture.thumbnail_exact(width, height).crop_imm(x, y, CUT_SIDE, CUT_SIDE)
}

/// Cuts a square out, the largest one in the middle if none is named, and makes a JPEG of it for each size (its side in
/// pixels, no larger than the part). The JPEGs hold nothing but pixels, upright.
pub fn squares(
    bytes: &[u8],
    crop: Option<Crop>,
    sizes: &[u32],
    limits: Limits,
) -> Result<Vec<Vec<u8>>, PictureError> {
    let facts = measure(bytes)?;
    let side = facts.width.min(facts.height);
    let middle = Crop { x: (facts.width - side) / 2, y: (facts.height - side) / 2, side };
    let crop = crop.unwrap_or(middle);
    let inside = |from: u32, length: u32| from.checked_add(crop.side).is_some_and(|end| end <= length);
    if crop.side == 0 || !inside(crop.x, facts.width) || !inside(crop.y, facts.height) {
        return Err(PictureError::Outside { width: facts.width, height: facts.height });
    }
    let part = stored_part(&facts, crop);
    let mut picture = cut(decode(bytes, &facts, limits)?, part);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(sizes[*at]));
    let mut jpegs = vec![Vec::new(); sizes.len()];
    for at in order {
        let side = sizes[at].min(picture.width());
        if side != picture.width() {
            picture = picture.thumbnail_exact(side, side);
        }
        jpegs[at] = jpeg(&flat(turned(picture.clone(), facts.orientation)))?;
    }
    Ok(jpegs)
}
