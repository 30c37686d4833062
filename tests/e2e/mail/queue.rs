//! A mail server that is fine, slow, busy, refuses, or is away; encrypted or not at all.

use std::time::{Duration, Instant};

use super::{MailServer, asks_for, code_to, private, refusal, set_with, waiting, waiting_tries};
use crate::{
    process::Process,
    programs::Terminal,
    world::{PATIENCE, World, eventually},
};

#[tokio::test]
async fn a_mail_server_that_is_away_slow_or_busy_loses_nothing_and_blocks_nobody() {
    let mut mail = MailServer::start();
    let mut world = World::start_with(|config| {
        mail.set(config);
        config.mail.timeout_ms = 300;
        config.accounts.code_minutes = 120;
    })
    .await;
    let later = |world: &World, minutes: i64| {
        world.app().clock.set_offset_ms(minutes * 60_000);
        world.app().mail.wake();
    };
    let ask = async |world: &World, email: &str| {
        let before = Instant::now();
        world.guest().await.call(asks_for(email, "sign_up")).await.unwrap();
        assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    };
    mail.down();
    ask(&world, "away@example.org").await;
    mail.up();
    world.down().await;
    world.up().await;
    later(&world, 2);
    mail.code_for("away@example.org").await;
    for (mode, email, minutes) in [("slow", "slow@example.org", 4), ("busy", "busy@example.org", 6)] {
        mail.is(mode);
        ask(&world, email).await;
        // It has failed once before the mail server is well again.
        eventually("the mail was tried", async || waiting_tries(&world).await != 0).await;
        mail.is("fine");
        let came = mail.count();
        ask(&world, &format!("beside-{email}")).await;
        mail.code_for(&format!("beside-{email}")).await;
        assert_eq!(mail.count(), came + 1, "it waits a minute and holds up no other");
        later(&world, minutes);
        mail.code_for(email).await;
    }
    // What is refused for ever is not tried again, and holds nothing up.
    mail.is("refuse");
    ask(&world, "refused@example.org").await;
    eventually("the mail waits no more", async || waiting(&world).await == 0).await;
    // Too old to be of use: it goes unsent.
    mail.is("busy");
    ask(&world, "late@example.org").await;
    later(&world, 200);
    eventually("the mail waits no more", async || waiting(&world).await == 0).await;
    mail.is("fine");
    ask(&world, "last@example.org").await;
    mail.code_for("last@example.org").await;
}

#[tokio::test]
async fn a_mail_that_is_refused_because_of_the_sender_waits_until_that_is_put_right() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| {
        mail.set(config);
        config.accounts.code_minutes = 120;
    })
    .await;
    for (minutes, mode) in [(0, "refuse-sender"), (5, "refuse-words")] {
        let email = format!("{mode}@example.org");
        mail.is(mode);
        world.app().clock.set_offset_ms(minutes * 60_000);
        world.guest().await.call(asks_for(&email, "sign_up")).await.unwrap();
        eventually("the mail was tried", async || waiting_tries(&world).await != 0).await;
        assert_eq!(waiting(&world).await, 1, "{mode}: it is kept");
        mail.is("fine");
        world.app().clock.set_offset_ms((minutes + 2) * 60_000);
        world.app().mail.wake();
        mail.code_for(&email).await;
    }
}

#[test]
fn an_operator_is_told_that_the_mail_server_takes_nothing_from_this_sender() {
    let mail = MailServer::start();
    let mut process = Process::new();
    let url = Box::leak(mail.url().into_boxed_str());
    process.variables = vec![("LITROCKET_MAIL_SERVER", url), ("LITROCKET_MAIL_FROM", "no-reply@example.org")];
    process.up();
    let ada = Terminal { process: &process, profile: "ada" };
    mail.is("refuse-sender");
    ada.says(&["register", "ada", "--email", "ada@example.org"]);
    let logs = process.path().join("data/logs");
    let said = || {
        let files = std::fs::read_dir(&logs).unwrap().map(|file| file.unwrap().path());
        let texts: Vec<String> = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        texts.concat()
    };
    let began = Instant::now();
    while !said().contains("answers 550 to the sender, mail.from") {
        assert!(began.elapsed() < PATIENCE, "{}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(said().contains("no mail goes out until this is put right") && !said().contains("ada@"));
}

#[tokio::test]
async fn mail_goes_encrypted_and_signed_in_or_not_at_all() {
    let mail = MailServer::start_with(Some("starttls"));
    let secret = mail.path("secret");
    private(&secret, "secret\n");
    for tls in ["starttls", "first"] {
        let mut mail = MailServer::start_with(Some(tls));
        let world = World::start_with(|config| set_with(config, &mail, &secret)).await;
        code_to(&world, &mut mail, "ada@example.org", "sign_up").await;
    }
    // A mail server with another certificate is told nothing.
    let other = MailServer::start_with(Some("starttls"));
    let strange = World::start_with(|config| {
        set_with(config, &other, &secret);
        config.mail.ca = mail.path("cert.pem").to_string_lossy().into_owned();
    })
    .await;
    strange.guest().await.call(asks_for("ada@example.org", "sign_up")).await.unwrap();
    eventually("the mail was tried", async || waiting_tries(&strange).await != 0).await;
    assert_eq!(other.count(), 0);
    // A password that others can read is refused.
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::world::test_config(folder.path());
    set_with(&mut config, &mail, &secret);
    let error = litrocket::server::Server::bind(config).await.unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn when_too_many_mails_wait_people_are_told_to_come_again() {
    const FILL: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO mail_queue (address, key, template, account, nonce, locale, next_ms, expires_ms)
        SELECT 'a' || i, 'a' || i, 1, 0, x'00', 'en', $1, $1 FROM n";
    let mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let later = world.app().clock.now_ms() + 3_600_000;
    let filled = world
        .app()
        .writer
        .run(move |tx| Box::pin(async move { tx.execute(FILL, litrocket::args![later]).await }))
        .await
        .unwrap();
    assert_eq!(filled, 10_000);
    let guest = world.guest().await;
    assert_eq!(refusal(guest.call(asks_for("ada@example.org", "sign_up"))).await, "busy");
    assert_eq!(refusal(guest.call(asks_for("nobody@example.org", "recover"))).await, "busy");
    // It passes when what waits is too old.
    world.app().clock.set_offset_ms(2 * 3_600_000);
    guest.call(asks_for("bob@example.org", "sign_up")).await.unwrap();
}
