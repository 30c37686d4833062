//! Groups, small and large.

mod board;
mod commands;
mod joining;
mod moderation;
mod names;
mod rules;
mod story;

use std::time::{Duration, Instant};

use litrocket::args;
use litrocket_client::Outgoing;
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::{
        CreateGroup, GetMarkers, GetReaders, InviteMembers, LeaveGroup, ListConversations, ListMembers,
        MarkRead, RenameGroup, TransferGroup, role,
    },
    event::{Event, Mention, Text, kind},
    groups::{GetGroup, GroupChange, GroupInfo, PermissionChanges, SetGroup, SetRole},
    limits,
};

use crate::{
    witness::LONG,
    world::{Person, World, text},
};

impl Person {
    async fn sets(&self, conversation: ConversationId, change: GroupChange) {
        self.asks(SetGroup { conversation, change }).await;
    }

    async fn permits(&self, conversation: ConversationId, permissions: PermissionChanges) {
        self.sets(conversation, GroupChange { permissions: Some(permissions), ..GroupChange::default() })
            .await;
    }

    async fn makes_administrator(&self, conversation: ConversationId, other: &Person) {
        self.asks(SetRole { conversation, account: other.account, role: role::ADMINISTRATOR }).await;
    }

    async fn sees_settings(&self, conversation: ConversationId) -> GroupInfo {
        self.asks(GetGroup { conversation }).await
    }

    /// Sends what must be refused; answers the whole fault.
    async fn is_stopped(&self, conversation: ConversationId, message: Outgoing) -> Fault {
        match self.sends(conversation, message).await {
            Err(litrocket_client::Error::Fault(fault)) => *fault,
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    /// The next event of a kind, passing others by, with its body.
    async fn hears_news<T: serde::de::DeserializeOwned>(&mut self, kind: u16) -> (Event, T) {
        loop {
            let event = self.next_event().await;
            if event.kind == kind {
                let body = litrocket_protocol::frame::decode(&event.body).unwrap();
                return (event, body);
            }
        }
    }
}

#[tokio::test]
async fn a_group_of_ten_thousand_members_works() {
    const MEMBERS: u64 = 10_000;
    const MESSAGES: u64 = 100;
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    // People who never sign in are put straight into the store.
    let others: Vec<AccountId> = (1_001..1_001 + MEMBERS - 2).map(AccountId).collect();
    let rows: Vec<_> =
        others.iter().map(|account| args![*account, format!("person{account}")].to_vec()).collect();
    world
        .app()
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO accounts (id, handle, name_key, skeleton, password, display_name, created_ms)
                    VALUES ($1, $2, $2, $2, '', $2, 0)";
                tx.execute_many(sql, &rows).await
            })
        })
        .await
        .unwrap();
    bob.listens().await;
    let group = ada.makes_group("stadium", &[&bob]).await;
    for chunk in others.chunks(limits::ACCOUNTS_PER_CALL_MAX) {
        let invited = ada.asks(InviteMembers { conversation: group, accounts: chunk.to_vec() }).await;
        assert_eq!(invited.joined.len(), chunk.len());
    }
    assert_eq!(ada.sees(group).await.members, MEMBERS);
    ada.says(group, "hello everybody").await;
    bob.hears("hello everybody").await;
    let (mut after, mut listed) = (None, 0);
    loop {
        let page = ada.asks(ListMembers { conversation: group, after, limit: Some(100) }).await;
        listed += page.members.len() as u64;
        after = page.members.last().map(|member| member.account);
        if !page.more {
            break;
        }
    }
    assert_eq!(listed, MEMBERS);
    let hut = ada.makes_group("hut", &[&bob]).await;
    ada.asks(InviteMembers { conversation: hut, accounts: others[..8].to_vec() }).await;
    assert_eq!(ada.sees(hut).await.members, 10);
    // A message costs the same rows, inserted and changed, however many members there are: its own, and once a
    // second those of what is derived from it.
    for conversation in [hut, group] {
        let (rows, seconds) = rows_of_messages(&world, &ada, conversation, MESSAGES).await;
        println!("{rows} rows for {MESSAGES} messages in {seconds} s");
        assert!((MESSAGES..=MESSAGES + 8 * (seconds + 1)).contains(&rows), "{rows} rows in {seconds} s");
    }
}

/// Says something so often; answers the rows that the writer inserted, changed or deleted meanwhile, whatever
/// their tables, and the seconds that it took.
async fn rows_of_messages(
    world: &World,
    person: &Person,
    conversation: ConversationId,
    messages: u64,
) -> (u64, u64) {
    let written = async || -> u64 {
        let count = world
            .app()
            .writer
            .run(|tx| Box::pin(async move { tx.first::<(i64,)>("SELECT total_changes()", &[]).await }));
        count.await.unwrap().unwrap().0.try_into().unwrap()
    };
    let (before, started) = (written().await, Instant::now());
    let mut last = 0;
    for n in 0..messages {
        last = person.says(conversation, &n.to_string()).await.message_seq.unwrap();
    }
    // What is derived is written a little later.
    let sql = "SELECT last_sent FROM members WHERE conversation = $1 AND account = $2";
    while world.app().db.first(sql, args![conversation, person.account]).await.unwrap()
        != Some((last as i64,))
    {
        assert!(started.elapsed() < LONG, "the last message of the sender is not written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (written().await - before, started.elapsed().as_secs())
}

#[tokio::test]
async fn owners_rename_transfer_and_leave_last() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let group = ada.makes_group("old", &[&bob]).await;
    assert_eq!(bob.next_event().await.kind, kind::CREATED);
    ada.asks(RenameGroup { conversation: group, name: " new  name ".into() }).await;
    ada.asks(RenameGroup { conversation: group, name: "new name".into() }).await;
    assert_eq!(bob.next_event().await.kind, kind::RENAMED);
    assert_eq!(bob.sees(group).await.name, "new name");
    assert_eq!(ada.is_refused(LeaveGroup { conversation: group }).await, "owner_stays");
    ada.asks(TransferGroup { conversation: group, account: bob.account }).await;
    assert_eq!(bob.next_event().await.kind, kind::OWNER_CHANGED);
    ada.asks(LeaveGroup { conversation: group }).await;
    ada.asks(LeaveGroup { conversation: group }).await;
    assert_eq!(bob.next_event().await.kind, kind::LEFT);
    assert_eq!(bob.sees(group).await.owner, Some(bob.account));
    bob.asks(LeaveGroup { conversation: group }).await;
    assert_eq!(ada.cannot_send(group, Outgoing::text("back?")).await, "not_a_member");
}

#[tokio::test]
async fn a_former_member_sees_the_group_as_it_was_when_they_went() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("then", &[&bob]).await;
    ada.says(group, "hello").await;
    bob.asks(LeaveGroup { conversation: group }).await;
    let then = bob.sees(group).await;
    ada.asks(RenameGroup { conversation: group, name: "now".into() }).await;
    ada.invites(group, &[&eve]).await;
    ada.says(group, "later").await;
    assert_eq!(bob.sees(group).await, then);
    assert_eq!((then.name.as_str(), then.members, then.owner), ("then", 1, None));
    assert_eq!(bob.asks(ListConversations::default()).await.conversations, [then]);
    ada.invites(group, &[&bob]).await;
    let back = bob.sees(group).await;
    assert_eq!((back.name.as_str(), back.members, back.owner), ("now", 3, Some(ada.account)));
}

#[tokio::test]
async fn making_a_group_twice_with_one_id_makes_one_group() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let id = ada.client.new_id().unwrap();
    let group =
        |name: &str| CreateGroup { id, name: name.into(), accounts: vec![bob.account], open_history: true };
    let first = ada.asks(group("rockets")).await;
    assert_eq!(ada.asks(group("rockets")).await.conversation, first.conversation);
    assert_eq!(ada.is_refused(group("other")).await, "id_conflict");
}

#[tokio::test]
async fn open_history_shows_newcomers_what_was_said_and_counts_none_of_it_as_unread() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let request = CreateGroup {
        id: ada.client.new_id().unwrap(),
        name: "open".into(),
        accounts: vec![],
        open_history: true,
    };
    let group = ada.asks(request).await.conversation;
    ada.says(group, "before").await;
    ada.invites(group, &[&bob]).await;
    assert_eq!(bob.history(group).await.len(), 3);
    assert_eq!(bob.sees(group).await.unread, 0);
    ada.says(group, "after").await;
    assert_eq!(bob.sees(group).await.unread, 1);
}

#[tokio::test]
async fn mentions_and_readers_are_counted() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    let mention =
        Text { mentions: vec![Mention { account: bob.account, start: 0, len: 4 }], ..text("@bob look") };
    let everybody = Text { everybody: true, ..text("all look") };
    let seq = ada.sends(group, Outgoing::rich(&mention)).await.unwrap().event_seq;
    ada.sends(group, Outgoing::rich(&everybody)).await.unwrap();
    ada.says(group, "just words").await;
    let counts = async |person: &Person| {
        let info = person.sees(group).await;
        (info.unread, info.unread_mentions)
    };
    assert_eq!(counts(&bob).await, (3, 2));
    assert_eq!(counts(&eve).await, (3, 1));
    assert_eq!(counts(&ada).await, (0, 0));
    bob.asks(MarkRead { conversation: group, event_seq: seq }).await;
    assert_eq!(counts(&bob).await, (2, 1));
    let readers = GetReaders { conversation: group, event_seq: seq, after: None, limit: None };
    assert_eq!(ada.asks(readers).await.readers, [bob.account]);
    let markers = ada.asks(GetMarkers { conversation: group, after: None }).await.markers;
    let read: Vec<_> = markers.iter().map(|marker| (marker.account, marker.read)).collect();
    assert_eq!(read, [(bob.account, Some(1)), (eve.account, Some(0))]);
}
