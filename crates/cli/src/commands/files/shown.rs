//! What somebody who waits sees of a transfer: a bar at a terminal, or lines of `--json`.

use std::{
    io::{IsTerminal as _, stderr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use litrocket_client::{Progress, Transfer};
use serde_json::json;
use unicode_width::UnicodeWidthChar as _;

use crate::{output::escape_line, session::Context};

/// How often progress is told as JSON.
const TELL_INTERVAL: Duration = Duration::from_secs(1);
/// A name takes this part of the terminal's width at most: a bar that does not fit on its line is no bar.
const NAME_PART: usize = 3;
/// Columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

pub(in crate::commands) struct Shown {
    bar: ProgressBar,
    resumed: Arc<AtomicU64>,
}

impl Shown {
    pub(in crate::commands) fn new(context: &Context, name: &str, size: u64) -> Self {
        if context.output.json || !stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), resumed: Arc::default() };
        }
        let style =
            ProgressStyle::with_template("{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}");
        let bar = ProgressBar::new(size);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        let columns = rustix::termios::tcgetwinsize(stderr()).map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { COLUMNS } else { columns };
        bar.set_message(shortened(&escape_line(name), columns / NAME_PART));
        Self { bar, resumed: Arc::default() }
    }

    /// A transfer that replaces a file only when it shall.
    pub(in crate::commands) fn fetch(&self, context: &Context, name: &str, replaces: bool) -> Transfer {
        let transfer = self.transfer(context, name);
        if replaces { transfer } else { transfer.keeping() }
    }

    pub(in crate::commands) fn transfer(&self, context: &Context, name: &str) -> Transfer {
        let (bar, resumed, output) = (self.bar.clone(), self.resumed.clone(), context.output);
        let (name, words) = (name.to_owned(), output.words);
        let last: Mutex<Option<Instant>> = Mutex::new(None);
        let transfer = Transfer::default().within(context.common.patience());
        transfer.watched(move |progress: Progress| {
            bar.set_position(progress.done);
            if resumed.swap(progress.resumed, Ordering::Relaxed) == 0 && progress.resumed > 0 {
                // What was there before says nothing about the speed; a tick makes the bar take note of it.
                bar.tick();
                bar.reset_eta();
                let from = format!("{} {}", words.resumed_from(), HumanBytes(progress.resumed));
                bar.println(words.labelled(&escape_line(&name), from));
            }
            if !output.json {
                return;
            }
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_none_or(|last| last.elapsed() >= TELL_INTERVAL) {
                *last = Some(Instant::now());
                let Progress { done, resumed, size } = progress;
                let line =
                    || json!({"type": "progress", "name": name, "done": done, "resumed": resumed, "size": size});
                // Nobody reads any more: the transfer goes on all the same.
                let _ = output.data(line, String::new);
            }
        })
    }

    pub(in crate::commands) fn end(self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }
}

impl Drop for Shown {
    /// Whatever ends a transfer, what is said then has the line for itself.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A text in so many columns of a terminal at most; what has no room is told by an ellipsis.
fn shortened(text: &str, columns: usize) -> String {
    let mut width = 0;
    // Where the text ends that leaves room for the ellipsis.
    let mut end = 0;
    for (at, c) in text.char_indices() {
        width += c.width().unwrap_or(0);
        if width > columns {
            return format!("{}…", &text[..end]);
        }
        if width < columns {
            end = at + c.len_utf8();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_part_of_the_line() {
        for (text, columns, expected) in [
            ("plans.bin", 20, "plans.bin"),
            ("plans.bin", 9, "plans.bin"),
            ("plans.bin", 8, "plans.b…"),
            ("计划书.pdf", 10, "计划书.pdf"),
            ("计划书.pdf", 6, "计划…"),
            ("计划书", 5, "计划…"),
            ("计划书", 1, "…"),
            ("", 1, ""),
        ] {
            assert_eq!(shortened(text, columns), expected);
        }
    }
}
