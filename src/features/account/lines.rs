//! The two lines before the hashes, and who has how many places in them: nobody takes all.

use std::net::IpAddr;

use litrocket_protocol::AccountId;

use crate::counts::{Counted, Taken};

/// In a line of strangers that is half full, no network has more than one place in so many.
const SHARES: usize = 8;
/// What the devices of one account may have in theirs.
const DEVICES: usize = 4;

/// Who wants a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A device that signed in to this account before.
    Device(AccountId),
    /// Anybody, from an address or a /64 network.
    Stranger(IpAddr),
}

/// Places in the two lines, and who has how many.
#[derive(Debug)]
pub(super) struct Lines {
    max: usize,
    taken: Counted<Asker>,
}

impl Lines {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: Counted::default() }
    }

    /// Who has how many places now.
    #[cfg(test)]
    pub(super) fn taken(&self) -> std::sync::MutexGuard<'_, crate::counts::Counts<Asker>> {
        self.taken.counts()
    }

    /// A place in a line, for as long as it is held.
    pub(super) fn enter(&self, asker: Asker) -> Option<Taken<Asker>> {
        self.taken.take_if(asker, |taken| {
            let device = |asker: &Asker| matches!(asker, Asker::Device(_));
            let beside = taken.iter().filter(|(one, _)| device(one) == device(&asker));
            let line: usize = beside.map(|(_, places)| places).sum();
            let share = match asker {
                Asker::Device(_) => DEVICES,
                Asker::Stranger(_) if line >= self.max / 2 => (self.max / SHARES).max(1),
                Asker::Stranger(_) => self.max,
            };
            line < self.max && taken.of(&asker) < share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_fills_is_shared_and_the_other_line_is_not_part_of_it() {
        let lines = Lines::new(16);
        let from = |n: u8| Asker::Stranger([10, 0, 0, n].into());
        let mut places: Vec<_> = (0..8).map(|_| lines.enter(from(1)).expect("there is room")).collect();
        assert!(lines.enter(from(1)).is_none(), "the line is half full, and it has more than its share");
        places.extend((2..10).map(|n| lines.enter(from(n)).expect("who has less may still enter")));
        assert!(lines.enter(from(99)).is_none(), "the line is full");
        assert!(lines.enter(Asker::Device(7.into())).is_some(), "the other line is not");
        places.pop();
        assert!(lines.enter(from(99)).is_some());
        drop(places);
        assert!(lines.taken().is_empty());
    }
}
