//! The story of a group: each kind of event is made once, and a device that was away reads the same as one that was there.

use std::collections::BTreeSet;

use image::ImageFormat;
use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::{
    ConversationId,
    conversations::{InviteMembers, LeaveGroup, RemoveMember, RenameGroup, TransferGroup, role},
    event::{Event, kind},
    frame,
    groups::{
        Announce, AnswerJoin, BanMember, DissolveGroup, GroupChange, JoinGroup, JoinRequestsEntry,
        MakeGroupLink, MuteMember, PermissionChanges, PinMessage, SetNickname, SetRole, joining,
    },
    pictures::SetAvatar,
};

use crate::{
    files::file_of,
    pictures::picture,
    world::{PATIENCE, Person, World, text},
};

/// What happens in the group, in this order: the kind of event it makes last, and what is done. A kind that is nowhere
/// here fails the test.
const STORY: &[(u16, &str)] = &[
    (kind::CREATED, "made"),
    (kind::ROLE_CHANGED, "administrator"),
    (kind::JOINED, "brought in"),
    (kind::JOINED, "came by a link"),
    (kind::GROUP_CHANGED, "description"),
    (kind::GROUP_CHANGED, "slow mode"),
    (kind::GROUP_CHANGED, "slow mode off"),
    (kind::GROUP_CHANGED, "open history"),
    (kind::GROUP_CHANGED, "permissions"),
    (kind::GROUP_CHANGED, "joining"),
    (kind::JOINED, "let in"),
    (kind::RENAMED, "another name"),
    (kind::AVATAR_CHANGED, "a face"),
    (kind::AVATAR_CHANGED, "no face"),
    (kind::TEXT, "words"),
    (kind::OPAQUE, "opaque"),
    (kind::PRIVATE_FIRST, "private"),
    (kind::FILE, "a file"),
    (kind::FORWARD, "sent on"),
    (kind::REACTION, "reaction"),
    (kind::REACTION, "reaction off"),
    (kind::EDIT, "other words"),
    (kind::RECALL, "taken back"),
    (kind::RECALL, "removed by a moderator"),
    (kind::ANNOUNCED, "announcement"),
    (kind::ANNOUNCED, "another announcement"),
    (kind::ANNOUNCED, "taken down"),
    (kind::PINNED, "pinned"),
    (kind::PINNED, "unpinned"),
    (kind::NICKNAMED, "nickname"),
    (kind::NICKNAMED, "no nickname"),
    (kind::MUTED, "muted"),
    (kind::MUTED, "unmuted"),
    (kind::BANNED, "banned"),
    (kind::BANNED, "unbanned"),
    (kind::REMOVED, "removed"),
    (kind::LEFT, "left"),
    (kind::ROLE_CHANGED, "member again"),
    (kind::OWNER_CHANGED, "handed over"),
    (kind::DISSOLVED, "dissolved"),
];

struct Stage {
    world: World,
    /// Owns the group.
    ada: Person,
    /// Looks after it; reads on the device that is there and on the one that is away.
    bob: Person,
    /// Come and go.
    eve: Person,
    fay: Person,
    gil: Person,
    group: ConversationId,
    /// The last message, of eve.
    said: u64,
}

impl Stage {
    /// Does what a row of the story says.
    async fn does(&mut self, what: &str) {
        match what {
            "made" => self.group = self.ada.makes_group("rockets", &[&self.bob, &self.eve]).await,
            "brought in" | "came by a link" | "let in" | "left" | "removed" | "banned" | "unbanned" => {
                self.moves(what).await;
            }
            "description" | "slow mode" | "slow mode off" | "open history" | "permissions" | "joining" => {
                self.sets(what).await;
            }
            "words"
            | "opaque"
            | "private"
            | "a file"
            | "sent on"
            | "reaction"
            | "reaction off"
            | "other words"
            | "taken back"
            | "removed by a moderator" => self.says(what).await,
            _ => self.manages(what).await,
        }
    }

    async fn moves(&self, what: &str) {
        let Self { ada, bob, eve, fay, gil, group, .. } = self;
        let conversation = *group;
        match what {
            "brought in" => {
                ada.asks(InviteMembers { conversation, accounts: vec![fay.account] }).await;
            }
            "came by a link" => {
                let link = ada.asks(MakeGroupLink { conversation, uses: None, valid_ms: None }).await;
                gil.asks(JoinGroup { code: Some(link.code), ..JoinGroup::default() }).await;
                gil.asks(LeaveGroup { conversation }).await;
                let link = ada.asks(MakeGroupLink { conversation, uses: None, valid_ms: None }).await;
                gil.asks(JoinGroup { code: Some(link.code), ..JoinGroup::default() }).await;
            }
            "let in" => {
                gil.asks(LeaveGroup { conversation }).await;
                let join =
                    JoinGroup { conversation: Some(conversation), message: "please".into(), code: None };
                gil.asks(join).await;
                bob.asks(AnswerJoin { conversation, account: gil.account, accept: true }).await;
            }
            "left" => {
                eve.asks(LeaveGroup { conversation }).await;
            }
            "removed" => {
                bob.asks(RemoveMember { conversation, account: fay.account }).await;
            }
            banned => {
                let banned = banned == "banned";
                bob.asks(BanMember { conversation, account: gil.account, banned }).await;
            }
        }
    }

    async fn sets(&self, what: &str) {
        let none = GroupChange::default();
        let change = match what {
            "description" => GroupChange { description: Some("We fly.".into()), ..none },
            "slow mode" => GroupChange { slow_ms: Some(60_000), ..none },
            "slow mode off" => GroupChange { slow_ms: Some(0), ..none },
            "open history" => GroupChange { open_history: Some(true), ..none },
            "permissions" => {
                let pin = PermissionChanges { pin: Some(role::MEMBER), ..PermissionChanges::default() };
                GroupChange { permissions: Some(pin), ..none }
            }
            _ => GroupChange { joining: Some(joining::ON_REQUEST), discoverable: Some(true), ..none },
        };
        self.ada.sets(self.group, change).await;
    }

    async fn says(&mut self, what: &str) {
        let (eve, group, said) = (&self.eve, self.group, self.said);
        let fallback = |message: Outgoing| Outgoing { fallback: Some("a card".into()), ..message };
        let message = match what {
            "words" => Outgoing::text("hello"),
            "opaque" => fallback(Outgoing { kind: kind::OPAQUE, ..Outgoing::text("") }),
            "private" => fallback(Outgoing { kind: kind::PRIVATE_FIRST, ..Outgoing::text("") }),
            "a file" => {
                let file = eve.uploads(&file_of(&self.world, "plan.txt", b"to the moon")).await;
                Outgoing::file(file, "the plan")
            }
            "sent on" => Outgoing::forward(group, said),
            "reaction" => Outgoing::reaction(said, "🚀", true),
            "reaction off" => Outgoing::reaction(said, "🚀", false),
            "other words" => Outgoing::edit(said, &text("hello, all")),
            _ => Outgoing::text("a mistake"),
        };
        let is_words = what == "words";
        let sent = eve.sends(group, message).await.unwrap().event_seq;
        match what {
            "taken back" => {
                eve.sends(group, Outgoing::recall(sent)).await.unwrap();
            }
            "removed by a moderator" => {
                self.bob.sends(group, Outgoing::recall(sent)).await.unwrap();
            }
            _ => {}
        }
        if is_words {
            self.said = sent;
        }
    }

    async fn manages(&self, what: &str) {
        let Self { world, ada, bob, eve, group, said, .. } = self;
        let conversation = *group;
        let face = |file| SetAvatar { file, conversation: Some(conversation), crop: None };
        let give = |role| SetRole { conversation, account: bob.account, role };
        let announce = |text: &str| Announce { conversation, text: text.into() };
        let call = |nickname: &str| SetNickname { conversation, nickname: nickname.into() };
        let pin = |pinned| PinMessage { conversation, event_seq: *said, pinned };
        let mute = |for_ms| MuteMember { conversation, account: eve.account, for_ms };
        match what {
            "administrator" => {
                ada.asks(give(role::ADMINISTRATOR)).await;
            }
            "member again" => {
                ada.asks(give(role::MEMBER)).await;
            }
            "another name" => {
                ada.asks(RenameGroup { conversation, name: "comets".into() }).await;
            }
            "a face" => {
                let path = file_of(world, "face.png", &picture(3, 64, 64, ImageFormat::Png));
                ada.asks(face(Some(ada.uploads(&path).await))).await;
            }
            "no face" => {
                ada.asks(face(None)).await;
            }
            "announcement" => {
                bob.asks(announce("Launch on Monday.")).await;
            }
            "another announcement" => {
                bob.asks(announce("Launch on Tuesday.")).await;
            }
            "taken down" => {
                bob.asks(announce("")).await;
            }
            "pinned" => {
                eve.asks(pin(true)).await;
            }
            "unpinned" => {
                eve.asks(pin(false)).await;
            }
            "nickname" => {
                eve.asks(call("Captain")).await;
            }
            "no nickname" => {
                eve.asks(call("")).await;
            }
            "muted" => {
                bob.asks(mute(60_000)).await;
            }
            "unmuted" => {
                bob.asks(mute(0)).await;
            }
            "handed over" => {
                ada.asks(TransferGroup { conversation, account: bob.account }).await;
            }
            "dissolved" => {
                bob.asks(DissolveGroup { conversation }).await;
            }
            other => panic!("nobody knows how to do {other}"),
        }
    }
}

/// What a device that was away hears when it comes back, from where it stood.
async fn comes_back(world: &World, person: &Person) -> (Vec<Event>, Option<u64>) {
    let mut options = world.options();
    options.token = person.client.token();
    options.state_file = Some(world.folder.path().join("away.state"));
    let client = Client::connect(options).await.unwrap();
    let mut items = client.events(Start::Cursors).unwrap();
    let (mut events, mut waiting) = (Vec::new(), None);
    loop {
        match tokio::time::timeout(PATIENCE, items.next()).await.unwrap().unwrap() {
            Item::Event(event) => events.push(event),
            Item::Entry(entry) if entry.key.starts_with("join_requests/") => {
                waiting = entry.value.map(|value| frame::decode::<JoinRequestsEntry>(&value).unwrap().count);
            }
            Item::CaughtUp => break,
            _ => {}
        }
    }
    items.commit().await.unwrap();
    client.close().await;
    (events, waiting)
}

/// An event as it stands at the end: what was edited or taken back has no words of its own any more.
fn at_the_end(heard: &[Event]) -> Vec<Event> {
    let mut all = heard.to_vec();
    for at in 0..all.len() {
        let (event_kind, target, by) = (all[at].kind, all[at].target_seq, all[at].event_seq);
        if ![kind::EDIT, kind::RECALL].contains(&event_kind) {
            continue;
        }
        let before = all.iter_mut().find(|event| Some(event.event_seq) == target).unwrap();
        before.body.clear();
        before.fallback = None;
        match event_kind {
            kind::EDIT => before.edited_by = Some(by),
            _ => before.recalled_by = Some(by),
        }
    }
    all
}

#[test]
fn every_kind_of_event_has_its_place_in_the_story() {
    // What a file turns out to be takes an upload that goes on behind its message: files/known.rs, live and after being away.
    let elsewhere = [kind::FILE_KNOWN];
    let told: BTreeSet<u16> = STORY.iter().map(|(kind, _)| *kind).chain(elsewhere).collect();
    let known: BTreeSet<u16> =
        (0..=kind::PRIVATE_FIRST).filter(|kind| kind::name(*kind) != "unknown").collect();
    let missing: Vec<&str> = known.difference(&told).map(|kind| kind::name(*kind)).collect();
    assert!(missing.is_empty(), "add rows to STORY that make {missing:?}");
}

#[tokio::test]
async fn a_device_that_was_away_reads_the_same_story_as_one_that_was_there() {
    let world = World::start().await;
    let [ada, bob, eve, fay, gil] = world.people(["ada", "bob", "eve", "fay", "gil"]).await;
    let mut live = world.device(&bob).await;
    let away = world.device(&bob).await;
    assert!(comes_back(&world, &away).await.0.is_empty());
    live.listens().await;
    let group = ConversationId::default();
    let mut stage = Stage { world, ada, bob, eve, fay, gil, group, said: 0 };
    let mut heard: Vec<Event> = Vec::new();
    for (wanted, what) in STORY {
        if *what == "dissolved" {
            break;
        }
        let before = heard.len();
        stage.does(what).await;
        // Each is heard at once, and the last that it made is of that kind.
        let head = stage.bob.sees(stage.group).await.head_seq;
        while heard.last().is_none_or(|event| event.event_seq < head) {
            heard.push(live.next_event().await);
        }
        assert!(heard.len() > before, "{what} made nothing");
        assert_eq!(kind::name(heard.last().unwrap().kind), kind::name(*wanted), "{what}");
    }
    let numbers: Vec<u64> = heard.iter().map(|event| event.event_seq).collect();
    assert_eq!(numbers, (1..=heard.len() as u64).collect::<Vec<_>>(), "without a hole");
    // A request that waits stands in the account logs of those who look after the group.
    let join = JoinGroup { conversation: Some(stage.group), message: "again".into(), code: None };
    stage.gil.asks(join).await;
    let (read, waiting) = comes_back(&stage.world, &away).await;
    assert_eq!(waiting, Some(1));
    assert_eq!(read, at_the_end(&heard));
    stage.does("dissolved").await;
    let last = live.next_event().await;
    let (read, waiting) = comes_back(&stage.world, &away).await;
    assert_eq!((read, waiting), (vec![last.clone()], None));
    assert_eq!(last.kind, kind::DISSOLVED);
    assert!(comes_back(&stage.world, &away).await.0.is_empty(), "once");
}
