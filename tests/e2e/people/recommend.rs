//! Whom one may know.

use litrocket::args;
use litrocket_protocol::{
    AccountId,
    account::{SetPrivacy, audience},
    people::{AnswerFriend, DismissRecommendation, RecommendFriends, Recommendation, RemoveFriend},
};

use super::ask;
use crate::world::{Person, World};

impl Person {
    async fn may_know(&self) -> Vec<Recommendation> {
        self.asks(RecommendFriends::default()).await.people
    }

    async fn may_know_names(&self) -> Vec<String> {
        self.may_know().await.into_iter().map(|person| person.handle).collect()
    }
}

#[tokio::test]
async fn friends_of_friends_and_of_groups_are_recommended_with_the_reason() {
    let world = World::start().await;
    let [ada, bob, eve, dan, fay, gus] = world.people(["ada", "bob", "eve", "dan", "fay", "gus"]).await;
    assert!(ada.may_know().await.is_empty());
    for friend in [&bob, &eve] {
        ada.befriends(friend).await;
        dan.befriends(friend).await;
    }
    fay.befriends(&bob).await;
    // A group says that people know each other, less than a friend does.
    gus.makes_group("rockets", &[&ada, &fay]).await;
    let known = ada.may_know().await;
    let reasons: Vec<_> = known
        .iter()
        .map(|one| (one.handle.as_str(), one.common_friends, one.friends.clone(), one.common_groups))
        .collect();
    let (bobs, both) = (vec![bob.account], vec![eve.account, bob.account]);
    assert_eq!(reasons, [("dan", 2, both, 0), ("fay", 1, bobs, 1), ("gus", 0, vec![], 1)]);
    assert!(known.windows(2).all(|pair| pair[0].score >= pair[1].score), "{known:?}");
    assert_eq!(ada.asks(RecommendFriends { limit: Some(1) }).await.people, known[..1]);
    assert_eq!(ada.is_refused(RecommendFriends { limit: Some(0) }).await, "bad_value");
    // A friendship that ended counts no more.
    dan.asks(RemoveFriend { account: eve.account }).await;
    dan.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(ada.may_know_names().await, ["fay", "gus"]);
}

#[tokio::test]
async fn who_is_known_asked_blocked_dismissed_hidden_or_gone_is_not_recommended() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let others = ["cam", "dan", "eve", "fay", "gus", "hal", "ivy", "joe", "kim"];
    let others = world.people(others).await;
    ada.befriends(&bob).await;
    for other in &others {
        other.befriends(&bob).await;
    }
    let [cam, dan, eve, fay, gus, hal, ivy, joe, kim] = &others;
    assert_eq!(ada.may_know().await.len(), 9);
    cam.befriends(&ada).await;
    ada.asks(ask(dan)).await;
    eve.asks(ask(&ada)).await;
    ada.blocks(fay, true).await;
    gus.blocks(&ada, true).await;
    let dismiss = DismissRecommendation { account: hal.account };
    ada.asks(dismiss.clone()).await;
    ada.asks(dismiss).await;
    ivy.asks(SetPrivacy { findable: Some(false), ..SetPrivacy::default() }).await;
    joe.asks(SetPrivacy { add_from: Some(audience::FRIENDS), ..SetPrivacy::default() }).await;
    assert_eq!(ada.may_know_names().await, ["kim"]);
    world.deletes(kim, false).await;
    assert!(ada.may_know_names().await.is_empty());
    // Who was refused stays away, for both.
    ada.asks(AnswerFriend { account: eve.account, accept: false }).await;
    assert!(!ada.may_know_names().await.contains(&"eve".to_owned()));
    assert!(!eve.may_know_names().await.contains(&"ada".to_owned()));
    assert_eq!(ada.is_refused(DismissRecommendation { account: AccountId(77) }).await, "not_found");
    assert_eq!(ada.is_refused(DismissRecommendation { account: ada.account }).await, "bad_value");
    // What one dismissed concerns nobody else.
    assert!(hal.may_know_names().await.contains(&"ada".to_owned()));
}

#[tokio::test]
async fn friends_are_counted_as_they_come_and_go() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let count = async |person: &Person| {
        let sql = "SELECT friend_count FROM accounts WHERE id = $1";
        let rows: Vec<(i64,)> = world.app().db.all(sql, args![person.account]).await.unwrap();
        rows[0].0
    };
    ada.befriends(&bob).await;
    ada.befriends(&bob).await;
    eve.befriends(&bob).await;
    assert_eq!((count(&ada).await, count(&bob).await), (1, 2));
    ada.blocks(&bob, true).await;
    assert_eq!((count(&ada).await, count(&bob).await), (0, 1));
    world.deletes(&eve, false).await;
    assert_eq!(count(&bob).await, 0);
}
