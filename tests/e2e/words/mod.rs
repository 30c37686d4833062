//! The dictionary and people's own words.

mod commands;
mod own;

use litrocket_client::Item;
use litrocket_protocol::{
    MessageId, chat, frame,
    words::{AddWords, LookUp, LookedUp, NewWord, Word},
};

use crate::{
    process::Process,
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
async fn the_dictionary_costs_memory_from_its_first_use_on() {
    let process = Process::start();
    let ada = process.person("ada").await;
    let before = process.resident();
    ada.call(looks("火箭")).await.unwrap();
    let grown = process.resident().saturating_sub(before) / (1024 * 1024);
    assert!((15..100).contains(&grown), "{grown} MiB");
    println!("before the first look-up {} MiB, grown by {grown} MiB", before / (1024 * 1024));
}
