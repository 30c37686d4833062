//! The load harness as people run it: what it prints, and that the histories it writes can be checked.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::process::program;

/// The keys that every scenario prints.
const KEYS: &[&str] = &[
    "scenario",
    "ratio",
    "units",
    "seconds",
    "per_second",
    "p50_ms",
    "p99_ms",
    "p999_ms",
    "server_cpu_us_per_unit",
    "ceiling_cpu_us_per_unit",
    "server_rss_bytes",
    "errors",
];

/// Runs the harness for a second.
fn bench(folder: &Path, scenario: &str, variables: &[(&str, &str)]) -> (Output, PathBuf) {
    let (file, history) = (folder.join("short.toml"), folder.join("history.jsonl"));
    fs::write(&file, format!("seconds = 1\n{scenario}")).unwrap();
    let mut command = program();
    command
        .envs(variables.iter().copied())
        .args(["--json", "bench"])
        .arg(file)
        .arg("--history")
        .arg(&history);
    (command.output().unwrap(), history)
}

fn object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let Ok(object) = serde_json::from_slice(&output.stdout) else {
        panic!("no JSON: {text}{}", String::from_utf8_lossy(&output.stderr))
    };
    object
}

/// What `bench check` says of these lines: nothing, or the number of the broken rule.
fn check<'a>(folder: &Path, lines: impl IntoIterator<Item = &'a str>) -> Option<u64> {
    let file = folder.join("checked.jsonl");
    fs::write(&file, lines.into_iter().collect::<Vec<_>>().join("\n")).unwrap();
    let output = program().args(["--json", "bench", "check"]).arg(file).output().unwrap();
    let answer = object(&output);
    assert_eq!(output.status.success(), answer["ok"] == true, "{answer}");
    answer["rule"].as_u64()
}

/// Whether a line is of this type and device.
fn is(line: &str, kind: &str, device: u64) -> bool {
    let line: Value = serde_json::from_str(line).unwrap();
    line["type"] == kind && line["device"] == device
}

/// The line with a number of it off by one, if it is of this type.
fn one_off(line: &str, kind: &str, field: &str) -> String {
    let mut entry: Value = serde_json::from_str(line).unwrap();
    if entry["type"] == kind {
        entry[field] = entry[field].as_u64().unwrap().checked_sub(1).unwrap_or(1).into();
    }
    entry.to_string()
}

#[test]
fn a_short_run_prints_every_key_and_its_history_is_checked_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (output, history) =
        bench(folder.path(), "groups = 2\nmembers = 3\nin_flight = 4\nstored = 20\n", &[]);
    let figures = object(&output);
    assert!(output.status.success(), "{figures}");
    let more = ["delivery_p50_ms", "delivery_p99_ms", "compared_delivery_p99_ms", "rows_per_message"];
    for key in KEYS.iter().chain(&more) {
        assert!(!figures[*key].is_null(), "{key} is missing: {figures}");
    }
    assert_eq!((&figures["errors"], &figures["rows_per_message"]), (&0.into(), &1.0.into()));
    assert!(figures["units"].as_u64() > Some(0), "{figures}");
    let text = fs::read_to_string(history).unwrap();
    assert_eq!(check(folder.path(), text.lines()), None);
    // Nothing that reached the last device: it ends before what it may read.
    let deaf = text.lines().filter(|line| !is(line, "deliver", 6));
    assert_eq!(check(folder.path(), deaf), Some(4), "the device stands where nothing brought it");
    let halved = (0..).zip(text.lines().filter(|line| is(line, "deliver", 6))).collect::<Vec<_>>();
    let lost = halved[halved.len() / 2].1;
    assert_eq!(check(folder.path(), text.lines().filter(|line| *line != lost)), Some(4));
    // What the device says of its end, and what the server said of its unread messages, is part of it.
    for (kind, field, rule) in [("end", "event_seq", 10), ("unread", "unread", 8)] {
        let wrong: Vec<String> = text.lines().map(|line| one_off(line, kind, field)).collect();
        assert_eq!(check(folder.path(), wrong.iter().map(String::as_str)), Some(rule));
    }
}

#[test]
fn in_a_day_s_shape_visits_are_part_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "pattern = \"mixed\"\nagainst = \"nothing\"\ngroups = 2\nmembers = 10\nconnections = 4\n";
    let (output, history) = bench(folder.path(), scenario, &[]);
    let figures = object(&output);
    assert!(output.status.success(), "{figures}");
    assert!(figures["visits"].as_u64() > Some(0), "{figures}");
    let text = fs::read_to_string(history).unwrap();
    assert_eq!(check(folder.path(), text.lines()), None);
    for kind in ["resume", "deliver", "end"] {
        assert!(text.lines().any(|line| is(line, kind, 10)), "no {kind} of the visitor");
    }
    // A visitor who loses what was said between two visits.
    let between: Vec<&str> = text.lines().filter(|line| is(line, "deliver", 10)).collect();
    let first = between[0];
    assert_eq!(check(folder.path(), text.lines().filter(|line| *line != first)), Some(4));
}

#[test]
fn a_run_that_fails_says_so_in_its_object_too() {
    let folder = tempfile::tempdir().unwrap();
    let (output, _) = bench(folder.path(), "", &[("TMPDIR", "/nowhere/at/all")]);
    let figures = object(&output);
    assert_eq!(output.status.code(), Some(1), "{figures}");
    assert_eq!(figures["errors"], 1);
    assert!(figures["error"].as_str().is_some_and(|text| text.contains("folder")), "{figures}");
    for key in KEYS {
        assert!(figures.get(key).is_some(), "{key} is missing: {figures}");
    }
}

#[test]
fn a_siege_says_what_the_attackers_did_and_what_the_others_noticed() {
    let attacks = [("half_open", 200), ("stuck", 8), ("slow", 12)];
    std::thread::scope(|scope| {
        let runs = attacks.map(|(attack, connections)| {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let scenario = format!(
                    "pattern = \"siege\"\nattack = \"{attack}\"\nagainst = \"nothing\"\ngroups = 2\n\
                     connections = {connections}\nattacks_per_second = 50\n"
                );
                let (output, history) = bench(folder.path(), &scenario, &[]);
                let figures = object(&output);
                assert!(output.status.success(), "{attack}: {figures}");
                for key in
                    ["p99_ratio", "quiet_delivery_p99_ms", "delivery_p99_ms", "attacks_per_second", "held"]
                {
                    assert!(figures[key].as_f64() > Some(0.0), "{attack}: {key}: {figures}");
                }
                assert!(figures["held"].as_u64() >= Some(connections), "{attack}: {figures}");
                assert!(figures["bytes_out_per_in"].as_f64() > Some(0.0), "{attack}: {figures}");
                assert!(figures["memory_added_bytes"].is_u64(), "{attack}: {figures}");
                let reached = match attack {
                    "half_open" => "answered",
                    "slow" => "trickled",
                    _ => "units",
                };
                assert!(figures[reached].as_u64() > Some(0), "{attack} reached nobody: {figures}");
                let text = fs::read_to_string(history).unwrap();
                assert_eq!(check(folder.path(), text.lines()), None);
                // Two of each pair, and who talks to those that do not listen.
                let ends = text.lines().filter(|line| line.contains("\"type\":\"end\"")).count();
                assert_eq!(ends, if attack == "stuck" { 5 } else { 4 });
            })
        });
        for run in runs {
            run.join().unwrap();
        }
    });
}

#[test]
fn every_run_is_checked_whatever_it_sends() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = "against = \"nothing\"\n";
    let (output, history) =
        bench(folder.path(), &format!("pattern = \"beside\"\n{nothing}file_mib = 4\n"), &[]);
    let figures = object(&output);
    assert!(output.status.success(), "{figures}");
    let text = fs::read_to_string(history).unwrap();
    let acked = text.lines().filter(|line| is(line, "ack", 1)).count();
    assert!(acked > 10, "{acked}: {figures}");
    assert_eq!(check(folder.path(), text.lines()), None);
    // An ack for what is not there.
    let lost = text.lines().rfind(|line| line.contains("\"type\":\"log\"")).unwrap();
    assert_eq!(check(folder.path(), text.lines().filter(|line| *line != lost)), Some(1));
    let group = format!("pattern = \"group\"\n{nothing}members = 5\nmessages = 9\n");
    let resume = format!("pattern = \"resume\"\n{nothing}connections = 12\n");
    let idle = format!("pattern = \"idle\"\n{nothing}connections = 12\n");
    for scenario in [group, resume, idle] {
        let figures = object(&bench(folder.path(), &scenario, &[]).0);
        assert!(figures["history"].as_str().is_some_and(|said| said.contains("no rule broken")), "{figures}");
    }
}

#[test]
fn what_the_sizes_of_a_scenario_are_called_together_is_listed_too() {
    let output = program().args(["--json", "bench", "list"]).output().unwrap();
    let lines: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let meant = |alias: &str| {
        let line =
            lines.iter().find(|line| line["scenario"] == alias).unwrap_or_else(|| panic!("no {alias}"));
        line["alias_of"].as_str().map(str::to_owned)
    };
    assert_eq!(
        (meant("fanout").as_deref(), meant("idle").as_deref()),
        (Some("fanout-200"), Some("idle-1000"))
    );
    assert_eq!(meant("relay"), None);
    let text = program().args(["bench", "list"]).output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&text).contains("the same as fanout-200"));
}
