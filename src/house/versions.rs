//! The lock file holds no version below the floor (below it are known advisories and known corruption), and nothing under a
//! licence that deny.toml does not allow. `cargo deny` checks more where it is installed.

/// Crate and lowest version, from the advisories and issues that the versions above mend.
const FLOOR: &[(&str, [u64; 3])] = &[
    ("quinn", [0, 11, 12]),
    ("quinn-proto", [0, 11, 19]),
    ("quinn-udp", [0, 5, 16]),
    ("rustls", [0, 23, 46]),
    ("rustls-webpki", [0, 103, 13]),
    ("tracing-subscriber", [0, 3, 20]),
    ("libsqlite3-sys", [0, 37, 0]),
];

fn version(text: &str) -> [u64; 3] {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[test]
fn the_lock_file_holds_no_version_below_the_floor() {
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    for (name, floor) in FLOOR {
        let found: Vec<_> =
            packages.iter().filter(|package| package["name"].as_str() == Some(name)).collect();
        assert!(!found.is_empty(), "{name} is not in the lock file");
        for package in found {
            let locked = package["version"].as_str().unwrap();
            assert!(version(locked) >= *floor, "{name} {locked} is below {floor:?}");
        }
    }
}

#[test]
fn the_linked_sqlite_has_no_wal_reset_bug() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

/// Whether one of the licences that an expression leaves to choose from is allowed: `OR` before `AND`, in brackets.
fn allowed(expression: &str, allow: &dyn Fn(&str) -> bool) -> bool {
    /// The parts between a word, outside of brackets.
    fn split<'a>(text: &'a str, by: &str) -> Vec<&'a str> {
        let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
        for (at, c) in text.char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ if depth == 0 && text[at..].starts_with(by) => {
                    parts.push(&text[from..at]);
                    from = at + by.len();
                }
                _ => {}
            }
        }
        parts.push(&text[from..]);
        parts
    }
    let text = expression.trim();
    let (any, all) = (split(text, " OR "), split(text, " AND "));
    if any.len() > 1 {
        return any.iter().any(|part| allowed(part, allow));
    }
    if all.len() > 1 {
        return all.iter().all(|part| allowed(part, allow));
    }
    match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => allowed(inner, allow),
        None => allow(text),
    }
}

#[test]
fn every_dependency_has_a_licence_that_deny_toml_allows() {
    let cargo = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO"))
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let found = cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", host]);
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let deny: toml::Table = include_str!("../../deny.toml").parse().unwrap();
    let has = |list: &toml::Value, licence: &str| {
        list.as_array().unwrap().iter().any(|one| one.as_str() == Some(licence))
    };
    let rules = &deny["licenses"];
    let packages = found["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let exceptions = rules["exceptions"].as_array().unwrap();
        let exception = exceptions.iter().find(|one| one["name"].as_str() == Some(name));
        let allow = |licence: &str| {
            has(&rules["allow"], licence) || exception.is_some_and(|one| has(&one["allow"], licence))
        };
        let licence = package["license"].as_str().unwrap_or_default();
        // Before it was an expression, a slash stood between those to choose from.
        let expression = licence.replace(" / ", "/").replace('/', " OR ");
        assert!(allowed(&expression, &allow), "{name} is under {licence:?}");
    }
}

#[test]
fn a_licence_that_is_not_allowed_is_found() {
    let allow = |licence: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
    for good in
        ["MIT", "GPL-3.0 OR MIT", "ISC AND (GPL-3.0 OR MIT)", "Apache-2.0 WITH LLVM-exception OR GPL-3.0"]
    {
        assert!(allowed(good, &allow), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR Apache-2.0) AND ISC"] {
        assert!(!allowed(bad, &allow), "{bad}");
    }
}
