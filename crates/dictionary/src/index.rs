//! The dictionary in memory.
//!
//! The text is kept as it came; everything else are places in it and sorted lists over it: headwords with all their
//! endings (so that a word is found by its beginning and by what it contains), readings without tones, English words.

use std::collections::{HashMap, HashSet};

use crate::{
    english,
    entry::{self, Entry, ParseError, Place},
    keys::{Keys, Sorted},
    pinyin,
};

/// Marks an entry under an English word: one of its glosses is that word alone.
pub(crate) const ALONE: u32 = 1 << 31;

/// A dictionary that can be searched. It never changes.
#[derive(Debug)]
pub struct Index {
    pub(crate) text: String,
    pub(crate) places: Vec<Place>,
    /// Where headwords and their endings begin in the text, in the order of what begins there.
    pub(crate) endings: Vec<u32>,
    /// How many headwords begin with or contain the entry's, as a logarithm: how usual a word is, roughly.
    pub(crate) weights: Vec<u8>,
    pub(crate) readings: Keys,
    pub(crate) words: Keys,
}

/// The sorted endings with their text.
pub(crate) struct Endings<'a>(pub(crate) &'a Index);

impl Sorted for Endings<'_> {
    fn len(&self) -> usize {
        self.0.endings.len()
    }

    fn get(&self, i: usize) -> &str {
        ending(&self.0.text, self.0.endings[i])
    }
}

/// From a place in a headword to its end: a space.
fn ending(text: &str, start: u32) -> &str {
    let rest = &text[start as usize..];
    &rest[..rest.find(' ').unwrap_or(rest.len())]
}

impl Index {
    /// Reads a text of the CC-CEDICT format: one entry a line, lines that begin with `#` are comments. The first of
    /// several entries with the same headwords and reading counts.
    pub fn new(text: String) -> Result<Self, ParseError> {
        if text.len() > crate::TEXT_BYTES_MAX {
            return Err(ParseError { line: 1, reason: "the dictionary is too large" });
        }
        let places = places(&text)?;
        let endings = endings(&text, &places);
        let (mut readings, mut words) = (HashMap::new(), HashMap::new());
        for (id, place) in (0_u32..).zip(&places) {
            let entry = place.entry(&text);
            let key = pinyin::key(entry.pinyin);
            readings.entry(key).or_insert_with(Vec::new).push(id);
            add_words(&mut words, id, &entry);
        }
        let mut index = Self {
            text,
            places,
            endings,
            weights: Vec::new(),
            readings: Keys::new(readings),
            words: Keys::new(words),
        };
        index.weights = index.weigh();
        Ok(index)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.text.capacity()
            + self.places.capacity() * size_of::<Place>()
            + self.endings.capacity() * size_of::<u32>()
            + self.weights.capacity()
            + self.readings.bytes()
            + self.words.bytes()
    }

    /// An entry by its number: 0 to `len() - 1`, in the order of the text.
    pub fn entry(&self, id: u32) -> Option<Entry<'_>> {
        self.places.get(id as usize).map(|place| place.entry(&self.text))
    }

    /// The entry with these headwords and this reading.
    pub fn find(&self, traditional: &str, simplified: &str, pinyin: &str) -> Option<Entry<'_>> {
        let at = self.readings.find(&pinyin::key(pinyin))?;
        let entries = self.readings.numbers(at).iter().filter_map(|id| self.entry(*id));
        entries
            .into_iter()
            .find(|it| it.traditional == traditional && it.simplified == simplified && it.pinyin == pinyin)
    }

    /// The entry a place in the text belongs to.
    pub(crate) fn entry_at(&self, at: u32) -> u32 {
        (self.places.partition_point(|place| place.start <= at) - 1) as u32
    }

    /// Whether a headword of the entry begins at a place in the text, not only an ending of one.
    pub(crate) fn begins_at(&self, id: u32, at: u32) -> bool {
        let place = &self.places[id as usize];
        at == place.start || at == place.simplified_start()
    }

    /// Endings that begin with a headword follow it in their order: one pass counts them all.
    fn weigh(&self) -> Vec<u8> {
        let mut counts = vec![0_u32; self.places.len()];
        let mut open: Vec<(&str, usize, u32)> = Vec::new();
        let mut close = |(_, from, id): (&str, usize, u32), to: usize| {
            let count = &mut counts[id as usize];
            *count = (*count).max((to - from) as u32);
        };
        for (i, start) in self.endings.iter().enumerate() {
            let word = ending(&self.text, *start);
            while let Some(last) = open.pop_if(|(prefix, ..)| !word.starts_with(*prefix)) {
                close(last, i);
            }
            let id = self.entry_at(*start);
            if self.begins_at(id, *start) {
                // What is equal counts for each, so it begins with the first of them.
                let from = open.last().filter(|(prefix, ..)| *prefix == word).map_or(i, |(_, from, _)| *from);
                open.push((word, from, id));
            }
        }
        for last in open {
            close(last, self.endings.len());
        }
        counts.into_iter().map(|count| count.checked_ilog2().unwrap_or(0) as u8).collect()
    }
}

fn places(text: &str) -> Result<Vec<Place>, ParseError> {
    let (mut places, mut seen) = (Vec::new(), HashSet::new());
    let mut start = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let bytes = line.len() as u32;
        let line = line.trim_end_matches(['\n', '\r']);
        if !line.is_empty() && !line.starts_with('#') {
            let place = entry::place(line, start).map_err(|reason| ParseError { line: number, reason })?;
            let entry = place.entry(text);
            if seen.insert((entry.traditional, entry.simplified, entry.pinyin)) {
                places.push(place);
            }
        }
        start += bytes;
    }
    places.shrink_to_fit();
    Ok(places)
}

fn endings(text: &str, places: &[Place]) -> Vec<u32> {
    let mut endings = Vec::new();
    for place in places {
        let entry = place.entry(text);
        let mut add = |word: &str, start: u32| {
            let letters = word.char_indices().filter(|(at, c)| *at == 0 || c.is_alphanumeric());
            endings.extend(letters.map(|(at, _)| start + at as u32));
        };
        add(entry.traditional, place.start);
        if entry.simplified != entry.traditional {
            add(entry.simplified, place.simplified_start());
        }
    }
    endings.sort_by(|one, other| ending(text, *one).cmp(ending(text, *other)));
    endings.shrink_to_fit();
    endings
}

fn add_words(words: &mut HashMap<String, Vec<u32>>, id: u32, entry: &Entry<'_>) {
    for sense in entry.senses().filter(|sense| !sense.starts_with("CL:")) {
        for gloss in sense.split(';') {
            let bare = english::bare(gloss);
            for word in english::words(gloss) {
                let alone = if bare.len() == 1 && bare[0] == word { ALONE } else { 0 };
                let under = words.entry(word).or_default();
                match under.last_mut() {
                    Some(last) if *last & !ALONE == id => *last |= alone,
                    _ => under.push(id | alone),
                }
            }
        }
    }
}
