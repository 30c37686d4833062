//! `md1`: the closed Markdown subset of texts, from words to spans.
//!
//! It knows nothing of views: a span says which bytes it covers and which of them are to be shown, and whatever
//! lies in no span is shown as it is. It never makes HTML. Start with [`spans`]; `vectors/markdown.json` and
//! `PROTOCOL.md` hold the rules. One pass over the lines, one over each line, no recursion.

use std::ops::Range;

/// What a text's `format` says for these rules.
pub const FORMAT: &str = "md1";
/// Quotes inside each other, at most; further `>` are literal.
pub const QUOTE_DEPTH_MAX: usize = 4;
/// Levels of list items; what is indented further is literal.
pub const ITEM_LEVELS: usize = 4;
/// Digits of a list item's number, at most.
pub const NUMBER_DIGITS_MAX: usize = 9;
/// Bytes of a link's address, at most.
pub const URL_BYTES_MAX: usize = 2048;
/// Bytes of a code block's language, at most.
pub const LANGUAGE_BYTES_MAX: usize = 32;
/// Spans around one byte, at most: quotes, an item, then bold, italic, strike, link, and code or an escape.
pub const DEPTH_MAX: usize = QUOTE_DEPTH_MAX + 1 + 4 + 1;
/// How an address may begin, in any case of letters; something has to follow.
pub const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

const FENCE: &str = "```";

/// What a span is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The rest of a line behind `>`. Neighbouring lines of one depth make one quote.
    Quote,
    /// The rest of a line behind `- ` or `1. `.
    Item {
        /// How deep, from 0.
        level: usize,
        /// Its number, if the list is numbered.
        number: Option<u32>,
    },
    /// Lines between fences, to be shown as they are.
    CodeBlock {
        /// The bytes of the language's name; empty when there is none.
        language: Range<usize>,
    },
    /// `**bold**`
    Bold,
    /// `_italic_`
    Italic,
    /// `~~strike~~`
    Strike,
    /// `` `code` ``, to be shown as it is.
    Code,
    /// `[label](address)`
    Link {
        /// The bytes of the address.
        url: Range<usize>,
    },
    /// A backslash and the mark that it makes literal.
    Escape,
}

impl Kind {
    /// The name in the vectors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Item { .. } => "item",
            Self::CodeBlock { .. } => "code_block",
            Self::Bold => "bold",
            Self::Italic => "italic",
            Self::Strike => "strike",
            Self::Code => "code",
            Self::Link { .. } => "link",
            Self::Escape => "escape",
        }
    }
}

/// A part of the text with a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: Kind,
    /// All its bytes, its marks included.
    pub at: Range<usize>,
    /// The bytes to show; the others of `at` are marks.
    pub inner: Range<usize>,
}

/// The spans of a text, each before those inside it, in the order of their first bytes. Spans nest or lie apart.
pub fn spans(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut fences_left = true;
    while start < text.len() {
        let (end, next) = line(text, start);
        if fences_left && let Some(language) = opens_fence(&text[start..end]) {
            let language = start + language.start..start + language.end;
            if let Some((block, after)) = code_block(text, start, next, language) {
                out.push(block);
                start = after;
                continue;
            }
            // No line from here on closes a block: looking once is enough.
            fences_left = false;
        }
        line_spans(text, start, end, &mut out);
        start = next;
    }
    out
}

/// Where the line ends (without its LF, or CR LF) and the next one begins.
fn line(text: &str, start: usize) -> (usize, usize) {
    match text[start..].find('\n') {
        None => (text.len(), text.len()),
        Some(length) => {
            let end = start + length;
            let bare = if text[start..end].ends_with('\r') { end - 1 } else { end };
            (bare, end + 1)
        }
    }
}

fn opens_fence(line: &str) -> Option<Range<usize>> {
    let language = line.strip_prefix(FENCE)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'#' | b'.' | b'_' | b'-');
    (language.len() <= LANGUAGE_BYTES_MAX && language.bytes().all(fits)).then_some(FENCE.len()..line.len())
}

fn code_block(text: &str, start: usize, body: usize, language: Range<usize>) -> Option<(Span, usize)> {
    let (mut from, mut inner_end) = (body, body);
    while from < text.len() {
        let (end, next) = line(text, from);
        if &text[from..end] == FENCE {
            let span = Span { kind: Kind::CodeBlock { language }, at: start..end, inner: body..inner_end };
            return Some((span, next));
        }
        inner_end = end;
        from = next;
    }
    None
}

fn line_spans(text: &str, start: usize, end: usize, out: &mut Vec<Span>) {
    let bytes = &text.as_bytes()[..end];
    let mut at = start;
    for _ in 0..QUOTE_DEPTH_MAX {
        if bytes.get(at) != Some(&b'>') {
            break;
        }
        let inner = if bytes.get(at + 1) == Some(&b' ') { at + 2 } else { at + 1 };
        out.push(Span { kind: Kind::Quote, at: at..end, inner: inner..end });
        at = inner;
    }
    if let Some((kind, inner)) = item(&bytes[at..]) {
        out.push(Span { kind, at: at..end, inner: at + inner..end });
        at += inner;
    }
    let base = out.len();
    out.append(
        &mut Inline { bytes, from: at, at, open: Vec::new(), found: Vec::new(), code_left: true }.run(),
    );
    debug_assert!(out[base..].is_sorted_by_key(|span| span.at.start));
}

/// A list item's kind and the bytes of its mark; something has to follow.
fn item(line: &[u8]) -> Option<(Kind, usize)> {
    let indent = line.iter().take_while(|b| **b == b' ').count();
    let level = indent / 2;
    if indent % 2 != 0 || level >= ITEM_LEVELS {
        return None;
    }
    let rest = &line[indent..];
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, mark) = if digits == 0 {
        (None, rest.starts_with(b"- ").then_some(2)?)
    } else if digits <= NUMBER_DIGITS_MAX && rest[digits..].starts_with(b". ") {
        let number = rest[..digits].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        (Some(number), digits + 2)
    } else {
        return None;
    };
    (rest.len() > mark).then_some((Kind::Item { level, number }, indent + mark))
}

/// A mark that may be open: at most one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Strike,
    Link,
}

/// One line, from left to right.
struct Inline<'a> {
    /// The text up to the line's end.
    bytes: &'a [u8],
    /// Where the line's own words begin.
    from: usize,
    at: usize,
    /// Marks that wait for their end, outermost first, with their place in `found`.
    open: Vec<(Mark, usize)>,
    /// What was found, in order; a mark without its end stays empty.
    found: Vec<Option<Span>>,
    /// Whether a code span may still find its end on this line.
    code_left: bool,
}

impl Inline<'_> {
    fn run(mut self) -> Vec<Span> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.escape(),
                b'`' => self.code(),
                b'*' => self.mark(Mark::Bold, 2),
                b'~' => self.mark(Mark::Strike, 2),
                b'_' => self.mark(Mark::Italic, 1),
                b'[' => self.link_begins(),
                b']' => self.link_ends(),
                _ => self.at += 1,
            }
        }
        for (_, place) in self.open {
            self.found[place] = None;
        }
        self.found.into_iter().flatten().collect()
    }

    fn escape(&mut self) {
        if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_punctuation) {
            let (at, inner) = (self.at..self.at + 2, self.at + 1..self.at + 2);
            self.found.push(Some(Span { kind: Kind::Escape, at, inner }));
            self.at += 2;
        } else {
            self.at += 1;
        }
    }

    /// How many of the byte at `at` follow each other.
    fn run_length(&self, at: usize) -> usize {
        self.bytes[at..].iter().take_while(|byte| **byte == self.bytes[at]).count()
    }

    fn code(&mut self) {
        let start = self.at;
        let length = self.run_length(start);
        self.at += length;
        if length != 1 || !self.code_left {
            return;
        }
        let mut at = self.at;
        while at < self.bytes.len() {
            if self.bytes[at] != b'`' {
                at += 1;
                continue;
            }
            let length = self.run_length(at);
            if length == 1 {
                let span = Span { kind: Kind::Code, at: start..at + 1, inner: start + 1..at };
                self.found.push(Some(span));
                self.at = at + 1;
                return;
            }
            at += length;
        }
        self.code_left = false;
    }

    fn mark(&mut self, mark: Mark, width: usize) {
        let start = self.at;
        let length = self.run_length(start);
        self.at += length;
        if length != width {
            return;
        }
        let before = (start > self.from).then(|| self.bytes[start - 1]);
        let after = self.bytes.get(self.at).copied();
        let touches = |byte: Option<u8>| byte.is_some_and(|byte| !matches!(byte, b' ' | b'\t'));
        let word = |byte: Option<u8>| mark == Mark::Italic && byte.is_some_and(|b| b.is_ascii_alphanumeric());
        let opened = self.open.iter().rposition(|(one, _)| *one == mark);
        if let Some(index) = opened.filter(|_| touches(before) && !word(after)) {
            let place = self.close(index);
            self.found[place] = self.found[place].take().map(|span| Span {
                at: span.at.start..start + width,
                inner: span.inner.start..start,
                ..span
            });
        } else if touches(after) && !word(before) {
            let kind = match mark {
                Mark::Bold => Kind::Bold,
                Mark::Strike => Kind::Strike,
                Mark::Italic | Mark::Link => Kind::Italic,
            };
            self.open(mark, kind, start..start + width);
        }
    }

    /// A mark begins here. An earlier one of its kind that found no end so far is literal.
    fn open(&mut self, mark: Mark, kind: Kind, at: Range<usize>) {
        if let Some(index) = self.open.iter().rposition(|(one, _)| *one == mark) {
            let (_, place) = self.open.remove(index);
            self.found[place] = None;
        }
        self.open.push((mark, self.found.len()));
        let inner = at.end..at.end;
        self.found.push(Some(Span { kind, at, inner }));
    }

    /// The mark has found its end: marks that began inside it and did not are literal. Answers its place.
    fn close(&mut self, index: usize) -> usize {
        for (_, place) in self.open.drain(index + 1..) {
            self.found[place] = None;
        }
        self.open.remove(index).1
    }

    fn link_begins(&mut self) {
        self.open(Mark::Link, Kind::Link { url: 0..0 }, self.at..self.at + 1);
        self.at += 1;
    }

    fn link_ends(&mut self) {
        let end = self.at;
        self.at += 1;
        let Some(index) = self.open.iter().rposition(|(mark, _)| *mark == Mark::Link) else { return };
        let begin = self.found[self.open[index].1].as_ref().map_or(end, |span| span.at.start);
        if let Some(url) = address(self.bytes, self.at).filter(|_| end > begin + 1) {
            let place = self.close(index);
            self.at = url.end + 1;
            self.found[place] =
                Some(Span { kind: Kind::Link { url }, at: begin..self.at, inner: begin + 1..end });
        } else {
            let (_, place) = self.open.remove(index);
            self.found[place] = None;
        }
    }
}

/// The address in brackets at this place. Only printable ASCII: an address cannot look like another one.
fn address(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if bytes.get(at) != Some(&b'(') {
        return None;
    }
    let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'<' | b'>' | b'"' | b'\\' | b'`');
    let start = at + 1;
    let length = bytes[start..].iter().take(URL_BYTES_MAX + 1).take_while(|b| fits(**b)).count();
    let url = &bytes[start..start + length];
    let scheme = |scheme: &&str| {
        url.len() > scheme.len() && url[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes())
    };
    let good =
        length <= URL_BYTES_MAX && bytes.get(start + length) == Some(&b')') && SCHEMES.iter().any(scheme);
    good.then_some(start..start + length)
}

#[cfg(test)]
mod tests;
