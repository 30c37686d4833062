//! Printing: for people, or one JSON object a line. Nothing but data goes to standard output.

use std::io::{self, IsTerminal as _, Write as _};

use litrocket_protocol::names::turns;
use serde_json::{Value, json};
use time::OffsetDateTime;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    Failure,
    hints::pasted,
    objects::{self, Printer},
    words::Words,
};

/// Where and how things are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) words: Words,
    /// Whether bold and the like may be shown: at a terminal, without NO_COLOR.
    pub(crate) styled: bool,
}

impl Output {
    pub(crate) fn new(json: bool, words: Words) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let plain = set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb");
        Self { json, words, styled: !json && !plain && io::stdout().is_terminal() }
    }

    /// Prints data: the JSON object, or the line for people.
    pub(crate) fn data(
        self,
        json: impl FnOnce() -> Value,
        line: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json { objects::line(Printer::Client, &json()) } else { line() };
        Self::print(&text)
    }

    /// Prints a description that is no object of the table, or the text for people.
    pub(crate) fn description(
        self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        Self::print(&if self.json { json().to_string() } else { text() })
    }

    /// Prints data that has its lines already.
    pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
        match Self::try_bytes(bytes) {
            // Who reads has heard enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            other => Ok(other?),
        }
    }

    /// The same for what ends its program itself where nobody reads any more.
    pub(crate) fn try_bytes(bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Prints what is longer than a pipe holds, on a thread that may wait for who reads: a stop is heard meanwhile.
    pub(crate) async fn long(bytes: Vec<u8>) -> Result<(), Failure> {
        tokio::task::spawn_blocking(move || Self::bytes(&bytes)).await.map_err(io::Error::other)?
    }

    fn print(text: &str) -> Result<(), Failure> {
        Self::bytes(format!("{text}\n").as_bytes())
    }

    /// Says something to a person at a terminal; not data.
    pub(crate) fn hint(self, text: &str) {
        if !self.json && io::stderr().is_terminal() {
            eprintln!("{}", pasted(text));
        }
    }

    /// Says to people that there is nothing to print; not data, so that what reads a pipe gets none.
    pub(crate) fn nothing(self, text: &str) {
        if !self.json {
            eprintln!("{}", pasted(text));
        }
    }

    /// Says something beside the data, on standard error: the JSON object, or the line for people.
    pub(crate) fn beside(self, json: impl FnOnce() -> Value, line: impl FnOnce() -> String) {
        eprintln!("{}", if self.json { objects::line(Printer::Client, &json()) } else { line() });
    }

    pub(crate) fn failure(self, failure: &Failure) {
        let (code, class, message) = failure.parts(self.words);
        let message = pasted(&message);
        if self.json {
            let mut object = json!({"type": "error", "code": code, "class": class, "message": message});
            if let Some(fault) = failure.fault() {
                let extra = [
                    ("field", fault.field.clone().map(Value::from)),
                    ("limit", fault.limit.map(Value::from)),
                    ("retry_after_ms", fault.retry_after_ms.map(Value::from)),
                    ("ref", fault.reference.clone().map(Value::from)),
                ];
                for (key, value) in extra {
                    if let Some(value) = value {
                        object[key] = value;
                    }
                }
            }
            eprintln!("{}", objects::line(Printer::Client, &object));
            return;
        }
        eprintln!("{}{} ({code})", self.words.error(), escape(&message));
        if let Some(retry) = failure.fault().and_then(|fault| fault.retry_after_ms) {
            eprintln!("{} {} {}", self.words.retry_in(), retry.div_ceil(1000), self.words.seconds());
        }
        let hint = match (code.as_str(), class) {
            ("untrusted", _) => Some(self.words.tls_hint()),
            ("unreachable", _) => Some(self.words.unreachable_hint()),
            ("account_closing", _) => Some(self.words.restore_hint()),
            ("handle_taken", _) => Some(self.words.is_it_you()),
            // Where it is the current password that is wrong, somebody is signed in.
            ("wrong_credentials", _) if matches!(failure, Failure::Missing(..)) => {
                Some(self.words.forgot_while_signed_in())
            }
            ("wrong_credentials", _) => Some(self.words.forgot_or_nobody_yet()),
            ("owner_stays", _) => Some(self.words.hand_over()),
            ("no_engine", _) => Some(self.words.operator_sets_engine()),
            ("no_mail", _) => Some(self.words.operator_sets_mail()),
            // Its sentence says so already.
            ("not_signed_in", _) if failure.fault().is_none() => None,
            (_, "sign_in") => Some(self.words.sign_in_again()),
            _ => None,
        };
        if let Some(hint) = hint {
            eprintln!("{}", pasted(hint));
        }
    }
}

/// Text of others is data: what could move the cursor, change colours or turn the line around is shown escaped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' {
            out.push_str("\n    ");
        } else if c.is_control() && c != '\t' || turns(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same for what has to stay on its line, such as names of files.
pub(crate) fn escape_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// A text as wide as a column. Wide characters, such as Chinese ones, take two places of a terminal.
pub(crate) fn column(text: &str, width: usize) -> String {
    let rest = width.saturating_sub(text.width());
    format!("{text}{:rest$}", "")
}

/// Server milliseconds as a date and time in UTC: `2026-01-31 23:59:59Z`.
pub fn time(at_ms: u64) -> String {
    // A year has four digits, whatever a server says.
    const LAST: i64 = 253_402_300_799;
    let seconds = i64::try_from(at_ms / 1000).unwrap_or(LAST).min(LAST);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z", u8::from(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_move_the_cursor() {
        for bad in ["\u{1b}[2J", "a\rb", "\u{202e}x", "\u{7}", "\u{9b}1m"] {
            assert!(!escape(bad).chars().any(|c| c.is_control() || c == '\u{202e}'), "{bad:?}");
        }
        assert_eq!(escape("你好\tok"), "你好\tok");
        assert_eq!(escape("a\nb"), "a\n    b", "a second line cannot look like another message");
    }

    #[test]
    fn columns_begin_below_each_other_in_every_script() {
        for text in ["ada", "火箭", "ｗｉｄｅ", "e\u{301}a", ""] {
            assert_eq!(column(text, 10).width(), 10, "{text}");
        }
        assert_eq!(
            (column("火箭", 6), column("longer than it", 6)),
            ("火箭  ".into(), "longer than it".into())
        );
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(time(0), "1970-01-01 00:00:00Z");
        assert_eq!(time(951_827_696_000), "2000-02-29 12:34:56Z");
        assert_eq!(time(1_795_478_399_000), "2026-11-23 23:59:59Z");
        assert_eq!(time(u64::MAX), "9999-12-31 23:59:59Z");
    }
}
