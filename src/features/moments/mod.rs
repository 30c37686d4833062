//! Moments: what people show to their friends, with likes and comments.
//!
//! Who sees what is decided in SQL at the time of reading ([`sight_store`]), so nothing is written per friend and what
//! may not be seen any more is gone from every answer at once. [`post`] makes and changes moments, [`feed`] reads them,
//! [`reactions`] is likes and comments, [`notice_store`] what the account logs say of those, [`picture_store`] what
//! moments show; [`store`] and [`reaction_store`] own the other tables. Reads `friends` and `blocks` of the people feature.
//! Start with [`sight_store`].

mod export_store;
mod feed;
mod notice_store;
mod picture_store;
mod post;
mod reaction_store;
mod reactions;
mod sight_store;
mod store;

use litrocket_protocol::{AccountId, Fault, fault::code};

use crate::{error::Result, rpc::Router, writer::Tx};

pub(crate) use export_store::EXPORT;
pub(crate) use notice_store::{audience_changed, parted};
pub(crate) use sight_store::{seen, shown};
pub(crate) use store::author;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(post::post)
        .on(post::delete)
        .on(post::set_visibility)
        .on(feed::list_feed)
        .on(feed::list_moments)
        .on(feed::get)
        .on(feed::hide)
        .on(feed::list_hidden)
        .on(feed::mark_seen)
        .on(feed::newest)
        .on(reactions::like)
        .on(reactions::comment)
        .on(reactions::delete_comment)
        .on(reactions::list_likes)
        .on(reactions::list_comments)
}

/// Moments that one step of a deletion empties: each has up to 1,000 likes and as many comments.
const MOMENTS_AT_ONCE: u64 = 5;
/// Likes, comments and notices of one step.
const REACTIONS_AT_ONCE: u64 = 500;

/// One step towards [`erase`]; how much it did.
pub(crate) async fn erase_some(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let moments = store::some_of(tx, account, MOMENTS_AT_ONCE).await?;
    if !moments.is_empty() {
        notice_store::of_moments(tx, &moments).await?;
        picture_store::delete(tx, &moments).await?;
        store::delete(tx, &moments).await?;
        store::disown(tx, &moments).await?;
    }
    let notices = notice_store::erase_some(tx, account, REACTIONS_AT_ONCE).await?;
    let reactions = reaction_store::erase_some(tx, account, REACTIONS_AT_ONCE).await?;
    Ok(moments.len() as u64 + notices + reactions)
}

/// Takes everything of an account that is deleted out: its moments, likes, comments and what others were told of
/// them. Numbers stay, so that they are not given again.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    // Something may have come since the last step.
    while erase_some(tx, account).await? > 0 {}
    notice_store::erase(tx, account).await?;
    reaction_store::erase(tx, account).await?;
    picture_store::erase(tx, account).await?;
    store::erase(tx, account).await
}

/// A text of at least one visible character.
fn check_text(text: &str, bytes_max: usize) -> Result<()> {
    if text.len() > bytes_max {
        return Err(Fault::new(code::TOO_LONG).field("text").within_bytes(1, bytes_max as u64).into());
    }
    if text.trim().is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("Write something.").into());
    }
    Ok(())
}
