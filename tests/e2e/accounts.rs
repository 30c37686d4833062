//! People sign up, sign in on many devices, and leave.

use std::time::{Duration, Instant};

use litrocket_client::{Client, Error, Item, Status};
use litrocket_protocol::account::{
    ChangePassword, GetProfile, ListSessions, Register, RevokeSession, RotateToken, SetProfile,
};

use crate::world::{PASSWORD, PATIENCE, World, sign_in};

async fn code(answer: impl Future<Output = Result<impl std::fmt::Debug, Error>>) -> String {
    match answer.await {
        Err(Error::Fault(fault)) => fault.code,
        other => panic!("{other:?} instead of a refusal"),
    }
}

fn register(handle: &str, password: &str) -> Register {
    Register { handle: handle.into(), password: password.into(), label: "x".into(), ..Register::default() }
}

#[tokio::test]
async fn names_are_unique_also_by_how_they_look() {
    let world = World::start().await;
    world.person("paypal").await;
    for taken in ["paypal", "PayPal", "paypa1", "ＰＡＹＰＡＬ"] {
        let guest = world.guest().await;
        assert_eq!(code(guest.register(register(taken, PASSWORD))).await, "handle_taken", "{taken}");
    }
    let guest = world.guest().await;
    assert_eq!(code(guest.register(register("a\u{202e}b", PASSWORD))).await, "bad_handle");
    assert_eq!(code(guest.register(register("ada", "short"))).await, "bad_password");
    assert_eq!(code(guest.register(register("ada", &"x".repeat(1025)))).await, "bad_password");
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let world = World::start().await;
    world.person("ada").await;
    let ask = async |name: &str| {
        let guest = world.guest().await;
        match guest.sign_in(sign_in(name, "wrong password")).await {
            Err(Error::Fault(fault)) => *fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask("ada").await, ask("nobody").await);
}

#[tokio::test]
async fn revoking_a_device_ends_its_connection_within_a_second() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    ada.listens().await;
    let phone = world.device(&ada).await;
    let session = phone.client.me().unwrap().session;
    let key = format!("session/{session}");
    ada.waits_for(|item| {
        matches!(item, Item::Entry(entry) if entry.key == key && entry.value.is_some()).then_some(())
    })
    .await;
    let mut status = phone.client.status();
    let before = Instant::now();
    ada.asks(RevokeSession { session }).await;
    let closed = status.wait_for(|status| matches!(status, Status::Reconnecting { .. } | Status::Closed(_)));
    tokio::time::timeout(PATIENCE, closed).await.unwrap().unwrap();
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    assert!(code(phone.client.call(ListSessions::default())).await.contains("bad_token"));
    assert_eq!(ada.asks(ListSessions::default()).await.sessions.len(), 1);
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_when_asked() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let phone = world.device(&ada).await;
    let wrong = ChangePassword { old: "wrong one".into(), new: "new password".into(), end_others: true };
    assert_eq!(ada.is_refused(wrong).await, "wrong_credentials");
    ada.asks(ChangePassword { old: PASSWORD.into(), new: "new password".into(), end_others: true }).await;
    let mut status = phone.client.status();
    tokio::time::timeout(PATIENCE, status.wait_for(|status| matches!(status, Status::Closed(Some(_)))))
        .await
        .unwrap()
        .unwrap();
    ada.asks(GetProfile::default()).await;
    let guest = world.guest().await;
    assert_eq!(code(guest.sign_in(sign_in("ada", PASSWORD))).await, "wrong_credentials");
    guest.sign_in(sign_in("ada", "new password")).await.unwrap();
}

#[tokio::test]
async fn a_token_resumes_and_rotation_keeps_the_old_one_until_the_new_one_is_used() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let old = ada.client.token().unwrap();
    let new = ada.asks(RotateToken::default()).await.token;
    let resume = async |token: &[u8]| {
        let mut options = world.options();
        options.token = Some(token.to_vec());
        Client::connect(options).await
    };
    assert_eq!(resume(&old).await.unwrap().me().unwrap().account, ada.account);
    assert_eq!(resume(&new).await.unwrap().me().unwrap().account, ada.account);
    assert_eq!(code(resume(&old)).await, "bad_token");
    assert_eq!(code(resume(&[0; 32])).await, "bad_token");
    assert_eq!(code(resume(&[0; 3])).await, "bad_token");
}

#[tokio::test]
async fn a_replaced_token_that_comes_back_ends_its_session_and_no_other() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let phone = world.device(&ada).await;
    let old = ada.client.token().unwrap();
    let resume = async |token: &[u8]| {
        let mut options = world.options();
        options.token = Some(token.to_vec());
        Client::connect(options).await
    };
    let mut newest = old.clone();
    for _ in 0..2 {
        newest = resume(&newest).await.unwrap().call(RotateToken::default()).await.unwrap().token;
        resume(&newest).await.unwrap();
    }
    // Somebody copied the first token, two rotations ago.
    assert_eq!(code(resume(&old)).await, "bad_token");
    let mut status = ada.client.status();
    let ended = status.wait_for(|status| matches!(status, Status::Reconnecting { .. } | Status::Closed(_)));
    tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert_eq!(code(resume(&newest)).await, "bad_token", "the whole family is void");
    assert_eq!(phone.asks(ListSessions::default()).await.sessions.len(), 1);
    assert_eq!(code(resume(&old)).await, "bad_token", "and again");
}

#[tokio::test]
async fn five_hundred_people_sign_in_behind_one_address() {
    let world = World::start().await;
    let names: Vec<String> = (0..500).map(|n| format!("person{n}")).collect();
    let before = Instant::now();
    for chunk in names.chunks(50) {
        let mut people = tokio::task::JoinSet::new();
        for name in chunk {
            let (options, name) = (world.options(), name.clone());
            people.spawn(async move {
                let guest = Client::connect(options.clone()).await.unwrap();
                guest.register(register(&name, PASSWORD)).await.unwrap();
                let device = Client::connect(options).await.unwrap();
                device.sign_in(sign_in(&name, PASSWORD)).await.unwrap();
            });
        }
        while let Some(done) = people.join_next().await {
            done.unwrap();
        }
    }
    assert!(before.elapsed() < Duration::from_secs(300), "{:?}", before.elapsed());
}

#[tokio::test]
async fn strangers_failures_do_not_lock_a_known_device_out() {
    let world = World::start_with(|config| config.accounts.failures_per_account = 3).await;
    let ada = world.person("ada").await;
    let token = ada.client.token();
    for _ in 0..3 {
        let guest = world.guest().await;
        assert_eq!(code(guest.sign_in(sign_in("ada", "wrong password"))).await, "wrong_credentials");
    }
    let guest = world.guest().await;
    match guest.sign_in(sign_in("ada", PASSWORD)).await {
        Err(Error::Fault(fault)) => assert!(fault.code == "rate_limited" && fault.retry_after_ms.is_some()),
        other => panic!("{other:?}"),
    }
    let mut known = sign_in("ada", PASSWORD);
    known.old_token = token;
    guest.sign_in(known).await.unwrap();
    // Resuming with a token never asks for a budget.
    let mut options = world.options();
    options.token = ada.client.token();
    Client::connect(options).await.unwrap();
}

#[tokio::test]
async fn sign_up_follows_the_policy_and_the_first_invite_makes_the_operator() {
    let world = World::start_with(|config| config.server.sign_up = "invite".into()).await;
    let guest = world.guest().await;
    assert_eq!(code(guest.register(register("ada", PASSWORD))).await, "bad_invite");
    let invite = litrocket::features::account::first_invite(world.app()).await.unwrap().unwrap();
    let mut request = register("ada", PASSWORD);
    request.invite = Some(invite.clone());
    guest.register(request).await.unwrap();
    let made = guest
        .call(litrocket_protocol::account::CreateInvite { uses: Some(1), valid_ms: None })
        .await
        .unwrap();
    assert!(made.address.contains("ca=sha256-") && made.address.contains(&made.code));
    let other = world.guest().await;
    let mut used = register("bob", PASSWORD);
    used.invite = Some(invite);
    assert_eq!(code(other.register(used.clone())).await, "bad_invite");
    used.invite = Some(made.code);
    other.register(used).await.unwrap();
    let forbidden = litrocket_protocol::account::CreateInvite { uses: None, valid_ms: None };
    assert_eq!(code(other.call(forbidden)).await, "forbidden");
}

#[tokio::test]
async fn an_operator_has_so_many_invites_and_those_that_ended_or_are_used_up_make_room() {
    let world = World::start_with(|config| config.server.sign_up = "invite".into()).await;
    let ada = world.guest().await;
    let mut request = register("ada", PASSWORD);
    request.invite = litrocket::features::account::first_invite(world.app()).await.unwrap();
    let me = ada.register(request).await.unwrap().account;
    let database = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let rows = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1)
        INSERT INTO invites (code_hash, uses_left, expires_ms, created_by) SELECT randomblob(32), 1, ?2, ?3 FROM n";
    let now = world.app().clock.now_ms();
    let most = litrocket_protocol::limits::INVITES_MAX;
    database.execute(rows, [most - 2, now + 3_600_000, me.0]).unwrap();
    database.execute(rows, [1, now + 60_000, me.0]).unwrap();
    let one = litrocket_protocol::account::CreateInvite { uses: Some(1), valid_ms: None };
    let made = ada.call(one.clone()).await.unwrap();
    assert_eq!(code(ada.call(one.clone())).await, "too_many");
    // Of another there may be as many, and the server's own are counted for themselves.
    litrocket::features::account::first_invite(world.app()).await.unwrap();
    let bob = world.guest().await;
    let mut request = register("bob", PASSWORD);
    request.invite = Some(made.code);
    bob.register(request).await.unwrap();
    ada.call(one.clone()).await.expect("what is used up makes room");
    assert_eq!(code(ada.call(one.clone())).await, "too_many");
    world.app().clock.set_offset_ms(120_000);
    ada.call(one.clone()).await.expect("what has ended makes room");
    assert_eq!(code(ada.call(one)).await, "too_many");
}

#[tokio::test]
async fn personal_facts_are_private_until_they_are_shown() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let set = SetProfile {
        sex: Some("female".into()),
        birthday: Some("1815-12-10".into()),
        ..SetProfile::default()
    };
    assert_eq!(ada.is_refused(set).await, "bad_value");
    let set = SetProfile {
        display_name: Some("  Ada   Lovelace ".into()),
        sex: Some("female".into()),
        birthday: Some("1915-12-10".into()),
        ..SetProfile::default()
    };
    let mine = ada.asks(set).await;
    assert_eq!((mine.display_name.as_str(), mine.version), ("Ada Lovelace", 2));
    let look = || GetProfile { handle: Some("ADA".into()), account: None };
    assert_eq!(bob.asks(look()).await.birthday, None);
    ada.asks(SetProfile { show_personal: Some(true), ..SetProfile::default() }).await;
    assert_eq!(bob.asks(look()).await.birthday.as_deref(), Some("1915-12-10"));
}
