//! Names of languages, and which language a text is in.
//!
//! On the wire a language is a BCP 47 tag in lower case whose first part is the short code of ISO 639-1 where there is
//! one (`en`, `zh`, `pt-br`). Engines have their own names; [`tag`] reads both kinds.

use whatlang::{Detector, Lang};

/// ISO 639-1 and ISO 639-3. Where several long codes stand for one short, all are listed, the usual one first.
const CODES: &[(&str, &str)] = &[
    ("af", "afr"),
    ("ak", "aka"),
    ("am", "amh"),
    ("an", "arg"),
    ("ar", "ara"),
    ("ar", "arb"),
    ("az", "aze"),
    ("be", "bel"),
    ("bg", "bul"),
    ("bn", "ben"),
    ("br", "bre"),
    ("bs", "bos"),
    ("ca", "cat"),
    ("cs", "ces"),
    ("cv", "chv"),
    ("cy", "cym"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("eo", "epo"),
    ("es", "spa"),
    ("et", "est"),
    ("eu", "eus"),
    ("fa", "pes"),
    ("fa", "fas"),
    ("fi", "fin"),
    ("fo", "fao"),
    ("fr", "fra"),
    ("ga", "gle"),
    ("gd", "gla"),
    ("gl", "glg"),
    ("gu", "guj"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("hy", "hye"),
    ("id", "ind"),
    ("is", "isl"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("jv", "jav"),
    ("ka", "kat"),
    ("kk", "kaz"),
    ("km", "khm"),
    ("kn", "kan"),
    ("ko", "kor"),
    ("ky", "kir"),
    ("la", "lat"),
    ("lt", "lit"),
    ("lv", "lav"),
    ("mk", "mkd"),
    ("ml", "mal"),
    ("mr", "mar"),
    ("ms", "msa"),
    ("ms", "zlm"),
    ("mt", "mlt"),
    ("my", "mya"),
    ("nb", "nob"),
    ("ne", "nep"),
    ("nl", "nld"),
    ("nn", "nno"),
    ("oc", "oci"),
    ("or", "ori"),
    ("pa", "pan"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("sc", "srd"),
    ("sh", "hbs"),
    ("si", "sin"),
    ("sk", "slk"),
    ("sl", "slv"),
    ("sn", "sna"),
    ("sq", "sqi"),
    ("sr", "srp"),
    ("sv", "swe"),
    ("ta", "tam"),
    ("te", "tel"),
    ("th", "tha"),
    ("tk", "tuk"),
    ("tl", "tgl"),
    ("tr", "tur"),
    ("tt", "tat"),
    ("uk", "ukr"),
    ("ur", "urd"),
    ("uz", "uzb"),
    ("vi", "vie"),
    ("yi", "yid"),
    ("zh", "cmn"),
    ("zh", "zho"),
    ("zu", "zul"),
];

/// Bytes of a tag.
const TAG_BYTES_MAX: usize = 35;
/// Detecting looks at so much of a text.
const DETECT_BYTES_MAX: usize = 2_000;

/// A language as the wire names it; `None` when the name has not the form of one.
pub(super) fn tag(name: &str) -> Option<String> {
    let lower = name.trim().to_ascii_lowercase().replace('_', "-");
    let form = (2..=TAG_BYTES_MAX).contains(&lower.len())
        && lower
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    let first = lower.split('-').next().filter(|_| form)?;
    let short = CODES.iter().find(|(_, long)| *long == first).map_or(first, |(short, _)| *short);
    Some(format!("{short}{}", &lower[first.len()..]))
}

/// The first part of a tag: the language without region and script.
pub(super) fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// A language that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its tag.
    pub(super) language: String,
    /// Whether it is most likely the right one.
    pub(super) reliable: bool,
}

/// The language of a text. Where the text alone does not decide, one of `likely` is preferred.
pub(super) fn detect(text: &str, likely: &[&str]) -> Option<Found> {
    let text = &text[..text.floor_char_boundary(DETECT_BYTES_MAX)];
    let found = |info: whatlang::Info| {
        tag(info.lang().code()).map(|language| Found { language, reliable: info.is_reliable() })
    };
    let among_all = Detector::new().detect(text).and_then(found);
    if among_all.as_ref().is_none_or(|found| found.reliable) || likely.is_empty() {
        return among_all;
    }
    let long = CODES.iter().filter(|(short, _)| likely.contains(short)).map(|(_, long)| *long);
    let likely: Vec<Lang> = long.filter_map(Lang::from_code).collect();
    let among_likely = Detector::with_allowlist(likely).detect(text).and_then(found);
    among_likely.or(among_all).map(|found| Found { reliable: false, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_language_has_one_tag() {
        for (name, expected) in [
            ("eng", "en"),
            ("EN", "en"),
            ("en_US", "en-us"),
            ("eng_US", "en-us"),
            ("zh-Hans", "zh-hans"),
            ("cmn", "zh"),
            ("zho", "zh"),
            ("nob", "nb"),
            ("tlh", "tlh"),
        ] {
            assert_eq!(tag(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", "e", "en us", "en--us", "-en", "en/../x", "中文", &"en-".repeat(20)] {
            assert_eq!(tag(name), None, "{name}");
        }
    }

    #[test]
    fn whatlang_and_the_table_know_the_same_languages() {
        for lang in Lang::all() {
            assert!(CODES.iter().any(|(_, long)| *long == lang.code()), "{}", lang.code());
        }
        assert!(CODES.is_sorted_by(|one, other| one.0 <= other.0));
    }

    #[test]
    fn the_language_of_a_text_is_found() {
        let language = |text: &str, likely: &[&str]| detect(text, likely).map(|found| found.language);
        assert_eq!(
            language("The house on the hill is red and has many windows.", &[]).as_deref(),
            Some("en")
        );
        assert_eq!(language("我们明天去看火箭发射", &["en", "es"]).as_deref(), Some("zh"));
        assert_eq!(language("the red house", &["en", "es"]).as_deref(), Some("en"));
        assert_eq!(language("la casa roja", &["en", "es"]).as_deref(), Some("es"));
        assert_eq!(language("123 !!", &["en"]), None);
        assert_eq!(language("", &[]), None);
        assert!(!detect("la casa roja", &["en", "es"]).unwrap().reliable);
    }
}
