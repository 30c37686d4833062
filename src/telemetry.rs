//! Logs: the console and daily files, one line an event, with its fields.
//!
//! A name that people choose cannot forge a line: control characters and direction marks are escaped in whatever
//! is written. Bodies, passwords and tokens are never logged.

use std::{
    io::{self, Write},
    path::Path,
};

use litrocket_protocol::names;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, fmt::MakeWriter, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    cause,
    cause::{Cause, Part},
};

/// Lines that may wait for the disk; beyond it lines are lost, the server is not slowed.
const WAITING_MAX: usize = 8_192;

/// What the files alone are told: on the console the program says it by itself, in the language that is spoken there.
pub const SAID: &str = "litrocket::end";

/// Writes out what waits when it is dropped.
#[derive(Debug)]
pub struct Guard {
    _files: WorkerGuard,
}

/// Starts logging to stderr and to daily files in `folder`; files roll at midnight UTC, `days` are kept.
pub fn init(level: &str, folder: &Path, days: usize) -> Result<Guard, Cause> {
    use std::os::unix::fs::DirBuilderExt as _;
    let filter = EnvFilter::try_new(level)
        .map_err(|error| cause!("logs.level: {} is no filter: {}", &format!("{level:?}"), &error))?;
    let fail = |why: Part| cause!("logs cannot be written to {}: {}", &folder.display(), why);
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| fail(error.into()))?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("litrocket")
        .filename_suffix("log")
        .max_log_files(days)
        .build(folder)
        .map_err(|error| fail((&error).into()))?;
    let (files, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_MAX)
        .lossy(true)
        .finish(files);
    let console = fmt::layer().with_ansi(false).with_target(false).with_writer(Escaping(io::stderr));
    tracing_subscriber::registry()
        .with(filter)
        .with(console.with_filter(filter_fn(|event| event.target() != SAID)))
        .with(fmt::layer().with_ansi(false).with_writer(Escaping(files)))
        .try_init()
        .map_err(|error| fail((&error).into()))?;
    // Where, and not the message: it may quote what people sent.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(at, thread = thread.name().unwrap_or_default(), "a panic");
        if thread.name() == Some("main") {
            // It ends the program; unwinding would wait for the threads of a runtime that did not start whole.
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::process::exit(101);
        }
    }));
    Ok(Guard { _files: guard })
}

/// A writer whose lines hold no control characters.
#[derive(Debug)]
struct Escaping<W>(W);

#[derive(Debug)]
struct EscapingWriter<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaping<W> {
    type Writer = EscapingWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.0.make_writer())
    }
}

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(escape(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One event as one line: everything that could end the line, move the cursor or turn the text is escaped.
fn escape(event: &str) -> String {
    let (line, end) = event.strip_suffix('\n').map_or((event, ""), |line| (line, "\n"));
    let mut out = String::with_capacity(event.len());
    for c in line.chars() {
        if c.is_control() || names::turns(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_a_line() {
        for bad in [
            "\u{1b}[2J",
            "a\rb",
            "a\nINFO forged",
            "\u{202e}txt",
            "\u{61c}txt",
            "a\0b",
            "\u{2066}x",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
        ] {
            let line = escape(&format!("INFO signed in name={bad}\n"));
            assert_eq!(line.matches('\n').count(), 1, "{bad:?}");
            assert!(line.ends_with('\n') && !line.trim_end().chars().any(char::is_control), "{line:?}");
            assert!(line.contains("\\u{"), "{line:?}");
        }
        assert_eq!(escape("INFO 你好 ok\n"), "INFO 你好 ok\n");
    }
}
