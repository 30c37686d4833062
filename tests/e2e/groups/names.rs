//! Which group `#name` means.

use serde_json::Value;

use crate::{process::Process, programs::Terminal};

#[tokio::test]
async fn a_group_that_is_over_makes_no_living_one_ambiguous() {
    let process = Process::start();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    let number = |lines: Vec<Value>| lines[0]["conversation"].to_string();
    let over = number(ada.says(&["group", "create", "rockets", "@bob"]));
    ada.says(&["send", "#rockets", "the first"]);
    ada.says(&["group", "dissolve", "#rockets", "--confirm", "rockets"]);
    // There is no other: what was said there is still read by its name.
    let read = bob.says(&["history", "#rockets", "--limit", "5"]);
    assert!(read.iter().any(|line| line["text"] == "the first"), "{read:?}");
    let left = number(ada.says(&["group", "create", "rockets", "@bob"]));
    bob.says(&["group", "leave", "#rockets"]);
    assert_eq!(bob.fails(&["history", "#rockets"]).0, 2, "two that bob is out of");
    let living = number(ada.says(&["group", "create", "rockets", "@bob"]));
    assert_eq!(number(bob.says(&["send", "#rockets", "here"])), living);
    // For ada two of them live.
    let (exit, error) = ada.fails(&["send", "#rockets", "which?"]);
    let message = error["message"].as_str().unwrap();
    let (_, list) = message.split_once(": ").unwrap();
    let numbers: Vec<&str> = list.split("; ").filter_map(|one| Some(one.split_once(' ')?.0)).collect();
    assert!(exit == 2 && numbers.contains(&&*left) && numbers.contains(&&*living), "{error}");
    assert!(numbers.len() == 2 && !numbers.contains(&&*over), "{error}");
}
