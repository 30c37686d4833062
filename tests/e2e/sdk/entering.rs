//! Signing in with the SDK while the one who asked gives up.

use std::time::Duration;

use litrocket_client::{Client, Item};
use litrocket_protocol::account::{ListSessions, Register};
use tokio::time::timeout;

use crate::world::{PASSWORD, World, eventually, sign_in};

/// Passwords that take a while, so that a call is given up in the middle.
async fn a_slow_world() -> World {
    World::start_with(|config| {
        config.accounts.argon2_memory_kib = 65_536;
        config.accounts.argon2_iterations = 12;
    })
    .await
}

/// Waits until somebody is signed in.
async fn is_signed_in(client: &Client) {
    eventually("the sign-in goes on", async || client.me().is_some()).await;
}

fn register(handle: &str) -> Register {
    Register {
        handle: handle.into(),
        password: PASSWORD.into(),
        label: "phone".into(),
        ..Register::default()
    }
}

const SOON: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_sign_in_that_is_given_up_is_there_for_the_client_and_makes_one_session() {
    let world = a_slow_world().await;
    let ada = world.person("ada").await;
    let phone = world.guest().await;
    timeout(SOON, phone.sign_in(sign_in("ada", PASSWORD))).await.expect_err("it is given up");
    is_signed_in(&phone).await;
    let answer = phone.take_signed_in().expect("the answer is kept");
    assert_eq!((answer.account, Some(&answer.token)), (ada.account, phone.token().as_ref()));
    assert!(phone.take_signed_in().is_none(), "once");
    assert_eq!(ada.asks(ListSessions::default()).await.sessions.len(), 2);
    // The client is what it would have been otherwise, and who asks again is told.
    let chat = ada.opens(&ada).await;
    ada.says(chat, "hello").await;
    let again = phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap_err();
    assert_eq!(again.fault().unwrap().code, "already_signed_in");
    let mut options = world.options();
    options.token = phone.token();
    phone.close().await;
    let phone = Client::connect(options).await.unwrap();
    assert_eq!(phone.me().unwrap().session, answer.session, "closing keeps a session whose token is known");
}

#[tokio::test]
async fn who_gives_up_signing_up_has_the_account_and_its_recovery_code() {
    let world = a_slow_world().await;
    let phone = world.guest().await;
    timeout(SOON, phone.register(register("ada"))).await.expect_err("it is given up");
    // The next one waits for the first, instead of finding its own name taken.
    let again = phone.register(register("ada")).await.unwrap_err();
    assert_eq!(again.fault().unwrap().code, "already_signed_in");
    assert_eq!(phone.me().unwrap().handle, "ada");
    assert!(phone.take_signed_in().unwrap().recovery_code.is_some());
}

#[tokio::test]
async fn a_session_that_nobody_took_ends_with_the_client() {
    let world = a_slow_world().await;
    let mut ada = world.person("ada").await;
    ada.listens().await;
    let own = format!("session/{}", ada.client.me().unwrap().session.0);
    for closes in [false, true] {
        let phone = world.guest().await;
        timeout(SOON, phone.sign_in(sign_in("ada", PASSWORD))).await.expect_err("it is given up");
        if closes {
            phone.close().await;
        }
        drop(phone);
        let mut seen = Vec::new();
        ada.waits_for(|item| match item {
            Item::Entry(entry) if entry.key.starts_with("session/") && entry.key != own => {
                seen.push((entry.key.clone(), entry.value.is_some()));
                (!seen.last().unwrap().1).then_some(())
            }
            _ => None,
        })
        .await;
        assert_eq!(ada.asks(ListSessions::default()).await.sessions.len(), 1, "{seen:?}");
    }
}
