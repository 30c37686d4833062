//! A Chinese-English dictionary in memory: parsed, indexed, looked up. Bytes in, entries out.
//!
//! Does no I/O and knows no server. [`built_in`] is CC-CEDICT as it comes with this crate (see `data/README.md` for
//! source, licence and refresh), [`Index::new`] makes any text of that format searchable, [`Index::look`] searches:
//! by Chinese in either script, by pinyin with or without tones, by English with its inflections.
#![warn(missing_docs)]

mod english;
mod entry;
mod index;
mod keys;
mod look;
mod near;
mod pinyin;

pub use english::{forms, words};
pub use entry::{Entry, ParseError};
pub use index::Index;
pub use look::{Direction, HITS_MAX, Hit, Match};
pub use pinyin::{key as pinyin_key, with_marks};

/// Why the compressed file does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackError(String);

impl std::fmt::Display for UnpackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the compressed dictionary does not open: {}", self.0)
    }
}

impl std::error::Error for UnpackError {}

/// Bytes of text that a dictionary may have.
pub const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The text of CC-CEDICT as it comes with this crate, unpacked anew at each call.
pub fn built_in() -> Result<String, UnpackError> {
    unpack(include_bytes!("../data/cedict.u8.zst"))
}

/// Text that was compressed with zstd, at most [`TEXT_BYTES_MAX`].
pub fn unpack(bytes: &[u8]) -> Result<String, UnpackError> {
    use std::io::Read as _;
    let fail = |error: &dyn std::fmt::Display| UnpackError(error.to_string());
    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|error| fail(&error))?;
    let mut text = String::new();
    decoder.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(|error| fail(&error))?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(UnpackError("it is too large".into()));
    }
    text.shrink_to_fit();
    Ok(text)
}
