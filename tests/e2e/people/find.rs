//! People find each other by name.

use litrocket_protocol::{
    account::{SetPrivacy, SetProfile},
    people::FindPeople,
};

use crate::world::{Person, World};

impl Person {
    async fn finds(&self, text: &str) -> Vec<String> {
        let page = self.asks(FindPeople { text: text.into(), after: None, limit: None }).await;
        assert_eq!(page.next, None);
        page.people.into_iter().map(|person| person.handle).collect()
    }

    async fn is_called(&self, display_name: &str) {
        self.asks(SetProfile { display_name: Some(display_name.into()), ..SetProfile::default() }).await;
    }
}

#[tokio::test]
async fn people_are_found_by_parts_of_their_names_unless_they_do_not_want_to() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada_lovelace", "bob", "eve"]).await;
    bob.is_called("张三丰 Love").await;
    assert_eq!(eve.finds("ADA").await, ["ada_lovelace"]);
    assert_eq!(eve.finds("@ada").await, ["ada_lovelace"]);
    assert_eq!(eve.finds("love").await, ["bob", "ada_lovelace"]);
    for part in ["三丰", "zhangsan", "zsf", "sanfeng", "bo"] {
        assert_eq!(eve.finds(part).await, ["bob"], "{part}");
    }
    assert!(eve.finds("eve").await.is_empty() && eve.finds("%").await.is_empty());
    // Another name: the old one finds nobody any more.
    bob.is_called("Bobby").await;
    assert!(eve.finds("zsf").await.is_empty());
    assert_eq!(eve.finds("bob").await, ["bob"]);
    // Pages: each person once.
    let page = |after, limit| FindPeople { text: "o".into(), after, limit: Some(limit) };
    let first = eve.asks(page(None, 1)).await;
    let second = eve.asks(page(first.next.clone(), 1)).await;
    let both = [&first.people[0].handle, &second.people[0].handle];
    assert!(both.contains(&&"bob".to_owned()) && both.contains(&&"ada_lovelace".to_owned()), "{both:?}");
    assert!(first.next.is_some() && second.next.is_none());
    // Who blocks one, who does not want it, and who is gone are not found.
    bob.blocks(&eve, true).await;
    assert!(eve.finds("bob").await.is_empty());
    assert_eq!(ada.finds("bob").await, ["bob"]);
    ada.asks(SetPrivacy { findable: Some(false), ..SetPrivacy::default() }).await;
    assert!(eve.finds("ada").await.is_empty());
    world.deletes(&bob, false).await;
    assert!(ada.finds("bob").await.is_empty());
    assert_eq!(
        eve.is_refused(FindPeople { text: " ".into(), after: None, limit: None }).await,
        "nothing_to_search"
    );
    let long = FindPeople { text: "x".repeat(257), after: None, limit: None };
    assert_eq!(eve.is_refused(long).await, "too_long");
    assert_eq!(eve.is_refused(page(None, 0)).await, "bad_value");
}
