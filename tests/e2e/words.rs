//! The dictionary and people's own words.

use litrocket_client::Item;
use litrocket_protocol::{
    MessageId, chat, frame,
    words::{AddWords, DeleteWord, EditWord, KeepEntry, ListWords, LookUp, LookedUp, NewWord, Word},
};

use crate::{
    process::Process,
    programs::{Terminal, lines},
    world::{Person, World},
};

fn looks(text: &str) -> LookUp {
    LookUp { text: text.into(), from: None, after: None, limit: None }
}

fn simplified(found: &LookedUp) -> Vec<&str> {
    found.entries.iter().map(|entry| &*entry.simplified).collect()
}

fn new_word(person: &Person, word: &str, meaning: &str) -> NewWord {
    NewWord {
        id: person.client.new_id().unwrap(),
        word: word.into(),
        reading: String::new(),
        meaning: meaning.into(),
        example: String::new(),
        note: String::new(),
    }
}

impl Person {
    pub(crate) async fn adds(&self, word: &str, meaning: &str) -> Word {
        let added = self.asks(AddWords { words: vec![new_word(self, word, meaning)] }).await;
        assert_eq!(added.added, 1);
        added.words.into_iter().next().unwrap()
    }

    /// The next entry of the account log under a word's key; `None` inside when it went.
    async fn hears_of(&mut self, id: MessageId) -> Option<Word> {
        let key = format!("word/{id}");
        self.waits_for(|item| match item {
            Item::Entry(chat::Entry { key: found, value, .. }) if *found == key => {
                Some(value.as_ref().map(|value| frame::decode::<Word>(value).unwrap()))
            }
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn a_word_is_looked_up_in_both_languages() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    for text in ["火箭", "huojian", "huo3 jian4", "huǒ jiàn", "rocket", "rockets", "rokcet"] {
        let found = ada.asks(looks(text)).await;
        assert!(simplified(&found).contains(&"火箭"), "{text}");
    }
    let found = ada.asks(looks("電腦")).await;
    let entry = &found.entries[0];
    assert_eq!((&*entry.simplified, &*entry.traditional, &*entry.matched), ("电脑", "電腦", "exact"));
    assert_eq!((&*entry.pinyin, &*entry.reading), ("dian4 nao3", "diàn nǎo"));
    assert!(entry.senses.contains(&"computer".to_owned()), "{entry:?}");
    let example = entry.example.as_ref().unwrap();
    assert!(example.text.contains("电脑") && !example.meaning.is_empty(), "{example:?}");
    let only = |from: &str| LookUp { from: Some(from.into()), ..looks("rocket") };
    assert!(!simplified(&ada.asks(only("zh")).await).contains(&"火箭"));
    assert_eq!(simplified(&ada.asks(only("en")).await)[0], "火箭");
    assert!(ada.asks(looks("🚀🚀")).await.entries.is_empty());
}

#[tokio::test]
async fn an_operators_own_entries_stand_beside_the_built_in_ones() {
    let with_file = async |text: &str| {
        let world = World::start().await;
        std::fs::write(world.folder.path().join("data/dictionary.u8"), text).unwrap();
        let ada = world.person("ada").await;
        (
            ada.asks(looks("火箭")).await.entries.remove(0).senses,
            ada.asks(looks("zzqqxxzzqqxx")).await.entries,
        )
    };
    let own = "# ours\n火箭 火箭 [huo3 jian4] /what we build/\n發台 发台 [fa1 tai2] /zzqqxxzzqqxx/\n";
    let (senses, entries) = with_file(own).await;
    assert_eq!((senses, &*entries[0].simplified), (vec!["what we build".to_owned()], "发台"));
    let (senses, entries) = with_file(&format!("{own}nonsense\n")).await;
    assert_eq!((&*senses[0], entries.len()), ("rocket", 0), "a file with a bad line is left out as a whole");
}

#[tokio::test]
async fn look_ups_are_paged_without_a_hole_and_end() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = ada.asks(LookUp { after, limit: Some(100), ..looks("一") }).await;
        assert!(page.entries.len() <= 100);
        all.extend(page.entries);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 500, "a common character fits more words than are answered");
    let mut names: Vec<_> = all.iter().map(|it| (&it.traditional, &it.simplified, &it.pinyin)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 500, "no entry comes twice");
    let small = ada.asks(LookUp { limit: Some(3), ..looks("一") }).await;
    assert_eq!((small.entries.len(), small.next), (3, Some(3)));
    assert!(ada.asks(LookUp { after: Some(u64::MAX), ..looks("一") }).await.entries.is_empty());
}

#[tokio::test]
async fn a_look_up_that_makes_no_sense_is_refused() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    assert_eq!(ada.is_refused(looks(&"x".repeat(257))).await, "too_long");
    assert_eq!(ada.is_refused(looks("  ")).await, "bad_value");
    assert_eq!(ada.is_refused(LookUp { from: Some("fr".into()), ..looks("x") }).await, "bad_value");
    assert_eq!(ada.is_refused(LookUp { limit: Some(101), ..looks("x") }).await, "bad_value");
    assert_eq!(ada.is_refused(LookUp { limit: Some(0), ..looks("x") }).await, "bad_value");
    let guest = world.guest().await;
    let refused = guest.call(looks("x")).await.unwrap_err();
    assert!(refused.to_string().contains("not_signed_in"), "{refused}");
}

#[tokio::test]
async fn nobody_takes_all_look_ups_and_chat_goes_on_beside_them() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.asks(looks("rocket")).await;
    let chat = bob.opens(&ada).await;
    // As dear as a question may be: words that are in no dictionary, at once.
    let mut asked = Vec::new();
    for number in 0..40 {
        let client = ada.client.clone();
        let request = looks(&format!("etaoinshrd{number} nrtsaeiolh{number} dlhrsnaeit{number}"));
        asked.push(tokio::spawn(async move { client.call(request).await }));
    }
    bob.says(chat, "beside them").await;
    assert!(simplified(&bob.asks(looks("rocket")).await).contains(&"火箭"), "he finds a place");
    let (mut answered, mut busy) = (0, 0);
    for one in asked {
        match one.await.unwrap() {
            Ok(_) => answered += 1,
            Err(litrocket_client::Error::Fault(fault)) if fault.code == "busy" => {
                assert!(fault.retry_after_ms.is_some());
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(answered >= 4 && answered + busy == 40, "{answered} answered, {busy} busy");
}

#[tokio::test]
async fn own_words_come_first_and_reach_the_other_devices() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let mut phone = world.device(&ada).await;
    phone.listens().await;
    let word = ada.adds("火箭", "what we build").await;
    assert_eq!(phone.hears_of(word.id).await.as_ref(), Some(&word));
    for text in ["火箭", "箭", "build"] {
        assert_eq!(ada.asks(looks(text)).await.own, std::slice::from_ref(&word), "{text}");
    }
    let second_page = LookUp { after: Some(1), ..looks("火箭") };
    assert!(ada.asks(second_page).await.own.is_empty());
    let edit = EditWord {
        id: word.id,
        word: None,
        reading: Some("huo3 jian4".into()),
        meaning: Some("our rocket".into()),
        example: None,
        note: None,
    };
    let edited = phone.asks(edit.clone()).await;
    assert_eq!((&*edited.word, &*edited.meaning), ("火箭", "our rocket"));
    assert_eq!(phone.hears_of(word.id).await, Some(edited.clone()));
    assert_eq!(phone.asks(edit).await, edited, "changing it to what it is changes nothing");
    assert_eq!(ada.asks(looks("huǒjiàn")).await.own, std::slice::from_ref(&edited));
    assert!(ada.asks(looks("build")).await.own.is_empty());
    let mut tablet = world.device(&ada).await;
    tablet.listens_from_start();
    assert_eq!(tablet.hears_of(word.id).await, Some(edited), "a device that was away hears of it later");
    ada.asks(DeleteWord { id: word.id }).await;
    assert_eq!(phone.hears_of(word.id).await, None);
    assert_eq!(tablet.hears_of(word.id).await, None);
    assert!(ada.asks(looks("火箭")).await.own.is_empty());
    assert!(ada.asks(ListWords::default()).await.words.is_empty());
}

#[tokio::test]
async fn deleted_words_do_not_pile_up() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let stay = ada.adds("stays", "here").await;
    let mut first = None;
    for round in 0..11 {
        let words: Vec<_> = (0..100).map(|n| new_word(&ada, &format!("word {round} {n}"), "x")).collect();
        first = first.or_else(|| words.first().cloned());
        for word in ada.asks(AddWords { words }).await.words {
            ada.asks(DeleteWord { id: word.id }).await;
        }
    }
    let sql = "SELECT COUNT(*), COUNT(*) FILTER (WHERE deleted_ms IS NULL) FROM own_words WHERE account = $1";
    let rows: Option<(i64, i64)> = world.app().db.first(sql, litrocket::args![ada.account]).await.unwrap();
    assert_eq!(rows, Some((1_001, 1)), "the newest thousand are remembered, beside {}", stay.word);
    // The newest deleted ones are not brought back by a late retry.
    let last = new_word(&ada, "last", "x");
    ada.asks(AddWords { words: vec![last.clone()] }).await;
    ada.asks(DeleteWord { id: last.id }).await;
    assert_eq!(ada.is_refused(AddWords { words: vec![last] }).await, "not_found");
    assert_eq!(ada.asks(AddWords { words: vec![first.unwrap()] }).await.added, 1);
}

#[tokio::test]
async fn a_word_is_added_once() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let new = new_word(&ada, "  rocket   science ", "hard");
    let first = ada.asks(AddWords { words: vec![new.clone()] }).await;
    assert_eq!(first.words[0].word, "rocket science");
    let again = ada.asks(AddWords { words: vec![new.clone()] }).await;
    assert_eq!((again.added, &again.words), (0, &first.words), "a retry gets the first answer");
    let equal = ada.asks(AddWords { words: vec![new_word(&ada, "rocket science", "hard")] }).await;
    assert_eq!((equal.added, &equal.words), (0, &first.words), "an equal word is there already");
    let other = NewWord { meaning: "easy".into(), ..new.clone() };
    assert_eq!(ada.is_refused(AddWords { words: vec![other] }).await, "id_conflict");
    let (two, equal) = (new_word(&ada, "二", "two"), new_word(&ada, "二", "two"));
    let both = ada.asks(AddWords { words: vec![two.clone(), new.clone(), two.clone(), equal] }).await;
    assert_eq!(both.added, 1, "also within one call");
    assert_eq!(both.words.iter().map(|word| word.id).collect::<Vec<_>>(), [two.id, new.id, two.id, two.id]);
    let three = new_word(&ada, "三", "three");
    let other = NewWord { meaning: "3".into(), ..three.clone() };
    assert_eq!(ada.is_refused(AddWords { words: vec![three.clone(), other] }).await, "id_conflict");
    assert_eq!(ada.asks(AddWords { words: vec![three.clone()] }).await.added, 1, "all or none");
    ada.asks(DeleteWord { id: two.id }).await;
    ada.asks(DeleteWord { id: three.id }).await;
    ada.asks(DeleteWord { id: new.id }).await;
    ada.asks(DeleteWord { id: new.id }).await;
    assert_eq!(
        ada.is_refused(AddWords { words: vec![new] }).await,
        "not_found",
        "a late retry brings nothing back"
    );
    assert!(ada.asks(ListWords::default()).await.words.is_empty());
}

#[tokio::test]
async fn words_that_break_a_rule_are_refused_all_together() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let refused = async |change: fn(&mut NewWord)| {
        let mut bad = new_word(&ada, "a", "b");
        change(&mut bad);
        ada.is_refused(AddWords { words: vec![new_word(&ada, "good", "one"), bad] }).await
    };
    assert_eq!(refused(|word| word.word = "x".repeat(129)).await, "too_long");
    assert_eq!(refused(|word| word.word = "火".repeat(43)).await, "too_long");
    assert_eq!(refused(|word| word.meaning = "x".repeat(1025)).await, "too_long");
    assert_eq!(refused(|word| word.example = "x".repeat(513)).await, "too_long");
    assert_eq!(refused(|word| word.note = "x".repeat(100_000)).await, "too_long");
    assert_eq!(refused(|word| word.word = " ".into()).await, "bad_value");
    assert_eq!(refused(|word| word.meaning = String::new()).await, "bad_value");
    assert_eq!(refused(|word| word.reading = "\u{202e}".into()).await, "bad_value");
    let many = (0..101).map(|i| new_word(&ada, &format!("w{i}"), "m")).collect();
    assert_eq!(ada.is_refused(AddWords { words: many }).await, "too_many");
    assert_eq!(ada.is_refused(AddWords { words: vec![] }).await, "bad_value");
    assert!(ada.asks(ListWords::default()).await.words.is_empty(), "nothing of a refused request stays");
}

#[tokio::test]
async fn words_are_their_owners_alone() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let word = ada.adds("secret", "plan").await;
    let edit = EditWord {
        id: word.id,
        word: Some("mine".into()),
        reading: None,
        meaning: None,
        example: None,
        note: None,
    };
    assert_eq!(bob.is_refused(edit).await, "not_found");
    assert_eq!(bob.is_refused(DeleteWord { id: word.id }).await, "not_found");
    assert!(bob.asks(looks("secret")).await.own.is_empty());
    assert!(
        bob.asks(ListWords { find: Some("secret".into()), ..ListWords::default() }).await.words.is_empty()
    );
    assert_eq!(ada.asks(ListWords::default()).await.words, [word]);
}

#[tokio::test]
async fn lists_are_paged_and_found_in() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    for hundred in 0..2 {
        let words = (0..100).map(|i| new_word(&ada, &format!("word{hundred}x{i}"), "number")).collect();
        assert_eq!(ada.asks(AddWords { words }).await.added, 100);
    }
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = ada.asks(ListWords { before, limit: Some(70), find: None }).await;
        all.extend(page.words);
        before = all.last().map(|word| word.id);
        if !page.more {
            break;
        }
    }
    assert_eq!(all.len(), 200);
    assert!(all.is_sorted_by(|one, other| one.id > other.id));
    let found = ada.asks(ListWords { find: Some("word1x5".into()), ..ListWords::default() }).await;
    assert_eq!(found.words.len(), 11, "word1x5 and word1x50 to word1x59");
    assert_eq!(
        ada.is_refused(ListWords { find: Some("x".repeat(257)), ..ListWords::default() }).await,
        "too_long"
    );
    assert_eq!(ada.is_refused(ListWords { limit: Some(101), ..ListWords::default() }).await, "bad_value");
}

#[tokio::test]
async fn an_entry_becomes_an_own_word_in_one_step() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let entry = ada.asks(looks("电脑")).await.entries.remove(0);
    let keep = KeepEntry {
        id: ada.client.new_id().unwrap(),
        traditional: entry.traditional.clone(),
        simplified: entry.simplified.clone(),
        pinyin: entry.pinyin.clone(),
    };
    let word = ada.asks(keep.clone()).await;
    assert_eq!((&*word.word, &*word.reading, &*word.note), ("电脑", "diàn nǎo", "電腦"));
    assert!(word.meaning.contains("computer") && word.example.contains("电脑"), "{word:?}");
    assert_eq!(ada.asks(keep.clone()).await, word, "a retry gets the first answer");
    let again = KeepEntry { id: ada.client.new_id().unwrap(), ..keep.clone() };
    assert_eq!(ada.asks(again).await, word, "it is kept once");
    let unknown = KeepEntry { pinyin: "dian4 nao4".into(), ..keep };
    assert_eq!(ada.is_refused(unknown).await, "not_found");
    assert_eq!(ada.asks(looks("电脑")).await.own, [word]);
}

#[tokio::test]
async fn nothing_of_a_deleted_accounts_words_stays() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    ada.adds("canaryword", "canarymeaning").await;
    let gone = ada.adds("canarygone", "canarymeaning").await;
    ada.asks(DeleteWord { id: gone.id }).await;
    world.deletes(&ada, false).await;
    drop(ada);
    world.down().await;
    for file in std::fs::read_dir(world.folder.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|part| part == b"canary"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn the_dictionary_costs_memory_from_its_first_use_on() {
    let process = Process::start();
    let ada = process.person("ada").await;
    let before = process.resident();
    ada.call(looks("火箭")).await.unwrap();
    let grown = process.resident().saturating_sub(before) / (1024 * 1024);
    assert!((15..100).contains(&grown), "{grown} MiB");
    println!("before the first look-up {} MiB, grown by {grown} MiB", before / (1024 * 1024));
}

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
