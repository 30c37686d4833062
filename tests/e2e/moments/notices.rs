//! What friends are told of moments: live, and after being away.

use litrocket_client::{Client, Item, Start};
use litrocket_protocol::{
    frame, limits,
    moments::{
        DeleteComment, DeleteMoment, GetMoment, GetNewMoments, HideMoments, ListHiddenMoments,
        MarkMomentsSeen, MomentNotice, MomentsSeen, SetMomentVisibility, notice_kind, visibility,
    },
    people::RemoveFriend,
};
use tokio::time::timeout;

use crate::world::{PATIENCE, Person, World};

#[tokio::test]
async fn friends_who_are_online_are_hinted_and_the_others_ask() {
    let world = World::start().await;
    let [ada, mut bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    for friend in [&bob, &eve] {
        ada.befriends(friend).await;
    }
    eve.asks(HideMoments { account: ada.account, hidden: true }).await;
    bob.listens().await;
    eve.listens().await;
    ada.posts_to("not for bob", visibility::EXCEPT, &[&bob]).await;
    let moment = ada.posts("for bob").await;
    assert_eq!(bob.is_hinted().await, moment, "the first hint is of the first moment that is for him");
    // Eve keeps them out: neither hinted nor in the feed, on the page still.
    assert!(eve.feed().await.is_empty());
    assert_eq!(eve.asks(GetNewMoments::default()).await.newest, None);
    assert_eq!(eve.page_of(&ada).await.len(), 2);
    assert_eq!(eve.asks(ListHiddenMoments::default()).await.people, [ada.account]);
    eve.asks(HideMoments { account: ada.account, hidden: false }).await;
    eve.asks(HideMoments { account: ada.account, hidden: false }).await;
    assert_eq!(eve.feed().await.len(), 2);
    let later = ada.posts("for all").await;
    assert_eq!(eve.is_hinted().await, later, "nothing was hinted while they were kept out");
    // Who was away asks; own moments are nothing new.
    let mut phone = world.device(&bob).await;
    bob.posts("own").await;
    let state = phone.asks(GetNewMoments::default()).await;
    assert_eq!((state.newest, state.seen), (Some(later), 0));
    phone.listens().await;
    let seen = bob.asks(MarkMomentsSeen { moment: later }).await;
    assert_eq!((seen.newest, seen.seen), (Some(later), later));
    assert_eq!(phone.learns("moments_seen").await, Some(MomentsSeen { moment: later }));
    assert_eq!(bob.asks(MarkMomentsSeen { moment: 1 }).await.seen, later, "it never goes back");
    assert_eq!(bob.is_refused(MarkMomentsSeen { moment: 1000 }).await, "cursor_ahead");
}

#[tokio::test]
async fn likes_comments_and_replies_are_told_through_the_account_log_and_taken_back() {
    let world = World::start().await;
    let [mut ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    for friend in [&bob, &eve] {
        ada.befriends(friend).await;
    }
    bob.befriends(&eve).await;
    ada.listens().await;
    bob.listens().await;
    let moment = ada.posts("look").await;
    bob.likes(moment, true).await;
    let liked = ada.is_told(moment, notice_kind::LIKE, bob.account.0).await.unwrap();
    assert_eq!((liked.account, liked.moment, liked.comment), (bob.account, moment, None));
    bob.likes(moment, false).await;
    assert_eq!(ada.is_told(moment, notice_kind::LIKE, bob.account.0).await, None);
    let hello = bob.comments(moment, "hello", None).await;
    let told = ada.is_told(moment, notice_kind::COMMENT, hello).await.unwrap();
    assert_eq!((told.account, told.comment), (bob.account, Some(hello)));
    let answer = eve.comments(moment, "indeed", Some(hello)).await;
    assert!(ada.is_told(moment, notice_kind::COMMENT, answer).await.is_some());
    assert_eq!(bob.is_told(moment, notice_kind::REPLY, answer).await.unwrap().account, eve.account);
    let thanks = ada.comments(moment, "thanks", Some(hello)).await;
    assert!(bob.is_told(moment, notice_kind::REPLY, thanks).await.is_some());
    eve.asks(DeleteComment { moment, comment: answer }).await;
    assert_eq!(bob.is_told(moment, notice_kind::REPLY, answer).await, None);
    // Bob may not see it any more: what he was told of it goes.
    let people = vec![eve.account];
    ada.asks(SetMomentVisibility { moment, visibility: visibility::CHOSEN, people }).await;
    assert_eq!(bob.is_told(moment, notice_kind::REPLY, thanks).await, None);
    assert_eq!(ada.all_comments(moment).await, ["hello", "thanks"]);
    ada.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(ada.is_told(moment, notice_kind::COMMENT, hello).await, None);
    let other = eve.comments(moment, "one", None).await;
    assert!(ada.is_told(moment, notice_kind::COMMENT, other).await.is_some());
    ada.asks(DeleteMoment { moment }).await;
    assert_eq!(ada.is_told(moment, notice_kind::COMMENT, other).await, None);
}

/// The notices of a device that knows nothing yet.
async fn notices(world: &World, person: &Person) -> Vec<MomentNotice> {
    let mut options = world.options();
    options.token = person.client.token();
    let client = Client::connect(options).await.unwrap();
    let mut events = client.events(Start::Beginning).unwrap();
    let mut notices = Vec::new();
    loop {
        match timeout(PATIENCE, events.next()).await.unwrap().unwrap() {
            Item::Entry(entry) if entry.key.starts_with("moment_notice/") => {
                notices.extend(entry.value.map(|value| frame::decode(&value).unwrap()));
            }
            Item::CaughtUp => break,
            _ => {}
        }
    }
    client.close().await;
    notices
}

#[tokio::test]
async fn who_was_away_finds_the_newest_two_hundred_notices() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let moment = ada.posts("look").await;
    let mut last = 0;
    for number in 0..limits::MOMENT_NOTICES_MAX + 5 {
        last = bob.comments(moment, &number.to_string(), None).await;
    }
    let told = notices(&world, &ada).await;
    assert_eq!(told.len(), limits::MOMENT_NOTICES_MAX);
    assert!(told.iter().all(|notice| notice.comment > Some(last - limits::MOMENT_NOTICES_MAX as u64)));
    assert!(notices(&world, &bob).await.is_empty());
}

#[tokio::test]
async fn a_deleted_account_takes_its_moments_likes_and_comments_along() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    for (one, other) in [(&ada, &bob), (&ada, &eve), (&bob, &eve)] {
        one.befriends(other).await;
    }
    let (hers, his) = (ada.posts("ada's").await, bob.posts("bob's").await);
    ada.likes(his, true).await;
    let asked = ada.comments(his, "from ada", None).await;
    eve.comments(his, "to ada", Some(asked)).await;
    eve.comments(hers, "at ada's", None).await;
    assert_eq!(notices(&world, &bob).await.len(), 3);
    world.deletes(&ada, false).await;
    assert_eq!(bob.feed().await, ["bob's"]);
    assert_eq!(bob.is_refused(GetMoment { moment: hers }).await, "not_found");
    let seen = bob.looks_at(his).await;
    assert_eq!((seen.like_count, seen.comment_count), (0, 1));
    assert_eq!((seen.comments[0].reply_to, seen.comments[0].reply_account), (None, None));
    assert_eq!(notices(&world, &bob).await.len(), 1);
    let rows: Option<(i64,)> = world
        .app()
        .db
        .first(
            "SELECT (SELECT COUNT(*) FROM moments WHERE author = $1)
                + (SELECT COUNT(*) FROM moment_comments WHERE account = $1 OR reply_account = $1)
                + (SELECT COUNT(*) FROM moment_likes WHERE account = $1)
                + (SELECT COUNT(*) FROM moment_notices WHERE account = $1 OR actor = $1)
                + (SELECT COUNT(*) FROM moments WHERE text = 'ada''s')
                + (SELECT COUNT(*) FROM moment_comments WHERE text IN ('from ada', 'at ada''s'))",
            litrocket::args![ada.account],
        )
        .await
        .unwrap();
    assert_eq!(rows, Some((0,)));
}
