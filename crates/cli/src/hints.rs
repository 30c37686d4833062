//! Commands that this program proposes to people. They can be pasted as they are: the program is called as it was
//! called, with the server and the profile that were named.

use std::{path::Path, sync::OnceLock};

use crate::{CommonArgs, DEFAULT_PROFILE};

/// How a command of this program begins in the texts.
const NAME: &str = "litrocket ";
/// Commands for which it does not matter who is signed in where.
const WITHOUT_FLAGS: [&str; 3] = ["serve", "completions", "config"];

/// What somebody typed for a group or a person, inside a proposed command: the shell gets it in quotes, where it needs
/// them. The mark goes around it.
pub(crate) const TYPED: char = '\u{1}';

/// How this program was called.
static CALL: OnceLock<Call> = OnceLock::new();

#[derive(Debug)]
struct Call {
    program: String,
    flags: String,
}

impl Call {
    fn new(program: &str, common: &CommonArgs, variable: impl Fn(&str) -> Option<String>) -> Self {
        // What the environment says it says to the next command too.
        let named = |value: &str, name: &str| variable(name).as_deref() != Some(value);
        let mut flags = String::new();
        let ca = common.ca.as_deref().map(Path::to_string_lossy).map(String::from);
        let given = [
            ("--server", "LITROCKET_SERVER", common.server.clone()),
            ("--ca", "LITROCKET_CA", ca),
            (
                "--profile",
                "LITROCKET_PROFILE",
                Some(common.profile.clone()).filter(|name| name != DEFAULT_PROFILE),
            ),
        ];
        for (flag, name, value) in given {
            if let Some(value) = value.filter(|value| named(value, name)) {
                flags.push_str(&format!("{flag} {} ", quoted(&value)));
            }
        }
        Self { program: quoted(program), flags }
    }

    /// Puts the program as it was called into the place of its name, before each command of a text.
    fn pasted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(NAME) {
            let (before, behind) = (&rest[..at], &rest[at + NAME.len()..]);
            out.push_str(before);
            let inside = out.chars().next_back().is_some_and(|c| c == '/' || c.is_ascii_alphanumeric());
            let command: String = behind.chars().take_while(char::is_ascii_lowercase).collect();
            if inside || command.is_empty() {
                out.push_str(NAME);
            } else {
                out.push_str(&self.program);
                out.push(' ');
                if !WITHOUT_FLAGS.contains(&&*command) {
                    out.push_str(&self.flags);
                }
            }
            rest = behind;
        }
        out.push_str(rest);
        let mut parts = out.split(TYPED);
        let mut whole = parts.next().unwrap_or_default().to_owned();
        while let Some(typed) = parts.next() {
            whole.push_str(&quoted(typed));
            whole.push_str(parts.next().unwrap_or_default());
        }
        whole
    }
}

/// Remembers how this program was called.
pub(crate) fn remember(common: &CommonArgs) {
    let _ = CALL.set(Call::new(&called(), common, |name| std::env::var(name).ok()));
}

/// A text for people whose commands can be pasted.
pub(crate) fn pasted(text: &str) -> String {
    match CALL.get() {
        Some(call) => call.pasted(text),
        None => Call { program: NAME.trim().into(), flags: String::new() }.pasted(text),
    }
}

fn called() -> String {
    std::env::args_os().next().map_or_else(|| NAME.trim().into(), |name| name.to_string_lossy().into_owned())
}

/// The program as it was called, for a shell: one that was built just now is on no path.
#[must_use]
pub fn program() -> String {
    quoted(&called())
}

/// A word as a shell has to read it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@-_./:+%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;

    fn common(server: Option<&str>, profile: &str) -> CommonArgs {
        CommonArgs {
            server: server.map(str::to_owned),
            ca: None,
            profile: profile.into(),
            json: false,
            timeout: None,
            lang: None,
        }
    }

    #[test]
    fn a_proposed_command_names_the_program_the_profile_and_the_server_as_they_were_named() {
        let nobody = |_: &str| None;
        let call = Call::new("./bin/litrocket", &common(Some("chat.example.org:4433"), "bob"), nobody);
        assert_eq!(
            call.pasted("Run: litrocket login NAME, or litrocket register NAME"),
            "Run: ./bin/litrocket --server chat.example.org:4433 --profile bob login NAME, or ./bin/litrocket \
             --server chat.example.org:4433 --profile bob register NAME"
        );
        assert_eq!(call.pasted("start one with: litrocket serve"), "start one with: ./bin/litrocket serve");
        // What is done already, an address, and what is no command stay as they are.
        for text in ["litrocket://x", "/opt/litrocket login", "litrocket 0.1.0", "a litrocket"] {
            assert_eq!(call.pasted(text), text);
        }
        let home = Call::new("litrocket", &common(None, "default"), nobody);
        assert_eq!(home.pasted("litrocket login NAME"), "litrocket login NAME");
        let variable = |name: &str| (name == "LITROCKET_PROFILE").then(|| "bob".to_owned());
        assert_eq!(Call::new("litrocket", &common(None, "bob"), variable).flags, "");
    }

    #[test]
    fn a_shell_reads_what_was_typed_as_it_was_meant() {
        assert_eq!(quoted("#rockets"), "'#rockets'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!((quoted("@ada"), quoted("火箭")), ("@ada".into(), "火箭".into()));
        let said = Words::English.not_in("bob", "#my group");
        assert_eq!(said, "@bob is not in #my group: see litrocket group members '#my group'");
    }
}
