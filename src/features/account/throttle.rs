//! Failed sign-ins by account and by address, sign-ups, and codes that go by mail. Only failures spend a budget; resuming with a token never comes
//! here; each device that signed in before has a budget of its own, so that neither strangers nor another device, lost or signed
//! out, lock it out; recovery codes have one, so that wrong passwords do not keep the right code out.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
    time::{Duration, Instant},
};

use litrocket_protocol::{AccountId, SessionId};

use crate::config;
use crate::lock::lock;

/// How long failures count.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long new accounts of an address count.
const SIGN_UP_WINDOW: Duration = Duration::from_secs(60 * 60);
/// How long codes that were sent count.
const MAIL_WINDOW: Duration = Duration::from_secs(60 * 60);
/// Hours' worth of codes that an address gets in a day: whoever guesses has a few tries for each of them.
const MAIL_HOURS: u64 = 3;
const MAIL_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Keys one table remembers. When it is full of running windows, the one that ends first goes.
const KEYS_MAX: usize = 50_000;

/// Try again after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

/// Counts per key in windows that begin with the first count.
#[derive(Debug)]
struct Windows<K> {
    max: u64,
    length: Duration,
    counts: Mutex<HashMap<K, (u64, Instant)>>,
}

impl<K: Hash + Eq + Clone> Windows<K> {
    fn new(max: u64, length: Duration) -> Self {
        Self { max, length, counts: Mutex::default() }
    }

    fn check(&self, key: &K, now: Instant) -> Result<(), RetryAfter> {
        let counts = lock(&self.counts);
        match counts.get(key) {
            Some((count, since)) if *count >= self.max && now < *since + self.length => {
                Err(RetryAfter(*since + self.length - now))
            }
            _ => Ok(()),
        }
    }

    /// Counts one more; whether it is the last that the window takes.
    fn count(&self, key: K, now: Instant) -> bool {
        let mut counts = lock(&self.counts);
        if counts.len() >= KEYS_MAX && !counts.contains_key(&key) {
            counts.retain(|_, (_, since)| now < *since + self.length);
            if counts.len() >= KEYS_MAX
                && let Some(oldest) =
                    counts.iter().min_by_key(|(_, (_, since))| *since).map(|(key, _)| key.clone())
            {
                counts.remove(&oldest);
            }
        }
        let entry = counts.entry(key).or_insert((0, now));
        if now >= entry.1 + self.length {
            *entry = (0, now);
        }
        entry.0 += 1;
        entry.0 == self.max
    }
}

/// By what somebody wants to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// A password, on a device that nobody knows.
    Password,
    /// A password, on the device that showed a token of this session of the account.
    Device(SessionId),
    /// A code, of a mail or for recovery.
    Code,
}

impl By {
    /// Whether failures count for the network, too.
    fn is_stranger(self) -> bool {
        !matches!(self, Self::Device(_))
    }
}

/// Who tries to sign in, as far as it is known before the password is checked.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The account name's key, also of names that do not exist.
    pub name: String,
    /// The address, or the /64 network.
    pub network: IpAddr,
    /// By what.
    pub by: By,
}

/// Whose failures have reached their bound with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Those with this name.
    pub account: bool,
    /// Those from this address.
    pub address: bool,
}

impl Burst {
    /// Logs it, with the account if there is one of the name. The name itself is never logged: people type passwords into
    /// the wrong field.
    pub fn note(self, what: &str, account: Option<AccountId>, address: SocketAddr) {
        let account = account.map(|account| account.0);
        tracing::info!(account, %address, what, "a password or code was wrong");
        if self.account || self.address {
            tracing::warn!(
                account,
                %address,
                what,
                by_name = self.account,
                by_address = self.address,
                "too many were wrong: no more are taken for a while"
            );
        }
    }
}

/// The budgets.
#[derive(Debug)]
pub struct Throttle {
    accounts: Windows<(String, By)>,
    addresses: Windows<IpAddr>,
    sign_ups: Windows<IpAddr>,
    pauses: Windows<String>,
    mails: Windows<String>,
    mails_a_day: Windows<String>,
    mail_networks: Windows<IpAddr>,
}

impl Throttle {
    /// The budgets that the configuration names.
    pub fn new(config: &config::Accounts) -> Self {
        Self {
            accounts: Windows::new(config.failures_per_account, WINDOW),
            addresses: Windows::new(config.failures_per_address, WINDOW),
            sign_ups: Windows::new(config.sign_ups_per_address, SIGN_UP_WINDOW),
            pauses: Windows::new(1, Duration::from_secs(config.code_pause_seconds)),
            mails: Windows::new(config.codes_per_email, MAIL_WINDOW),
            mails_a_day: Windows::new(config.codes_per_email.saturating_mul(MAIL_HOURS), MAIL_DAY),
            mail_networks: Windows::new(config.codes_per_address, MAIL_WINDOW),
        }
    }

    /// Whether the network may have a code sent to the e-mail address now; counts it. Addresses that no account has
    /// count as others do.
    pub fn mail(&self, email: &str, network: IpAddr, now: Instant) -> Result<(), RetryAfter> {
        let email = email.to_owned();
        self.mail_networks.check(&network, now)?;
        self.mails.check(&email, now)?;
        self.mails_a_day.check(&email, now)?;
        self.pauses.check(&email, now)?;
        self.mail_networks.count(network, now);
        self.mails.count(email.clone(), now);
        self.mails_a_day.count(email.clone(), now);
        self.pauses.count(email, now);
        Ok(())
    }

    /// Whether the attempt may be made now.
    pub fn check(&self, attempt: &Attempt, now: Instant) -> Result<(), RetryAfter> {
        self.accounts.check(&(attempt.name.clone(), attempt.by), now)?;
        if attempt.by.is_stranger() { self.addresses.check(&attempt.network, now) } else { Ok(()) }
    }

    /// The password was wrong, or the name unknown. Whether the name, or the address, may try no more for now.
    pub fn failed(&self, attempt: &Attempt, now: Instant) -> Burst {
        let account = self.accounts.count((attempt.name.clone(), attempt.by), now);
        Burst { account, address: attempt.by.is_stranger() && self.addresses.count(attempt.network, now) }
    }

    /// Whether the address may make another account now; counts it.
    pub fn sign_up(&self, network: IpAddr, now: Instant) -> Result<(), RetryAfter> {
        self.sign_ups.check(&network, now)?;
        self.sign_ups.count(network, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(failures_per_account: u64, failures_per_address: u64, sign_ups_per_address: u64) -> Throttle {
        Throttle::new(&config::Accounts {
            failures_per_account,
            failures_per_address,
            sign_ups_per_address,
            ..config::Accounts::default()
        })
    }

    fn attempt(name: &str, address: &str, known_device: bool) -> Attempt {
        let by = if known_device { By::Device(SessionId(7)) } else { By::Password };
        Attempt { name: name.into(), network: address.parse().unwrap(), by }
    }

    #[test]
    fn failures_of_strangers_do_not_lock_a_known_device_out() {
        let throttle = throttle(2, 3, 9);
        let now = Instant::now();
        let stranger = attempt("ada", "10.0.0.1", false);
        throttle.failed(&stranger, now);
        throttle.failed(&stranger, now);
        assert_eq!(throttle.check(&stranger, now), Err(RetryAfter(WINDOW)));
        assert_eq!(throttle.check(&attempt("ada", "10.0.0.1", true), now), Ok(()));
        assert_eq!(throttle.check(&attempt("bob", "10.0.0.1", false), now), Ok(()));
        throttle.failed(&attempt("nobody", "10.0.0.1", false), now);
        assert!(
            throttle.check(&attempt("bob", "10.0.0.1", false), now).is_err(),
            "the address has spent its budget"
        );
        assert!(throttle.check(&attempt("bob", "10.0.0.1", true), now).is_ok());
        assert!(throttle.check(&attempt("bob", "10.0.0.2", false), now).is_ok());
    }

    #[test]
    fn a_budget_comes_back_when_its_window_ends() {
        let throttle = throttle(1, 9, 1);
        let now = Instant::now();
        let ada = attempt("ada", "10.0.0.1", false);
        throttle.failed(&ada, now);
        assert!(throttle.check(&ada, now + WINDOW / 2).is_err());
        assert!(throttle.check(&ada, now + WINDOW).is_ok());
        assert!(throttle.sign_up(ada.network, now).is_ok());
        assert!(throttle.sign_up(ada.network, now).is_err());
        assert!(throttle.sign_up(ada.network, now + SIGN_UP_WINDOW).is_ok());
    }

    #[test]
    fn codes_are_sent_rarely_to_one_address_and_for_one_network() {
        let (throttle, now) = (throttle(9, 9, 9), Instant::now());
        let (here, minute) = ("10.0.0.1".parse().unwrap(), Duration::from_secs(60));
        assert!(throttle.mail("ada@example.org", here, now).is_ok());
        assert_eq!(throttle.mail("ada@example.org", here, now), Err(RetryAfter(minute)));
        for times in 1..5 {
            assert!(throttle.mail("ada@example.org", here, now + minute * times).is_ok(), "{times}");
        }
        let after = throttle.mail("ada@example.org", "10.0.0.2".parse().unwrap(), now + minute * 5);
        assert_eq!(after, Err(RetryAfter(minute * 55)));
        for other in 5..20 {
            assert!(throttle.mail(&format!("{other}@example.org"), here, now).is_ok(), "{other}");
        }
        assert!(throttle.mail("bob@example.org", here, now).is_err(), "the network has spent its budget");
        assert!(throttle.mail("bob@example.org", "10.0.0.2".parse().unwrap(), now).is_ok());
    }

    #[test]
    fn the_tables_stay_bounded() {
        let windows = Windows::new(1, WINDOW);
        let now = Instant::now();
        for key in 0..KEYS_MAX + 10 {
            windows.count(key, now);
        }
        assert!(windows.counts.lock().unwrap().len() <= KEYS_MAX);
    }
}
