//! What becomes of what a person left: marks in every field, and none is found after the end of the account.

use std::path::{Path, PathBuf};

use litrocket_protocol::{
    event::kind,
    groups::{Announce, GetGroup, ListGroupAnnouncements, SetNickname, SetRole},
};

use crate::{
    mail::MailServer,
    marks::{ALWAYS, MARK, THEIRS},
    process::Process,
    programs::Terminal,
    world::{Person, World},
};

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

fn marked(folder: &Path, mark: &str) -> Vec<PathBuf> {
    // A file may go while one looks.
    let holds = |path: &PathBuf| {
        std::fs::read(path).is_ok_and(|all| all.windows(mark.len()).any(|part| part == mark.as_bytes()))
    };
    files_below(folder).into_iter().filter(holds).collect()
}

/// Waits until the files below a folder hold a mark nowhere.
async fn unmarked(folder: &Path, mark: &str, what: &str) {
    let began = std::time::Instant::now();
    loop {
        let left = marked(folder, mark);
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < crate::world::PATIENCE, "{what}: {mark} is in {left:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Carries the end of an account out, with everything that is done later.
async fn goes(world: &World, ada: Person, erase: bool) {
    world.deletes(&ada, erase).await;
    drop(ada);
    world.is_indexed().await;
    // A file that no message carries any more goes after a day.
    world.app().clock.set_offset_ms(10 * 86_400_000);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
}

#[tokio::test]
async fn nothing_of_a_deleted_account_stays() {
    let mut mail = MailServer::start();
    let mut world = World::start_with(|config| mail.set(config)).await;
    let (ada, others) = crate::marks::somebody(&world, &mut mail).await;
    // The index has her words before they go.
    world.is_indexed().await;
    let data = world.folder.path().join("data");
    for mark in [MARK, ALWAYS, THEIRS] {
        assert!(!marked(&data, mark).is_empty(), "{mark} is there to be found");
    }
    goes(&world, ada, true).await;
    // The database, its log, the index, the files and the logs of the server that runs.
    unmarked(&data, MARK, "while the server runs").await;
    drop(others);
    world.down().await;
    assert_eq!(marked(&data, MARK), Vec::<PathBuf>::new());
    assert!(!marked(&data, THEIRS).is_empty(), "what is the group's stays");
}

#[tokio::test]
async fn who_leaves_their_messages_leaves_nothing_else() {
    let mut mail = MailServer::start();
    let mut world = World::start_with(|config| mail.set(config)).await;
    let (ada, others) = crate::marks::somebody(&world, &mut mail).await;
    let data = world.folder.path().join("data");
    goes(&world, ada, false).await;
    unmarked(&data, ALWAYS, "while the server runs").await;
    drop(others);
    world.down().await;
    assert_eq!(marked(&data, ALWAYS), Vec::<PathBuf>::new());
    assert!(!marked(&data, MARK).is_empty(), "her messages stay");
}

#[tokio::test]
async fn the_others_hear_that_somebodys_name_and_announcement_are_gone() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let group = bob.makes_group("rockets", &[&ada]).await;
    bob.asks(SetRole { conversation: group, account: ada.account, role: 2 }).await;
    let named = SetNickname { conversation: group, nickname: "captain".into() };
    ada.asks(named).await;
    ada.asks(Announce { conversation: group, text: "old news".into() }).await;
    let last = ada.asks(Announce { conversation: group, text: "news".into() }).await.event_seq.unwrap();
    bob.listens().await;
    world.deletes(&ada, true).await;
    let mut kinds = Vec::new();
    while kinds.last() != Some(&kind::LEFT) {
        let event = bob.next_event().await;
        kinds.push(event.kind);
        assert!(event.event_seq > last, "nothing that was heard comes again");
    }
    assert_eq!(kinds, [kind::NICKNAMED, kind::ANNOUNCED, kind::LEFT]);
    let settings = bob.asks(GetGroup { conversation: group }).await;
    assert_eq!(settings.announcement, None, "the one that stood is taken down");
    let list = ListGroupAnnouncements { conversation: group, before: None, limit: None };
    let history = bob.asks(list).await.announcements;
    assert!(history.len() == 3 && history.iter().all(|one| one.text.is_empty()), "{history:?}");
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
    assert_eq!(marked(&logs, MARK), Vec::<PathBuf>::new());
}
