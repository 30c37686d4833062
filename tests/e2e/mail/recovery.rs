//! Coming back without the password.

use litrocket_protocol::{
    account::{Register, SetProfile},
    email::{NewRecoveryCode, Recover, SendEmailCode},
};

use super::{
    MailServer, asks_for, digits, is_ended, recovers, recovers_by_code, refusal, signed_up, signs_up, wrong,
};
use crate::{
    process::Process,
    programs::Terminal,
    world::{PASSWORD, World, sign_in},
};

#[tokio::test]
async fn a_recovery_code_is_good_once_and_nobody_guesses_it() {
    let world = World::start_with(|config| config.accounts.failures_per_account = 4).await;
    let guest = world.guest().await;
    assert_eq!(guest.welcome().email, None);
    assert_eq!(refusal(guest.call(asks_for("ada@example.org", "sign_up"))).await, "no_mail");
    assert_eq!(refusal(guest.register(signs_up("ada", "ada@example.org", "1"))).await, "no_mail");
    assert_eq!(refusal(guest.enter(recovers("ada@example.org", "123456"))).await, "no_mail");
    let request = Register { email: None, email_code: None, ..signs_up("ada", "", "") };
    let made = guest.register(request).await.unwrap();
    let code = made.recovery_code.unwrap();
    let recover =
        async |handle: &str, code: &str| world.guest().await.enter(recovers_by_code(handle, code)).await;
    assert_eq!(refusal(recover("ada", "aaaaa-aaaaa-aaaaa-aaaaa")).await, "bad_code");
    assert_eq!(refusal(recover("nobody", &code)).await, "bad_code");
    let back = recover("@Ada".trim_start_matches('@'), &code.to_uppercase()).await.unwrap();
    is_ended(&guest).await;
    let next = back.recovery_code.unwrap();
    assert_ne!(next, code);
    assert_eq!(refusal(recover("ada", &code)).await, "bad_code", "it is good once");
    let neither = Recover { password: PASSWORD.into(), ..Recover::default() };
    assert_eq!(refusal(world.guest().await.enter(neither)).await, "bad_value");
    let short = Recover { password: "short".into(), ..recovers_by_code("ada", &next) };
    assert_eq!(refusal(world.guest().await.enter(short)).await, "bad_password");
    // A new one makes the one before void.
    let device = world.guest().await;
    device.sign_in(sign_in("ada", "a new password")).await.unwrap();
    let renewed =
        device.call(NewRecoveryCode { password: "a new password".into() }).await.unwrap().recovery_code;
    assert_eq!(refusal(recover("ada", &next)).await, "bad_code");
    assert_eq!(refusal(recover("ada", "guess")).await, "bad_code");
    assert_eq!(refusal(recover("ada", &renewed)).await, "rate_limited", "four were wrong");
}

#[tokio::test]
async fn who_reads_chinese_is_written_to_in_chinese_whoever_asks() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let (ada, _) = signed_up(&world, &mut mail, "ada", "ada@example.org").await;
    ada.asks(SetProfile { locale: Some("zh-CN".into()), ..SetProfile::default() }).await;
    for locale in [None, Some("en".to_owned())] {
        let asked = SendEmailCode { locale, ..asks_for("ada@example.org", "recover") };
        world.guest().await.call(asked).await.unwrap();
        let (to, words) = mail.next().await;
        assert!(to == "ada@example.org" && words.contains("@ada") && words.contains("设置新密码"), "{words}");
        let code = digits(&words).unwrap();
        let back = world.guest().await.enter(recovers("ada@example.org", &code)).await.unwrap();
        assert_eq!(back.account, ada.account);
    }
    // So is the mail that says that the address is known; a stranger gets the language they ask for.
    world.guest().await.call(asks_for("ada@example.org", "sign_up")).await.unwrap();
    assert!(mail.next().await.1.contains("已属于您的账号"));
    let asked = SendEmailCode { locale: Some("zh".into()), ..asks_for("bob@example.org", "sign_up") };
    world.guest().await.call(asked).await.unwrap();
    assert!(mail.next().await.1.contains("验证码"));
    world.guest().await.call(asks_for("eve@example.org", "sign_up")).await.unwrap();
    assert!(mail.next().await.1.is_ascii());
}

#[tokio::test]
async fn accounts_are_recovered_from_the_command_line() {
    let mut mail = MailServer::start();
    let mut process = Process::new();
    let url = Box::leak(format!("smtp://127.0.0.1:{}", mail.port).into_boxed_str());
    process.variables = vec![
        ("LITROCKET_MAIL_SERVER", url),
        ("LITROCKET_MAIL_FROM", "no-reply@example.org"),
        ("LITROCKET_ACCOUNTS_CODE_PAUSE_SECONDS", "0"),
    ];
    process.up();
    let [ada, phone] = ["ada", "phone"].map(|profile| Terminal { process: &process, profile });
    let email = "ada@example.org";
    assert_eq!(ada.says(&["register", "ada", "--email", email])[0]["type"], "code_sent");
    let code = mail.code_for(email).await;
    let made = ada.says(&["register", "ada", "--email", email, "--code", &code]);
    assert!(made[0]["recovery_code"].as_str().unwrap().len() == 23, "{made:?}");
    assert_eq!(ada.says(&["email", "show"])[0]["email"], email);
    assert_eq!(phone.says(&["recover", "--email", email])[0]["type"], "code_sent");
    let code = mail.code_for(email).await;
    assert_eq!(phone.fails(&["recover", "--email", email, "--code", &wrong(&code)]).1["code"], "bad_code");
    let back = phone.says(&["recover", "--email", email, "--code", &code]);
    assert_eq!((&back[0]["type"], &back[0]["handle"]), (&"recovered".into(), &"ada".into()));
    assert_eq!(ada.fails(&["email", "show"]).1["code"], "bad_token");
    let begun = &phone.says(&["email", "set", "new@example.org"])[0];
    assert_eq!((&begun["old"], &begun["new"]), (&true.into(), &true.into()));
    let mut mails = [mail.next().await, mail.next().await];
    mails.sort();
    let [old, new] = mails.map(|(_, words)| digits(&words).unwrap());
    let shown = phone.says(&["email", "confirm", "--old-code", &old, "--new-code", &new]);
    assert_eq!(shown[0]["email"], "new@example.org");
    let code = &phone.says(&["email", "recovery-code"])[0]["recovery_code"];
    phone.says(&["logout"]);
    let input = format!("{}\nyet another password\n", code.as_str().unwrap());
    let back = phone.runs_with(&["recover", "ada", "--password-stdin"], &input);
    assert_eq!(crate::programs::lines(&back)[0]["type"], "recovered");
}
