//! What becomes of what a person left: marks in every field, and none is found after the end of the account.

use std::path::{Path, PathBuf};

use litrocket_client::Outgoing;
use litrocket_protocol::{
    account::SetProfile,
    conversations::SetConversation,
    people::{AskFriend, SetFriend},
};

use crate::{
    mail::MailServer,
    process::Process,
    programs::Terminal,
    world::{World, text},
};

/// Stands in every field that a person fills.
const MARK: &[u8] = b"canary";

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

fn marked(folder: &Path) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| std::fs::read(path).unwrap().windows(MARK.len()).any(|part| part == MARK);
    files_below(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn nothing_of_a_deleted_account_stays() {
    let mut mail = MailServer::start();
    let mut world = World::start_with(|config| mail.set(config)).await;
    let [bob, eve] = world.people(["bob", "eve"]).await;
    let (ada, _) = crate::mail::signed_up(&world, &mut mail, "canaryada", "canary@example.org").await;
    let profile = SetProfile {
        display_name: Some("canary display".into()),
        signature: Some("canary signature".into()),
        ..SetProfile::default()
    };
    ada.asks(profile).await;
    ada.befriends(&bob).await;
    let remark = SetFriend {
        account: bob.account,
        remark: Some("canary remark".into()),
        tags: Some(vec!["canary tag".into()]),
        starred: None,
    };
    ada.asks(remark).await;
    ada.asks(AskFriend { account: eve.account, message: "canary request".into(), code: None }).await;
    ada.adds("canaryword", "canarymeaning").await;
    let hers = ada.posts("canary moment").await;
    ada.comments(hers, "canary comment", None).await;
    let his = bob.posts("bob's").await;
    ada.comments(his, "canary comment at bob's", None).await;
    let (chat, notes) = (ada.opens(&bob).await, ada.opens(&ada).await);
    let group = bob.makes_group("rockets", &[&ada]).await;
    for place in [chat, notes, group] {
        ada.says(place, "canary words").await;
        let edited = ada.says(place, "canary words to edit").await;
        ada.sends(place, Outgoing::edit(edited.event_seq, &text("canary edited"))).await.unwrap();
    }
    let file = ada.uploads(&crate::files::file_of(&world, "canary.txt", b"canary content")).await;
    ada.sends(chat, Outgoing::file(file, "canary caption")).await.unwrap();
    let draft = SetConversation {
        conversation: chat,
        draft: Some("canary draft".into()),
        notify: None,
        notify_until_ms: None,
        pinned: None,
        marked_unread: None,
    };
    ada.asks(draft).await;
    bob.says(chat, "bob stays").await;
    // A change of address that is not confirmed leaves codes and a mail behind.
    let request = litrocket_protocol::email::ChangeEmail {
        password: crate::world::PASSWORD.into(),
        email: Some("canary2@example.org".into()),
    };
    mail.is("busy");
    ada.asks(request).await;
    // The index has her words before they go.
    indexed(&world).await;
    let data = world.folder.path().join("data");
    assert!(!marked(&data).is_empty(), "the marks are there to be found");
    world.deletes(&ada, true).await;
    indexed(&world).await;
    let purged = async {
        while !marked_search(&world).is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, purged).await.expect("the index forgets her words");
    // A file that no message carries any more goes after a day.
    world.app().clock.set_offset_ms(10 * 86_400_000);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    drop(ada);
    world.down().await;
    assert_eq!(marked(&data), Vec::<PathBuf>::new());
}

fn marked_search(world: &World) -> Vec<PathBuf> {
    let all = marked(&world.folder.path().join("data"));
    all.into_iter().filter(|path| path.file_name().unwrap() == "search.db").collect()
}

/// Waits until the index has followed the log.
async fn indexed(world: &World) {
    let last: Option<(i64,)> = world.app().db.first("SELECT MAX(pos) FROM events", &[]).await.unwrap();
    let last = last.unwrap().0 as u64;
    let followed = async {
        while world.app().search.indexed().unwrap() < last {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, followed).await.unwrap();
}

#[tokio::test]
async fn the_log_never_names_people() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "canaryada", "--label", "canary label"]);
    ada.says(&["profile", "--display-name", "canary display"]);
    ada.says(&["send", "@me", "canary words"]);
    ada.says(&["word", "add", "canary", "canary"]);
    ada.says(&["moment", "post", "canary"]);
    ada.says(&["account", "export"]);
    ada.fails(&["email", "set", "canary@example.org"]);
    ada.fails(&["login", "canaryada"]);
    let eve = Terminal { process: &process, profile: "eve" };
    eve.fails(&["recover", "--email", "canary@example.org", "--code", "123456"]);
    eve.fails_with(&["recover", "canaryada", "--password-stdin"], "canary\ncanarypassword\n");
    let wrong = eve.runs_with(&["login", "canaryada", "--password-stdin"], "canarypassword\n");
    assert!(!wrong.status.success());
    ada.says(&["account", "delete", "--confirm", "canaryada", "--erase"]);
    let logs = process.path().join("data/logs");
    let said = |what: &str| {
        files_below(&logs).iter().any(|file| std::fs::read_to_string(file).unwrap().contains(what))
    };
    let began = std::time::Instant::now();
    while !said("announced") {
        assert!(began.elapsed() < crate::world::PATIENCE, "the log says what happened");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(said("a password or code was wrong") && said("what=\"sign-in\"") && said("what=\"recovery\""));
    assert_eq!(marked(&logs), Vec::<PathBuf>::new());
}
