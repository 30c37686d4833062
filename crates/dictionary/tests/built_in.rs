//! CC-CEDICT as it comes with the crate.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::sync::OnceLock;

use litrocket_dictionary::{Direction, HITS_MAX, Hit, Index, Match, built_in};

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::new(built_in().unwrap()).unwrap())
}

/// The first entries, as simplified headwords with how they fit.
fn first(text: &str, count: usize) -> Vec<(&'static str, Match)> {
    let hits: Vec<Hit> = index().look(text, None);
    assert!(hits.len() <= HITS_MAX);
    hits.iter().take(count).map(|hit| (index().entry(hit.entry).unwrap().simplified, hit.matched)).collect()
}

fn best(text: &str) -> (&'static str, Match) {
    *first(text, 1).first().unwrap_or_else(|| panic!("nothing fits {text}"))
}

#[test]
fn it_is_all_there_and_small_in_memory() {
    assert!(index().len() > 120_000, "{}", index().len());
    assert!(index().bytes() < 24 * 1024 * 1024, "{}", index().bytes());
    for id in 0..index().len() as u32 {
        let entry = index().entry(id).unwrap();
        let found = index().find(entry.traditional, entry.simplified, entry.pinyin);
        assert_eq!(found, Some(entry));
    }
}

#[test]
fn chinese_is_found_in_either_script() {
    assert_eq!(best("火箭"), ("火箭", Match::Exact));
    assert_eq!(best("電腦"), ("电脑", Match::Exact));
    assert_eq!(best("电脑"), ("电脑", Match::Exact));
    let found = first("火箭", 100);
    assert!(found.contains(&("火箭筒", Match::Prefix)));
    assert!(found.contains(&("助推火箭", Match::Part)));
    assert_eq!(first("水", 2)[1].0, "水", "the surname stands behind the word");
}

#[test]
fn pinyin_is_found_with_and_without_tones() {
    for text in ["nihao", "ni hao", "ni3 hao3", "ni3hao3", "nǐ hǎo", "NiHao"] {
        assert_eq!(best(text), ("你好", Match::Exact), "{text}");
    }
    assert_eq!(best("lǜ sè"), ("绿色", Match::Exact));
    assert_eq!(best("lvse"), ("绿色", Match::Exact));
    assert!(first("ma1ma5", 10).contains(&("妈妈", Match::Exact)));
    assert!(!first("mǎmà", 500).contains(&("妈妈", Match::Exact)), "tones that are written count");
    assert!(first("zhongg", 200).contains(&("中国", Match::Prefix)));
}

#[test]
fn english_is_found_with_its_inflections() {
    assert_eq!(best("rocket"), ("火箭", Match::Exact));
    assert_eq!(best("rockets"), ("火箭", Match::Form));
    assert_eq!(best("fire engine"), ("消防车", Match::Exact));
    assert_eq!(best("water").0, "水");
    assert_eq!(best("to eat").0, "吃");
    for (text, word) in [
        ("happy", "快乐"),
        ("friend", "朋友"),
        ("friends", "朋友"),
        ("children", "孩子"),
        ("went", "去"),
        ("running", "跑"),
        ("hello", "你好"),
        ("bigger", "大"),
    ] {
        let found = first(text, 10);
        assert!(found.iter().any(|(found, _)| *found == word), "{text}: {found:?}");
    }
    let words = |text: &str| first(text, HITS_MAX).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert!(words("carrier rocket").contains(&"运载火箭"));
}

#[test]
fn what_is_misspelt_is_found_all_the_same() {
    for (text, word) in
        [("rokcet", "火箭"), ("helo", "你好"), ("zhongo", "中国"), ("beutiful", "美"), ("火剑筒", "火箭筒")]
    {
        let found = first(text, HITS_MAX);
        let near = |(found, matched): &(&str, Match)| *found == word && *matched == Match::Near;
        assert!(found.iter().any(near), "{text}: {found:?}");
    }
    assert!(first("友朋", 5).iter().any(|(word, _)| *word == "朋友"), "two swapped characters");
}

#[test]
fn a_direction_leaves_the_other_language_out() {
    let has = |text: &str, direction, word: &str| {
        let hits = index().look(text, Some(direction));
        hits.iter().any(|hit| index().entry(hit.entry).unwrap().simplified == word)
    };
    assert!(has("hao", Direction::FromChinese, "好") && !has("hao", Direction::FromEnglish, "好"));
    assert!(has("rocket", Direction::FromEnglish, "火箭") && !has("rocket", Direction::FromChinese, "火箭"));
    assert!(index().look("火箭", Some(Direction::FromEnglish)).is_empty());
}

#[test]
fn nothing_odd_finds_anything_or_breaks() {
    for text in
        ["", " ", "\u{0}", "/", "[", "]", "((((", "%%%%%", "🚀🚀", "\u{10ffff}", "qqqqqqqqqqqqqqqqqqqqqq"]
    {
        let found = first(text, 1);
        assert!(found.is_empty(), "{text:?}: {found:?}");
    }
    let long = "火".repeat(80);
    assert!(first(&long, 1).is_empty());
}

#[test]
fn an_example_is_a_longer_word_read_the_same() {
    let example = |word: &str, pinyin: &str| {
        let entry = (0..index().len() as u32)
            .filter_map(|id| index().entry(id))
            .find(|entry| entry.simplified == word && entry.pinyin == pinyin)
            .unwrap();
        index().example(&entry).map(|example| example.simplified)
    };
    assert_eq!(example("快乐", "kuai4 le4"), Some("新年快乐"));
    assert!(example("长", "chang2").is_some_and(|word| word.contains('长')));
    assert_eq!(example("消防车", "xiao1 fang2 che1"), None);
}
