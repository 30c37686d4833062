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

/// A Rust type's name in the words of MessagePack: `(type, optional)`. Other structs keep their name.
pub fn wire_type(rust: &str) -> (String, bool) {
    let rust: String = rust.split_whitespace().collect();
    if let Some(inner) = rust.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')) {
        return (wire_type(inner).0, true);
    }
    if let Some(inner) = rust.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>')) {
        return if inner == "u8" {
            ("bin".into(), false)
        } else {
            (format!("array of {}", wire_type(inner).0), false)
        };
    }
    let name = match rust.as_str() {
        "String" => "str",
        "bool" => "bool",
        "MessageId" => "bin (16 bytes)",
        "AccountId" | "ConversationId" | "SessionId" | "u64" | "u32" | "u16" | "u8" => "uint",
        "Bytes" => "bin",
        other => other,
    };
    (name.into(), false)
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
                    doc: concat!($($fdoc),+),
                }
            ),*];
        }
    )*};
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
