//! Histories broken by hand, one promise each, and the good one they come from.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use litrocket_history::{Report, check_file};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("broken")
}

#[test]
fn a_good_history_passes() {
    let file = File::open(folder().join("good.jsonl")).unwrap();
    let report = check_file(BufReader::new(file)).unwrap();
    let expected = Report { sends: 15, acks: 11, deliveries: 60, conversations: 2, devices: 6, restarts: 1 };
    assert_eq!(report, expected);
}

#[test]
fn each_broken_history_is_caught_by_its_rule() {
    let mut rules = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some((rule, _)) = name.split_once('-') else { continue };
        let rule: u8 = rule.parse().unwrap();
        let answer = check_file(BufReader::new(File::open(&path).unwrap()));
        let broken = answer.expect_err(&name);
        println!("{name}: {broken}");
        assert_eq!(broken.rule, rule, "{name}: {broken}");
        rules.push(rule);
    }
    rules.sort_unstable();
    assert!(rules.len() >= 26, "{rules:?}");
    rules.dedup();
    assert_eq!(rules, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn what_is_no_history_is_rule_0() {
    let check = |text: &str| check_file(text.as_bytes()).unwrap_err();
    assert_eq!(check("{\"type\":\"restart\"").rule, 0);
    assert_eq!(check("{\"type\":\"restart\",\"at_us\":2}\n\n{\"type\":\"restart\",\"at_us\":1}\n").rule, 0);
    assert_eq!(check_file("".as_bytes()).unwrap(), Report::default());
}
