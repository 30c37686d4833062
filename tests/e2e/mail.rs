//! E-mail: codes by a real mail server that is fine, slow, busy, refuses, or is away; recovery by mail and by code.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use litrocket::config::Config;
use litrocket_client::{Client, Error, Item, Status};
use litrocket_protocol::{
    account::{Register, SetProfile, SignedIn},
    email::{ChangeEmail, ConfirmEmail, GetEmail, NewRecoveryCode, Recover, SendEmailCode},
    frame,
};

use crate::{
    process::Process,
    programs::{Terminal, python},
    world::{PASSWORD, PATIENCE, Person, World, sign_in},
};

/// A mail server, as a process.
pub(crate) struct MailServer {
    child: Option<Child>,
    port: u16,
    folder: tempfile::TempDir,
    tls: Option<&'static str>,
    read: usize,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// With TLS: `starttls`, or `first`.
    fn start_with(tls: Option<&'static str>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let mut server = Self { child: None, port, folder, tls, read: 0 };
        server.is("fine");
        server.up();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn up(&mut self) {
        let mut command = Command::new(python());
        command
            .arg("-B")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/smtp.py"))
            .arg(self.port.to_string())
            .arg(self.folder.path());
        if self.tls.is_some() {
            command.arg(self.path("cert.pem")).arg(self.path("key.pem"));
        }
        command.args(self.tls.filter(|tls| *tls == "first"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(child.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE, "no mail server");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child = Some(child);
    }

    /// The mail server is gone.
    fn down(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn is(&self, mode: &str) {
        std::fs::write(self.path("mode"), mode).unwrap();
    }

    pub(crate) fn set(&self, config: &mut Config) {
        let scheme = if self.tls == Some("first") { "smtps" } else { "smtp" };
        config.mail.server = format!("{scheme}://127.0.0.1:{}", self.port);
        config.mail.from = "litrocket <no-reply@example.org>".into();
        config.accounts.code_pause_seconds = 0;
        config.accounts.codes_per_email = 1000;
        config.accounts.codes_per_address = 1000;
    }

    /// How many mails have come.
    fn count(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|it| it == "mail")).count()
    }

    /// The next mail: to whom, and its words.
    pub(crate) async fn next(&mut self) -> (String, String) {
        self.read += 1;
        let file = self.path(&format!("{:04}.mail", self.read));
        let began = Instant::now();
        while !file.exists() {
            assert!(began.elapsed() < PATIENCE, "no mail came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let to = text.lines().next().unwrap().strip_prefix("To: ").unwrap().to_owned();
        (to, words_of(&text))
    }

    /// The code in the next mail, which must be for this address.
    pub(crate) async fn code_for(&mut self, address: &str) -> String {
        let (to, words) = self.next().await;
        assert_eq!(to, address);
        digits(&words).unwrap_or_else(|| panic!("no code in {words}"))
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.down();
        }
    }
}

/// Subject and body of a mail, decoded as far as its transfer encoding goes.
fn words_of(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    if head.contains("Content-Transfer-Encoding: base64") {
        return String::from_utf8(unbase64(body)).unwrap();
    }
    body.replace("=\r\n", "").replace("=3D", "=")
}

fn unbase64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter_map(|byte| LETTERS.iter().position(|it| *it == byte)) {
        (bits, count) = (bits << 6 | letter as u32, count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn digits(words: &str) -> Option<String> {
    let runs = words.split(|letter: char| !letter.is_ascii_digit());
    runs.into_iter().find(|run| run.len() == 6).map(str::to_owned)
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn refusal<T: std::fmt::Debug>(answer: impl Future<Output = Result<T, Error>>) -> String {
    match answer.await {
        Err(Error::Fault(fault)) => fault.code,
        other => panic!("{other:?} instead of a refusal"),
    }
}

fn asks_for(email: &str, purpose: &str) -> SendEmailCode {
    SendEmailCode { email: email.into(), purpose: purpose.into(), locale: None }
}

fn signs_up(handle: &str, email: &str, code: &str) -> Register {
    Register {
        handle: handle.into(),
        password: PASSWORD.into(),
        label: "phone".into(),
        email: Some(email.into()),
        email_code: Some(code.into()),
        ..Register::default()
    }
}

fn recovers(email: &str, code: &str) -> Recover {
    Recover {
        email: Some(email.into()),
        email_code: Some(code.into()),
        password: "a new password".into(),
        label: "new phone".into(),
        ..Recover::default()
    }
}

fn recovers_by_code(handle: &str, code: &str) -> Recover {
    Recover {
        handle: Some(handle.into()),
        recovery_code: Some(code.into()),
        password: "a new password".into(),
        label: "new phone".into(),
        ..Recover::default()
    }
}

async fn code_to(world: &World, mail: &mut MailServer, email: &str, purpose: &str) -> String {
    world.guest().await.call(asks_for(email, purpose)).await.unwrap();
    mail.code_for(email).await
}

pub(crate) async fn signed_up(
    world: &World,
    mail: &mut MailServer,
    handle: &str,
    email: &str,
) -> (Person, SignedIn) {
    let code = code_to(world, mail, email, "sign_up").await;
    let client = world.guest().await;
    let made = client.register(signs_up(handle, email, &code)).await.unwrap();
    (Person { name: handle.into(), account: made.account, client, events: None }, made)
}

async fn is_ended(client: &Client) {
    let mut status = client.status();
    let ended = status.wait_for(|status| matches!(status, Status::Closed(Some(_))));
    tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
}

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
    let told: litrocket_protocol::email::EmailEntry = frame::decode(&told).unwrap();
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
        let tried = async {
            while waiting_tries(&world).await == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, tried).await.unwrap();
        mail.is("fine");
        let came = mail.count();
        world.app().mail.wake();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(mail.count(), came, "it waits a minute");
        later(&world, minutes);
        mail.code_for(email).await;
    }
    // What is refused for ever is not tried again, and holds nothing up.
    mail.is("refuse");
    ask(&world, "refused@example.org").await;
    let gone = async {
        while waiting(&world).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    // Too old to be of use: it goes unsent.
    mail.is("busy");
    ask(&world, "late@example.org").await;
    later(&world, 200);
    let gone = async {
        while waiting(&world).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    mail.is("fine");
    ask(&world, "last@example.org").await;
    mail.code_for("last@example.org").await;
}

async fn waiting(world: &World) -> i64 {
    let row: Option<(i64,)> = world.app().db.first("SELECT COUNT(*) FROM mail_queue", &[]).await.unwrap();
    row.unwrap().0
}

async fn waiting_tries(world: &World) -> i64 {
    let row: Option<(i64,)> =
        world.app().db.first("SELECT COALESCE(MAX(tries), 0) FROM mail_queue", &[]).await.unwrap();
    row.unwrap().0
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
    let tried = async {
        while waiting_tries(&strange).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, tried).await.unwrap();
    assert_eq!(other.count(), 0);
    // A password that others can read is refused.
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::world::test_config(folder.path());
    set_with(&mut config, &mail, &secret);
    let error = litrocket::server::Server::bind(config).await.unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

fn set_with(config: &mut Config, mail: &MailServer, secret: &Path) {
    mail.set(config);
    config.mail.user = "litrocket".into();
    config.mail.password_file = secret.to_string_lossy().into_owned();
    config.mail.ca = mail.path("cert.pem").to_string_lossy().into_owned();
}

/// A file that only its owner may read.
pub(crate) fn private(path: &Path, text: &str) {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

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
