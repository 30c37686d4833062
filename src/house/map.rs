//! The maps name everything that is there: `ARCHITECTURE.md` each crate, each folder of tests and each part of the server, the
//! library's own page each of its modules, that of files each of its rooms.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::sources;

/// What stands in a folder: modules without the ending of their file, and folders.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn is_named(text: &str, name: &str) -> bool {
    [format!("`{name}`"), format!("`{name}.rs`"), format!("`{name}/`")].iter().any(|it| text.contains(it))
}

#[test]
fn every_crate_folder_and_module_is_on_the_map() {
    let map = include_str!("../../ARCHITECTURE.md");
    let mut missing = Vec::new();
    for folder in ["crates", "src", "tests"] {
        let names = names(folder);
        assert!(names.len() > 2, "{folder} has next to nothing in it: {names:?}");
        for name in names {
            let path = format!("{folder}/{name}");
            let is_known = is_named(map, &path) || ["src/lib", "src/main"].contains(&&*path);
            // A file of tests beside folders of them.
            let is_shared = folder == "tests" && Path::new(env!("CARGO_MANIFEST_DIR")).join(&path).is_file();
            if !is_known && !is_shared {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks {missing:?}");
}

#[test]
fn every_module_of_the_library_is_on_its_page() {
    let page = include_str!("../lib.rs");
    let is_on_page =
        |name: &str| page.contains(&format!("[`{name}`]")) || page.contains(&format!("[`mod@{name}`]"));
    let missing: Vec<String> = names("src")
        .into_iter()
        .filter(|name| !["lib", "main", "house"].contains(&&**name) && !is_on_page(name))
        .collect();
    assert!(missing.is_empty(), "src/lib.rs lacks {missing:?}");
}

#[test]
fn every_room_of_the_largest_feature_is_on_its_page() {
    let page = include_str!("../features/files/mod.rs");
    let rooms = names("src/features/files");
    let is_on_page = |name: &&String| *name == "mod" || page.contains(&format!("| [`{name}`] |"));
    let missing: Vec<_> = rooms.iter().filter(|name| !is_on_page(name)).collect();
    assert!(rooms.len() > 5 && missing.is_empty(), "src/features/files/mod.rs lacks {missing:?}");
}

/// The names at the top of a use tree, or the one that stands there.
fn tops(tree: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(list) = tree.strip_prefix('{') else { return vec![&tree[..name(tree)]] };
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let one = list[from..at].trim_start();
                found.push(&one[..name(one)]);
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Which features each feature asks, by the paths in its source.
fn asked(root: &Path, features: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let mut asked = BTreeMap::new();
    for path in sources(root) {
        let inside =
            path.strip_prefix(root).unwrap().components().next().unwrap().as_os_str().to_string_lossy();
        let own = inside.trim_end_matches(".rs").to_owned();
        if !features.contains(&own) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let mut code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        if path.parent() == Some(root) {
            // A feature of one file.
            code = code.replace("super::", "features::");
        }
        let all: &mut BTreeSet<String> = asked.entry(own.clone()).or_default();
        for tree in code.split("features::").skip(1) {
            let others = tops(tree).into_iter().filter(|name| *name != own);
            all.extend(others.filter(|name| features.iter().any(|one| one == name)).map(str::to_owned));
        }
    }
    asked
}

#[test]
fn a_feature_asks_no_other_than_the_map_says() {
    let features: Vec<String> =
        names("src/features").into_iter().filter(|name| name != "mod" && name != "lists").collect();
    let found = asked(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/features"), &features);
    let map = include_str!("../../ARCHITECTURE.md");
    let table = map.split("| feature | asks |\n| --- | --- |\n").nth(1).expect("the table of features");
    let known: BTreeMap<String, BTreeSet<String>> = table
        .lines()
        .map_while(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .map(|(feature, others)| {
            (feature.to_owned(), others.split(", ").filter(|it| *it != "none").map(str::to_owned).collect())
        })
        .collect();
    assert_eq!(known, found, "the table of features in ARCHITECTURE.md is not as the source");
}
