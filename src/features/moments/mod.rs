//! Moments: what people show to their friends, with likes and comments.
//!
//! Who sees what is decided in SQL at the time of reading ([`sight`]), so nothing is written per friend and what may
//! not be seen any more is gone from every answer at once. [`post`] makes and changes moments, [`feed`] reads them,
//! [`reactions`] is likes and comments, [`notices`] what the account logs say of those, [`pictures`] what moments show, [`store`] and [`reactions`]
//! own the tables. Reads `friends` and `blocks` of the people feature. Start with [`sight`].

mod feed;
mod notices;
mod pictures;
mod post;
mod reactions;
mod sight;
mod store;

use litrocket_protocol::{AccountId, Fault, fault::code};

use crate::{
    error::{Error, Result},
    features::export::Kept,
    rpc::Router,
    writer::Tx,
};

pub(crate) use notices::{audience_changed, parted};
pub(crate) use sight::{seen, shown};
pub(crate) use store::author;

/// What the feature holds of a person.
pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "moment",
        sql: "SELECT m.id, json_object('moment', m.id, 'at_ms', m.at_ms, 'text', m.text,
                'visibility', m.visibility, 'people', (SELECT json_group_array(p.account) FROM moment_people p
                    WHERE p.moment = m.id), 'pictures', (SELECT json_group_array(json_object('file', i.file,
                    'alt', i.alt)) FROM moment_pictures i WHERE i.moment = m.id))
            FROM moments m WHERE m.author = $1 AND m.id > $2 AND m.gone = 0 ORDER BY m.id LIMIT $3",
    },
    Kept {
        name: "moment_comment",
        sql: "SELECT id, json_object('moment', moment, 'comment', id, 'at_ms', at_ms, 'text', text)
            FROM moment_comments WHERE account = $1 AND id > $2 AND gone = 0 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "moment_like",
        sql: "SELECT moment, json_object('moment', moment, 'at_ms', at_ms)
            FROM moment_likes WHERE account = $1 AND moment > $2 ORDER BY moment LIMIT $3",
    },
    Kept {
        name: "moments_hidden",
        sql: "SELECT author, json_object('account', author)
            FROM moment_hidden WHERE account = $1 AND author > $2 ORDER BY author LIMIT $3",
    },
];

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
    for moment in &moments {
        notices::of_moment(tx, *moment).await?;
        pictures::delete(tx, *moment).await?;
        store::delete(tx, *moment).await?;
        store::disown(tx, *moment).await?;
    }
    let notices = notices::erase_some(tx, account, REACTIONS_AT_ONCE).await?;
    let reactions = reactions::erase_some(tx, account, REACTIONS_AT_ONCE).await?;
    Ok(moments.len() as u64 + notices + reactions)
}

/// Takes everything of an account that is deleted out: its moments, likes, comments and what others were told of
/// them. Numbers stay, so that they are not given again.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    // Something may have come since the last step.
    while erase_some(tx, account).await? > 0 {}
    notices::erase(tx, account).await?;
    reactions::erase(tx, account).await?;
    pictures::erase(tx, account).await?;
    store::erase(tx, account).await
}

fn missing(field: &str) -> Error {
    Fault::new(code::NOT_FOUND).field(field).into()
}

fn too_many(field: &str, limit: usize) -> Error {
    Fault::new(code::TOO_MANY).field(field).limit(limit as u64).into()
}

/// A text of at least one visible character.
fn check_text(text: &str, bytes_max: usize) -> Result<()> {
    if text.len() > bytes_max {
        return Err(Fault::new(code::TOO_LONG).field("text").limit(bytes_max as u64).into());
    }
    if text.trim().is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("Write something.").into());
    }
    Ok(())
}
