//! Words: the dictionary, a person's own words, translation.

use crate::{ConversationId, MessageId};

/// How a dictionary entry fits what was looked up: the words of [`DictionaryEntry::matched`], best first.
pub mod matched {
    /// The headword, the reading or a meaning is what was asked for.
    pub const EXACT: &str = "exact";
    /// A meaning is another form of the English word.
    pub const FORM: &str = "form";
    /// A meaning has all the words.
    pub const WORD: &str = "word";
    /// The headword, the reading or a word of a meaning begins so.
    pub const PREFIX: &str = "prefix";
    /// The headword contains it.
    pub const PART: &str = "part";
    /// It is spelt a little differently.
    pub const NEAR: &str = "near";
}

message! {
    /// Looks a text up among the caller's own words and in the dictionary: Chinese in either script, pinyin with or
    /// without tones, English with its inflections, misspelt words too.
    pub struct LookUp {
        /// 1 to 256 bytes.
        text: String,
        /// `zh` when the text is Chinese or pinyin, `en` when it is English; both when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// 1 to 100 entries; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// What fits, best first. A dictionary answers at most 500 entries in all.
    pub struct LookedUp {
        /// The caller's own words that fit, at most 20; on the first page only.
        own: Vec<Word>,
        /// Entries of the dictionary.
        entries: Vec<DictionaryEntry>,
        /// Where the next page begins; absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
    }

    /// An entry of the dictionary.
    pub struct DictionaryEntry {
        /// How it fits: `exact`, `form` (of an English word), `word` (in a meaning), `prefix`, `part` (of the
        /// headword) or `near` (misspelt). Others may come.
        matched: String,
        /// In traditional characters.
        traditional: String,
        /// In simplified characters.
        simplified: String,
        /// Pinyin with tone numbers: `ni3 hao3`. Together with the characters it names the entry.
        pinyin: String,
        /// Pinyin with tone marks, to show: `nǐ hǎo`.
        reading: String,
        /// The meanings in English, most usual first.
        senses: Vec<String>,
        /// The word in use, where there is an example.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        example: Option<WordExample>,
    }

    /// A longer word or phrase that a word is used in.
    pub struct WordExample {
        /// In simplified characters.
        text: String,
        /// Pinyin with tone marks.
        reading: String,
        /// The first meaning in English.
        meaning: String,
    }

    /// One of a person's own words. Also the value of the account log's key `word/<id>`.
    pub struct Word {
        /// The id it was added with.
        id: MessageId,
        /// The word.
        word: String,
        /// How it is read; may be empty.
        reading: String,
        /// What it means.
        meaning: String,
        /// How it is used; may be empty.
        example: String,
        /// Anything else; may be empty.
        note: String,
        /// When it was added, in server milliseconds.
        created_ms: u64,
        /// When it was last changed, in server milliseconds.
        changed_ms: u64,
    }

    /// A word to add. Lines only: white space is run together.
    pub struct NewWord {
        /// Made by the client; the same id adds it once.
        id: MessageId,
        /// 1 to 128 bytes.
        word: String,
        /// At most 256 bytes.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reading: String,
        /// 1 to 1024 bytes.
        meaning: String,
        /// At most 512 bytes.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        example: String,
        /// At most 512 bytes.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    }

    /// Adds words to the caller's own, all or none. One that equals another of them in word, reading and meaning is not added again: the
    /// reply names the one there is.
    pub struct AddWords {
        /// 1 to 100.
        words: Vec<NewWord>,
    }

    /// The words are there.
    pub struct WordsAdded {
        /// In the order of the request.
        words: Vec<Word>,
        /// How many of them are new.
        added: u64,
    }

    /// Makes an entry of the dictionary one of the caller's own words, with its meanings and its example.
    pub struct KeepEntry {
        /// Made by the client; the same id adds it once.
        id: MessageId,
        /// As the entry has it.
        traditional: String,
        /// As the entry has it.
        simplified: String,
        /// As the entry has it.
        pinyin: String,
    }

    /// Changes one of the caller's own words. What is absent stays; empty text empties what may be empty.
    pub struct EditWord {
        /// The word's id.
        id: MessageId,
        /// 1 to 128 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        word: Option<String>,
        /// At most 256 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reading: Option<String>,
        /// 1 to 1024 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meaning: Option<String>,
        /// At most 512 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        example: Option<String>,
        /// At most 512 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }

    /// Deletes one of the caller's own words. Doing it twice is the same as once.
    pub struct DeleteWord {
        /// The word's id.
        id: MessageId,
    }

    /// Lists the caller's own words, newest id first.
    #[derive(Default)]
    pub struct ListWords {
        /// Only those whose word, reading or meaning has a word that begins so; at most 256 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<String>,
        /// Words with an id below this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<MessageId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of own words.
    pub struct Words {
        /// The words.
        words: Vec<Word>,
        /// Whether there are more.
        more: bool,
    }

    /// Translates a text by the server's engine. Rate limited per account.
    pub struct TranslateText {
        /// 1 byte to 16 KiB.
        text: String,
        /// The language to translate into, a BCP 47 tag; the caller's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The language of the text; detected when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    }

    /// Translates a message the caller may read, with its current words. The message stays as it is.
    pub struct TranslateMessage {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        event_seq: u64,
        /// The language to translate into, a BCP 47 tag; the caller's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The language of the message; detected when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    }

    /// A translation. A text that is in the wanted language already comes back as it is.
    pub struct Translation {
        /// The words in the other language.
        text: String,
        /// The language of the original, a BCP 47 tag in lower case.
        from: String,
        /// The language of the translation.
        to: String,
        /// Whether the language of the original was detected.
        detected: bool,
    }

    /// Lists what the server's engine translates.
    #[derive(Default)]
    pub struct ListTranslations {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// What the engine translates.
    pub struct Translations {
        /// Every pair, at most 4000, in the order of their names.
        pairs: Vec<LanguagePair>,
    }

    /// Two languages.
    pub struct LanguagePair {
        /// From this one, a BCP 47 tag in lower case.
        from: String,
        /// To this one.
        to: String,
    }

    /// Says which language a text is in. Needs no engine.
    pub struct DetectLanguage {
        /// 1 byte to 16 KiB; the first 2000 bytes are looked at.
        text: String,
    }

    /// The language of a text.
    pub struct Detected {
        /// A BCP 47 tag.
        language: String,
        /// Whether it is most likely right; short texts rarely are.
        reliable: bool,
    }
}
