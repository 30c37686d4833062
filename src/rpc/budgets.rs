//! What may be asked for in a second by an account and from a network, over all their connections.

use std::net::IpAddr;

use litrocket_protocol::AccountId;

use crate::{
    config::Limits,
    limits::{REQUEST_BURST_SECONDS, RateLimits},
};

/// The budgets of accounts and of networks.
#[derive(Debug)]
pub struct Budgets {
    accounts: RateLimits<AccountId>,
    networks: RateLimits<IpAddr>,
}

impl Budgets {
    /// The budgets that the configuration names.
    pub fn new(limits: &Limits) -> Self {
        let burst = |rate: u64| rate.saturating_mul(REQUEST_BURST_SECONDS);
        let (account, address) = (limits.account_requests_per_second, limits.address_requests_per_second);
        Self {
            accounts: RateLimits::new(account, burst(account)),
            networks: RateLimits::new(address, burst(address)),
        }
    }

    /// Takes a request's token of each, or tells after how many milliseconds there is one. What an account may not ask
    /// for costs its network nothing: whoever else is behind the address goes on.
    pub(super) fn take(&self, account: Option<AccountId>, network: IpAddr) -> Result<(), u64> {
        if let Some(account) = account {
            self.accounts.of(account).take()?;
        }
        self.networks.of(network).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_asks_too_much_leaves_its_network_the_rest() {
        let limits =
            Limits { account_requests_per_second: 1, address_requests_per_second: 2, ..Limits::default() };
        let budgets = Budgets::new(&limits);
        let (ada, bob) = (Some(AccountId(1)), Some(AccountId(2)));
        let home = "192.0.2.1".parse().unwrap();
        let asked = (0..100).filter(|_| budgets.take(ada, home).is_ok()).count();
        assert_eq!(asked, 4);
        assert_eq!((0..4).filter(|_| budgets.take(bob, home).is_ok()).count(), 4);
        assert!(budgets.take(None, home).is_err(), "eight a network");
        assert!(budgets.take(None, "192.0.2.2".parse().unwrap()).is_ok());
    }
}
