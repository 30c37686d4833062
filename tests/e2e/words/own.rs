//! People's own words.

use litrocket_protocol::words::{AddWords, DeleteWord, EditWord, KeepEntry, ListWords, LookUp, NewWord};

use super::{looks, new_word};
use crate::world::World;

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
