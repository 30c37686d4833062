//! The macro that declares wire structs together with their description.

/// One field of a wire map, as `litrocket protocol` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in the MessagePack map.
    pub key: &'static str,
    /// The name in this crate.
    pub name: &'static str,
    /// The Rust type; [`wire_type`] translates it.
    pub rust: &'static str,
    /// Whether the writer may leave it out.
    pub optional: bool,
    /// What it means, with unit and bound.
    pub doc: &'static str,
}

/// A type that can say what it looks like on the wire.
pub trait Described {
    /// The type's name.
    const NAME: &'static str;
    /// What it is for.
    const DOC: &'static str;
    /// The fields of its map.
    const FIELDS: &'static [Field];
}

/// A Rust type's name in the words of MessagePack. Other structs keep their name.
pub fn wire_type(rust: &str) -> String {
    let rust: String = rust.split_whitespace().collect();
    let inside = |before: &str, after: &str| rust.strip_prefix(before)?.strip_suffix(after);
    if let Some(inner) = inside("Option<", ">") {
        return wire_type(inner);
    }
    if let Some(inner) = inside("Vec<", ">") {
        return if inner == "u8" { "bin".into() } else { format!("array of {}", wire_type(inner)) };
    }
    if let Some((one, other)) = inside("(", ")").and_then(|pair| pair.split_once(',')) {
        return format!("[{}, {}]", wire_type(one), wire_type(other));
    }
    if let Some((key, value)) = inside("BTreeMap<", ">").and_then(|pair| pair.split_once(',')) {
        return format!("map of {} to {}", wire_type(key), wire_type(value));
    }
    match rust.as_str() {
        "String" | "Class" => "str",
        "MessageId" => "bin16",
        "AccountId" | "ConversationId" | "SessionId" | "u64" => "uint",
        "u32" => "uint32",
        "u16" => "uint16",
        "u8" => "uint8",
        other => other,
    }
    .into()
}

/// Whether a field with these serde attributes may be absent.
pub(crate) const fn may_be_absent(attributes: &str) -> bool {
    let (text, word) = (attributes.as_bytes(), b"default");
    let mut start = 0;
    while start + word.len() <= text.len() {
        let mut i = 0;
        while i < word.len() && text[start + i] == word[i] {
            i += 1;
        }
        if i == word.len() {
            return true;
        }
        start += 1;
    }
    false
}

/// Declares structs that travel as MessagePack maps. `name as "k": Type` gives the key; without `as` the key is
/// the name. A field that is an `Option` may be absent; `nil` means the same.
macro_rules! message {
    ($(
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),*)])?
        pub struct $name:ident {
            $(
                $(#[doc = $fdoc:literal])+
                $(#[serde($($attr:tt)*)])*
                $field:ident $(as $key:literal)? : $ty:ty
            ),* $(,)?
        }
    )*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize $(, $($derive),*)?)]
        pub struct $name {
            $(
                $(#[doc = $fdoc])+
                $(#[serde(rename = $key)])?
                $(#[serde($($attr)*)])*
                pub $field: $ty,
            )*
        }

        impl crate::Described for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc),+);
            const FIELDS: &'static [crate::Field] = &[$(
                crate::Field {
                    key: message!(@key $field $($key)?),
                    name: stringify!($field),
                    rust: stringify!($ty),
                    optional: crate::message::may_be_absent(concat!($(stringify!($($attr)*)),*)),
                    doc: concat!($($fdoc),+),
                }
            ),*];
        }
    )*};
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
