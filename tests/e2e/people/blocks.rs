//! People keep others away.

use std::time::Duration;

use litrocket_client::{Item, Outgoing};
use litrocket_protocol::{
    AccountId,
    conversations::{GetConversation, GetMarkers, GetReaders, MarkRead},
    people::{BlockedEntry, FriendEntry, ListBlocked, SetBlocked, friend_state},
};

use super::{ask, friend};
use crate::world::World;

#[tokio::test]
async fn a_block_ends_friendship_and_requests_and_is_not_told() {
    let world = World::start().await;
    let [mut ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    eve.asks(ask(&ada)).await;
    ada.listens().await;
    bob.listens().await;
    ada.blocks(&bob, true).await;
    ada.blocks(&bob, true).await;
    ada.blocks(&eve, true).await;
    assert!(ada.learns::<BlockedEntry>(&format!("blocked/{}", bob.account)).await.is_some());
    assert_eq!(bob.learns::<FriendEntry>(&friend(&ada)).await, None);
    assert!(ada.requests(false).await.is_empty() && eve.requests(true).await.is_empty());
    // Exactly the answer of somebody who refused before: nothing tells that it is a block.
    assert_eq!(bob.is_refused(ask(&ada)).await, "not_accepting");
    assert_eq!(ada.is_refused(ask(&bob)).await, "you_blocked");
    let blocked = ada.asks(ListBlocked::default()).await.people;
    assert_eq!(blocked.iter().map(|one| one.account).collect::<Vec<_>>(), [bob.account, eve.account]);
    assert_eq!(ada.is_refused(SetBlocked { account: ada.account, blocked: true }).await, "bad_value");
    assert_eq!(ada.is_refused(SetBlocked { account: AccountId(99), blocked: true }).await, "not_found");
    ada.blocks(&bob, false).await;
    ada.blocks(&bob, false).await;
    assert_eq!(ada.learns::<BlockedEntry>(&format!("blocked/{}", eve.account)).await.map(|_| ()), Some(()));
    assert_eq!(ada.learns::<BlockedEntry>(&format!("blocked/{}", bob.account)).await, None);
    assert_eq!(bob.asks_to_be_a_friend(&ada, "").await, friend_state::ASKED);
}

#[tokio::test]
async fn who_is_blocked_cannot_write_to_the_other_and_both_hear_why() {
    let world = World::start().await;
    let [mut ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "before").await;
    let id = bob.client.new_id().unwrap();
    let first = Outgoing { id: Some(id), ..Outgoing::text("mine") };
    let ack = bob.sends(room, first.clone()).await.unwrap();
    let group = ada.makes_group("both", &[&bob]).await;
    ada.blocks(&bob, true).await;
    assert_eq!(bob.cannot_send(room, Outgoing::text("hello?")).await, "not_accepting");
    assert_eq!(ada.cannot_send(room, Outgoing::text("no")).await, "you_blocked");
    // A retry of what was accepted before still gets its first answer.
    assert_eq!(bob.sends(room, first).await.unwrap(), ack);
    // Groups are not between the two alone.
    bob.says(group, "here").await;
    bob.blocks(&ada, true).await;
    assert_eq!(bob.cannot_send(room, Outgoing::text("I too")).await, "you_blocked");
    ada.blocks(&bob, false).await;
    assert_eq!(ada.cannot_send(room, Outgoing::text("peace")).await, "not_accepting");
    bob.blocks(&ada, false).await;
    ada.says(room, "after").await;
    bob.says(room, "thanks").await;
    // A block from before there was a conversation: it never shows up.
    ada.blocks(&eve, true).await;
    ada.listens().await;
    let room = eve.opens(&ada).await;
    assert_eq!(eve.cannot_send(room, Outgoing::text("let me in")).await, "not_accepting");
    assert_eq!(ada.is_refused(GetConversation { conversation: room }).await, "not_found");
    ada.hears_nothing(&world).await;
}

#[tokio::test]
async fn who_is_blocked_sees_neither_presence_nor_typing_nor_what_was_read() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let room = ada.opens(&bob).await;
    ada.says(room, "hi").await;
    let asked = bob.says(room, "are you there?").await;
    let read = MarkRead { conversation: room, event_seq: asked.event_seq };
    let markers = GetMarkers { conversation: room, after: None };
    ada.asks(read.clone()).await;
    assert_eq!(bob.asks(markers.clone()).await.markers[0].read, Some(2));
    ada.blocks(&bob, true).await;
    assert_eq!(bob.asks(markers.clone()).await.markers[0].read, None);
    let readers = GetReaders { conversation: room, event_seq: asked.event_seq, after: None, limit: None };
    assert_eq!(bob.asks(readers.clone()).await.readers, []);
    bob.client.watch(vec![ada.account]).unwrap();
    ada.client.set_typing(room, true);
    let hears = async {
        bob.waits_for(|item| matches!(item, Item::Presence(_) | Item::TypingNow(_)).then_some(())).await;
    };
    assert!(tokio::time::timeout(Duration::from_millis(500), hears).await.is_err());
    ada.blocks(&bob, false).await;
    assert_eq!(bob.asks(readers).await.readers, [ada.account]);
    assert_eq!(bob.asks(markers).await.markers[0].read, Some(2));
    bob.client.watch(Vec::new()).unwrap();
    bob.client.watch(vec![ada.account]).unwrap();
    let online = bob.waits_for(|item| match item {
        Item::Presence(presence) => Some(presence.online),
        _ => None,
    });
    assert!(online.await);
}

#[tokio::test]
async fn what_reaches_the_devices_of_who_blocks_is_not_told_to_the_blocked() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "hi").await;
    bob.says(room, "are you there?").await;
    let group = ada.makes_group("all", &[&bob, &eve]).await;
    eve.says(group, "first").await;
    ada.blocks(&bob, true).await;
    bob.listens().await;
    let mut phone = world.device(&ada).await;
    phone.listens_from_start();
    phone.waits_for(|item| matches!(item, Item::CaughtUp).then_some(())).await;
    let last = eve.says(group, "second").await.event_seq;
    phone.hears("second").await;
    // By then the marker of the one-to-one would have come: it was reported no later.
    let mut elsewhere = Vec::new();
    let (everything, account) = (last, ada.account);
    let reported = phone.waits_for(|_| None::<()>);
    let told = bob.waits_for(|item| match item {
        Item::Marker(marker) if marker.account == account && marker.conversation != group => {
            elsewhere.push(marker.clone());
            None
        }
        Item::Marker(marker) if marker.account == account => {
            (marker.delivered == Some(everything)).then_some(())
        }
        _ => None,
    });
    tokio::select! {
        () = told => {}
        () = reported => {}
    }
    assert_eq!(elsewhere, []);
    let markers = bob.asks(GetMarkers { conversation: room, after: None }).await.markers;
    assert_eq!((markers[0].read, markers[0].delivered), (None, 0));
}
