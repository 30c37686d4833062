//! The pictures of moments: who sees them, and whose files they are.

use image::ImageFormat;
use litrocket_client::Outgoing;
use litrocket_protocol::{
    files::{DeleteFile, GetFile, ListUploads},
    limits,
    moments::{DeleteMoment, GetMoment, ListFeed, PostMoment, SetMomentVisibility, visibility},
    people::{RemoveFriend, SetBlocked},
    pictures::PREVIEW_SIZES,
};

use super::picture;
use crate::{
    files::{content, stored_chunks},
    world::{Person, World},
};

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
    let large = [picture(2, 64, 48, ImageFormat::Png), content(9, (1 << 20) - 300_000)].concat();
    let more = ada.brings(&world, "more.png", &large).await;
    ada.sends(chat, Outgoing::file(more, "")).await.unwrap();
    let own = bob.brings(&world, "own", &content(8, 400_000)).await;
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
