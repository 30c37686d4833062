//! Messages that go out before their file is there: what they say of it, then and later.

use image::ImageFormat;
use litrocket_client::{Digest, Item, Outgoing, Transfer};
use litrocket_protocol::{
    ConversationId,
    conversations::RemoveMember,
    event::{Event, File, FileKnown, Forwarded, kind},
    files::CancelUpload,
    frame,
};

use super::{MIB, content, file_of};
use crate::{
    pictures::picture,
    world::{Person, World, eventually},
};

impl Person {
    /// The next event of this kind.
    async fn hears_kind(&mut self, wanted: u16) -> Event {
        self.waits_for(|item| match item {
            Item::Event(event) if event.kind == wanted => Some(event.clone()),
            _ => None,
        })
        .await
    }

    async fn carries(&self, conversation: ConversationId, seq: u64) -> File {
        let page = self.history(conversation).await;
        let message = page.into_iter().find(|message| message.event.event_seq == seq).unwrap();
        frame::decode(&message.event.body).unwrap()
    }
}

#[tokio::test]
async fn a_message_that_went_before_its_picture_says_what_it_is_when_it_is_there() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("sea", &[&bob, &eve]).await;
    bob.listens().await;
    let mut away = world.device(&bob).await;
    let path = file_of(&world, "sea.png", &picture(7, 300, 200, ImageFormat::Png));
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("sea.png", &digest).await.unwrap().file;
    let ack = ada.sends(group, Outgoing::picture(file, "look", "the sea")).await.unwrap();
    let early: File = frame::decode(&bob.hears_kind(kind::FILE).await.body).unwrap();
    assert_eq!((&*early.media_type, &early.picture), ("application/octet-stream", &None));
    // Bob sends it on while it is still coming in; eve is put out before it is there.
    let chat = bob.opens(&ada).await;
    let forward = bob.sends(chat, Outgoing::forward(group, ack.event_seq)).await.unwrap();
    ada.asks(RemoveMember { conversation: group, account: eve.account }).await;
    ada.client.upload(&path, "sea.png", &digest, Transfer::default()).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        told.push(bob.hears_kind(kind::FILE_KNOWN).await);
    }
    for event in &told {
        let known: FileKnown = frame::decode(&event.body).unwrap();
        let picture = known.picture.unwrap();
        assert_eq!((&*known.media_type, picture.width, picture.height), ("image/png", 300, 200));
        assert_eq!(event.message_seq, None, "it is no message");
        let target = if event.conversation == group { ack.event_seq } else { forward.event_seq };
        assert_eq!(event.target_seq, Some(target));
    }
    assert_ne!(told[0].conversation, told[1].conversation);
    // Who reads later finds it in the message, and nothing else of it is changed.
    let now = bob.carries(group, ack.event_seq).await;
    assert_eq!(now.picture.as_ref().map(|picture| picture.width), Some(300));
    assert_eq!((&*now.media_type, &*now.text, &*now.alt, now.file), ("image/png", "look", "the sea", file));
    let page = bob.history(chat).await;
    let forwarded: Forwarded = frame::decode(&page.last().unwrap().event.body).unwrap();
    assert_eq!(forwarded.file.unwrap().media_type, "image/png");
    // A device that was away hears both: the message as it is now, and what was told.
    away.listens_from_start();
    let heard: File = frame::decode(&away.hears_kind(kind::FILE).await.body).unwrap();
    assert_eq!(heard.media_type, "image/png");
    away.hears_kind(kind::FILE_KNOWN).await;
    // Who was put out reads the message, as it is now, and hears nothing of after.
    assert_eq!(eve.carries(group, ack.event_seq).await.media_type, "image/png");
    assert!(eve.sees(group).await.head_seq < told[0].event_seq.max(told[1].event_seq));
    // Sent again it is known from the beginning: nothing is left to tell.
    ada.sends(group, Outgoing::file(file, "")).await.unwrap();
    assert!(!litrocket::features::files::announce_known_file_now(world.app()).await.unwrap());
    bob.hears_kind(kind::FILE).await;
    bob.hears_nothing(&world).await;
}

#[tokio::test]
async fn what_was_recalled_or_given_up_says_nothing() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    let path = file_of(&world, "words.txt", "plain words. ".repeat(100_000).as_bytes());
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("words.txt", &digest).await.unwrap().file;
    let taken = ada.sends(chat, Outgoing::file(file, "one")).await.unwrap();
    let kept = ada.sends(chat, Outgoing::file(file, "two")).await.unwrap();
    ada.sends(chat, Outgoing::recall(taken.event_seq)).await.unwrap();
    let other = file_of(&world, "b.bin", &content(800, MIB));
    let never = ada.client.open_upload("b.bin", &Digest::of_file(&other).await.unwrap()).await.unwrap();
    ada.sends(chat, Outgoing::file(never.file, "three")).await.unwrap();
    assert!(!ada.asks(CancelUpload { file: never.file }).await.unchanged);
    assert!(ada.asks(CancelUpload { file: never.file }).await.unchanged, "it went before");
    ada.client.upload(&path, "words.txt", &digest, Transfer::default()).await.unwrap();
    assert!(ada.asks(CancelUpload { file }).await.unchanged, "it is complete");
    let told = bob.hears_kind(kind::FILE_KNOWN).await;
    assert_eq!(told.target_seq, Some(kept.event_seq));
    assert_eq!(frame::decode::<FileKnown>(&told.body).unwrap().media_type, "text/plain");
    bob.hears_nothing(&world).await;
    assert_eq!(bob.carries(chat, kept.event_seq).await.media_type, "text/plain");
}

#[tokio::test]
async fn a_server_that_ended_before_it_could_tell_does_so_when_it_is_back() {
    let mut world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let path = file_of(&world, "sea.png", &picture(8, 300, 200, ImageFormat::Png));
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("sea.png", &digest).await.unwrap().file;
    let ack = ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let held = world.app().files.hold().await.unwrap();
    ada.client.upload(&path, "sea.png", &digest, Transfer::default()).await.unwrap();
    assert_eq!(bob.carries(chat, ack.event_seq).await.picture, None, "nobody has looked at it");
    world.down().await;
    drop(held);
    world.up().await;
    super::scarce::comes_back(&bob).await;
    eventually("the message says what it carries", async || {
        bob.carries(chat, ack.event_seq).await.picture.is_some()
    })
    .await;
}
