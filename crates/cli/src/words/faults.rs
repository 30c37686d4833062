//! Refusals in both languages. English is the server's own sentence; Chinese is found by it, or by its code.

use indicatif::HumanBytes;
use litrocket_protocol::Fault;

use super::{
    Words,
    fault_tables::{CODES, FIELDS, SENTENCES},
};

/// The Chinese of a key.
pub(super) fn chinese(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, chinese)| *chinese)
}

impl Words {
    /// A refusal as a sentence, with what was too long or too many, and how much there may be.
    pub(crate) fn refusal(self, fault: &Fault) -> String {
        if let Some(bounds) = self.bounds(fault) {
            let named = fault.field.as_deref().map(|field| self.field(field).unwrap_or(field));
            return match (self, named) {
                (_, None) => bounds,
                (Self::English, Some(field)) => format!("{bounds} ({field})"),
                (Self::Chinese, Some(field)) => format!("{bounds}（{field}）"),
            };
        }
        let sentence = match self {
            Self::English => fault.message.clone(),
            Self::Chinese => match (chinese(SENTENCES, &fault.message), chinese(CODES, &fault.code)) {
                (Some(sentence), _) => sentence.to_owned(),
                (None, Some(sentence)) if is_standard(fault) => sentence.to_owned(),
                (None, Some(sentence)) => format!("{sentence}（{}）", fault.message),
                (None, None) => fault.message.clone(),
            },
        };
        let bounded = ["too_long", "too_many", "bad_value", "file_too_large", "quota_exceeded", "group_full"];
        let field = fault.field.as_deref().filter(|_| bounded[..3].contains(&&*fault.code));
        let limit = fault.limit.filter(|_| bounded.contains(&&*fault.code));
        let named = field.map(|field| self.field(field).unwrap_or(field));
        let most = limit.map(|limit| match (&*fault.code, field) {
            (_, Some(field)) if field.ends_with("_ms") => self.duration(limit),
            ("file_too_large" | "quota_exceeded", _) | ("too_long", Some("size")) => {
                HumanBytes(limit).to_string()
            }
            _ => limit.to_string(),
        });
        match (self, named, most) {
            (_, None, None) => sentence,
            (Self::English, Some(field), None) => format!("{sentence} ({field})"),
            (Self::English, None, Some(limit)) => format!("{sentence} (at most {limit})"),
            (Self::English, Some(field), Some(limit)) => format!("{sentence} ({field}: at most {limit})"),
            (Self::Chinese, Some(field), None) => format!("{sentence}（{field}）"),
            (Self::Chinese, None, Some(limit)) => format!("{sentence}（最多 {limit}）"),
            (Self::Chinese, Some(field), Some(limit)) => format!("{sentence}（{field}：最多 {limit}）"),
        }
    }

    /// Both ends of what is allowed, where the server tells what they count.
    fn bounds(self, fault: &Fault) -> Option<String> {
        let value = |name| fault.params.as_ref()?.get(name).map(String::as_str);
        let (least, unit, most) = (value("least")?.parse::<u64>().ok()?, value("unit")?, fault.limit?);
        if self == Self::English {
            return Some(fault.message.clone());
        }
        let said = |count: u64| match unit {
            "bytes" => format!("{count} 字节"),
            "characters" => format!("{count} 个字符"),
            "ms" if !count.is_multiple_of(1000) => format!("{count} 毫秒"),
            "ms" => self.duration(count),
            _ => count.to_string(),
        };
        Some(match least {
            0 => format!("最多 {}。", said(most)),
            least if unit == "ms" => format!("须为 {}到 {}。", said(least), said(most)),
            least => format!("须为 {least} 到 {}。", said(most)),
        })
    }

    /// What a server says of a refusal by its code and its own sentence.
    #[must_use]
    pub fn told(self, code: &str, message: &str) -> String {
        if let (Self::Chinese, Some(name)) = (self, message.strip_prefix("There is no account ")) {
            return format!("没有账号 {}。", name.trim_end_matches('.'));
        }
        let known = chinese(SENTENCES, message).or_else(|| chinese(CODES, code));
        match (self, known) {
            // What is said in Chinese already says more.
            (Self::Chinese, Some(chinese)) if message.is_ascii() => chinese.to_owned(),
            _ => message.to_owned(),
        }
    }

    /// What people call a field of a request; those whose name says it already keep it.
    fn field(self, field: &str) -> Option<&'static str> {
        let (_, english, chinese) = FIELDS.iter().find(|(known, ..)| *known == field)?;
        match self {
            Self::English => Some(english),
            Self::Chinese => Some(chinese),
        }
    }

    /// Milliseconds in the largest unit that divides them.
    fn duration(self, ms: u64) -> String {
        let units = [(86_400_000, "days", "天"), (3_600_000, "hours", "小时"), (60_000, "minutes", "分钟")];
        let unit = units.iter().find(|(length, ..)| ms > 0 && ms.is_multiple_of(*length));
        let (length, english, chinese) = unit.unwrap_or(&(1000, "seconds", "秒"));
        match self {
            Self::English => format!("{} {english}", ms / length),
            Self::Chinese => format!("{} {chinese}", ms / length),
        }
    }
}

/// Whether a fault says no more than its code.
pub(crate) fn is_standard(fault: &Fault) -> bool {
    use litrocket_protocol::fault::code::ALL;
    ALL.iter().any(|code| code.name == fault.code && code.message == fault.message)
}

#[cfg(test)]
pub(super) mod tests {
    use litrocket_protocol::{fault::code, names::NameError as Why};

    use super::*;

    pub(in crate::words) fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn every_code_has_a_sentence_in_both_languages() {
        for code in code::ALL {
            let fault = Fault::new(*code);
            assert_eq!(Words::English.refusal(&fault), code.message);
            assert!(is_chinese(&Words::Chinese.refusal(&fault)), "{} has no Chinese", code.name);
        }
        for (known, chinese) in CODES {
            assert!(code::ALL.iter().any(|code| code.name == *known), "there is no code {known}");
            assert!(is_chinese(chinese));
        }
    }

    #[test]
    fn every_sentence_of_the_server_has_its_chinese() {
        let features = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/features");
        let (mut folders, mut found) = (vec![features], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    for part in text.split(".message(\"").skip(1) {
                        let said = part.split('"').next().unwrap();
                        found += 1;
                        assert!(
                            chinese(SENTENCES, said).is_some(),
                            "SENTENCES lacks {said:?}, which {} says",
                            path.display()
                        );
                    }
                }
            }
        }
        assert!(found > 20, "the server says nothing: {found}");
        for why in [
            Why::Empty,
            Why::TooShort,
            Why::TooLong,
            Why::BadCharacter,
            Why::BadStart,
            Why::MixedScripts,
            Why::Reserved,
        ] {
            assert!(chinese(SENTENCES, &why.to_string()).is_some(), "{why}");
            let handle = why.handle_fault();
            assert!(chinese(SENTENCES, &handle.message).is_some(), "{}", handle.message);
        }
    }

    #[test]
    fn a_refusal_says_what_there_is_too_much_of() {
        let long = Fault::new(code::TOO_LONG).field("name").limit(255);
        assert_eq!(Words::English.refusal(&long), "The value is too long. (name: at most 255)");
        assert_eq!(Words::Chinese.refusal(&long), "内容过长。（名称：最多 255）");
        let days = Fault::new(code::BAD_VALUE).field("valid_ms").limit(365 * 86_400_000);
        assert!(Words::English.refusal(&days).ends_with("(valid for: at most 365 days)"));
        assert!(Words::Chinese.refusal(&days).ends_with("（有效期：最多 365 天）"));
        let full = Fault::new(code::QUOTA_EXCEEDED).field("size").limit(1 << 30);
        assert!(Words::English.refusal(&full).ends_with("(at most 1.00 GiB)"));
        let large = Fault::new(code::FILE_TOO_LARGE).field("size").limit(3 << 29);
        assert!(Words::Chinese.refusal(&large).ends_with("（最多 1.50 GiB）"));
        let said = Fault::new(code::BAD_VALUE).message("Write something.");
        assert_eq!(Words::Chinese.refusal(&said), "请写点内容。");
        let new = Fault::new(code::FORBIDDEN).message("Not on a Sunday.");
        assert_eq!(Words::Chinese.refusal(&new), "你无权这样做。（Not on a Sunday.）");
        let name = Fault::new(code::TOO_LONG).field("name").within_bytes(1, 255);
        assert_eq!(Words::English.refusal(&name), "Use 1 to 255 bytes. (name)");
        assert_eq!(Words::Chinese.refusal(&name), "须为 1 到 255 字节。（名称）");
        let mute = Fault::new(code::BAD_VALUE).field("for_ms").within_ms(0, 30 * 86_400_000);
        assert_eq!(Words::English.refusal(&mute), "Use at most 30 days. (for how long)");
        assert_eq!(Words::Chinese.refusal(&mute), "最多 30 天。（时长）");
        let unknown = Fault { code: "from_tomorrow".into(), ..Fault::new(code::BUSY).message("Soon.") };
        assert_eq!(Words::Chinese.refusal(&unknown), "Soon.");
    }
}
