//! Engines that are slow or away: nobody takes all calls, and not everybody asks anew.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use litrocket_protocol::words::{ListTranslations, TranslateText};

use super::{
    engines::{holding_engine, odd_engine},
    text, world_with,
};
use crate::world::{World, eventually};

#[tokio::test]
async fn one_person_does_not_take_all_calls_of_the_engine() {
    let (url, held, _go) = holding_engine();
    let world = world_with("libretranslate", url).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let ask = |words: &str| TranslateText { from: Some("en".into()), ..text(words, "es") };
    let mut hers = Vec::new();
    for number in 0..20 {
        let (client, request) = (ada.client.clone(), ask(&format!("slow {number}")));
        hers.push(tokio::spawn(async move { client.call(request).await }));
    }
    eventually("two calls of hers are held", async || held.load(Ordering::SeqCst) >= 2).await;
    // Hers wait in a line of their own: his goes at once.
    assert_eq!(bob.asks(ask("at once")).await.text, "x");
    assert_eq!(held.load(Ordering::SeqCst), 2, "two of hers and no more");
    for one in hers {
        one.abort();
    }
}

#[tokio::test]
async fn an_engine_without_a_list_of_languages_is_not_asked_by_everybody_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            // It hangs up without an answer.
            drop(stream);
        }
    });
    let world = world_with("libretranslate", url).await;
    let people = world.people(["ada", "bob", "eve"]).await;
    for person in people.iter().cycle().take(12) {
        assert_eq!(person.is_refused(text("The house is red", "es")).await, "engine_failed");
        assert_eq!(person.is_refused(ListTranslations::default()).await, "engine_failed");
    }
    let asked = asked.load(Ordering::SeqCst);
    // It is asked again after five seconds, however many there are who want something.
    assert!((1..=3).contains(&asked), "{asked} questions for 24 requests");
}

#[tokio::test]
async fn each_person_has_a_rate_of_translations() {
    let (url, calls) = odd_engine(|_| Some(r#"{"translatedText":"x"}"#.into()));
    let world = World::start_with(|config| {
        config.words.engine = "libretranslate".into();
        config.words.engine_url = url;
        config.words.translations_burst = 2;
    })
    .await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let ask = |words: &str| TranslateText { from: Some("en".into()), ..text(words, "es") };
    ada.asks(ask("one")).await;
    ada.asks(ask("two")).await;
    assert_eq!(ada.is_refused(ask("three")).await, "rate_limited");
    ada.asks(ask("two")).await;
    bob.asks(ask("one")).await;
    assert_eq!(calls.load(Ordering::Relaxed), 3, "what was translated before is not counted");
}
