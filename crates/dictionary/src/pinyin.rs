//! Pinyin: with tone numbers, with tone marks, or without tones; ü as `ü`, `u:` or `v`.

use unicode_normalization::UnicodeNormalization as _;

/// A reading taken apart. `letters` has no tones and writes ü as u, so that whoever types less finds more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) letters: String,
    /// Tones, each with the letter it is written on or behind.
    tones: Vec<(usize, u8)>,
    /// The letters that are an ü.
    umlauts: Vec<usize>,
}

/// A reading of a dictionary or of somebody; `None` when it holds anything that pinyin does not.
pub(crate) fn parse(text: &str) -> Option<Reading> {
    let mut reading = Reading::default();
    for c in text.nfd() {
        let last = reading.letters.len().checked_sub(1);
        match (c.to_ascii_lowercase(), last) {
            ('v', _) => {
                reading.umlauts.push(reading.letters.len());
                reading.letters.push('u');
            }
            (letter @ 'a'..='z', _) => reading.letters.push(letter),
            (':' | '\u{308}', Some(last)) if reading.letters.ends_with('u') => reading.umlauts.push(last),
            ('\u{304}', Some(last)) => reading.tones.push((last, 1)),
            ('\u{301}', Some(last)) => reading.tones.push((last, 2)),
            ('\u{30c}' | '\u{306}', Some(last)) => reading.tones.push((last, 3)),
            ('\u{300}', Some(last)) => reading.tones.push((last, 4)),
            ('0', Some(last)) => reading.tones.push((last, 5)),
            (tone @ '1'..='5', Some(last)) => reading.tones.push((last, tone as u8 - b'0')),
            (' ' | '\'' | '’' | '-' | ',' | '·', _) => {}
            _ => return None,
        }
    }
    (!reading.letters.is_empty()).then_some(reading)
}

impl Reading {
    /// Whether it says more than letters.
    pub(crate) fn has_marks(&self) -> bool {
        !self.tones.is_empty() || !self.umlauts.is_empty()
    }

    /// Whether a dictionary's reading, whose letters begin with these, has the tones and ü that are written here.
    pub(crate) fn agrees(&self, pinyin: &str) -> bool {
        let Some(full) = parse(pinyin) else { return false };
        // A dictionary's tones stand behind their syllable: the next one at or behind a letter is its own.
        let mut behind = 0;
        let mut has_tone = |letter: usize, wanted: u8| {
            let own = full.tones.iter().find(|(end, _)| *end >= letter);
            // No syllable has two.
            let agrees = own.is_some_and(|(end, tone)| *tone == wanted && *end >= behind);
            behind = own.map_or(behind, |(end, _)| end + 1);
            agrees
        };
        self.tones.iter().all(|(letter, wanted)| has_tone(*letter, *wanted))
            && self.umlauts.iter().all(|letter| full.umlauts.contains(letter))
    }
}

/// The letters of a reading, without tones, spaces and marks: what readings are compared by. Empty when the text is
/// no pinyin.
pub fn key(text: &str) -> String {
    parse(text).map(|reading| reading.letters).unwrap_or_default()
}

/// A reading with tone marks instead of numbers: `ni3 hao3` becomes `nǐ hǎo`.
pub fn with_marks(pinyin: &str) -> String {
    let syllables: Vec<String> = pinyin.split(' ').map(mark).collect();
    syllables.join(" ")
}

fn mark(syllable: &str) -> String {
    let plain = syllable.replace("u:", "ü").replace("U:", "Ü");
    let Some((tone @ ('1'..='5'), letters)) =
        plain.chars().last().map(|tone| (tone, &plain[..plain.len() - tone.len_utf8()]))
    else {
        return plain;
    };
    if letters.is_empty() || !letters.chars().all(char::is_alphabetic) {
        return plain;
    }
    let lower = letters.to_lowercase();
    let is_vowel = |c: &(usize, char)| "aeiouü".contains(c.1);
    // The mark stands on a or e, on the o of ou, else on the last vowel.
    let place = lower
        .find(['a', 'e'])
        .or_else(|| lower.find("ou"))
        .or_else(|| lower.char_indices().rfind(is_vowel).map(|(at, _)| at));
    let combining = match tone {
        '1' => "\u{304}",
        '2' => "\u{301}",
        '3' => "\u{30c}",
        '4' => "\u{300}",
        _ => "",
    };
    let Some(place) = place else { return letters.to_owned() };
    let end = place + letters[place..].chars().next().map_or(0, char::len_utf8);
    format!("{}{combining}{}", &letters[..end], &letters[end..]).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_have_the_same_letters() {
        for text in ["ni3 hao3", "nǐ hǎo", "nihao", "NI HAO", "ni'hao", "nǐhǎo"] {
            assert_eq!(key(text), "nihao", "{text}");
        }
        for text in ["lu:4", "lü4", "lv4", "lǜ", "lu"] {
            assert_eq!(key(text), "lu", "{text}");
        }
        for text in ["", "你好", "a=b", "3"] {
            assert_eq!(key(text), "", "{text}");
        }
    }

    #[test]
    fn only_tones_and_umlauts_that_are_written_have_to_agree() {
        let agrees = |wanted: &str, pinyin: &str| parse(wanted).unwrap().agrees(pinyin);
        for wanted in ["nihao", "ni3hao3", "nǐ hǎo", "ni3 hao", "nihǎo"] {
            assert!(agrees(wanted, "ni3 hao3"), "{wanted}");
        }
        assert!(!agrees("ni2hao3", "ni3 hao3"));
        assert!(!agrees("níhǎo", "ni3 hao3"));
        assert!(agrees("māma", "ma1 ma5"));
        assert!(agrees("ma1ma5", "ma1 ma5"));
        assert!(!agrees("ma1ma1", "ma1 ma5"));
        assert!(agrees("lv4", "lu:4") && agrees("lǜ", "lu:4") && agrees("lu4", "lu:4"));
        assert!(!agrees("lv4", "lu4"));
        assert!(agrees("xī'ān", "xi1 an1"), "the tone of the right syllable counts");
        assert!(!agrees("xi1an1", "xian1"), "one syllable is not two");
    }

    #[test]
    fn tones_become_marks() {
        for (plain, marked) in [
            ("ni3 hao3", "nǐ hǎo"),
            ("lu:4", "lǜ"),
            ("gou3", "gǒu"),
            ("gui4", "guì"),
            ("liu2", "liú"),
            ("Bei3 jing1", "Běi jīng"),
            ("ma1 ma5", "mā ma"),
            ("san1 C", "sān C"),
            ("m2", "m"),
            ("xue2", "xué"),
            ("A1", "Ā"),
            ("xx5", "xx"),
            (", 3", ", 3"),
        ] {
            assert_eq!(with_marks(plain), marked);
        }
    }
}
