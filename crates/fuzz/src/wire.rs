//! Bytes of a peer: frames, bodies, the first stream, chunks of files.

use std::fmt::Debug;

use litrocket_core::chunks::{Have, Layout, split_hashes};
use litrocket_protocol::{
    Fault, Request as _,
    account::Hello,
    chat,
    event::{self, Event},
    frame, requests, state, varint,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::Input;

/// What can be read can be written, and is the same when it is read again.
fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(body: &[u8]) {
    let Ok(value) = frame::decode::<T>(body) else { return };
    let written = frame::encode_body(&value);
    assert_eq!(frame::decode::<T>(&written).unwrap(), value);
}

/// Every body that travels on the chat and the state stream, and inside events.
const BODIES: &[fn(&[u8])] = &[
    again::<chat::Send>,
    again::<chat::Cursors>,
    again::<chat::Live>,
    again::<chat::Seek>,
    again::<chat::Delivered>,
    again::<chat::Ack>,
    again::<chat::Refused>,
    again::<chat::Skip>,
    again::<chat::CursorRefused>,
    again::<chat::Entry>,
    again::<chat::CaughtUp>,
    again::<chat::AccountReset>,
    again::<chat::SetBack>,
    again::<Event>,
    again::<Fault>,
    again::<state::Typing>,
    again::<state::Watch>,
    again::<state::Availability>,
    again::<state::TypingNow>,
    again::<state::Presence>,
    again::<state::Marker>,
    again::<state::GoingAway>,
    again::<state::Revoked>,
    again::<state::NewMoments>,
    again::<event::Text>,
    again::<event::Forward>,
    again::<event::Forwarded>,
    again::<event::SendFile>,
    again::<event::File>,
    again::<event::Recall>,
    again::<event::Reaction>,
    again::<event::Created>,
];

/// A stream cut into frames; the first byte says as what each body is read.
pub(crate) fn frames(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let body_of = BODIES[input.below(BODIES.len() as u64) as usize];
    let mut left = input.rest();
    let whole = left;
    while let Ok(Some((_, body, end))) = frame::split(left, frame::CHAT_FRAME_MAX) {
        assert!(body.start <= body.end && body.end == end && end <= left.len());
        body_of(&left[body]);
        left = &left[end..];
    }
    // More bytes never make less of what is there, and never an error of what was not one.
    for cut in [1, 2, 3, 8] {
        let part = &whole[..whole.len().saturating_sub(cut)];
        if let Ok(Some(found)) = frame::split(part, frame::CHAT_FRAME_MAX) {
            assert_eq!(frame::split(whole, frame::CHAT_FRAME_MAX), Ok(Some(found)));
        }
    }
    body_of(whole);
}

/// A request or its reply; the first two bytes say of which code.
pub(crate) fn requests(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let asked = u64::from(input.byte()) << 8 | u64::from(input.byte());
    let known = requests::ALL.iter().find(|request| request.code == asked);
    let any = &requests::ALL[usize::try_from(asked).unwrap() % requests::ALL.len()];
    let (code, body) = (known.unwrap_or(any).code, input.rest());
    for is_reply in [false, true] {
        let read = requests::again(code, is_reply, body).unwrap();
        if let Ok(written) = read {
            let twice = requests::again(code, is_reply, &written).unwrap().unwrap();
            assert_eq!(twice, written, "{code:#x}");
        }
    }
}

/// The first stream of a connection.
pub(crate) fn hello(bytes: &[u8]) {
    let Some((kind, size)) = varint::get(bytes) else { return };
    let mut again = Vec::new();
    varint::put(&mut again, kind);
    assert_eq!(varint::get(&again), Some((kind, again.len())));
    let Ok(Some((code, body, _))) = frame::split(&bytes[size..], frame::FRAME_MAX) else { return };
    if code == Hello::CODE {
        self::again::<Hello>(&bytes[size..][body]);
    }
}

/// The numbers in front of chunks, and a map of which are there.
pub(crate) fn chunks(bytes: &[u8]) {
    let (mut numbers, mut left) = (Vec::new(), bytes);
    while let Some((number, size)) = varint::get(left) {
        numbers.push(number);
        left = &left[size..];
    }
    if let Some(hashes) = split_hashes(left) {
        assert_eq!(hashes.len() * 32, left.len());
    }
    let mut numbers = numbers.into_iter();
    let size = numbers.next().unwrap_or(0) % (litrocket_protocol::limits::FILE_BYTES_MAX + 1);
    let layout = Layout::new(size);
    let chunks = layout.chunks();
    assert!(chunks <= litrocket_protocol::limits::FILE_CHUNKS_MAX);
    if let Some(last) = chunks.checked_sub(1) {
        assert_eq!(layout.offset(last) + layout.len(last), size);
    }
    let numbers: Vec<u64> = numbers.collect();
    let ranges: Vec<(u64, u64)> =
        numbers.as_chunks::<2>().0.iter().map(|[first, count]| (*first, *count)).collect();
    let have = Have::from_ranges(chunks, &ranges);
    assert_eq!(Have::from_ranges(chunks, &have.ranges(true)), have);
    let missing: u64 = have.ranges(false).iter().map(|(_, count)| count).sum();
    assert_eq!((missing, missing == 0), (have.missing(), have.is_complete()));
    assert!(ranges.iter().all(|(first, count)| *count == 0 || *first >= chunks || have.has(*first)));
}
