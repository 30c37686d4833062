//! What can be typed about files.

use std::path::PathBuf;

use clap::Subcommand;

/// What can be done with files.
#[derive(Debug, Clone, Subcommand)]
pub enum FileCommand {
    /// Send files; each is a message.
    Send {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// The files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Words beside them.
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// What a picture shows, for who does not see it.
        #[arg(long, default_value = "", hide_default_value = true)]
        alt: String,
        /// Send the message before the bytes: others may begin to fetch at once.
        #[arg(long)]
        early: bool,
        /// Send pictures as they are, with the place, the camera and the time that they tell.
        #[arg(long)]
        keep_location: bool,
    },
    /// Send a file that one may read already to somebody else.
    Share {
        /// The file's number.
        file: u64,
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// Words beside it.
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// What a picture shows, for who does not see it.
        #[arg(long, default_value = "", hide_default_value = true)]
        alt: String,
    },
    /// Fetch a file.
    Get {
        /// The file's number, as messages show it.
        file: u64,
        /// Where to: a folder, a file that is not there yet, or - for standard output. The current folder without it.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace a file of the same name, instead of refusing or, in a folder, adding a number.
        #[arg(long)]
        force: bool,
    },
    /// Put files among those of a group.
    Put {
        /// #group or its number.
        group: String,
        /// The files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Into which folder: its name or its number.
        #[arg(long, value_name = "NAME")]
        folder: Option<String>,
    },
    /// List the files of a group.
    List {
        /// #group or its number.
        group: String,
        /// Which folder, by its name or its number; the top without it.
        folder: Option<String>,
        /// Only names with this in them; in all folders without one.
        #[arg(long, value_name = "TEXT")]
        find: Option<String>,
        /// In which order: name, newest, largest.
        #[arg(long, value_name = "ORDER", default_value = "name", value_parser = ["name", "newest", "largest"])]
        sort: String,
    },
    /// Make a folder among the files of a group.
    Folder {
        /// #group or its number.
        group: String,
        /// Its name.
        name: String,
    },
    /// Give a file or folder of a group another name.
    Rename {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
        /// The new name.
        name: String,
    },
    /// Move a file of a group into a folder, or with / to the top.
    Move {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
        /// The folder: its name or its number; / is the top.
        folder: String,
    },
    /// Delete a file or an empty folder of a group.
    Delete {
        /// #group or its number.
        group: String,
        /// The entry: its number, as the list shows it, or its name.
        entry: String,
    },
    /// List your own files, the newest first, and what they take.
    Own {
        /// Only names with this in them.
        #[arg(value_name = "TEXT")]
        find: Option<String>,
    },
    /// Delete one of your files: it counts no more, and messages and groups show it as not kept any more, for good.
    Remove {
        /// The file's number.
        file: u64,
    },
    /// List your uploads that are not complete, and what your files take.
    Status,
    /// Give an upload up.
    Cancel {
        /// The file's number.
        file: u64,
    },
}
