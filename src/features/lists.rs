//! That every list in a reply fits a frame: each is cut by bytes, or so many of its largest things fit.

use litrocket_protocol::{frame, limits as wire, requests};

/// Replies whose lists are cut by `features::cut`, or count bytes themselves.
const CUT: &[&str] = &[
    "Announcements",
    "AnnouncementSeen",
    "Audit",
    "BlockedPeople",
    "Comments",
    "Conversations",
    "Events",
    "Exported",
    "Files",
    "Found",
    "FoundGroups",
    "FoundPeople",
    "FriendRequests",
    "Friends",
    "GroupAnnouncements",
    "GroupFiles",
    "GroupPeople",
    "HiddenMoments",
    "History",
    "Invitations",
    "JoinRequests",
    "Likes",
    "LookedUp",
    "Members",
    "Moments",
    "Reactions",
    "Sessions",
    "Uploads",
    "Words",
];

/// A number takes nine bytes, a key of a map not more than twenty.
const NUMBER: usize = 32;
/// A line for people, in bytes: 200 characters of four.
const LINE: usize = 4 * 200;

/// The other lists: how many things, and the bytes of the largest.
const FIT: &[(&str, usize, usize)] = &[
    ("Profiles", wire::ACCOUNTS_PER_CALL_MAX, 2 * LINE + 12 * NUMBER),
    ("Welcome", 32, NUMBER),
    ("MembersInvited", 2 * wire::ACCOUNTS_PER_CALL_MAX, NUMBER),
    ("OtherMarkers", wire::PAGE_MAX as usize, 4 * NUMBER),
    ("Readers", wire::PAGE_MAX as usize, NUMBER),
    ("FileInfo", wire::FILE_CHUNKS_MAX as usize / 2, NUMBER),
    ("Upload", wire::FILE_CHUNKS_MAX as usize / 2, NUMBER),
    ("GroupLinks", wire::GROUP_LINKS_MAX as usize, 8 * NUMBER),
    ("Pins", wire::GROUP_PINS_MAX as usize, 4 * NUMBER),
    (
        "Moment",
        1,
        wire::MOMENT_BYTES_MAX
            + wire::MOMENT_PICTURES_MAX * (wire::ALT_BYTES_MAX + 8 * NUMBER)
            + wire::COMMENTS_SHOWN_MAX * (wire::COMMENT_BYTES_MAX + 8 * NUMBER)
            + 200 * NUMBER,
    ),
    ("FriendEntry", wire::TAGS_MAX, 4 * wire::TAG_CHARS_MAX + NUMBER),
    ("Recommendations", wire::PAGE_MAX as usize, LINE + 12 * NUMBER),
    ("Translations", 2_000, 4 * NUMBER),
    (
        "WordsAdded",
        wire::WORDS_PER_CALL_MAX,
        wire::WORD_BYTES_MAX
            + wire::READING_BYTES_MAX
            + wire::MEANING_BYTES_MAX
            + 2 * wire::WORD_LINE_BYTES_MAX
            + 4 * NUMBER,
    ),
];

#[test]
fn every_list_in_a_reply_fits_a_frame() {
    let is_list = |rust: &str| {
        let rust: String = rust.split_whitespace().collect();
        rust.contains("Vec<") && !rust.contains("Vec<u8>")
    };
    for info in requests::ALL {
        if !info.reply_fields.iter().any(|field| is_list(field.rust)) || CUT.contains(&info.reply) {
            continue;
        }
        let row = FIT.iter().find(|(reply, ..)| *reply == info.reply);
        let (_, most, bytes) = row.unwrap_or_else(|| panic!("{} has a list of unknown length", info.reply));
        assert!(most * bytes < frame::FRAME_MAX, "{} is longer than a frame", info.reply);
    }
}

#[test]
fn no_page_is_cut_by_its_number_alone() {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/features"))];
    let mut alone = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let count =
                std::fs::read_to_string(&path).unwrap().matches(concat!("truncate", "(limit")).count();
            alone.extend(std::iter::repeat_n(path.file_name().unwrap().to_owned(), count));
        }
    }
    alone.sort();
    // Rows that become a page that is cut, and numbers alone.
    assert_eq!(alone, ["markers.rs", "mod.rs", "own.rs", "reader_store.rs", "upload.rs"]);
}
