//! Mail: confirmed addresses, codes of 6 digits, and the queue behind which the mail server may be away.
//!
//! [`codes`] makes and checks codes, [`queue`] sends what waits, [`texts`] is what people read, [`store`] owns the
//! tables. Knows nothing of accounts but their numbers and names. Start with [`codes`].

mod codes;
mod export_store;
mod queue;
mod store;
mod texts;

use std::{path::Path, path::PathBuf, time::Duration};

use litrocket_protocol::{Fault, fault::code, limits};
use tokio::sync::Notify;

use crate::{
    cause::Cause,
    config::{Config, Email},
    secrets,
    transport::{MailOptions, Mailer},
};

pub(crate) use codes::{Order, Proof, Purpose, check, put, room, spend};
pub(crate) use export_store::EXPORT;
pub use queue::run;
pub(crate) use store::{address_of, change_keys, erase, holder, owner, pending, set_address, withdraw};

/// The mail server, if there is one, and what codes are made with.
#[derive(Debug)]
pub struct Mail {
    mailer: Option<Mailer>,
    secret: [u8; 32],
    wake: Notify,
}

impl Mail {
    /// Reads the options and the key of the codes.
    pub fn open(config: &Config, data: &Path) -> Result<Self, Cause> {
        let secret = secrets::secret(data, "codes")?;
        let mailer = if config.email() == Email::Off {
            None
        } else {
            let mail = &config.mail;
            let options = MailOptions {
                server: mail.server.clone(),
                login: (!mail.user.is_empty())
                    .then(|| (mail.user.clone(), PathBuf::from(&mail.password_file))),
                from: mail.from.clone(),
                ca: (!mail.ca.is_empty()).then(|| PathBuf::from(&mail.ca)),
                time: Duration::from_millis(mail.timeout_ms),
            };
            Some(Mailer::new(&options)?)
        };
        Ok(Self { mailer, secret, wake: Notify::new() })
    }

    /// There is something to send. Call it after the commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// An address that SMTP carries as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// As the person writes it.
    pub(crate) text: String,
    /// In small letters: two addresses of one key are one.
    pub(crate) key: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let bad = || Fault::new(code::BAD_VALUE).field("email");
        let text = text.trim();
        if text.len() > limits::EMAIL_BYTES_MAX {
            return Err(Fault::new(code::TOO_LONG)
                .field("email")
                .within_bytes(1, limits::EMAIL_BYTES_MAX as u64));
        }
        let (local, domain) = text.split_once('@').ok_or_else(bad)?;
        let dotted = |part: &str, more: &[u8]| {
            !part.is_empty()
                && part.split('.').all(|piece| {
                    !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
                })
        };
        let label = |piece: &str| piece.len() <= 63 && !piece.starts_with('-') && !piece.ends_with('-');
        let fine = local.len() <= 64
            && dotted(local, b"!#$%&'*+-/=?^_`{|}~")
            && dotted(domain, b"-")
            && domain.split('.').all(label);
        if fine { Ok(Self { text: text.into(), key: text.to_ascii_lowercase() }) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken() {
        for text in ["ada@example.org", " Ada.L+chat@Mail.example.org ", "o'neill@a-b.example", "a@localhost"]
        {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@a",
            "ada@",
            "a b@c",
            "ada@a..b",
            ".ada@a",
            "ada@-a",
            "ada@b@c",
            "\"a b\"@c",
            "ada@a\r\nBcc: x",
            "ada@<script>",
            "阿达@例子",
            &long,
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        assert_eq!(Address::parse("Ada@Example.ORG").unwrap().key, "ada@example.org");
        let endless = format!("{}@{}", "a".repeat(60), "b.".repeat(120));
        assert!(Address::parse(&endless).unwrap_err().is(code::TOO_LONG));
    }
}
