//! What the product does: the only list of features. Each is a file or folder with its handlers, rules and SQL.

#[cfg(test)]
mod lists;

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

use litrocket_protocol::{Fault, fault::code, frame, limits};
use serde::Serialize;

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
        _ => Err(Fault::new(code::BAD_VALUE).field("limit").within(1, max)),
    }
}

/// Bytes of the things in one reply. What stands around them in the frame is small: totals, and where the next page begins.
pub(crate) const PAGE_BYTES_MAX: usize = frame::FRAME_MAX - 16 * 1024;

/// Cuts a page to its limit, which was read one more than, and to what fits a frame; whether something was cut. One thing always
/// stays: each fits alone.
pub(crate) fn cut<T: Serialize>(things: &mut Vec<T>, limit: u64) -> bool {
    cut_within(things, limit, PAGE_BYTES_MAX)
}

/// The same where other things in the reply leave so many bytes.
pub(crate) fn cut_within<T: Serialize>(things: &mut Vec<T>, limit: u64, room: usize) -> bool {
    let mut bytes = 0;
    let fit = things.iter().take_while(|thing| {
        bytes += frame::length(*thing);
        bytes <= room
    });
    let kept = fit.count().max(1).min(usize::try_from(limit).unwrap_or(usize::MAX));
    let more = things.len() > kept;
    things.truncate(kept);
    more
}
