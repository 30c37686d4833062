//! What strangers, lost devices and clocks do not do to an account.

use litrocket_client::Client;
use litrocket_protocol::{
    account::{DeleteAccount, ListSessions, RestoreAccount, SignOut},
    email::Recover,
};

use crate::world::{PASSWORD, World, eventually, sign_in};

async fn refused<T: std::fmt::Debug>(
    call: impl Future<Output = Result<T, litrocket_client::Error>>,
) -> String {
    match call.await {
        Err(litrocket_client::Error::Fault(fault)) => fault.code,
        other => panic!("{other:?} instead of a refusal"),
    }
}

#[tokio::test]
async fn a_device_that_was_lost_locks_no_other_device_out() {
    let world = World::start_with(|config| config.accounts.failures_per_account = 3).await;
    let ada = world.person("ada").await;
    let lost = world.device(&ada).await;
    let (lost_token, own_token) = (lost.client.token(), ada.client.token());
    lost.asks(SignOut::default()).await;
    let tries = |password: &str, token: &Option<Vec<u8>>| {
        let mut request = sign_in("ada", password);
        request.old_token = token.clone();
        request
    };
    let guest = world.guest().await;
    for _ in 0..3 {
        let wrong = guest.sign_in(tries("wrong password", &lost_token));
        assert_eq!(refused(wrong).await, "wrong_credentials");
    }
    assert_eq!(refused(guest.sign_in(tries(PASSWORD, &lost_token))).await, "rate_limited");
    guest.sign_in(tries(PASSWORD, &own_token)).await.unwrap();
}

#[tokio::test]
async fn wrong_passwords_of_strangers_do_not_keep_the_right_recovery_code_out() {
    let world = World::start_with(|config| config.accounts.failures_per_account = 3).await;
    let guest = world.guest().await;
    let request = litrocket_protocol::account::Register {
        handle: "ada".into(),
        password: PASSWORD.into(),
        label: "first".into(),
        ..Default::default()
    };
    let code = guest.register(request).await.unwrap().recovery_code;
    let stranger = world.guest().await;
    for _ in 0..3 {
        assert_eq!(refused(stranger.sign_in(sign_in("ada", "wrong password"))).await, "wrong_credentials");
    }
    assert_eq!(refused(stranger.sign_in(sign_in("ada", PASSWORD))).await, "rate_limited");
    let recover = Recover {
        handle: Some("ada".into()),
        recovery_code: code,
        password: "a new password".into(),
        label: "new phone".into(),
        ..Recover::default()
    };
    stranger.enter(recover).await.unwrap();
}

#[tokio::test]
async fn the_device_in_use_stays_when_there_are_too_many_whatever_the_clock_says() {
    let world = World::start_with(|config| config.accounts.sessions_max = 2).await;
    let ada = world.person("ada").await;
    let away = world.device(&ada).await;
    let gone = away.client.token();
    away.client.close().await;
    // Its place is free when the server has heard that it went.
    let has_gone = async || world.app().hub.connections(ada.account) <= 1;
    eventually("the connection has gone", has_gone).await;
    // The clock stepped back: what is made now looks older than all the others.
    world.app().clock.set_offset_ms(-3_600_000);
    let new = world.device(&ada).await;
    assert_eq!(new.asks(ListSessions::default()).await.sessions.len(), 2);
    assert_eq!(ada.asks(ListSessions::default()).await.sessions.len(), 2);
    let mut options = world.options();
    options.token = gone;
    assert_eq!(refused(Client::connect(options)).await, "bad_token");
}

#[tokio::test]
async fn an_end_whose_work_has_begun_is_not_taken_back_when_the_clock_steps_back() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    ada.asks(DeleteAccount { password: PASSWORD.into(), erase: false, leave_groups: true }).await;
    let database = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(database.execute("UPDATE accounts SET ending = 1 WHERE handle = 'ada'", []).unwrap(), 1);
    let back = RestoreAccount { handle: "ada".into(), password: PASSWORD.into(), label: "back".into() };
    assert_eq!(refused(world.guest().await.enter(back)).await, "account_closing");
    assert_eq!(litrocket::features::account::delete_due_now(world.app()).await.unwrap(), 1);
}
