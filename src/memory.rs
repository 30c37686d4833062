//! How many connections fit into the memory that the system gives the process.

use std::{fs, path::Path};

use rustix::{
    process::{Resource, getrlimit},
    system::sysinfo,
};

/// What the process takes beside its connections: caches, hashing, chunks of files.
const BESIDE: u64 = 96 * 1024 * 1024;
/// What a connection takes: about 54 KiB when it is idle, with the rest for what waits to be sent.
const CONNECTION: u64 = 64 * 1024;
/// However small the machine is.
const LEAST: usize = 64;

/// So many connections, or as many as fit; says so where it is less than what was asked for.
pub(crate) fn connections(wanted: usize) -> usize {
    let memory = limit();
    let most = fitting(memory).min(wanted);
    if most < wanted {
        let mib = memory / 1024 / 1024;
        tracing::info!(most, wanted, mib, "memory for fewer connections than transport.connections_max");
    }
    most
}

fn fitting(memory: u64) -> usize {
    usize::try_from(memory.saturating_sub(BESIDE) / CONNECTION).unwrap_or(usize::MAX).max(LEAST)
}

/// The least of what the machine has, the resource limits say, and the control group allows, in bytes.
fn limit() -> u64 {
    let info = sysinfo();
    let machine = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit.max(1)));
    let resources = [Resource::Data, Resource::As].into_iter().filter_map(|kind| getrlimit(kind).current);
    resources.chain(control_group(Path::new("/sys/fs/cgroup"))).fold(machine, u64::min)
}

/// What the control group of a container allows: `memory.max` of version 2, `memory.limit_in_bytes` of version 1. Without a
/// limit the first says `max`, the second more than any machine has.
fn control_group(root: &Path) -> impl Iterator<Item = u64> {
    let files = ["memory.max", "memory/memory.limit_in_bytes"].map(|name| root.join(name));
    files.into_iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_fit_as_there_is_memory_for_and_some_in_any_case() {
        assert_eq!(fitting(256 * 1024 * 1024), 2_560);
        assert_eq!(fitting(4 * 1024 * 1024 * 1024), 64_000);
        assert_eq!(fitting(0), LEAST);
    }

    #[test]
    fn a_control_group_says_what_it_allows_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let says = |name: &str, what: &str| {
            fs::create_dir_all(folder.path().join("memory")).unwrap();
            fs::write(folder.path().join(name), what).unwrap();
            control_group(folder.path()).collect::<Vec<_>>()
        };
        assert_eq!(control_group(folder.path()).count(), 0);
        assert_eq!(says("memory.max", "max\n"), [0_u64; 0]);
        assert_eq!(says("memory.max", "268435456\n"), [268_435_456]);
        assert_eq!(says("memory/memory.limit_in_bytes", "1048576\n"), [268_435_456, 1_048_576]);
    }
}
