//! Roles, permissions, slow mode, handing on and ending.

use std::time::Duration;

use litrocket_client::Outgoing;
use litrocket_protocol::{
    conversations::{
        GetConversation, InviteMembers, LeaveGroup, RemoveMember, RenameGroup, TransferGroup, member_state,
        role,
    },
    event::{Dissolved, RoleChanged, Text, kind},
    groups::{DissolveGroup, GroupChange, PermissionChanges, SetGroup, SetRole},
};

use crate::world::{World, text};

#[tokio::test]
async fn owners_give_roles_and_administrators_look_after_the_group_below_them() {
    let world = World::start().await;
    let [ada, mut bob, carol, eve] = world.people(["ada", "bob", "carol", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob, &carol, &eve]).await;
    bob.listens().await;
    let give = |account, role| SetRole { conversation: group, account, role };
    assert_eq!(bob.is_refused(give(eve.account, role::ADMINISTRATOR)).await, "forbidden");
    ada.makes_administrator(group, &bob).await;
    ada.makes_administrator(group, &bob).await;
    let (_, changed) = bob.hears_news::<RoleChanged>(kind::ROLE_CHANGED).await;
    assert_eq!((changed.account, changed.role), (bob.account, role::ADMINISTRATOR));
    assert_eq!(bob.sees(group).await.mine.role, role::ADMINISTRATOR);
    ada.makes_administrator(group, &carol).await;
    // Administrators rename and remove members, not each other and not the owner.
    bob.asks(RenameGroup { conversation: group, name: "fireworks".into() }).await;
    assert_eq!(eve.is_refused(RenameGroup { conversation: group, name: "mine".into() }).await, "forbidden");
    for stronger in [&ada, &carol] {
        let remove = RemoveMember { conversation: group, account: stronger.account };
        assert_eq!(bob.is_refused(remove).await, "forbidden");
    }
    bob.asks(RemoveMember { conversation: group, account: eve.account }).await;
    assert_eq!(eve.cannot_send(group, Outgoing::text("hello?")).await, "not_a_member");
    // What administrators are is not theirs to give, and not what anybody may be.
    assert_eq!(bob.is_refused(give(carol.account, role::MEMBER)).await, "forbidden");
    assert_eq!(ada.is_refused(give(bob.account, role::OWNER)).await, "bad_value");
    assert_eq!(ada.is_refused(give(ada.account, role::MEMBER)).await, "bad_value");
    assert_eq!(ada.is_refused(give(eve.account, role::ADMINISTRATOR)).await, "not_found");
    ada.asks(give(carol.account, role::MEMBER)).await;
    bob.asks(RemoveMember { conversation: group, account: carol.account }).await;
}

#[tokio::test]
async fn the_owner_says_who_writes_invites_and_mentions_everybody() {
    let world = World::start().await;
    let [ada, bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("news", &[&bob, &eve]).await;
    ada.makes_administrator(group, &bob).await;
    let first = eve.says(group, "before").await.event_seq;
    let everybody = || Outgoing::rich(&Text { everybody: true, ..text("all look") });
    eve.sends(group, everybody()).await.unwrap();
    let only = |who| PermissionChanges {
        write: Some(who),
        invite: Some(who),
        everybody: Some(role::OWNER),
        ..PermissionChanges::default()
    };
    let change = || GroupChange { permissions: Some(only(role::MEMBER)), ..GroupChange::default() };
    assert_eq!(bob.is_refused(SetGroup { conversation: group, change: change() }).await, "forbidden");
    ada.permits(group, only(role::ADMINISTRATOR)).await;
    assert_eq!(eve.cannot_send(group, Outgoing::text("me too")).await, "not_allowed");
    assert_eq!(eve.cannot_send(group, Outgoing::edit(first, &text("changed"))).await, "not_allowed");
    assert_eq!(bob.cannot_send(group, everybody()).await, "not_allowed");
    let bring = || InviteMembers { conversation: group, accounts: vec![carol.account] };
    assert_eq!(eve.is_refused(bring()).await, "forbidden");
    // Reactions and taking own words back stay.
    eve.sends(group, Outgoing::reaction(first, "👍", true)).await.unwrap();
    eve.sends(group, Outgoing::recall(first)).await.unwrap();
    bob.says(group, "the news").await;
    bob.asks(bring()).await;
    let seen = eve.sees_settings(group).await;
    assert_eq!((seen.permissions.write, seen.permissions.everybody, seen.role), (2, 1, 3));
    let wrong = PermissionChanges { pin: Some(4), ..PermissionChanges::default() };
    let change = GroupChange { permissions: Some(wrong), ..GroupChange::default() };
    assert_eq!(ada.is_refused(SetGroup { conversation: group, change }).await, "bad_value");
    ada.permits(group, only(role::MEMBER)).await;
    eve.says(group, "again").await;
}

#[tokio::test]
async fn a_slow_group_keeps_members_waiting_also_after_a_restart() {
    let mut world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("slow", &[&bob]).await;
    let slow = |slow_ms| GroupChange { slow_ms: Some(slow_ms), ..GroupChange::default() };
    let too_slow = SetGroup { conversation: group, change: slow(86_400_001) };
    assert_eq!(ada.is_refused(too_slow).await, "bad_value");
    ada.sets(group, slow(86_400_000)).await;
    let first = bob.says(group, "one").await.event_seq;
    let fault = bob.is_stopped(group, Outgoing::text("two")).await;
    assert_eq!(fault.code, "slow_mode");
    assert!((1..=86_400_000).contains(&fault.retry_after_ms.unwrap()), "{fault:?}");
    // What a feature appends counts as well, and who looks after the group never waits.
    assert_eq!(bob.cannot_send(group, Outgoing::forward(group, first)).await, "slow_mode");
    bob.sends(group, Outgoing::reaction(first, "👍", true)).await.unwrap();
    ada.says(group, "three").await;
    ada.says(group, "four").await;
    world.down().await;
    world.up().await;
    assert_eq!(bob.cannot_send(group, Outgoing::text("five")).await, "slow_mode");
    ada.sets(group, slow(50)).await;
    // A forward is the first message under the new pace; the next has to wait for it.
    bob.sends(group, Outgoing::forward(group, first)).await.unwrap();
    loop {
        match bob.sends(group, Outgoing::text("six")).await {
            Ok(_) => break,
            Err(litrocket_client::Error::Fault(fault)) => {
                assert_eq!(fault.code, "slow_mode");
                tokio::time::sleep(Duration::from_millis(fault.retry_after_ms.unwrap())).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    ada.sets(group, slow(0)).await;
    bob.says(group, "seven").await;
    bob.says(group, "eight").await;
}

#[tokio::test]
async fn who_hands_a_group_on_stays_as_administrator_and_may_leave() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    ada.asks(TransferGroup { conversation: group, account: bob.account }).await;
    assert_eq!(ada.sees(group).await.mine.role, role::ADMINISTRATOR);
    let back = TransferGroup { conversation: group, account: ada.account };
    assert_eq!(ada.is_refused(back).await, "forbidden");
    ada.asks(RemoveMember { conversation: group, account: eve.account }).await;
    ada.asks(LeaveGroup { conversation: group }).await;
    bob.invites(group, &[&ada]).await;
    assert_eq!(ada.sees(group).await.mine.role, role::MEMBER, "a role does not outlive leaving");
}

#[tokio::test]
async fn a_dissolved_group_is_over_for_everybody_and_stays_readable() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let mut away = world.device(&eve).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    bob.listens().await;
    away.listens().await;
    away.client.close().await;
    ada.says(group, "the last words").await;
    ada.makes_administrator(group, &bob).await;
    assert_eq!(bob.is_refused(DissolveGroup { conversation: group }).await, "forbidden");
    ada.asks(DissolveGroup { conversation: group }).await;
    assert_eq!(ada.is_refused(DissolveGroup { conversation: group }).await, "not_a_member");
    bob.hears_news::<Dissolved>(kind::DISSOLVED).await;
    for person in [&ada, &bob, &eve] {
        let info = person.asks(GetConversation { conversation: group }).await;
        assert_eq!((info.mine.state, info.members), (member_state::REMOVED, 3), "{}", person.name);
        assert_eq!(person.cannot_send(group, Outgoing::text("?")).await, "not_a_member");
        let last = person.history(group).await.pop().unwrap();
        assert_eq!(last.event.kind, kind::DISSOLVED);
    }
    let invite = InviteMembers { conversation: group, accounts: vec![eve.account] };
    assert_eq!(ada.is_refused(invite).await, "not_a_member");
    // Who was away hears the end as everybody did.
    let mut back = world.device(&eve).await;
    back.listens_from_start();
    back.hears("the last words").await;
    back.hears_news::<Dissolved>(kind::DISSOLVED).await;
}
