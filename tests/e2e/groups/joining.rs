//! Finding groups, joining them, asking, links.

use litrocket_client::Item;
use litrocket_protocol::{
    ConversationId,
    conversations::{LeaveGroup, RenameGroup},
    event::{Joined, kind},
    frame,
    groups::{
        AnswerJoin, BanMember, DropGroupLink, FindGroups, GroupChange, JoinGroup, JoinRequestsEntry,
        ListGroupLinks, ListJoinRequests, MakeGroupLink, PermissionChanges, WithdrawJoin, join_state,
        joining,
    },
    limits,
};

use crate::world::{Person, World};

fn opens(how: u8) -> GroupChange {
    GroupChange { joining: Some(how), discoverable: Some(true), ..GroupChange::default() }
}

fn join(conversation: ConversationId) -> JoinGroup {
    JoinGroup { conversation: Some(conversation), code: None, message: "let me in".into() }
}

impl Person {
    async fn finds_groups(&self, text: &str) -> Vec<ConversationId> {
        let request = FindGroups { text: text.into(), after: None, limit: None };
        self.asks(request).await.groups.into_iter().map(|group| group.conversation).collect()
    }

    /// How many requests the person's account log says wait.
    async fn hears_of_requests(&mut self, group: ConversationId) -> u64 {
        let key = format!("join_requests/{group}");
        self.waits_for(|item| match item {
            Item::Entry(entry) if entry.key == key => Some(
                entry
                    .value
                    .as_ref()
                    .map_or(0, |value| frame::decode::<JoinRequestsEntry>(value).unwrap().count),
            ),
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn groups_are_found_by_name_only_when_they_want_to_be() {
    let world = World::start().await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let group = ada.makes_group("火箭 Rocket Club", &[]).await;
    assert_eq!(eve.finds_groups("rocket").await, []);
    assert_eq!(eve.is_refused(join(group)).await, "not_found");
    let about = GroupChange { description: Some(" We fly. ".into()), ..opens(joining::INVITED) };
    ada.sets(group, about).await;
    for text in ["rocket", "club", "#Rocket", "火箭", "huojian", "hj"] {
        assert_eq!(eve.finds_groups(text).await, [group], "{text}");
    }
    assert_eq!(eve.finds_groups("fly").await, []);
    let found = eve.asks(FindGroups { text: "club".into(), after: None, limit: None }).await.groups;
    assert_eq!((found[0].description.as_str(), found[0].members, found[0].joining), ("We fly.", 1, 1));
    assert_eq!(eve.is_refused(join(group)).await, "forbidden");
    ada.asks(RenameGroup { conversation: group, name: "Fireworks".into() }).await;
    assert_eq!((eve.finds_groups("rocket").await, eve.finds_groups("works").await), (vec![], vec![group]));
    // Each group once, page by page.
    let other = ada.makes_group("fire fire", &[]).await;
    ada.sets(other, opens(joining::OPEN)).await;
    let page = |after| FindGroups { text: "fire".into(), after, limit: Some(1) };
    let one = eve.asks(page(None)).await;
    let two = eve.asks(page(one.next.clone())).await;
    let ids = [one.groups[0].conversation, two.groups[0].conversation];
    assert!(ids.contains(&group) && ids.contains(&other) && one.next.is_some() && two.next.is_none());
    let hidden = GroupChange { discoverable: Some(false), ..GroupChange::default() };
    ada.sets(group, hidden).await;
    assert_eq!(eve.finds_groups("works").await, []);
    let nothing = FindGroups { text: " ".into(), after: None, limit: None };
    assert_eq!(eve.is_refused(nothing).await, "nothing_to_search");
}

#[tokio::test]
async fn who_wants_to_joins_an_open_group() {
    let world = World::start_with(|config| config.limits.group_members_max = 3).await;
    let [ada, mut bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.says(group, "before").await;
    ada.sets(group, opens(joining::OPEN)).await;
    bob.listens().await;
    for _ in 0..2 {
        assert_eq!(eve.asks(join(group)).await.state, join_state::JOINED);
    }
    let (event, joined) = bob.hears_news::<Joined>(kind::JOINED).await;
    assert_eq!((event.sender, joined.accounts), (eve.account, vec![eve.account]));
    assert_eq!(bob.sees(group).await.members, 3);
    assert_eq!(eve.history(group).await.len(), 1, "what was said before stays closed");
    assert_eq!(carol.is_refused(join(group)).await, "group_full");
    eve.asks(LeaveGroup { conversation: group }).await;
    carol.asks(join(group)).await;
    carol.says(group, "hello").await;
    bob.hears("hello").await;
}

#[tokio::test]
async fn requests_are_told_to_those_who_look_after_the_group_and_answered() {
    let world = World::start().await;
    let [mut ada, mut bob, mut eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.sets(group, opens(joining::ON_REQUEST)).await;
    ada.permits(group, PermissionChanges { invite: Some(2), ..PermissionChanges::default() }).await;
    ada.listens().await;
    eve.listens().await;
    assert_eq!(eve.asks(join(group)).await.state, join_state::ASKED);
    assert_eq!(ada.hears_of_requests(group).await, 1);
    eve.asks(JoinGroup { message: "please".into(), ..join(group) }).await;
    carol.asks(join(group)).await;
    while ada.hears_of_requests(group).await != 2 {}
    let list = |limit| ListJoinRequests { conversation: group, after: None, limit };
    assert_eq!(bob.is_refused(list(None)).await, "forbidden");
    let page = ada.asks(list(Some(1))).await;
    assert_eq!(
        (page.requests[0].handle.as_str(), page.requests[0].request.message.as_str()),
        ("eve", "please")
    );
    let request = ListJoinRequests { after: page.next, ..list(None) };
    assert_eq!(ada.asks(request).await.requests[0].account, carol.account);
    assert_eq!(ada.sees_settings(group).await.requests, 2);
    assert_eq!(bob.sees_settings(group).await.requests, 0);
    let answer = |account, accept| AnswerJoin { conversation: group, account, accept };
    assert_eq!(bob.is_refused(answer(eve.account, true)).await, "forbidden");
    // A new administrator hears of what waits.
    bob.listens().await;
    ada.makes_administrator(group, &bob).await;
    assert_eq!(bob.hears_of_requests(group).await, 2);
    bob.asks(answer(eve.account, true)).await;
    bob.asks(answer(eve.account, true)).await;
    let (event, joined) = eve.hears_news::<Joined>(kind::JOINED).await;
    assert_eq!((event.sender, joined.accounts), (bob.account, vec![eve.account]));
    ada.asks(answer(carol.account, false)).await;
    ada.asks(answer(carol.account, false)).await;
    while ada.hears_of_requests(group).await != 0 {}
    assert_eq!(carol.is_refused(join(group)).await, "forbidden", "who was refused does not ask again");
    assert_eq!(ada.is_refused(answer(carol.account, true)).await, "not_found");
    carol.asks(WithdrawJoin { conversation: group }).await;
    assert_eq!(carol.is_refused(join(group)).await, "forbidden", "withdrawing is no way around it");
    // Being brought in all the same settles it.
    ada.invites(group, &[&carol]).await;
    carol.says(group, "hello").await;
}

#[tokio::test]
async fn who_comes_and_goes_comes_back_a_hundred_times() {
    let world = World::start().await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let group = ada.makes_group("rockets", &[]).await;
    ada.sets(group, opens(joining::OPEN)).await;
    for _ in 0..limits::GROUP_RETURNS_MAX {
        assert_eq!(eve.asks(join(group)).await.state, join_state::JOINED);
        eve.asks(LeaveGroup { conversation: group }).await;
    }
    assert_eq!(eve.is_refused(join(group)).await, "too_many");
    ada.invites(group, &[&eve]).await;
    assert_eq!(ada.sees(group).await.members, 1, "nor is she brought in");
    // Where everybody reads everything, coming back adds nothing.
    let shown = GroupChange { open_history: Some(true), ..GroupChange::default() };
    let open = ada.makes_group("open", &[]).await;
    ada.sets(open, GroupChange { joining: Some(joining::OPEN), discoverable: Some(true), ..shown }).await;
    for _ in 0..3 {
        eve.asks(join(open)).await;
        eve.asks(LeaveGroup { conversation: open }).await;
    }
    let rows = "SELECT COUNT(*) FROM access WHERE conversation = $1 AND account = $2";
    let rows: Option<(i64,)> = world.app().db.first(rows, litrocket::args![open, eve.account]).await.unwrap();
    assert_eq!(rows, Some((1,)));
}

#[tokio::test]
async fn members_who_may_invite_do_not_learn_who_asks() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.sets(group, opens(joining::ON_REQUEST)).await;
    eve.asks(join(group)).await;
    assert_eq!(ada.sees_settings(group).await.requests, 1);
    assert_eq!(bob.sees_settings(group).await.requests, 0, "bob may bring people in, and does not answer");
}

#[tokio::test]
async fn those_who_look_after_a_group_hear_of_one_request_three_times_a_day() {
    let world = World::start().await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let group = ada.makes_group("rockets", &[]).await;
    ada.sets(group, opens(joining::ON_REQUEST)).await;
    let says = |message: &str| JoinGroup { message: message.into(), ..join(group) };
    for words in ["one", "two"] {
        eve.asks(says(words)).await;
    }
    eve.asks(WithdrawJoin { conversation: group }).await;
    eve.asks(says("three")).await;
    assert_eq!(eve.is_refused(says("four")).await, "rate_limited");
    assert_eq!(eve.asks(says("three")).await.state, join_state::ASKED, "the same words ring nowhere");
    eve.asks(WithdrawJoin { conversation: group }).await;
    assert_eq!(eve.is_refused(says("five")).await, "rate_limited");
    assert_eq!(ada.sees_settings(group).await.requests, 0);
    world.app().clock.set_offset_ms(86_400_000);
    assert_eq!(eve.asks(says("tomorrow")).await.state, join_state::ASKED);
    assert_eq!(ada.sees_settings(group).await.requests, 1);
    ada.asks(AnswerJoin { conversation: group, account: eve.account, accept: true }).await;
    eve.says(group, "hello").await;
}

#[tokio::test]
async fn requests_are_withdrawn_bounded_and_cross_with_invitations() {
    let world = World::start().await;
    let [mut ada, bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.sets(group, opens(joining::ON_REQUEST)).await;
    ada.listens().await;
    eve.asks(join(group)).await;
    eve.asks(WithdrawJoin { conversation: group }).await;
    eve.asks(WithdrawJoin { conversation: group }).await;
    while ada.hears_of_requests(group).await != 0 {}
    let answer = AnswerJoin { conversation: group, account: eve.account, accept: true };
    assert_eq!(ada.is_refused(answer).await, "not_found");
    // Asked and brought in at the same time: in, and nothing waits.
    eve.asks(join(group)).await;
    bob.invites(group, &[&eve]).await;
    assert_eq!(ada.sees_settings(group).await.requests, 0);
    assert_eq!(eve.asks(join(group)).await.state, join_state::JOINED);
    // Asked and banned.
    carol.asks(join(group)).await;
    ada.asks(BanMember { conversation: group, account: carol.account, banned: true }).await;
    assert_eq!(ada.sees_settings(group).await.requests, 0);
    let long = JoinGroup { message: "x".repeat(201), ..join(group) };
    let dora = world.person("dora").await;
    assert_eq!(dora.is_refused(long).await, "too_long");
    for others in 0..limits::JOIN_REQUESTS_OF_ONE_MAX {
        let other = ada.makes_group(&format!("group {others}"), &[]).await;
        ada.sets(other, opens(joining::ON_REQUEST)).await;
        dora.asks(join(other)).await;
    }
    assert_eq!(dora.is_refused(join(group)).await, "too_many");
}

#[tokio::test]
async fn a_link_lets_in_as_many_as_it_says_and_no_more() {
    let world = World::start().await;
    let [ada, bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let make = |uses, valid_ms| MakeGroupLink { conversation: group, uses, valid_ms };
    let by = |code: &str| JoinGroup { conversation: None, code: Some(code.into()), message: String::new() };
    let made = bob.asks(make(None, None)).await;
    assert!(made.address.ends_with(&format!("&group={}", made.code)), "{}", made.address);
    assert_eq!(eve.asks(by(&made.code)).await.conversation, group);
    assert_eq!(eve.asks(by(&made.code)).await.state, join_state::JOINED, "who is in is in");
    assert_eq!(carol.is_refused(by(&made.code)).await, "bad_invite");
    assert_eq!(carol.is_refused(by("no such code")).await, "bad_invite");
    let list = || ListGroupLinks { conversation: group };
    assert_eq!(ada.asks(list()).await.links, []);
    let made = bob.asks(make(Some(5), None)).await;
    assert_eq!(ada.asks(list()).await.links, std::slice::from_ref(&made.link));
    // Who made it drops it, and who stands above them; dropping again changes nothing.
    let drop = |link| DropGroupLink { conversation: group, link };
    assert_eq!(eve.is_refused(drop(made.link.link)).await, "forbidden");
    ada.asks(drop(made.link.link)).await;
    ada.asks(drop(made.link.link)).await;
    assert_eq!(carol.is_refused(by(&made.code)).await, "bad_invite");
    let soon = ada.asks(make(Some(5), Some(1))).await;
    let ended = async {
        while carol.client.call(by(&soon.code)).await.is_ok() {
            carol.asks(LeaveGroup { conversation: group }).await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, ended).await.unwrap();
    assert_eq!(ada.is_refused(make(Some(0), None)).await, "bad_value");
    assert_eq!(ada.is_refused(make(None, Some(limits::GROUP_LINK_MS_MAX + 1))).await, "bad_value");
    let good = ada.asks(make(Some(5), None)).await;
    ada.asks(BanMember { conversation: group, account: carol.account, banned: true }).await;
    assert_eq!(carol.is_refused(by(&good.code)).await, "forbidden");
    for _ in 1..limits::GROUP_LINKS_MAX {
        ada.asks(make(None, None)).await;
    }
    assert_eq!(ada.is_refused(make(None, None)).await, "too_many");
    ada.permits(group, PermissionChanges { invite: Some(2), ..PermissionChanges::default() }).await;
    assert_eq!(bob.is_refused(make(None, None)).await, "forbidden");
    let neither = JoinGroup::default();
    assert_eq!(eve.is_refused(neither).await, "bad_value");
}

#[tokio::test]
async fn a_link_lets_people_in_for_as_long_as_its_maker_may() {
    let world = World::start().await;
    let [ada, bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob, &carol]).await;
    let make = MakeGroupLink { conversation: group, uses: Some(9), valid_ms: None };
    let by = |code: &str| JoinGroup { conversation: None, code: Some(code.into()), message: String::new() };
    let links = async |person: &Person| person.asks(ListGroupLinks { conversation: group }).await.links.len();
    let [bobs, carols] = [bob.asks(make.clone()).await.code, carol.asks(make).await.code];
    assert_eq!(links(&ada).await, 2);
    // Members may not invite any more, and may again.
    ada.permits(group, PermissionChanges { invite: Some(2), ..PermissionChanges::default() }).await;
    assert_eq!(eve.is_refused(by(&bobs)).await, "bad_invite");
    ada.permits(group, PermissionChanges { invite: Some(3), ..PermissionChanges::default() }).await;
    bob.asks(LeaveGroup { conversation: group }).await;
    ada.asks(BanMember { conversation: group, account: carol.account, banned: true }).await;
    for code in [&bobs, &carols] {
        assert_eq!(eve.is_refused(by(code)).await, "bad_invite");
    }
    assert_eq!(links(&ada).await, 0);
}

#[tokio::test]
async fn requests_are_for_those_who_look_after_the_group_and_end_by_themselves() {
    let world = World::start().await;
    let [mut ada, bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.sets(group, opens(joining::ON_REQUEST)).await;
    ada.listens().await;
    eve.listens().await;
    eve.asks(join(group)).await;
    assert_eq!(ada.hears_of_requests(group).await, 1);
    // Members may invite, and are told nothing of who asks.
    let list = ListJoinRequests { conversation: group, after: None, limit: None };
    assert_eq!(bob.is_refused(list).await, "forbidden");
    let answer = AnswerJoin { conversation: group, account: eve.account, accept: false };
    assert_eq!(bob.is_refused(answer).await, "forbidden");
    // The same words again tell nobody; then the time is over.
    eve.asks(join(group)).await;
    world.app().clock.set_offset_ms((limits::JOIN_REQUEST_DAYS + 1) as i64 * 86_400_000);
    litrocket::features::people::expire_now(world.app()).await.unwrap();
    assert_eq!(ada.hears_of_requests(group).await, 0);
    let key = format!("join_request/{group}");
    let ended = |item: &Item| match item {
        Item::Entry(entry) if entry.key == key && entry.value.is_none() => Some(()),
        _ => None,
    };
    eve.waits_for(ended).await;
    assert_eq!(ada.sees_settings(group).await.requests, 0);
}
