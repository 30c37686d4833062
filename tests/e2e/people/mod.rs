//! People make friends, name them, and keep others away.

mod blocks;
mod commands;
mod find;
mod invitations;
mod link;
mod privacy;
mod recommend;
mod strangers;

use litrocket::{args, features::people, writer};
use litrocket_client::{Client, Item, Start};
use litrocket_protocol::{
    AccountId, frame, limits,
    people::{
        AnswerFriend, AskFriend, FriendEntry, FriendRequestEntry, ListBlocked, ListFriendRequests,
        ListFriends, RemoveFriend, SetBlocked, SetFriend, WithdrawFriend, friend_state,
    },
};
use serde::de::DeserializeOwned;

use crate::world::{PATIENCE, Person, World};

const DAY_MS: i64 = 86_400_000;

impl Person {
    /// The next value of a key of the account log; `None` when it went.
    pub(crate) async fn learns<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        self.waits_for(|item| match item {
            Item::Entry(entry) if entry.key == key => {
                Some(entry.value.as_ref().map(|value| frame::decode(value).unwrap()))
            }
            _ => None,
        })
        .await
    }

    pub(crate) async fn asks_to_be_a_friend(&self, other: &Person, message: &str) -> u8 {
        self.asks(AskFriend { account: other.account, message: message.into(), code: None }).await.state
    }

    pub(crate) async fn accepts(&self, other: &Person) {
        self.asks(AnswerFriend { account: other.account, accept: true }).await;
    }

    pub(crate) async fn befriends(&self, other: &Person) {
        self.asks_to_be_a_friend(other, "").await;
        other.accepts(self).await;
    }

    pub(crate) async fn blocks(&self, other: &Person, blocked: bool) {
        self.asks(SetBlocked { account: other.account, blocked }).await;
    }

    pub(crate) async fn friends(&self) -> Vec<AccountId> {
        let page = self.asks(ListFriends::default()).await;
        page.friends.into_iter().map(|friend| friend.account).collect()
    }

    async fn requests(&self, sent: bool) -> Vec<(AccountId, String)> {
        let page = self.asks(ListFriendRequests { sent, ..ListFriendRequests::default() }).await;
        page.requests.into_iter().map(|one| (one.account, one.request.message)).collect()
    }
}

fn ask(other: &Person) -> AskFriend {
    AskFriend { account: other.account, message: String::new(), code: None }
}

fn friend(other: &Person) -> String {
    format!("friend/{}", other.account)
}

fn request(other: &Person) -> String {
    format!("friend_request/{}", other.account)
}

/// Accounts that exist without anybody behind them; their ids.
pub(crate) async fn crowd(world: &World, people: u64) -> Vec<AccountId> {
    let ids: Vec<u64> = (1_000_000..1_000_000 + people).collect();
    let rows: Vec<_> = ids.iter().map(|id| args![*id, format!("person{id}")].to_vec()).collect();
    let insert = world.app().writer.run(move |tx| {
        Box::pin(async move {
            let sql =
                "INSERT INTO accounts (id, handle, name_key, skeleton, password, display_name, created_ms)
                VALUES ($1, $2, $2, $2, '', $2, 0)";
            tx.execute_many(sql, &rows).await
        })
    });
    insert.await.unwrap();
    ids.into_iter().map(AccountId).collect()
}

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
    events.commit().unwrap();
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
async fn remarks_tags_and_stars_reach_the_own_devices_and_nobody_else() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let mut phone = world.device(&ada).await;
    phone.listens_from_start();
    assert!(phone.learns::<FriendEntry>(&friend(&bob)).await.is_some());
    bob.listens().await;
    let change = SetFriend {
        account: bob.account,
        remark: Some("Bobby".into()),
        tags: Some(vec!["work".into(), "rockets".into(), "work".into()]),
        starred: Some(true),
    };
    let mine = ada.asks(change.clone()).await;
    assert_eq!((mine.remark.as_str(), mine.starred), ("Bobby", true));
    assert_eq!(mine.tags, ["rockets", "work"]);
    assert_eq!(phone.learns::<FriendEntry>(&friend(&bob)).await, Some(mine.clone()));
    ada.asks(SetFriend { remark: None, tags: None, starred: Some(false), ..change }).await;
    let tagged = async |tag: &str| {
        let page = ada.asks(ListFriends { tag: Some(tag.into()), ..ListFriends::default() }).await;
        page.friends.into_iter().map(|friend| friend.mine).collect::<Vec<_>>()
    };
    assert_eq!(tagged("work").await, [FriendEntry { starred: false, ..mine }]);
    assert!(tagged("play").await.is_empty());
    let theirs = bob.asks(ListFriends::default()).await.friends;
    assert_eq!((theirs[0].mine.remark.as_str(), theirs[0].mine.tags.len()), ("", 0));
    // Nothing of it came to Bob: the next entry he hears is the end.
    ada.asks(RemoveFriend { account: bob.account }).await;
    ada.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(bob.learns::<FriendEntry>(&friend(&ada)).await, None);
    assert!(ada.friends().await.is_empty() && bob.friends().await.is_empty());
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

#[tokio::test]
async fn a_deleted_account_is_nobodys_friend_any_more() {
    let world = World::start().await;
    let [ada, mut bob, eve, dan] = world.people(["ada", "bob", "eve", "dan"]).await;
    ada.befriends(&bob).await;
    ada.asks(ask(&eve)).await;
    dan.blocks(&ada, true).await;
    bob.listens().await;
    world.deletes(&ada, false).await;
    assert_eq!(bob.learns::<FriendEntry>(&friend(&ada)).await, None);
    assert!(bob.friends().await.is_empty() && eve.requests(false).await.is_empty());
    assert!(dan.asks(ListBlocked::default()).await.people.is_empty());
    assert_eq!(bob.is_refused(ask(&ada)).await, "not_found");
    let left = "SELECT (SELECT COUNT(*) FROM friends) + (SELECT COUNT(*) FROM friend_requests) + (SELECT COUNT(*) FROM blocks)";
    assert_eq!(world.app().db.all::<(i64,)>(left, &[]).await.unwrap(), [(0,)]);
}
