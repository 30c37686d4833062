//! The vectors, and what holds for every text.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn described(text: &str) -> Value {
    let pair = |range: &Range<usize>| json!([range.start, range.end]);
    let one = |span: &Span| {
        let mut object = json!({"kind": span.kind.name(), "at": pair(&span.at), "inner": pair(&span.inner)});
        match &span.kind {
            Kind::Item { level, number } => {
                object["level"] = json!(level);
                if let Some(number) = number {
                    object["number"] = json!(number);
                }
            }
            Kind::CodeBlock { language } if !language.is_empty() => {
                object["language"] = json!(text[language.clone()]);
            }
            Kind::Link { url } => object["url"] = json!(text[url.clone()]),
            _ => {}
        }
        object
    };
    spans(text).iter().map(one).collect()
}

#[test]
fn the_vectors_hold() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/markdown.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 50);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        assert_eq!(described(text), case["spans"], "{}: {text:?}", case["name"]);
    }
    for case in vectors["repeated"].as_array().unwrap() {
        let unit = case["unit"].as_str().unwrap();
        let text = unit.repeat(case["times"].as_u64().unwrap() as usize);
        assert_eq!(spans(&text).len() as u64, case["spans"].as_u64().unwrap(), "{unit:?}");
    }
}

fn check(text: &str) {
    let found = spans(text);
    let mut around: Vec<&Span> = Vec::new();
    let mut last = None;
    for span in &found {
        assert!(last < Some(span.at.start), "in order: {text:?}");
        last = Some(span.at.start);
        assert!(span.at.start < span.inner.start && span.inner.start <= span.inner.end);
        assert!(span.inner.end <= span.at.end && span.at.end <= text.len());
        for place in [span.at.start, span.at.end, span.inner.start, span.inner.end] {
            assert!(text.is_char_boundary(place), "{place} in {text:?}");
        }
        around.retain(|outer| outer.at.end > span.at.start);
        if let Some(outer) = around.last() {
            assert!(span.at.start >= outer.inner.start && span.at.end <= outer.inner.end, "{text:?}");
            assert!(!matches!(outer.kind, Kind::Code | Kind::CodeBlock { .. } | Kind::Escape));
            let twice = |one: &&Span| one.kind == span.kind && span.kind != Kind::Quote;
            assert!(!around.iter().any(twice), "a mark inside itself: {text:?}");
        }
        around.push(span);
        assert!(around.len() <= DEPTH_MAX);
    }
}

proptest! {
    #[test]
    fn spans_nest_and_stay_inside_the_text(text in "\\PC{0,80}") {
        check(&text);
    }

    #[test]
    fn spans_of_marks_nest_and_stay_inside_the_text(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "**", "*", "_", "__", "~~", "~", "`", "``", "```", "\\", "[", "](https://a.b/)", "](", ")", "]",
            "\n", "\r\n", "> ", ">", "- ", "1. ", "  ", " ", "a", "你", "\u{301}", "<b>", "```rust\n",
        ]), 0..60)
    ) {
        check(&parts.concat());
    }

    #[test]
    fn a_text_whose_marks_are_all_escaped_is_only_escapes(text in "\\PC{0,60}") {
        let escaped: String = text
            .chars()
            .flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]))
            .collect();
        let shown: String = {
            let hidden: Vec<usize> = spans(&escaped)
                .iter()
                .filter(|span| span.kind == Kind::Escape)
                .map(|span| span.at.start)
                .collect();
            escaped.char_indices().filter(|(at, _)| !hidden.contains(at)).map(|(_, c)| c).collect()
        };
        prop_assert_eq!(shown, text);
        prop_assert!(spans(&escaped).iter().all(|span| span.kind == Kind::Escape));
    }
}
