//! Passwords: from standard input, the environment or a prompt. Never from an argument.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    process::exit,
    sync::OnceLock,
};

use clap::Args;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Failure, words::Words};

/// The exit statuses of a program that a signal ended, as a shell counts.
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// How a password comes in. Never as an argument: others could read it.
#[derive(Debug, Clone, Default, Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of standard input instead of a prompt or LITROCKET_PASSWORD.
    #[arg(long)]
    pub password_stdin: bool,
}

/// The password to sign in with.
pub(crate) fn existing(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    if args.password_stdin {
        return line();
    }
    match variable("LITROCKET_PASSWORD") {
        Some(password) => Ok(password),
        None => prompt(words, words.password(), |words| words.no_terminal_password().into()),
    }
}

/// The password that another one takes the place of.
pub(crate) fn so_far(password_stdin: bool, words: Words) -> Result<String, Failure> {
    if password_stdin {
        return line();
    }
    match variable("LITROCKET_PASSWORD") {
        Some(password) => Ok(password),
        None => prompt(words, words.old_password(), |words| words.no_terminal_password().into()),
    }
}

/// A password to set, as the one to sign in with from then on: asked for twice at a prompt.
pub(crate) fn new(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    if args.password_stdin {
        return line();
    }
    match variable("LITROCKET_PASSWORD") {
        Some(password) => Ok(password),
        None => twice(words, |words| words.no_terminal_password().into()),
    }
}

/// The password that takes the place of another one, which `LITROCKET_PASSWORD` still holds.
pub(crate) fn next(password_stdin: bool, words: Words) -> Result<String, Failure> {
    if password_stdin {
        return line();
    }
    match variable("LITROCKET_NEW_PASSWORD") {
        Some(password) => Ok(password),
        None => twice(words, |words| words.no_terminal_new_password().into()),
    }
}

/// The code that recovers an account.
pub(crate) fn recovery_code(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    if args.password_stdin {
        return line();
    }
    match variable("LITROCKET_RECOVERY_CODE") {
        Some(code) => Ok(code),
        None => prompt(words, words.recovery_code_prompt(), |words| words.no_terminal_recovery().into()),
    }
}

/// A variable of the environment; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What somebody types without its being seen.
fn prompt(words: Words, text: &str, nobody: fn(Words) -> String) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(nobody));
    }
    watch()?;
    match rpassword::prompt_password(words.labelled(text, "")) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => exit(INTERRUPTED),
        typed => Ok(typed?),
    }
}

/// From now on whoever stops the program leaves the terminal as it was. What reads a password without showing it takes
/// Ctrl-C for a signal before it sets the terminal back, and another program may send one: a shell that does not repair
/// the terminal by itself would show nothing of what is typed in it.
fn watch() -> io::Result<()> {
    static WATCHED: OnceLock<()> = OnceLock::new();
    if WATCHED.get().is_some() {
        return Ok(());
    }
    let before = tcgetattr(io::stdin())?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    WATCHED.get_or_init(|| {
        tokio::spawn(async move {
            let code = tokio::select! {
                _ = interrupt.recv() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            };
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            exit(code);
        });
    });
    Ok(())
}

fn twice(words: Words, nobody: fn(Words) -> String) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        eprintln!("{}", words.password_rule());
    }
    let password = prompt(words, words.new_password(), nobody)?;
    if prompt(words, words.password_again(), nobody)? != password {
        return Err(Failure::usage(|words| words.passwords_differ().into()));
    }
    Ok(password)
}

/// The next line of standard input.
fn line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
