//! What operators tell everybody.

message! {
    /// Lists announcements, oldest first.
    #[derive(Default)]
    pub struct ListAnnouncements {
        /// Those behind this one; all without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of announcements.
    pub struct Announcements {
        /// The announcements.
        announcements: Vec<Announcement>,
        /// Whether there are more.
        more: bool,
    }

    /// What operators tell everybody. On the state stream the newest one, when it is made; `Welcome.announcement` has
    /// its number.
    pub struct Announcement {
        /// Its number; they ascend.
        id: u64,
        /// When it was made, in server milliseconds.
        at_ms: u64,
        /// The words, at most 2 KiB.
        text: String,
    }
}
