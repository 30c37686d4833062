//! A person's own words: added, changed, deleted, listed. Each change is told to the person's other devices.

use litrocket_protocol::{
    AccountId, Fault, MessageId,
    account::Done,
    fault::code,
    frame, limits, names,
    words::{AddWords, DeleteWord, EditWord, ListWords, NewWord, Word, Words, WordsAdded},
};

use super::{store, terms};
use crate::{
    error::{Error, Result},
    features::{cut, page_limit},
    rpc::Session,
    writer::Tx,
};

/// A line of at most so many bytes, white space run together.
fn line(field: &'static str, text: &str, bytes_max: usize) -> Result<String, Fault> {
    let clean = names::clean_line(text, bytes_max);
    let clean = clean.map_err(|error| match error {
        names::NameError::TooLong => {
            Fault::new(code::TOO_LONG).field(field).within_bytes(0, bytes_max as u64)
        }
        other => Fault::new(code::BAD_VALUE).field(field).message(other.to_string()),
    })?;
    if clean.len() > bytes_max {
        return Err(Fault::new(code::TOO_LONG).field(field).within_bytes(0, bytes_max as u64));
    }
    Ok(clean)
}

fn filled(field: &'static str, text: &str, bytes_max: usize) -> Result<String, Fault> {
    let clean = line(field, text, bytes_max)?;
    if clean.is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field(field).message("This must not be empty."));
    }
    Ok(clean)
}

fn checked(word: NewWord) -> Result<NewWord, Fault> {
    Ok(NewWord {
        id: word.id,
        word: filled("word", &word.word, limits::WORD_BYTES_MAX)?,
        reading: line("reading", &word.reading, limits::READING_BYTES_MAX)?,
        meaning: filled("meaning", &word.meaning, limits::MEANING_BYTES_MAX)?,
        example: line("example", &word.example, limits::WORD_LINE_BYTES_MAX)?,
        note: line("note", &word.note, limits::WORD_LINE_BYTES_MAX)?,
    })
}

/// The name of a word in the account log.
fn key(id: MessageId) -> String {
    format!("word/{id}")
}

pub(super) async fn add(caller: Session, request: AddWords) -> Result<WordsAdded> {
    if request.words.len() > limits::WORDS_PER_CALL_MAX {
        return Err(Fault::new(code::TOO_MANY)
            .field("words")
            .limit(limits::WORDS_PER_CALL_MAX as u64)
            .into());
    }
    if request.words.is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("words").message("Name a word.").into());
    }
    let words: Vec<NewWord> = request.words.into_iter().map(checked).collect::<Result<_, _>>()?;
    let me = caller.account();
    caller.app.writer.run(move |tx| Box::pin(add_all(tx, me, words))).await
}

/// Adds a word that the server made.
pub(super) async fn add_one(caller: &Session, word: NewWord) -> Result<Word> {
    let (me, word) = (caller.account(), checked(word)?);
    let mut added = caller.app.writer.run(move |tx| Box::pin(add_all(tx, me, vec![word]))).await?;
    added.words.pop().ok_or_else(|| Error::Internal("a word was added and is not there".into()))
}

async fn add_all(tx: &mut Tx, me: AccountId, new: Vec<NewWord>) -> Result<WordsAdded> {
    let (now, mut count) = (tx.now_ms(), store::count(tx, me).await?);
    let ids: Vec<MessageId> = new.iter().map(|word| word.id).collect();
    let mut earlier = store::earlier_all(tx, me, &ids).await?;
    let equals = store::equals(tx, me, &new).await?;
    let (mut words, mut fresh) = (Vec::with_capacity(new.len()), Vec::<(Word, [u8; 32])>::new());
    for (place, word) in new.into_iter().enumerate() {
        let hash = *blake3::hash(&frame::encode_body(&word)).as_bytes();
        if let Some(earlier) = earlier.get(&word.id) {
            if earlier.word.is_some() && earlier.hash != hash {
                return Err(Fault::new(code::ID_CONFLICT).field("id").into());
            }
            // It was added and is deleted since.
            let word = earlier.word.clone().ok_or_else(|| Fault::new(code::NOT_FOUND).field("id"))?;
            words.push(word);
            continue;
        }
        let just_added = || fresh.iter().map(|(one, _)| one).find(|one| says_the_same(one, &word));
        if let Some(equal) = equals.get(&place).or_else(just_added) {
            words.push(equal.clone());
            continue;
        }
        if count >= limits::WORDS_MAX as u64 {
            return Err(Fault::new(code::TOO_MANY).field("words").limit(limits::WORDS_MAX as u64).into());
        }
        count += 1;
        let word = Word {
            id: word.id,
            word: word.word,
            reading: word.reading,
            meaning: word.meaning,
            example: word.example,
            note: word.note,
            created_ms: now,
            changed_ms: now,
        };
        earlier.insert(word.id, store::Earlier { hash: hash.to_vec(), word: Some(word.clone()) });
        fresh.push((word.clone(), hash));
        words.push(word);
    }
    if !fresh.is_empty() {
        store::insert(tx, me, &fresh).await?;
        let entry = |(word, _): &(Word, _)| (me, key(word.id), Some(frame::encode_body(word)));
        tx.entries(fresh.iter().map(entry).collect()).await?;
    }
    Ok(WordsAdded { words, added: fresh.len() as u64 })
}

fn says_the_same(word: &Word, new: &NewWord) -> bool {
    word.word == new.word && word.reading == new.reading && word.meaning == new.meaning
}

pub(super) async fn edit(caller: Session, request: EditWord) -> Result<Word> {
    let me = caller.account();
    caller.app.writer.run(move |tx| Box::pin(change(tx, me, request))).await
}

async fn change(tx: &mut Tx, me: AccountId, request: EditWord) -> Result<Word> {
    let earlier = store::earlier(tx, me, request.id).await?.and_then(|earlier| earlier.word);
    let before = earlier.ok_or_else(|| Error::missing("id"))?;
    let after = checked(NewWord {
        id: before.id,
        word: request.word.unwrap_or_else(|| before.word.clone()),
        reading: request.reading.unwrap_or_else(|| before.reading.clone()),
        meaning: request.meaning.unwrap_or_else(|| before.meaning.clone()),
        example: request.example.unwrap_or_else(|| before.example.clone()),
        note: request.note.unwrap_or_else(|| before.note.clone()),
    })?;
    let mut word = Word {
        id: before.id,
        word: after.word,
        reading: after.reading,
        meaning: after.meaning,
        example: after.example,
        note: after.note,
        created_ms: before.created_ms,
        changed_ms: before.changed_ms,
    };
    if word == before {
        return Ok(before);
    }
    word.changed_ms = tx.now_ms().max(before.changed_ms);
    store::update(tx, me, &word).await?;
    store::set_terms(tx, me, word.id, terms::of(&word)).await?;
    tx.entry(me, key(word.id), Some(frame::encode_body(&word))).await?;
    Ok(word)
}

pub(super) async fn delete(caller: Session, request: DeleteWord) -> Result<Done> {
    let (me, id) = (caller.account(), request.id);
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let earlier = store::earlier(tx, me, id).await?;
                let earlier = earlier.ok_or_else(|| Error::missing("id"))?;
                if earlier.word.is_some() {
                    store::delete(tx, me, id).await?;
                    tx.entry(me, key(id), None).await?;
                }
                Ok(Done::default())
            })
        })
        .await
}

pub(super) async fn list(caller: Session, request: ListWords) -> Result<Words> {
    let limit = page_limit(request.limit)?;
    if request.find.as_ref().is_some_and(|find| find.len() > limits::SEARCH_BYTES_MAX) {
        return Err(Fault::new(code::TOO_LONG)
            .field("find")
            .within_bytes(0, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    let asked = request.find.filter(|find| !find.trim().is_empty()).map(|find| terms::asked(&find));
    let (db, me) = (&caller.app.db, caller.account());
    let mut words = store::page(db, me, asked.as_ref(), request.before, limit + 1).await?;
    let more = cut(&mut words, limit);
    Ok(Words { words, more })
}
