//! Search tokens of our own, in ASCII, so that every database finds the same: Chinese, Japanese and Korean text as
//! overlapping pairs, everything else as words. Only `[a-z0-9]` reaches the index: nothing can be injected.

use unicode_normalization::UnicodeNormalization as _;

/// Bytes of one token, at most.
const TOKEN_BYTES_MAX: usize = 80;
/// Terms of one query, at most.
const TERMS_MAX: usize = 16;

/// A piece of text: a run of CJK characters, or a word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Cjk(Vec<char>),
    Word(String),
}

fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '々' | '〆')
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    for c in lower.nfkc() {
        match (is_cjk(c), c.is_alphanumeric(), runs.last_mut()) {
            (true, _, Some(Run::Cjk(run))) => run.push(c),
            (true, ..) => runs.push(Run::Cjk(vec![c])),
            (false, true, Some(Run::Word(word))) if !word.is_empty() => word.push(c),
            (false, true, _) => runs.push(Run::Word(c.into())),
            // An empty word ends the run before it.
            (false, false, _) => runs.push(Run::Word(String::new())),
        }
    }
    runs.retain(|run| !matches!(run, Run::Word(word) if word.is_empty()));
    runs
}

fn pair(characters: &[char]) -> String {
    characters.iter().fold("cj".to_owned(), |token, c| format!("{token}{:05x}", u32::from(*c)))
}

/// Letters stay, others become their number; a prefix of a word is a prefix of its token.
fn word(text: &str) -> String {
    let mut token = String::from("ww");
    for c in text.chars() {
        let piece = match c {
            'a'..='p' | 'r'..='z' | '0'..='9' => c.to_string(),
            c => format!("q{:05x}", u32::from(c)),
        };
        if token.len() + piece.len() > TOKEN_BYTES_MAX {
            break;
        }
        token.push_str(&piece);
    }
    token
}

/// The tokens of a text, in order.
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(text) => tokens.push(word(&text)),
            Run::Cjk(characters) => {
                tokens.extend(characters.windows(2).map(pair));
                tokens.extend(characters.last().map(|last| pair(&[*last])));
            }
        }
    }
    tokens
}

/// The token that says in which conversation a message is: access is part of the same look-up.
pub(super) fn scope(conversation: u64) -> String {
    format!("kv{conversation:x}")
}

/// One term of a query: tokens in a row, the last perhaps only a beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    tokens: Vec<String>,
    prefix: bool,
}

/// A query: all terms must occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<Term>);

impl Query {
    /// Reads what a person typed; `None` when nothing in it can be searched for.
    pub fn parse(text: &str) -> Option<Self> {
        let runs = runs(text);
        let last = runs.len().checked_sub(1)?;
        let ends_in_word = text.nfkc().last().is_some_and(char::is_alphanumeric);
        let terms = runs
            .iter()
            .enumerate()
            .take(TERMS_MAX)
            .map(|(i, run)| match run {
                Run::Word(text) => Term { tokens: vec![word(text)], prefix: i == last && ends_in_word },
                Run::Cjk(one) if one.len() == 1 => Term { tokens: vec![pair(one)], prefix: true },
                Run::Cjk(many) => Term { tokens: many.windows(2).map(pair).collect(), prefix: false },
            })
            .collect();
        Some(Self(terms))
    }

    /// The token of which only the beginning is known.
    pub fn prefix(&self) -> Option<&str> {
        self.0.iter().find(|term| term.prefix).and_then(|term| term.tokens.first()).map(String::as_str)
    }

    /// As an FTS5 expression over some conversations. `expanded` are all tokens that the prefix stands for: asking
    /// for them by name lets FTS5 walk their lists only as far as the page goes, a prefix makes it merge them whole.
    pub fn fts5(&self, scopes: &[u64], expanded: Option<&[String]>) -> String {
        let terms = self.0.iter().map(|term| match (term.tokens.as_slice(), expanded) {
            (_, Some(expanded @ [_, ..])) if term.prefix => format!("({})", expanded.join(" OR ")),
            ([one], _) if term.prefix => format!("{one}*"),
            ([one], _) => one.clone(),
            (many, _) => format!("\"{}\"", many.join(" ")),
        });
        let scopes: Vec<String> = scopes.iter().map(|id| scope(*id)).collect();
        let mut all: Vec<String> = terms.collect();
        all.push(format!("({})", scopes.join(" OR ")));
        all.join(" AND ")
    }

    /// The same question asked of one text, for what is not indexed yet.
    pub fn matches(&self, text: &str) -> bool {
        let tokens = tokens(text);
        self.0.iter().all(|term| {
            tokens.windows(term.tokens.len()).any(|window| {
                let exact = |(token, wanted): (&String, &String)| token == wanted;
                match (term.prefix, window, term.tokens.as_slice()) {
                    (true, [token], [wanted]) => token.starts_with(wanted.as_str()),
                    _ => window.iter().zip(&term.tokens).all(exact),
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chinese_is_found_by_one_two_and_more_characters() {
        let text = "今天火箭发射成功 Hello World";
        for found in
            ["火", "火箭", "火箭发射", "成功", "功", "hello", "HELLO", "wor", "hello wor", "火箭 hello"]
        {
            assert!(Query::parse(found).unwrap().matches(text), "{found}");
        }
        for missing in ["箭火", "火发", "orld", "hell world", "今天成功", "x"] {
            assert!(!Query::parse(missing).unwrap().matches(text), "{missing}");
        }
        assert_eq!(Query::parse(" ,!? "), None);
    }

    proptest! {
        #[test]
        fn every_part_of_a_chinese_text_is_found(text in "[\u{4e00}-\u{4e20}]{1,12}", from in 0_usize..12, len in 1_usize..6) {
            let characters: Vec<char> = text.chars().collect();
            let part: String = characters.iter().skip(from).take(len).collect();
            if let Some(query) = Query::parse(&part) {
                prop_assert!(query.matches(&text));
            }
        }

        #[test]
        fn chinese_matches_exactly_when_it_is_a_substring(text in "[\u{4e00}-\u{4e03}]{1,8}", part in "[\u{4e00}-\u{4e03}]{1,3}") {
            prop_assert_eq!(Query::parse(&part).unwrap().matches(&text), text.contains(&part));
        }

        #[test]
        fn only_plain_letters_reach_the_index(text in "\\PC{0,60}") {
            let plain = |token: &String| token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            prop_assert!(tokens(&text).iter().all(plain));
            if let Some(query) = Query::parse(&text) {
                let allowed = |c: char| c.is_ascii_alphanumeric() || " \"*()".contains(c);
                prop_assert!(query.fts5(&[1, 2], None).chars().all(allowed));
            }
        }
    }
}
