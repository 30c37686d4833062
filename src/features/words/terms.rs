//! What an own word is found by: its words, Chinese text from each of its characters on, its reading without tones.

use litrocket_dictionary::{forms, pinyin_key, words};
use litrocket_protocol::words::Word;
use unicode_normalization::UnicodeNormalization as _;

/// Terms of one word.
const TERMS_MAX: usize = 64;
/// Bytes of one term. A longer one is found by its beginning.
const TERM_BYTES_MAX: usize = 64;

/// What somebody looks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Terms that begin so fit; one that equals it fits best.
    pub(super) text: String,
    /// Terms that equal one of these fit too: the letters of pinyin, other forms of an English word.
    pub(super) others: Vec<String>,
}

/// What a text asks for.
pub(super) fn asked(text: &str) -> Asked {
    let text = folded(text);
    let mut others = if text.contains(' ') { Vec::new() } else { forms(&text) };
    others.push(pinyin_key(&text));
    others.retain(|other| !other.is_empty());
    Asked { text: cut(&text), others }
}

/// The terms of a word.
pub(super) fn of(word: &Word) -> Vec<String> {
    let mut terms =
        vec![cut(&folded(&word.word)), cut(&folded(&word.reading)), cut(&pinyin_key(&word.reading))];
    for text in [&word.word, &word.meaning] {
        let text = folded(text);
        terms.extend(words(&text).map(|word| cut(&word)));
        // Chinese has no spaces: what is asked for may begin at any character of a run.
        let characters = text.char_indices().filter(|(_, c)| !c.is_ascii() && c.is_alphabetic());
        terms.extend(characters.map(|(at, _)| {
            let run = &text[at..];
            cut(&run[..run.find(|c: char| !c.is_alphanumeric()).unwrap_or(run.len())])
        }));
    }
    terms.retain(|term| !term.is_empty());
    terms.truncate(TERMS_MAX);
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn folded(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(term: &str) -> String {
    term[..term.floor_char_boundary(TERM_BYTES_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str, reading: &str, meaning: &str) -> Word {
        Word {
            id: litrocket_protocol::MessageId::default(),
            word: word.into(),
            reading: reading.into(),
            meaning: meaning.into(),
            example: String::new(),
            note: String::new(),
            created_ms: 0,
            changed_ms: 0,
        }
    }

    fn finds(text: &str, word: &Word) -> bool {
        let asked = asked(text);
        of(word).iter().any(|term| term.starts_with(&asked.text) || asked.others.contains(term))
    }

    #[test]
    fn a_word_is_found_by_its_parts() {
        let rocket = word("火箭发射", "huǒ jiàn fā shè", "launch of a rocket; 发射");
        for text in
            ["火箭", "发射", "射", "huojian", "huo3 jian4 fa1 she4", "Rocket", "rockets", "lau", "HUǑ JIÀN"]
        {
            assert!(finds(text, &rocket), "{text}");
        }
        for text in ["箭头", "water", "jian"] {
            assert!(!finds(text, &rocket), "{text}");
        }
        assert!(finds("火箭", &word("rocket", "", "火箭")));
        assert!(finds("fire engine", &word("Fire  Engine", "", "消防车")));
    }

    #[test]
    fn terms_stay_bounded() {
        let long = word(&"火".repeat(40), "", &"箭".repeat(300));
        let terms = of(&long);
        assert!(terms.len() <= TERMS_MAX && terms.iter().all(|term| term.len() <= TERM_BYTES_MAX));
    }
}
