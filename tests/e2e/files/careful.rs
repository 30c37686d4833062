//! Commands that fetch leave alone what is there; those that send go on where they were stopped; those that take away say
//! when there was nothing.

use std::{fs, time::Duration};

use image::ImageFormat;
use litrocket_client::Recording;
use rustix::process::Signal;

use super::commands::{file_of, last, pair};
use crate::{pictures::picture, process::Process, programs::Terminal, voice::wav};

#[tokio::test]
async fn what_is_there_is_not_replaced_without_a_word() {
    let process = Process::start();
    let [ada, bob] = pair(&process);
    let recording = Recording::read(&file_of(&process, "hello.wav", &wav(2))).await.unwrap();
    file_of(&process, "hello.ogg", &recording.ogg);
    file_of(&process, "words.txt", b"hello");
    file_of(&process, "sea.png", &picture(1, 300, 200, ImageFormat::Png));
    let words = last(&ada.says(&["file", "send", "@bob", "words.txt"]))["file"]["id"].to_string();
    let sent = ada.says(&["voice", "send", "@bob", "hello.wav"]);
    let voice = last(&sent)["file"]["id"].to_string();
    assert_eq!(last(&sent)["file"]["media_type"], "audio/opus");
    ada.says(&["avatar", "set", "sea.png"]);
    let mine = process.path().join("mine");
    let gets: [&[&str]; 4] = [
        &["file", "get", &words, "-o", "mine"],
        &["voice", "get", &voice, "-o", "mine"],
        &["voice", "get", &voice, "-o", "mine.wav"],
        &["avatar", "get", "@ada", "-o", "mine"],
    ];
    for get in gets {
        let target = process.path().join(get[4]);
        fs::write(&target, "mine").unwrap();
        let (exit, error) = bob.fails(get);
        assert_eq!((exit, &error["code"]), (2, &"file".into()), "{get:?}");
        assert!(error["message"].as_str().unwrap().contains("--force"), "{error}");
        assert_eq!(fs::read(&target).unwrap(), b"mine", "{get:?}");
        // With a word it is; and where nothing is, none is needed.
        bob.says(&[get, &["--force"]].concat());
        let fetched = fs::read(&target).unwrap();
        assert_ne!(fetched, b"mine", "{get:?}");
        fs::remove_file(&target).unwrap();
        bob.says(get);
        assert_eq!(fs::read(&target).unwrap(), fetched, "{get:?}");
    }
    fs::remove_file(&mine).unwrap();
    // What leads elsewhere is there too.
    std::os::unix::fs::symlink("elsewhere", &mine).unwrap();
    assert_eq!(bob.fails(&["file", "get", &words, "-o", "mine"]).0, 2);
    assert!(!process.path().join("elsewhere").exists());
    // Words are no recording.
    let (exit, error) = bob.fails(&["voice", "get", &words, "-o", "other.ogg"]);
    assert_eq!((exit, &error["code"]), (1, &"bad_voice".into()));
    assert_eq!(bob.fails(&["voice", "get", &words, "-o", "other.wav"]).1["code"], "bad_voice");
    assert_eq!(bob.fails(&["voice", "play", &words]).1["code"], "bad_voice");
    let left = fs::read_dir(process.path()).unwrap().flatten();
    let hidden: Vec<_> = left.filter(|one| one.file_name().to_string_lossy().ends_with(".part")).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[tokio::test]
async fn what_is_not_there_to_be_taken_away_is_told() {
    let process = Process::start();
    let [ada, bob] = pair(&process);
    file_of(&process, "words.txt", b"hello");
    let id = last(&ada.says(&["file", "send", "@bob", "words.txt"]))["file"]["id"].to_string();
    ada.says(&["group", "create", "rockets", "@bob"]);
    let entry = last(&ada.says(&["file", "put", "#rockets", "words.txt"]))["entry"].to_string();
    let nothing = |person: &Terminal<'_>, args: &[&str]| {
        let (exit, error) = person.fails(args);
        assert_eq!((exit, &error["code"]), (1, &"not_found".into()), "{args:?}");
    };
    nothing(&bob, &["file", "remove", &id]);
    nothing(&bob, &["file", "remove", "99999"]);
    nothing(&bob, &["file", "cancel", "99999"]);
    nothing(&ada, &["file", "cancel", &id]);
    ada.says(&["file", "delete", "#rockets", &entry]);
    nothing(&ada, &["file", "delete", "#rockets", &entry]);
    ada.says(&["file", "remove", &id]);
    nothing(&ada, &["file", "remove", &id]);
}

/// Stops a command a little later each time, until it ends by itself.
fn stopped_often(person: &Terminal<'_>, args: &[&str], signals: [Signal; 2]) {
    let mut stops = 0;
    let said = person.process.path().join("said");
    for round in 0..60_u64 {
        let mut running = person.starts_into(args, &said);
        // At once, then ever later, on however slow a machine.
        std::thread::sleep(Duration::from_millis(12 * round + round.pow(3) / 20));
        if !running.has_ended() {
            // The one first that nobody can ignore: a shell has its background programs ignore an interrupt.
            running.gets(signals[(round as usize + 1) % 2]);
        }
        match running.ends() {
            0 => break,
            // It had told that it was done.
            -1 if fs::read_to_string(&said).unwrap().contains("\"at_ms\"") => break,
            // Paused, or ended before it could listen for that.
            130 | -1 => {}
            // What was killed may still have its places on the server.
            code => {
                let error = fs::read_to_string(said.with_extension("err")).unwrap();
                assert!(code == 1 && error.contains("\"class\":\"retry\""), "{args:?}: {code}: {error}");
            }
        }
        stops += 1;
    }
    assert!(stops > 0, "{args:?} was never stopped");
}

#[tokio::test]
async fn recordings_and_moments_that_were_stopped_go_once() {
    let process = Process::start();
    let [ada, bob] = pair(&process);
    file_of(&process, "hello.wav", &wav(20));
    file_of(&process, "sea.png", &picture(2, 900, 700, ImageFormat::Png));
    stopped_often(&ada, &["voice", "send", "@bob", "hello.wav"], [Signal::INT, Signal::KILL]);
    let history = bob.says(&["history", "@ada"]);
    assert_eq!(history.len(), 1, "{history:?}");
    assert_eq!(history[0]["voice"]["duration_ms"], 20_000);
    // On purpose it goes again.
    ada.says(&["voice", "send", "@bob", "hello.wav"]);
    assert_eq!(bob.says(&["history", "@ada"]).len(), 2);
    let post = ["moment", "post", "the sea", "--image", "sea.png", "--alt", "water"];
    stopped_often(&ada, &post, [Signal::INT, Signal::KILL]);
    assert_eq!(ada.says(&["moment", "feed"]).len(), 1);
    ada.says(&post);
    assert_eq!(ada.says(&["moment", "feed"]).len(), 2);
    stopped_often(&ada, &["avatar", "set", "sea.png"], [Signal::INT, Signal::TERM]);
    bob.says(&["avatar", "get", "@ada"]);
    // Nothing is left of what was prepared.
    let notes: Vec<String> = fs::read_dir(process.path().join("xdg/litrocket/ada"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("sending") || name.starts_with("posting"))
        .collect();
    assert!(notes.is_empty(), "{notes:?}");
}
