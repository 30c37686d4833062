//! Translation by real engines: Apertium APy, and the interface of LibreTranslate over Apertium's translator.
//!
//! `test.sh` installs the engine, or says what is missing.

mod busy;
mod engines;
mod start;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use litrocket::config::Config;
use litrocket_client::Outgoing;
use litrocket_protocol::{
    ConversationId, account,
    conversations::RemoveMember,
    history::GetEvents,
    words::{DetectLanguage, LanguagePair, ListTranslations, TranslateMessage, TranslateText, Translation},
};

use self::engines::{Engine, KEY, odd_engine};
use crate::{
    process::Process,
    programs::Terminal,
    world::{Person, World, text as words},
};

async fn world_with(kind: &str, url: String) -> World {
    World::start_with(|config: &mut Config| {
        config.words.engine = kind.into();
        config.words.engine_url = url;
        config.words.translations_per_second = 10_000;
        config.words.translations_burst = 10_000;
    })
    .await
}

fn text(words: &str, to: &str) -> TranslateText {
    TranslateText { text: words.into(), to: Some(to.into()), from: None }
}

fn message(conversation: ConversationId, event_seq: u64, to: &str) -> TranslateMessage {
    TranslateMessage { conversation, event_seq, to: Some(to.into()), from: None }
}

impl Person {
    async fn translates(&self, words: &str, to: &str) -> Translation {
        self.asks(text(words, to)).await
    }
}

#[tokio::test]
async fn a_text_is_translated_and_its_language_detected() {
    let engine = Engine::apertium();
    let world = world_with("apertium", engine.url()).await;
    let ada = world.person("ada").await;
    let red = ada.translates("The house is red", "es").await;
    assert_eq!((&*red.text, &*red.from, &*red.to, red.detected), ("La casa es roja", "en", "es", true));
    let back = TranslateText { from: Some("spa".into()), ..text("La casa es roja", "en") };
    let back = ada.asks(back).await;
    assert_eq!((&*back.text, &*back.from, back.detected), ("The house is red", "es", false));
    let lines = ada.translates("The house is red.\nThe cat & the dog = 100%", "es-ES").await;
    assert_eq!((&*lines.text, &*lines.to), ("La casa es roja.\nEl gato & el perro = 100%", "es"));
    let american = ada.translates("El color de la casa es rojo", "en-US").await;
    assert_eq!((&*american.to, &*american.text), ("en-us", "The color of the house is red"));
    let pairs = ada.asks(ListTranslations::default()).await.pairs;
    assert!(pairs.contains(&LanguagePair { from: "en".into(), to: "es".into() }), "{pairs:?}");
    let same = ada.translates("The house is red and has windows", "en").await;
    assert_eq!((&*same.text, &*same.from), ("The house is red and has windows", "en"));
    ada.asks(account::SetProfile { locale: Some("es-MX".into()), ..account::SetProfile::default() }).await;
    let own = ada.asks(TranslateText { to: None, ..text("The house is red", "") }).await;
    assert_eq!(
        (&*own.text, &*own.to),
        ("La casa es roja", "es"),
        "without a target it is one's own language"
    );
}

#[tokio::test]
async fn a_message_is_translated_by_whoever_may_read_it_and_stays_as_it_is() {
    let engine = Engine::apertium();
    let world = world_with("apertium", engine.url()).await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("house", &[&bob]).await;
    let said = ada.says(group, "The house is red").await.event_seq;
    assert_eq!(bob.asks(message(group, said, "es")).await.text, "La casa es roja");
    assert_eq!(bob.history(group).await.last().unwrap().event.event_seq, said, "nothing was added");
    let events = bob.asks(GetEvents { conversation: group, events: vec![said] }).await;
    assert_eq!(crate::world::words(&events.messages[0].event), "The house is red");
    ada.sends(group, Outgoing::edit(said, &words("The house is green"))).await.unwrap();
    assert_eq!(bob.asks(message(group, said, "es")).await.text, "La casa es verde", "its current words");
    assert_eq!(eve.is_refused(message(group, said, "es")).await, "not_found");
    assert_eq!(bob.is_refused(message(group, 999, "es")).await, "not_found");
    assert_eq!(
        bob.is_refused(message(group, 1, "es")).await,
        "bad_target",
        "the group's beginning has no words"
    );
    ada.asks(RemoveMember { conversation: group, account: bob.account }).await;
    let secret = ada.says(group, "The cat is red").await.event_seq;
    assert_eq!(bob.is_refused(message(group, secret, "es")).await, "not_found");
    assert_eq!(
        bob.asks(message(group, said, "es")).await.text,
        "La casa es verde",
        "what one may read stays"
    );
    ada.sends(group, Outgoing::recall(said)).await.unwrap();
    assert_eq!(
        ada.is_refused(message(group, said, "es")).await,
        "bad_target",
        "what is recalled has no words"
    );
}

#[tokio::test]
async fn a_translation_is_made_once_for_everybody_who_may_read_the_message() {
    let (url, calls) = odd_engine(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Some(r#"{"translatedText":"hola"}"#.into())
    });
    let world = world_with("libretranslate", url).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("house", &[&bob]).await;
    let said = ada.says(group, "good morning").await.event_seq;
    let ask = || TranslateMessage { from: Some("en".into()), ..message(group, said, "es") };
    let (one, other) = tokio::join!(ada.asks(ask()), bob.asks(ask()));
    assert_eq!((&*one.text, &*other.text), ("hola", "hola"));
    bob.asks(ask()).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1, "both asked at once, one call was made");
    let own = || TranslateText { from: Some("en".into()), ..text("good morning", "es") };
    ada.asks(own()).await;
    ada.asks(own()).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    bob.asks(own()).await;
    assert_eq!(calls.load(Ordering::Relaxed), 3, "nobody learns what others had translated");
}

#[tokio::test]
async fn an_engine_with_the_interface_of_libretranslate_works_too() {
    let engine = Engine::start("libre.py", KEY);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    let with_key = |config: &mut Config| {
        config.words.engine = "libretranslate".into();
        config.words.engine_url = engine.url();
        config.words.engine_key_file = file.to_string_lossy().into_owned();
    };
    let world = World::start_with(with_key).await;
    let ada = world.person("ada").await;
    assert_eq!(ada.translates("The house is \"red\"", "es").await.text, "La casa es \"roja\"");
    assert_eq!(ada.asks(ListTranslations::default()).await.pairs.len(), 2);
    let without = world_with("libretranslate", engine.url()).await;
    let bob = without.person("bob").await;
    assert_eq!(
        bob.is_refused(text("The house is red", "es")).await,
        "engine_failed",
        "the engine wants a key"
    );
}

#[tokio::test]
async fn without_an_engine_the_answer_says_so() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    assert_eq!(ada.is_refused(text("The house is red", "es")).await, "no_engine");
    assert_eq!(ada.is_refused(ListTranslations::default()).await, "no_engine");
    let found = ada.asks(DetectLanguage { text: "我们明天去看火箭发射".into() }).await;
    assert_eq!((&*found.language, found.reliable), ("zh", true), "a language is detected without an engine");
    assert_eq!(ada.is_refused(DetectLanguage { text: "12 34".into() }).await, "language_unknown");
    assert_eq!(ada.is_refused(DetectLanguage { text: " ".into() }).await, "bad_value");
}

#[tokio::test]
async fn what_cannot_be_translated_is_refused() {
    let engine = Engine::apertium();
    let world = world_with("apertium", engine.url()).await;
    let ada = world.person("ada").await;
    assert_eq!(ada.is_refused(text(&"x".repeat(16 * 1024 + 1), "es")).await, "too_long");
    assert_eq!(ada.is_refused(text(" \n", "es")).await, "bad_value");
    assert_eq!(ada.is_refused(text("The house is red", "español")).await, "bad_value");
    let from = |from: &str| TranslateText { from: Some(from.into()), ..text("The house is red", "es") };
    assert_eq!(ada.is_refused(from("../x")).await, "bad_value");
    assert_eq!(ada.is_refused(from("zh")).await, "no_translation");
    assert_eq!(ada.is_refused(text("The house is red", "zh")).await, "no_translation");
    assert_eq!(ada.is_refused(text("1234 5678", "es")).await, "language_unknown");
    let nul = TranslateText { from: Some("en".into()), ..text("The house\0is red", "es") };
    assert_eq!(
        ada.asks(nul).await.text,
        "La casa es roja",
        "what means something to the engine is taken out"
    );
    let long = "The house is red. ".repeat(900);
    assert!(ada.translates(&long, "es").await.text.contains("La casa es roja."));
}

#[tokio::test]
async fn an_engine_that_is_away_slow_or_broken_fails_and_comes_back() {
    let mut engine = Engine::apertium();
    let world = world_with("apertium", engine.url()).await;
    let ada = world.person("ada").await;
    ada.translates("The house is red", "es").await;
    engine.stop();
    assert_eq!(ada.is_refused(text("The cat is red", "es")).await, "engine_failed");
    assert_eq!(ada.translates("The house is red", "es").await.text, "La casa es roja", "from the cache");
    for answer in ["nonsense", r#"{"translatedText":5}"#, "{}"] {
        let (url, _) = odd_engine(move |_| Some(answer.into()));
        let world = world_with("libretranslate", url).await;
        let bob = world.person("bob").await;
        assert_eq!(bob.is_refused(text("The house is red", "es")).await, "engine_failed", "{answer}");
    }
    let huge = format!(r#"{{"translatedText":"{}"}}"#, "x".repeat(100_000));
    let (url, _) = odd_engine(move |_| Some(huge.clone()));
    let world = world_with("libretranslate", url).await;
    assert_eq!(world.person("bob").await.is_refused(text("The house is red", "es")).await, "engine_failed");
    let (url, _) = odd_engine(|_| None);
    let world = World::start_with(|config| {
        config.words.engine = "libretranslate".into();
        config.words.engine_url = url;
        config.words.engine_timeout_ms = 300;
    })
    .await;
    let eve = world.person("eve").await;
    let began = Instant::now();
    assert_eq!(eve.is_refused(text("The house is red", "es")).await, "engine_failed");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(
        eve.is_refused(TranslateText { from: Some("xx".into()), ..text("a", "es") }).await,
        "no_translation"
    );
}

#[tokio::test]
async fn translation_from_the_command_line() {
    let engine = Engine::apertium();
    let mut process = Process::new();
    let options = format!("[words]\nengine = \"apertium\"\nengine_url = \"{}\"\n", engine.url());
    std::fs::write(process.path().join("litrocket.toml"), options).unwrap();
    process.up();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada"]);
    let said = ada.says(&["translate", "The house is red", "--to", "es"]);
    assert_eq!((&said[0]["text"], &said[0]["from"]), (&"La casa es roja".into(), &"en".into()));
    ada.says(&["send", "@me", "The cat is red"]);
    let seq = ada.says(&["history", "@me"])[0]["event_seq"].to_string();
    let said = ada.says(&["translate", "--in", "@me", "--seq", &seq, "--to", "es"]);
    assert_eq!(said[0]["text"], "El gato es rojo");
    let piped = crate::programs::lines(&ada.runs_with(&["translate", "-", "--to", "es"], "The dog is red\n"));
    assert_eq!(piped[0]["text"], "El perro es rojo");
    assert!(ada.says(&["translate", "--list"]).iter().any(|pair| pair["from"] == "en" && pair["to"] == "es"));
    assert_eq!(ada.says(&["translate", "--detect", "我们明天去看火箭"])[0]["language"], "zh");
    assert_eq!(ada.fails(&["translate", "The house is red", "--to", "zh"]).1["code"], "no_translation");
    assert_eq!(ada.fails(&["translate"]).0, 2);
    assert_eq!(ada.runs(&["translate", "--in", "@me"]).status.code(), Some(2));
}
