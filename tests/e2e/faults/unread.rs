//! Something of a device's cannot be read: the rest of what it is told goes on.

use std::time::{Duration, Instant};

use litrocket_client::{Item, Start};

use crate::world::{Person, World, words};

fn database(world: &World) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database
}

async fn hears_of(device: &mut Person, expected: &str) {
    device
        .waits_for(|item| matches!(item, Item::Event(event) if words(event) == expected).then_some(()))
        .await;
}

#[tokio::test]
async fn an_account_log_that_cannot_be_read_holds_up_no_conversation_and_no_ack() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "before").await;
    bob.befriends(&ada).await;
    let mut phone = world.device(&bob).await;
    let database = database(&world);
    database.execute_batch("ALTER TABLE account_log RENAME TO account_log_away").unwrap();
    phone.events = Some(phone.client.events(Start::Beginning).unwrap());
    hears_of(&mut phone, "before").await;
    ada.says(chat, "live").await;
    hears_of(&mut phone, "live").await;
    // Failing again and again takes nothing from the acks of this very stream.
    let began = Instant::now();
    for n in 0..20 {
        phone.says(chat, &n.to_string()).await;
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    database.execute_batch("ALTER TABLE account_log_away RENAME TO account_log").unwrap();
    phone
        .waits_for(|item| {
            matches!(item, Item::Entry(entry) if entry.key.starts_with("friend/")).then_some(())
        })
        .await;
    phone.waits_for(|item| matches!(item, Item::CaughtUp).then_some(())).await;
}

#[tokio::test]
async fn a_conversation_that_cannot_be_read_holds_up_no_other_and_is_heard_without_a_hole_afterwards() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let broken = ada.opens(&bob).await;
    let whole = eve.opens(&bob).await;
    ada.says(broken, "first").await;
    ada.says(broken, "second").await;
    eve.says(whole, "hello").await;
    // The recent log is in memory: a device that begins after a restart reads the database.
    let mut world = world;
    world.down().await;
    let database = database(&world);
    database
        .execute_batch(
            "CREATE TABLE kept AS SELECT conversation AS c, event_seq AS s, frame AS f FROM events",
        )
        .unwrap();
    let breaks = format!("UPDATE events SET frame = 5 WHERE conversation = {} AND event_seq = 2", broken.0);
    assert_eq!(database.execute(&breaks, []).unwrap(), 1);
    world.up().await;
    let mut phone = world.device(&bob).await;
    phone.events = Some(phone.client.events(Start::Beginning).unwrap());
    hears_of(&mut phone, "hello").await;
    for n in 0..20 {
        eve.says(whole, &n.to_string()).await;
        hears_of(&mut phone, &n.to_string()).await;
    }
    let heals = format!(
        "UPDATE events SET frame = (SELECT f FROM kept WHERE c = conversation AND s = event_seq)
         WHERE conversation = {} AND event_seq = 2",
        broken.0
    );
    assert_eq!(database.execute(&heals, []).unwrap(), 1);
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let event = phone.next_event().await;
        if event.conversation == broken {
            heard.push(words(&event));
        }
    }
    assert_eq!(heard, ["first", "second"]);
}
