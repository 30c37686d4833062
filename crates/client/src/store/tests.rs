//! The state file as a client finds it again.

use std::io::Write as _;

use litrocket_core::client::Outgoing;

use super::{outbox::REWRITE, *};

fn message(n: u8) -> Unsent {
    let id = MessageId([n; 16]);
    Unsent {
        server: (n > 1).then(|| (vec![n; 16], 5)),
        account: (n > 2).then_some(AccountId(9)),
        conversation: ConversationId(7),
        message: Outgoing { id, kind: 1, target: None, body: vec![n], fallback: None },
    }
}

fn large(n: u8) -> Unsent {
    let mut large = message(n);
    large.message.body = vec![n; 40_000];
    large
}

async fn opened(path: &Path) -> Arc<Store> {
    Store::open(path).await.unwrap().store
}

async fn unsent(path: &Path) -> Vec<Unsent> {
    Store::open(path).await.unwrap().unsent
}

async fn with_three(path: &Path) -> Arc<Store> {
    let store = opened(path).await;
    for n in 1..=3 {
        assert!(store.unsent_add(&message(n)).unwrap());
    }
    store
}

fn some_cursors() -> Cursors {
    let mut cursors = Cursors::restore(vec![1; 16], 9, 4, [(ConversationId(2), 5)]);
    cursors.restore_of(Some(8), [(ConversationId(3), 7)]);
    cursors
}

#[tokio::test]
async fn what_was_not_answered_is_there_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let store = with_three(&path).await;
    store.unsent_done(MessageId([2; 16])).unwrap();
    store.release();
    let mut file = append_to(&path.with_extension("outbox")).unwrap();
    // Cut off in the middle of a character.
    file.write_all(b"{\"send\":{\"fallback\":\"\xe6\x9c").unwrap();
    assert_eq!(unsent(&path).await, [message(1), message(3)]);
}

#[tokio::test]
async fn an_answer_that_comes_twice_ends_no_other_send() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let store = with_three(&path).await;
    for n in [1, 1, 2, 9] {
        store.unsent_done(MessageId([n; 16])).unwrap();
    }
    drop(store);
    assert_eq!(unsent(&path).await, [message(3)]);
}

#[tokio::test]
async fn the_file_stays_small_while_something_always_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let store = opened(&path).await;
    assert!(store.unsent_add(&message(1)).unwrap());
    for round in 0..100 {
        store.make_room(()).await.unwrap();
        assert!(store.unsent_add(&large(2 + round)).unwrap());
        store.unsent_done(MessageId([2 + round; 16])).unwrap();
    }
    let size = std::fs::metadata(path.with_extension("outbox")).unwrap().len();
    assert!(size < REWRITE + 200_000, "{size} bytes");
    drop(store);
    assert_eq!(unsent(&path).await, [message(1)]);
}

#[tokio::test]
async fn one_client_at_a_time_has_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let store = opened(&path).await;
    let refused = Store::open(&path).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy, "{refused}");
    store.release();
    assert!(!store.unsent_add(&message(1)).unwrap(), "what belongs to the next one is not written to");
    opened(&path).await;
}

#[tokio::test]
async fn cursors_are_saved_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let store = opened(&path).await;
    let cursors = some_cursors();
    store.save(|| (cursors.clone(), Some(AccountId(3)))).await.unwrap();
    drop(store);
    let again = Store::open(&path).await.unwrap();
    assert_eq!((again.cursors.position(ConversationId(2)), again.account), (5, Some(AccountId(3))));
    assert_eq!(again.cursors.server(), Some((&[1; 16][..], 9)));
    assert_eq!(again.cursors.account_version(), 4);
    assert_eq!(again.cursors.by_epoch(), cursors.by_epoch());
}

/// A runtime whose one thread for slow work is taken until the sender is dropped.
fn with_a_slow_disk(test: impl AsyncFnOnce(std::sync::mpsc::SyncSender<()>)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (free, taken) = std::sync::mpsc::sync_channel::<()>(1);
        tokio::task::spawn_blocking(move || taken.recv().is_err());
        test(free).await;
    });
}

#[test]
fn a_disk_that_is_slow_holds_nothing_else_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let Opened { store, .. } = Opened::open(&path).unwrap();
    assert!(store.unsent_add(&message(1)).unwrap());
    (0..30).for_each(|n| assert!(store.unsent_add(&large(2 + n)).unwrap()));
    with_a_slow_disk(async |free| {
        let saved = store.save(|| (some_cursors(), None));
        let rewritten = store.make_room(());
        let (mut saved, mut rewritten) = (std::pin::pin!(saved), std::pin::pin!(rewritten));
        tokio::select! {
            biased;
            _ = &mut saved => panic!("the cursors were written on the runtime"),
            _ = &mut rewritten => panic!("the outbox was written on the runtime"),
            () = tokio::task::yield_now() => {}
        }
        assert!(!path.exists());
        (0..30).for_each(|n| store.unsent_done(MessageId([2 + n; 16])).unwrap());
        drop(free);
        saved.await.unwrap();
        rewritten.await.unwrap();
        assert!(path.exists());
    });
    let size = std::fs::metadata(path.with_extension("outbox")).unwrap().len();
    assert!(size < 10_000, "{size} bytes");
    drop(store);
    assert_eq!(Opened::open(&path).unwrap().unsent, [message(1)]);
}

#[test]
fn cursors_that_nobody_waits_for_any_more_are_written_before_others_have_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let Opened { store, .. } = Opened::open(&path).unwrap();
    with_a_slow_disk(async |free| {
        let saved = store.save(|| (some_cursors(), None));
        assert!(tokio::time::timeout(Duration::ZERO, saved).await.is_err());
        store.release();
        assert_eq!(Opened::open(&path).map(drop).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        drop(free);
    });
    let again = Opened::open(&path).unwrap();
    assert_eq!(again.cursors.by_epoch(), some_cursors().by_epoch());
}
