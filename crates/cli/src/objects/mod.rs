//! What `--json` prints: every type of object with its keys. [`table`] and [`lines`] are the one list: the printer asks it in debug builds,
//! docs/cli.md is rendered from it, and a test finds every type that the code prints in it.

mod lines;
mod table;

use serde_json::Value;

/// Types that share their keys, and which command prints them when.
#[derive(Debug, Clone, Copy)]
struct Object {
    types: &'static [&'static str],
    #[cfg_attr(not(test), expect(dead_code, reason = "docs/cli.md is rendered from it"))]
    when: &'static str,
    keys: &'static str,
}

/// The keys of an object inside another.
struct Part {
    name: &'static str,
    keys: &'static str,
}

/// Who prints an object. The same type may have other keys elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printer {
    /// A client command.
    Client,
    /// `litrocket admin`.
    Admin,
    /// A line of `litrocket account export`.
    Export,
}

impl Printer {
    const fn objects(self) -> &'static [Object] {
        match self {
            Self::Client => table::CLIENT,
            Self::Admin => lines::ADMIN,
            Self::Export => lines::EXPORT,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Key {
    name: &'static str,
    /// Whether it may be absent.
    optional: bool,
    nullable: bool,
    list: bool,
    kind: &'static str,
}

fn keys(text: &'static str) -> impl Iterator<Item = Key> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(|text| {
        let (name, kind) = text.split_once(':').unwrap_or((text, ""));
        let (kind, nullable) = kind.strip_suffix(" or null").map_or((kind, false), |kind| (kind, true));
        let (kind, list) = kind.strip_suffix("[]").map_or((kind, false), |kind| (kind, true));
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        Key { name, optional, nullable, list, kind: kind.trim() }
    })
}

fn is(value: &Value, kind: &str) -> Result<(), String> {
    let fits = match kind {
        "number" => value.is_u64(),
        "bool" => value.is_boolean(),
        "text" => value.is_string(),
        part => {
            let part = table::PARTS.iter().find(|one| one.name == part).ok_or("a kind without keys")?;
            return compare(value, part.keys);
        }
    };
    if fits { Ok(()) } else { Err(format!("{value} is no {kind}")) }
}

fn compare(value: &Value, wanted: &'static str) -> Result<(), String> {
    let object = value.as_object().ok_or("no object")?;
    for key in keys(wanted) {
        let fault = |what: String| format!("{}: {what}", key.name);
        match object.get(key.name) {
            None if key.optional => {}
            None => return Err(fault("it is missing".into())),
            Some(Value::Null) if key.nullable => {}
            Some(Value::Array(values)) if key.list => {
                values.iter().try_for_each(|value| is(value, key.kind)).map_err(fault)?;
            }
            Some(_) if key.list => return Err(fault("no list".into())),
            Some(value) => is(value, key.kind).map_err(fault)?,
        }
    }
    let unknown = object.keys().find(|name| *name != "type" && keys(wanted).all(|key| key.name != *name));
    unknown.map_or(Ok(()), |name| Err(format!("{name} is not in the table")))
}

/// The keys of what `litrocket admin` prints.
pub fn admin_keys() -> impl Iterator<Item = &'static str> {
    lines::ADMIN.iter().flat_map(|object| keys(object.keys)).map(|key| key.name)
}

/// Whether an object is as docs/cli.md says.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn check(printer: Printer, value: &Value) -> Result<(), String> {
    let kind = value["type"].as_str().ok_or("it has no type")?;
    let mut wrong = format!("there is no type {kind}");
    for object in printer.objects().iter().filter(|object| object.types.contains(&kind)) {
        match compare(value, object.keys) {
            Ok(()) => return Ok(()),
            Err(what) => wrong = what,
        }
    }
    Err(wrong)
}

/// The object as its line; debug builds stop at one that the table does not know.
///
/// # Panics
/// In debug builds, when it is not as docs/cli.md says.
#[must_use]
pub fn line(printer: Printer, value: &Value) -> String {
    if cfg!(debug_assertions)
        && let Err(what) = check(printer, value)
    {
        panic!("not as crates/cli/src/objects says: {what}: {value}");
    }
    value.to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::json;

    use super::*;

    fn rendered(text: &'static str) -> String {
        let key = |key: Key| {
            let list = match (key.list, key.kind) {
                (true, "number") => "numbers".into(),
                (true, "text") => "texts".into(),
                (true, kind) => format!("list of {kind}"),
                (false, kind) => kind.to_owned(),
            };
            let null = if key.nullable { " or null" } else { "" };
            let optional = if key.optional { "?" } else { "" };
            format!("`{}`{optional} {list}{null}", key.name)
        };
        keys(text).map(key).collect::<Vec<_>>().join(", ")
    }

    fn rows(out: &mut String, title: &str, objects: &[Object]) {
        out.push_str(&format!("\n### {title}\n\n| `type` | when | keys |\n| --- | --- | --- |\n"));
        for object in objects {
            let types: Vec<String> = object.types.iter().map(|it| format!("`{it}`")).collect();
            out.push_str(&format!(
                "| {} | {} | {} |\n",
                types.join(", "),
                object.when,
                rendered(object.keys)
            ));
        }
    }

    /// The tables of docs/cli.md.
    pub(crate) fn page() -> String {
        let mut out = String::new();
        rows(&mut out, "Objects of client commands", table::CLIENT);
        rows(&mut out, "Objects of litrocket admin", lines::ADMIN);
        rows(&mut out, "Lines of litrocket account export", lines::EXPORT);
        out.push_str("\n### Objects inside others\n\n| kind | keys |\n| --- | --- |\n");
        for part in table::PARTS {
            out.push_str(&format!("| {} | {} |\n", part.name, rendered(part.keys)));
        }
        out
    }

    #[test]
    fn an_object_that_is_not_as_documented_is_found() {
        let good = json!({"type": "read", "conversation": 1, "read": 2, "unread": 0, "unread_mentions": 0});
        assert_eq!(check(Printer::Client, &good), Ok(()));
        let wrong = |change: fn(&mut Value)| {
            let mut it = good.clone();
            change(&mut it);
            check(Printer::Client, &it).unwrap_err()
        };
        assert_eq!(wrong(|it| it["more"] = 1.into()), "more is not in the table");
        assert_eq!(wrong(|it| it["read"] = "2".into()), "read: \"2\" is no number");
        assert_eq!(wrong(|it| it["read"] = Value::Null), "read: null is no number");
        assert_eq!(wrong(|it| it["type"] = "raed".into()), "there is no type raed");
        assert_eq!(wrong(|it| drop(it.as_object_mut().unwrap().remove("unread"))), "unread: it is missing");
    }

    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, into);
            } else if entry.extension().is_some_and(|it| it == "rs") && !entry.ends_with("objects/mod.rs") {
                into.push(fs::read_to_string(entry).unwrap());
            }
        }
    }

    /// The types that stand behind `"type": ` in the sources of a folder, and other quoted words of them.
    fn printed(folder: &str) -> (BTreeSet<String>, String) {
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
        let types = texts.iter().flat_map(|text| text.split("\"type\": \"").skip(1));
        (types.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect(), texts.concat())
    }

    #[test]
    fn every_type_that_is_printed_has_a_row_and_every_row_is_printed() {
        let in_table = |objects: &'static [Object]| -> BTreeSet<&str> {
            objects.iter().flat_map(|object| object.types.iter().copied()).collect()
        };
        let (client, admin, export) =
            (in_table(table::CLIENT), in_table(lines::ADMIN), in_table(lines::EXPORT));
        let (types, text) = printed("src/commands");
        for kind in &types {
            assert!(client.contains(kind.as_str()), "{kind} has no row among the client's objects");
        }
        let events: Vec<&str> = (0..=u16::MAX).map(litrocket_protocol::event::kind::name).collect();
        for kind in client.iter().filter(|kind| **kind != "error" && !events.contains(*kind)) {
            assert!(text.contains(&format!("\"{kind}\"")), "no command prints {kind}");
        }
        for kind in events {
            assert!(client.contains(kind), "the event {kind} has no row");
        }
        let (types, text) = printed("../../src");
        for kind in types.iter().filter(|kind| !["done", "words"].contains(&kind.as_str())) {
            assert!(admin.contains(kind.as_str()), "{kind} has no row among the objects of litrocket admin");
        }
        for kind in admin.iter().chain(&export) {
            assert!(text.contains(&format!("\"{kind}\"")), "nothing prints {kind}");
        }
        for kind in
            text.split("Kept {").skip(1).filter_map(|rest| rest.split("name: \"").nth(1)?.split('"').next())
        {
            assert!(export.contains(kind), "{kind} has no row among the lines of the export");
        }
    }

    #[test]
    fn a_type_has_the_same_keys_wherever_a_printer_prints_it() {
        for objects in [table::CLIENT, lines::ADMIN, lines::EXPORT] {
            let mut seen = BTreeSet::new();
            for kind in objects.iter().flat_map(|object| object.types) {
                assert!(seen.insert(kind), "{kind} stands in two rows: give the other one a name of its own");
            }
        }
    }

    #[test]
    fn every_kind_of_a_key_is_known() {
        let objects = [table::CLIENT, lines::ADMIN, lines::EXPORT].concat();
        let all = objects.iter().map(|object| object.keys).chain(table::PARTS.iter().map(|part| part.keys));
        for key in all.flat_map(keys) {
            let known = ["number", "bool", "text"].contains(&key.kind)
                || table::PARTS.iter().any(|part| part.name == key.kind);
            assert!(known, "{}: {}", key.name, key.kind);
        }
    }
}
