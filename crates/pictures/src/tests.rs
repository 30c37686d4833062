//! Pictures that are well, hostile and broken.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const SECRET: &[u8] = b"48.8583N 2.2944E";

/// A picture with a red corner at the top left, as it is stored.
fn painted(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if x < width / 3 && y < height / 3 { Rgb([220, 20, 20]) } else { Rgb([20, (x % 200) as u8, 200]) }
    })
}

fn coded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// Exif with an orientation, a place, and words that shall not be found any more.
fn exif_with_place(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    tiff.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0]);
    assert_eq!(tiff.len(), 38);
    tiff.extend([
        0, 2, 0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0, 0, 2, 0, 5, 0, 0, 0, 3, 0, 0, 0, 68, 0, 0, 0, 0,
    ]);
    tiff.extend(SECRET);
    tiff
}

const XMP: &[u8] = b"<x exif:GPSLatitude='48.8583N 2.2944E'/>";

fn jpeg_with_place(orientation: u8) -> Vec<u8> {
    let plain = coded(painted(300, 200), ImageFormat::Jpeg);
    let mut out = plain[..2].to_vec();
    out.extend(jpeg::exif_segment(&exif_with_place(orientation)));
    for (marker, words) in
        [(0xe1, b"http://ns.adobe.com/xap/1.0/\0".as_slice()), (0xed, b"Photoshop 3.0\0"), (0xfe, b"")]
    {
        let length = (2 + words.len() + XMP.len()) as u16;
        out.extend([0xff, marker]);
        out.extend(length.to_be_bytes());
        out.extend([words, XMP].concat());
    }
    out.extend(&plain[2..]);
    // What phones put behind the picture.
    out.extend(b"film ");
    out.extend(SECRET);
    out
}

fn png_with_place(orientation: u8) -> Vec<u8> {
    let plain = coded(painted(300, 200), ImageFormat::Png);
    let mut out = plain[..png::HEAD].to_vec();
    out.extend(png::chunk(*b"eXIf", &exif_with_place(orientation)));
    out.extend(png::chunk(*b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat()));
    out.extend(png::chunk(*b"tEXt", &[b"Comment\0", SECRET].concat()));
    out.extend(&plain[png::HEAD..]);
    out.extend(SECRET);
    out
}

fn webp_with_place(orientation: u8) -> Vec<u8> {
    let plain = coded(painted(300, 200), ImageFormat::WebP);
    let mut out = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
    out.extend([0x0c, 0, 0, 0, 43, 1, 0, 199, 0, 0]);
    out.extend(&plain[12..]);
    for (name, data) in [(b"EXIF", exif_with_place(orientation)), (b"XMP ", XMP.to_vec())] {
        out.extend(name);
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(&data);
        out.extend(vec![0; data.len() & 1]);
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out.extend(SECRET);
    out
}

fn gif_with_place() -> Vec<u8> {
    let mut out = coded(DynamicImage::ImageRgb8(painted(30, 20)).into_rgba8(), ImageFormat::Gif);
    assert_eq!(out.pop(), Some(0x3b));
    out.extend(b"\x21\xfe");
    out.push(SECRET.len() as u8);
    out.extend(SECRET);
    out.push(0);
    out.extend(b"\x21\xff\x0bXMP DataXMP");
    out.push(XMP.len() as u8);
    out.extend(XMP);
    out.extend(b"\0\x3b");
    out
}

fn tells(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|part| part == b"48.858" || part == b"2.2944")
}

fn pixels(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(bytes).unwrap().into_rgba8()
}

#[test]
fn the_place_is_gone_and_every_pixel_stays() {
    for (kind, bytes) in [
        ("jpeg", jpeg_with_place(6)),
        ("png", png_with_place(6)),
        ("webp", webp_with_place(6)),
        ("gif", gif_with_place()),
    ] {
        assert!(tells(&bytes) && measure(&bytes).unwrap().location, "{kind} has a place");
        let clean = without_details(&bytes).unwrap();
        assert!(!tells(&clean), "{kind} tells nothing");
        let (before, after) = (measure(&bytes).unwrap(), measure(&clean).unwrap());
        assert_eq!(after, Facts { location: false, ..before }, "{kind} is turned as before");
        assert_eq!(pixels(&bytes), pixels(&clean), "{kind} looks the same");
        assert_eq!(without_details(&clean).unwrap(), clean, "{kind} is clean once and for all");
    }
}

/// A JPEG with one more segment.
fn jpeg_with(marker: u8, data: &[u8]) -> Vec<u8> {
    let plain = coded(painted(30, 20), ImageFormat::Jpeg);
    let length = (data.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xff, marker], &length, data, &plain[2..]].concat()
}

/// A PNG with one more chunk.
fn png_with(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let plain = coded(painted(30, 20), ImageFormat::Png);
    [&plain[..png::HEAD], &png::chunk(name, data), &plain[png::HEAD..]].concat()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

fn raw_profile(name: &str, bytes: &[u8]) -> Vec<u8> {
    let digit = |four: u8| char::from_digit(four.into(), 16).unwrap();
    let line = |line: &[u8]| line.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let hex: Vec<String> = bytes.chunks(36).map(line).collect();
    format!("\n{name}\n{:8}\n{}\n", bytes.len(), hex.join("\n")).into_bytes()
}

fn resource(id: u16, data: &[u8]) -> Vec<u8> {
    let even = vec![0; data.len() & 1];
    [b"8BIM".as_slice(), &id.to_be_bytes(), &[0, 0], &(data.len() as u32).to_be_bytes(), data, &even].concat()
}

#[test]
fn a_place_is_found_in_every_kind_of_note() {
    let part = |data: &[u8]| [b"http://ns.adobe.com/xmp/extension/\0".as_slice(), &[b'0'; 40], data].concat();
    let cut = XMP.len() / 3;
    let parted = {
        let first = jpeg_with(0xe1, &part(&XMP[cut..]));
        let segment = part(&XMP[..cut]);
        let length = (segment.len() as u16 + 2).to_be_bytes();
        [&first[..2], &[0xff, 0xe1], &length, &segment, &first[2..]].concat()
    };
    let records = b"\x1c\x02\x05\0\x03sea\x1c\x02\x5a\0\x05Paris";
    let photoshop = |resources: &[u8]| [b"Photoshop 3.0\0", resources].concat();
    let (nothing, city) = (resource(0x0404, b"\x1c\x02\x05\0\x03sea"), resource(0x0404, records));
    let exif = exif_with_place(1);
    let said = |name: &str, bytes: &[u8]| [b"Raw profile type ", name.as_bytes(), b"\0\0", bytes].concat();
    for (what, bytes) in [
        ("padded Exif", jpeg_with(0xe1, &[b"Exif\0\xff".as_slice(), &exif].concat())),
        ("a long XMP", jpeg_with(0xe1, &part(XMP))),
        ("a word cut by a part's end", parted),
        ("a city", jpeg_with(0xed, &photoshop(&[resource(0x03ed, b"odd"), city.clone()].concat()))),
        ("Exif in resources", jpeg_with(0xed, &photoshop(&resource(0x0422, &exif)))),
        ("XMP in resources", jpeg_with(0xed, &photoshop(&resource(0x0424, XMP)))),
        (
            "packed XMP",
            png_with(*b"iTXt", &[b"XML:com.adobe.xmp\0\x01\0\0\0".as_slice(), &zipped(XMP)].concat()),
        ),
        ("packed text", png_with(*b"zTXt", &[b"Comment\0\0".as_slice(), &zipped(XMP)].concat())),
        ("a profile", png_with(*b"zTXt", &said("exif", &zipped(&raw_profile("exif", &exif))))),
        (
            "a segment",
            png_with(
                *b"zTXt",
                &said("APP1", &zipped(&raw_profile("APP1", &[b"Exif\0\0", &exif[..]].concat()))),
            ),
        ),
        ("records", png_with(*b"zTXt", &said("iptc", &zipped(&raw_profile("iptc", &city))))),
        (
            "too much to look at",
            png_with(*b"zTXt", &[b"Comment\0\0".as_slice(), &zipped(&vec![b' '; 5 << 20])].concat()),
        ),
    ] {
        assert!(measure(&bytes).unwrap().location, "{what} tells a place");
        let clean = without_details(&bytes).unwrap();
        assert!(!measure(&clean).unwrap().location, "{what} is gone");
    }
    for (what, bytes) in [
        ("no place", jpeg_with(0xed, &photoshop(&nothing))),
        ("cut records", jpeg_with(0xed, &photoshop(&resource(0x0404, b"\x1c\x02\x05\xff")))),
        ("a packed text", png_with(*b"zTXt", &[b"Comment\0\0".as_slice(), &zipped(b"the sea")].concat())),
        ("a broken text", png_with(*b"zTXt", b"Comment\0\0no zlib")),
        ("an empty one", png_with(*b"zTXt", b"")),
        ("another empty one", png_with(*b"iTXt", b"\0\x01")),
    ] {
        assert!(!measure(&bytes).unwrap().location, "{what} tells none");
    }
}

#[test]
fn pictures_that_cannot_be_cleaned_are_known_by_their_beginning() {
    let beginnings: [&[u8]; 7] = [
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ",
        b"\xff\x4f\xff\x51\0\x29",
        b"8BPS\0\x01\0\0",
        b"II\xbc\x01\x08\0\0\0",
        b"II\xbc\0\x08\0\0\0",
        b"II*\0\x08\0\0\0",
        b"\0\0\0\x18ftypheic\0\0\0\0",
    ];
    assert!(beginnings.into_iter().all(is_closed));
    assert!(!is_closed(b"II, the sequel") && !is_closed(b"8BIT") && !is_closed(b"\xff\xd8\xff\xe0"));
}

#[test]
fn what_a_png_has_beside_its_pixels_costs_its_decoding_nothing() {
    let profile = |size: usize| [b"icc\0\0".as_slice(), &zipped(&vec![7; size])].concat();
    let tight = Limits { pixels: 1_000_000, memory: 1 << 20 };
    for name in [*b"iCCP", *b"zTXt"] {
        let bytes = png_with(name, &profile(8 << 20));
        assert!(measure(&bytes).is_ok_and(|facts| (facts.width, facts.height) == (30, 20)));
        let only = png::pixels_only(&bytes).unwrap();
        assert!(only.len() < 2000 && pixels(&only) == pixels(&bytes));
        assert!(previews(&bytes, &[16], tight).is_ok(), "nothing of it was inflated");
    }
}

#[test]
fn how_a_picture_is_turned_stays() {
    for orientation in 1..=8 {
        for bytes in [jpeg_with_place(orientation), png_with_place(orientation), webp_with_place(orientation)]
        {
            let facts = measure(&without_details(&bytes).unwrap()).unwrap();
            assert_eq!(facts.orientation, orientation);
            let size = if orientation >= 5 { (200, 300) } else { (300, 200) };
            assert_eq!((facts.width, facts.height), size);
            let made = previews(&bytes, &[160], LIMITS).unwrap();
            let small = pixels(&made.jpegs[0]);
            assert_eq!((small.width() < small.height()), orientation >= 5, "shown upright");
        }
    }
}

#[test]
fn previews_are_small_upright_and_flat_on_white() {
    let made = previews(&coded(painted(2000, 1000), ImageFormat::Png), &[160, 640], LIMITS).unwrap();
    let sizes: Vec<_> = made.jpegs.iter().map(|jpeg| pixels(jpeg).dimensions()).collect();
    assert_eq!(sizes, [(160, 80), (640, 320)]);
    assert_eq!((made.facts.width, made.facts.height), (2000, 1000));
    assert_eq!(made.blurhash.len(), 28, "4 by 3 components: {}", made.blurhash);
    let clear = RgbaImage::from_pixel(50, 40, Rgba([0, 0, 0, 0]));
    let made = previews(&coded(clear, ImageFormat::Png), &[160, 640], LIMITS).unwrap();
    let small = pixels(&made.jpegs[1]);
    assert_eq!(small.dimensions(), (50, 40), "never larger than the picture");
    assert!(small.pixels().all(|pixel| pixel.0[0] > 250), "what is clear is white");
}

/// A PNG that says it is so large and has next to no bytes.
fn huge_png(side: u32) -> Vec<u8> {
    let mut header = side.to_be_bytes().to_vec();
    header.extend(side.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut out = png::SIGNATURE.to_vec();
    out.extend(png::chunk(*b"IHDR", &header));
    out.extend(png::chunk(*b"IDAT", &[0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1]));
    out.extend(png::chunk(*b"IEND", b""));
    out
}

#[test]
fn a_picture_that_is_too_large_is_refused_by_its_header() {
    let began = std::time::Instant::now();
    for bytes in [huge_png(50_000), huge_png(u32::MAX >> 1)] {
        assert!(previews(&bytes, &[160], LIMITS).is_err());
        assert!(squares(&bytes, None, &[64], LIMITS).is_err());
    }
    assert_eq!(previews(&huge_png(50_000), &[160], LIMITS).unwrap_err(), PictureError::TooLarge);
    assert_eq!(measure(&huge_png(50_000)).unwrap().width, 50_000, "the header is still readable");
    assert!(began.elapsed().as_secs() < 2, "nothing was decoded");
}

#[test]
fn colours_with_two_bytes_each_count_for_their_memory() {
    let wide: DynamicImage = image::ImageBuffer::<image::Rgba<u16>, _>::new(600, 600).into();
    let bytes = coded(wide, ImageFormat::Png);
    let tight = Limits { pixels: 1_000_000, memory: 2 << 20 };
    assert_eq!(previews(&bytes, &[160], tight).unwrap_err(), PictureError::TooLarge);
    assert!(previews(&bytes, &[160], LIMITS).is_ok());
}

#[test]
fn a_gif_of_a_hundred_thousand_frames_is_its_first_one() {
    let one = coded(DynamicImage::ImageRgb8(painted(30, 20)).into_rgba8(), ImageFormat::Gif);
    let start = 13 + if one[10] & 0x80 == 0 { 0 } else { 3 << ((one[10] & 7) + 1) };
    let mut many = one[..start].to_vec();
    // A frame of one pixel each.
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0";
    many.extend_from_slice(&one[start..one.len() - 1]);
    for _ in 0..100_000 {
        many.extend_from_slice(frame);
    }
    many.push(0x3b);
    let made = previews(&many, &[160], LIMITS).unwrap();
    assert_eq!(pixels(&made.jpegs[0]).dimensions(), (30, 20));
    assert_eq!(without_details(&many).unwrap(), many, "an animation stays one");
}

#[test]
fn a_square_is_cut_from_the_picture_as_it_is_shown() {
    for orientation in 1..=8 {
        let bytes = png_with_place(orientation);
        let mut shown: DynamicImage = image::load_from_memory(&bytes).unwrap();
        shown.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let crop = Crop { x: 11, y: 23, side: 90 };
        let made = squares(&bytes, Some(crop), &[64, 256, 640], LIMITS).unwrap();
        let expected = shown.crop_imm(crop.x, crop.y, crop.side, crop.side).into_rgb8();
        let got = pixels(&made[1]);
        assert_eq!(got.dimensions(), (90, 90), "no larger than the part");
        let far = expected.enumerate_pixels().filter(|(x, y, pixel)| {
            let got = got.get_pixel(*x, *y);
            (0..3).any(|at| pixel.0[at].abs_diff(got.0[at]) > 90)
        });
        assert!(far.count() < 400, "orientation {orientation} shows the same part");
        assert_eq!(pixels(&made[0]).dimensions(), (64, 64));
        assert!(made.iter().all(|jpeg| !tells(jpeg)));
    }
    let bytes = coded(painted(3000, 2000), ImageFormat::Jpeg);
    let made = squares(&bytes, None, &[640], LIMITS).unwrap();
    assert_eq!(pixels(&made[0]).dimensions(), (640, 640));
    for crop in [
        Crop { x: 0, y: 0, side: 0 },
        Crop { x: 0, y: 1, side: 2000 },
        Crop { x: u32::MAX, y: 0, side: 2 },
        Crop { x: 2999, y: 0, side: 2 },
    ] {
        let outside = PictureError::Outside { width: 3000, height: 2000 };
        assert_eq!(squares(&bytes, Some(crop), &[64], LIMITS).unwrap_err(), outside);
    }
}

#[test]
fn what_is_no_picture_is_told() {
    assert_eq!(measure(b"").unwrap_err(), PictureError::Unknown);
    assert_eq!(without_details(b"%PDF-1.7").unwrap_err(), PictureError::Unknown);
    for bytes in [jpeg_with_place(1), png_with_place(1), webp_with_place(1), gif_with_place()] {
        for cut in [3, 9, 12, 40, bytes.len() / 2] {
            // Some decoders show the part that is there; none may fail in another way than by its answer.
            let _ = (measure(&bytes[..cut]), previews(&bytes[..cut], &[160], LIMITS));
            if let Ok(clean) = without_details(&bytes[..cut]) {
                assert!(!tells(&clean));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bent_pictures_do_no_harm(
        which in 0..4usize,
        bends in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = match which {
            0 => jpeg_with_place(3),
            1 => png_with_place(3),
            2 => webp_with_place(3),
            _ => gif_with_place(),
        };
        for (at, value) in bends {
            // Where the structure is, and sometimes in the pixels.
            let length = bytes.len().min(700);
            bytes[at.index(length)] = value;
        }
        let _ = (measure(&bytes), previews(&bytes, &[16], Limits { pixels: 1_000_000, memory: 16 << 20 }));
        if let Ok(clean) = without_details(&bytes) {
            prop_assert_eq!(without_details(&clean).unwrap(), clean);
        }
    }
}
