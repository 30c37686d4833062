//! The faces of people and groups.

use image::{ImageFormat, RgbImage};
use litrocket_client::Outgoing;
use litrocket_protocol::{
    account::{GetProfile, Profile},
    conversations::{GetConversation, RemoveMember},
    event::{AvatarChanged, kind},
    frame,
    pictures::{Crop, GetAvatar, SetAvatar},
};

use crate::{
    pictures::picture,
    world::{Person, World},
};

impl Person {
    async fn shows_face(&self, file: u64) -> Option<u64> {
        self.asks(SetAvatar { file: Some(file), conversation: None, crop: None }).await.version
    }

    async fn sees_face(&self, other: &Person, size: u32) -> RgbImage {
        let face = GetAvatar { account: Some(other.account), conversation: None, size };
        let bytes = self.asks(face).await.bytes;
        image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
    }

    async fn looks_up(&self, other: &Person) -> Profile {
        self.asks(GetProfile { handle: None, account: Some(other.account) }).await
    }
}

#[tokio::test]
async fn a_face_is_a_square_of_a_picture_for_everybody_who_gets_the_profile() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let of = GetAvatar { account: Some(ada.account), conversation: None, size: 64 };
    assert_eq!(bob.is_refused(of.clone()).await, "no_preview");
    let before = bob.looks_up(&ada).await;
    let file = ada.brings(&world, "me.png", &picture(200, 1000, 400, ImageFormat::Png)).await;
    let first = ada.shows_face(file).await;
    assert_eq!(first, Some(1));
    let profile = bob.looks_up(&ada).await;
    assert_eq!((profile.avatar, profile.version), (first, before.version + 1));
    for (size, side) in [(64, 64), (256, 256), (640, 400)] {
        assert_eq!(bob.sees_face(&ada, size).await.dimensions(), (side, side));
    }
    // The file itself stays its owner's; the same face again changes nothing.
    assert_eq!(bob.is_refused(litrocket_protocol::files::GetFile { file, hashes: false }).await, "not_found");
    assert_eq!(ada.shows_face(file).await, first);
    assert_eq!(bob.looks_up(&ada).await, profile);
    let crop = Some(Crop { x: 900, y: 300, side: 100 });
    let part = SetAvatar { file: Some(file), conversation: None, crop };
    assert_eq!(ada.asks(part.clone()).await.version, Some(2));
    assert_eq!(bob.sees_face(&ada, 640).await.dimensions(), (100, 100));
    for (x, y, side) in [(901, 300, 100), (0, 0, 0), (0, 0, 401), (u32::MAX, 0, 2)] {
        let outside = SetAvatar { crop: Some(Crop { x, y, side }), ..part.clone() };
        assert_eq!(ada.is_refused(outside).await, "bad_crop");
    }
    assert_eq!(bob.is_refused(GetAvatar { size: 65, ..of.clone() }).await, "bad_value");
    assert_eq!(bob.is_refused(GetAvatar { account: None, ..of.clone() }).await, "bad_value");
    // Taken away, twice.
    for _ in 0..2 {
        assert_eq!(ada.asks(SetAvatar::default()).await.version, None);
        assert_eq!(bob.is_refused(of.clone()).await, "no_preview");
    }
    assert_eq!(bob.looks_up(&ada).await.avatar, None);
    assert_eq!(ada.shows_face(file).await, Some(4), "a version stands for one face for ever");
    world.deletes(&ada, false).await;
    assert_eq!(bob.is_refused(of).await, "not_found");
}

#[tokio::test]
async fn only_pictures_that_one_may_read_become_faces() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let refused = async |file| ada.is_refused(SetAvatar { file: Some(file), ..SetAvatar::default() }).await;
    let words = ada.brings(&world, "words", b"no picture").await;
    assert_eq!(refused(words).await, "bad_picture");
    assert_eq!(refused(9999).await, "not_found");
    let bobs = bob.brings(&world, "bob.png", &picture(1, 100, 100, ImageFormat::Png)).await;
    assert_eq!(refused(bobs).await, "not_found");
    let chat = bob.opens(&ada).await;
    bob.sends(chat, Outgoing::file(bobs, "")).await.unwrap();
    assert_eq!(ada.shows_face(bobs).await, Some(1));
}

#[tokio::test]
async fn who_waits_for_a_face_has_no_second_one_made_meanwhile() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let hers = ada.brings(&world, "a.png", &picture(1, 100, 100, ImageFormat::Png)).await;
    let his = bob.brings(&world, "b.png", &picture(2, 100, 100, ImageFormat::Png)).await;
    let set = |file| SetAvatar { file: Some(file), ..SetAvatar::default() };
    let held = world.app().files.hold().await.unwrap();
    let waits = |person: &Person, file| {
        let (client, request) = (person.client.clone(), set(file));
        tokio::spawn(async move { client.call(request).await })
    };
    let first = waits(&ada, hers);
    // Which of the two comes first does not matter: one of them waits, and the other is told to come back.
    let second = waits(&ada, hers);
    let (ended, other) = match futures_util::future::select(first, second).await {
        futures_util::future::Either::Left((ended, other))
        | futures_util::future::Either::Right((ended, other)) => (ended, other),
    };
    assert_eq!(ended.unwrap().unwrap_err().fault().unwrap().code, "busy");
    let his = waits(&bob, his);
    drop(held);
    assert_eq!(other.await.unwrap().unwrap().version, Some(1));
    assert_eq!(his.await.unwrap().unwrap().version, Some(1), "others wait beside");
}

#[tokio::test]
async fn the_owner_gives_a_group_a_face_and_its_members_hear_of_it() {
    let world = World::start().await;
    let [ada, mut bob, cid, eve] = world.people(["ada", "bob", "cid", "eve"]).await;
    let group = ada.makes_group("plans", &[&bob, &cid]).await;
    ada.asks(RemoveMember { conversation: group, account: cid.account }).await;
    bob.listens().await;
    let file = ada.brings(&world, "g.png", &picture(1, 300, 300, ImageFormat::Png)).await;
    let set = SetAvatar { file: Some(file), conversation: Some(group), crop: None };
    let get = GetAvatar { account: None, conversation: Some(group), size: 256 };
    for (person, code) in [(&bob, "forbidden"), (&cid, "not_a_member"), (&eve, "not_found")] {
        assert_eq!(person.is_refused(set.clone()).await, code);
    }
    let version = ada.asks(set.clone()).await.version;
    let event = bob.next_event().await;
    assert_eq!((event.kind, event.message_seq), (kind::AVATAR_CHANGED, None));
    assert_eq!(frame::decode::<AvatarChanged>(&event.body).unwrap().version, version);
    let seen = async |person: &Person| person.asks(GetConversation { conversation: group }).await.avatar;
    assert_eq!(seen(&bob).await, version);
    assert!(!bob.asks(get.clone()).await.bytes.is_empty());
    assert_eq!(seen(&cid).await, None, "a former member hears nothing of it");
    assert_eq!(cid.is_refused(get.clone()).await, "not_a_member");
    assert_eq!(eve.is_refused(get.clone()).await, "not_found");
    let chat = ada.opens(&bob).await;
    assert_eq!(ada.is_refused(SetAvatar { conversation: Some(chat), ..set }).await, "not_a_group");
    ada.asks(SetAvatar { conversation: Some(group), ..SetAvatar::default() }).await;
    let event = bob.next_event().await;
    assert_eq!(frame::decode::<AvatarChanged>(&event.body).unwrap().version, None);
    assert_eq!(bob.is_refused(get).await, "no_preview");
}
