//! What can be typed about moments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::values::how_many;

/// Who sees a moment.
#[derive(Debug, Clone, Args)]
pub struct MomentAudience {
    /// Only this friend; may be given again.
    #[arg(long, value_name = "@NAME")]
    pub only: Vec<String>,
    /// All friends but this one; may be given again.
    #[arg(long, value_name = "@NAME", conflicts_with = "only")]
    pub except: Vec<String>,
    /// Nobody but you.
    #[arg(long, conflicts_with_all = ["only", "except"])]
    pub private: bool,
    /// Everybody, not only friends.
    #[arg(long, conflicts_with_all = ["only", "except", "private"])]
    pub everybody: bool,
}

/// What can be done with moments.
#[derive(Debug, Clone, Subcommand)]
pub enum MomentCommand {
    /// Post a moment; your friends see it unless you say otherwise.
    Post {
        /// The text; - reads standard input. May be left out where there are pictures.
        #[arg(default_value = "", hide_default_value = true)]
        text: String,
        /// A picture; up to nine.
        #[arg(long = "image", value_name = "PATH")]
        images: Vec<PathBuf>,
        /// What a picture shows, for who does not see it: one for each picture, in their order.
        #[arg(long = "alt", value_name = "TEXT", requires = "images")]
        alts: Vec<String>,
        /// Send pictures as they are, with the place, the camera and the time that they tell.
        #[arg(long)]
        keep_location: bool,
        /// Who sees it.
        #[command(flatten)]
        audience: MomentAudience,
    },
    /// Print the moments of you and your friends, newest first, and mark them as seen.
    Feed {
        /// Those before this moment.
        #[arg(long, value_name = "ID")]
        before: Option<u64>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = how_many())]
        limit: u64,
    },
    /// Print one person's moments, newest first.
    Page {
        /// Whose; your own without a name.
        #[arg(value_name = "@NAME", default_value = "@me")]
        name: String,
        /// Those before this moment.
        #[arg(long, value_name = "ID")]
        before: Option<u64>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = how_many())]
        limit: u64,
    },
    /// Print a moment with all its likes and comments.
    Show {
        /// Which.
        id: u64,
    },
    /// Like a moment.
    Like {
        /// Which.
        id: u64,
    },
    /// Take a like back.
    Unlike {
        /// Which.
        id: u64,
    },
    /// Write a comment on a moment.
    Comment {
        /// Which moment.
        id: u64,
        /// The text.
        text: String,
        /// The comment to answer.
        #[arg(long, value_name = "COMMENT")]
        reply: Option<u64>,
    },
    /// Delete one of your moments, or a comment.
    Delete {
        /// Which moment.
        id: u64,
        /// Only this comment: your own, or any on one of your moments.
        #[arg(long, value_name = "COMMENT")]
        comment: Option<u64>,
    },
    /// Change who sees one of your moments; all friends when nothing else is said.
    Visibility {
        /// Which.
        id: u64,
        /// Who sees it.
        #[command(flatten)]
        audience: MomentAudience,
    },
    /// Say whether there are moments you have not seen.
    New,
    /// Keep somebody's moments out of your feed; they are not told.
    Hide {
        /// Whose.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Let somebody's moments into your feed again.
    Unhide {
        /// Whose.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List whose moments you keep out.
    Hidden,
}
