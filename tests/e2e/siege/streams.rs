//! Bad input on the streams that last and on those that bring files, made from the protocol's own tables.

use std::collections::BTreeSet;

use litrocket_client::Digest;
use litrocket_protocol::{
    Fault,
    chat::{CursorRefused, Refused, frame_type},
    close_code,
    describe::{self, Description, FrameDescription, Origin},
    files::{FinishUpload, OpenUpload, file_state},
    frame, stream_kind, varint,
};
use quinn::VarInt;
use tokio::time::timeout;

use super::{Talk, address};
use crate::{
    bad_inputs::{Expected, input},
    process::Process,
    raw::Raw,
    witness::{Random, size},
    world::PATIENCE,
};

/// What a stream's end may say.
const ENDS: &[u32] = &[
    close_code::CANCELLED,
    close_code::BAD_FRAME,
    close_code::UNKNOWN_STREAM,
    close_code::TOO_SLOW,
    close_code::WRONG_HASH,
    close_code::WRONG_SIZE,
    close_code::NO_TRANSFER,
    close_code::BUSY,
];

struct Tables {
    described: Description,
    faults: BTreeSet<&'static str>,
}

impl Tables {
    fn new() -> Self {
        let described = describe::describe();
        let faults = described.faults.iter().map(|fault| fault.code).collect();
        Self { described, faults }
    }

    fn frames<'a>(&'a self, stream: &'a str, from: Origin) -> impl Iterator<Item = &'a FrameDescription> {
        self.described.frames.iter().filter(move |frame| frame.stream == stream && frame.from == from)
    }

    fn checks_fault(&self, fault: &Fault, context: &str) {
        let code = fault.code.as_str();
        assert!(self.faults.contains(code), "{code} is in no table: {context}");
        assert!(!["internal", "unavailable", "timed_out"].contains(&code), "{code}: {context}");
    }

    /// Every frame that came back is one that a server sends, and every fault a known one; the last fault of the stream.
    fn checks(&self, stream: &str, bytes: &[u8], context: &str) -> Option<Fault> {
        let (mut rest, mut last) = (bytes, None);
        while let Some((kind, body, end)) = frame::split(rest, frame::FRAME_MAX).expect("frames") {
            let body = &rest[body];
            let fault = match kind {
                frame::FAULT => Some(frame::decode::<Fault>(body).expect("a fault")),
                frame_type::REFUSED if stream == "chat" => {
                    Some(frame::decode::<Refused>(body).expect("a refusal").fault)
                }
                frame_type::CURSOR_REFUSED if stream == "chat" => {
                    Some(frame::decode::<CursorRefused>(body).expect("a refusal").fault)
                }
                _ => {
                    let known = self.frames(stream, Origin::Server).any(|frame| frame.code == kind);
                    assert!(known, "frame {kind}: {context}");
                    None
                }
            };
            if let Some(fault) = fault {
                self.checks_fault(&fault, context);
                last = (kind == frame::FAULT).then_some(fault);
            }
            rest = &rest[end..];
        }
        assert!(rest.is_empty(), "half a frame: {context}");
        last
    }
}

/// A stream that lasts, told one bad frame, and read until it ends or, where the server keeps it, no longer.
async fn lasting(raw: &Raw, tables: &Tables, stream: (&str, u64), random: &mut Random) {
    let frames: Vec<_> = tables.frames(stream.0, Origin::Client).collect();
    let about = frames[random.below(frames.len() as u64) as usize];
    let bad = input(stream.1, (about.code, &about.map.fields), false, random);
    let context = format!("{} in a {} on {}: {bad:?}", bad.what, about.map.name, stream.0);
    let (mut send, mut recv) = raw.begins(&bad.bytes).await;
    let _ = send.finish();
    let mut all = Vec::new();
    loop {
        match timeout(PATIENCE, recv.read_chunk(frame::FRAME_MAX, true)).await.expect("an end in time") {
            Ok(Some(chunk)) => all.extend_from_slice(&chunk.bytes),
            Ok(None) => break,
            Err(quinn::ReadError::Reset(code)) => {
                let code = u32::try_from(code.into_inner()).unwrap_or(u32::MAX);
                assert!(ENDS.contains(&code), "ended with {code}: {context}");
                // The chat stream says why by a fault, the state stream by the code alone.
                let bad_state = stream.1 == stream_kind::STATE && code == close_code::BAD_FRAME;
                assert!(bad.expected != Expected::BadFrame || bad_state, "{code}: {context}");
                return;
            }
            Err(other) => panic!("{other}: {context}"),
        }
    }
    let fault = tables.checks(stream.0, &all, &context);
    if bad.expected == Expected::BadFrame {
        assert_eq!(fault.map(|fault| fault.code), Some("bad_frame".into()), "{context}");
    }
}

/// A stream that brings chunks: its numbers, or what follows them, are wrong.
async fn bringing(raw: &Raw, upload: u64, chunks: u64, random: &mut Random) {
    let strange = |random: &mut Random| match random.below(4) {
        0 => random.below(4),
        1 => chunks + random.below(3),
        2 => (1 << 62) - 1 - random.below(3),
        _ => random.below(1 << 40),
    };
    let file = if random.below(4) == 0 { strange(random) } else { upload };
    let mut bytes = Vec::new();
    for number in [stream_kind::UPLOAD, file, strange(random), strange(random)] {
        varint::put(&mut bytes, number);
    }
    let length = random.below(3_000);
    bytes.extend((0..length).map(|_| random.below(256) as u8));
    if random.below(4) == 0 {
        bytes.truncate(1 + random.below(bytes.len() as u64 - 1) as usize);
    }
    let mut send = raw.connection.open_uni().await.expect("one more stream");
    let _ = send.write_all(&bytes).await;
    if random.below(8) == 0 {
        let _ = send.reset(VarInt::from_u32(close_code::CANCELLED));
        return;
    }
    let _ = send.finish();
    match timeout(PATIENCE, send.stopped()).await.expect("an answer in time") {
        Ok(None) => {}
        Ok(Some(code)) => {
            let code = u32::try_from(code.into_inner()).unwrap_or(u32::MAX);
            assert!(ENDS.contains(&code), "stopped with {code}: {bytes:?}");
        }
        Err(other) => panic!("{other}: {bytes:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_on_streams_that_last_and_that_bring_files_harms_nobody() {
    let inputs = size("LITROCKET_BAD_STREAMS", 3_000);
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    let (tables, mut random) = (Tables::new(), Random::new());
    let raw = Raw::connect(process.port, &process.path().join("certs/ca.pem"), address(1).into()).await;
    raw.signs_up("mallory").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans");
    std::fs::write(&path, vec![1; 3 << 20]).unwrap();
    let digest = Digest::of_file(&path).await.unwrap();
    let open = OpenUpload {
        name: "plans".into(),
        size: digest.size,
        blake3: digest.blake3.to_vec(),
        hashes: digest.hashes.concat(),
    };
    let upload = raw.call(&open).await.unwrap().file;
    let before = process.resident();
    for turn in 0..inputs {
        match turn % 3 {
            0 => lasting(&raw, &tables, ("chat", stream_kind::CHAT), &mut random).await,
            1 => lasting(&raw, &tables, ("state", stream_kind::STATE), &mut random).await,
            _ => bringing(&raw, upload, digest.hashes.len() as u64, &mut random).await,
        }
    }
    let grown = process.resident().saturating_sub(before);
    let state = raw.call(&FinishUpload { file: upload }).await.unwrap();
    println!(
        "{inputs} bad inputs on streams, {} KiB more memory, beside it {:?}",
        grown / 1024,
        talk.ends().await
    );
    assert_eq!((state.state, state.have.len()), (file_state::UPLOADING, 0), "nothing wrong was stored");
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes more");
}
