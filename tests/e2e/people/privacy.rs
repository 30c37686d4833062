//! What people let others know of them, and who may turn to them.

use litrocket_client::{Item, Outgoing};
use litrocket_protocol::{
    account::{Privacy, SetPrivacy, audience},
    conversations::{GetMarkers, GetReaders, MarkRead},
    moments::{self, visibility},
    people::{RemoveFriend, friend_state},
    state::Presence,
};

use super::ask;
use crate::world::{Person, World};

impl Person {
    /// The next that this device hears of somebody's presence.
    pub(crate) async fn sees_presence(&mut self) -> Presence {
        self.waits_for(|item| match item {
            Item::Presence(presence) => Some(presence.clone()),
            _ => None,
        })
        .await
    }

    async fn lets(&self, change: impl FnOnce(&mut SetPrivacy)) -> Privacy {
        let mut set = SetPrivacy::default();
        change(&mut set);
        self.asks(set).await
    }
}

#[tokio::test]
async fn who_closes_their_presence_is_not_seen_as_online_any_more() {
    let world = World::start().await;
    let [ada, mut bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&eve).await;
    bob.listens().await;
    eve.listens().await;
    bob.client.watch(vec![ada.account]).unwrap();
    eve.client.watch(vec![ada.account]).unwrap();
    assert!(bob.sees_presence().await.online && eve.sees_presence().await.online);
    ada.lets(|set| set.presence = Some(false)).await;
    let nothing = Presence { account: ada.account, online: false, away: false, last_seen_ms: None };
    assert_eq!(bob.sees_presence().await, nothing);
    assert_eq!(eve.sees_presence().await, nothing);
    // For friends alone.
    ada.lets(|set| set.presence_to = Some(audience::FRIENDS)).await;
    assert!(eve.sees_presence().await.online);
    assert_eq!(bob.sees_presence().await, nothing);
    ada.befriends(&bob).await;
    assert!(bob.sees_presence().await.online);
    // A block closes it for one.
    ada.blocks(&bob, true).await;
    assert_eq!(bob.sees_presence().await, nothing);
}

#[tokio::test]
async fn a_switch_closes_an_audience_and_does_not_widen_one() {
    let world = World::start_with(|config| config.people.groups_from_default = "friends".into()).await;
    let ada = world.person("ada").await;
    let mut phone = world.device(&ada).await;
    phone.listens().await;
    let first = ada.asks(SetPrivacy::default()).await;
    assert_eq!((first.read_to, first.presence_to, first.moments_to), (1, 1, 1));
    assert_eq!((first.message_from, first.add_from, first.groups_from, first.email_from), (1, 1, 2, 0));
    assert!(first.read_receipts && first.presence && first.typing && first.findable);
    assert_eq!(phone.learns::<Privacy>("privacy").await, Some(first));
    ada.lets(|set| set.read_to = Some(audience::FRIENDS)).await;
    let on = ada.lets(|set| set.read_receipts = Some(true)).await;
    assert_eq!((on.read_to, on.read_receipts), (audience::FRIENDS, true));
    let off = ada.lets(|set| set.read_receipts = Some(false)).await;
    assert_eq!((off.read_to, off.read_receipts), (audience::NOBODY, false));
    let on = ada.lets(|set| set.read_receipts = Some(true)).await;
    assert_eq!(on.read_to, audience::EVERYBODY);
    for field in [0, 1, 2, 3, 4, 5, 6] {
        let mut set = SetPrivacy::default();
        *[
            &mut set.read_to,
            &mut set.presence_to,
            &mut set.moments_to,
            &mut set.message_from,
            &mut set.add_from,
            &mut set.groups_from,
            &mut set.email_from,
        ][field] = Some(3);
        assert_eq!(ada.is_refused(set).await, "bad_value", "{field}");
    }
}

#[tokio::test]
async fn messages_come_only_from_whom_one_takes_them() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let with_bob = bob.opens(&ada).await;
    let with_eve = eve.opens(&ada).await;
    eve.says(with_eve, "before").await;
    ada.lets(|set| set.message_from = Some(audience::FRIENDS)).await;
    assert_eq!(eve.cannot_send(with_eve, Outgoing::text("hello?")).await, "not_accepting");
    bob.says(with_bob, "as a friend").await;
    // One's own words still go out, and groups are not concerned.
    ada.says(with_eve, "I write when I like").await;
    let group = ada.makes_group("all", &[&eve]).await;
    eve.says(group, "here").await;
    ada.lets(|set| set.message_from = Some(audience::NOBODY)).await;
    assert_eq!(bob.cannot_send(with_bob, Outgoing::text("a friend?")).await, "not_accepting");
    ada.lets(|set| set.message_from = Some(audience::FRIENDS)).await;
    bob.says(with_bob, "again").await;
    // The friendship ends, and another begins.
    ada.asks(RemoveFriend { account: bob.account }).await;
    assert_eq!(bob.cannot_send(with_bob, Outgoing::text("no longer")).await, "not_accepting");
    ada.befriends(&eve).await;
    eve.says(with_eve, "friends now").await;
    // A block goes before it, and what it was comes back behind it.
    bob.blocks(&ada, true).await;
    assert_eq!(bob.cannot_send(with_bob, Outgoing::text("x")).await, "you_blocked");
    bob.blocks(&ada, false).await;
    assert_eq!(bob.cannot_send(with_bob, Outgoing::text("x")).await, "not_accepting");
    ada.lets(|set| set.message_from = Some(audience::EVERYBODY)).await;
    bob.says(with_bob, "everybody may").await;
    // Also where there was no conversation yet.
    let dan = world.person("dan").await;
    ada.lets(|set| set.message_from = Some(audience::FRIENDS)).await;
    let room = dan.opens(&ada).await;
    assert_eq!(dan.cannot_send(room, Outgoing::text("hi")).await, "not_accepting");
}

#[tokio::test]
async fn only_whom_one_lets_ask_can_ask_to_be_a_friend() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.lets(|set| set.add_from = Some(audience::NOBODY)).await;
    assert_eq!(bob.is_refused(ask(&ada)).await, "not_accepting");
    // Who has asked themselves is answered.
    ada.asks(ask(&bob)).await;
    assert_eq!(bob.asks_to_be_a_friend(&ada, "").await, friend_state::FRIENDS);
}

#[tokio::test]
async fn what_was_read_is_told_to_friends_alone_where_one_wants_it_so() {
    let world = World::start().await;
    let [ada, mut bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let group = ada.makes_group("all", &[&bob, &eve]).await;
    bob.listens().await;
    eve.listens().await;
    ada.lets(|set| set.read_to = Some(audience::FRIENDS)).await;
    let first = bob.says(group, "first").await;
    ada.asks(MarkRead { conversation: group, event_seq: first.event_seq }).await;
    let read_by_ada = |item: &Item| match item {
        Item::Marker(marker) if marker.account == ada.account => marker.read,
        _ => None,
    };
    assert_eq!(bob.waits_for(read_by_ada).await, 1);
    let of_ada = async |person: &Person| {
        let page = person.asks(GetMarkers { conversation: group, after: None }).await;
        page.markers.into_iter().find(|marker| marker.account == ada.account).unwrap().read
    };
    assert_eq!((of_ada(&bob).await, of_ada(&eve).await), (Some(1), None));
    let readers = GetReaders { conversation: group, event_seq: first.event_seq, after: None, limit: None };
    assert_eq!(bob.asks(readers.clone()).await.readers, [ada.account]);
    assert_eq!(eve.asks(readers).await.readers, []);
    // The next marker that Eve hears is one that everybody hears.
    ada.lets(|set| set.read_to = Some(audience::EVERYBODY)).await;
    let second = bob.says(group, "second").await;
    ada.asks(MarkRead { conversation: group, event_seq: second.event_seq }).await;
    assert_eq!(eve.waits_for(read_by_ada).await, 2);
}

#[tokio::test]
async fn moments_are_seen_by_whom_their_author_shows_any() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let everybody = moments::PostMoment {
        id: ada.client.new_id().unwrap(),
        text: "to all".into(),
        pictures: Vec::new(),
        alts: Vec::new(),
        visibility: visibility::EVERYBODY,
        people: Vec::new(),
    };
    let open = ada.asks(everybody).await.moment;
    let close = ada.posts("to friends").await;
    let sees = async |person: &Person| {
        let list = moments::ListMoments { account: ada.account, before: None, limit: None };
        let page = person.asks(list).await;
        page.moments.into_iter().map(|moment| moment.moment).collect::<Vec<_>>()
    };
    let feed = async |person: &Person| person.asks(moments::ListFeed::default()).await.moments.len();
    assert_eq!((sees(&eve).await, sees(&bob).await), (vec![open], vec![close, open]));
    ada.lets(|set| set.moments_to = Some(audience::FRIENDS)).await;
    assert_eq!((sees(&eve).await, sees(&bob).await), (vec![], vec![close, open]));
    assert_eq!(feed(&bob).await, 2);
    // Bob is told of an answer; when the moments close, that goes too.
    let comment = bob.comments(close, "nice", None).await;
    bob.listens().await;
    ada.comments(close, "thanks", Some(comment)).await;
    let of_ada = |item: &Item| match item {
        Item::Entry(entry) if entry.key.starts_with("moment_notice/") => Some(entry.value.is_some()),
        _ => None,
    };
    assert!(bob.waits_for(of_ada).await);
    ada.lets(|set| set.moments_to = Some(audience::NOBODY)).await;
    assert!(!bob.waits_for(of_ada).await);
    assert_eq!((sees(&bob).await, feed(&bob).await), (vec![], 0));
    assert_eq!(sees(&ada).await, [close, open]);
    assert_eq!(bob.is_refused(moments::GetMoment { moment: close }).await, "not_found");
}
