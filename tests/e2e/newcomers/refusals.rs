//! Files that are refused: before a byte of them is brought, and where fetched ones go.

use std::{
    ffi::OsString,
    io::Read as _,
    os::unix::ffi::OsStringExt as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use image::ImageFormat;
use rustix::process::{Pid, Signal, kill_process};

use super::{is_chinese, people};
use crate::{
    files::{MIB, content},
    pictures::picture,
    process::Process,
    programs::Terminal,
    voice::wav,
};

/// What somebody's files count for.
fn used(person: &Terminal<'_>) -> u64 {
    person.says(&["file", "status"]).last().unwrap()["used"].as_u64().unwrap()
}

#[tokio::test]
async fn what_would_be_refused_behind_an_upload_is_refused_before_it() {
    let mut process = Process::new();
    process.variables.push(("LITROCKET_FILES_GROUP_QUOTA_MIB", "1"));
    process.up();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.file("plan.txt", b"the plan");
    let put = ada.says(&["file", "put", "#rockets", "plan.txt"]);
    let entry = put.last().unwrap()["entry"].to_string();
    let before = used(&ada);
    // Another content of that name; no picture; a picture without that part; more than a group may have; a recording.
    ada.file("plan.txt", b"another plan");
    ada.file("sea.png", &picture(1, 60, 40, ImageFormat::Png));
    ada.file("large.bin", &content(720, MIB + 1));
    ada.file("hello.wav", &wav(1));
    let (wide, blank) = ("x".repeat(7000), " ");
    ada.file(blank, b"words");
    bob.says(&["friend", "block", "@ada"]);
    for (args, code, said) in [
        (&["file", "send", "#rockets", "plan.txt", "--text", &wide][..], "too_long", "4096 bytes. (text)"),
        (&["file", "send", "@bob", "plan.txt"], "not_accepting", "does not accept"),
        (&["file", "send", "@bob", "plan.txt", "--early"], "not_accepting", "does not accept"),
        (&["voice", "send", "@bob", "hello.wav"], "not_accepting", "does not accept"),
        (&["file", "put", "#rockets", "plan.txt"], "name_taken", "of this name already"),
        (&["file", "put", "#rockets", "large.bin"], "quota_exceeded", "(at most 1.00 MiB)"),
        (&["file", "put", "#rockets", blank], "bad_value", "must not be empty"),
        (&["avatar", "set", "plan.txt"], "bad_picture", "plan.txt: This is not a picture"),
        (&["avatar", "set", "sea.png", "--crop", "0,0,41"], "bad_crop", "sea.png: The part to cut out"),
        (
            &["moment", "post", "x", "--image", "sea.png", "--image", "plan.txt"],
            "bad_picture",
            "plan.txt: This is not a picture",
        ),
        (&["moment", "post", &wide, "--image", "sea.png"], "too_long", "6144 bytes. (text)"),
    ] {
        let (exit, told) = ada.complains("en", args);
        assert!(exit == 1 && told.contains(said) && told.contains(code), "{args:?}: {exit} {told}");
        assert!(is_chinese(&ada.complains("zh", args).1), "{args:?}");
        assert_eq!(used(&ada), before, "{args:?}");
    }
    assert_eq!(bob.fails(&["avatar", "set", "sea.png", "--group", "#rockets"]).1["code"], "forbidden");
    assert_eq!(used(&bob), 0);
    // What the group has already is added again without a word, and costs nobody anything.
    ada.file("plan.txt", b"the plan");
    for person in [&ada, &bob] {
        let put = person.says(&["file", "put", "#rockets", "plan.txt"]);
        assert_eq!(put.last().unwrap()["entry"].to_string(), entry);
    }
    assert_eq!(used(&bob), 0);
    // A name that nobody could be shown.
    let name = OsString::from_vec(b"plan-\xff.txt".to_vec());
    std::fs::write(process.path().join(&name), "x").unwrap();
    for language in ["en", "zh"] {
        let mut command = ada.command(&["--lang", language, "file", "send", "@me", "plan.txt"]);
        let output = command.arg(&name).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains("plan-\u{fffd}.txt") && said.contains("UTF-8"), "{said}");
        assert_eq!(is_chinese(&said), language == "zh", "{said}");
    }
    assert!(ada.says(&["history", "@me"]).is_empty(), "nor is the other one sent");
    // The number of an entry is no file's.
    let (_, said) = bob.complains("en", &["file", "get", "77777"]);
    assert!(said.contains("[file N]") && said.contains("file list GROUP"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_refused_when_it_is_there_need_not_be_brought_again() {
    let mut process = Process::new();
    // Slow enough for what happens meanwhile.
    process.variables = vec![("LITROCKET_FILES_BYTES_PER_SECOND", "16777216")];
    process.up();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.file("large.bin", &content(721, 64 * MIB));
    let send = ["file", "send", "@bob", "large.bin"];
    let out = process.path().join("sent");
    let mut running = ada.starts_into(&send, &out);
    let deadline = Instant::now() + Duration::from_secs(60);
    while used(&ada) == 0 {
        assert!(!running.has_ended() && Instant::now() < deadline, "nothing is under way");
    }
    bob.says(&["friend", "block", "@ada"]);
    assert_eq!(running.ends(), 1);
    let said = std::fs::read_to_string(out.with_extension("err")).unwrap();
    assert!(said.contains("not_accepting"), "{said}");
    assert!(said.contains("The file is on the server as ") && said.contains(" until 20"), "{said}");
    bob.says(&["friend", "unblock", "@ada"]);
    let sent = ada.says(&send);
    assert_eq!(sent.last().unwrap()["resumed"], 64 * MIB, "the same command brings nothing more");
}

#[tokio::test]
async fn a_file_on_its_way_to_standard_output_is_kept_until_it_is_read() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    let large = content(722, MIB);
    ada.file("large.bin", &large);
    let sent = ada.says(&["file", "send", "@me", "large.bin"]);
    let id = sent.last().unwrap()["file"]["id"].to_string();
    let get = ["file", "get", &id, "-o", "-"];
    let kept = process.path().join(format!("xdg/litrocket/ada/fetching-{id}"));
    // Who reads stands still, and a stop is heard all the same.
    let mut command = ada.command(&get);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    running.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            running.kill().unwrap();
            panic!("it does not stop");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("Paused"));
    assert!(large[1..].starts_with(&output.stdout), "nothing else is in it");
    assert!(std::fs::read(&kept).unwrap() == large, "nothing of it has to be fetched again");
    assert!(ada.command(&get).output().unwrap().stdout == large);
    assert!(!kept.exists());
}

/// What is in a folder, with what is hidden.
fn inside(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn files_faces_and_recordings_go_where_output_says() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    let sea = picture(1, 60, 40, ImageFormat::Png);
    ada.file("sea.png", &sea);
    ada.file("hello.wav", &wav(1));
    let sent = ada.says(&["file", "send", "@bob", "sea.png", "--alt", "The sea", "--text", "have a look"]);
    let id = sent.last().unwrap()["file"]["id"].to_string();
    let read = bob.reads(&["history", "@ada"]);
    assert!(read.contains("60×40) (shows: The sea) have a look"), "{read}");
    let sent = ada.says(&["voice", "send", "@bob", "hello.wav"]);
    let voice = sent.last().unwrap()["file"]["id"].to_string();
    ada.says(&["avatar", "set", "sea.png"]);
    let work = process.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let gets = [["file", "get", &id], ["voice", "get", &voice], ["avatar", "get", "@ada"]];
    let run = |get: &[&str; 3], more: &[&str]| {
        let mut command = bob.command(&[&get[..], more].concat());
        command.current_dir(&work).arg("--ca").arg(process.path().join("certs/ca.pem"));
        command.output().unwrap()
    };
    for get in &gets {
        // Nothing is fetched to a place that is not there, and nothing is left of it.
        for place in ["nodir/", "nodir/x.bin", "nodir/."] {
            let output = run(get, &["-o", place]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{get:?} {said}");
            assert!(said.contains(&format!("{place}: No such file")) && !said.contains(".part"), "{said}");
            assert!(inside(&work).is_empty(), "{get:?} {place}: {:?}", inside(&work));
        }
        let output = run(get, &["-o", "-"]);
        let start: &[u8] = match get[0] {
            "file" => &sea,
            "voice" => b"OggS",
            _ => b"\xff\xd8",
        };
        assert!(output.status.success() && output.stdout.starts_with(start), "{get:?}");
        assert!(output.stderr.is_empty() && inside(&work).is_empty(), "{get:?}");
        let output = run(get, &["--json", "-o", "-"]);
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{get:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("standard output"), "{get:?}");
    }
    // In a folder each has its own name, and takes nobody else's.
    std::fs::create_dir(work.join("in")).unwrap();
    for (more, folder) in [(&["-o", "in"][..], "in"), (&["-o", "in/"], "in"), (&[], "")] {
        for (get, name) in gets.iter().zip(["sea", "hello", "avatar"]) {
            assert!(run(get, more).status.success(), "{get:?} {more:?}");
            let names = inside(&work.join(folder));
            assert!(names.iter().any(|one| one.starts_with(name)), "{names:?}");
        }
    }
    assert_eq!(inside(&work.join("in")).len(), 6);
    assert!(work.join("in/hello (2).ogg").exists() && work.join("in/avatar (2).jpg").exists());
}
