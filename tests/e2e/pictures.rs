//! Pictures in messages and moments: what is known of them, small ones, and who may see them.

use std::{io::Cursor, time::Duration};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use litrocket::{args, features::files::make_preview_now};
use litrocket_client::{Digest, Outgoing, Transfer, clean_picture};
use litrocket_protocol::{
    event::File,
    files::{DeleteFile, FileInfo, GetFile, ListUploads, OpenDownload, file_state},
    frame, limits,
    moments::{DeleteMoment, GetMoment, ListFeed, Moment, PostMoment, SetMomentVisibility, visibility},
    people::{RemoveFriend, SetBlocked},
    pictures::{GetPreview, PREVIEW_SIZES, Preview},
};

use crate::{
    files::{content, file_of, stored_chunks},
    world::{PATIENCE, Person, World},
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
    let file = ada.brings(&world, "good.png", &good).await;
    assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 106));
    for file in files {
        let FileInfo { picture, .. } = ada.knows(file).await;
        assert_eq!(picture, None);
        assert_eq!(ada.is_refused(GetPreview { file, size: 160 }).await, "no_preview");
        assert!(ada.fetches(&world, file).await.is_ok(), "it still is what was sent");
        let moment = ada.showing("", &[file], visibility::FRIENDS, &[]);
        assert_eq!(ada.is_refused(moment).await, "bad_picture");
    }
}

#[tokio::test]
async fn a_picture_that_waits_when_the_server_ends_is_looked_at_by_the_next_one() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.brings(&world, "sea.png", &picture(1, 200, 100, ImageFormat::Png)).await;
    let forget = "UPDATE pictures SET state = 0, tries = 0, width = 0";
    let work = world
        .app()
        .writer
        .run(move |tx| Box::pin(async move { tx.execute(forget, args![]).await.map(drop) }));
    work.await.unwrap();
    world.down().await;
    world.up().await;
    let looked = async {
        while ada.knows(file).await.picture.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looked).await.unwrap();
    assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 80));
}

/// What is noted of the pictures: state, tries, and when they are looked at again.
async fn noted(world: &World) -> Vec<(i64, i64, i64)> {
    world.app().db.all("SELECT state, tries, retry_ms FROM pictures ORDER BY content", args![]).await.unwrap()
}

async fn changes(world: &World, sql: &'static str, number: u64) {
    let work = async move |tx: &mut litrocket::writer::Tx| tx.execute(sql, args![number]).await;
    world.app().writer.run(move |tx| Box::pin(async move { work(tx).await })).await.unwrap();
}

#[tokio::test]
async fn a_storage_that_was_away_brands_no_picture() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let good = picture(1, 200, 100, ImageFormat::Png);
    let file = ada.brings(&world, "sea.png", &good).await;
    let bad = ada.brings(&world, "bad.png", &good[..60]).await;
    let (folder, away) = (world.folder.path().join("data/files"), world.folder.path().join("away"));
    std::fs::rename(&folder, &away).unwrap();
    for time in 0..6 {
        // It answers with errors, or as if nothing had ever been there.
        if time == 3 {
            std::fs::write(&folder, "no folder").unwrap();
        }
        changes(&world, "UPDATE pictures SET state = 0, retry_ms = $1, width = 0 WHERE state <> 2", 0).await;
        let _ = make_preview_now(world.app()).await;
        let (state, tries, retry_ms) = noted(&world).await[0];
        assert!((state, tries) == (0, 0) && retry_ms > 0, "it waits");
        assert_eq!(ada.is_refused(GetPreview { file, size: 160 }).await, "no_preview");
    }
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    world.app().clock.set_offset_ms(3_700_000);
    while make_preview_now(world.app()).await.unwrap() {}
    assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 80));
    // What its decoder refuses is none, and is not looked at again.
    assert_eq!(ada.is_refused(GetPreview { file: bad, size: 160 }).await, "no_preview");
    assert_eq!(noted(&world).await[1].0, 2);
}

#[tokio::test]
async fn a_picture_with_which_the_server_ended_waits_longer_each_time_and_is_looked_at_again() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.brings(&world, "sea.png", &picture(1, 200, 100, ImageFormat::Png)).await;
    let hour = 3_600_000;
    for (ends, pause_ms) in [(1, hour / 60), (2, hour), (3, 24 * hour), (4, 720 * hour), (9, 720 * hour)] {
        // As a server leaves it that ends in the middle.
        let begun = "UPDATE pictures SET state = 0, tries = $1, retry_ms = 0, width = 0";
        changes(&world, begun, ends).await;
        world.down().await;
        world.up().await;
        let waits = async {
            loop {
                let now = world.app().clock.now_ms();
                match noted(&world).await[0] {
                    (0, _, until) if until > 0 => return until as u64 - now,
                    (state, ..) => assert_eq!(state, 0, "it was looked at too early"),
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waits = tokio::time::timeout(PATIENCE, waits).await.unwrap();
        assert!(waits.abs_diff(pause_ms) < 30_000, "{ends}: {waits}");
    }
    // Its time comes.
    changes(&world, "UPDATE pictures SET retry_ms = $1", 1).await;
    while make_preview_now(world.app()).await.unwrap() {}
    let looked = async {
        while ada.client.call(GetPreview { file, size: 160 }).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looked).await.unwrap();
    assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 80));
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
async fn who_sees_a_moment_sees_its_pictures_and_nobody_else() {
    let world = World::start().await;
    let [ada, bob, cid, eve] = world.people(["ada", "bob", "cid", "eve"]).await;
    ada.befriends(&bob).await;
    ada.befriends(&cid).await;
    let everybody = [&ada, &bob, &cid, &eve];
    let rows: [(u8, &[&Person], [bool; 4]); 5] = [
        (visibility::FRIENDS, &[], [true, true, true, false]),
        (visibility::CHOSEN, &[&bob], [true, true, false, false]),
        (visibility::EXCEPT, &[&bob], [true, false, true, false]),
        (visibility::ONLY_ME, &[], [true, false, false, false]),
        (visibility::EVERYBODY, &[], [true, true, true, true]),
    ];
    for (number, people, seen) in rows {
        let file =
            ada.brings(&world, &format!("{number}.png"), &picture(number, 40, 30, ImageFormat::Png)).await;
        let moment = ada.shows("", &[file], number, people).await;
        assert_eq!((&*moment.pictures, moment.facts[0].width), (&[file][..], 40));
        for (person, sees) in everybody.iter().zip(seen) {
            if sees {
                assert_eq!(person.previews(file, 160).await.dimensions(), (40, 30));
                assert!(person.fetches(&world, file).await.is_ok(), "{number}: {}", person.name);
                assert_eq!(person.asks(GetMoment { moment: moment.moment }).await.facts, moment.facts);
            } else {
                person.sees_no_file(file).await;
            }
        }
    }
    // What is shown to others later is read by others from then on.
    let file = ada.brings(&world, "mine.png", &picture(9, 40, 30, ImageFormat::Png)).await;
    let moment = ada.shows("mine", &[file], visibility::ONLY_ME, &[]).await.moment;
    bob.sees_no_file(file).await;
    ada.asks(SetMomentVisibility { moment, visibility: visibility::EVERYBODY, people: vec![] }).await;
    assert!(bob.fetches(&world, file).await.is_ok() && eve.fetches(&world, file).await.is_ok());
    eve.asks(SetBlocked { account: ada.account, blocked: true }).await;
    eve.sees_no_file(file).await;
    ada.asks(SetMomentVisibility { moment, visibility: visibility::FRIENDS, people: vec![] }).await;
    ada.asks(RemoveFriend { account: bob.account }).await;
    bob.sees_no_file(file).await;
    assert!(cid.fetches(&world, file).await.is_ok());
    ada.asks(DeleteMoment { moment }).await;
    cid.sees_no_file(file).await;
}

#[tokio::test]
async fn the_pictures_of_a_moment_stay_while_it_does_and_go_with_it() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let mut files = Vec::new();
    for seed in 0..9 {
        files
            .push(ada.brings(&world, &format!("{seed}.png"), &picture(seed, 64, 48, ImageFormat::Png)).await);
    }
    let moment = PostMoment {
        alts: (0..9).map(|number| format!("picture {number}")).collect(),
        ..ada.showing("nine", &files, visibility::FRIENDS, &[])
    };
    let posted = ada.asks(moment.clone()).await;
    assert_eq!(ada.asks(moment).await, posted, "a retry is the same moment");
    let seen = bob.asks(ListFeed::default()).await.moments.remove(0);
    assert_eq!((&seen.pictures, &seen.alts[8][..]), (&files, "picture 8"), "in their order");
    // A day later they are still there: a moment carries them.
    world.app().clock.set_offset_ms(26 * 3_600_000);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(bob.previews(files[3], 160).await.dimensions(), (64, 48));
    // Another moment shows one of them too: it stays when the first goes.
    let again = bob.shows("again", &[files[0]], visibility::FRIENDS, &[]).await;
    ada.asks(DeleteMoment { moment: posted.moment }).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    bob.sees_no_file(files[1]).await;
    assert_eq!(stored_chunks(&world), 1 + PREVIEW_SIZES.len());
    assert!(bob.fetches(&world, again.pictures[0]).await.is_ok());
    assert!(ada.fetches(&world, again.pictures[0]).await.is_ok(), "bob's friends see it");
    bob.asks(DeleteMoment { moment: again.moment }).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 0);
    // An account that goes takes its pictures along.
    world.app().clock.set_offset_ms(0);
    let file = ada.brings(&world, "last.png", &picture(20, 64, 48, ImageFormat::Png)).await;
    ada.shows("", &[file], visibility::EVERYBODY, &[]).await;
    assert!(bob.fetches(&world, file).await.is_ok());
    world.deletes(&ada, false).await;
    bob.sees_no_file(file).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 0);
}

#[tokio::test]
async fn pictures_that_cannot_be_in_a_moment_are_refused() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let file = ada.brings(&world, "a.png", &picture(1, 64, 48, ImageFormat::Png)).await;
    let words = ada.brings(&world, "words.png", b"no picture").await;
    let refused = async |moment: PostMoment| ada.is_refused(moment).await;
    let post = |pictures: &[u64]| ada.showing("x", pictures, visibility::FRIENDS, &[]);
    assert_eq!(refused(post(&[9999])).await, "not_found");
    assert_eq!(refused(post(&[file, words])).await, "bad_picture");
    assert_eq!(refused(post(&[file; 10])).await, "too_many");
    assert_eq!(refused(PostMoment { alts: vec!["one".into()], ..post(&[]) }).await, "bad_value");
    assert_eq!(refused(PostMoment { alts: vec![String::new(); 2], ..post(&[file]) }).await, "bad_value");
    let long = "x".repeat(limits::MOMENT_BYTES_MAX);
    assert_eq!(refused(PostMoment { alts: vec![long], ..post(&[file]) }).await, "too_long");
    let bobs = bob.brings(&world, "b.png", &picture(2, 64, 48, ImageFormat::Png)).await;
    assert_eq!(refused(post(&[bobs])).await, "not_found", "somebody else's, which nobody showed");
    assert!(ada.asks(ListFeed::default()).await.moments.is_empty(), "nothing of it was posted");
    ada.shows("", &[file, file], visibility::FRIENDS, &[]).await;
}

#[tokio::test]
async fn a_moment_with_what_somebody_else_brought_shows_a_file_of_its_authors_own() {
    let world = World::start_with(|config| config.files.quota_mib = 1).await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    bob.befriends(&eve).await;
    let chat = ada.opens(&bob).await;
    let bytes = picture(1, 64, 48, ImageFormat::Png);
    let hers = ada.brings(&world, "sea.png", &bytes).await;
    ada.sends(chat, Outgoing::file(hers, "")).await.unwrap();
    let asked = bob.showing("look", &[hers, hers], visibility::FRIENDS, &[]);
    let shown = bob.asks(asked.clone()).await;
    let his = shown.pictures[0];
    assert!(his != hers && shown.pictures == [his, his] && shown.facts[0].width == 64);
    assert_eq!(bob.asks(asked).await, shown, "a retry is the same moment");
    let uses = async |person: &Person| person.asks(ListUploads::default()).await.used_bytes;
    let counted = uses(&ada).await;
    assert!(counted > 4096, "with its previews");
    assert_eq!(uses(&bob).await, counted, "each counts for who keeps it");
    assert_eq!(stored_chunks(&world), 1 + PREVIEW_SIZES.len(), "stored once");
    // Whom bob shows it to reads his file, never hers.
    assert!(eve.fetches(&world, his).await.unwrap() == bytes);
    eve.sees_no_file(hers).await;
    assert_eq!(ada.is_refused(GetFile { file: his, hashes: false }).await, "not_found");
    // She takes hers away, also from the message: his stays.
    ada.asks(DeleteFile { file: hers }).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(bob.cannot_fetch(&world, hers).await, "file_gone");
    assert!(eve.fetches(&world, his).await.unwrap() == bytes);
    assert_eq!(eve.asks(GetMoment { moment: shown.moment }).await.facts, shown.facts);
    // Beyond the quota nothing of others is shown, and nothing of the moment stays.
    let large = [picture(2, 64, 48, ImageFormat::Png), content(9, (1 << 20) - 16_384)].concat();
    let more = ada.brings(&world, "more.png", &large).await;
    ada.sends(chat, Outgoing::file(more, "")).await.unwrap();
    let own = bob.brings(&world, "own", &content(8, 100_000)).await;
    let moment = bob.showing("more", &[more], visibility::FRIENDS, &[]);
    assert_eq!(bob.is_refused(moment.clone()).await, "quota_exceeded");
    assert_eq!(bob.asks(ListFeed::default()).await.moments.len(), 1);
    bob.asks(DeleteFile { file: own }).await;
    bob.asks(moment).await;
    // With the moments go the files and what they count for.
    for moment in bob.asks(ListFeed::default()).await.moments {
        bob.asks(DeleteMoment { moment: moment.moment }).await;
    }
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    eve.sees_no_file(his).await;
    assert_eq!(uses(&bob).await, 0);
    assert_eq!(stored_chunks(&world), 1 + PREVIEW_SIZES.len(), "what ada keeps");
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

#[tokio::test]
async fn who_brings_many_pictures_keeps_nobody_waiting_for_all_of_them() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let held = world.app().files.hold().await.unwrap();
    let mut brought = Vec::new();
    for (person, seed) in [(&ada, 1), (&ada, 2), (&ada, 3), (&ada, 4), (&ada, 5), (&bob, 6)] {
        let path = file_of(&world, &format!("{seed}.png"), &picture(seed, 200, 100, ImageFormat::Png));
        let digest = Digest::of_file(&path).await.unwrap();
        let file = person.client.open_upload("sea.png", &digest).await.unwrap().file;
        let client = person.client.clone();
        // Its end waits for the small pictures; nobody waits for that here.
        tokio::spawn(async move { client.upload(&path, "sea.png", &digest, Transfer::default()).await });
        let there = async {
            while person.knows(file).await.state != file_state::COMPLETE {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.unwrap();
        brought.push((person, file));
    }
    // One after the other: who asks behind the one that is being looked at gets the turn after it.
    let mut held = Some(held);
    loop {
        drop(held.take());
        held = Some(world.app().files.hold().await.unwrap());
        let mut looked = Vec::new();
        for (person, file) in &brought {
            looked.push(person.client.call(GetPreview { file: *file, size: 160 }).await.is_ok());
        }
        let (hers, his) = (looked[..5].iter().filter(|seen| **seen).count(), looked[5]);
        assert!(his || hers <= 2, "{hers} of ada's were looked at before the only one of bob's");
        if his {
            assert!(hers < 5, "ada's others still wait");
            break;
        }
    }
}
