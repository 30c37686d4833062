//! Everything the server holds of a person, for that person.

message! {
    /// A page of everything the server holds of the caller: profile, address, sessions, friends, words, moments, files,
    /// conversations, and what the caller wrote.
    #[derive(Default)]
    pub struct ExportAccount {
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ExportPosition>,
    }

    /// Where a page of an export ends. Means nothing to a client.
    #[derive(Default)]
    pub struct ExportPosition {
        /// Which kind of thing.
        part: u64,
        /// Behind which thing.
        first: u64,
        /// Behind which thing within it.
        second: u64,
    }

    /// A page of an export.
    pub struct Exported {
        /// JSON objects, at most 100; `type` says what each is.
        lines: Vec<String>,
        /// Where the next page begins; absent at the end. A page may be empty and not be the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<ExportPosition>,
    }
}
