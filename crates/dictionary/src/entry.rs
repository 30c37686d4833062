//! One line of a dictionary in the CC-CEDICT format: `傳統 传统 [chuan2 tong3] /tradition/traditional/`.

/// Bytes of one line.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a headword or of its reading.
const WORD_BYTES_MAX: usize = 1024;

/// A word with its reading and meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// In traditional characters.
    pub traditional: &'a str,
    /// In simplified characters.
    pub simplified: &'a str,
    /// Syllables with tone numbers, parted by spaces: `ni3 hao3`; ü is written `u:`.
    pub pinyin: &'a str,
    /// The meanings, parted by slashes.
    pub(crate) meanings: &'a str,
}

impl<'a> Entry<'a> {
    /// The meanings, most usual first.
    pub fn senses(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.meanings.split('/').filter(|sense| !sense.is_empty())
    }
}

/// A line that is not of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// Where the parts of a line are in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: u32,
    traditional: u16,
    simplified: u16,
    pinyin: u16,
    meanings: u16,
}

impl Place {
    /// Where the simplified headword begins.
    pub(crate) fn simplified_start(&self) -> u32 {
        self.start + u32::from(self.traditional) + 1
    }

    /// The entry in its text.
    pub(crate) fn entry<'a>(&self, text: &'a str) -> Entry<'a> {
        let part = |start: usize, len: u16| &text[start..start + usize::from(len)];
        let traditional = self.start as usize;
        let simplified = traditional + usize::from(self.traditional) + 1;
        let pinyin = simplified + usize::from(self.simplified) + 2;
        let meanings = pinyin + usize::from(self.pinyin) + 3;
        Entry {
            traditional: part(traditional, self.traditional),
            simplified: part(simplified, self.simplified),
            pinyin: part(pinyin, self.pinyin),
            meanings: part(meanings, self.meanings),
        }
    }
}

/// Reads one line that begins at `start` of its text.
pub(crate) fn place(line: &str, start: u32) -> Result<Place, &'static str> {
    const SHAPE: &str = "a line reads: TRADITIONAL SIMPLIFIED [pin1 yin1] /meaning/meaning/";
    if line.len() > LINE_BYTES_MAX {
        return Err("the line is too long");
    }
    let (traditional, rest) = line.split_once(' ').ok_or(SHAPE)?;
    let (simplified, rest) = rest.split_once(" [").ok_or(SHAPE)?;
    let (pinyin, rest) = rest.split_once("] /").ok_or(SHAPE)?;
    let meanings = rest.strip_suffix('/').ok_or(SHAPE)?;
    if [traditional, simplified, pinyin].iter().any(|part| part.is_empty() || part.len() > WORD_BYTES_MAX) {
        return Err("a headword or reading is empty or too long");
    }
    if simplified.contains(' ') || meanings.split('/').all(str::is_empty) {
        return Err(SHAPE);
    }
    // The bound of a line keeps every length within 16 bits.
    let len = |part: &str| part.len() as u16;
    Ok(Place {
        start,
        traditional: len(traditional),
        simplified: len(simplified),
        pinyin: len(pinyin),
        meanings: len(meanings),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_parts() {
        let line = "傳統 传统 [chuan2 tong3] /tradition/traditional/";
        let entry = place(line, 0).unwrap().entry(line);
        assert_eq!((entry.traditional, entry.simplified, entry.pinyin), ("傳統", "传统", "chuan2 tong3"));
        assert_eq!(entry.senses().collect::<Vec<_>>(), ["tradition", "traditional"]);
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for line in [
            "",
            "x",
            "一 一",
            "一 一 [yi1]",
            "一 一 [yi1] /one",
            "一 一 [] /one/",
            "一 一 [yi1] //",
            "一 一 二 [yi1] /one/",
        ] {
            assert!(place(line, 0).is_err(), "{line}");
        }
        assert!(place(&format!("一 一 [yi1] /{}/", "x".repeat(LINE_BYTES_MAX)), 0).is_err());
    }
}
