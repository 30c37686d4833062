//! Name rules: account names (handles), names to show, single lines, emoji.
//!
//! A handle is for ever and unique by its key and by its skeleton, so that nobody can look like somebody else.
//! The rules follow UAX 15 (NFKC), UTS 39 (skeletons, restriction levels) and refuse what turns text around.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji as _, UnicodeGeneralCategory as _,
};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection as _, confusable_detection::skeleton};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{Fault, fault::code};

/// Characters of a handle, at least.
pub const HANDLE_CHARS_MIN: usize = 2;
/// Characters of a handle, at most.
pub const HANDLE_CHARS_MAX: usize = 32;
/// Characters of a name to show (person, group, device), at most.
pub const DISPLAY_CHARS_MAX: usize = 64;
/// Characters of a signature line, at most.
pub const LINE_CHARS_MAX: usize = 200;
/// Bytes of an emoji, at most.
pub const EMOJI_BYTES_MAX: usize = 64;

/// Names that would be taken for the system or for everybody.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "all",
    "deleted",
    "everybody",
    "everyone",
    "group",
    "here",
    "litrocket",
    "me",
    "moderator",
    "operator",
    "owner",
    "root",
    "saved",
    "support",
    "system",
];

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is left after trimming.
    Empty,
    /// Fewer characters than the least.
    TooShort,
    /// More characters than the most.
    TooLong,
    /// A character that is not allowed here, for example a control or a direction mark.
    BadCharacter,
    /// The first character is neither a letter nor a digit.
    BadStart,
    /// Letters of scripts that do not belong together.
    MixedScripts,
    /// Kept for the system.
    Reserved,
}

impl NameError {
    /// The stable word for it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::BadCharacter => "bad_character",
            Self::BadStart => "bad_start",
            Self::MixedScripts => "mixed_scripts",
            Self::Reserved => "reserved",
        }
    }
}

impl NameError {
    /// The fault for an account name: what one may be, in the point where this is none.
    pub fn handle_fault(self) -> Fault {
        let allowed = match self {
            Self::Empty | Self::TooShort | Self::TooLong => "An account name has 2 to 32 characters.",
            Self::BadCharacter => {
                "An account name has letters and digits, with _ - and . behind the first, and nothing else."
            }
            Self::BadStart => "An account name begins with a letter or a digit.",
            Self::MixedScripts => {
                "The letters of an account name are of one script, or Latin with Chinese, Japanese or Korean."
            }
            Self::Reserved => "This account name is kept for the system.",
        };
        Fault::new(code::BAD_HANDLE).message(allowed).param("reason", self.reason())
    }

    /// The fault for a name to show or a line of `least` to `most` characters.
    pub fn fault(self, field: &str, least: u64, most: usize) -> Fault {
        let fault = match self {
            Self::TooLong => Fault::new(code::TOO_LONG).within_characters(least, most as u64),
            Self::Empty => Fault::new(code::BAD_VALUE).within_characters(least, most as u64),
            other => Fault::new(code::BAD_VALUE).message(other.to_string()),
        };
        fault.field(field)
    }
}

impl std::fmt::Display for NameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "the name is empty",
            Self::TooShort => "the name is too short",
            Self::TooLong => "the name is too long",
            Self::BadCharacter => "a character is not allowed in the name",
            Self::BadStart => "the name must start with a letter or a digit",
            Self::MixedScripts => "the name mixes scripts that do not belong together",
            Self::Reserved => "the name is reserved",
        })
    }
}

impl std::error::Error for NameError {}

/// An account name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// As it is shown: NFKC of what was written.
    pub text: String,
    /// What it is looked up by: lower case.
    pub key: String,
    /// What it looks like: two handles with one skeleton cannot both exist.
    pub skeleton: String,
}

impl Handle {
    /// Reads a handle: 2 to 32 letters and digits of one script (or Latin with Chinese, Japanese or Korean),
    /// with `_`, `-` and `.` behind the first.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Normalising can make a text up to 18 times longer; nothing that long is a name.
        if text.len() > HANDLE_CHARS_MAX * 4 {
            return Err(NameError::TooLong);
        }
        let text: String = text.trim().nfkc().collect();
        let length = text.chars().count();
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if length < HANDLE_CHARS_MIN {
            return Err(NameError::TooShort);
        }
        if length > HANDLE_CHARS_MAX {
            return Err(NameError::TooLong);
        }
        if !text.chars().all(|c| c.is_alphanumeric() || is_mark(c) || matches!(c, '_' | '-' | '.')) {
            return Err(NameError::BadCharacter);
        }
        if !first.is_alphanumeric() {
            return Err(NameError::BadStart);
        }
        if text.as_str().detect_restriction_level() > RestrictionLevel::HighlyRestrictive {
            return Err(NameError::MixedScripts);
        }
        let key: String = text.to_lowercase().nfkc().collect();
        if RESERVED.contains(&key.as_str()) {
            return Err(NameError::Reserved);
        }
        let skeleton = skeleton(&key).collect();
        Ok(Self { text, key, skeleton })
    }
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// What a name that somebody typed is looked up by: a handle's key. What is no handle finds nobody, and is hardly longer than
/// one.
pub fn lookup_key(text: &str) -> String {
    let other = || text.chars().take(HANDLE_CHARS_MAX + 1).flat_map(char::to_lowercase).collect();
    Handle::parse(text).map_or_else(|_| other(), |handle| handle.key)
}

/// Whether a character turns the direction of text, or begins a line: where texts of others are shown it could make them
/// look like something else.
pub const fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name to show: 1 to `max` characters, white space trimmed and run together.
pub fn clean_display(text: &str, max: usize) -> Result<String, NameError> {
    let clean = clean_line(text, max)?;
    if clean.is_empty() { Err(NameError::Empty) } else { Ok(clean) }
}

/// A single line of 0 to `max` characters, white space trimmed and run together.
pub fn clean_line(text: &str, max: usize) -> Result<String, NameError> {
    if text.len() > max * 4 + 64 {
        return Err(NameError::TooLong);
    }
    let text: String = text.nfc().collect();
    let clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() > max {
        return Err(NameError::TooLong);
    }
    // The joiner is part of emoji such as families; everything else that cannot be seen is refused.
    let bad = |c: char| {
        c != '\u{200d}'
            && matches!(
                c.general_category(),
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::PrivateUse
                    | GeneralCategory::Surrogate
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
                    | GeneralCategory::Unassigned
            )
    };
    let visible = |c: char| !c.is_whitespace() && c != '\u{200d}' && !is_mark(c);
    if clean.chars().any(bad) || !clean.is_empty() && !clean.chars().any(visible) {
        return Err(NameError::BadCharacter);
    }
    Ok(clean)
}

/// Whether the text is one emoji: one grapheme cluster of at most 64 bytes that is shown as a picture.
pub fn is_emoji(text: &str) -> bool {
    if text.len() > EMOJI_BYTES_MAX || text.graphemes(true).count() != 1 {
        return false;
    }
    let picture = |c: char| c.is_emoji_char() && !c.is_ascii();
    let keycap =
        text.ends_with('\u{20e3}') && text.starts_with(|c: char| c.is_ascii_digit() || c == '#' || c == '*');
    let part = |c: char| {
        picture(c)
            || matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
            || keycap && c.is_ascii()
    };
    (text.starts_with(picture) || keycap) && text.chars().all(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        handles: Vec<HandleCase>,
        same: Vec<(String, String)>,
        names: Vec<NameCase>,
        emoji: Vec<(String, bool)>,
    }

    #[derive(Deserialize)]
    struct HandleCase {
        input: String,
        text: Option<String>,
        key: Option<String>,
        error: Option<String>,
    }

    #[derive(Deserialize)]
    struct NameCase {
        input: String,
        clean: Option<String>,
        error: Option<String>,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../vectors/names.json")).unwrap()
    }

    #[test]
    fn the_vectors_hold() {
        let vectors = vectors();
        for case in vectors.handles {
            let parsed = Handle::parse(&case.input);
            assert_eq!(parsed.as_ref().err().map(|e| e.reason()), case.error.as_deref(), "{:?}", case.input);
            if let Ok(handle) = parsed {
                assert_eq!(Some(handle.text), case.text);
                assert_eq!(Some(handle.key), case.key);
            }
        }
        for (one, other) in vectors.same {
            let skeleton = |text: &str| Handle::parse(text).unwrap().skeleton;
            assert_eq!(skeleton(&one), skeleton(&other), "{one} looks like {other}");
        }
        for case in vectors.names {
            let clean = clean_display(&case.input, DISPLAY_CHARS_MAX);
            assert_eq!(clean.as_ref().err().map(|e| e.reason()), case.error.as_deref(), "{:?}", case.input);
            assert_eq!(clean.ok(), case.clean);
        }
        for (text, is) in vectors.emoji {
            assert_eq!(is_emoji(&text), is, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_looked_up_by_its_key_however_it_is_written_and_whatever_it_is() {
        assert_eq!(lookup_key("Ada"), "ada");
        assert_eq!(lookup_key(" ＡＤＡ "), "ada");
        // The key of a handle may have more characters than a handle.
        let long = "İ".repeat(HANDLE_CHARS_MAX);
        assert_eq!(lookup_key(&long), Handle::parse(&long).unwrap().key);
        assert_eq!(lookup_key("not a Name!"), "not a name!");
        assert_eq!(lookup_key(&"X".repeat(10_000)), "x".repeat(HANDLE_CHARS_MAX + 1), "of no handle");
    }

    #[test]
    fn what_turns_text_or_begins_a_line_is_known() {
        let known: Vec<char> = ('\0'..=char::MAX).filter(|c| turns(*c)).collect();
        // Bidi_Control and the separators of lines and paragraphs, as Unicode has them.
        let wanted = "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        assert_eq!(known, wanted.chars().collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn reading_a_handle_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(handle) = Handle::parse(&text) {
                prop_assert_eq!(Handle::parse(&handle.text), Ok(handle.clone()));
                prop_assert!(!handle.text.chars().any(char::is_control));
            }
        }

        #[test]
        fn cleaning_a_name_twice_changes_nothing(text in "\\PC{0,80}") {
            if let Ok(clean) = clean_display(&text, DISPLAY_CHARS_MAX) {
                prop_assert_eq!(clean_display(&clean, DISPLAY_CHARS_MAX), Ok(clean.clone()));
            }
        }
    }
}
