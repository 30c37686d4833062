//! Files at the command line: gone, sent on, by their name, without the place, paused.

use std::time::{Duration, Instant};

use image::ImageFormat;
use rustix::process::Signal;
use serde_json::Value;

use super::{is_chinese, people, types};
use crate::{
    files::{MIB, content},
    pictures::{picture, with_place},
    process::Process,
};

#[tokio::test]
async fn a_file_that_is_gone_shows_as_gone_and_is_refused_by_name() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.file("plan.txt", b"the plan");
    let said = ada.reads(&["file", "send", "@bob", "plan.txt"]);
    assert!(said.starts_with("sent plan.txt (8 B, text/plain) to @bob"), "{said}");
    let id = bob.says(&["history", "@ada"])[0]["file"]["id"].to_string();
    assert!(!bob.reads(&["history", "@ada"]).contains("not kept any more"));
    ada.says(&["file", "remove", &id]);
    let history = &bob.says(&["history", "@ada"])[0];
    assert_eq!((&history["gone"], &history["file"]["name"]), (&true.into(), &"plan.txt".into()));
    assert!(bob.reads(&["history", "@ada"]).contains("plan.txt (not kept any more)"));
    assert!(bob.reads(&["--lang", "zh", "history", "@ada"]).contains("plan.txt（已不再保留）"));
    // Also for who was away when it was sent.
    let heard = bob.says(&["listen", "--idle", "1"]);
    assert_eq!((types(&heard), &heard[0]["gone"]), (vec!["file"], &true.into()));
    for command in [["file", "get"], ["voice", "get"]] {
        let args = [command[0], command[1], &id];
        let (exit, error) = bob.fails(&args);
        assert_eq!((exit, &error["code"], &error["class"]), (1, &"file_gone".into(), &"gone".into()));
        assert!(bob.complains("en", &args).1.contains(&format!("File {id} is not kept any more")));
        assert!(is_chinese(&bob.complains("zh", &args).1));
    }
    // The same file sent again is another message, and that one can be fetched.
    ada.says(&["file", "send", "@bob", "plan.txt"]);
    let history = bob.says(&["history", "@ada"]);
    assert_eq!((&history[0]["gone"], history[1].get("gone")), (&true.into(), None));
    bob.says(&["file", "get", &history[1]["file"]["id"].to_string(), "-o", "got.txt"]);
    assert_eq!(std::fs::read(process.path().join("got.txt")).unwrap(), b"the plan");
}

#[tokio::test]
async fn a_message_is_sent_on_with_its_file_from_the_command_line() {
    let process = Process::start();
    let [ada, bob, eve] = people(&process, ["ada", "bob", "eve"]);
    ada.file("plan.txt", b"the plan");
    ada.says(&["file", "send", "@bob", "plan.txt", "--text", "have a look"]);
    ada.says(&["send", "@bob", "only words"]);
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let sent = &bob.says(&["forward", "@ada", "1", "@eve", "--id", id])[0];
    assert_eq!((&sent["type"], &sent["id"]), (&"sent".into(), &id.into()));
    assert_eq!(bob.says(&["forward", "@ada", "1", "@eve", "--id", id])[0], *sent, "once");
    bob.says(&["forward", "@ada", "2", "@eve"]);
    let heard = eve.says(&["listen", "--count", "2", "--idle", "10"]);
    assert_eq!(types(&heard), ["forward", "forward"]);
    assert_eq!((&heard[0]["text"], &heard[0]["forwarded_from"]), (&"have a look".into(), &"ada".into()));
    assert_eq!((&heard[0]["file"]["name"], heard[1].get("file")), (&"plan.txt".into(), None));
    eve.says(&["file", "get", &heard[0]["file"]["id"].to_string(), "-o", "got.txt"]);
    assert_eq!(std::fs::read(process.path().join("got.txt")).unwrap(), b"the plan");
    let read = eve.reads(&["history", "@bob"]);
    assert!(read.contains("forwarded @ada: [file ") && read.contains("have a look"), "{read}");
    let first = bob.says(&["history", "@ada"])[0]["file"]["id"].to_string();
    assert_eq!(eve.fails(&["file", "get", &first]).1["code"], "not_found");
    assert_eq!(eve.fails(&["forward", "@ada", "1", "@me"]).1["code"], "not_found", "they never talked");
    assert_eq!(eve.fails(&["forward", "@bob", "77", "@me"]).1["code"], "bad_target");
}

#[tokio::test]
async fn entries_of_a_groups_files_go_by_their_name() {
    let process = Process::start();
    let [ada] = people(&process, ["ada"]);
    ada.says(&["group", "create", "rockets"]);
    ada.file("plan.txt", b"the plan");
    let sea = ada.file("sea.png", &picture(1, 60, 40, ImageFormat::Png));
    ada.says(&["file", "folder", "#rockets", "2026"]);
    ada.says(&["file", "put", "#rockets", "plan.txt", sea.to_str().unwrap()]);
    let moved = ada.reads(&["file", "move", "#rockets", "plan.txt", "2026"]);
    assert_eq!(moved.trim(), "plan.txt is in 2026 now");
    assert_eq!(ada.says(&["file", "list", "#rockets", "2026"])[0]["name"], "plan.txt");
    let moved = ada.reads(&["--lang", "zh", "file", "move", "#rockets", "plan.txt", "/"]);
    assert_eq!(moved.trim(), "plan.txt 已移到顶层");
    ada.says(&["file", "rename", "#rockets", "plan.txt", "plans.txt"]);
    assert_eq!(ada.reads(&["file", "delete", "#rockets", "plans.txt"]).trim(), "Deleted: plans.txt");
    let listed = ada.says(&["file", "list", "#rockets"]);
    let names: Vec<&str> = listed.iter().filter_map(|line| line["name"].as_str()).collect();
    assert_eq!(names, ["2026", "sea.png"]);
    assert_eq!((&listed[1]["picture"]["width"], listed[0].get("picture")), (&60.into(), None));
    assert!(ada.reads(&["file", "list", "#rockets"]).contains("60×40"));
}

#[tokio::test]
async fn pictures_of_moments_and_faces_leave_the_place_out_unless_it_is_kept() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    ada.says(&["friend", "add", "@bob"]);
    bob.says(&["friend", "accept", "@ada"]);
    let taken = with_place(&picture(1, 320, 200, ImageFormat::Jpeg));
    ada.file("sea.jpg", &taken);
    let tells = |bytes: &[u8]| bytes.windows(9).any(|part| part == b"somewhere");
    let got = process.path().join("got.jpg");
    let posts = [
        (&["moment", "post", "--image", "sea.jpg", "--alt", "The sea at dawn"][..], false),
        (&["moment", "post", "as it is", "--image", "sea.jpg", "--keep-location"], true),
    ];
    for (post, kept) in posts {
        ada.says(post);
        let seen = &bob.says(&["moment", "feed"])[0];
        let shown = &seen["pictures"][0];
        let alt = if kept { "" } else { "The sea at dawn" };
        assert_eq!(
            (&shown["alt"], &shown["width"], &shown["height"]),
            (&alt.into(), &200.into(), &320.into())
        );
        bob.says(&["file", "get", &shown["file"].to_string(), "-o", "got.jpg", "--force"]);
        let bytes = std::fs::read(&got).unwrap();
        assert_eq!(tells(&bytes), kept);
        assert!(kept == (bytes == taken) && image::load_from_memory(&bytes).is_ok());
    }
    assert!(bob.reads(&["moment", "feed"]).contains("The sea at dawn"));
    assert_eq!(ada.fails(&["moment", "post", "x", "--image", "sea.jpg", "--alt", "a", "--alt", "b"]).0, 2);
    bob.says(&["moment", "hide", "@ada"]);
    assert!(bob.says(&["moment", "feed"]).is_empty());
    bob.says(&["moment", "unhide", "@ada"]);
    assert_eq!(bob.says(&["moment", "feed"]).len(), 2);
    // Her face is what the picture shows, and nothing of what it tells.
    assert_eq!(bob.fails(&["avatar", "get", "@ada"]).1["code"], "no_preview");
    let set = ada.says(&["avatar", "set", "sea.jpg", "--crop", "0,0,100"]);
    assert_eq!(set.last().unwrap()["version"], 1);
    bob.says(&["avatar", "get", "@ada", "-o", "got.jpg", "--size", "64", "--force"]);
    let face = std::fs::read(&got).unwrap();
    assert!(!tells(&face));
    assert_eq!(image::load_from_memory(&face).unwrap().to_rgb8().dimensions(), (64, 64));
    ada.file("words.txt", b"no picture");
    for (language, args, said) in [
        ("zh", &["avatar", "set", "words.txt"][..], "words.txt：这不是可显示的图片"),
        (
            "en",
            &["moment", "post", "--image", "sea.jpg", "--image", "words.txt"],
            "words.txt: This is not a picture",
        ),
        (
            "en",
            &["avatar", "set", "sea.jpg", "--crop", "190,0,20"],
            "sea.jpg: The part to cut out is not inside the picture of 200×320",
        ),
        (
            "zh",
            &["avatar", "set", "sea.jpg", "--crop", "190,0,20"],
            "sea.jpg：要截取的部分不在 200×320 像素的图片之内",
        ),
    ] {
        let (exit, complaint) = ada.complains(language, args);
        assert!(exit == 1 && complaint.contains(said), "{complaint}");
    }
    // A picture that was taken away is gone from its moment as from a message.
    let file = bob.says(&["moment", "feed"])[0]["pictures"][0]["file"].to_string();
    ada.says(&["file", "remove", &file]);
    let shown = &bob.says(&["moment", "feed"])[0]["pictures"][0];
    assert_eq!((&shown["gone"], shown.get("width"), shown["file"].to_string()), (&true.into(), None, file));
    assert!(bob.reads(&["moment", "feed"]).contains("not kept any more"));
    ada.says(&["avatar", "remove"]);
    assert_eq!(bob.fails(&["avatar", "get", "@ada"]).1["code"], "no_preview");
}

#[tokio::test]
async fn an_upload_that_was_paused_is_listed_until_the_same_command_has_ended_it() {
    let process = Process::start();
    let [ada, bob] = people(&process, ["ada", "bob"]);
    let large = content(700, 64 * MIB);
    ada.file("large.bin", &large);
    let chunks = |status: &[Value]| {
        let upload = status.iter().find(|line| line["type"] == "upload").cloned();
        upload.map(|upload| (upload["chunks"].as_u64().unwrap(), upload["all_chunks"].as_u64().unwrap()))
    };
    let send = ["file", "send", "@bob", "large.bin", "--early"];
    let mut running = ada.starts(&send);
    let deadline = Instant::now() + Duration::from_secs(60);
    while chunks(&ada.says(&["file", "status"])).is_none_or(|(there, _)| there == 0) {
        assert!(!running.has_ended() && Instant::now() < deadline, "nothing is under way");
    }
    running.gets(Signal::INT);
    assert_eq!(running.ends(), 130);
    let (there, all) = chunks(&ada.says(&["file", "status"])).expect("it waits to go on");
    assert!(there > 0 && there < all && all == 64, "{there} of {all}");
    assert!(ada.reads(&["file", "status"]).contains("large.bin"));
    // Who fetches it meanwhile is told in time why it is not whole, and keeps what came.
    let id = bob.says(&["history", "@ada"])[0]["file"]["id"].to_string();
    let (get, began) = (["file", "get", &id, "-o", "got.bin"], Instant::now());
    let (exit, said) = bob.complains("en", &[&["--timeout", "2"], &get[..]].concat());
    assert!(
        exit == 3 && said.contains("The sender has brought only ") && said.contains("(incomplete)"),
        "{said}"
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let sent = ada.says(&send);
    let fetched = bob.says(&get);
    assert!(fetched.last().unwrap()["resumed"].as_u64().unwrap() >= MIB as u64, "{:?}", fetched.last());
    assert!(std::fs::read(process.path().join("got.bin")).unwrap() == large);
    let resumed = sent.last().unwrap()["resumed"].as_u64().unwrap();
    assert!(resumed >= there * MIB as u64, "{resumed} resumed of {there} chunks");
    assert_eq!(types(&ada.says(&["file", "status"])), ["storage"]);
}
