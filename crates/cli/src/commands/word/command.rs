//! What can be typed about words.

use clap::Subcommand;

use crate::values::how_many;

/// What can be done with words.
#[derive(Debug, Clone, Subcommand)]
pub enum WordCommand {
    /// Look a word up: Chinese, pinyin with or without tones, or English. Your own words come first.
    Look {
        /// The word.
        text: String,
        /// zh when it is Chinese or pinyin, en when it is English; both without it.
        #[arg(long, value_name = "LANG")]
        from: Option<String>,
        /// How many entries.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = how_many())]
        limit: u64,
        /// Make the entry with this number one of your own words.
        #[arg(long, value_name = "NUMBER")]
        keep: Option<u64>,
    },
    /// Add one of your own words.
    Add {
        /// The word.
        word: String,
        /// What it means.
        meaning: String,
        /// How it is read.
        #[arg(long, default_value = "", hide_default_value = true)]
        reading: String,
        /// How it is used.
        #[arg(long, default_value = "", hide_default_value = true)]
        example: String,
        /// Anything else.
        #[arg(long, default_value = "", hide_default_value = true)]
        note: String,
    },
    /// Change one of your own words.
    Edit {
        /// The word, or its id.
        #[arg(value_name = "WORD")]
        which: String,
        /// The new word.
        #[arg(long)]
        word: Option<String>,
        /// How it is read.
        #[arg(long)]
        reading: Option<String>,
        /// What it means.
        #[arg(long)]
        meaning: Option<String>,
        /// How it is used.
        #[arg(long)]
        example: Option<String>,
        /// Anything else.
        #[arg(long)]
        note: Option<String>,
    },
    /// Delete one of your own words.
    Delete {
        /// The word, or its id.
        #[arg(value_name = "WORD")]
        which: String,
    },
    /// List your own words, newest first.
    List {
        /// Only those whose word, reading or meaning has a word that begins so.
        find: Option<String>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = how_many())]
        limit: u64,
    },
    /// Add the words of a CSV file with the columns word, reading, meaning, example, note.
    Import {
        /// The file; - reads standard input.
        file: String,
    },
    /// Write your own words as CSV.
    Export {
        /// The file, which must not be there yet; - writes standard output.
        #[arg(default_value = "-")]
        file: String,
    },
}
