//! Peers that want to harm, each kind in a file: the load of a siege, and of the tests of one.

mod half_open;
mod holding;

use std::net::Ipv4Addr;

pub(crate) use half_open::Flood;
pub use half_open::{HalfOpen, Tally};
pub(crate) use holding::{Attackers, Kind};

/// An address of the loopback network, each number in a /24 of its own; none is where people come from.
pub fn address(n: u64) -> Ipv4Addr {
    let [.., third, fourth] = (n % (250 * 250)).to_be_bytes();
    let n = u16::from_be_bytes([third, fourth]);
    let [high, low] = [n / 250, n % 250].map(|part| u8::try_from(part).unwrap_or(0));
    Ipv4Addr::new(127, 1 + high, low, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attacker_has_a_network_of_its_own() {
        let of = |n| {
            let [first, second, third, _] = address(n).octets();
            assert_eq!(first, 127);
            (second, third)
        };
        let networks: std::collections::BTreeSet<_> = (0..10_000).map(of).collect();
        assert_eq!(networks.len(), 10_000);
        assert!(!networks.contains(&(0, 0)), "people come from there");
    }
}
