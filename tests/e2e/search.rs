//! Search while the index is behind, while many search, and in more conversations than one search looks into.

use std::collections::HashSet;

use litrocket_client::Outgoing;
use litrocket_protocol::{
    ConversationId,
    conversations::CreateGroup,
    history::{Found, Search},
};

use crate::world::{PATIENCE, Person, World, text, words};

fn look_for(text: &str, before: Option<u64>, limit: u64) -> Search {
    Search { text: text.into(), conversation: None, before, limit: Some(limit) }
}

fn texts(found: &Found) -> Vec<String> {
    found.messages.iter().map(|message| words(&message.event)).collect()
}

/// As long as this is held, the index cannot follow.
fn holds_the_index_back(world: &World) -> rusqlite::Connection {
    let index = rusqlite::Connection::open(world.folder.path().join("data/search.db")).unwrap();
    index.execute_batch("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    index
}

/// Says all of it as fast as it goes.
async fn says_all(person: &Person, chat: ConversationId, all: impl Iterator<Item = String>) {
    for said in all {
        drop(person.client.send(chat, Outgoing::text(said)).await.unwrap());
    }
    assert_eq!(person.client.flush(PATIENCE * 3).await, 0);
}

#[tokio::test]
async fn a_word_that_an_edit_replaced_is_not_found_any_more_while_the_index_is_behind() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let old = ada.says(chat, "alpha").await.event_seq;
    world.is_indexed().await;
    assert_eq!(texts(&bob.asks(look_for("alpha", None, 10)).await), ["alpha"]);
    let index = holds_the_index_back(&world);
    ada.sends(chat, Outgoing::edit(old, &text("beta"))).await.unwrap();
    let young = ada.says(chat, "gamma").await.event_seq;
    ada.sends(chat, Outgoing::edit(young, &text("delta"))).await.unwrap();
    ada.sends(chat, Outgoing::edit(young, &text("epsilon"))).await.unwrap();
    for round in ["behind", "followed"] {
        for gone in ["alpha", "gamma", "delta"] {
            assert!(bob.asks(look_for(gone, None, 10)).await.messages.is_empty(), "{gone} {round}");
        }
        for there in ["beta", "epsilon"] {
            let found = bob.asks(look_for(there, None, 10)).await;
            assert_eq!((texts(&found), found.complete), (vec![there.to_owned()], true), "{round}");
        }
        if round == "behind" {
            index.execute_batch("ROLLBACK").unwrap();
            world.is_indexed().await;
        }
    }
}

#[tokio::test]
async fn what_is_not_indexed_comes_newest_first_page_by_page_without_a_hole() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    says_all(&ada, chat, (0..20).map(|n| format!("needle {n}"))).await;
    world.is_indexed().await;
    let _index = holds_the_index_back(&world);
    says_all(&ada, chat, (20..320).map(|n| format!("needle {n}"))).await;
    let edited = ada.asks(look_for("needle 100", None, 1)).await.messages[0].event.event_seq;
    ada.sends(chat, Outgoing::edit(edited, &text("needle 100 again"))).await.unwrap();
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let found = bob.asks(look_for("needle", before, 50)).await;
        assert!(found.complete);
        all.extend(texts(&found));
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    let mut expected: Vec<String> = (0..320).rev().map(|n| format!("needle {n}")).collect();
    expected[219] += " again";
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_tail_too_long_for_one_page_says_so_and_the_next_page_goes_on_there() {
    let world = World::start_with(|config| config.storage.durability = "normal".into()).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let _index = holds_the_index_back(&world);
    ada.says(chat, "needle").await;
    says_all(&ada, chat, (0..10_050).map(|n| format!("hay {n}"))).await;
    let first = bob.asks(look_for("needle", None, 10)).await;
    assert!(first.messages.is_empty() && !first.complete, "{first:?}");
    let second = bob.asks(look_for("needle", first.next, 10)).await;
    assert_eq!((texts(&second), second.complete, second.next), (vec!["needle".into()], true, None));
}

#[tokio::test]
async fn more_searches_than_there_are_places_are_told_to_come_back() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "alpha").await;
    let mut places = Vec::new();
    for n in 0.. {
        let Ok(place) = world.app().searches.enter((1_000 + n / 4).into()) else { break };
        places.push(place);
    }
    match ada.client.call(look_for("alpha", None, 10)).await {
        Err(litrocket_client::Error::Fault(fault)) => {
            assert_eq!(fault.code, "busy");
            assert!(fault.retry_after_ms.is_some_and(|wait| wait > 0));
        }
        other => panic!("{other:?}"),
    }
    // Everything else goes on.
    ada.says(chat, "beta").await;
    places.pop();
    assert_eq!(texts(&ada.asks(look_for("alpha", None, 10)).await), ["alpha"]);
    drop(places);
    // Nobody has more than a few of them.
    let own: Vec<_> = (0..).map_while(|_| world.app().searches.enter(ada.account).ok()).collect();
    assert!(own.len() < 10, "{}", own.len());
    assert_eq!(texts(&bob.asks(look_for("alpha", None, 10)).await), ["alpha"]);
}

#[tokio::test]
async fn who_is_in_more_conversations_than_one_search_looks_into_is_told() {
    let world = World::start_with(|config| {
        config.limits.groups_per_day = 10_000;
        config.storage.durability = "normal".into();
    })
    .await;
    let ada = world.person("ada").await;
    let oldest = ada.makes_group("oldest", &[]).await;
    ada.says(oldest, "needle").await;
    let mut groups = HashSet::from([oldest]);
    for n in 1..1_000 {
        let id = ada.client.new_id().unwrap();
        let request = CreateGroup { id, name: n.to_string(), accounts: vec![], open_history: false };
        groups.insert(ada.asks(request).await.conversation);
    }
    let found = ada.asks(look_for("needle", None, 10)).await;
    assert_eq!((found.messages.len(), found.complete), (1, true), "a thousand are searched");
    ada.makes_group("one more", &[]).await;
    let newer = ada.asks(look_for("needle", None, 10)).await;
    assert!(!newer.complete, "{newer:?}");
    let inside = Search { conversation: Some(oldest), ..look_for("needle", None, 10) };
    let inside = ada.asks(inside).await;
    assert_eq!((texts(&inside), inside.complete), (vec!["needle".into()], true));
}

#[tokio::test]
async fn an_index_that_is_ahead_of_the_log_is_built_again() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let notes = ada.opens(&ada).await;
    ada.says(notes, "a rocket").await;
    world.is_indexed().await;
    drop(ada);
    // As after a power cut that took the end of the log and left the index.
    world.app().search.apply(&[], 1_000_000).unwrap();
    world.down().await;
    world.up().await;
    let guest = world.guest().await;
    guest.sign_in(crate::world::sign_in("ada", crate::world::PASSWORD)).await.unwrap();
    let found = async {
        // The old one may still answer for a moment.
        while world.app().search.indexed().unwrap() >= 1_000_000
            || guest.call(look_for("rocket", None, 5)).await.unwrap().messages.len() != 1
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it is built again, and what was said is found");
}

#[tokio::test]
async fn a_server_that_can_write_neither_its_index_nor_its_generation_starts_and_carries_messages() {
    let mut world = World::start().await;
    drop(world.person("ada").await);
    world.down().await;
    let data = world.folder.path().join("data");
    // A folder in the place of a file is what a full disk is: it can be neither read nor written.
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(data.join(format!("search.db{suffix}"))));
    }
    std::fs::create_dir(data.join("search.db")).unwrap();
    std::fs::remove_file(data.join("keys/generation")).unwrap();
    std::fs::create_dir(data.join("keys/generation")).unwrap();
    world.up().await;
    let ada = world.guest().await;
    let signed_in = ada.sign_in(crate::world::sign_in("ada", crate::world::PASSWORD)).await.unwrap();
    let ada = Person { name: "ada".into(), account: signed_in.account, client: ada, events: None };
    let notes = ada.opens(&ada).await;
    ada.says(notes, "a rocket").await;
    assert_eq!(ada.is_refused(look_for("rocket", None, 5)).await, "unavailable");
    drop(ada);
    world.down().await;
    std::fs::remove_dir(data.join("search.db")).unwrap();
    world.up().await;
    world.is_indexed().await;
}
