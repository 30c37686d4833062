//! The numbers in the words of a field: its unit and its bounds.
//!
//! The words are the only source, so that a number for programs and the sentence for people cannot differ. What the words leave
//! open is bounded by the type and by the largest frame.

use serde::Serialize;

use crate::{Field, frame, wire_type};

/// Largest number on the wire: what every language holds exactly.
const NUMBER_MAX: u64 = (1 << 53) - 1;
const DAY_MS: u64 = 86_400_000;

/// Unit and bounds of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// Of a number what it counts or names (`ms`, `ms_since_1970`, `bytes`, `seq`, `account`, `code` ...), of a text in what
    /// its length is measured (`bytes` of UTF-8 or `characters`), otherwise `bytes`, `items`, `flag`, `uuid` or `map`.
    pub unit: &'static str,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// The least length, in the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_len: Option<u64>,
    /// The largest length, in the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_len: Option<u64>,
    /// The least number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// The largest number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The only numbers there are, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<u64>,
    /// The number when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<u64>,
    /// Whether the bound is of this field, not only of its type or of the frame.
    pub own: bool,
}

/// A number with the word behind it: `2 KiB`, `64 characters`, `a day`, `6,144`.
fn quantity(words: &[&str]) -> Option<(u64, &'static str)> {
    let number = match *words.first()? {
        "a" if words.get(1) == Some(&"day") => 1,
        word => word.replace(',', "").parse().ok()?,
    };
    Some(match words.get(1).copied().unwrap_or_default() {
        "byte" | "bytes" => (number, "bytes"),
        "KiB" => (number << 10, "bytes"),
        "GiB" => (number << 30, "bytes"),
        "character" | "characters" | "digits" => (number, "characters"),
        "day" | "days" => (number * DAY_MS, "ms"),
        _ => (number, ""),
    })
}

/// The first bound that the words name: at least, at most, and the unit.
fn range(words: &[&str]) -> Option<(Option<u64>, u64, &'static str)> {
    for at in 0..words.len() {
        let rest = &words[at..];
        if let ["at", "most", ..] = rest
            && let Some((most, unit)) = quantity(&rest[2..])
        {
            return Some((None, most, unit));
        }
        if let Some((least, _)) = quantity(rest) {
            let to = rest.iter().take(3).position(|word| *word == "to");
            if let Some((most, unit)) = to.and_then(|to| quantity(&rest[to + 1..])) {
                return Some((Some(least), most, unit));
            }
            if rest.get(2) != Some(&"each") && matches!(rest.get(1), Some(&"bytes" | &"digits")) {
                let (exactly, unit) = quantity(rest)?;
                return Some((Some(exactly), exactly, unit));
            }
        }
    }
    None
}

/// The numbers of `1 all, 2 mentions, 3 nothing` and of `160 or 640`.
fn values(doc: &str) -> Vec<u64> {
    let list = doc.rsplit(": ").next().unwrap_or(doc).split(';').next().unwrap_or(doc);
    let first = |part: &str| {
        part.split(' ').next().and_then(|word| word.trim_end_matches(['.', ',', ';']).parse().ok())
    };
    let named: Vec<u64> = list.split(", ").filter_map(first).collect();
    let or = doc.split(" or ").collect::<Vec<_>>();
    match or.as_slice() {
        [before, after] if first(after).is_some() => {
            let before =
                before.split(", ").filter_map(first).chain(before.rsplit(' ').next().and_then(first));
            let mut all: Vec<u64> = before.chain(first(after)).collect();
            all.dedup();
            all
        }
        _ if named.len() > 1 => named,
        _ => Vec::new(),
    }
}

fn number_unit(field: &Field, doc: &str) -> &'static str {
    let rust = field.rust.trim_start_matches("Option < ").trim_start_matches("Option<");
    let named = |end: &str| field.name.ends_with(end);
    match rust.split(['>', ' ']).next().unwrap_or_default() {
        "AccountId" => "account",
        "ConversationId" => "conversation",
        "SessionId" => "session",
        _ if named("_ms")
            && (doc.contains("server milliseconds") || doc.contains("1970") || named("at_ms")) =>
        {
            "ms_since_1970"
        }
        _ if named("_ms") => "ms",
        _ if named("bytes") || doc.contains("in bytes") => "bytes",
        _ if doc.contains("in pixels") || ["width", "height", "side"].contains(&field.name) => "pixels",
        _ if named("_seq")
            || ["seq", "before", "delivered", "read", "from_seq", "to_seq"].contains(&field.name) =>
        {
            "seq"
        }
        "u8" | "u16" => "code",
        _ => "number",
    }
}

/// What a field's words say in numbers.
pub(super) fn of(field: &Field) -> Bounds {
    let doc = field.doc.trim();
    let kind = wire_type(field.rust);
    let lower = doc.replacen("At most", "at most", 1);
    let words: Vec<&str> =
        lower.split_whitespace().map(|word| word.trim_end_matches([',', ';', '.', ':'])).collect();
    let found = range(&words);
    let may_be_empty = doc.contains("empty");
    let least = found.and_then(|(least, ..)| least).filter(|_| !may_be_empty);
    let most = found.map(|(_, most, _)| most);
    let mut out = Bounds { own: found.is_some(), ..Bounds::default() };
    match kind.as_str() {
        "bool" => out.unit = "flag",
        "bin16" => (out.unit, out.min_len, out.max_len) = ("uuid", Some(16), Some(16)),
        "str" | "bin" => {
            out.unit = found.map(|(.., unit)| unit).filter(|unit| !unit.is_empty()).unwrap_or("bytes");
            out.min_len = least;
            out.max_len = most.or(Some(frame::FRAME_MAX as u64));
        }
        "uint" | "uint8" | "uint16" | "uint32" => {
            out.unit = number_unit(field, doc);
            out.values = if kind == "uint8" || out.unit == "pixels" { values(doc) } else { Vec::new() };
            out.own |= !out.values.is_empty();
            let at_least = words.windows(3).find(|it| it[..2] == ["at", "least"]);
            let at_least = at_least.and_then(|it| quantity(&it[2..])).filter(|_| !words.contains(&"each"));
            let of_type = match kind.as_str() {
                "uint8" => u8::MAX.into(),
                "uint16" => u16::MAX.into(),
                "uint32" => u32::MAX.into(),
                _ => NUMBER_MAX,
            };
            let (few_min, few_max) = (out.values.iter().min().copied(), out.values.iter().max().copied());
            out.min = few_min.or(least).or(at_least.map(|it| it.0)).or(Some(0));
            out.max = few_max.or(most).or(Some(of_type));
            let absent = doc.split(" when absent").next().filter(|before| *before != doc);
            let before: Vec<&str> = absent.into_iter().flat_map(str::split_whitespace).collect();
            out.default =
                (1..3).find_map(|back| Some(quantity(before.get(before.len().checked_sub(back)?..)?)?.0));
        }
        kind if kind.starts_with("array") => {
            (out.unit, out.min_items) = ("items", least);
            out.max_items = most.or(Some(frame::FRAME_MAX as u64));
        }
        _ => out.unit = "map",
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{describe::describe, limits};

    fn bounds(map: &str, key: &str) -> Bounds {
        let it = describe();
        let bodies = it.events.iter().flat_map(|it| [&it.sent_body, &it.body]).flatten();
        let maps = it.types.iter().chain(it.requests.iter().map(|it| &it.reply)).chain(bodies);
        let maps =
            maps.map(|it| (it.name, &it.fields)).chain(it.requests.iter().map(|it| (it.name, &it.fields)));
        let mut maps = maps.chain(it.frames.iter().map(|it| (it.map.name, &it.map.fields)));
        let (_, fields) = maps.find(|(name, _)| *name == map).unwrap_or_else(|| panic!("{map}"));
        fields.iter().find(|field| field.name == key).unwrap_or_else(|| panic!("{map}.{key}")).bounds.clone()
    }

    #[test]
    fn words_become_numbers() {
        let len = |map, key| {
            let it = bounds(map, key);
            (it.min_len, it.max_len.unwrap(), it.unit)
        };
        assert_eq!(len("Text", "text"), (Some(1), limits::TEXT_BYTES_MAX as u64, "bytes"));
        assert_eq!(len("Send", "body"), (None, limits::BODY_BYTES_MAX as u64, "bytes"));
        assert_eq!(len("Register", "password"), (Some(8), limits::PASSWORD_BYTES_MAX as u64, "bytes"));
        assert_eq!(len("Register", "handle"), (Some(2), 32, "characters"));
        assert_eq!(len("Register", "email_code"), (Some(6), 6, "characters"));
        assert_eq!(len("Token", "token"), (Some(32), 32, "bytes"));
        assert_eq!(len("PostMoment", "text"), (None, limits::MOMENT_BYTES_MAX as u64, "bytes"));
        assert_eq!(len("OpenUpload", "name"), (Some(1), limits::FILE_NAME_BYTES_MAX as u64, "bytes"));
        assert_eq!(len("OpenUpload", "hashes").1, frame::FRAME_MAX as u64, "so much each is no bound");
        let number = |map, key| {
            let it = bounds(map, key);
            (it.min.unwrap(), it.max.unwrap(), it.default, it.unit)
        };
        assert_eq!(
            number("ListFriends", "limit"),
            (1, limits::PAGE_MAX, Some(limits::PAGE_DEFAULT), "number")
        );
        assert_eq!(number("CreateInvite", "valid_ms"), (0, 90 * DAY_MS, Some(7 * DAY_MS), "ms"));
        assert_eq!(number("GroupChange", "slow_ms"), (0, limits::SLOW_MS_MAX, None, "ms"));
        assert_eq!(number("MakeGroupLink", "uses"), (1, limits::GROUP_LINK_USES_MAX, Some(1), "number"));
        assert_eq!(number("OpenUpload", "size"), (0, limits::FILE_BYTES_MAX, None, "bytes"));
        assert_eq!(number("Event", "sender"), (0, NUMBER_MAX, None, "account"));
        assert_eq!(number("Event", "at_ms").3, "ms_since_1970");
        assert_eq!(bounds("SetConversation", "notify").values, [1, 2, 3]);
        assert_eq!(bounds("GetPreview", "size").values, [160, 640]);
        assert_eq!(bounds("GetAvatar", "size").values, [64, 256, 640]);
        assert_eq!(bounds("PostMoment", "visibility").values, [1, 2, 3, 4, 5]);
        assert_eq!(bounds("AuditEntry", "action").values.len(), 18);
        let items = |map, key| bounds(map, key).max_items.unwrap();
        assert_eq!(items("PostMoment", "pictures"), limits::MOMENT_PICTURES_MAX as u64);
        assert_eq!(items("InviteMembers", "accounts"), limits::ACCOUNTS_PER_CALL_MAX as u64);
        assert_eq!(items("SetFriend", "tags"), limits::TAGS_MAX as u64);
    }

    #[test]
    fn no_bound_in_words_is_left_out() {
        let it = describe();
        let maps = it.types.iter().chain(it.requests.iter().map(|it| &it.reply));
        let all = maps.flat_map(|it| &it.fields).chain(it.requests.iter().flat_map(|it| &it.fields));
        for field in all.chain(it.frames.iter().flat_map(|it| &it.map.fields)) {
            let bound = field.doc.to_lowercase().contains("at most") || field.doc.contains("iB");
            let each = field.doc.contains("at least") || field.doc.contains("each");
            assert!(!bound || each || field.bounds.own, "{}: {}", field.key, field.doc);
            assert!(!field.bounds.unit.is_empty(), "{}", field.key);
        }
    }
}
