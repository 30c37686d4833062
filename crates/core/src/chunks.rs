//! A file as chunks: their sizes, their BLAKE3 hashes, the root over them, and which of them are there.
//!
//! The hash of a chunk is its chaining value in the BLAKE3 tree, so the root of the chunks is the BLAKE3 hash of
//! the file. Both sides check each chunk by itself with this code.

use blake3::hazmat::{HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use litrocket_protocol::files::chunk_bytes;

/// A BLAKE3 hash, or the chaining value of a chunk.
pub type Hash = [u8; 32];

/// How a file of some size is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of every chunk but the last.
    pub chunk_bytes: u64,
}

impl Layout {
    /// The layout of a file.
    pub fn new(size: u64) -> Self {
        Self { size, chunk_bytes: chunk_bytes(size) }
    }

    /// How many chunks there are; none of an empty file.
    pub fn chunks(self) -> u64 {
        self.size.div_ceil(self.chunk_bytes)
    }

    /// Where a chunk starts.
    pub fn offset(self, index: u64) -> u64 {
        index * self.chunk_bytes
    }

    /// How long a chunk is.
    pub fn len(self, index: u64) -> u64 {
        self.size.saturating_sub(self.offset(index)).min(self.chunk_bytes)
    }

    /// Whether the file is empty.
    pub fn is_empty(self) -> bool {
        self.size == 0
    }

    /// The hash of a chunk: its chaining value, or of an only chunk the hash itself.
    pub fn hash(self, index: u64, bytes: &[u8]) -> Hash {
        let mut hasher = self.hasher(index);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Hashes a chunk that comes in pieces.
    pub fn hasher(self, index: u64) -> ChunkHasher {
        let is_only = self.chunks() <= 1;
        let mut inner = blake3::Hasher::new();
        if !is_only {
            inner.set_input_offset(self.offset(index));
        }
        ChunkHasher { inner, is_only }
    }

    /// The root of the chunks' hashes; `None` when there are not as many as the file has chunks.
    pub fn root(self, hashes: &[Hash]) -> Option<Hash> {
        if hashes.len() as u64 != self.chunks() {
            return None;
        }
        match hashes {
            [] => Some(blake3::hash(b"").into()),
            [only] => Some(*only),
            many => {
                let (left, right) = many.split_at(left_of(many.len()));
                Some(merge_subtrees_root(&fold(left), &fold(right), Mode::Hash).into())
            }
        }
    }
}

/// The hash of a chunk while its pieces come.
#[derive(Debug)]
pub struct ChunkHasher {
    inner: blake3::Hasher,
    is_only: bool,
}

impl ChunkHasher {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.inner.update(piece);
    }

    /// The same as [`Layout::hash`] of all pieces.
    pub fn finish(self) -> Hash {
        if self.is_only { self.inner.finalize().into() } else { self.inner.finalize_non_root() }
    }
}

/// How many chunks lie below the left half of a tree.
fn left_of(chunks: usize) -> usize {
    left_subtree_len(chunks as u64 * 1024) as usize / 1024
}

fn fold(hashes: &[Hash]) -> Hash {
    if let [only] = hashes {
        return *only;
    }
    let (left, right) = hashes.split_at(left_of(hashes.len()));
    merge_subtrees_non_root(&fold(left), &fold(right), Mode::Hash)
}

/// A list of hashes from the bytes it travels as; `None` when they are cut off.
pub fn split_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// Which chunks are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Have {
    there: Vec<bool>,
    missing: u64,
}

impl Have {
    /// None of so many chunks.
    pub fn none(chunks: u64) -> Self {
        Self { there: vec![false; chunks as usize], missing: chunks }
    }

    /// From pairs of first chunk and count, as they travel.
    pub fn from_ranges(chunks: u64, ranges: &[(u64, u64)]) -> Self {
        let mut have = Self::none(chunks);
        for (first, count) in ranges {
            for index in *first..first.saturating_add(*count).min(chunks) {
                have.set(index);
            }
        }
        have
    }

    /// Notes a chunk. Whether it was missing.
    pub fn set(&mut self, index: u64) -> bool {
        match self.there.get_mut(index as usize) {
            Some(there) if !*there => {
                *there = true;
                self.missing -= 1;
                true
            }
            _ => false,
        }
    }

    /// A chunk is not there any more.
    pub fn clear(&mut self, index: u64) {
        if let Some(there) = self.there.get_mut(index as usize)
            && *there
        {
            *there = false;
            self.missing += 1;
        }
    }

    /// Whether a chunk is there.
    pub fn has(&self, index: u64) -> bool {
        self.there.get(index as usize).copied().unwrap_or(false)
    }

    /// Whether all are there.
    pub fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// How many are missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Those that are there, or those that are not, as pairs of first chunk and count.
    pub fn ranges(&self, there: bool) -> Vec<(u64, u64)> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (index, _) in (0_u64..).zip(&self.there).filter(|(_, is)| **is == there) {
            match ranges.last_mut() {
                Some((first, count)) if *first + *count == index => *count += 1,
                _ => ranges.push((index, 1)),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(size: usize) -> Vec<u8> {
        (0..size).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn the_root_of_the_chunks_is_the_hash_of_the_file() {
        for size in [0, 1, 1023, 1024, 1025, 2048, 2049, 5000, 7 * 1024, 8 * 1024 + 1, 31_744] {
            let bytes = content(size);
            for chunk_bytes in [1024, 2048, 4096] {
                let layout = Layout { size: size as u64, chunk_bytes };
                let hashes: Vec<Hash> = (0..layout.chunks())
                    .map(|index| {
                        let start = layout.offset(index) as usize;
                        layout.hash(index, &bytes[start..start + layout.len(index) as usize])
                    })
                    .collect();
                assert_eq!(layout.root(&hashes), Some(blake3::hash(&bytes).into()), "{size} {chunk_bytes}");
                assert_eq!(layout.root(&[hashes, vec![[0; 32]]].concat()), None);
            }
        }
    }

    #[test]
    fn chunks_grow_so_that_their_number_stays() {
        use litrocket_protocol::limits::{FILE_BYTES_MAX, FILE_CHUNK_BYTES_MIN, FILE_CHUNKS_MAX};
        for size in [
            1,
            FILE_CHUNK_BYTES_MIN * FILE_CHUNKS_MAX,
            FILE_CHUNK_BYTES_MIN * FILE_CHUNKS_MAX + 1,
            FILE_BYTES_MAX,
        ] {
            let layout = Layout::new(size);
            assert!(layout.chunks() <= FILE_CHUNKS_MAX && layout.chunk_bytes.is_power_of_two(), "{size}");
            assert_eq!(layout.offset(layout.chunks() - 1) + layout.len(layout.chunks() - 1), size);
        }
    }

    #[test]
    fn what_is_there_and_what_is_missing_make_the_whole() {
        let mut have = Have::from_ranges(10, &[(2, 3), (8, 99)]);
        assert_eq!(have.ranges(true), [(2, 3), (8, 2)]);
        assert_eq!(have.ranges(false), [(0, 2), (5, 3)]);
        assert_eq!(have.missing(), 5);
        assert!(!have.is_complete() && have.has(9) && !have.has(10));
        assert!(Have::none(0).is_complete());
        let before = have.missing();
        have.clear(9);
        have.clear(9);
        assert!(!have.has(9) && have.missing() == before + 1);
    }
}
