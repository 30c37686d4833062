//! A history as a file: one entry a line.

use std::io::BufRead;

use crate::{Broken, Checker, Entry, Report};

/// Reads JSON lines and checks them. Empty lines are passed over. A line that cannot be read, or that is no entry,
/// is rule 0.
pub fn check_file(mut reader: impl BufRead) -> Result<Report, Broken> {
    let mut checker = Checker::new();
    let mut line = String::new();
    let mut at_us = 0;
    for number in 1_u64.. {
        let unreadable =
            |error: &dyn std::fmt::Display| Broken::new(0, at_us, format!("line {number}: {error}"));
        line.clear();
        if reader.read_line(&mut line).map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let entry: Entry = serde_json::from_str(&line).map_err(|error| unreadable(&error))?;
        at_us = entry.at_us();
        checker.push(entry).map_err(|broken| {
            let message = format!("line {number}: {}", broken.message);
            Broken { message, ..broken }
        })?;
    }
    checker.finish()
}
