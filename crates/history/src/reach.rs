//! What an account may read at the end: rules 9 and 10.

use std::collections::HashSet;

use litrocket_core::access::{self, Range};

use crate::{Broken, place::Place};

#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) ranges: Vec<Range>,
    pub(crate) hidden: HashSet<u64>,
    pub(crate) cleared: u64,
}

impl Reach {
    /// Nothing came from outside the ranges, and nothing was kept from the reader.
    pub(crate) fn check(&self, place: &Place) -> Result<(), Broken> {
        for run in &place.runs {
            if let Some(seq) = self.outside(run.from, run.to) {
                let message = format!("event {seq} came, but the account may not read it");
                return Err(Broken::new(9, run.at_us, message));
            }
        }
        for skip in &place.skips {
            if let Some(seq) = self.withheld(skip.from, skip.to) {
                let message = format!("event {seq} was skipped, but the account may read it");
                return Err(Broken::new(9, skip.at_us, message));
            }
        }
        Ok(())
    }

    fn outside(&self, from: u64, to: u64) -> Option<u64> {
        let mut next = from;
        while next <= to {
            match access::next(&self.ranges, next, to) {
                Some((first, last)) if first == next => next = last + 1,
                _ => return Some(next),
            }
        }
        None
    }

    fn withheld(&self, from: u64, to: u64) -> Option<u64> {
        let mut next = from.max(self.cleared + 1);
        while let Some((first, last)) = access::next(&self.ranges, next, to) {
            if let Some(seq) = (first..=last).find(|seq| !self.hidden.contains(seq)) {
                return Some(seq);
            }
            next = last + 1;
        }
        None
    }

    /// The last event that has to arrive in a conversation that ends at `head`; 0 for none.
    pub(crate) fn last(&self, head: u64) -> u64 {
        let lasts = self.ranges.iter().filter_map(|range| {
            let floor = range.from.max(self.cleared + 1);
            (floor..=range.end(head)).rev().find(|seq| !self.hidden.contains(seq))
        });
        lasts.max().unwrap_or(0)
    }
}
