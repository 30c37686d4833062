//! Bad input: every limit answers with its typed error, and nobody else notices.

mod fences;
mod flow;
mod guests;
mod liar;
mod replies;
mod sends;

use std::time::{Duration, Instant};

use litrocket_client::{Client, Error, Options, Outgoing};
use litrocket_protocol::{
    AccountId, ConversationId, Request as _,
    account::{GetProfiles, ListSessions, SetProfile, SignIn},
    close_code,
    conversations::{CreateGroup, HideEvents, InviteMembers, MarkRead, RenameGroup, SetConversation},
    event::{Mention, Text, kind},
    fault::code,
    frame,
    history::{GetEvents, GetHistory, Search},
    limits, stream_kind, varint,
};

use crate::{
    raw::request_bytes,
    world::{PATIENCE, World, text},
};

#[tokio::test]
async fn every_limit_answers_with_its_typed_error() {
    let world = World::start_with(|config| config.limits.group_members_max = 3).await;
    let [ada, bob, eve, dan] = world.people(["ada", "bob", "eve", "dan"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "x").await;
    let many = vec![bob.account; limits::ACCOUNTS_PER_CALL_MAX + 1];
    assert_eq!(ada.is_refused(GetProfiles { accounts: many.clone() }).await, "too_many");
    let id = ada.client.new_id().unwrap();
    let group = |name: &str, accounts| CreateGroup { id, name: name.into(), accounts, open_history: false };
    assert_eq!(ada.is_refused(group("g", many.clone())).await, "too_many");
    assert_eq!(ada.is_refused(group(&"x".repeat(65), vec![])).await, "too_long");
    assert_eq!(ada.is_refused(group("g", vec![AccountId(9_999)])).await, "not_found");
    let full = ada.makes_group("full", &[&bob, &eve]).await;
    assert_eq!(
        ada.is_refused(InviteMembers { conversation: full, accounts: vec![dan.account] }).await,
        "group_full"
    );
    assert_eq!(ada.is_refused(RenameGroup { conversation: chat, name: "x".into() }).await, "not_a_group");
    let zero = ListSessions { before: None, limit: Some(0) };
    assert_eq!(ada.is_refused(zero).await, "bad_value");
    let history = |limit| GetHistory { conversation: chat, before: None, after: None, limit: Some(limit) };
    assert_eq!(ada.is_refused(history(limits::HISTORY_PAGE_MAX + 1)).await, "bad_value");
    let events = vec![1; limits::EVENTS_PER_CALL_MAX + 1];
    assert_eq!(ada.is_refused(GetEvents { conversation: chat, events: events.clone() }).await, "too_many");
    assert_eq!(ada.is_refused(HideEvents { conversation: chat, events }).await, "too_many");
    let long = "x".repeat(limits::SEARCH_BYTES_MAX + 1);
    let search = Search { text: long, conversation: None, before: None, limit: None };
    assert_eq!(ada.is_refused(search).await, "too_long");
    let draft = SetConversation {
        conversation: chat,
        notify: None,
        notify_until_ms: None,
        pinned: None,
        marked_unread: None,
        draft: Some("x".repeat(limits::DRAFT_BYTES_MAX + 1)),
    };
    assert_eq!(ada.is_refused(draft).await, "too_long");
    assert_eq!(ada.is_refused(MarkRead { conversation: chat, event_seq: u64::MAX }).await, "cursor_ahead");
    for (set, field, most) in [
        (SetProfile { signature: Some("x".repeat(201)), ..SetProfile::default() }, "signature", 200),
        (SetProfile { display_name: Some("x".repeat(65)), ..SetProfile::default() }, "display_name", 64),
    ] {
        let fault = ada.client.call(set).await.unwrap_err().fault().cloned().expect("a fault");
        let told = (fault.code.as_str(), fault.field.as_deref(), fault.limit);
        assert_eq!(told, ("too_long", Some(field), Some(most)));
    }
    let set = SetProfile { signature: Some("\u{202e}".into()), ..SetProfile::default() };
    assert_eq!(ada.is_refused(set).await, "bad_value");
}

#[tokio::test]
async fn every_bad_send_is_refused_by_its_name_and_the_next_one_goes_through() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let raw = |kind: u16, body: Vec<u8>, fallback: Option<&str>| Outgoing {
        id: None,
        kind,
        target: None,
        body,
        fallback: fallback.map(Into::into),
    };
    let mention =
        Text { mentions: vec![Mention { account: bob.account, start: 0, len: 9 }], ..text("short") };
    let cases = [
        (Outgoing::text("x".repeat(limits::TEXT_BYTES_MAX + 1)), "too_long"),
        (Outgoing::text("  "), "bad_value"),
        (Outgoing::rich(&mention), "bad_value"),
        (raw(kind::OPAQUE, vec![0; limits::BODY_BYTES_MAX + 1], Some("f")), "too_long"),
        (raw(kind::OPAQUE, vec![0; 10], None), "bad_value"),
        (raw(kind::OPAQUE, vec![0; 10], Some(&"x".repeat(1025))), "too_long"),
        (raw(kind::TEXT, vec![0xff], None), "bad_value"),
        (raw(kind::REMOVED, vec![0x80], None), "bad_kind"),
        (raw(99, vec![0x80], Some("f")), "bad_kind"),
        (Outgoing::reply(5, &text("to nothing")), "bad_target"),
        (Outgoing::reply(u64::MAX, &text("to nothing")), "bad_target"),
        (Outgoing::recall(0), "bad_target"),
        (Outgoing::recall(1), "bad_target"),
        (Outgoing::forward(ConversationId(u64::MAX), u64::MAX), "bad_target"),
    ];
    for (message, code) in cases {
        assert_eq!(ada.cannot_send(chat, message.clone()).await, code, "{message:?}");
    }
    assert_eq!(ada.cannot_send(ConversationId(u64::MAX), Outgoing::text("x")).await, "not_found");
    assert_eq!(ada.says(chat, "fine").await.event_seq, 1);
}

#[tokio::test]
async fn a_connection_that_asks_too_fast_is_told_when_to_come_back() {
    let world = World::start_with(|config| config.limits.requests_per_second = 5).await;
    let ada = world.person("ada").await;
    let mut refused = 0;
    for _ in 0..60 {
        if let Err(error) = ada.client.call(ListSessions::default()).await {
            let fault = error.fault().expect("a fault").clone();
            assert_eq!(fault.code, "rate_limited");
            assert!(fault.retry_after_ms.is_some_and(|wait| wait > 0));
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
    // Another connection has a budget of its own.
    world.device(&ada).await.asks(ListSessions::default()).await;
}

#[tokio::test]
async fn a_client_with_patience_asks_again_when_it_is_told_to_and_one_whose_patience_is_over_says_so() {
    let world = World::start_with(|config| config.limits.requests_per_second = 5).await;
    let ada = world.person("ada").await;
    let client = async |patience| {
        let token = ada.client.token();
        Client::connect(Options { patience, token, ..world.options() }).await.unwrap()
    };
    // Twenty at once, five a second then.
    let patient = client(PATIENCE).await;
    let began = Instant::now();
    for _ in 0..30 {
        patient.call(ListSessions::default()).await.unwrap();
    }
    assert!(began.elapsed() > Duration::from_secs(1), "{:?} for thirty", began.elapsed());
    let hasty = client(Duration::from_millis(20)).await;
    let mut answers = vec![];
    for _ in 0..30 {
        answers.push(hasty.call(ListSessions::default()).await);
    }
    assert!(
        answers
            .iter()
            .any(|answer| matches!(answer, Err(Error::Fault(fault)) if fault.is(code::RATE_LIMITED)))
    );
}

#[tokio::test]
async fn a_fast_sender_is_read_slower_and_refused_nothing() {
    let world = World::start_with(|config| {
        config.limits.sends_per_second = 50;
        config.limits.sends_burst = 10;
    })
    .await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let before = std::time::Instant::now();
    for n in 0..60 {
        drop(ada.client.send(chat, Outgoing::text(n.to_string())).await.unwrap());
    }
    assert_eq!(ada.client.flush(crate::world::PATIENCE).await, 0);
    assert!(before.elapsed() >= std::time::Duration::from_millis(900), "{:?}", before.elapsed());
    assert_eq!(bob.history(chat).await.len(), 60);
}

#[tokio::test]
async fn a_guest_who_sends_too_much_is_closed_with_limit() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.greets().await;
    let mut claim = vec![1];
    varint::put(&mut claim, 20_000);
    let _open = raw.begins(&claim).await;
    assert_eq!(raw.closed_with().await, u64::from(close_code::LIMIT));
    let raw = world.raw().await;
    raw.greets().await;
    let sign_in =
        SignIn { handle: "x".repeat(4_000), password: "x".into(), label: "x".into(), old_token: None };
    for _ in 0..5 {
        let _ = raw.exchange(&request_bytes(SignIn::CODE, &frame::encode_body(&sign_in))).await;
    }
    assert_eq!(raw.closed_with().await, u64::from(close_code::LIMIT));
}

#[tokio::test]
async fn a_guest_has_one_time_for_all_requests() {
    let world = World::start_with(|config| config.limits.guest_timeout_ms = 1_000).await;
    let raw = world.raw().await;
    raw.greets().await;
    let nobody = SignIn { handle: "nobody".into(), password: "x".into(), label: "x".into(), old_token: None };
    let request = request_bytes(SignIn::CODE, &frame::encode_body(&nobody));
    let asks_again_and_again = async {
        while raw.connection.close_reason().is_none() {
            let _ = raw.exchange(&request).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, asks_again_and_again).await.expect("the guest is shown out");
    assert_eq!(raw.closed_with().await, u64::from(close_code::NOT_SIGNED_IN));
}

#[tokio::test]
async fn a_frame_that_trickles_is_ended_and_the_connection_goes_on() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.signs_up("ada").await;
    let mut slow = Vec::new();
    for kind in [stream_kind::REQUEST, stream_kind::CHAT, stream_kind::STATE] {
        let mut start = vec![kind as u8];
        varint::put(&mut start, 10_000);
        slow.push(raw.begins(&start).await);
    }
    let ended = async {
        for (mut send, _recv) in slow {
            tokio::spawn(async move {
                loop {
                    match send.write_all(&[0]).await {
                        Ok(()) => tokio::time::sleep(Duration::from_secs(1)).await,
                        Err(quinn::WriteError::Stopped(code)) => break code.into_inner(),
                        Err(error) => panic!("{error}"),
                    }
                }
            })
            .await
            .map(|code| assert_eq!(code, u64::from(close_code::TOO_SLOW)))
            .unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(40), ended).await.unwrap();
    assert!(raw.call(&ListSessions { before: None, limit: None }).await.is_ok());
}
