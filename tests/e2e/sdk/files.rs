//! What the SDK does with a server that does not do as it says of a file.

use std::time::Duration;

use litrocket_client::Transfer;
use litrocket_core::chunks::Layout;
use litrocket_protocol::{
    Request as _,
    account::Done,
    files::{FileInfo, GetFile, OpenDownload, file_state},
    stream_kind,
};
use tokio::time::timeout;

use crate::{fake::Fake, world::PATIENCE};

/// A file of this size, with hashes of chunks that there need not be.
fn file(size: u64) -> FileInfo {
    let layout = Layout::new(size);
    let hashes = vec![layout.hash(0, b"hello!"); layout.chunks() as usize];
    FileInfo {
        file: 1,
        name: "plans.pdf".into(),
        size,
        media_type: "application/pdf".into(),
        blake3: layout.root(&hashes).unwrap().to_vec(),
        state: file_state::COMPLETE,
        made_ms: 1,
        until_ms: None,
        chunk_bytes: layout.chunk_bytes,
        have: vec![(0, layout.chunks())],
        hashes: Some(hashes.concat()),
        picture: None,
        location: false,
    }
}

#[tokio::test]
async fn a_download_whose_connection_is_lost_before_its_stream_begins_is_asked_for_again() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    let target = fake.folder.path().join("plans.pdf");
    let patient = Transfer::default().within(Duration::from_secs(600));
    let fetching = tokio::spawn(async move { client.download(1, &target, patient).await });
    fake.next(stream_kind::REQUEST).await.replies::<GetFile>(&file(6)).await;
    let mut first = fake.next(stream_kind::REQUEST).await;
    assert_eq!(first.next().await.unwrap().0, OpenDownload::CODE);
    let connection = first.connection.clone();
    first.replies::<OpenDownload>(&Done::default()).await;
    // The grant arrives, the stream never does.
    tokio::time::sleep(Duration::from_millis(300)).await;
    connection.close(0_u32.into(), b"");
    let mut again = fake.next(stream_kind::REQUEST).await;
    assert_eq!(again.next().await.unwrap().0, OpenDownload::CODE);
    fetching.abort();
}

#[tokio::test]
async fn a_file_that_is_larger_than_it_was_said_to_be_is_not_fetched() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    let folder = fake.folder.path().join("downloads");
    std::fs::create_dir(&folder).unwrap();
    let target = folder.join("plans.pdf");
    for (size, most) in [(7, Transfer::default().at_most(6)), (1 << 40, Transfer::default())] {
        let limit = most.at_most;
        let (client, target) = (client.clone(), target.clone());
        let fetching = tokio::spawn(async move { client.download(1, &target, most).await });
        fake.next(stream_kind::REQUEST).await.replies::<GetFile>(&file(size)).await;
        let refused = timeout(PATIENCE, fetching).await.expect("it ends").unwrap().unwrap_err();
        let fault = refused.fault().expect("a typed refusal");
        assert_eq!((fault.code.as_str(), fault.limit), ("too_long", Some(limit)));
    }
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "nothing was begun");
}
