//! What can be typed about friends.

use clap::Subcommand;

use crate::values::how_many;

/// What can be done with friends.
#[derive(Debug, Clone, Subcommand)]
pub enum Friend {
    /// Ask somebody to be a friend; who has asked you becomes one at once.
    Add {
        /// Whom: a name, or the litrocket:// address they gave you.
        #[arg(value_name = "@NAME")]
        name: String,
        /// A word that goes with it.
        #[arg(long, short, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Accept a friend request.
    Accept {
        /// Who asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Refuse a friend request.
    Refuse {
        /// Who asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Take back one of your friend requests.
    Withdraw {
        /// Who was asked.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List the friend requests that wait for you.
    Requests {
        /// Those you made instead.
        #[arg(long)]
        sent: bool,
    },
    /// Let a stranger in who wrote to you: from now on it is a conversation as any other.
    LetIn {
        /// Who wrote.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Turn a stranger away who wrote to you: they cannot write any more, and are not told why.
    TurnAway {
        /// Who wrote.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Show whom you may know, and why.
    Recommend {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = how_many())]
        limit: u64,
    },
    /// Keep somebody out of what is recommended.
    Dismiss {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List friends.
    List {
        /// Only those with this tag.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Call a friend by a name that only you see.
    Remark {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// What to call them; empty for nothing.
        text: String,
    },
    /// Give a friend tags that only you see; all at once.
    Tag {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// The tags; none takes all off.
        #[arg(value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Mark a friend with a star.
    Star {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
        /// Take it off.
        #[arg(long)]
        remove: bool,
    },
    /// End a friendship, on both sides.
    Delete {
        /// Which friend.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Keep somebody away; they are not told.
    Block {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// Take a block off.
    Unblock {
        /// Whom.
        #[arg(value_name = "@NAME")]
        name: String,
    },
    /// List whom you block.
    Blocked,
}
