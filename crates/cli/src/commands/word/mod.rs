//! The dictionary and one's own words.

mod command;

use std::{
    collections::HashMap,
    io::{Read, Write},
};

pub use command::WordCommand;
use litrocket_client::Client;
use litrocket_protocol::{
    MessageId, limits,
    words::{AddWords, DeleteWord, DictionaryEntry, EditWord, KeepEntry, ListWords, LookUp, NewWord, Word},
};
use serde_json::{Value, json};

use super::files::place::write_file;
use crate::{
    Failure,
    failure::At as _,
    output::{Output, escape},
    pages::{behind, pages},
    session::Context,
};

/// The columns of a file of words. Only `word` and `meaning` have to be there.
const COLUMNS: [&str; 5] = ["word", "reading", "meaning", "example", "note"];
/// Bytes of a file of words: more than an account may have.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Entries that a look-up shows, at most.
const LOOKED_UP_MAX: u64 = 500;

pub(super) async fn run(context: &Context, command: WordCommand) -> Result<(), Failure> {
    // A file that cannot be read is told before the server is asked for anything.
    let rows = match &command {
        WordCommand::Import { file } => read_rows(file)?,
        _ => Vec::new(),
    };
    let client = context.connect().await?;
    match command {
        WordCommand::Look { text, from, limit, keep } => {
            look(context, &client, text, from, limit, keep).await?;
        }
        WordCommand::Add { word, meaning, reading, example, note } => {
            let id = client.new_id()?;
            let new = NewWord { id, word, reading, meaning, example, note };
            let added = client.call(AddWords { words: vec![new] }).await?;
            added.words.iter().try_for_each(|word| print_word(context, word))?;
        }
        WordCommand::Edit { which, word, reading, meaning, example, note } => {
            if [&word, &reading, &meaning, &example, &note].iter().all(|part| part.is_none()) {
                return Err(Failure::usage(|words| words.edit_what().into()));
            }
            let id = own(&client, &which).await?;
            let word = client.call(EditWord { id, word, reading, meaning, example, note }).await?;
            print_word(context, &word)?;
        }
        WordCommand::Delete { which } => {
            let id = own(&client, &which).await?;
            client.call(DeleteWord { id }).await?;
            let words = context.output.words;
            context
                .output
                .data(|| json!({"type": "deleted", "id": id.to_string()}), || words.done().into())?;
        }
        WordCommand::List { find, limit } => list(context, &client, find, limit).await?,
        WordCommand::Import { .. } => import(context, &client, rows).await?,
        WordCommand::Export { file } => export(context, &client, &file).await?,
    }
    Ok(())
}

fn word_json(word: &Word) -> Value {
    json!({"type": "word", "id": word.id.to_string(), "word": word.word, "reading": word.reading,
        "meaning": word.meaning, "example": word.example, "note": word.note,
        "created_ms": word.created_ms, "changed_ms": word.changed_ms})
}

fn print_word(context: &Context, word: &Word) -> Result<(), Failure> {
    context.output.data(
        || word_json(word),
        || {
            let reading =
                if word.reading.is_empty() { String::new() } else { format!(" ({})", word.reading) };
            let mut line = escape(&format!("★ {}{reading}  {}", word.word, word.meaning));
            let words = context.output.words;
            for (name, text) in [(words.example(), &word.example), (words.note(), &word.note)] {
                if !text.is_empty() {
                    line.push_str(&format!("\n    {}", words.labelled(name, escape(text))));
                }
            }
            line
        },
    )
}

fn print_entry(context: &Context, number: u64, entry: &DictionaryEntry) -> Result<(), Failure> {
    context.output.data(
        || {
            let example = entry.example.as_ref().map(
                |it| json!({"text": it.text, "reading": it.reading, "meaning": it.meaning}),
            );
            json!({"type": "entry", "number": number, "match": entry.matched, "traditional": entry.traditional,
                "simplified": entry.simplified, "pinyin": entry.pinyin, "reading": entry.reading,
                "senses": entry.senses, "example": example})
        },
        || {
            let same = entry.traditional == entry.simplified;
            let other = if same { String::new() } else { format!(" [{}]", entry.traditional) };
            let (word, reading) = (&entry.simplified, &entry.reading);
            let mut text = format!("{number:>3}. {word}{other}  {reading}  {}", entry.senses.join("; "));
            if let Some(example) = &entry.example {
                let words = context.output.words;
                let (phrase, reading, meaning) = (&example.text, &example.reading, &example.meaning);
                let shown = format!("{phrase}  {reading}  {meaning}");
                text.push_str(&format!("\n{}", words.labelled(words.example(), shown)));
            }
            escape(&text)
        },
    )
}

async fn look(
    context: &Context,
    client: &Client,
    text: String,
    from: Option<String>,
    limit: u64,
    keep: Option<u64>,
) -> Result<(), Failure> {
    let limit = limit.clamp(1, LOOKED_UP_MAX).max(keep.unwrap_or(0));
    let (mut after, mut shown, mut nothing) = (None, 0, true);
    loop {
        let wanted = (limit - shown).min(limits::PAGE_MAX);
        let request = LookUp { text: text.clone(), from: from.clone(), after, limit: Some(wanted) };
        let page = client.call(request).await?;
        nothing &= page.own.is_empty() && page.entries.is_empty();
        if keep.is_none() {
            page.own.iter().try_for_each(|word| print_word(context, word))?;
        }
        for entry in page.entries {
            shown += 1;
            if keep == Some(shown) {
                let DictionaryEntry { traditional, simplified, pinyin, .. } = entry;
                let id = client.new_id()?;
                let word = client.call(KeepEntry { id, traditional, simplified, pinyin }).await?;
                return print_word(context, &word);
            }
            if keep.is_none() {
                print_entry(context, shown, &entry)?;
            }
        }
        after = page.next;
        if after.is_none() || shown >= limit {
            break;
        }
    }
    if let Some(number) = keep {
        return Err(Failure::missing(move |words| words.no_entry_number(&text, number)));
    }
    if nothing {
        context.output.nothing(context.output.words.nothing_found());
    }
    Ok(())
}

/// One's own words, newest first.
async fn own_words(client: &Client, find: Option<String>, limit: u64) -> Result<Vec<Word>, Failure> {
    let mut all: Vec<Word> = Vec::new();
    pages(
        client,
        limit.max(1),
        |before, count| ListWords { find: find.clone(), before, limit: Some(count) },
        |page| {
            let next = behind(&page.words, page.more, |word| word.id);
            (page.words, next)
        },
        |word| {
            all.push(word);
            Ok(())
        },
    )
    .await?;
    Ok(all)
}

/// The id of one of the person's own words: given as it is, or by the word.
async fn own(client: &Client, which: &str) -> Result<MessageId, Failure> {
    let found = own_words(client, Some(which.to_owned()), u64::MAX).await?;
    let named: Vec<&Word> = found.iter().filter(|word| word.word == which).collect();
    match named.as_slice() {
        [one] => Ok(one.id),
        [] => MessageId::parse(which).ok_or_else(|| {
            let which = which.to_owned();
            Failure::missing(move |words| words.no_own_word(&which))
        }),
        many => {
            let ids: Vec<String> = many.iter().map(|word| word.id.to_string()).collect();
            let (which, ids) = (which.to_owned(), ids.join(", "));
            Err(Failure::usage(move |words| words.several_own_words(&which, &ids)))
        }
    }
}

async fn list(context: &Context, client: &Client, find: Option<String>, limit: u64) -> Result<(), Failure> {
    let words = own_words(client, find, limit).await?;
    words.iter().try_for_each(|word| print_word(context, word))?;
    if words.is_empty() {
        context.output.nothing(context.output.words.no_words());
    }
    Ok(())
}

/// The rows of a CSV file with a head line, in the order of [`COLUMNS`].
fn read_rows(file: &str) -> Result<Vec<[String; 5]>, Failure> {
    let bad = |error: csv::Error| {
        let file = file.to_owned();
        Failure::usage(move |words| {
            let line = error.position().map_or(1, csv::Position::line);
            words.damaged_words_file(&file, line, words.table(&error))
        })
    };
    let input: Box<dyn Read> = match file {
        "-" => Box::new(std::io::stdin()),
        path => Box::new(std::fs::File::open(path).at(path.as_ref())?),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input.take(FILE_BYTES_MAX));
    let head: HashMap<String, usize> = reader
        .headers()
        .map_err(bad)?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase())
        .zip(0..)
        .collect();
    if !head.contains_key("word") || !head.contains_key("meaning") {
        let file = file.to_owned();
        return Err(Failure::usage(move |words| words.bad_words_file(&file, COLUMNS.join(","))));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(bad)?;
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let field = |name: &str| head.get(name).and_then(|at| record.get(*at)).unwrap_or_default().to_owned();
        rows.push(COLUMNS.map(field));
    }
    Ok(rows)
}

async fn import(context: &Context, client: &Client, rows: Vec<[String; 5]>) -> Result<(), Failure> {
    let (total, mut added) = (rows.len(), 0);
    // Ids of one millisecond are in no order: sorted, they keep the order of the file.
    let mut ids = Vec::with_capacity(total);
    for _ in 0..total {
        ids.push(client.new_id()?);
    }
    ids.sort_unstable();
    let mut rows = ids.into_iter().zip(rows).peekable();
    while rows.peek().is_some() {
        let some = rows.by_ref().take(limits::WORDS_PER_CALL_MAX);
        let words = some
            .map(|(id, [word, reading, meaning, example, note])| NewWord {
                id,
                word,
                reading,
                meaning,
                example,
                note,
            })
            .collect();
        added += client.call(AddWords { words }).await?.added;
    }
    let words = context.output.words;
    context.output.data(
        || json!({"type": "imported", "words": total, "added": added}),
        || words.words_added(added, total as u64 - added),
    )
}

async fn export(context: &Context, client: &Client, file: &str) -> Result<(), Failure> {
    let words = own_words(client, None, u64::MAX).await?;
    if context.output.json && file == "-" {
        return words.iter().rev().try_for_each(|word| print_word(context, word));
    }
    let mut rows = Vec::new();
    write_rows(&mut rows, &words).map_err(std::io::Error::other)?;
    if file == "-" {
        return Output::bytes(&rows);
    }
    write_file(file.as_ref(), &rows, false)?;
    let count = words.len();
    context.output.data(
        || json!({"type": "exported", "lines": count, "file": file}),
        || context.output.words.words_written(count, escape(file)),
    )
}

/// Oldest first, so that an import elsewhere keeps the order.
fn write_rows(output: impl Write, words: &[Word]) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(output);
    writer.write_record(COLUMNS)?;
    for word in words.iter().rev() {
        writer.write_record([&word.word, &word.reading, &word.meaning, &word.example, &word.note])?;
    }
    writer.flush()?;
    Ok(())
}
