//! Friend requests: made, answered, refused, too many, and for too long.

use litrocket::features::people;
use litrocket_protocol::{
    AccountId, limits,
    people::{
        AnswerFriend, AskFriend, FriendEntry, FriendRequestEntry, ListFriendRequests, ListFriends, SetFriend,
        WithdrawFriend, friend_state,
    },
};

use super::{DAY_MS, ask, crowd, friend, request};
use crate::world::World;

#[tokio::test]
async fn a_friend_request_with_its_message_is_accepted_and_every_device_of_both_hears_of_it() {
    let world = World::start().await;
    let [mut ada, mut bob] = world.people(["ada", "bob"]).await;
    let mut phone = world.device(&ada).await;
    for person in [&mut ada, &mut bob, &mut phone] {
        person.listens().await;
    }
    assert_eq!(ada.asks_to_be_a_friend(&bob, "  we met at  the launch ").await, friend_state::ASKED);
    let got: FriendRequestEntry = bob.learns(&request(&ada)).await.unwrap();
    assert_eq!((got.sent, got.message.as_str()), (false, "we met at the launch"));
    assert_eq!(got.expires_ms - got.at_ms, 30 * DAY_MS as u64);
    let sent: FriendRequestEntry = phone.learns(&request(&bob)).await.unwrap();
    assert_eq!(sent, FriendRequestEntry { sent: true, ..got });
    assert_eq!(ada.learns::<FriendRequestEntry>(&request(&bob)).await, Some(sent));
    assert_eq!(bob.requests(false).await, [(ada.account, "we met at the launch".into())]);
    assert_eq!(ada.requests(true).await, [(bob.account, "we met at the launch".into())]);
    bob.accepts(&ada).await;
    bob.accepts(&ada).await;
    for (person, other) in [(&mut ada, &bob), (&mut phone, &bob)] {
        assert_eq!(person.learns::<FriendRequestEntry>(&request(other)).await, None);
        assert!(person.learns::<FriendEntry>(&friend(other)).await.is_some());
    }
    assert!(bob.learns::<FriendEntry>(&friend(&ada)).await.is_some());
    assert_eq!((ada.friends().await, bob.friends().await), (vec![bob.account], vec![ada.account]));
    assert!(bob.requests(false).await.is_empty() && ada.requests(true).await.is_empty());
    assert_eq!(ada.asks_to_be_a_friend(&bob, "again").await, friend_state::FRIENDS);
}

#[tokio::test]
async fn two_crossing_requests_make_a_friendship() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let (one, other) = tokio::join!(ada.asks(ask(&bob)), bob.asks(ask(&ada)));
    let mut states = [one.state, other.state];
    states.sort_unstable();
    assert_eq!(states, [friend_state::ASKED, friend_state::FRIENDS]);
    assert_eq!((ada.friends().await, bob.friends().await), (vec![bob.account], vec![ada.account]));
    assert!(ada.requests(true).await.is_empty() && bob.requests(true).await.is_empty());
}

#[tokio::test]
async fn who_was_refused_cannot_ask_again_until_the_request_would_have_expired() {
    let world = World::start().await;
    let [mut ada, bob] = world.people(["ada", "bob"]).await;
    ada.listens().await;
    ada.asks(ask(&bob)).await;
    assert!(ada.learns::<FriendRequestEntry>(&request(&bob)).await.is_some());
    bob.asks(AnswerFriend { account: ada.account, accept: false }).await;
    assert_eq!(ada.learns::<FriendRequestEntry>(&request(&bob)).await, None);
    assert_eq!(bob.is_refused(AnswerFriend { account: ada.account, accept: true }).await, "not_found");
    assert_eq!(ada.is_refused(ask(&bob)).await, "not_accepting");
    ada.asks(WithdrawFriend { account: bob.account }).await;
    assert_eq!(ada.is_refused(ask(&bob)).await, "not_accepting");
    // Who refused may ask in turn.
    assert_eq!(bob.asks_to_be_a_friend(&ada, "").await, friend_state::ASKED);
    bob.asks(WithdrawFriend { account: ada.account }).await;
    world.app().clock.set_offset_ms(31 * DAY_MS);
    assert_eq!(ada.asks_to_be_a_friend(&bob, "again").await, friend_state::ASKED);
    assert_eq!(bob.requests(false).await, [(ada.account, "again".into())]);
}

#[tokio::test]
async fn one_request_rings_three_times_a_day_however_it_is_made() {
    let world = World::start().await;
    let [ada, mut bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    bob.listens().await;
    eve.listens().await;
    let him = bob.account;
    let says = |message: &str| AskFriend { account: him, message: message.into(), code: None };
    for words in ["one", "two", "three"] {
        ada.asks(says(words)).await;
        assert_eq!(bob.learns::<FriendRequestEntry>(&request(&ada)).await.unwrap().message, words);
    }
    match ada.client.call(says("four")).await {
        Err(litrocket_client::Error::Fault(fault)) => {
            let wait = fault.retry_after_ms.unwrap();
            assert!(
                fault.code == "rate_limited" && wait > 23 * 3_600_000 && wait <= 24 * 3_600_000,
                "{fault}"
            );
        }
        other => panic!("{other:?} instead of a refusal"),
    }
    // The same words, or none, ring nowhere and are no other request.
    assert_eq!(ada.asks(says("three")).await.state, friend_state::ASKED);
    assert_eq!(ada.asks(says("")).await.state, friend_state::ASKED);
    assert_eq!(bob.requests(false).await, [(ada.account, "three".into())]);
    // Neither withdrawing nor blocking is a way around it.
    ada.asks(WithdrawFriend { account: bob.account }).await;
    assert_eq!(bob.learns::<FriendRequestEntry>(&request(&ada)).await, None);
    assert_eq!(ada.is_refused(says("five")).await, "rate_limited");
    ada.blocks(&bob, true).await;
    ada.blocks(&bob, false).await;
    assert_eq!(ada.is_refused(says("six")).await, "rate_limited");
    assert!(bob.requests(false).await.is_empty() && ada.requests(true).await.is_empty());
    // Two who ask each other are friends all the same.
    assert_eq!(bob.asks_to_be_a_friend(&eve, "").await, friend_state::ASKED);
    assert_eq!(eve.asks_to_be_a_friend(&bob, "yes").await, friend_state::FRIENDS);
    world.app().clock.set_offset_ms(DAY_MS);
    assert_eq!(ada.asks(says("tomorrow")).await.state, friend_state::ASKED);
    assert_eq!(bob.requests(false).await, [(ada.account, "tomorrow".into())]);
    assert_eq!(limits::REQUEST_NOTICES_MAX, 3);
}

#[tokio::test]
async fn a_refusal_outlives_a_block() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.asks(ask(&bob)).await;
    bob.asks(AnswerFriend { account: ada.account, accept: false }).await;
    ada.blocks(&bob, true).await;
    ada.blocks(&bob, false).await;
    assert_eq!(ada.is_refused(ask(&bob)).await, "not_accepting");
}

#[tokio::test]
async fn requests_that_nobody_answers_expire_for_both_sides() {
    let world = World::start().await;
    let [mut ada, mut bob] = world.people(["ada", "bob"]).await;
    ada.listens().await;
    bob.listens().await;
    ada.asks(ask(&bob)).await;
    assert!(bob.learns::<FriendRequestEntry>(&request(&ada)).await.is_some());
    // The log is compacted: who is told late is told of the end alone.
    assert!(ada.learns::<FriendRequestEntry>(&request(&bob)).await.is_some());
    assert_eq!(people::expire_now(world.app()).await.unwrap(), 0);
    world.app().clock.set_offset_ms(31 * DAY_MS);
    assert!(bob.requests(false).await.is_empty() && ada.requests(true).await.is_empty());
    assert_eq!(bob.is_refused(AnswerFriend { account: ada.account, accept: true }).await, "not_found");
    assert_eq!(people::expire_now(world.app()).await.unwrap(), 1);
    assert_eq!(bob.learns::<FriendRequestEntry>(&request(&ada)).await, None);
    assert_eq!(ada.learns::<FriendRequestEntry>(&request(&bob)).await, None);
}

#[tokio::test]
async fn requests_to_oneself_to_nobody_and_too_long_ones_are_refused() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let says = |account, message: &str| AskFriend { account, message: message.into(), code: None };
    assert_eq!(ada.is_refused(says(ada.account, "")).await, "bad_value");
    assert_eq!(ada.is_refused(says(AccountId(77), "")).await, "not_found");
    assert_eq!(ada.is_refused(says(AccountId(0), "")).await, "not_found");
    assert_eq!(ada.is_refused(says(bob.account, &"x".repeat(201))).await, "too_long");
    assert_eq!(ada.is_refused(says(bob.account, "a\u{7}b")).await, "bad_value");
    let set = |remark: Option<&str>, tags: Option<Vec<String>>| SetFriend {
        account: bob.account,
        remark: remark.map(Into::into),
        tags,
        starred: None,
    };
    assert_eq!(ada.is_refused(set(Some("x"), None)).await, "not_found");
    ada.befriends(&bob).await;
    assert_eq!(ada.is_refused(set(Some(&"x".repeat(65)), None)).await, "too_long");
    assert_eq!(ada.is_refused(set(None, Some(vec!["x".repeat(33)]))).await, "too_long");
    assert_eq!(ada.is_refused(set(None, Some(vec![" ".into()]))).await, "bad_value");
    let many = (0..=limits::TAGS_MAX).map(|n| n.to_string()).collect();
    assert_eq!(ada.is_refused(set(None, Some(many))).await, "too_many");
}

#[tokio::test]
async fn a_new_account_turns_to_so_many_strangers_a_day() {
    let world = World::start_with(|config| config.people.strangers_per_day_new = 2).await;
    let [ada, bob, eve, dan] = world.people(["ada", "bob", "eve", "dan"]).await;
    ada.asks(ask(&bob)).await;
    ada.asks(ask(&bob)).await;
    ada.asks(ask(&eve)).await;
    assert_eq!(ada.is_refused(ask(&dan)).await, "too_many_strangers");
    // Taking one back does not give the place back; answering is no turning to strangers.
    ada.asks(WithdrawFriend { account: bob.account }).await;
    assert_eq!(ada.is_refused(ask(&dan)).await, "too_many_strangers");
    dan.asks(ask(&ada)).await;
    assert_eq!(ada.asks_to_be_a_friend(&dan, "").await, friend_state::FRIENDS);
    world.app().clock.set_offset_ms(DAY_MS);
    assert_eq!(ada.asks_to_be_a_friend(&bob, "").await, friend_state::ASKED);
}

#[tokio::test]
async fn only_so_many_requests_wait_and_lists_come_in_pages() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let others = crowd(&world, limits::FRIEND_REQUESTS_MAX as u64 + 1).await;
    let ask = |account| AskFriend { account, message: String::new(), code: None };
    for account in &others[1..] {
        ada.asks(ask(*account)).await;
    }
    assert_eq!(ada.is_refused(ask(others[0])).await, "too_many");
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let page = ada.asks(ListFriendRequests { sent: true, after, limit: Some(70) }).await;
        listed.extend(page.requests.into_iter().map(|one| one.account));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    listed.sort_unstable();
    assert_eq!(listed, others[1..]);
    let zero = ListFriends { limit: Some(0), ..ListFriends::default() };
    assert_eq!(ada.is_refused(zero).await, "bad_value");
}
