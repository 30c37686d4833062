//! Strings that differ from one in a few places: inserted, left out, exchanged or swapped characters.
//!
//! Walks the sorted strings and keeps a row of distances per character of the current one, so that strings with
//! the same beginning share their work and hopeless beginnings are passed over as a whole.

use crate::keys::{Keys, Sorted};

/// What looking for a misspelt word among the keys may find and cost: more is no word that anybody misspelt.
const WALK: Most = Most { found: 1_000, distances: 4_000_000 };
/// Keys near to a misspelt one that are followed, the nearest.
pub(crate) const NEAR_MAX: usize = 50;

/// What a walk may find, and what it may cost: the distances it works out, a few million in 10 ms.
#[derive(Debug, Clone, Copy)]
struct Most {
    found: usize,
    distances: usize,
}

/// The places of the strings at a distance of 1 to `max` from `wanted`, with the distance. A walk that costs too much ends
/// with what it has.
fn near(sorted: &impl Sorted, wanted: &str, max: u8, most: Most) -> Vec<(usize, u8)> {
    walk(sorted, wanted, max, most).0
}

/// The same, and what it cost.
fn walk(sorted: &impl Sorted, wanted: &str, max: u8, most: Most) -> (Vec<(usize, u8)>, usize) {
    let mut walk = Walk::new(wanted, max);
    let (mut found, mut i) = (Vec::new(), 0);
    while i < sorted.len() && found.len() < most.found && walk.distances < most.distances {
        let key = sorted.get(i);
        match walk.step(key) {
            Ok(distance) => {
                if (1..=max).contains(&distance) {
                    found.push((i, distance));
                }
                i += 1;
            }
            Err(hopeless) => {
                let beginning = &key[..hopeless];
                i = sorted.end_of(i, |it| it < beginning || it.starts_with(beginning));
            }
        }
    }
    (found, walk.distances)
}

/// The places of the keys nearest to one, with their distance.
pub(crate) fn nearest(keys: &Keys, wanted: &str) -> Vec<(usize, u8)> {
    let max = if wanted.chars().count() < 6 { 1 } else { 2 };
    let mut found = near(keys, wanted, max, WALK);
    let same = |key: &str| key.chars().zip(wanted.chars()).take_while(|(one, other)| one == other).count();
    found.sort_by_key(|(i, distance)| (*distance, std::cmp::Reverse(same(keys.get(*i)))));
    found.truncate(NEAR_MAX);
    found
}

/// How many characters have to be inserted, left out, exchanged or swapped with the next to make one of the other.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            d[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let plain = (d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]))
                    .min(d[i - 1][j] + 1)
                    .min(d[i][j - 1] + 1);
                let swaps = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swaps { plain.min(d[i - 2][j - 2] + 1) } else { plain }
            };
        }
    }
    d[a.len()][b.len()]
}

struct Walk {
    wanted: Vec<char>,
    max: u8,
    /// The characters of the current string.
    path: Vec<char>,
    /// The row of distances behind each of them, the first one for the empty string.
    rows: Vec<Vec<u8>>,
    /// Distances that were worked out.
    distances: usize,
}

impl Walk {
    fn new(wanted: &str, max: u8) -> Self {
        let wanted: Vec<char> = wanted.chars().collect();
        let first = (0..=wanted.len()).map(|i| u8::try_from(i).unwrap_or(u8::MAX)).collect();
        Self { wanted, max, path: Vec::new(), rows: vec![first], distances: 0 }
    }

    /// The distance of a string, or after how many bytes it cannot become near any more.
    fn step(&mut self, key: &str) -> Result<u8, usize> {
        let common = self.path.iter().zip(key.chars()).take_while(|(one, other)| **one == *other).count();
        self.path.truncate(common);
        self.rows.truncate(common + 1);
        for (at, c) in key.char_indices().skip(common) {
            self.path.push(c);
            self.rows.push(self.next_row(c));
            self.distances += self.wanted.len() + 1;
            if self.is_hopeless() {
                return Err(at + c.len_utf8());
            }
        }
        Ok(self.rows[self.rows.len() - 1][self.wanted.len()])
    }

    fn next_row(&self, c: char) -> Vec<u8> {
        let depth = self.rows.len();
        let last = &self.rows[depth - 1];
        let mut row = Vec::with_capacity(last.len());
        row.push(last[0].saturating_add(1));
        for (j, wanted) in self.wanted.iter().enumerate() {
            let exchanged = last[j].saturating_add(u8::from(*wanted != c));
            let mut best = exchanged.min(last[j + 1].saturating_add(1)).min(row[j].saturating_add(1));
            if j > 0 && depth > 1 && self.wanted[j - 1] == c && self.path[depth - 2] == *wanted {
                best = best.min(self.rows[depth - 2][j - 1].saturating_add(1));
            }
            row.push(best);
        }
        row
    }

    fn is_hopeless(&self) -> bool {
        let least = |row: &Vec<u8>| row.iter().copied().min().unwrap_or(u8::MAX);
        let depth = self.rows.len();
        // A swap still reaches back over the last row.
        least(&self.rows[depth - 1]) > self.max
            && (depth < 2 || least(&self.rows[depth - 2]).saturating_add(1) > self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{Index, built_in};

    /// Words that are hard to look for: of the commonest letters, of many lengths, with everything a question may have.
    fn hard() -> Vec<String> {
        let mut seed = 7_u64;
        let mut letter = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b"etaoinsrhldcumfpgwybv"[(seed >> 33) as usize % 21])
        };
        let mut all: Vec<String> = (0..60).map(|n| (0..4 + n % 20).map(|_| letter()).collect()).collect();
        all.extend((0..10).map(|n| (0..6 << n).map(|_| letter()).take(256).collect()));
        for word in ["acceptence", "definately", "recieve", "seperate", "zhongguo", "enviroment"] {
            all.push(word.to_owned());
        }
        all
    }

    #[test]
    fn a_walk_ends_within_its_bound_and_no_misspelling_needs_it() {
        let index = Index::new(built_in().unwrap()).unwrap();
        let free = Most { distances: usize::MAX, ..WALK };
        let mut worst = 0;
        for word in hard() {
            for keys in [&index.words, &index.readings] {
                let (found, cost) = walk(keys, &word, 2, free);
                let (bounded, spent) = walk(keys, &word, 2, WALK);
                // One key may be begun at the bound, and no second one.
                assert!(spent <= WALK.distances + 300 * 300, "{word}: {spent}");
                if word.len() <= 24 {
                    worst = worst.max(cost);
                    assert_eq!(bounded, found, "{word} is looked for to the end");
                }
            }
        }
        println!("the dearest walk works out {worst} distances of {}", WALK.distances);
        assert!(worst < WALK.distances);
        let little = Most { distances: 1_000, ..WALK };
        let (_, spent) = walk(&index.words, "acceptence", 2, little);
        assert!(spent < 1_500, "{spent}");
    }

    proptest! {
        #[test]
        fn the_walk_finds_what_comparing_each_finds(
            keys in prop::collection::hash_set("[abc火]{0,6}", 0..40),
            wanted in "[abc火]{0,6}",
            max in 1_u8..3,
        ) {
            let sorted = Keys::new(keys.iter().map(|key| (key.clone(), vec![])).collect::<HashMap<_, _>>());
            let all = Most { found: usize::MAX, distances: usize::MAX };
            let found: HashSet<(String, usize)> = near(&sorted, &wanted, max, all)
                .into_iter()
                .map(|(i, distance)| (sorted.get(i).to_owned(), usize::from(distance)))
                .collect();
            let expected: HashSet<(String, usize)> = keys
                .into_iter()
                .map(|key| { let far = distance(&key, &wanted); (key, far) })
                .filter(|(_, far)| (1..=usize::from(max)).contains(far))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
