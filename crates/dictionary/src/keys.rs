//! Sorted strings in one piece of memory, and the entries that stand under each.

use std::collections::HashMap;

/// Strings in ascending order, however they are kept.
pub(crate) trait Sorted {
    fn len(&self) -> usize;
    fn get(&self, i: usize) -> &str;

    /// The first place at or behind `from` where `before` no longer holds. `before` holds up to somewhere and not
    /// behind it.
    fn end_of(&self, from: usize, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut step) = (from, 1);
        // Most ranges are short: look near before looking far.
        while low + step <= self.len() && before(self.get(low + step - 1)) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step).min(self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The places of the strings that begin with `prefix`.
    fn beginning_with(&self, prefix: &str) -> std::ops::Range<usize> {
        let start = self.end_of(0, |key| key < prefix);
        start..self.end_of(start, |key| key.starts_with(prefix))
    }
}

/// Which entries stand under which string.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    text: String,
    /// Where each string ends in `text`.
    ends: Vec<u32>,
    /// Where the numbers of each string end in `numbers`.
    number_ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl Keys {
    pub(crate) fn new(map: HashMap<String, Vec<u32>>) -> Self {
        let mut sorted: Vec<(String, Vec<u32>)> = map.into_iter().collect();
        sorted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut keys = Self::default();
        for (key, numbers) in sorted {
            keys.text.push_str(&key);
            keys.ends.push(keys.text.len() as u32);
            keys.numbers.extend(numbers);
            keys.number_ends.push(keys.numbers.len() as u32);
        }
        keys.text.shrink_to_fit();
        keys.ends.shrink_to_fit();
        keys.numbers.shrink_to_fit();
        keys.number_ends.shrink_to_fit();
        keys
    }

    /// The numbers under the string at a place.
    pub(crate) fn numbers(&self, i: usize) -> &[u32] {
        let start = if i == 0 { 0 } else { self.number_ends[i - 1] };
        &self.numbers[start as usize..self.number_ends[i] as usize]
    }

    /// The place of a string.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        let at = self.end_of(0, |it| it < key);
        (at < self.len() && self.get(at) == key).then_some(at)
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity()
            + 4 * (self.ends.capacity() + self.number_ends.capacity() + self.numbers.capacity())
    }
}

impl Sorted for Keys {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start as usize..self.ends[i] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_with_their_numbers() {
        let map = [("b", vec![3]), ("a", vec![1, 2]), ("ba", vec![])];
        let keys = Keys::new(map.into_iter().map(|(key, numbers)| (key.to_owned(), numbers)).collect());
        assert_eq!(keys.find("a").map(|i| keys.numbers(i).to_vec()), Some(vec![1, 2]));
        assert_eq!(keys.find("b").map(|i| keys.numbers(i).to_vec()), Some(vec![3]));
        assert_eq!(keys.find("c"), None);
        assert_eq!(keys.find(""), None);
        assert_eq!(keys.beginning_with("b"), 1..3);
        assert_eq!(keys.beginning_with("c"), 3..3);
        assert_eq!(Keys::default().beginning_with("c"), 0..0);
    }
}
