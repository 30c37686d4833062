//! What a device that was away hears of friends.

use litrocket::writer;
use litrocket_client::{Client, Item, Start};
use litrocket_protocol::people::{RemoveFriend, SetFriend, WithdrawFriend};

use super::{DAY_MS, ask, friend, request};
use crate::world::{PATIENCE, Person, World};

/// What a device hears from where it stood last until it has everything.
async fn catches_up(world: &World, person: &Person) -> Vec<(String, bool)> {
    let mut options = world.options();
    options.token = person.client.token();
    options.state_file = Some(world.folder.path().join(format!("{}.state", person.name)));
    let client = Client::connect(options).await.unwrap();
    let mut events = client.events(Start::Cursors).unwrap();
    let mut entries = Vec::new();
    loop {
        match tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap() {
            Item::Entry(entry) => entries.push((entry.key, entry.value.is_some())),
            Item::AccountReset { .. } => entries.push(("reset".into(), false)),
            Item::CaughtUp => break,
            _ => {}
        }
    }
    events.commit().await.unwrap();
    client.close().await;
    entries
}

#[tokio::test]
async fn a_device_that_was_away_gets_the_changes_since_its_version_and_not_everything_again() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    eve.befriends(&bob).await;
    ada.asks(ask(&bob)).await;
    let first = catches_up(&world, &bob).await;
    assert!(first.contains(&(friend(&eve), true)) && first.contains(&(request(&ada), true)), "{first:?}");
    ada.asks(WithdrawFriend { account: bob.account }).await;
    ada.asks(ask(&bob)).await;
    ada.asks(WithdrawFriend { account: bob.account }).await;
    eve.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(catches_up(&world, &bob).await, [(request(&ada), false), (friend(&eve), false)]);
    assert_eq!(catches_up(&world, &bob).await, []);
}

#[tokio::test]
async fn who_was_away_for_longer_than_a_tombstone_lives_starts_the_account_log_afresh() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    ada.befriends(&eve).await;
    let friend = |other: &Person| format!("friend/{}", other.account);
    assert!(catches_up(&world, &ada).await.contains(&(friend(&bob), true)));
    ada.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(writer::prune_now(&world.app().writer).await.unwrap(), 0);
    world.app().clock.set_offset_ms(91 * DAY_MS);
    assert!(writer::prune_now(&world.app().writer).await.unwrap() > 0);
    // The newest entry of a log stays: there is something to stand at.
    let star = SetFriend { account: eve.account, remark: None, tags: None, starred: Some(true) };
    ada.asks(star).await;
    assert_eq!(writer::prune_now(&world.app().writer).await.unwrap(), 0);
    world.app().clock.set_offset_ms(182 * DAY_MS);
    assert_eq!(writer::prune_now(&world.app().writer).await.unwrap(), 1);
    let heard = catches_up(&world, &ada).await;
    assert_eq!(heard[0], ("reset".into(), false), "{heard:?}");
    assert!(heard.contains(&(friend(&eve), true)), "{heard:?}");
    assert!(heard.iter().all(|(key, _)| *key != friend(&bob)), "{heard:?}");
    // Who has the newest version is told nothing, pruned or not.
    assert_eq!(catches_up(&world, &ada).await, []);
}
