//! An address to be added by.

use litrocket_client::Address;
use litrocket_protocol::{
    account::{SetPrivacy, audience},
    people::{AskFriend, DropAddLink, MakeAddLink, OpenAddLink, friend_state},
};

use super::ask;
use crate::world::{Person, World};

fn open(code: &str) -> OpenAddLink {
    OpenAddLink { code: code.into() }
}

fn ask_with(other: &Person, code: &str) -> AskFriend {
    AskFriend { code: Some(code.into()), ..ask(other) }
}

#[tokio::test]
async fn who_has_the_address_may_ask_also_where_nobody_else_may() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let hidden =
        SetPrivacy { findable: Some(false), add_from: Some(audience::NOBODY), ..SetPrivacy::default() };
    ada.asks(hidden).await;
    let link = ada.asks(MakeAddLink::default()).await;
    let address: Address = link.address.parse().unwrap();
    assert_eq!(address.add.as_deref(), Some(&*link.code));
    assert!(address.ca.is_some() && address.invite.is_none());
    assert_eq!(ada.asks(MakeAddLink::default()).await, link, "the same one until it is dropped");
    let found = bob.asks(open(&link.code)).await;
    assert_eq!((found.account, found.handle.as_str()), (ada.account, "ada"));
    assert_eq!(bob.is_refused(ask(&ada)).await, "not_accepting");
    assert_eq!(bob.is_refused(ask_with(&ada, "wrong")).await, "not_accepting");
    assert_eq!(bob.asks(ask_with(&ada, &link.code)).await.state, friend_state::ASKED);
    // It opens nothing of somebody else, and no block.
    eve.asks(SetPrivacy { add_from: Some(audience::NOBODY), ..SetPrivacy::default() }).await;
    assert_eq!(bob.is_refused(ask_with(&eve, &link.code)).await, "not_accepting");
    ada.blocks(&eve, true).await;
    assert_eq!(eve.is_refused(open(&link.code)).await, "not_found");
    assert_eq!(eve.is_refused(ask_with(&ada, &link.code)).await, "not_accepting");
}

#[tokio::test]
async fn a_dropped_address_is_nobodys_and_the_next_is_another() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let first = ada.asks(MakeAddLink::default()).await.code;
    ada.asks(DropAddLink::default()).await;
    ada.asks(DropAddLink::default()).await;
    for code in [&*first, "", &"x".repeat(65)] {
        assert_eq!(bob.is_refused(open(code)).await, "not_found");
    }
    ada.asks(SetPrivacy { add_from: Some(audience::NOBODY), ..SetPrivacy::default() }).await;
    assert_eq!(bob.is_refused(ask_with(&ada, &first)).await, "not_accepting");
    let second = ada.asks(MakeAddLink::default()).await.code;
    assert_ne!(first, second);
    assert_eq!(bob.asks(open(&second)).await.account, ada.account);
    world.deletes(&ada, false).await;
    assert_eq!(bob.is_refused(open(&second)).await, "not_found");
}
