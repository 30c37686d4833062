//! People make friends, name them, and keep others away.

mod account_log;
mod blocks;
mod commands;
mod find;
mod invitations;
mod link;
mod privacy;
mod recommend;
mod requests;
mod strangers;

use litrocket::args;
use litrocket_client::Item;
use litrocket_protocol::{
    AccountId, frame,
    people::{
        AnswerFriend, AskFriend, FriendEntry, ListBlocked, ListFriendRequests, ListFriends, RemoveFriend,
        SetBlocked, SetFriend,
    },
};
use serde::de::DeserializeOwned;

use crate::world::{Person, World};

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
