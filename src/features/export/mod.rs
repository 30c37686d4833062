//! Everything the server holds of a person, for that person: page by page, a JSON object for each thing.
//!
//! Each feature says in a table `EXPORT` what it holds; what people said comes from the chat feature, because it stands
//! in the log. Knows no table.

mod store;

use litrocket_protocol::{
    AccountId, Fault,
    export::{ExportAccount, ExportPosition, Exported},
    fault::code,
};
use serde_json::Value;

use crate::{
    db::Db,
    error::{Error, Result},
    features::{account, chat, conversations, files, groups, mail, moments, people, words},
    rpc::{Router, Session},
    turns::Bounds,
};

/// Things of one page.
const PAGE: u64 = 100;
/// About how many bytes of JSON one reply carries, so that it fits a frame.
const BYTES: usize = 96 * 1024;

/// A page looks through a good deal of the logs: so many at a time, and one of an account, leave the others their reads.
pub const TURNS: Bounds = Bounds { turns: 1, places: 4, own: 1 };

/// One kind of thing that a feature holds of a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// The `type` of its lines.
    pub(crate) name: &'static str,
    /// Selects a key that ascends and a JSON object, of the account `$1`, behind the key `$2`, at most `$3`. With
    /// [`Keys::Two`] it selects two, and `$4` is the second.
    pub(crate) sql: &'static str,
    /// How many numbers say where a thing stands.
    pub(crate) keys: Keys,
}

/// How many numbers say where a thing stands among those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    One,
    Two,
}

/// What is exported before the messages, in its order.
pub(crate) const TABLES: &[&[Kept]] = &[
    account::EXPORT,
    mail::EXPORT,
    people::EXPORT,
    words::EXPORT,
    moments::EXPORT,
    files::EXPORT,
    conversations::EXPORT,
    groups::EXPORT,
    chat::EXPORT,
];

/// Registers the request.
pub fn routes(router: Router) -> Router {
    router.on(export)
}

/// Lines with the key behind which the next page begins, and whether the part has more.
struct Page {
    lines: Vec<(String, (u64, u64))>,
    next: Option<(u64, u64)>,
}

async fn rows(db: &Db, kept: Kept, account: AccountId, after: (u64, u64)) -> Result<Page> {
    let rows = store::rows(db, kept, account, after, PAGE).await?;
    let next = (rows.len() as u64 >= PAGE).then(|| rows.last().map(|row| row.0)).flatten();
    let line = |(place, json): ((u64, u64), String)| {
        let value: Value = serde_json::from_str(&json).map_err(|error| Error::Internal(error.to_string()))?;
        Ok((named(kept.name, value), place))
    };
    Ok(Page { lines: rows.into_iter().map(line).collect::<Result<_>>()?, next })
}

/// The line of a thing, its type first.
fn named(name: &str, value: Value) -> String {
    let mut line = serde_json::json!({ "type": name });
    if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), value) {
        line.extend(fields);
    }
    line.to_string()
}

async fn said(db: &Db, account: AccountId, after: (u64, u64)) -> Result<Page> {
    let (messages, next) = chat::said(db, account, after, PAGE as usize).await?;
    let lines = messages.into_iter().map(|(name, value, place)| (named(name, value), place)).collect();
    Ok(Page { lines, next })
}

async fn export(caller: Session, request: ExportAccount) -> Result<Exported> {
    let (db, account) = (&caller.app.db, caller.account());
    let _place = caller.app.exports.enter(account)?;
    let start = request.after.unwrap_or_default();
    let parts: Vec<Kept> = TABLES.iter().copied().flatten().copied().collect();
    let page = match parts.get(usize::try_from(start.part).unwrap_or(usize::MAX)) {
        Some(kept) => rows(db, *kept, account, (start.first, start.second)).await?,
        None if start.part == parts.len() as u64 => said(db, account, (start.first, start.second)).await?,
        None => return Err(Fault::new(code::BAD_VALUE).field("after").into()),
    };
    let (mut lines, mut bytes, mut behind) = (Vec::new(), 0, (start.first, start.second));
    let at = |(first, second)| Some(ExportPosition { part: start.part, first, second });
    for (line, place) in page.lines {
        bytes += line.len();
        if bytes > BYTES && !lines.is_empty() {
            return Ok(Exported { lines, next: at(behind) });
        }
        lines.push(line);
        behind = place;
    }
    let next = match page.next {
        Some(place) => at(place),
        None if start.part < parts.len() as u64 => {
            Some(ExportPosition { part: start.part + 1, first: 0, second: 0 })
        }
        None => None,
    };
    Ok(Exported { lines, next })
}
