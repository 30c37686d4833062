//! Words as one types them.

use crate::{
    process::Process,
    programs::{Terminal, lines},
};

#[tokio::test]
async fn words_from_the_command_line() {
    let process = Process::start();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    let found = ada.says(&["word", "look", "rocket", "--limit", "3"]);
    assert_eq!(
        (found.len(), &found[0]["simplified"], &found[0]["match"]),
        (3, &"火箭".into(), &"exact".into())
    );
    let kept = ada.says(&["word", "look", "rocket", "--keep", "1"]);
    assert_eq!((kept.len(), &kept[0]["type"], &kept[0]["word"]), (1, &"word".into(), &"火箭".into()));
    assert_eq!(ada.says(&["word", "look", "huojian", "--limit", "1"])[0]["id"], kept[0]["id"]);
    let (exit, error) = ada.fails(&["word", "look", "qqqqqq", "--keep", "1"]);
    assert_eq!((exit, &error["code"]), (1, &"not_found".into()));
    ada.says(&["word", "add", "tricky, \"word\"", "a meaning", "--note", "=1+1", "--example", "so it is"]);
    let edited = ada.says(&["word", "edit", "火箭", "--meaning", "rocket; 火箭", "--note", ""]);
    assert_eq!((&edited[0]["meaning"], &edited[0]["note"]), (&"rocket; 火箭".into(), &"".into()));
    let (exit, error) = ada.fails(&["word", "edit", "nothing", "--meaning", "x"]);
    assert_eq!((exit, &error["code"]), (1, &"not_found".into()));
    let csv = String::from_utf8(ada.runs(&["word", "export", "words.csv"]).stdout).unwrap();
    assert!(csv.contains("\"lines\":2"), "{csv}");
    let (exit, error) = ada.fails(&["word", "export", "words.csv"]);
    assert!(exit != 0 && error["message"].as_str().unwrap().contains("there already"), "{error}");
    let imported = bob.says(&["word", "import", "words.csv"]);
    assert_eq!((&imported[0]["words"], &imported[0]["added"]), (&2.into(), &2.into()));
    assert_eq!(bob.says(&["word", "import", "words.csv"])[0]["added"], 0, "importing it twice adds nothing");
    let without = |person: &Terminal<'_>| {
        let words = person.says(&["word", "list"]).into_iter().map(|mut word| {
            for key in ["id", "created_ms", "changed_ms"] {
                word.as_object_mut().unwrap().remove(key);
            }
            word.to_string()
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(without(&bob), without(&ada), "what was exported comes back as it was");
    let bad = bob.fails_with(&["word", "import", "-"], "a,b\n1,2\n");
    assert!(bad.0 == 2 && bad.1["message"].as_str().unwrap().contains("word,reading,meaning"), "{bad:?}");
    let other = lines(&bob.runs_with(&["word", "import", "-"], "\u{feff}Meaning,Word\n水,water\n"));
    assert_eq!(other[0]["added"], 1);
    assert_eq!(bob.says(&["word", "list", "wat"])[0]["meaning"], "水");
    bob.says(&["word", "delete", "water"]);
    assert!(bob.says(&["word", "list", "wat"]).is_empty());
    assert_eq!(bob.fails(&["word", "delete", "water"]).1["code"], "not_found");
    let missing = bob.fails(&["word", "import", "not-there.csv"]);
    assert_eq!(missing.0, 2);
}
