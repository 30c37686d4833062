//! What a process used: CPU and memory, from the system's own books.

use std::{fs, time::Duration};

use crate::{Error, Result};

/// CPU of a process so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// Of all threads.
    pub(crate) all: Duration,
    /// Of the threads that index.
    pub(crate) indexer: Duration,
}

/// The name of the indexing thread.
const INDEXER: &str = "indexer";

fn ticks(stat: &str) -> Option<u64> {
    // Fields 14 and 15 of the line; the name in field 2 is in brackets and may hold spaces.
    let rest = &stat[stat.rfind(')')? + 2..];
    let mut fields = rest.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn time(ticks: u64) -> Duration {
    Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1))
}

/// Reads the CPU of a process.
pub(crate) fn cpu(process: u32) -> Result<Cpu> {
    let gone = |error: &dyn std::fmt::Display| Error::new("the process is gone", error);
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).map_err(|error| gone(&error))?;
    let all = time(ticks(&stat).ok_or_else(|| gone(&"its books are not readable"))?);
    let mut indexer = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).map_err(|error| gone(&error))?.flatten() {
        let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if name.trim() == INDEXER {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            indexer += ticks(&stat).unwrap_or(0);
        }
    }
    Ok(Cpu { all, indexer: time(indexer) })
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident(process: u32) -> Result<u64> {
    memory(process, "VmRSS:")
}

/// The most memory that was resident at once, in bytes.
pub(crate) fn peak(process: u32) -> Result<u64> {
    memory(process, "VmHWM:")
}

fn memory(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(|error| Error::new("the process is gone", error))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024)
}

/// Latencies of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies(pub(crate) Vec<u32>);

impl Latencies {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// p50, p99 and p99.9, in milliseconds.
    pub(crate) fn summary(mut self) -> [f64; 3] {
        self.0.sort_unstable();
        [500, 990, 999].map(|per_mille| {
            let at = (self.0.len() * per_mille / 1000).min(self.0.len().saturating_sub(1));
            self.0.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let latencies = Latencies((1..=1000).rev().map(|ms| ms * 1000).collect());
        assert_eq!(latencies.summary().map(|ms| ms.round() as u64), [501, 991, 1000]);
        assert!(Latencies::default().summary().iter().all(|ms| ms.abs() < f64::EPSILON));
    }

    #[test]
    fn this_process_used_some_cpu_and_memory() {
        let before = cpu(std::process::id()).unwrap();
        let end = std::time::Instant::now() + Duration::from_millis(60);
        while std::time::Instant::now() < end {}
        assert!(cpu(std::process::id()).unwrap().all > before.all);
        assert!(resident(std::process::id()).unwrap() > 1_000_000);
    }
}
