//! Access is a list of ranges of event sequences. History, delivery, search and replies all ask here.

/// A range of event sequences a member may read; `to` is `None` while they are in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first event, at least 1.
    pub from: u64,
    /// The last event.
    pub to: Option<u64>,
}

impl Range {
    /// The last event of the range in a conversation that ends at `head`.
    pub fn end(&self, head: u64) -> u64 {
        self.to.map_or(head, |to| to.min(head))
    }
}

/// Whether one event may be read.
pub fn may_read(ranges: &[Range], event_seq: u64) -> bool {
    ranges.iter().any(|range| range.from <= event_seq && range.to.is_none_or(|to| event_seq <= to))
}

/// The last readable event of a conversation that ends at `head`; 0 for none.
pub fn last(ranges: &[Range], head: u64) -> u64 {
    ranges.iter().filter(|range| range.from <= head).map(|range| range.end(head)).max().unwrap_or(0)
}

/// The first readable event at or after `event_seq` and the end of its range, in a conversation that ends at
/// `head`.
pub fn next(ranges: &[Range], event_seq: u64, head: u64) -> Option<(u64, u64)> {
    ranges
        .iter()
        .map(|range| (range.from.max(event_seq), range.end(head)))
        .filter(|(from, to)| from <= to)
        .min()
}

/// The same ranges without anything at or below `floor` (history cleared, or no longer retained).
pub fn above(ranges: &[Range], floor: u64) -> Vec<Range> {
    ranges
        .iter()
        .filter(|range| range.to.is_none_or(|to| to > floor))
        .map(|range| Range { from: range.from.max(floor + 1), to: range.to })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: &[Range] = &[Range { from: 3, to: Some(5) }, Range { from: 9, to: None }];

    #[test]
    fn a_former_member_reads_the_ranges_and_nothing_else() {
        let readable: Vec<u64> = (1..=11).filter(|seq| may_read(GAP, *seq)).collect();
        assert_eq!(readable, [3, 4, 5, 9, 10, 11]);
    }

    #[test]
    fn the_next_readable_event_lies_behind_the_gap() {
        assert_eq!(next(GAP, 1, 20), Some((3, 5)));
        assert_eq!(next(GAP, 6, 20), Some((9, 20)));
        assert_eq!(next(GAP, 6, 8), None);
        assert_eq!(last(GAP, 8), 5);
        assert_eq!(last(GAP, 20), 20);
        assert_eq!(last(&[], 20), 0);
    }

    #[test]
    fn clearing_cuts_the_ranges() {
        assert_eq!(above(GAP, 4), [Range { from: 5, to: Some(5) }, Range { from: 9, to: None }]);
        assert_eq!(above(GAP, 10), [Range { from: 11, to: None }]);
    }
}
