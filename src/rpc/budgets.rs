//! What may be asked for in a second by an account, and by the guests of a network, over all their connections.

use std::net::IpAddr;

use litrocket_protocol::AccountId;

use crate::{
    config::Limits,
    limits::{REQUEST_BURST_SECONDS, RateLimits},
};

/// The budgets of accounts and of networks' guests.
#[derive(Debug)]
pub struct Budgets {
    accounts: RateLimits<AccountId>,
    guests: RateLimits<IpAddr>,
}

impl Budgets {
    /// The budgets that the configuration names.
    pub fn new(limits: &Limits) -> Self {
        let burst = |rate: u64| rate.saturating_mul(REQUEST_BURST_SECONDS);
        let (account, guests) = (limits.account_requests_per_second, limits.guest_requests_per_second);
        Self {
            accounts: RateLimits::new(account, burst(account)),
            guests: RateLimits::new(guests, burst(guests)),
        }
    }

    /// Takes a request's token, or tells after how many milliseconds there is one. An account has a budget of its own:
    /// whoever else is behind the address, and however many, takes nothing from it.
    pub(super) fn take(&self, account: Option<AccountId>, network: IpAddr) -> Result<(), u64> {
        match account {
            Some(account) => self.accounts.of(account).take(),
            None => self.guests.of(network).take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_the_guests_of_a_network_take_nothing_from_each_other() {
        let limits =
            Limits { account_requests_per_second: 1, guest_requests_per_second: 2, ..Limits::default() };
        let budgets = Budgets::new(&limits);
        let (ada, bob) = (Some(AccountId(1)), Some(AccountId(2)));
        let home = "192.0.2.1".parse().unwrap();
        let asked = (0..100).filter(|_| budgets.take(ada, home).is_ok()).count();
        assert_eq!(asked, 4);
        assert_eq!((0..9).filter(|_| budgets.take(None, home).is_ok()).count(), 8);
        assert_eq!((0..4).filter(|_| budgets.take(bob, home).is_ok()).count(), 4);
        assert!(budgets.take(None, "192.0.2.2".parse().unwrap()).is_ok());
    }
}
