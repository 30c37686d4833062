//! Announcements, pins and nicknames.

use litrocket_client::Outgoing;
use litrocket_protocol::{
    account::SetPrivacy,
    conversations::{LeaveGroup, ListMembers, RemoveMember},
    event::{AnnouncedText, Nicknamed, Pinned, kind},
    groups::{
        Announce, ListAnnouncementSeen, ListGroupAnnouncements, ListPins, PermissionChanges, PinMessage,
        SeeAnnouncement, SetNickname,
    },
    limits,
};

use crate::world::{World, text};

#[tokio::test]
async fn an_announcement_is_heard_read_later_and_seen() {
    let world = World::start().await;
    let [ada, mut bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    bob.listens().await;
    let announce = |text: &str| Announce { conversation: group, text: text.into() };
    assert_eq!(bob.is_refused(announce("mine")).await, "forbidden");
    assert_eq!(ada.asks(announce("  ")).await.event_seq, None, "there is none to take down");
    let one = ada.asks(announce("Launch on Monday.")).await.event_seq.unwrap();
    assert_eq!(ada.asks(announce("Launch on Monday.")).await.event_seq, Some(one), "a retry is the same");
    let (event, body) = bob.hears_news::<AnnouncedText>(kind::ANNOUNCED).await;
    assert_eq!((event.event_seq, body.text.as_str()), (one, "Launch on Monday."));
    assert_eq!(event.fallback.as_deref(), Some("Launch on Monday."));
    let standing = eve.sees_settings(group).await.announcement.unwrap();
    assert_eq!((standing.event_seq, standing.account), (one, ada.account));
    let seen = |event_seq| ListAnnouncementSeen { conversation: group, event_seq, after: None, limit: None };
    let see = |event_seq| SeeAnnouncement { conversation: group, event_seq };
    assert_eq!(ada.asks(seen(one)).await.people, []);
    bob.asks(see(one)).await;
    eve.asks(see(one)).await;
    assert_eq!(bob.is_refused(see(one + 1)).await, "not_found");
    let two = ada.asks(announce("Launch on Tuesday.")).await.event_seq.unwrap();
    eve.asks(see(two)).await;
    eve.asks(see(one)).await;
    let who = async |event_seq, limit| {
        let page = ada.asks(ListAnnouncementSeen { limit, ..seen(event_seq) }).await;
        let handles: Vec<String> = page.people.into_iter().map(|person| person.handle).collect();
        (handles, page.next)
    };
    assert_eq!(who(two, None).await.0, ["eve"]);
    let (first, next) = who(one, Some(1)).await;
    assert_eq!(first, ["bob"]);
    let rest = ada.asks(ListAnnouncementSeen { after: next, ..seen(one) }).await.people;
    assert_eq!(rest[0].account, eve.account);
    let quiet = SetPrivacy { read_receipts: Some(false), ..SetPrivacy::default() };
    eve.asks(quiet).await;
    assert_eq!(who(two, None).await.0, Vec::<String>::new());
    // The history, page by page; who comes later reads what is theirs.
    let list = |before, limit| ListGroupAnnouncements { conversation: group, before, limit };
    let page = bob.asks(list(None, Some(1))).await;
    assert_eq!((page.announcements[0].event_seq, page.more), (two, true));
    assert_eq!(bob.asks(list(Some(two), None)).await.announcements[0].event_seq, one);
    ada.invites(group, &[&carol]).await;
    assert_eq!(carol.asks(list(None, None)).await.announcements, []);
    assert_eq!(carol.sees_settings(group).await.announcement, None);
    assert_eq!(carol.is_refused(see(two)).await, "not_found");
    bob.asks(LeaveGroup { conversation: group }).await;
    ada.asks(announce("")).await.event_seq.unwrap();
    assert_eq!(ada.sees_settings(group).await.announcement, None);
    assert_eq!(bob.asks(list(None, None)).await.announcements.len(), 2, "up to leaving and no further");
    assert_eq!(bob.is_refused(see(two)).await, "not_a_member");
    let long = announce(&"x".repeat(limits::GROUP_ANNOUNCEMENT_BYTES_MAX + 1));
    assert_eq!(ada.is_refused(long).await, "too_long");
}

#[tokio::test]
async fn messages_are_pinned_for_everybody_who_may_read_them() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let said = ada.says(group, "the address").await.event_seq;
    bob.listens().await;
    let pin = |event_seq, pinned| PinMessage { conversation: group, event_seq, pinned };
    assert_eq!(bob.is_refused(pin(said, true)).await, "forbidden");
    ada.asks(pin(said, true)).await;
    ada.asks(pin(said, true)).await;
    let (event, body) = bob.hears_news::<Pinned>(kind::PINNED).await;
    assert!(body.pinned && event.target_seq == Some(said));
    let list = || ListPins { conversation: group };
    let pins = bob.asks(list()).await.pins;
    assert_eq!((pins.len(), pins[0].event_seq, pins[0].pinned_by), (1, said, ada.account));
    assert_eq!(ada.is_refused(pin(1, true)).await, "bad_target", "the beginning is no message");
    assert_eq!(ada.is_refused(pin(999, true)).await, "bad_target");
    ada.invites(group, &[&eve]).await;
    assert_eq!(eve.asks(list()).await.pins, [], "who came later may not read it");
    ada.permits(group, PermissionChanges { pin: Some(3), ..PermissionChanges::default() }).await;
    ada.asks(pin(said, false)).await;
    assert_eq!(eve.is_refused(pin(said, true)).await, "bad_target", "nor pin it");
    bob.asks(pin(said, true)).await;
}

#[tokio::test]
async fn pins_go_with_what_they_hold_and_are_bounded() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let pin = |event_seq, pinned| PinMessage { conversation: group, event_seq, pinned };
    let mut last = 0;
    for number in 0..limits::GROUP_PINS_MAX {
        last = ada.says(group, &number.to_string()).await.event_seq;
        ada.asks(pin(last, true)).await;
    }
    let more = ada.says(group, "one too many").await.event_seq;
    assert_eq!(ada.is_refused(pin(more, true)).await, "too_many");
    ada.sends(group, Outgoing::recall(last)).await.unwrap();
    assert_eq!(ada.is_refused(pin(last, true)).await, "bad_target", "it was taken back");
    ada.asks(pin(more, true)).await;
    ada.asks(pin(more, false)).await;
    ada.asks(pin(more, false)).await;
    let pins = bob.asks(ListPins { conversation: group }).await.pins;
    assert_eq!(pins.len() as u64, limits::GROUP_PINS_MAX - 1);
    ada.asks(RemoveMember { conversation: group, account: bob.account }).await;
    assert_eq!(bob.is_refused(ListPins { conversation: group }).await, "not_a_member");
}

#[tokio::test]
async fn a_member_takes_another_name_ten_times_a_day() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    // Where members may not write, a name is the one thing of theirs that everybody reads.
    ada.permits(group, PermissionChanges { write: Some(2), ..PermissionChanges::default() }).await;
    let call = |nickname: String| SetNickname { conversation: group, nickname };
    for number in 0..limits::NICKNAMES_PER_DAY_MAX {
        bob.asks(call(format!("bob {number}"))).await;
    }
    assert_eq!(bob.is_refused(call("bob again".into())).await, "rate_limited");
    bob.asks(call(format!("bob {}", limits::NICKNAMES_PER_DAY_MAX - 1))).await;
    let members = ada.asks(ListMembers { conversation: group, after: None, limit: None }).await.members;
    assert_eq!(members[1].nickname.as_deref(), Some("bob 9"), "a refused one changes nothing");
    ada.asks(call("ada".into())).await;
    world.app().clock.set_offset_ms(86_400_000);
    bob.asks(call("tomorrow".into())).await;
}

#[tokio::test]
async fn members_are_called_as_they_like_in_a_group() {
    let world = World::start().await;
    let [mut ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    ada.listens().await;
    let call = |nickname: &str| SetNickname { conversation: group, nickname: nickname.into() };
    bob.asks(call(" Captain  Bob ")).await;
    bob.asks(call("Captain Bob")).await;
    let (event, body) = ada.hears_news::<Nicknamed>(kind::NICKNAMED).await;
    assert_eq!((event.sender, body.nickname.as_str()), (bob.account, "Captain Bob"));
    let members = ada.asks(ListMembers { conversation: group, after: None, limit: None }).await.members;
    let names: Vec<_> = members.iter().map(|member| member.nickname.as_deref()).collect();
    assert_eq!(names, [None, Some("Captain Bob")]);
    assert_eq!(bob.is_refused(call(&"x".repeat(65))).await, "too_long");
    bob.asks(call("")).await;
    assert_eq!(ada.hears_news::<Nicknamed>(kind::NICKNAMED).await.1.nickname, "");
    let chat = ada.opens(&bob).await;
    ada.sends(chat, Outgoing::rich(&text("hello"))).await.unwrap();
    assert_eq!(bob.is_refused(SetNickname { conversation: chat, nickname: "b".into() }).await, "not_a_group");
}
