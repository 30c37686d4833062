//! E-mail: a real mail server, and what people ask of it.

mod codes;
mod queue;
mod recovery;

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use litrocket::config::Config;
use litrocket_client::{Client, Error, Status};
use litrocket_protocol::{
    account::{Register, SignedIn},
    email::{Recover, SendEmailCode},
};

use crate::{
    programs::python,
    world::{PASSWORD, PATIENCE, Person, World},
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

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
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

async fn waiting(world: &World) -> i64 {
    let row: Option<(i64,)> = world.app().db.first("SELECT COUNT(*) FROM mail_queue", &[]).await.unwrap();
    row.unwrap().0
}

async fn waiting_tries(world: &World) -> i64 {
    let row: Option<(i64,)> =
        world.app().db.first("SELECT COALESCE(MAX(tries), 0) FROM mail_queue", &[]).await.unwrap();
    row.unwrap().0
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
