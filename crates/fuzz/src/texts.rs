//! Texts of people and operators: names, Markdown, dictionaries, histories.

use litrocket_dictionary::{Direction, Index};
use litrocket_protocol::{
    markdown,
    names::{self, Handle},
};

use crate::Input;

pub(crate) fn names(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    if let Ok(handle) = Handle::parse(&text) {
        assert_eq!(Handle::parse(&handle.text).as_ref(), Ok(&handle), "{text:?}");
        assert!(handle.text.chars().count() <= 32, "{handle:?}");
    }
    for max in [1, 64] {
        if let Ok(clean) = names::clean_line(&text, max) {
            assert_eq!(names::clean_line(&clean, max).as_ref(), Ok(&clean), "{text:?}");
            assert!(clean.chars().count() <= max && !clean.contains(char::is_control), "{clean:?}");
        }
    }
    if names::is_emoji(&text) {
        assert!(text.len() <= 64 && !text.chars().any(|c| c.is_ascii_alphabetic()), "{text:?}");
    }
}

pub(crate) fn markdown(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    // The spans around the current one.
    let mut around: Vec<markdown::Span> = Vec::new();
    let mut at = 0;
    for span in markdown::spans(&text) {
        assert!(at <= span.at.start, "{text:?}: {span:?} begins before the one before it");
        at = span.at.start;
        while around.last().is_some_and(|outer| outer.at.end <= span.at.start) {
            around.pop();
        }
        assert!(
            text.is_char_boundary(span.at.start) && text.is_char_boundary(span.at.end),
            "{text:?}: {span:?}"
        );
        assert!(text.get(span.inner.clone()).is_some(), "{text:?}: {span:?}");
        let inside = |outer: &std::ops::Range<usize>, inner: &std::ops::Range<usize>| {
            outer.start <= inner.start && inner.end <= outer.end
        };
        assert!(inside(&span.at, &span.inner), "{text:?}: {span:?}");
        if let Some(outer) = around.last() {
            assert!(inside(&outer.inner, &span.at), "{text:?}: {span:?} leaves {outer:?}");
        }
        around.push(span);
        assert!(around.len() <= markdown::DEPTH_MAX, "{text:?}: {around:?}");
    }
}

pub(crate) fn dictionary(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (asked, text) = (input.line(), input.text());
    let Ok(index) = Index::new(text) else { return };
    // Bounded, as its callers do.
    let asked: String = asked.chars().take(64).collect();
    for direction in [None, Some(Direction::FromChinese), Some(Direction::FromEnglish)] {
        let hits = index.look(&asked, direction);
        assert!(hits.iter().all(|hit| index.entry(hit.entry).is_some()), "{asked:?}: {hits:?}");
    }
    for id in 0..index.len().min(50) {
        let entry = index.entry(u32::try_from(id).unwrap()).unwrap();
        assert!(entry.senses().all(|sense| !sense.contains('\n')), "{entry:?}");
        let found = index.find(entry.traditional, entry.simplified, entry.pinyin);
        assert!(found.is_some(), "{} {} is not found", entry.traditional, entry.pinyin);
    }
}

pub(crate) fn history(bytes: &[u8]) {
    // A rule or a report, for whatever is in the file.
    let _ = litrocket_history::check_file(bytes);
}
