//! Pictures that wait to be looked at: for the next server, for the storage, for their turn.

use std::time::Duration;

use image::ImageFormat;
use litrocket::{args, features::files::make_preview_now};
use litrocket_client::{Digest, Transfer};
use litrocket_protocol::{files::file_state, pictures::GetPreview};

use super::picture;
use crate::{
    files::file_of,
    world::{PATIENCE, World, eventually},
};

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
    eventually("the picture is looked at", async || ada.knows(file).await.picture.is_some()).await;
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
    eventually("the picture is looked at", async || {
        ada.client.call(GetPreview { file, size: 160 }).await.is_ok()
    })
    .await;
    assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 80));
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
        eventually("the picture is complete", async || {
            person.knows(file).await.state == file_state::COMPLETE
        })
        .await;
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
