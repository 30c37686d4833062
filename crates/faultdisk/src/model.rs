//! What a file holds for sure, what was changed since, and what a power cut leaves of it.
//!
//! A sync makes all earlier changes of that file durable. Of the changes since, each is lost, kept, or torn into
//! sectors of 512 bytes that are lost or kept one by one; so later changes may stay where earlier ones went. A
//! sector that was lost behind the end of the file holds zeros or noise when a later one makes the file longer. A
//! write damages no byte outside its range. A new file's name is durable with its first sync; a removal that was
//! not synced may be undone, and then nothing of the file that took the name is there.

use crate::{Change, Random};

const SECTOR: usize = 512;

#[derive(Debug)]
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { size: usize },
    Remove,
}

/// One file.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// `None`: there is no such file.
    durable: Option<Vec<u8>>,
    pending: Vec<Pending>,
}

impl File {
    pub(crate) fn durable(bytes: Vec<u8>) -> Self {
        Self { durable: Some(bytes), pending: Vec::new() }
    }

    /// A change that is under way: a sync or a durable removal did not happen yet.
    pub(crate) fn begin(&mut self, change: &Change<'_>) {
        self.pending.push(match *change {
            Change::Write { at, bytes } => Pending::Write { at: at as usize, bytes: bytes.to_vec() },
            Change::Truncate { size } => Pending::Truncate { size: size as usize },
            Change::Remove { .. } => Pending::Remove,
            Change::Sync => return,
        });
    }

    pub(crate) fn carry_out(&mut self, change: &Change<'_>) {
        match change {
            Change::Sync => {
                let mut content = self.durable.take();
                for pending in self.pending.drain(..) {
                    match pending {
                        Pending::Write { at, bytes } => write(&mut content, at, &bytes),
                        Pending::Truncate { size } => truncate(&mut content, size),
                        Pending::Remove => content = None,
                    }
                }
                self.durable = Some(content.unwrap_or_default());
            }
            Change::Remove { durably: true } => *self = Self::default(),
            change => self.begin(change),
        }
    }

    /// What is there after a power cut. The mood is one cut's: 0 loses all that was not synced, 1 keeps all of it.
    pub(crate) fn after_cut(&self, mood: u64, random: &mut Random) -> Option<Vec<u8>> {
        let mut content = self.durable.clone();
        for pending in &self.pending {
            // 0 lost, 1 kept, 2 torn.
            let fate = if mood < 2 { mood } else { random.below(3) };
            match (pending, fate) {
                (Pending::Remove, 0) => return content,
                (_, 0) => {}
                (Pending::Remove, _) => content = None,
                (Pending::Truncate { size }, _) => truncate(&mut content, *size),
                (Pending::Write { at, bytes }, 1) => write(&mut content, *at, bytes),
                (Pending::Write { at, bytes }, _) => tear(&mut content, *at, bytes, random),
            }
        }
        content
    }
}

fn write(content: &mut Option<Vec<u8>>, at: usize, bytes: &[u8]) {
    let content = content.get_or_insert_default();
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

fn truncate(content: &mut Option<Vec<u8>>, size: usize) {
    // A truncation never makes a file longer here: SQLite asks for less only.
    if let Some(content) = content {
        content.truncate(size);
    }
}

fn tear(content: &mut Option<Vec<u8>>, at: usize, bytes: &[u8], random: &mut Random) {
    let end = at + bytes.len();
    let mut from = at;
    while from < end {
        let to = end.min((from / SECTOR + 1) * SECTOR);
        let length = content.as_ref().map_or(0, Vec::len);
        match random.below(4) {
            0 | 1 => write(content, from, &bytes[from - at..to - at]),
            2 if from >= length => {
                let noise: Vec<u8> = (from..to).map(|_| random.below(256) as u8).collect();
                write(content, from, &noise);
            }
            _ => {}
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrote(file: &mut File, at: u64, bytes: &[u8]) {
        file.carry_out(&Change::Write { at, bytes });
    }

    #[test]
    fn what_was_synced_stays_whatever_happens() {
        let mut file = File::default();
        wrote(&mut file, 0, &[1; 2048]);
        file.carry_out(&Change::Sync);
        wrote(&mut file, 512, &[2; 512]);
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let left = file.after_cut(seed % 6, &mut random).unwrap();
            assert_eq!(left.len(), 2048);
            assert!(left[..512].iter().chain(&left[1024..]).all(|byte| *byte == 1));
            assert!([[1; 512], [2; 512]].contains(&left[512..1024].try_into().unwrap()));
        }
    }

    #[test]
    fn a_write_that_was_not_synced_is_lost_kept_and_torn() {
        let mut file = File::default();
        wrote(&mut file, 0, &[1; 1024]);
        file.carry_out(&Change::Sync);
        wrote(&mut file, 0, &[2; 1024]);
        let seen: std::collections::HashSet<(u8, u8)> = (0..200)
            .map(|seed| file.after_cut(2, &mut Random::new(seed)).unwrap())
            .map(|left| (left[0], left[512]))
            .collect();
        assert_eq!(seen.len(), 4);
        assert_eq!(file.after_cut(0, &mut Random::new(1)).unwrap(), [1; 1024]);
        assert_eq!(file.after_cut(1, &mut Random::new(1)).unwrap(), [2; 1024]);
    }

    #[test]
    fn a_removal_may_be_undone_with_all_that_came_after_it() {
        let mut file = File::durable(vec![1; 8]);
        file.carry_out(&Change::Remove { durably: false });
        wrote(&mut file, 0, &[2; 8]);
        assert_eq!(file.after_cut(0, &mut Random::new(1)).unwrap(), [1; 8]);
        assert_eq!(file.after_cut(1, &mut Random::new(1)).unwrap(), [2; 8]);
        file.carry_out(&Change::Remove { durably: true });
        assert_eq!(file.after_cut(1, &mut Random::new(1)), None);
    }
}
