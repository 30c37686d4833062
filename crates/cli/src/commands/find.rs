//! Finding people and groups.

use clap::Subcommand;
use litrocket_protocol::people::FindPeople;
use serde_json::json;

use crate::{
    Failure,
    output::{column, escape},
    pages::pages,
    session::Context,
    values::how_many,
};

/// What can be found.
#[derive(Debug, Clone, Subcommand)]
pub enum Find {
    /// People: by a part of handle or display name, Chinese also by pinyin and its first letters.
    People {
        /// A part of the name.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = how_many())]
        limit: u64,
    },
    /// Groups that let themselves be found: by a part of the name, Chinese also by pinyin and its first letters.
    Groups {
        /// A part of the name.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = how_many())]
        limit: u64,
    },
}

pub(super) async fn run(context: &Context, find: Find) -> Result<(), Failure> {
    let client = context.connect().await?;
    match find {
        Find::People { text, limit } => {
            let found = pages(
                &client,
                limit,
                |after, count| FindPeople { text: text.clone(), after, limit: Some(count) },
                |page| (page.people, page.next),
                |person| {
                    context.output.data(
                        || {
                            json!({"type": "person", "account": person.account.0, "handle": person.handle,
                                "display_name": person.display_name})
                        },
                        || {
                            let handle = column(&escape(&person.handle), 24);
                            format!("@{handle}  {}", escape(&person.display_name))
                        },
                    )
                },
            )
            .await?;
            if found == 0 {
                context.output.nothing(context.output.words.nobody_found());
            }
        }
        Find::Groups { text, limit } => super::groups::find(context, &client, &text, limit).await?,
    }
    Ok(())
}
