//! Mail over SMTP: one connection a mail, encrypted unless the mail server is on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use litrocket_protocol::hex;

use crate::{
    cause,
    cause::{Cause, Part},
    secrets,
};

/// Answers to the recipient's address that say that it will never take a mail. The same answers to anything else are about
/// this server (its sender, its password, its words), and may be put right.
const FOR_EVER: &[u16] = &[501, 550, 551, 552, 553, 556];

/// Where mail goes.
#[derive(Debug, Clone)]
pub struct MailOptions {
    /// `smtp://HOST:PORT` or `smtps://HOST:PORT`.
    pub server: String,
    /// The user name, and the file with the password.
    pub login: Option<(String, PathBuf)>,
    /// The sender.
    pub from: String,
    /// The CA to trust instead of the system's roots.
    pub ca: Option<PathBuf>,
    /// How long one mail may take.
    pub time: Duration,
}

/// Why a mail was not taken. Never holds the address or a word of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailError {
    /// Not now.
    Later(String),
    /// Not before the operator puts something right.
    Ours(String),
    /// Never.
    Never(String),
}

/// What the mail server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    SignIn,
    Sender,
    Recipient,
    Words,
}

type Smtp = lettre::transport::smtp::Error;

impl std::fmt::Display for MailError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Later(why) | Self::Ours(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

/// A mail server.
pub struct Mailer {
    place: MailHost,
    tls: Tls,
    hello: ClientId,
    login: Option<Credentials>,
    from: Mailbox,
    time: Duration,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

/// Scheme, host and port of a mail server.
struct MailHost {
    tls_first: bool,
    host: String,
    port: u16,
}

impl MailHost {
    fn parse(url: &str) -> Result<Self, Cause> {
        let refuse = |why: Part| cause!("{} is no address of a mail server: {}", &format!("{url:?}"), why);
        let (tls_first, rest) = match url.split_once("://") {
            Some(("smtp", rest)) => (false, rest),
            Some(("smtps", rest)) => (true, rest),
            _ => return Err(refuse(cause!("it begins with smtp:// or smtps://").into())),
        };
        let authority: hyper::http::uri::Authority = rest
            .trim_end_matches('/')
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| refuse((&error).into()))?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(refuse(cause!("it names a host, and no user").into()));
        }
        let port = authority.port_u16().unwrap_or(if tls_first { 465 } else { 587 });
        Ok(Self { tls_first, host: authority.host().trim_matches(['[', ']']).into(), port })
    }

    fn is_here(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Mailer {
    /// Reads the options; nothing is sent.
    pub fn new(options: &MailOptions) -> Result<Self, Cause> {
        let place = MailHost::parse(&options.server)?;
        let from = options
            .from
            .parse::<Mailbox>()
            .map_err(|error| cause!("{} is no sender of mail: {}", &format!("{:?}", options.from), &error))?;
        let tls = if !place.tls_first && place.is_here() && options.ca.is_none() {
            Tls::None
        } else {
            let parameters = tls(&place.host, options.ca.as_deref())?;
            if place.tls_first { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        };
        let hello = ClientId::Domain(from.email.domain().into());
        let login = match &options.login {
            None => None,
            Some((user, file)) => {
                secrets::check_mode(file)?;
                let password = fs::read_to_string(file)
                    .map_err(|error| cause!("cannot read {}: {}", &file.display(), error))?;
                Some(Credentials::new(user.clone(), password.trim_end_matches(['\r', '\n']).into()))
            }
        };
        Ok(Self { place, tls, hello, login, from, time: options.time })
    }

    /// Hands one mail to the mail server.
    pub async fn send(&self, to: &str, subject: &str, body: &str) -> Result<(), MailError> {
        let message = self.message(to, subject, body).ok_or_else(|| {
            MailError::Never("the mail cannot be made: its address is not one that SMTP carries".into())
        })?;
        match tokio::time::timeout(self.time, self.hand_over(&message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err((step, error))) => Err(kind_of(step, &error)),
            Err(_) => Err(MailError::Later("the mail server took too long".into())),
        }
    }

    async fn hand_over(&self, message: &Message) -> Result<(), (Step, Smtp)> {
        let at = |step: Step| move |error: Smtp| (step, error);
        let mut server = self.connect().await.map_err(at(Step::Connect))?;
        if let Some(login) = &self.login {
            server.auth(DEFAULT_MECHANISMS, login).await.map_err(at(Step::SignIn))?;
        }
        let envelope = message.envelope();
        let sender = Mail::new(envelope.from().cloned(), Vec::new());
        server.command(sender).await.map_err(at(Step::Sender))?;
        for address in envelope.to() {
            server.command(Rcpt::new(address.clone(), Vec::new())).await.map_err(at(Step::Recipient))?;
        }
        server.command(Data).await.map_err(at(Step::Words))?;
        server.message(&message.formatted()).await.map_err(at(Step::Words))?;
        // The mail is taken: how the mail server says goodbye changes nothing.
        let _ = server.quit().await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Smtp> {
        let Self { place, hello, .. } = self;
        let first = match &self.tls {
            Tls::Wrapper(tls) => Some(tls.clone()),
            _ => None,
        };
        let address = (&*place.host, place.port);
        let mut server =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.time), hello, first, None).await?;
        if let Tls::Required(tls) = &self.tls {
            server.starttls(tls.clone(), hello).await?;
        }
        Ok(server)
    }

    fn message(&self, to: &str, subject: &str, body: &str) -> Option<Message> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        let id = format!("<{}@{}>", hex::encode(&random), self.from.email.domain());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to.parse().ok()?)
            .subject(subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".into()))
            .header(ContentType::TEXT_PLAIN)
            .body(body.to_owned())
            .ok()
    }
}

/// What a failure means. The server's own words may repeat the address, so only its number is told.
fn kind_of(step: Step, error: &Smtp) -> MailError {
    let Some(status) = error.status() else {
        let what = if error.is_tls() {
            "its certificate or TLS is refused"
        } else if error.is_timeout() {
            "it takes too long"
        } else if error.is_client() {
            "it does not offer what is asked for (STARTTLS, a way to sign in)"
        } else if error.is_response() {
            "its answer is not SMTP"
        } else {
            "it cannot be reached"
        };
        return MailError::Later(format!("the mail server: {what}"));
    };
    let number = u16::from(status);
    let about = match step {
        Step::Connect => "when it is greeted",
        Step::SignIn => "to mail.user and its password",
        Step::Sender => "to the sender, mail.from",
        Step::Recipient => "to the recipient",
        Step::Words => "to the mail itself",
    };
    let what = format!("the mail server answers {number} {about}");
    match step {
        Step::Recipient if FOR_EVER.contains(&number) => MailError::Never(what),
        Step::SignIn | Step::Sender | Step::Words if error.is_permanent() => MailError::Ours(what),
        _ => MailError::Later(what),
    }
}

fn tls(host: &str, ca: Option<&Path>) -> Result<TlsParameters, Cause> {
    let mut builder = TlsParameters::builder(host.into());
    if let Some(file) = ca {
        let pem = fs::read(file).map_err(|error| cause!("cannot read {}: {}", &file.display(), error))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| cause!("no CA can be read from {}: {}", &file.display(), &error))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| cause!("TLS for mail does not work: {}", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(server: &str) -> MailOptions {
        MailOptions {
            server: server.into(),
            login: None,
            from: "litrocket <no-reply@example.org>".into(),
            ca: None,
            time: Duration::from_secs(5),
        }
    }

    #[test]
    fn only_addresses_of_mail_servers_are_read() {
        for url in ["", "http://a", "smtp://", "a:25", "smtp://me:secret@a", "smtp://a/b"] {
            assert!(Mailer::new(&options(url)).is_err(), "{url}");
        }
        assert_eq!(MailHost::parse("smtp://[::1]:25").unwrap().host, "::1");
        assert_eq!(MailHost::parse("smtps://mail.example.org").unwrap().port, 465);
        let mut nobody = options("smtp://127.0.0.1");
        nobody.from = "nobody".into();
        assert!(Mailer::new(&nobody).is_err());
    }

    #[test]
    fn a_mail_is_plain_text_and_says_that_nobody_wrote_it() {
        let mailer = Mailer::new(&options("smtp://127.0.0.1:25")).unwrap();
        let message = mailer.message("ada@example.org", "验证码", "123456\n").unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(text.contains("Content-Type: text/plain; charset=utf-8\r\n"), "{text}");
        assert!(text.contains("@example.org>\r\n") && text.contains("123456"), "{text}");
        assert!(mailer.message("no address\r\nBcc: x", "a", "b").is_none());
    }
}
