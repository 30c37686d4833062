//! Frames: varint length, varint type, one MessagePack map. The length counts the type and the map.

use std::cell::RefCell;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::varint;

/// The largest frame (type and map) on the chat stream, in bytes.
pub const CHAT_FRAME_MAX: usize = 64 * 1024;
/// The largest frame on every other stream, in bytes.
pub const FRAME_MAX: usize = 256 * 1024;
/// How deep maps and arrays may be nested in a frame.
pub const DEPTH_MAX: usize = 16;
/// The type of a reply that is a fault.
pub const FAULT: u64 = 0;

/// Why the bytes of a frame are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The frame is longer than the stream allows.
    TooLarge {
        /// What the frame claims, in bytes.
        length: u64,
        /// What is allowed, in bytes.
        max: usize,
    },
    /// The length leaves no room for a type.
    Empty,
    /// Not MessagePack, not a map, nested too deeply, a field missing or of the wrong type.
    Body(String),
    /// Bytes follow the map.
    Trailing,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { length, max } => {
                write!(f, "a frame of {length} bytes; at most {max} are allowed")
            }
            Self::Empty => f.write_str("a frame without a type"),
            Self::Body(why) => write!(f, "the map does not decode: {why}"),
            Self::Trailing => f.write_str("bytes after the map"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Encodes a value as its MessagePack map with named fields.
pub fn encode_body<T: Serialize>(body: &T) -> Vec<u8> {
    // Our wire types hold numbers, text, bytes, lists and maps with text keys: all of them have a form.
    rmp_serde::to_vec_named(body).expect("wire types always encode")
}

/// How many bytes a value takes as MessagePack, without making them.
pub fn length<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    rmp_serde::encode::write_named(&mut count, value).expect("wire types always encode");
    count.0
}

/// Encodes one frame.
pub fn encode<T: Serialize>(kind: u64, body: &T) -> Bytes {
    thread_local! {
        // Frames are made by the million: the map grows in a buffer that is there already.
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|map| {
        map.clear();
        rmp_serde::encode::write_named(map, body).expect("wire types always encode");
        let frame = encode_raw(kind, map);
        map.shrink_to(SCRATCH_MAX);
        frame
    })
}

/// What a thread's buffer keeps between frames, in bytes.
const SCRATCH_MAX: usize = 64 * 1024;

/// Encodes one frame around a map that is already encoded.
pub fn encode_raw(kind: u64, body: &[u8]) -> Bytes {
    let length = varint::len(kind) + body.len();
    let mut out = Vec::with_capacity(varint::len(length as u64) + length);
    varint::put(&mut out, length as u64);
    varint::put(&mut out, kind);
    out.extend_from_slice(body);
    out.into()
}

/// Looks at the start of `bytes` for one whole frame: `(type, range of the map, end of the frame)`, or `None`
/// when more bytes are needed. A length above `max` is refused before its bytes arrive.
pub fn split(bytes: &[u8], max: usize) -> Result<Option<(u64, std::ops::Range<usize>, usize)>, DecodeError> {
    let Some((length, length_size)) = varint::get(bytes) else { return Ok(None) };
    if length > max as u64 {
        return Err(DecodeError::TooLarge { length, max });
    }
    if length == 0 {
        return Err(DecodeError::Empty);
    }
    let end = length_size + length as usize;
    let Some(content) = bytes.get(length_size..end) else { return Ok(None) };
    let Some((kind, kind_size)) = varint::get(content) else { return Err(DecodeError::Empty) };
    Ok(Some((kind, length_size + kind_size..end, end)))
}

/// Decodes a map. Unknown fields are skipped; trailing bytes, deep nesting and lying lengths are errors.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    if !matches!(body.first(), Some(0x80..=0x8f | 0xde | 0xdf)) {
        return Err(DecodeError::Body("the body is not a map".into()));
    }
    let mut reader = rmp_serde::Deserializer::new(body);
    reader.set_max_depth(DEPTH_MAX + 1);
    let value = T::deserialize(&mut reader).map_err(|error| DecodeError::Body(error.to_string()))?;
    if reader.get_ref().is_empty() { Ok(value) } else { Err(DecodeError::Trailing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Small {
        a: u64,
        b: Option<String>,
    }

    #[test]
    fn a_frame_splits_only_when_it_is_whole() {
        let frame = encode(7, &Small { a: 1, b: None });
        for cut in 0..frame.len() {
            assert_eq!(split(&frame[..cut], FRAME_MAX), Ok(None));
        }
        let (kind, body, end) = split(&frame, FRAME_MAX).unwrap().unwrap();
        assert_eq!((kind, end), (7, frame.len()));
        assert_eq!(decode::<Small>(&frame[body]), Ok(Small { a: 1, b: None }));
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_its_bytes_arrive() {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, 70_000);
        assert_eq!(
            split(&bytes, CHAT_FRAME_MAX),
            Err(DecodeError::TooLarge { length: 70_000, max: CHAT_FRAME_MAX })
        );
    }

    #[test]
    fn unknown_fields_are_skipped_and_trailing_bytes_refused() {
        let mut body = encode_body(&std::collections::BTreeMap::from([("a", 1_u64), ("new", 2)]));
        assert_eq!(decode::<Small>(&body), Ok(Small { a: 1, b: None }));
        body.push(0xc0);
        assert_eq!(decode::<Small>(&body), Err(DecodeError::Trailing));
    }

    #[test]
    fn deep_nesting_and_lying_lengths_are_refused() {
        let mut deep = vec![0x82, 0xa1, b'a', 1, 0xa1, b'z'];
        deep.extend(std::iter::repeat_n(0x91, 600));
        deep.push(0xc0);
        assert!(matches!(decode::<Small>(&deep), Err(DecodeError::Body(_))));
        let lying = [0x81, 0xa1, b'b', 0xdb, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(decode::<Small>(&lying), Err(DecodeError::Body(_))));
        assert!(matches!(decode::<Small>(&[0x93, 1, 2, 3]), Err(DecodeError::Body(_))));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = split(&bytes, FRAME_MAX);
            let _ = decode::<crate::event::Event>(&bytes);
            let _ = decode::<crate::Fault>(&bytes);
        }
    }
}
