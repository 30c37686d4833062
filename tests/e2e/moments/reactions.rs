//! Likes and comments.

use litrocket::args;
use litrocket_protocol::{
    limits,
    moments::{CommentMoment, DeleteComment, LikeMoment, ListComments, ListFeed, visibility},
    people::RemoveFriend,
};

use crate::world::World;

#[tokio::test]
async fn likes_and_comments_are_seen_by_common_friends_alone() {
    let world = World::start().await;
    let [ada, bob, eve, kim] = world.people(["ada", "bob", "eve", "kim"]).await;
    for friend in [&bob, &eve, &kim] {
        ada.befriends(friend).await;
    }
    bob.befriends(&eve).await;
    let moment = ada.posts("look").await;
    bob.likes(moment, true).await;
    bob.likes(moment, true).await;
    let hello = bob.comments(moment, "hello from bob", None).await;
    kim.comments(moment, "hello from kim", None).await;
    let answer = ada.comments(moment, "thanks, bob", Some(hello)).await;
    let all = ["hello from bob", "hello from kim", "thanks, bob"];
    assert_eq!(ada.all_comments(moment).await, all);
    // Eve knows Bob; Kim does not, and sees neither him nor what he is answered.
    assert_eq!(eve.all_comments(moment).await, ["hello from bob", "thanks, bob"]);
    assert_eq!(kim.all_comments(moment).await, ["hello from kim"]);
    assert_eq!(eve.all_likes(moment).await, [bob.account]);
    assert!(kim.all_likes(moment).await.is_empty());
    let (by_eve, by_kim) = (eve.looks_at(moment).await, kim.looks_at(moment).await);
    assert_eq!((by_eve.like_count, by_eve.comment_count, by_eve.likes), (1, 2, vec![bob.account]));
    assert_eq!((by_kim.like_count, by_kim.comment_count, by_kim.likes), (0, 1, vec![]));
    let reply = CommentMoment {
        id: kim.client.new_id().unwrap(),
        moment,
        text: "who?".into(),
        reply_to: Some(hello),
    };
    assert_eq!(kim.is_refused(reply).await, "not_found");
    assert_eq!(kim.is_refused(DeleteComment { moment, comment: hello }).await, "not_found");
    assert_eq!(eve.is_refused(DeleteComment { moment, comment: hello }).await, "forbidden");
    // Friends no more: what Bob did there is gone for Eve; at Ada's it goes for everybody.
    eve.asks(RemoveFriend { account: bob.account }).await;
    assert!(eve.all_comments(moment).await.is_empty() && eve.all_likes(moment).await.is_empty());
    ada.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(ada.all_comments(moment).await, ["hello from kim", "thanks, bob"]);
    assert!(ada.all_likes(moment).await.is_empty());
    ada.asks(DeleteComment { moment, comment: answer }).await;
    assert_eq!(ada.all_comments(moment).await, ["hello from kim"]);
}

#[tokio::test]
async fn strangers_look_at_what_everybody_sees_and_take_no_part() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let moment = ada.posts_to("to the world", visibility::EVERYBODY, &[]).await;
    bob.comments(moment, "to friends", None).await;
    ada.comments(moment, "to all", None).await;
    assert_eq!(eve.all_comments(moment).await, ["to all"]);
    assert_eq!(eve.is_refused(LikeMoment { moment, liked: true }).await, "forbidden");
    let id = eve.client.new_id().unwrap();
    let comment = CommentMoment { id, moment, text: "hi".into(), reply_to: None };
    assert_eq!(eve.is_refused(comment).await, "forbidden");
}

#[tokio::test]
async fn the_newest_likes_and_comments_come_with_a_moment() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let moment = ada.posts("busy").await;
    for number in 0..5 {
        bob.comments(moment, &number.to_string(), None).await;
    }
    let seen = ada.asks(ListFeed::default()).await.moments.remove(0);
    let shown: Vec<String> = seen.comments.into_iter().map(|comment| comment.text).collect();
    assert_eq!((shown, seen.comment_count), (vec!["2".into(), "3".into(), "4".into()], 5));
    let page = ada.asks(ListComments { moment, after: None, limit: Some(2) }).await;
    assert!(page.more && page.comments.len() == 2);
    let after = Some(page.comments[1].comment);
    let rest = ada.asks(ListComments { moment, after, limit: None }).await;
    assert!(!rest.more && rest.comments.len() == 3);
    bob.likes(moment, true).await;
    assert!(bob.looks_at(moment).await.liked && !ada.looks_at(moment).await.liked);
    bob.likes(moment, false).await;
    bob.likes(moment, false).await;
    assert_eq!(ada.looks_at(moment).await.like_count, 0);
}

#[tokio::test]
async fn a_moment_takes_a_thousand_likes_and_as_many_comments() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let moment = ada.posts("popular").await;
    let most = limits::MOMENT_REACTIONS_MAX as u64;
    let rows: Vec<_> = (1..most).map(|number| args![moment, 1_000 + number].to_vec()).collect();
    let insert = world.app().writer.run(move |tx| {
        Box::pin(async move {
            const LIKE: &str = "INSERT INTO moment_likes (moment, account, at_ms) VALUES ($1, $2, 0)";
            const COMMENT: &str = "INSERT INTO moment_comments (id, moment, account, at_ms, text)
                VALUES ($2, $1, $2, 0, 'me too')";
            tx.execute_many(LIKE, &rows).await?;
            tx.execute_many(COMMENT, &rows).await
        })
    });
    insert.await.unwrap();
    bob.likes(moment, true).await;
    bob.likes(moment, true).await;
    assert_eq!(ada.is_refused(LikeMoment { moment, liked: true }).await, "too_many");
    let comment = bob.comments(moment, "the last one", None).await;
    let id = ada.client.new_id().unwrap();
    let more = CommentMoment { id, moment, text: "one more".into(), reply_to: None };
    assert_eq!(ada.is_refused(more.clone()).await, "too_many");
    // There is room again. Of all these people none is a friend of Ada's but Bob.
    bob.likes(moment, false).await;
    ada.likes(moment, true).await;
    bob.asks(DeleteComment { moment, comment }).await;
    ada.asks(more).await;
    let seen = ada.looks_at(moment).await;
    assert_eq!((seen.like_count, seen.comment_count), (1, 1));
}
