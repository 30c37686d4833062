//! What the product does: the only list of features. Each is a file or folder with its handlers, rules and SQL.

pub mod account;
pub mod admin;
pub mod announcements;
pub mod chat;
pub mod conversations;
pub mod export;
pub mod files;
pub mod groups;
pub mod history;
pub mod mail;
pub mod moments;
pub mod people;
pub mod presence;
pub mod search;
pub mod words;

use litrocket_protocol::{Fault, fault::code, limits};

use crate::rpc::Router;

/// Every request and stream of the server.
pub fn routes() -> Router {
    let router = account::routes(Router::default());
    let router = announcements::routes(router);
    let router = chat::routes(router);
    let router = conversations::routes(router);
    let router = export::routes(router);
    let router = files::routes(router);
    let router = groups::routes(router);
    let router = history::routes(router);
    let router = moments::routes(router);
    let router = people::routes(router);
    let router = search::routes(router);
    let router = words::routes(router);
    presence::routes(router)
}

/// The limit of a page: what was asked for, within bounds.
pub(crate) fn page_limit(asked: Option<u64>) -> Result<u64, Fault> {
    bounded_limit(asked, limits::PAGE_MAX)
}

/// The same with another upper bound.
pub(crate) fn bounded_limit(asked: Option<u64>, max: u64) -> Result<u64, Fault> {
    match asked.unwrap_or(limits::PAGE_DEFAULT.min(max)) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(Fault::new(code::BAD_VALUE).field("limit").limit(max)),
    }
}
