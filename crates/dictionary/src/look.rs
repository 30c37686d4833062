//! Looking up: what fits a text, best first.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::UnicodeNormalization as _;

use crate::{
    Entry, Index,
    english::{self, is_han},
    index::{ALONE, Endings},
    keys::Sorted as _,
    near::{NEAR_MAX, distance, nearest},
    pinyin::{self, Reading},
};

/// Entries that one look-up answers, at most.
pub const HITS_MAX: usize = 500;
/// Entries that one kind of match looks at, at most: a single common character begins thousands of words.
const CANDIDATES_MAX: usize = 4_000;
/// Entries whose meanings one kind of match reads, at most.
const MEANINGS_MAX: usize = 1_000;
/// What an entry costs that only refers to another.
const RARE: u32 = 40;
/// What another form costs against the word itself.
const OTHER_FORM: u32 = 8;
/// What each difference of a misspelt word costs.
const MISSPELT: u32 = 100;
/// Words of one question that may be misspelt.
const MISSPELT_MAX: usize = 3;
/// What a single character costs as a translation: it begins many words, but is said alone less often.
const SINGLE: u32 = 13;

/// From which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The text is Chinese or pinyin.
    FromChinese,
    /// The text is English.
    FromEnglish,
}

/// How an entry fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The headword, the reading or a meaning is what was asked for.
    Exact,
    /// A meaning is another form of the English word.
    Form,
    /// A meaning has all the words.
    Word,
    /// The headword, the reading or a word of a meaning begins so.
    Prefix,
    /// The headword contains it.
    Part,
    /// It is spelt a little differently.
    Near,
}

/// An entry that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its number, for [`Index::entry`].
    pub entry: u32,
    /// How it fits.
    pub matched: Match,
}

impl Index {
    /// What fits a text, best first, at most [`HITS_MAX`]. Chinese text is looked up as headword in either script,
    /// other text as pinyin and as English. Bound the text: the time grows with it.
    pub fn look(&self, text: &str, direction: Option<Direction>) -> Vec<Hit> {
        let text: String = text.nfkc().collect();
        let text = text.trim();
        let mut search = Search { index: self, found: HashMap::new() };
        if direction != Some(Direction::FromEnglish) && !text.is_empty() {
            search.headwords(text);
            if !text.chars().any(is_han)
                && let Some(reading) = pinyin::parse(text)
            {
                search.readings(&reading);
            }
        }
        if direction != Some(Direction::FromChinese) && !text.chars().any(is_han) {
            search.english(text);
        }
        search.ranked()
    }

    /// A longer headword with the entry's in it, read the same there.
    pub fn example(&self, of: &Entry<'_>) -> Option<Entry<'_>> {
        let endings = Endings(self);
        let reading = of.pinyin.to_ascii_lowercase();
        let reads_so = |entry: &Entry<'_>| {
            entry.simplified != of.simplified && entry.pinyin.to_ascii_lowercase().contains(&reading)
        };
        let length = of.simplified.chars().count();
        let range = endings.beginning_with(of.simplified);
        let entries = range.take(CANDIDATES_MAX).map(|i| self.entry_at(self.endings[i]));
        let best = entries
            .filter_map(|id| Some((id, self.entry(id)?)))
            .filter(|(_, entry)| reads_so(entry) && rarity(entry) == 0)
            .min_by_key(|(id, entry)| {
                // A character is shown in a word of two, a word in a phrase; a usual one is the better example.
                let wanted = length + length.min(2);
                let far = entry.simplified.chars().count().abs_diff(wanted);
                (far, u8::MAX - self.weights[*id as usize], *id)
            });
        best.map(|(_, entry)| entry)
    }
}

struct Search<'a> {
    index: &'a Index,
    /// The best rank of each entry: how it fits, and what comes first among those.
    found: HashMap<u32, Rank>,
}

/// Lower is better: how much worse than exact it is, the cost among those, and what is told.
type Rank = (u8, u32, Match);

fn rank(matched: Match, cost: u32) -> Rank {
    match matched {
        Match::Exact => (0, cost, matched),
        Match::Form => (0, cost + OTHER_FORM, matched),
        Match::Word => (1, cost, matched),
        Match::Prefix => (2, cost, matched),
        Match::Part => (3, cost, matched),
        Match::Near => (4, cost, matched),
    }
}

/// What makes an entry less likely to be the wanted one.
fn rarity(entry: &Entry<'_>) -> u32 {
    let first = entry.senses().next().unwrap_or_default();
    let refers =
        ["variant of", "old variant of", "surname ", "used in ", "see ", "abbr. for", "archaic variant"];
    if refers.iter().any(|start| first.starts_with(start)) {
        return RARE;
    }
    let marks = [
        "(archaic)",
        "(literary)",
        "(dialect)",
        "(old)",
        "(Internet slang)",
        "(slang)",
        "(Tw)",
        "(coll.)",
        "(formal)",
    ];
    let rare =
        marks.iter().any(|mark| first.starts_with(mark)) || entry.pinyin.starts_with(char::is_uppercase);
    if rare { RARE / 2 } else { 0 }
}

impl Search<'_> {
    fn add(&mut self, entry: u32, matched: Match, cost: u32) {
        let rank = rank(matched, cost);
        self.found.entry(entry).and_modify(|known| *known = rank.min(*known)).or_insert(rank);
    }

    fn ranked(self) -> Vec<Hit> {
        let mut hits: Vec<(Rank, u32)> = self.found.into_iter().map(|(entry, rank)| (rank, entry)).collect();
        hits.sort_unstable();
        hits.truncate(HITS_MAX);
        hits.into_iter().map(|((_, _, matched), entry)| Hit { entry, matched }).collect()
    }

    /// What an unusual word costs.
    fn cost(&self, id: u32) -> u32 {
        let rarity = self.index.entry(id).map_or(RARE, |entry| rarity(&entry));
        rarity + 2 * u32::from(16_u8.saturating_sub(self.index.weights[id as usize]))
    }

    fn headwords(&mut self, text: &str) {
        let index = self.index;
        let endings = Endings(index);
        let upper = text.to_uppercase();
        let mut exact = false;
        for text in [text, &upper].into_iter().take(1 + usize::from(upper != text)) {
            let length = text.chars().count() as u32;
            for i in endings.beginning_with(text).take(CANDIDATES_MAX) {
                let word = endings.get(i);
                let id = index.entry_at(index.endings[i]);
                let beginning = index.begins_at(id, index.endings[i]);
                let matched = match beginning {
                    true if word == text => Match::Exact,
                    true => Match::Prefix,
                    false => Match::Part,
                };
                exact |= matched == Match::Exact;
                let more = word.chars().count() as u32 - length;
                self.add(id, matched, self.cost(id) + 8 * more);
            }
        }
        if !exact && text.chars().any(is_han) {
            self.nearly(text);
        }
    }

    /// Headwords with one character more, less, exchanged or swapped: one half of them is as it was asked for, or
    /// the two characters in the middle are swapped.
    fn nearly(&mut self, text: &str) {
        let index = self.index;
        let endings = Endings(index);
        let mut characters: Vec<char> = text.chars().collect();
        let middle = characters.len() / 2;
        if middle == 0 {
            return;
        }
        let first: String = characters[..middle].iter().collect();
        let second: String = characters[middle..].iter().collect();
        characters.swap(middle - 1, middle);
        let swapped: String = characters.into_iter().collect();
        let ending_so = endings.beginning_with(&second).take_while(|i| endings.get(*i) == second);
        let candidates = endings
            .beginning_with(&first)
            .take(CANDIDATES_MAX)
            .chain(ending_so.take(CANDIDATES_MAX))
            .chain(endings.beginning_with(&swapped).take(1));
        for i in candidates {
            let id = index.entry_at(index.endings[i]);
            let Some(entry) = index.entry(id) else { continue };
            if distance(entry.simplified, text) == 1 || distance(entry.traditional, text) == 1 {
                self.add(id, Match::Near, self.cost(id));
            }
        }
    }

    fn readings(&mut self, wanted: &Reading) {
        let index = self.index;
        let agrees =
            |id: u32| !wanted.has_marks() || index.entry(id).is_some_and(|entry| wanted.agrees(entry.pinyin));
        let range = index.readings.beginning_with(&wanted.letters);
        let mut exact = false;
        let mut left = CANDIDATES_MAX;
        for i in range {
            let key = index.readings.get(i);
            let matched = if key == wanted.letters { Match::Exact } else { Match::Prefix };
            let more = (key.len() - wanted.letters.len()) as u32;
            for id in index.readings.numbers(i) {
                if left == 0 {
                    return;
                }
                left -= 1;
                if agrees(*id) {
                    exact |= matched == Match::Exact;
                    self.add(*id, matched, self.cost(*id) + 4 * more);
                }
            }
        }
        let length = wanted.letters.len();
        if exact || length < 4 {
            return;
        }
        for (i, distance) in nearest(&index.readings, &wanted.letters) {
            for id in index.readings.numbers(i) {
                self.add(*id, Match::Near, self.cost(*id) + MISSPELT * u32::from(distance));
            }
        }
    }

    fn english(&mut self, text: &str) {
        let asked = english::bare(text);
        let Some(last) = asked.last() else { return };
        let own: Vec<Vec<String>> = asked.iter().map(|word| vec![word.clone()]).collect();
        let mut known = self.with_words(&own, Match::Exact, 0);
        let forms: Vec<Vec<String>> = asked
            .iter()
            .map(|word| std::iter::once(word.clone()).chain(english::forms(word)).collect())
            .collect();
        known = known.max(self.with_words(&forms, Match::Form, 0));
        if known < Known::Alone {
            let positives: Vec<Vec<String>> = asked.iter().map(|word| english::positives(word)).collect();
            known = known.max(self.with_words(&positives, Match::Form, 0));
        }
        if last.chars().count() > 2 {
            let mut begun = own;
            let range = self.index.words.beginning_with(last).take(NEAR_MAX);
            begun[asked.len() - 1] = range.map(|i| self.index.words.get(i).to_owned()).collect();
            self.with_words(&begun, Match::Prefix, 0);
        }
        if known == Known::No {
            let strange: BTreeSet<&String> =
                asked.iter().filter(|word| self.index.words.find(word).is_none()).collect();
            // Each costs a walk over the words; more of them are no misspelling.
            if strange.len() <= MISSPELT_MAX {
                let spelt: Vec<Vec<String>> = asked.iter().map(|word| self.spelt_like(word)).collect();
                self.with_words(&spelt, Match::Near, MISSPELT);
            }
        }
    }

    /// A word that is known, or those it may have been meant to be.
    fn spelt_like(&self, word: &str) -> Vec<String> {
        let words = &self.index.words;
        let length = word.chars().count();
        if words.find(word).is_some() || length < 4 {
            return vec![word.to_owned()];
        }
        nearest(words, word).into_iter().map(|(i, _)| words.get(i).to_owned()).collect()
    }

    /// Adds the entries that have one of the choices for each word. Those with a gloss of these words alone fit
    /// as `alone` says; the others at best as [`Match::Word`].
    fn with_words(&mut self, choices: &[Vec<String>], alone: Match, extra: u32) -> Known {
        let mut lists: Vec<Vec<u32>> = choices.iter().map(|words| self.entries_with(words)).collect();
        lists.sort_unstable_by_key(Vec::len);
        let Some((shortest, others)) = lists.split_first() else { return Known::No };
        let in_all = |id: &&u32| {
            others.iter().all(|list| list.binary_search_by_key(&(**id & !ALONE), |it| it & !ALONE).is_ok())
        };
        let mut both: Vec<u32> = shortest.iter().filter(in_all).copied().collect();
        if choices.len() == 1 {
            // Those with a gloss of that word alone are the better ones: none of them is left out for the others.
            both.sort_by_key(|id| id & ALONE == 0);
        }
        let mut known = Known::No;
        for id in both.iter().take(MEANINGS_MAX).map(|id| id & !ALONE) {
            let place = self.gloss(id, choices);
            let single = self.index.entry(id).is_some_and(|entry| entry.simplified.chars().nth(1).is_none());
            let cost = self.cost(id) + 6 * place.sense + if single { SINGLE } else { 0 } + extra;
            if place.alone {
                known = Known::Alone;
                self.add(id, alone, cost);
            } else {
                known = known.max(Known::Among);
                self.add(id, alone.max(Match::Word), cost + 10 * place.more);
            }
        }
        known
    }

    /// The entries under any of some words, ascending, marked where a gloss is the word alone.
    fn entries_with(&self, words: &[String]) -> Vec<u32> {
        let keys = &self.index.words;
        let mut ids: Vec<u32> =
            words.iter().filter_map(|word| keys.find(word)).flat_map(|i| keys.numbers(i)).copied().collect();
        ids.sort_unstable_by_key(|id| (id & !ALONE, id & ALONE == 0));
        ids.dedup_by_key(|id| *id & !ALONE);
        ids
    }

    /// The gloss of an entry that fits best.
    fn gloss(&self, id: u32, choices: &[Vec<String>]) -> Gloss {
        let none = Gloss { alone: false, sense: 20, more: 20 };
        let Some(entry) = self.index.entry(id) else { return none };
        let mut best = none;
        for (sense, text) in (0_u32..).zip(entry.senses().take(20)) {
            for gloss in text.split(';') {
                let words = english::bare(gloss);
                let has = |choice: &Vec<String>| words.iter().any(|word| choice.contains(word));
                let in_order = words.len() == choices.len()
                    && words.iter().zip(choices).all(|(word, choice)| choice.contains(word));
                if in_order {
                    return Gloss { alone: true, sense, more: 0 };
                }
                if choices.iter().all(has) {
                    let more = (words.len() - choices.len().min(words.len())) as u32;
                    if more + sense < best.more + best.sense {
                        best = Gloss { alone: false, sense, more };
                    }
                }
            }
        }
        best
    }
}

/// Whether words are in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    No,
    /// Among others in a gloss.
    Among,
    /// As a gloss.
    Alone,
}

/// Where in an entry the words are.
struct Gloss {
    /// The gloss has these words and no others.
    alone: bool,
    /// Which meaning it is, from 0.
    sense: u32,
    /// How many other words it has.
    more: u32,
}
