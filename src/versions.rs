//! The lock file holds no version below the floor: below it are known advisories and known corruption.

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
    let lock: toml::Table = include_str!("../Cargo.lock").parse().unwrap();
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
