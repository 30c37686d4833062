//! Who may not simply be brought into a group is invited, and hears nothing of it until they accept.

use litrocket::features::people;
use litrocket_protocol::{
    AccountId, ConversationId,
    account::{SetPrivacy, audience},
    conversations::{
        AnswerInvitation, CreateGroup, GetConversation, InvitationEntry, InviteMembers, ListInvitations,
        RemoveMember,
    },
    event::kind,
    limits,
};

use super::{DAY_MS, crowd};
use crate::world::{Person, World};

async fn world() -> World {
    World::start_with(|config| config.people.groups_from_default = "friends".into()).await
}

fn bring(conversation: ConversationId, people: &[&Person]) -> InviteMembers {
    InviteMembers { conversation, accounts: people.iter().map(|person| person.account).collect() }
}

impl Person {
    async fn invitations(&self) -> Vec<ConversationId> {
        let page = self.asks(ListInvitations::default()).await;
        assert!(!page.more);
        page.invitations.into_iter().map(|one| one.conversation).collect()
    }
}

#[tokio::test]
async fn a_stranger_is_asked_and_a_friend_comes_in_at_once() {
    let world = world().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&eve).await;
    bob.listens().await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    assert_eq!(ada.sees(group).await.members, 2);
    let key = format!("group_invitation/{group}");
    let entry: InvitationEntry = bob.learns(&key).await.unwrap();
    assert_eq!((entry.by, entry.name.as_str()), (ada.account, "rockets"));
    assert_eq!(entry.expires_ms - entry.at_ms, 30 * DAY_MS as u64);
    let listed = bob.asks(ListInvitations::default()).await.invitations;
    assert_eq!((listed[0].conversation, listed[0].members, listed[0].handle.as_str()), (group, 2, "ada"));
    assert_eq!(listed[0].invitation, entry);
    // Nothing of the group is delivered, and it is not there.
    ada.says(group, "without bob").await;
    bob.hears_nothing(&world).await;
    assert_eq!(bob.is_refused(GetConversation { conversation: group }).await, "not_found");
    // Again changes nothing.
    let again = ada.asks(bring(group, &[&bob, &eve])).await;
    assert_eq!((again.joined, again.event_seq, again.invited), (vec![], None, vec![bob.account]));
    bob.asks(AnswerInvitation { conversation: group, accept: true }).await;
    bob.asks(AnswerInvitation { conversation: group, accept: true }).await;
    assert_eq!(bob.next_event().await.kind, kind::JOINED);
    ada.says(group, "with bob").await;
    bob.hears("with bob").await;
    bob.says(group, "here I am").await;
    assert_eq!(ada.sees(group).await.members, 3);
    assert!(bob.invitations().await.is_empty());
}

#[tokio::test]
async fn an_invitation_that_is_refused_expired_or_whose_maker_went_is_none() {
    let world = world().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    // Whose maker is gone for ever.
    bob.listens().await;
    let fay = world.person("fay").await;
    let other = fay.makes_group("satellites", &[&bob]).await;
    assert_eq!(bob.invitations().await, [other]);
    let key = format!("group_invitation/{other}");
    assert!(bob.learns::<InvitationEntry>(&key).await.is_some());
    world.deletes(&fay, false).await;
    assert!(bob.invitations().await.is_empty());
    assert_eq!(bob.learns::<InvitationEntry>(&key).await, None);
    ada.befriends(&eve).await;
    let group = ada.makes_group("rockets", &[&eve]).await;
    let accept = AnswerInvitation { conversation: group, accept: true };
    assert_eq!(bob.is_refused(accept.clone()).await, "not_found");
    ada.asks(bring(group, &[&bob])).await;
    let key = format!("group_invitation/{group}");
    assert!(bob.learns::<InvitationEntry>(&key).await.is_some());
    let refuse = AnswerInvitation { conversation: group, accept: false };
    bob.asks(refuse.clone()).await;
    bob.asks(refuse).await;
    assert_eq!(bob.learns::<InvitationEntry>(&key).await, None);
    assert_eq!(bob.is_refused(accept.clone()).await, "not_found");
    // Whose maker is out again.
    eve.asks(bring(group, &[&bob])).await;
    assert_eq!(bob.invitations().await, [group]);
    ada.asks(RemoveMember { conversation: group, account: eve.account }).await;
    assert!(bob.invitations().await.is_empty());
    assert_eq!(bob.is_refused(accept.clone()).await, "not_found");
    assert!(bob.learns::<InvitationEntry>(&key).await.is_some());
    assert_eq!(bob.learns::<InvitationEntry>(&key).await, None, "devices hear that it is over");
    // Another one is not kept out by it. Nobody answers, and the time is over.
    let dan = world.person("dan").await;
    ada.befriends(&dan).await;
    ada.asks(bring(group, &[&dan])).await;
    dan.asks(bring(group, &[&bob])).await;
    assert_eq!(bob.invitations().await, [group]);
    assert!(bob.learns::<InvitationEntry>(&key).await.is_some());
    world.app().clock.set_offset_ms(40 * DAY_MS);
    assert_eq!(people::expire_now(world.app()).await.unwrap(), 2, "and that ada was refused is forgotten");
    assert_eq!(bob.learns::<InvitationEntry>(&key).await, None);
}

#[tokio::test]
async fn who_was_refused_does_not_ask_again_at_once_and_a_group_asks_three_times_at_most() {
    let world = world().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let friends = world.people(["dan", "eve", "fay", "gil"]).await;
    for friend in &friends {
        ada.befriends(friend).await;
    }
    let [dan, eve, fay, gil] = &friends;
    let group = ada.makes_group("rockets", &[dan, eve, fay, gil]).await;
    bob.listens().await;
    let refuse = AnswerInvitation { conversation: group, accept: false };
    ada.asks(bring(group, &[&bob])).await;
    bob.asks(refuse.clone()).await;
    // What is told to who asks is the same, and nothing comes.
    let again = ada.asks(bring(group, &[&bob])).await;
    assert_eq!((again.joined, again.invited), (vec![], vec![bob.account]));
    assert!(bob.invitations().await.is_empty());
    let accept = AnswerInvitation { conversation: group, accept: true };
    assert_eq!(bob.is_refused(accept.clone()).await, "not_found");
    // Others may, two more of them.
    for other in [dan, eve] {
        other.asks(bring(group, &[&bob])).await;
        assert_eq!(bob.invitations().await, [group], "{}", other.name);
        bob.asks(refuse.clone()).await;
    }
    fay.asks(bring(group, &[&bob])).await;
    assert!(bob.invitations().await.is_empty(), "three were refused");
    // Another group is another matter, and time passes.
    let other = ada.makes_group("satellites", &[&bob]).await;
    assert_eq!(bob.invitations().await, [other]);
    world.app().clock.set_offset_ms(31 * DAY_MS);
    ada.asks(bring(group, &[&bob])).await;
    assert!(bob.invitations().await.contains(&group));
    bob.asks(accept).await;
    assert_eq!(bob.sees(group).await.members, 6);
}

#[tokio::test]
async fn who_blocks_the_inviter_gets_nothing_and_that_is_not_told() {
    let world = world().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    for person in [&bob, &eve] {
        let set = SetPrivacy { groups_from: Some(audience::EVERYBODY), ..SetPrivacy::default() };
        person.asks(set).await;
    }
    bob.blocks(&ada, true).await;
    let group = ada.makes_group("rockets", &[]).await;
    let brought = ada.asks(bring(group, &[&bob, &eve])).await;
    assert_eq!((brought.joined, brought.invited), (vec![eve.account], vec![bob.account]));
    assert!(bob.invitations().await.is_empty());
    // Not even friends, where one wants it so.
    let dan = world.person("dan").await;
    ada.befriends(&dan).await;
    dan.asks(SetPrivacy { groups_from: Some(audience::NOBODY), ..SetPrivacy::default() }).await;
    assert_eq!(ada.asks(bring(group, &[&dan])).await.invited, [dan.account]);
    assert_eq!(dan.invitations().await, [group]);
    // Who is brought in otherwise meanwhile is in.
    dan.asks(SetPrivacy { groups_from: Some(audience::FRIENDS), ..SetPrivacy::default() }).await;
    assert_eq!(ada.asks(bring(group, &[&dan])).await.joined, [dan.account]);
    assert!(dan.invitations().await.is_empty());
}

#[tokio::test]
async fn invitations_are_bounded_for_both_sides() {
    let world = World::start_with(|config| {
        config.people.groups_from_default = "friends".into();
        config.people.strangers_per_day_new = 150;
        config.limits.group_members_max = 2;
    })
    .await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let mut groups = Vec::new();
    for n in 0..=limits::GROUP_INVITATIONS_MAX {
        groups.push(ada.makes_group(&format!("group {n}"), &[&bob]).await);
    }
    // The last one did not reach him.
    let page = bob.asks(ListInvitations { after: None, limit: Some(100) }).await;
    assert_eq!((page.invitations.len(), page.more), (limits::GROUP_INVITATIONS_MAX, false));
    let first = bob.asks(ListInvitations { after: None, limit: Some(60) }).await;
    let after = first.invitations.last().map(|one| one.conversation);
    let rest = bob.asks(ListInvitations { after, limit: Some(60) }).await;
    assert_eq!((first.more, rest.invitations.len(), rest.more), (true, 40, false));
    assert_eq!(bob.is_refused(ListInvitations { after: None, limit: Some(101) }).await, "bad_value");
    // A hundred and one strangers were turned to; there is no room for fifty more.
    let crowd: Vec<AccountId> = crowd(&world, 50).await;
    let request = InviteMembers { conversation: groups[0], accounts: crowd.clone() };
    assert_eq!(ada.is_refused(request).await, "too_many_strangers");
    let request = CreateGroup {
        id: ada.client.new_id().unwrap(),
        name: "crowd".into(),
        accounts: crowd,
        open_history: false,
    };
    assert_eq!(ada.is_refused(request).await, "too_many_strangers");
    // The group may be full when the answer comes.
    ada.asks(bring(groups[0], &[&eve])).await;
    bob.asks(AnswerInvitation { conversation: groups[0], accept: true }).await;
    let late = AnswerInvitation { conversation: groups[0], accept: true };
    assert_eq!(eve.is_refused(late).await, "group_full");
}
