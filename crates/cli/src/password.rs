//! Passwords: from standard input, the environment or a prompt. Never from an argument.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::{Failure, PasswordArgs, words::Words};

/// The password to sign in with.
pub(crate) fn existing(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    read(args, words.password(), None, words)
}

/// A password to set: asked for twice at a prompt.
pub(crate) fn new(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    read(args, words.new_password(), Some(words.password_again()), words)
}

/// The code that recovers an account.
pub(crate) fn recovery_code(args: &PasswordArgs, words: Words) -> Result<String, Failure> {
    if args.password_stdin {
        return line();
    }
    if let Ok(code) = std::env::var("LITROCKET_RECOVERY_CODE") {
        return Ok(code);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "no terminal to ask for the recovery code: use --password-stdin or LITROCKET_RECOVERY_CODE"
                .into(),
        ));
    }
    Ok(rpassword::prompt_password(format!("{}: ", words.recovery_code_prompt()))?)
}

fn read(args: &PasswordArgs, prompt: &str, again: Option<&str>, words: Words) -> Result<String, Failure> {
    if args.password_stdin {
        return line();
    }
    if let Ok(password) = std::env::var("LITROCKET_PASSWORD") {
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "no terminal to ask for the password: use --password-stdin or LITROCKET_PASSWORD".into(),
        ));
    }
    let password = rpassword::prompt_password(format!("{prompt}: "))?;
    if let Some(again) = again
        && rpassword::prompt_password(format!("{again}: "))? != password
    {
        return Err(Failure::Usage(words.passwords_differ().into()));
    }
    Ok(password)
}

/// The next line of standard input.
pub(crate) fn line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
