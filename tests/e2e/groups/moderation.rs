//! Muting, banning, removing messages, reports, and what is noted of it.

use litrocket_client::Outgoing;
use litrocket_protocol::{
    conversations::{InviteMembers, member_state, role},
    event::{Banned, Muted, kind},
    files::{AddGroupFile, DeleteGroupFile, MakeGroupFolder},
    groups::{
        Announce, BanMember, GroupChange, JoinGroup, ListAudit, ListBanned, MuteMember, PermissionChanges,
        PinMessage, ReportContent, SetNickname, audit_action, joining,
    },
    limits,
};

use crate::world::{Person, World, text};

#[tokio::test]
async fn the_muted_say_nothing_until_they_may_again() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    let said = bob.says(group, "rude words").await.event_seq;
    bob.listens().await;
    let mute = |account, for_ms| MuteMember { conversation: group, account, for_ms };
    assert_eq!(eve.is_refused(mute(bob.account, 1000)).await, "forbidden");
    ada.makes_administrator(group, &eve).await;
    assert_eq!(eve.is_refused(mute(ada.account, 1000)).await, "forbidden");
    assert_eq!(eve.is_refused(mute(bob.account, limits::MUTE_MS_MAX + 1)).await, "bad_value");
    eve.asks(mute(bob.account, 3_600_000)).await;
    let (_, muted) = bob.hears_news::<Muted>(kind::MUTED).await;
    assert_eq!(muted.account, bob.account);
    let fault = bob.is_stopped(group, Outgoing::text("more")).await;
    assert_eq!(fault.code, "muted");
    assert!((1..=3_600_000).contains(&fault.retry_after_ms.unwrap()), "{fault:?}");
    assert_eq!(bob.sees_settings(group).await.muted_until_ms, Some(muted.until_ms));
    assert_eq!(bob.cannot_send(group, Outgoing::reaction(said, "👎", true)).await, "muted");
    let nickname = SetNickname { conversation: group, nickname: "the silenced".into() };
    assert_eq!(bob.is_refused(nickname).await, "muted");
    let folder = MakeGroupFolder { conversation: group, name: "mine".into() };
    assert_eq!(bob.is_refused(folder).await, "muted");
    ada.permits(group, PermissionChanges { announce: Some(3), pin: Some(3), ..PermissionChanges::default() })
        .await;
    let announce = Announce { conversation: group, text: "all hear me".into() };
    assert_eq!(bob.is_refused(announce).await, "muted");
    let pin = PinMessage { conversation: group, event_seq: said, pinned: true };
    assert_eq!(bob.is_refused(pin).await, "muted");
    bob.sends(group, Outgoing::recall(said)).await.unwrap();
    // Leaving and coming back takes nothing off.
    bob.asks(litrocket_protocol::conversations::LeaveGroup { conversation: group }).await;
    assert_eq!(eve.is_refused(mute(bob.account, 1000)).await, "not_found");
    ada.invites(group, &[&bob]).await;
    assert_eq!(bob.cannot_send(group, Outgoing::text("back")).await, "muted");
    eve.asks(mute(bob.account, 0)).await;
    eve.asks(mute(bob.account, 0)).await;
    bob.says(group, "thank you").await;
    eve.asks(mute(bob.account, 1)).await;
    let again = async { while bob.sends(group, Outgoing::text("it passes by itself")).await.is_err() {} };
    tokio::time::timeout(crate::world::PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn the_banned_read_up_to_the_end_and_do_not_come_back() {
    let world = World::start().await;
    let [ada, mut bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve]).await;
    let open =
        GroupChange { joining: Some(joining::OPEN), discoverable: Some(true), ..GroupChange::default() };
    ada.sets(group, open).await;
    bob.listens().await;
    let ban = |account, banned| BanMember { conversation: group, account, banned };
    assert_eq!(eve.is_refused(ban(bob.account, true)).await, "forbidden");
    assert_eq!(ada.is_refused(ban(ada.account, true)).await, "bad_value");
    ada.asks(ban(bob.account, true)).await;
    ada.asks(ban(bob.account, true)).await;
    let (event, banned) = bob.hears_news::<Banned>(kind::BANNED).await;
    assert!(banned.banned);
    ada.says(group, "behind closed doors").await;
    assert_eq!(bob.history(group).await.last().unwrap().event.event_seq, event.event_seq);
    assert_eq!(bob.sees(group).await.mine.state, member_state::BANNED);
    assert_eq!(bob.cannot_send(group, Outgoing::text("let me in")).await, "not_a_member");
    let join = || JoinGroup { conversation: Some(group), ..JoinGroup::default() };
    assert_eq!(bob.is_refused(join()).await, "forbidden");
    let invited = eve.asks(InviteMembers { conversation: group, accounts: vec![bob.account] }).await;
    assert_eq!(invited.joined, []);
    // Somebody who never was in may be kept out before they come; to them the group does not exist.
    ada.asks(ban(carol.account, true)).await;
    assert_eq!(carol.is_refused(join()).await, "forbidden");
    assert_eq!(carol.cannot_send(group, Outgoing::text("?")).await, "not_found");
    assert!(
        carol
            .asks(litrocket_protocol::conversations::ListConversations::default())
            .await
            .conversations
            .is_empty()
    );
    let nobody = ban(litrocket_protocol::AccountId(99_999), true);
    assert_eq!(ada.is_refused(nobody).await, "not_found");
    let list = |limit| ListBanned { conversation: group, after: None, limit };
    let page = ada.asks(list(Some(1))).await;
    assert_eq!((page.people[0].account, page.more), (bob.account, true));
    assert_eq!(ada.asks(list(None)).await.people.len(), 2);
    assert_eq!(eve.is_refused(list(None)).await, "forbidden");
    for account in [bob.account, carol.account] {
        ada.asks(ban(account, false)).await;
    }
    assert_eq!(ada.asks(list(None)).await.people, []);
    carol.asks(join()).await;
    bob.asks(join()).await;
    bob.says(group, "thank you").await;
    assert!(
        bob.history(group)
            .await
            .iter()
            .all(|message| crate::world::words(&message.event) != "behind closed doors")
    );
}

#[tokio::test]
async fn administrators_remove_messages_of_members_and_it_is_noted() {
    let world = World::start().await;
    let [ada, bob, mut eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let group = ada.makes_group("rockets", &[&bob, &eve, &carol]).await;
    ada.makes_administrator(group, &bob).await;
    let bad = carol.says(group, "rude words").await.event_seq;
    let owners = ada.says(group, "the owner's words").await.event_seq;
    eve.listens().await;
    assert_eq!(eve.cannot_send(group, Outgoing::recall(bad)).await, "not_yours");
    assert_eq!(bob.cannot_send(group, Outgoing::recall(owners)).await, "not_yours");
    assert_eq!(bob.cannot_send(group, Outgoing::edit(bad, &text("nicer"))).await, "not_yours");
    let removal = bob.sends(group, Outgoing::recall(bad)).await.unwrap().event_seq;
    let event = eve.next_event().await;
    assert_eq!((event.kind, event.target_seq, event.sender), (kind::RECALL, Some(bad), bob.account));
    let history = carol.history(group).await;
    let message = history.iter().find(|message| message.event.event_seq == bad).unwrap();
    assert_eq!((message.event.recalled_by, message.event.body.len()), (Some(removal), 0));
    assert_eq!(bob.cannot_send(group, Outgoing::recall(bad)).await, "bad_target");
    // The same for what they delete of others among the files.
    let path = crate::files::file_of(&world, "a.txt", b"rude words");
    let puts = async |person: &Person, name: &str| {
        let file = person.uploads(&path).await;
        let entry = AddGroupFile { conversation: group, file, folder: None, name: Some(name.into()) };
        person.asks(entry).await.entry
    };
    let (rude, own) = (puts(&carol, "rude.txt").await, puts(&bob, "own.txt").await);
    bob.asks(DeleteGroupFile { entry: own }).await;
    bob.asks(DeleteGroupFile { entry: rude }).await;
    let noted = bob.asks(ListAudit { conversation: group, before: None, limit: Some(2) }).await.entries;
    assert_eq!(noted[1].action, audit_action::MESSAGE_REMOVED, "nothing is noted of one's own");
    let before = Some(noted[0].id);
    assert_eq!(
        (noted[0].action, noted[0].actor, noted[0].account, noted[0].value),
        (audit_action::FILE_DELETED, bob.account, Some(carol.account), Some(rude))
    );
    // In a one-to-one nobody looks after anything.
    let chat = ada.opens(&bob).await;
    let mine = ada.says(chat, "hello").await.event_seq;
    assert_eq!(bob.cannot_send(chat, Outgoing::recall(mine)).await, "not_yours");
    let list = |before, limit| ListAudit { conversation: group, before, limit };
    let page = bob.asks(list(before, Some(1))).await;
    let entry = &page.entries[0];
    assert_eq!(
        (entry.action, entry.actor, entry.account, entry.event_seq),
        (audit_action::MESSAGE_REMOVED, bob.account, Some(carol.account), Some(bad))
    );
    assert!(page.more);
    let rest = bob.asks(list(Some(entry.id), None)).await;
    let actions: Vec<u8> = rest.entries.iter().map(|entry| entry.action).collect();
    assert_eq!((actions, rest.more), (vec![audit_action::ROLE], false));
    assert_eq!(rest.entries[0].value, Some(role::ADMINISTRATOR.into()));
    assert_eq!(carol.is_refused(list(None, None)).await, "forbidden");
}

type ReportRow = (i64, Option<i64>, Option<i64>, Option<i64>, String);

#[tokio::test]
async fn people_report_what_they_may_see_once() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let bad = ada.says(group, "rude words").await.event_seq;
    let message = |event_seq| ReportContent {
        conversation: Some(group),
        event_seq: Some(event_seq),
        account: None,
        moment: None,
        text: "rude".into(),
    };
    let person =
        |account| ReportContent { conversation: None, event_seq: None, account: Some(account), ..message(1) };
    bob.asks(message(bad)).await;
    bob.asks(message(bad)).await;
    bob.asks(person(ada.account)).await;
    assert_eq!(bob.is_refused(message(bad + 1)).await, "not_found");
    assert_eq!(eve.is_refused(message(bad)).await, "not_found");
    assert_eq!(bob.is_refused(person(bob.account)).await, "bad_value");
    assert_eq!(
        bob.is_refused(ReportContent { account: Some(ada.account), ..message(bad) }).await,
        "bad_value"
    );
    let long = ReportContent { text: "x".repeat(limits::REPORT_BYTES_MAX + 1), ..message(bad) };
    assert_eq!(bob.is_refused(long).await, "too_long");
    let nothing = ReportContent { conversation: None, event_seq: None, ..message(1) };
    assert_eq!(bob.is_refused(nothing).await, "bad_value");
    let moment =
        |moment| ReportContent { conversation: None, event_seq: None, moment: Some(moment), ..message(1) };
    assert_eq!(bob.is_refused(moment(99_999)).await, "not_found");
    let rows: Vec<ReportRow> = world
        .app()
        .db
        .all("SELECT reporter, conversation, event_seq, account, text FROM reports ORDER BY id", &[])
        .await
        .unwrap();
    let (me, other) = (bob.account.sql(), ada.account.sql());
    let about = (me, Some(group.sql()), Some(bad as i64), None, "rude".to_owned());
    assert_eq!(rows, [about, (me, None, None, Some(other), "rude".to_owned())]);
}
