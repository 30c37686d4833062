//! Looking up, and keeping what was found.

use litrocket_dictionary::{Direction, Entry, Index, Match, with_marks};
use litrocket_protocol::{
    Fault,
    fault::code,
    frame, limits,
    words::{DictionaryEntry, KeepEntry, LookUp, LookedUp, NewWord, Word, WordExample, matched},
};

use super::{own, store};
use crate::{
    error::{Error, Result},
    features::{PAGE_BYTES_MAX, cut_within, page_limit},
    rpc::Session,
};

/// Own words that a look-up shows.
const OWN_MAX: u64 = 20;

fn direction(from: Option<&str>) -> Result<Option<Direction>, Fault> {
    match from {
        None => Ok(None),
        Some("zh") => Ok(Some(Direction::FromChinese)),
        Some("en") => Ok(Some(Direction::FromEnglish)),
        Some(_) => Err(Fault::new(code::BAD_VALUE).field("from").message("Use zh, en or nothing.")),
    }
}

pub(super) async fn look_up(caller: Session, request: LookUp) -> Result<LookedUp> {
    let limit = page_limit(request.limit)? as usize;
    let direction = direction(request.from.as_deref())?;
    if request.text.len() > limits::SEARCH_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .within_bytes(1, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    if request.text.trim().is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("Name a word.").into());
    }
    let app = &caller.app;
    let _place = app.dictionary.turns().enter(caller.account())?;
    let after = request.after.unwrap_or(0);
    let own = match after {
        0 => store::found(&app.db, caller.account(), &super::terms::asked(&request.text), OWN_MAX).await?,
        _ => Vec::new(),
    };
    let index = app.dictionary.index().await?;
    let (mut entries, more) =
        app.dictionary.turns().ask(move || page(&index, &request.text, direction, after, limit)).await?;
    // What is one's own comes with the first page and takes of its room.
    let own_bytes: usize = own.iter().map(frame::length).sum();
    let room = PAGE_BYTES_MAX.saturating_sub(own_bytes);
    let more = cut_within(&mut entries, limit as u64, room) || more;
    let next = more.then_some(after + entries.len() as u64);
    Ok(LookedUp { own, entries, next })
}

/// A page of entries behind the first `after`, and whether there are more.
fn page(
    index: &Index,
    text: &str,
    direction: Option<Direction>,
    after: u64,
    limit: usize,
) -> (Vec<DictionaryEntry>, bool) {
    let hits = index.look(text, direction);
    let from = usize::try_from(after).unwrap_or(usize::MAX).min(hits.len());
    let rest = &hits[from..];
    let shown = rest.iter().take(limit);
    let entries = shown.filter_map(|hit| Some(described(index, &index.entry(hit.entry)?, hit.matched)));
    (entries.collect(), rest.len() > limit)
}

fn described(index: &Index, entry: &Entry<'_>, fit: Match) -> DictionaryEntry {
    DictionaryEntry {
        matched: match fit {
            Match::Exact => matched::EXACT,
            Match::Form => matched::FORM,
            Match::Word => matched::WORD,
            Match::Prefix => matched::PREFIX,
            Match::Part => matched::PART,
            Match::Near => matched::NEAR,
        }
        .into(),
        traditional: entry.traditional.into(),
        simplified: entry.simplified.into(),
        pinyin: entry.pinyin.into(),
        reading: with_marks(entry.pinyin),
        senses: entry.senses().map(str::to_owned).collect(),
        example: index.example(entry).map(|longer| WordExample {
            text: longer.simplified.into(),
            reading: with_marks(longer.pinyin),
            meaning: longer.senses().next().unwrap_or_default().into(),
        }),
    }
}

pub(super) async fn keep(caller: Session, request: KeepEntry) -> Result<Word> {
    let dictionary = &caller.app.dictionary;
    let _place = dictionary.turns().enter(caller.account())?;
    let index = dictionary.index().await?;
    let word = dictionary.turns().ask(move || kept(&index, &request)).await?;
    let word = word.ok_or_else(|| Error::missing("simplified"))?;
    own::add_one(&caller, word).await
}

/// An entry as an own word.
fn kept(index: &Index, request: &KeepEntry) -> Option<NewWord> {
    let entry = index.find(&request.traditional, &request.simplified, &request.pinyin)?;
    let example = index.example(&entry).map_or_else(String::new, |longer| {
        let meaning = longer.senses().next().unwrap_or_default();
        format!("{} ({}) {meaning}", longer.simplified, with_marks(longer.pinyin))
    });
    let meaning = entry.senses().collect::<Vec<_>>().join("; ");
    Some(NewWord {
        id: request.id,
        word: cut(entry.simplified, limits::WORD_BYTES_MAX),
        reading: cut(&with_marks(entry.pinyin), limits::READING_BYTES_MAX),
        meaning: cut(&meaning, limits::MEANING_BYTES_MAX),
        example: cut(&example, limits::WORD_LINE_BYTES_MAX),
        note: if entry.traditional == entry.simplified { String::new() } else { entry.traditional.into() },
    })
}

/// The beginning of a text that has at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}
