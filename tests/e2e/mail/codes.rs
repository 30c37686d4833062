//! Codes: good once, for five tries, ten minutes, one address and one purpose; nobody learns whom they know.

use litrocket_client::{Error, Item};
use litrocket_protocol::{
    account::{Register, SetPrivacy, SetProfile, audience},
    email::{ChangeEmail, ConfirmEmail, EmailEntry, GetEmail},
    frame,
    people::FindPeople,
};

use super::{MailServer, asks_for, code_to, digits, is_ended, recovers, refusal, signed_up, signs_up, wrong};
use crate::world::{PASSWORD, Person, World, sign_in};

#[tokio::test]
async fn people_sign_up_with_a_code_and_come_back_with_one() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    assert_eq!(world.guest().await.welcome().email.as_deref(), Some("optional"));
    let (ada, _) = signed_up(&world, &mut mail, "ada", "Ada@Example.org").await;
    let mine = ada.asks(GetEmail::default()).await;
    assert!(mine.email.as_deref() == Some("Ada@Example.org") && mine.verified_ms > 0);
    let phone = world.device(&ada).await;
    let code = code_to(&world, &mut mail, "ada@example.org", "recover").await;
    let guest = world.guest().await;
    assert_eq!(refusal(guest.enter(recovers("ada@example.org", &wrong(&code)))).await, "bad_code");
    let back = guest.enter(recovers("ADA@example.org", &code)).await.unwrap();
    assert_eq!((back.account, back.handle.as_str()), (ada.account, "ada"));
    for device in [&ada, &phone] {
        is_ended(&device.client).await;
    }
    let other = world.guest().await;
    assert_eq!(refusal(other.enter(recovers("ada@example.org", &code))).await, "bad_code");
    assert_eq!(refusal(other.sign_in(sign_in("ada", PASSWORD))).await, "wrong_credentials");
    other.sign_in(sign_in("ada", "a new password")).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_once_for_five_tries_and_ten_minutes() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| {
        mail.set(config);
        config.accounts.email = "required".into();
    })
    .await;
    let guest = world.guest().await;
    assert_eq!(
        refusal(guest.register(Register { email: None, ..signs_up("ada", "", "") })).await,
        "email_needed"
    );
    let register =
        async |email: &str, code: &str| world.guest().await.register(signs_up("ada", email, code)).await;
    let email = "ada@example.org";
    assert_eq!(refusal(register(email, "123456")).await, "bad_code");
    let first = code_to(&world, &mut mail, email, "sign_up").await;
    let code = code_to(&world, &mut mail, email, "sign_up").await;
    if first != code {
        assert_eq!(refusal(register(email, &first)).await, "bad_code", "the next code replaces it");
    }
    for _ in 0..4 {
        assert_eq!(refusal(register(email, &wrong(&code))).await, "bad_code");
    }
    let spent = register(email, &code).await;
    if first != code {
        assert!(matches!(spent, Err(Error::Fault(fault)) if fault.code == "bad_code"), "five were wrong");
    }
    let code = code_to(&world, &mut mail, email, "sign_up").await;
    assert_eq!(refusal(register("bob@example.org", &code)).await, "bad_code", "it is for one address");
    assert_eq!(
        refusal(world.guest().await.enter(recovers(email, &code))).await,
        "bad_code",
        "and for one purpose"
    );
    world.app().clock.set_offset_ms(11 * 60 * 1000);
    assert_eq!(refusal(register(email, &code)).await, "bad_code", "it is too old");
    let code = code_to(&world, &mut mail, email, "sign_up").await;
    // Two at once: one account.
    let (one, other) = tokio::join!(register(email, &code), async {
        world.guest().await.register(signs_up("bob", email, &code)).await
    });
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn nobody_learns_whether_an_address_is_known() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    signed_up(&world, &mut mail, "ada", "ada@example.org").await;
    let ask =
        async |email: &str, purpose: &str| world.guest().await.call(asks_for(email, purpose)).await.unwrap();
    assert_eq!(ask("ada@example.org", "sign_up").await, ask("eve@example.org", "sign_up").await);
    let mut mails = [mail.next().await, mail.next().await];
    mails.sort();
    let [(_, known), (_, unknown)] = &mails;
    assert!(digits(known).is_none() && known.contains("@ada"), "{known}");
    assert!(digits(unknown).is_some(), "{unknown}");
    assert_eq!(ask("nobody@example.org", "recover").await, ask("ada@example.org", "recover").await);
    let code = mail.code_for("ada@example.org").await;
    let guest = world.guest().await;
    let refused = async |email: &str| match guest.enter(recovers(email, &wrong(&code))).await {
        Err(Error::Fault(fault)) => *fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("nobody@example.org").await, refused("ada@example.org").await);
    let guest = world.guest().await;
    for (email, purpose, expected) in [
        ("ada", "sign_up", "bad_value"),
        ("ada@example.org\r\nBcc: eve@example.org", "sign_up", "bad_value"),
        ("ada@example.org", "dance", "bad_value"),
        (&"a".repeat(300), "sign_up", "too_long"),
    ] {
        assert_eq!(refusal(guest.call(asks_for(email, purpose))).await, expected, "{email}");
    }
}

#[tokio::test]
async fn codes_are_sent_rarely() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| {
        mail.set(config);
        config.accounts.code_pause_seconds = 60;
        config.accounts.codes_per_address = 3;
    })
    .await;
    let guest = world.guest().await;
    code_to(&world, &mut mail, "ada@example.org", "sign_up").await;
    for purpose in ["sign_up", "recover"] {
        match guest.call(asks_for("Ada@example.org", purpose)).await {
            Err(Error::Fault(fault)) => {
                assert!(fault.code == "rate_limited" && fault.retry_after_ms.unwrap() > 50_000, "{fault}");
            }
            other => panic!("{other:?}"),
        }
    }
    for name in ["bob", "carol"] {
        guest.call(asks_for(&format!("{name}@example.org"), "sign_up")).await.unwrap();
    }
    assert_eq!(refusal(guest.call(asks_for("eve@example.org", "recover"))).await, "rate_limited");
}

#[tokio::test]
async fn both_addresses_confirm_a_change() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let (mut ada, _) = signed_up(&world, &mut mail, "ada", "ada@example.org").await;
    let (bob, _) = signed_up(&world, &mut mail, "bob", "bob@example.org").await;
    ada.asks(SetProfile { locale: Some("zh-CN".into()), ..SetProfile::default() }).await;
    ada.listens().await;
    let change = |password: &str, email: Option<&str>| ChangeEmail {
        password: password.into(),
        email: email.map(str::to_owned),
    };
    assert_eq!(ada.is_refused(ConfirmEmail::default()).await, "bad_code");
    assert_eq!(ada.is_refused(change("not it", Some("new@example.org"))).await, "wrong_credentials");
    assert_eq!(ada.is_refused(change(PASSWORD, Some("ADA@example.org"))).await, "bad_value");
    let begun = ada.asks(change(PASSWORD, Some("new@example.org"))).await;
    assert!(begun.old && begun.new);
    let mut mails = [mail.next().await, mail.next().await];
    mails.sort();
    assert!(mails[0].0 == "ada@example.org" && mails[0].1.contains("验证码"), "{mails:?}");
    let [old, new] = mails.map(|(_, words)| digits(&words));
    let confirm = |old: &Option<String>, new: &Option<String>| ConfirmEmail {
        old_code: old.clone(),
        new_code: new.clone(),
    };
    assert_eq!(ada.is_refused(confirm(&old, &None)).await, "bad_code");
    assert_eq!(ada.is_refused(confirm(&None, &new)).await, "bad_code");
    assert_eq!(bob.is_refused(confirm(&old, &new)).await, "bad_code");
    assert_eq!(ada.asks(confirm(&old, &new)).await.email.as_deref(), Some("new@example.org"));
    let told = ada
        .waits_for(|item| match item {
            Item::Entry(entry) if entry.key == "email" => entry.value.clone(),
            _ => None,
        })
        .await;
    let told: EmailEntry = frame::decode(&told).unwrap();
    assert_eq!(told.email.as_deref(), Some("new@example.org"));
    assert_eq!(ada.is_refused(confirm(&old, &new)).await, "bad_code", "a code is good once");
    // An address of somebody else gets a mail without a code.
    ada.asks(change(PASSWORD, Some("bob@example.org"))).await;
    let mut mails = [mail.next().await, mail.next().await];
    mails.sort();
    assert!(mails[0].0 == "bob@example.org" && digits(&mails[0].1).is_none(), "{mails:?}");
    // Having none any more.
    let begun = ada.asks(change(PASSWORD, None)).await;
    assert!(begun.old && !begun.new);
    let old = Some(mail.code_for("new@example.org").await);
    assert_eq!(ada.asks(confirm(&old, &None)).await.email, None);
    assert_eq!(ada.asks(GetEmail::default()).await.email, None);
}

#[tokio::test]
async fn who_lets_people_is_found_by_the_whole_address_and_by_nothing_less() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let (ada, _) = signed_up(&world, &mut mail, "ada", "Ada.L@example.org").await;
    let [bob, eve] = world.people(["bob", "eve"]).await;
    let finds = async |person: &Person, text: &str| -> Vec<String> {
        let page = person.asks(FindPeople { text: text.into(), after: None, limit: Some(1) }).await;
        page.people.into_iter().map(|person| person.handle).collect()
    };
    let lets = async |email_from: u8| {
        ada.asks(SetPrivacy { email_from: Some(email_from), findable: Some(false), ..SetPrivacy::default() })
            .await;
    };
    let (none, one): (&[&str], &[&str]) = (&[], &["ada"]);
    assert_eq!(finds(&bob, "ada.l@example.org").await, none, "nobody at first");
    lets(audience::EVERYBODY).await;
    assert_eq!(finds(&bob, "ADA.L@Example.org ").await, one);
    for part in ["ada.l@example.or", "ada.l@example", "@example.org", "l@example.org", "ada"] {
        assert_eq!(finds(&bob, part).await, none, "{part}");
    }
    assert_eq!(finds(&ada, "ada.l@example.org").await, none, "not oneself");
    lets(audience::FRIENDS).await;
    ada.befriends(&bob).await;
    assert_eq!(finds(&bob, "ada.l@example.org").await, one);
    assert_eq!(finds(&eve, "ada.l@example.org").await, none, "friends only");
    lets(audience::EVERYBODY).await;
    assert_eq!(finds(&eve, "ada.l@example.org").await, one);
    ada.blocks(&eve, true).await;
    assert_eq!(finds(&eve, "ada.l@example.org").await, none, "ada blocks her");
}

#[tokio::test]
async fn an_address_belongs_to_the_first_who_confirms_it() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let email = "shared@example.org";
    let change = || ChangeEmail { password: PASSWORD.into(), email: Some(email.into()) };
    let eves = code_to(&world, &mut mail, email, "sign_up").await;
    let mut codes = Vec::new();
    for person in [&ada, &bob] {
        let begun = person.asks(change()).await;
        assert!(!begun.old && begun.new);
        codes.push(mail.code_for(email).await);
    }
    let confirm = |code: &String| ConfirmEmail { old_code: None, new_code: Some(code.clone()) };
    assert_eq!(ada.asks(confirm(&codes[0])).await.email.as_deref(), Some(email));
    assert_eq!(bob.is_refused(confirm(&codes[1])).await, "email_taken");
    assert_eq!(bob.asks(GetEmail::default()).await.email, None);
    assert_eq!(refusal(world.guest().await.register(signs_up("eve", email, &eves))).await, "email_taken");
    // Nothing of the refused sign-up stays: its name is free.
    world.person("eve").await;
    // A change that is begun anew makes the codes from before void.
    ada.asks(ChangeEmail { password: PASSWORD.into(), email: Some("one@example.org".into()) }).await;
    let mut mails = [mail.next().await, mail.next().await];
    mails.sort();
    let [one, old] = mails.map(|(_, words)| digits(&words));
    ada.asks(ChangeEmail { password: PASSWORD.into(), email: Some("two@example.org".into()) }).await;
    assert_eq!(ada.is_refused(ConfirmEmail { old_code: old, new_code: one }).await, "bad_code");
}
