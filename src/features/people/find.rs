//! Finding people by a part of their name.
//!
//! A name is kept as what it is from each place on, so that a part of it is the beginning of a term, and one look
//! at an index finds it. Chinese is also kept as it is read: 张三 is found by 三, san, zhangsan and zs.

use std::{collections::BTreeSet, sync::Arc};

use litrocket_protocol::{
    AccountId, Fault,
    fault::code,
    limits,
    people::{FindPeople, FoundPeople, FoundPerson, FoundPosition},
};
use pinyin::ToPinyin as _;
use unicode_normalization::UnicodeNormalization as _;

use super::store;
use crate::{
    app::App,
    error::Result,
    features::{cut, mail, page_limit},
    rpc::Session,
    writer::Tx,
};

/// Characters of one term: who types more of a name has typed enough.
const TERM_CHARS_MAX: usize = 32;
/// Accounts that one job indexes: the writer is held up for about 10 ms.
const INDEX_STEP: u64 = 20;

fn plain(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.nfkc().filter(|c| !c.is_whitespace()).collect()
}

/// The terms of a name: the name from each place on, then from each of its Chinese characters on how it is read,
/// whole and by first letters.
pub(crate) fn terms(name: &str) -> BTreeSet<String> {
    let name = plain(name);
    let mut terms = BTreeSet::new();
    for (at, c) in name.char_indices() {
        let rest = &name[at..];
        terms.insert(rest.chars().take(TERM_CHARS_MAX).collect());
        if c.to_pinyin().is_some() {
            let read = |part: &dyn Fn(pinyin::Pinyin) -> &'static str| -> String {
                let parts =
                    rest.chars().map(|c| c.to_pinyin().map_or_else(|| c.to_string(), |it| part(it).into()));
                parts.collect::<String>().chars().take(TERM_CHARS_MAX).collect()
            };
            terms.insert(read(&|it| it.plain()));
            terms.insert(read(&|it| it.first_letter()));
        }
    }
    terms
}

/// An account has a name, or another one.
pub(crate) async fn index(tx: &mut Tx, account: AccountId, handle: &str, display_name: &str) -> Result<()> {
    store::set_terms(tx, account, names_terms(handle, display_name)).await
}

fn names_terms(handle: &str, display_name: &str) -> BTreeSet<String> {
    let mut all = terms(handle);
    all.extend(terms(display_name));
    all
}

/// Indexes accounts that were there before people could be found.
pub async fn index_all(app: Arc<App>) {
    let work = async |tx: &mut Tx, after: AccountId| {
        let accounts = store::not_indexed(tx, after, INDEX_STEP).await?;
        let last = accounts.last().map(|(account, ..)| *account);
        let terms = accounts.into_iter().flat_map(|(account, handle, display_name)| {
            names_terms(&handle, &display_name).into_iter().map(move |term| (account, term))
        });
        store::add_terms(tx, terms).await?;
        Ok(last)
    };
    let mut after = AccountId::SYSTEM;
    loop {
        match app.writer.run(move |tx| Box::pin(async move { work(tx, after).await })).await {
            Ok(Some(last)) => after = last,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "names are indexed later");
                tokio::time::sleep(super::EXPIRE_INTERVAL).await;
            }
        }
    }
}

/// What is searched for among terms.
pub(crate) fn search_text(text: &str) -> Result<String> {
    if text.len() > limits::SEARCH_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .within_bytes(1, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    let text: String = plain(text).chars().take(TERM_CHARS_MAX).collect();
    if text.is_empty() {
        return Err(Fault::new(code::NOTHING_TO_SEARCH).field("text").into());
    }
    Ok(text)
}

pub(super) async fn find(caller: Session, request: FindPeople) -> Result<FoundPeople> {
    let limit = page_limit(request.limit)?;
    let text = search_text(request.text.trim_start_matches('@'))?;
    let after = request.after.map_or_else(|| (text.clone(), AccountId::SYSTEM), |at| (at.term, at.account));
    if let Some(person) = by_email(&caller, &request.text).await? {
        return Ok(FoundPeople { people: vec![person], next: None });
    }
    let mut found = store::find(&caller.app.db, caller.account(), &text, after, limit + 1).await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(term, last)| FoundPosition { term: term.clone(), account: last.account });
    Ok(FoundPeople { people: found.into_iter().map(|(_, person)| person).collect(), next })
}

/// Who has the address, if the text is one and they let the caller find them by it. Whether anybody has it takes as many
/// look-ups as if nobody had.
async fn by_email(caller: &Session, text: &str) -> Result<Option<FoundPerson>> {
    let Ok(address) = mail::Address::parse(text) else { return Ok(None) };
    let db = &caller.app.db;
    let holder = mail::holder(db, &address.key).await?.unwrap_or(AccountId::SYSTEM);
    store::by_email(db, caller.account(), holder).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_every_part_and_by_how_it_is_read() {
        let all = terms("张三 Bob");
        for part in ["张", "三b", "三bob", "zhangsan", "zs", "san", "bob", "ob", "zhangsanb", "zsb"] {
            assert!(all.iter().any(|term| term.starts_with(part)), "{part}: {all:?}");
        }
        assert!(!all.iter().any(|term| term.starts_with("hang")), "{all:?}");
        assert!(terms(&"长".repeat(64)).iter().all(|term| term.chars().count() <= TERM_CHARS_MAX));
    }
}
