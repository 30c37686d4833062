//! Files: uploads, downloads, and the two unidirectional streams that carry bytes.
//!
//! A file is cut into chunks of [`chunk_bytes`]. Each chunk has a BLAKE3 chaining value; the root over them is the
//! BLAKE3 hash of the file.

use crate::{
    AccountId, ConversationId,
    limits::{FILE_CHUNK_BYTES_MIN, FILE_CHUNKS_MAX},
    pictures::Picture,
};

/// The bytes of every chunk but the last: 1 MiB, doubled until a file of this size has at most 4,096 chunks.
pub const fn chunk_bytes(size: u64) -> u64 {
    let mut bytes = FILE_CHUNK_BYTES_MIN;
    while size > bytes.saturating_mul(FILE_CHUNKS_MAX) {
        bytes *= 2;
    }
    bytes
}

/// How far a file is, as the number in [`FileInfo::state`] and [`Upload::state`].
pub mod file_state {
    /// Chunks are missing.
    pub const UPLOADING: u8 = 1;
    /// All of it is there.
    pub const COMPLETE: u8 = 2;
    /// It was there and is not kept any more.
    pub const GONE: u8 = 3;
    /// It is complete, and a chunk was found changed or lost: fetching it may fail until somebody brings the same
    /// content again.
    pub const DAMAGED: u8 = 4;
}

/// The order of a group's files, as the number in [`ListGroupFiles::sort`].
pub mod group_sort {
    /// By name, in lower case.
    pub const NAME: u8 = 0;
    /// The newest first.
    pub const NEWEST: u8 = 1;
    /// The largest first.
    pub const LARGEST: u8 = 2;
}

message! {
    /// Puts a file that the caller may read among a group's files; whoever is in the group may read it from then
    /// on. A file that somebody else brought becomes one of the caller's own, and counts for the caller. The same file under the same name in the same folder is the same entry.
    /// An entry of that name whose content is not kept any more makes room for the new one. Asked with file 0, before an
    /// upload, it is refused as `not_found` of `file` where the caller may add one, and for what is wrong otherwise: also for
    /// its `name` and the number of entries where there is a `name`, but not for the group's quota, which `GroupFiles` tells.
    pub struct AddGroupFile {
        /// The group.
        conversation: ConversationId,
        /// The file.
        file: u64,
        /// Into which folder; at the top when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<u64>,
        /// Its name in the group, 1 to 255 bytes, neither blank nor `/`; the file's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    }

    /// Makes a folder among a group's files, at the top. One of that name that is there already is answered.
    pub struct MakeGroupFolder {
        /// The group.
        conversation: ConversationId,
        /// Its name, 1 to 255 bytes, neither blank nor `/`.
        name: String,
    }

    /// Renames or moves an entry: one's own, or any for who looks after the group. What is absent stays.
    pub struct ChangeGroupFile {
        /// The entry.
        entry: u64,
        /// The new name, 1 to 255 bytes, neither blank nor `/`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Into this folder; 0 for the top. Folders cannot be moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<u64>,
    }

    /// Deletes an entry: one's own, or any for who looks after the group. A folder has to be empty.
    pub struct DeleteGroupFile {
        /// The entry.
        entry: u64,
    }

    /// Lists a group's files, a folder at a time, or searches all of them.
    pub struct ListGroupFiles {
        /// The group.
        conversation: ConversationId,
        /// Which folder; the top when absent, all folders for a search.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<u64>,
        /// Only names with this in them, whatever the case of letters; at most 256 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<String>,
        /// 0 by name, 1 the newest first, 2 the largest first; nothing else.
        #[serde(default)]
        sort: u8,
        /// The `next` of the page before, with the same sort.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<GroupFilePosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of a group's files ends.
    pub struct GroupFilePosition {
        /// The last entry's name.
        name: String,
        /// Its time or size, as the sort says.
        number: u64,
        /// The last entry.
        entry: u64,
    }

    /// A page of a group's files.
    pub struct GroupFiles {
        /// In the order that was asked for.
        entries: Vec<GroupFile>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<GroupFilePosition>,
        /// What all of the group's files take, in bytes.
        used_bytes: u64,
        /// What they may take, in bytes.
        quota_bytes: u64,
    }

    /// A file or folder of a group.
    pub struct GroupFile {
        /// The entry.
        entry: u64,
        /// The folder it is in; absent at the top.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<u64>,
        /// Its name in the group; data, never a path.
        name: String,
        /// The file; absent for a folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<u64>,
        /// The file's size in bytes.
        size: u64,
        /// What the file's first bytes look like; empty for a folder.
        media_type: String,
        /// Whether the file's content is not kept any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        gone: bool,
        /// Whether a part of what the server stored of the file is damaged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        damaged: bool,
        /// Of a picture with previews.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Picture>,
        /// Who added it.
        added_by: AccountId,
        /// When, in server milliseconds.
        added_ms: u64,
        /// Until when the entry keeps its file, in server milliseconds; absent without such a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_ms: Option<u64>,
        /// How many people fetched it to its end.
        downloads: u64,
    }

    /// Begins an upload, or goes on with one: the same name and content of the same account is the same file,
    /// from every device. Content that the account may read already is not sent again.
    pub struct OpenUpload {
        /// The name: 1 to 255 bytes of any text. It is data and never a path.
        name: String,
        /// The size in bytes, at most 64 GiB; the server may take less.
        size: u64,
        /// The BLAKE3 hash of the content, 32 bytes.
        #[serde(with = "serde_bytes")]
        blake3: Vec<u8>,
        /// The chaining values of the chunks, 32 bytes each, in order. Of an only chunk it is the hash itself. Absent for an empty
        /// file alone.
        #[serde(with = "serde_bytes", default)]
        hashes: Vec<u8>,
    }

    /// Where an upload stands.
    pub struct Upload {
        /// The file.
        file: u64,
        /// 1 chunks are missing, 2 complete, 3 not kept any more, 4 complete and found damaged.
        state: u8,
        /// Bytes of every chunk but the last.
        chunk_bytes: u64,
        /// The chunks that are stored, as pairs of first chunk and count.
        have: Vec<(u64, u64)>,
        /// The code with which the server gave a stream of this upload up since this was asked last, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<u64>,
    }

    /// Asks where one of the caller's uploads stands, after the streams that are under way have been read to their ends.
    pub struct FinishUpload {
        /// The file.
        file: u64,
    }

    /// Deletes one of the caller's files, complete or not: its content goes and counts no more. Messages and groups that carry it
    /// show it as not kept any more, for good: the same name and content brought again is another file. Files of others
    /// with the same content stay.
    pub struct DeleteFile {
        /// The file.
        file: u64,
    }

    /// Lists the caller's complete files, the newest first.
    #[derive(Default)]
    pub struct ListFiles {
        /// Those that come behind this file in the list: the last one of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Only names with this in them, whatever the case of letters; at most 256 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<String>,
    }

    /// A page of own files, and what all of them take.
    pub struct Files {
        /// By file, the newest first.
        files: Vec<FileInfo>,
        /// Whether there are more.
        more: bool,
        /// What the caller's files count for, in bytes; each for at least 4 KiB.
        used_bytes: u64,
        /// What they may count for, in bytes.
        quota_bytes: u64,
    }

    /// Gives up one of the caller's uploads: what was stored of it goes. A file that is complete stays.
    pub struct CancelUpload {
        /// The file.
        file: u64,
    }

    /// Lists the caller's uploads that are not complete, oldest first.
    #[derive(Default)]
    pub struct ListUploads {
        /// Those behind this file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of uploads that are not complete, and what the account's files take.
    pub struct Uploads {
        /// By file.
        uploads: Vec<FileInfo>,
        /// Whether there are more.
        more: bool,
        /// What the caller's files count for, in bytes; each for at least 4 KiB.
        used_bytes: u64,
        /// What they may count for, in bytes.
        quota_bytes: u64,
    }

    /// Asks for a file. Who may read no living message that carries it gets the answer for a file that does not
    /// exist; the uploader may always read it.
    pub struct GetFile {
        /// The file.
        file: u64,
        /// Whether the hashes of the chunks are wanted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        hashes: bool,
    }

    /// A file.
    pub struct FileInfo {
        /// The file.
        file: u64,
        /// Its name; data, never a path. Who knows it from the files of a group alone is told the name it has there.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// What its first bytes look like, for example `image/png`; `application/octet-stream` when unknown.
        media_type: String,
        /// The BLAKE3 hash of the content, 32 bytes.
        #[serde(with = "serde_bytes")]
        blake3: Vec<u8>,
        /// 1 chunks are missing, 2 complete, 3 not kept any more, 4 complete and found damaged.
        state: u8,
        /// When its upload began, or when a message, a moment or a group took it last, in server milliseconds.
        made_ms: u64,
        /// Until when its content is kept as things stand, in server milliseconds; absent without such a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_ms: Option<u64>,
        /// Bytes of every chunk but the last.
        chunk_bytes: u64,
        /// The chunks that are stored, as pairs of first chunk and count.
        have: Vec<(u64, u64)>,
        /// The chaining values of the chunks, when they were asked for.
        #[serde(with = "serde_bytes", default, skip_serializing_if = "Option::is_none")]
        hashes: Option<Vec<u8>>,
        /// Of a picture with previews.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Picture>,
        /// Whether the picture says where it was taken.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        location: bool,
    }

    /// Asks for chunks of a file. The server then opens a unidirectional stream with the number of this download.
    /// A chunk that is not there yet is waited for, at most 30 s.
    pub struct OpenDownload {
        /// The file.
        file: u64,
        /// The client's number for this download; it may be used again when its stream has ended.
        download: u64,
        /// The first chunk.
        first: u64,
        /// How many chunks.
        count: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_list_fits_a_frame() {
        assert!((FILE_CHUNKS_MAX * 32) as usize + 1024 < crate::frame::FRAME_MAX);
        assert_eq!(chunk_bytes(0), 1 << 20);
        assert_eq!(chunk_bytes(1 << 32), 1 << 20);
        assert_eq!(chunk_bytes((1 << 32) + 1), 1 << 21);
        assert_eq!(chunk_bytes(crate::limits::FILE_BYTES_MAX), 1 << 24);
    }
}
