//! Pictures in messages and moments: what is known of them, small ones, and who may see them.

mod crashed;
mod moments;
mod waiting;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use litrocket_client::{Digest, Outgoing, clean_picture};
use litrocket_protocol::{
    event::File,
    files::{FileInfo, GetFile, OpenDownload, file_state},
    frame, limits,
    moments::{Moment, PostMoment, visibility},
    pictures::{GetPreview, PREVIEW_SIZES, Preview, SetAvatar},
};

use crate::{
    files::{content, file_of, stored_chunks},
    world::{Person, World},
};

/// A picture that differs from seed to seed.
pub(crate) fn picture(seed: u8, width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let paint = |x: u32, y: u32| Rgb([seed, (x % 256) as u8, (y % 256) as u8]);
    let mut out = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, paint));
    let picture = if format == ImageFormat::Gif { picture.into_rgba8().into() } else { picture };
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// The same JPEG with a block of Exif in front: turned by a quarter, taken somewhere.
pub(crate) fn with_place(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0");
    exif.extend(b"\x01\0\x02\0\x05\0\x03\0\0\0\x38\0\0\0\0\0\0\0somewhere secret");
    let length = (exif.len() + 2) as u16;
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(length.to_be_bytes());
    out.extend(exif);
    out.extend(&jpeg[2..]);
    out
}

impl Person {
    pub(crate) async fn brings(&self, world: &World, name: &str, bytes: &[u8]) -> u64 {
        self.uploads(&file_of(world, name, bytes)).await
    }

    async fn previews(&self, file: u64, size: u32) -> RgbImage {
        let Preview { media_type, bytes } = self.asks(GetPreview { file, size }).await;
        assert_eq!(media_type, "image/jpeg");
        assert!(bytes.len() <= limits::PREVIEW_BYTES_MAX);
        image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
    }

    /// Everything that could show a file says that there is none.
    async fn sees_no_file(&self, file: u64) {
        assert_eq!(self.is_refused(GetFile { file, hashes: true }).await, "not_found");
        assert_eq!(self.is_refused(GetPreview { file, size: 160 }).await, "not_found");
        let range = OpenDownload { file, download: 7, first: 0, count: 1 };
        assert_eq!(self.is_refused(range).await, "not_found");
    }

    async fn shows(&self, text: &str, pictures: &[u64], visibility: u8, people: &[&Person]) -> Moment {
        self.asks(self.showing(text, pictures, visibility, people)).await
    }

    fn showing(&self, text: &str, pictures: &[u64], visibility: u8, people: &[&Person]) -> PostMoment {
        let people = people.iter().map(|person| person.account).collect();
        let (id, pictures) = (self.client.new_id().unwrap(), pictures.to_vec());
        PostMoment { id, text: text.into(), pictures, alts: vec![], visibility, people }
    }
}

#[tokio::test]
async fn a_picture_comes_with_its_size_a_blur_and_small_pictures_for_those_who_may_read_it() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    for (seed, format) in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif].into_iter().enumerate()
    {
        let file = ada.brings(&world, "sea", &picture(seed as u8, 900, 300, format)).await;
        assert_eq!(
            bob.is_refused(GetPreview { file, size: 160 }).await,
            "not_found",
            "nothing carries it yet"
        );
        ada.sends(chat, Outgoing::picture(file, "look", "the sea at dawn")).await.unwrap();
        let body: File = frame::decode(&bob.next_event().await.body).unwrap();
        let facts = body.picture.unwrap();
        assert_eq!((facts.width, facts.height, facts.blurhash.len()), (900, 300, 28), "{format:?}");
        assert_eq!((&*body.text, &*body.alt), ("look", "the sea at dawn"));
        assert_eq!(bob.knows(file).await.picture, Some(facts));
        let sizes = [bob.previews(file, 160).await.dimensions(), bob.previews(file, 640).await.dimensions()];
        assert_eq!(sizes, [(160, 53), (640, 213)]);
        eve.sees_no_file(file).await;
        assert_eq!(bob.is_refused(GetPreview { file, size: 161 }).await, "bad_value");
    }
    let file = ada.brings(&world, "words", b"no picture").await;
    assert_eq!(ada.is_refused(GetPreview { file, size: 160 }).await, "no_preview");
    let long = Outgoing::picture(file, "", "x".repeat(limits::ALT_BYTES_MAX + 1));
    assert_eq!(ada.cannot_send(chat, long).await, "too_long");
}

#[tokio::test]
async fn previews_go_with_their_picture() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let file = ada.brings(&world, "sea.png", &picture(1, 200, 200, ImageFormat::Png)).await;
    assert_eq!(stored_chunks(&world), 1 + PREVIEW_SIZES.len());
    let ack = ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    ada.sends(chat, Outgoing::recall(ack.event_seq)).await.unwrap();
    bob.sees_no_file(file).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 0);
}

#[tokio::test]
async fn bombs_and_broken_pictures_are_files_like_any_other() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let good = picture(1, 300, 200, ImageFormat::Png);
    // The header says 50,000 by 50,000 pixels; its checksum is of another size, which nobody reads so far to see.
    let mut huge = good.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    let mut noise = good[..60].to_vec();
    noise.extend(content(3, 100_000));
    let cut = picture(2, 600, 600, ImageFormat::Jpeg);
    let broken = [huge, noise, good[..good.len() / 2].to_vec(), cut[..200].to_vec(), b"GIF89a".to_vec()];
    let mut files = Vec::new();
    for (number, bytes) in (0..20).zip(broken.iter().cycle()) {
        let mut bytes = bytes.clone();
        bytes.push(number);
        files.push(ada.brings(&world, &format!("bomb{number}"), &bytes).await);
    }
    // They came one after the other; a good picture behind them has its preview.
    let shown = ada.brings(&world, "good.png", &good).await;
    assert_eq!(ada.previews(shown, 160).await.dimensions(), (160, 106));
    for (number, file) in files.into_iter().enumerate() {
        let FileInfo { picture, .. } = ada.knows(file).await;
        assert_eq!(picture, None);
        assert_eq!(ada.is_refused(GetPreview { file, size: 160 }).await, "no_preview");
        assert!(ada.fetches(&world, file).await.is_ok(), "it still is what was sent");
        let moment = ada.showing("", &[shown, file, shown], visibility::FRIENDS, &[]);
        let refused = ada.client.call(moment).await.unwrap_err().fault().cloned().unwrap();
        let (code, params) = (refused.code, refused.params.unwrap());
        let expected = if number % broken.len() == 0 { "picture_too_large" } else { "bad_picture" };
        assert_eq!((&*code, &*params["place"]), (expected, "1"), "{number}");
        if number % broken.len() == 0 {
            let face = SetAvatar { file: Some(file), ..SetAvatar::default() };
            assert_eq!(ada.is_refused(face).await, "picture_too_large");
        }
    }
}

#[tokio::test]
async fn the_place_is_told_when_it_was_kept_and_taken_out_before_it_is_sent() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let taken = with_place(&picture(1, 320, 200, ImageFormat::Jpeg));
    let kept = ada.brings(&world, "kept.jpg", &taken).await;
    assert!(ada.knows(kept).await.location, "sent as it is, it tells");
    let path = file_of(&world, "taken.jpg", &taken);
    let clean = clean_picture(&path, world.folder.path()).await.unwrap().unwrap();
    let sent = ada.uploads(&clean).await;
    let info = ada.knows(sent).await;
    assert!(!info.location);
    let facts = info.picture.unwrap();
    assert_eq!((facts.width, facts.height), (200, 320), "and is shown upright as before");
    let bytes = ada.fetches(&world, sent).await.unwrap();
    assert!(!bytes.windows(9).any(|part| part == b"somewhere"));
    for file in [kept, sent] {
        assert_eq!(ada.previews(file, 160).await.dimensions(), (100, 160));
        let Preview { bytes, .. } = ada.asks(GetPreview { file, size: 640 }).await;
        assert!(!bytes.windows(9).any(|part| part == b"somewhere"));
    }
}

#[tokio::test]
async fn who_sends_on_what_they_are_bringing_themselves_has_it_whole() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let bytes = picture(1, 900, 700, ImageFormat::Png);
    let path = file_of(&world, "sea.png", &bytes);
    // Bob has begun with the same picture when hers comes.
    let begun = bob.client.open_upload("sea.png", &Digest::of_file(&path).await.unwrap()).await.unwrap();
    let hers = ada.brings(&world, "sea.png", &bytes).await;
    ada.sends(chat, Outgoing::file(hers, "")).await.unwrap();
    let group = bob.makes_group("sea", &[&ada]).await;
    bob.sends(group, Outgoing::file(hers, "")).await.unwrap();
    assert_eq!(bob.knows(begun.file).await.state, file_state::COMPLETE);
    assert!(bob.fetches(&world, begun.file).await.unwrap() == bytes);
    let shown = bob.shows("", &[hers], visibility::FRIENDS, &[]).await;
    assert_eq!(shown.pictures, [begun.file]);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 1 + PREVIEW_SIZES.len());
}
