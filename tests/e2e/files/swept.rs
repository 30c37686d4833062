//! The operator's check of a bucket: what belongs to nobody is told and, when it is old, swept; all else stays.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use image::ImageFormat;
use serde_json::Value;

use super::{
    MIB,
    commands::{file_of, last, pair},
    content,
    remote::{free_port, make_bucket, start_behind},
};
use crate::{
    pictures::picture,
    process::{Process, program},
    programs::python,
    world::PATIENCE,
};

/// Asks the store for something in the bucket; what it answers.
fn asks(port: u16, method: &str, what: &str) -> String {
    let script = "import sys, urllib.request\n\
        head = {'Authorization': 'AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, \
        SignedHeaders=host, Signature=x', 'Content-Type': 'application/octet-stream'}\n\
        data = b'some bytes' if sys.argv[2] == 'PUT' else None\n\
        asked = urllib.request.Request(sys.argv[1], data=data, method=sys.argv[2], headers=head)\n\
        print(urllib.request.urlopen(asked).read().decode())";
    let url = format!("http://127.0.0.1:{port}/rocket{what}");
    let output = Command::new(python()).args(["-c", script, &url, method]).output().unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All objects of the bucket, in order.
fn objects(port: u16) -> Vec<String> {
    let listed = asks(port, "GET", "?list-type=2");
    let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
    keys.map(|(key, _)| key.to_owned()).collect()
}

/// All objects, when there are as many: small pictures are made behind the upload.
fn counted(port: u16, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = objects(port);
        if all.len() == count {
            return all;
        }
        assert!(Instant::now() < deadline, "{count} were expected: {all:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Copies a folder, in place of what is there.
fn copies(process: &Process, from: &str, to: &str) {
    let target = process.path().join(to);
    if target.exists() {
        std::fs::remove_dir_all(&target).unwrap();
    }
    let done = Command::new("cp").arg("-a").arg(process.path().join(from)).arg(target).status().unwrap();
    assert!(done.success());
}

/// What the check says at last; nothing is damaged or missing.
fn checks(process: &Process, wish: &[&str]) -> Value {
    let output = program()
        .current_dir(process.path())
        .args(["--json", "admin", "files", "check"])
        .args(wish)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let total = last(&lines).clone();
    assert_eq!((&total["damaged"], &total["bad_previews"]), (&0.into(), &0.into()), "{said}");
    total
}

/// A server whose files are in the store; it does not run yet.
fn server_on(port: u16) -> Process {
    let process = Process::new();
    std::fs::write(process.path().join("key"), "id\nsecret\n").unwrap();
    let config = format!(
        "[files]\nstore = \"s3://rocket/some/prefix\"\ns3_endpoint = \"http://127.0.0.1:{port}\"\n\
         s3_region = \"us-east-1\"\ns3_key_file = \"key\"\n"
    );
    std::fs::write(process.path().join("litrocket.toml"), config).unwrap();
    process
}

#[tokio::test]
async fn what_a_restored_database_does_not_know_is_swept_from_a_bucket_when_it_is_old() {
    for days in [0, 2] {
        let port = free_port();
        let _moto = start_behind(port, days);
        make_bucket(port);
        let mut process = server_on(port);
        process.up();
        let bytes = content(700, 2 * MIB + 1);
        file_of(&process, "one.bin", &bytes);
        file_of(&process, "one.png", &picture(1, 900, 600, ImageFormat::Png));
        file_of(&process, "two.bin", &content(701, MIB + 1));
        file_of(&process, "two.png", &picture(2, 900, 600, ImageFormat::Png));
        let [ada, _] = pair(&process);
        let sent = ada.says(&["file", "send", "@bob", "one.bin", "one.png"]);
        let file = sent.iter().find(|line| line["type"] == "sent").unwrap()["file"]["id"].to_string();
        // The mark, chunks, a picture with two small ones.
        let before = counted(port, 1 + 3 + 3);
        assert_eq!(process.terminate(), 0);
        copies(&process, "data", "backup");
        // What comes after the backup belongs to nobody when it is restored.
        process.up();
        let [ada, _] = ["ada", "bob"].map(|profile| crate::programs::Terminal { process: &process, profile });
        ada.says(&["file", "send", "@bob", "two.bin", "two.png"]);
        let after = counted(port, before.len() + 2 + 3);
        assert_eq!(process.terminate(), 0);
        copies(&process, "backup", "data");
        let database = rusqlite::Connection::open(process.path().join("data/litrocket.db")).unwrap();
        assert_eq!(database.execute("DELETE FROM meta WHERE key = 'log_epoch'", []).unwrap(), 1);
        drop(database);
        process.up();
        // What no server wrote is somebody else's.
        let others = ["elsewhere/abc/abc0000000000000/0", "some/prefix/notes"];
        for other in others {
            asks(port, "PUT", &format!("/{other}"));
        }
        let mut all: Vec<String> = after.into_iter().chain(others.map(str::to_owned)).collect();
        all.sort();
        let told = checks(&process, &[]);
        assert_eq!((&told["orphans"], &told["swept"], &told["previews"]), (&6.into(), &0.into(), &2.into()));
        assert_eq!(objects(port), all, "a look changes nothing");
        let told = checks(&process, &["--confirm", "--sweep"]);
        let mut left = all;
        if days > 0 {
            left.retain(|object| before.contains(object) || others.contains(&&**object));
        }
        assert_eq!((&told["orphans"], &told["swept"]), (&6.into(), &(if days > 0 { 5 } else { 0 }).into()));
        assert_eq!(objects(port), left, "{days} days");
        let told = checks(&process, &["--confirm", "--sweep"]);
        assert_eq!((&told["orphans"], &told["swept"]), (&(if days > 0 { 1 } else { 6 }).into(), &0.into()));
        // Whatever somebody has is there.
        let bob = crate::programs::Terminal { process: &process, profile: "bob" };
        bob.says(&["file", "get", &file, "-o", "copy.bin"]);
        assert!(std::fs::read(process.path().join("copy.bin")).unwrap() == bytes);
    }
}
