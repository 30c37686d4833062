//! What is counted of which request, so that a client knows what it spends.

use serde::Serialize;

use crate::limits;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// A budget that a request spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// What is counted.
    pub counts: &'static str,
    /// Of whom: `connection`, `account`, `network` (an IPv4 address, or a /64 of IPv6) or `email`.
    pub of: &'static str,
    /// How many there may be in the time, where the protocol says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// The option of the server that says it otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<&'static str>,
    /// The time, in milliseconds.
    pub window_ms: u64,
}

const fn option(counts: &'static str, of: &'static str, option: &'static str, window_ms: u64) -> Rate {
    Rate { counts, of, max: None, option: Some(option), window_ms }
}

const fn fixed(counts: &'static str, max: u64, window_ms: u64) -> Rate {
    Rate { counts, of: "account", max: Some(max), option: None, window_ms }
}

/// Of every request, and of sends, which are read slower instead of being refused.
pub(super) const COMMON: &[Rate] = &[
    option("requests", "connection", "limits.requests_per_second", SECOND),
    option("requests", "account", "limits.account_requests_per_second", SECOND),
    option("requests of guests", "network", "limits.guest_requests_per_second", SECOND),
    option("sends", "account", "limits.sends_per_second", SECOND),
];

const FAILURES: [Rate; 2] = [
    option("wrong passwords and codes", "account", "accounts.failures_per_account", HOUR / 4),
    option("wrong passwords and codes", "network", "accounts.failures_per_address", HOUR / 4),
];
const MAILS: [Rate; 2] = [
    option("codes", "email", "accounts.codes_per_email", HOUR),
    option("codes", "network", "accounts.codes_per_address", HOUR),
];
const STRANGERS: [Rate; 2] = [
    option("strangers turned to", "account", "people.strangers_per_day", DAY),
    option("strangers turned to by a new account", "account", "people.strangers_per_day_new", DAY),
];

const TOLD: Rate = fixed("times the other side is told of one request", limits::REQUEST_NOTICES_MAX, DAY);

/// What is counted of a request beside [`COMMON`].
pub(super) fn of(request: &str) -> Vec<Rate> {
    match request {
        "Register" => vec![option("sign-ups", "network", "accounts.sign_ups_per_address", HOUR)],
        "SignIn" | "ChangePassword" | "DeleteAccount" | "NewRecoveryCode" | "Recover" | "RestoreAccount" => {
            FAILURES.to_vec()
        }
        "ChangeEmail" => [FAILURES, MAILS].concat(),
        "SendEmailCode" => MAILS.to_vec(),
        "CreateGroup" => {
            [&[option("groups", "account", "limits.groups_per_day", DAY)][..], &STRANGERS].concat()
        }
        "AskFriend" => [&STRANGERS[..], &[TOLD]].concat(),
        "JoinGroup" => vec![TOLD],
        "OpenDirect" | "InviteMembers" => STRANGERS.to_vec(),
        "TranslateText" | "TranslateMessage" => {
            vec![option("translations", "account", "words.translations_per_second", SECOND)]
        }
        "PostMoment" => vec![fixed("moments", limits::MOMENTS_PER_DAY_MAX as u64, DAY)],
        "SetNickname" => vec![fixed("names in one group", limits::NICKNAMES_PER_DAY_MAX, DAY)],
        "ReportContent" => vec![fixed("reports", limits::REPORTS_PER_DAY_MAX, DAY)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::requests;

    #[test]
    fn a_request_that_spends_may_be_refused_for_it() {
        let described = include_str!("rates.rs").split("match request {").nth(1).unwrap();
        let names = described.split("_ =>").next().unwrap().split('"').skip(1).step_by(2);
        let known = |name: &str| requests::ALL.iter().any(|it| it.name == name);
        let spends: Vec<&str> = names.filter(|name| name.starts_with(char::is_uppercase)).collect();
        assert!(spends.len() > 12 && spends.iter().all(|name| known(name)), "{spends:?}");
    }
}
