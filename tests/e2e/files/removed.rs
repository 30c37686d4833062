//! What its owner removed stays removed; a message with a file sent on to others.

use image::ImageFormat;
use litrocket_client::Outgoing;
use litrocket_protocol::{
    ConversationId,
    conversations::{Message, role},
    event::{Forwarded, kind},
    files::{AddGroupFile, DeleteFile, DeleteGroupFile, GroupFile, ListGroupFiles, file_state, group_sort},
    frame,
    groups::{GroupChange, PermissionChanges, SetGroup},
    history::Search,
    pictures::GetPreview,
};

use super::{content, file_of};
use crate::{
    pictures::picture,
    world::{Person, World},
};

fn adding(conversation: ConversationId, file: u64) -> AddGroupFile {
    AddGroupFile { conversation, file, folder: None, name: None }
}

impl Person {
    async fn group_files(&self, conversation: ConversationId) -> Vec<GroupFile> {
        let (sort, folder, find, after, limit) = (group_sort::NAME, None, None, None, None);
        self.asks(ListGroupFiles { conversation, folder, find, sort, after, limit }).await.entries
    }

    /// The newest message of a conversation.
    async fn last(&self, conversation: ConversationId) -> Message {
        self.history(conversation).await.pop().unwrap()
    }
}

fn sent_on(message: &Message) -> Forwarded {
    assert_eq!(message.event.kind, kind::FORWARD);
    frame::decode(&message.event.body).unwrap()
}

#[tokio::test]
async fn what_its_owner_removed_does_not_come_back_with_the_same_content() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let path = file_of(&world, "plan.txt", b"the plan");
    let file = ada.uploads(&path).await;
    ada.sends(group, Outgoing::file(file, "have a look")).await.unwrap();
    let entry = ada.asks(adding(group, file)).await;
    assert!(!bob.last(group).await.gone && !entry.gone);
    ada.asks(DeleteFile { file }).await;
    assert!(bob.group_files(group).await[0].gone);
    assert!(bob.last(group).await.gone, "the message shows it");
    // The same bytes under the same name are another file, and another entry in the place of the one that is gone.
    let again = ada.uploads(&path).await;
    assert_ne!(again, file);
    let new = ada.asks(adding(group, again)).await;
    assert!(new.entry != entry.entry && !new.gone);
    assert_eq!(ada.asks(adding(group, again)).await.entry, new.entry, "added once");
    let shelf = bob.group_files(group).await;
    assert_eq!((shelf.len(), shelf[0].entry), (1, new.entry));
    assert_eq!(bob.fetches(&world, again).await.unwrap(), b"the plan");
    assert_eq!(bob.cannot_fetch(&world, file).await, "file_gone");
    assert_eq!(bob.knows(file).await.state, file_state::GONE);
    assert!(bob.last(group).await.gone, "and goes on showing it");
    // Twice as well.
    ada.asks(DeleteFile { file: again }).await;
    ada.asks(DeleteFile { file }).await;
    let third = ada.uploads(&path).await;
    assert!(![file, again].contains(&third));
    // Nor does it come back when it is sent on by its owner, to whom somebody else sends the same.
    ada.asks(DeleteFile { file: third }).await;
    let his = bob.uploads(&path).await;
    let seq = bob.sends(group, Outgoing::file(his, "")).await.unwrap().event_seq;
    ada.sends(group, Outgoing::forward(group, seq)).await.unwrap();
    assert_eq!(bob.cannot_fetch(&world, file).await, "file_gone");
    let hers = sent_on(&bob.last(group).await).file.unwrap().file;
    assert!(![file, again, third, his].contains(&hers));
}

#[tokio::test]
async fn an_entry_that_is_gone_keeps_nobody_from_its_name() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let hers = ada.uploads(&file_of(&world, "plan.txt", b"hers")).await;
    let entry = ada.asks(adding(group, hers)).await.entry;
    let his = bob.uploads(&file_of(&world, "plan.txt", b"his")).await;
    assert_eq!(bob.is_refused(adding(group, his)).await, "name_taken");
    ada.asks(DeleteFile { file: hers }).await;
    let new = bob.asks(adding(group, his)).await;
    assert!(new.entry != entry && new.added_by == bob.account);
    assert_eq!(ada.group_files(group).await.len(), 1);
    // Entries deleted from the group alone leave the file to its owner, and come back as others.
    bob.asks(DeleteGroupFile { entry: new.entry }).await;
    let other = bob.uploads(&file_of(&world, "plan.txt", b"his")).await;
    assert_ne!(bob.asks(adding(group, other)).await.entry, new.entry);
}

#[tokio::test]
async fn a_message_with_a_file_is_sent_on_with_it_and_read_by_the_new_message_alone() {
    let world = World::start().await;
    let [ada, bob, eve, carol] = world.people(["ada", "bob", "eve", "carol"]).await;
    let (first, second, third) = (ada.opens(&bob).await, bob.opens(&eve).await, eve.opens(&carol).await);
    // Who has not opened a conversation that was opened with them sends nothing there.
    assert_eq!(eve.opens(&bob).await, second);
    let bytes = content(600, 70_000);
    let hers = ada.uploads(&file_of(&world, "plan.bin", &bytes)).await;
    let seq = ada.sends(first, Outgoing::file(hers, "the plan")).await.unwrap().event_seq;
    // Who may not read it cannot send it on.
    assert_eq!(eve.cannot_send(second, Outgoing::forward(first, seq)).await, "bad_target");
    let id = bob.client.new_id().unwrap();
    let ack = bob.sends(second, Outgoing::forward(first, seq).id(id)).await.unwrap();
    assert_eq!(
        bob.sends(second, Outgoing::forward(first, seq).id(id)).await.unwrap(),
        ack,
        "a retry is the same"
    );
    let got = eve.last(second).await;
    assert_eq!(got.event.fallback.as_deref(), Some("plan.bin (70000 bytes)"));
    let body = sent_on(&got);
    assert_eq!((&*body.text, body.from), ("the plan", ada.account));
    let file = body.file.unwrap();
    assert_eq!((&*file.name, file.size, &*file.text), ("plan.bin", 70_000, ""));
    assert_ne!(file.file, hers);
    assert!(eve.fetches(&world, file.file).await.unwrap() == bytes);
    assert_eq!(eve.cannot_fetch(&world, hers).await, "not_found", "the first message is not hers to read");
    // A forward is sent on again, as the words of who wrote them first.
    eve.sends(third, Outgoing::forward(second, ack.event_seq)).await.unwrap();
    let further = sent_on(&carol.last(third).await);
    assert_eq!((&*further.text, further.from), ("the plan", ada.account));
    assert!(carol.fetches(&world, further.file.unwrap().file).await.unwrap() == bytes);
    // It is found by its name and its words.
    for text in ["plan.bin", "the plan"] {
        let search = Search { text: text.into(), conversation: Some(second), before: None, limit: None };
        assert_eq!(eve.asks(search).await.messages.len(), 1, "{text}");
    }
    // What ada takes back, and removes, stays with those to whom it was sent on.
    ada.sends(first, Outgoing::recall(seq)).await.unwrap();
    ada.asks(DeleteFile { file: hers }).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert!(eve.fetches(&world, file.file).await.unwrap() == bytes);
    assert_eq!(bob.cannot_send(second, Outgoing::forward(first, seq)).await, "bad_target");
    // Taken back by who sent it on, it goes there.
    bob.sends(second, Outgoing::recall(ack.event_seq)).await.unwrap();
    assert_eq!(eve.cannot_fetch(&world, file.file).await, "not_found");
    assert!(!eve.last(second).await.gone, "there is nothing left to be gone");
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_not_sent_on_either() {
    let world = World::start_with(|config| config.files.quota_mib = 1).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let hers = ada.uploads(&file_of(&world, "a.bin", &content(610, 700_000))).await;
    let seq = ada.sends(chat, Outgoing::file(hers, "")).await.unwrap().event_seq;
    let group = ada.makes_group("plans", &[&bob]).await;
    let only_me = PermissionChanges { upload: Some(role::OWNER), ..PermissionChanges::default() };
    let change = GroupChange { permissions: Some(only_me), ..GroupChange::default() };
    ada.asks(SetGroup { conversation: group, change }).await;
    assert_eq!(bob.cannot_send(group, Outgoing::forward(chat, seq)).await, "not_allowed");
    let words = ada.says(chat, "words").await.event_seq;
    bob.sends(group, Outgoing::forward(chat, words)).await.unwrap();
    let own = bob.uploads(&file_of(&world, "own.bin", &content(611, 600_000))).await;
    assert_eq!(bob.cannot_send(chat, Outgoing::forward(chat, seq)).await, "quota_exceeded");
    bob.asks(DeleteFile { file: own }).await;
    ada.asks(DeleteFile { file: hers }).await;
    assert_eq!(bob.cannot_send(chat, Outgoing::forward(chat, seq)).await, "file_gone");
}

#[tokio::test]
async fn a_groups_list_tells_what_is_known_of_its_pictures() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let sea = ada.brings(&world, "sea.png", &picture(1, 300, 200, ImageFormat::Png)).await;
    ada.asks(adding(group, sea)).await;
    let words = ada.uploads(&file_of(&world, "words.txt", b"no picture")).await;
    assert_eq!(ada.asks(adding(group, words)).await.picture, None);
    let shelf = bob.group_files(group).await;
    let facts = shelf[0].picture.clone().unwrap();
    assert_eq!((facts.width, facts.height, shelf[1].picture.clone()), (300, 200, None));
    assert!(!facts.blurhash.is_empty());
    assert!(!bob.asks(GetPreview { file: sea, size: 160 }).await.bytes.is_empty());
    ada.asks(DeleteFile { file: sea }).await;
    assert_eq!(
        (bob.group_files(group).await[0].picture.clone(), bob.group_files(group).await[0].gone),
        (None, true)
    );
}
