//! The `file` commands as people type them, and the program killed in the middle.

use std::{
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{MARK, MIB, content, killed::part_of, objects};
use crate::{
    process::{Process, program},
    programs::Terminal,
};

/// A command under way.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn gets(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    pub(crate) fn ends(mut self) -> i32 {
        self.0.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Terminal<'_> {
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command
            .current_dir(self.process.path())
            .env("HOME", self.process.path())
            .env("XDG_DATA_HOME", self.process.path().join("xdg"))
            .args(["--server", &format!("127.0.0.1:{}", self.process.port), "--ca", "certs/ca.pem"])
            .args(["--profile", self.profile])
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn starts(&self, args: &[&str]) -> Running {
        let mut command = self.command(args);
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// The same, with what it prints in a file, as JSON.
    pub(crate) fn starts_into(&self, args: &[&str], out: &Path) -> Running {
        let mut command = self.command(&[&["--json"], args].concat());
        command
            .stdout(std::fs::File::create(out).unwrap())
            .stderr(std::fs::File::create(out.with_extension("err")).unwrap());
        Running(command.spawn().unwrap())
    }

    /// What a person reads.
    pub(crate) fn reads(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

pub(super) fn pair(process: &Process) -> [Terminal<'_>; 2] {
    let people = ["ada", "bob"].map(|profile| Terminal { process, profile });
    for person in &people {
        person.says(&["register", person.profile]);
    }
    people
}

pub(super) fn last(lines: &[Value]) -> &Value {
    lines.last().unwrap()
}

pub(super) fn file_of(process: &Process, name: &str, bytes: &[u8]) -> PathBuf {
    let path = process.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The bytes of all chunks in the server's folder, without those that are being written, and without its mark.
pub(super) fn stored(folder: &Path) -> u64 {
    let list: Vec<_> = std::fs::read_dir(folder).map(|list| list.flatten().collect()).unwrap_or_default();
    list.iter()
        .map(|one| {
            if one.path().is_dir() {
                stored(&one.path())
            } else if one.file_name() == MARK || one.file_name().to_string_lossy().contains('#') {
                0
            } else {
                one.metadata().map_or(0, |data| data.len())
            }
        })
        .sum()
}

#[tokio::test]
async fn every_file_command_works_and_prints_json() {
    let process = Process::start();
    let [ada, bob] = pair(&process);
    file_of(&process, "plans.txt", b"the plans");
    file_of(&process, "more.bin", &content(400, MIB + 7));
    let sent = ada.says(&["file", "send", "@bob", "plans.txt", "more.bin", "--text", "look"]);
    let sent: Vec<&Value> = sent.iter().filter(|line| line["type"] == "sent").collect();
    assert_eq!(sent.len(), 2);
    let file = &sent[0]["file"];
    let keys: Vec<&str> = file.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "name", "size", "media_type", "blake3"]);
    assert_eq!(
        (&file["name"], &file["size"], &file["media_type"]),
        (&"plans.txt".into(), &9.into(), &"text/plain".into())
    );
    let id = file["id"].to_string();
    let heard = bob.says(&["listen", "--count", "2", "--idle", "10"]);
    assert_eq!(heard[0]["file"], *file);
    let fetched = bob.says(&["file", "get", &id, "--output", "got.txt"]);
    assert_eq!(last(&fetched)["type"], "fetched");
    assert_eq!(std::fs::read(process.path().join("got.txt")).unwrap(), b"the plans");
    std::fs::create_dir(process.path().join("folder")).unwrap();
    for name in ["plans.txt", "plans (2).txt"] {
        let fetched = bob.says(&["file", "get", &id, "-o", "folder"]);
        assert_eq!(last(&fetched)["path"], format!("folder/{name}"));
    }
    let fetched = bob.says(&["file", "get", &id, "-o", "folder", "--force"]);
    assert_eq!(last(&fetched)["path"], "folder/plans.txt");
    // Sent on it is bob's own.
    let shared = &bob.says(&["file", "share", &id, "@ada"])[0];
    assert_ne!(shared["file"]["id"], file["id"]);
    let own = bob.says(&["file", "own"]);
    assert_eq!(
        (&own[0]["type"], &own[0]["file"]["name"], own.len()),
        (&"own_file".into(), &"plans.txt".into(), 2)
    );
    assert_eq!((&own[1]["type"], &own[1]["used"]), (&"storage".into(), &4096.into()));
    assert_eq!(ada.says(&["file", "own", "MORE"]).len(), 2);
    // A group's files.
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["file", "folder", "#rockets", "2026"]);
    let put = ada.says(&["file", "put", "#rockets", "more.bin", "--folder", "2026"]);
    let entry = last(&put)["entry"].to_string();
    ada.says(&["file", "rename", "#rockets", &entry, "less.bin"]);
    ada.says(&["file", "move", "#rockets", &entry, "/"]);
    let list = bob.says(&["file", "list", "#rockets", "--sort", "newest"]);
    assert_eq!(list.iter().filter(|line| line["name"] == "less.bin").count(), 1);
    assert_eq!(bob.fails(&["file", "delete", "#rockets", &entry]).1["code"], "forbidden");
    ada.says(&["file", "delete", "#rockets", &entry]);
    assert!(bob.says(&["file", "list", "#rockets"]).iter().all(|line| line["name"] != "less.bin"));
    // What is removed shows as such, without an error; who asks for it is told.
    ada.says(&["file", "remove", &id]);
    assert_eq!(bob.says(&["history", "@ada"])[0]["gone"], true);
    let (exit, error) = bob.fails(&["file", "get", &id]);
    assert_eq!((exit, &error["code"], &error["class"]), (1, &"file_gone".into(), &"gone".into()));
    assert_eq!(bob.fails(&["file", "get", "99999"]).1["code"], "not_found");
    assert_eq!(last(&ada.says(&["file", "status"]))["type"], "storage");
    assert!(bob.reads(&["file", "own"]).contains("plans.txt"));
    bob.says(&["file", "remove", &shared["file"]["id"].to_string()]);
    assert!(bob.reads(&["file", "own"]).starts_with("You keep no files."));
}

#[tokio::test]
async fn a_name_of_a_file_neither_breaks_a_terminal_nor_leaves_the_folder() {
    let process = Process::start();
    let [ada, bob] = pair(&process);
    let names = [
        "a\nb",
        "\u{1b}[2J",
        "\u{202e}gpj.exe",
        "x\u{7}\u{8}",
        "-rf",
        "\u{61c}\u{2067}y",
        ".hidden",
        "tab\there",
        "cr\rlf",
        "\u{9b}31m",
        "名字 😀",
    ];
    std::fs::create_dir(process.path().join("in")).unwrap();
    std::fs::create_dir(process.path().join("out")).unwrap();
    for name in names {
        let path = process.path().join("in").join(name);
        std::fs::write(&path, name).unwrap();
        let path = path.to_str().unwrap();
        let sent = ada.says(&["file", "send", "@bob", path]);
        assert_eq!(last(&sent)["file"]["name"], name);
        let id = last(&sent)["file"]["id"].to_string();
        let shown = bob.reads(&["file", "get", &id, "-o", "out"]) + &ada.reads(&["file", "own"]);
        let bad = |c: char| {
            c != '\n'
                && (c.is_control()
                    || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        };
        assert!(!shown.contains(bad), "{name:?}: {shown:?}");
    }
    let history = bob.reads(&["history", "@ada"]);
    assert_eq!(history.lines().count(), names.len(), "a line each: {history:?}");
    let out: Vec<String> = std::fs::read_dir(process.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(out.len(), names.len(), "{out:?}");
    assert!(
        out.iter().all(|name| !name.starts_with(['.', '-']) && !name.contains(char::is_control)),
        "{out:?}"
    );
}

/// The names of the entries in a folder, or at the top.
fn names_in(person: &Terminal<'_>, folder: Option<&str>) -> Vec<String> {
    let all = person.says(&[&["file", "list", "#rockets"], folder.as_slice()].concat());
    let entries = all.iter().filter(|line| line["type"] != "storage");
    entries.map(|line| line["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn names_among_the_files_of_a_group_are_no_paths_and_each_can_be_meant() {
    let process = Process::start();
    let [ada, _] = pair(&process);
    file_of(&process, "plan.txt", b"the plan");
    ada.says(&["group", "create", "rockets", "@bob"]);
    let folders = ["..", ".", "a", "a/b", "700"];
    let made = folders.map(|name| ada.says(&["file", "folder", "#rockets", name])[0]["entry"].to_string());
    let put = ada.says(&["file", "put", "#rockets", "plan.txt"]);
    let plan = last(&put)["entry"].to_string();
    for (name, number) in folders.iter().zip(&made) {
        // Each is the folder of that name and no other.
        ada.says(&["file", "move", "#rockets", &plan, name]);
        let found = ada.says(&["file", "list", "#rockets", "--find", "plan.txt"]);
        assert_eq!(found[0]["folder"].to_string(), *number, "{name:?}");
        assert_eq!(names_in(&ada, Some(number)), ["plan.txt"], "{name:?} by its number");
        // What is in a folder may be called like one.
        ada.says(&["file", "rename", "#rockets", &plan, name]);
        assert_eq!(names_in(&ada, Some(name)), [*name]);
        ada.says(&["file", "rename", "#rockets", &plan, "plan.txt"]);
    }
    ada.says(&["file", "move", "#rockets", &plan, "/"]);
    assert_eq!(names_in(&ada, None), [".", "..", "700", "a", "a/b", "plan.txt"]);
    // A lone / is the top, and nothing is called by what cannot be seen.
    for (name, said) in
        [("/", "/ stands for the top."), ("", "must not be empty"), (" ", "must not be empty")]
    {
        let (exit, error) = ada.fails(&["file", "folder", "#rockets", name]);
        assert_eq!((exit, &error["code"]), (1, &"bad_value".into()), "{name:?}");
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    }
    // Nobody deletes by a number what is merely called by it, and is told how it is meant.
    let (exit, error) = ada.fails(&["file", "delete", "#rockets", "700"]);
    let number = &made[4];
    assert!(exit == 2 && error["message"].as_str().unwrap().contains(&format!("is {number};")), "{error}");
    ada.says(&["file", "rename", "#rockets", number, number]);
    ada.says(&["file", "delete", "#rockets", number]);
}

/// An interrupted command told how far it came, and that it waits.
fn is_told_as_paused(told: &Path, name: &str, size: u64) {
    let text = std::fs::read_to_string(told).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(*last(&lines), serde_json::json!({"type": "paused"}));
    let progress = lines.iter().rfind(|line| line["type"] == "progress").unwrap();
    assert_eq!((&progress["name"], &progress["size"]), (&name.into(), &size.into()));
    assert!(progress["done"].as_u64().unwrap() < size && progress["resumed"] == 0, "{progress}");
}

#[tokio::test]
async fn an_interrupted_command_goes_on_and_sends_nothing_twice() {
    let mut process = Process::new();
    // Slow enough to be interrupted in the middle.
    process.variables = vec![("LITROCKET_FILES_BYTES_PER_SECOND", "33554432")];
    process.up();
    let [ada, bob] = pair(&process);
    file_of(&process, "one.txt", b"one");
    let large = content(410, 48 * MIB);
    file_of(&process, "two.bin", &large);
    file_of(&process, "three.txt", b"three");
    let send = ["file", "send", "@bob", "one.txt", "two.bin", "three.txt"];
    let told = process.path().join("told.json");
    let mut running = ada.starts_into(&send, &told);
    let files = process.path().join("data/files");
    while stored(&files) < 4 * MIB as u64 && !running.has_ended() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (exit, error) = ada.fails(&send);
    assert!(exit == 2 && error["message"].as_str().unwrap().contains("running already"), "{error}");
    running.gets(Signal::INT);
    assert_eq!(running.ends(), 130, "it was paused");
    is_told_as_paused(&told, "two.bin", large.len() as u64);
    // However its files are named.
    let send = ["file", "send", "@bob", "./one.txt", "two.bin", "./three.txt"];
    let stored_before = stored(&files);
    assert!(stored_before < large.len() as u64);
    let sent = ada.says(&send);
    let resumed =
        sent.iter().find(|line| line["type"] == "sent" && line["file"]["name"] == "two.bin").unwrap();
    assert!(resumed["resumed"].as_u64().unwrap() >= MIB as u64, "{resumed}");
    let history = bob.says(&["history", "@ada"]);
    let names: Vec<&str> = history.iter().map(|line| line["file"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one.txt", "two.bin", "three.txt"]);
    // On purpose it can be sent again.
    ada.says(&["file", "send", "@bob", "one.txt"]);
    assert_eq!(bob.says(&["history", "@ada"]).len(), 4);
    // The way down: interrupted, then whole; nothing else in the folder is touched.
    let id = resumed["file"]["id"].to_string();
    std::fs::create_dir(process.path().join("out")).unwrap();
    std::fs::write(process.path().join("out/two.bin.part"), "mine").unwrap();
    symlink(process.path().join("one.txt"), process.path().join("out/link")).unwrap();
    let get = ["file", "get", &id, "-o", "out/two.bin"];
    let mut running = bob.starts_into(&get, &told);
    let target = process.path().join("out/two.bin");
    let written =
        || part_of(&target).and_then(|part| part.metadata().ok()).map_or(0, |data| data.blocks() * 512);
    while written() < 4 * MIB as u64 && !running.has_ended() {
        std::thread::sleep(Duration::from_millis(1));
    }
    running.gets(Signal::INT);
    assert_eq!(running.ends(), 130, "it was paused");
    is_told_as_paused(&told, "two.bin", large.len() as u64);
    assert!(!target.exists() && part_of(&target).is_some());
    // What goes to standard output is the file, and nothing else.
    let out = process.path().join("to-standard-output");
    let mut command = bob.command(&["file", "get", &id, "-o", "-"]);
    let mut running =
        Running(command.stdout(std::fs::File::create(&out).unwrap()).stderr(Stdio::null()).spawn().unwrap());
    let under_way =
        || objects(&process.path().join("xdg")).iter().any(|path| path.extension() == Some("part".as_ref()));
    while !under_way() && !running.has_ended() {
        std::thread::sleep(Duration::from_millis(1));
    }
    running.gets(Signal::INT);
    assert_eq!((running.ends(), std::fs::read(&out).unwrap()), (130, Vec::new()));
    let fetched = bob.says(&get);
    let kept = last(&fetched)["resumed"].as_u64().unwrap();
    assert!(kept >= MIB as u64 && kept < large.len() as u64, "{kept}");
    assert!(std::fs::read(process.path().join("out/two.bin")).unwrap() == large);
    assert_eq!(std::fs::read(process.path().join("out/two.bin.part")).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(process.path().join("out")).unwrap().count(), 3);
}

#[tokio::test]
async fn the_check_of_the_storage_tells_all_it_finds_and_changes_nothing() {
    let mut process = Process::start();
    let [ada, _] = pair(&process);
    file_of(&process, "one.bin", &content(420, 2 * MIB));
    file_of(&process, "two.bin", &content(421, 2 * MIB));
    ada.says(&["file", "send", "@bob", "one.bin", "two.bin"]);
    ada.says(&["group", "create", "rockets"]);
    ada.says(&["file", "put", "#rockets", "one.bin"]);
    ada.says(&["file", "put", "#rockets", "two.bin"]);
    let check = |process: &Process| {
        let output = program()
            .current_dir(process.path())
            .args(["--json", "admin", "files", "check"])
            .output()
            .unwrap();
        let lines: Vec<Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (output.status.code(), lines, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, lines, _) = check(&process);
    assert_eq!((code, &lines[0]["damaged"], &lines[0]["chunks"]), (Some(0), &0.into(), &4.into()));
    let mut chunks = Vec::new();
    let mut folders = vec![process.path().join("data/files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { chunks.push(entry.path()) }
        }
    }
    chunks.sort();
    std::fs::write(&chunks[0], "changed").unwrap();
    std::fs::remove_file(&chunks[1]).unwrap();
    std::fs::create_dir(&chunks[1]).unwrap();
    std::fs::create_dir_all(process.path().join("data/files/abc/abc0000000000000")).unwrap();
    std::fs::write(process.path().join("data/files/abc/abc0000000000000/0"), "nobody's").unwrap();
    let (code, lines, _) = check(&process);
    assert_eq!(code, Some(1));
    let found: Vec<&Value> = lines.iter().filter(|line| line["type"] == "damage").collect();
    assert_eq!(found.len(), 2, "{lines:?}");
    let said = program().current_dir(process.path()).args(["admin", "files", "check"]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let (content, file, name) = (&found[0]["content"], &found[0]["file"], found[0]["name"].as_str().unwrap());
    let line = format!("damaged: chunk 0 of content {content}, which is that of file {file} ({name})");
    assert!(said.contains(&line) && said.contains(", 1 object that belongs to nothing,"), "{said}");
    let own = &ada.says(&["file", "own", name])[0]["file"]["id"];
    assert_eq!(own, file, "its owner knows it by this number");
    // Who fetches it is told how it gets whole, and from then on it is shown.
    let get = ada.command(&["file", "get", &file.to_string(), "-o", "got.bin"]).output().unwrap();
    let said = String::from_utf8(get.stderr).unwrap();
    assert!(!get.status.success() && said.contains("is whole again when somebody sends"), "{said}");
    let listed = ada.says(&["file", "list", "#rockets"]);
    let damaged: Vec<&Value> = listed.iter().filter(|line| line["damaged"] == true).collect();
    assert!(damaged.len() == 1 && damaged[0]["file"] == *file, "{listed:?}");
    assert!(ada.reads(&["file", "list", "#rockets"]).contains("damaged on the server"));
    // Without the server too; and tables of another version are left alone.
    assert_eq!(process.terminate(), 0);
    assert_eq!(check(&process).0, Some(1));
    let empty = tempfile::tempdir().unwrap();
    let output = program().current_dir(empty.path()).args(["admin", "files", "check"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("data/litrocket.db: "), "{said}");
    assert!(!empty.path().join("data/litrocket.db").exists(), "it makes no database");
}
