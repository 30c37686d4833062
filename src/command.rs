//! The command line of the whole program: the server's own commands, and those of the client. Start with [`run`].
//!
//! Help and mistakes are told in the language that is asked for, also where nothing else of the command is understood.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    builder::Resettable,
    error::{ContextKind, ErrorKind},
};
use litrocket_cli::{
    CommonArgs, Words, help,
    objects::{self, Printer},
    values,
};

use crate::{
    admin, bench,
    config::{self, Config},
    sentences, serve,
};

/// An instant messenger over QUIC: the server, and the commands to use it.
#[derive(Debug, Parser)]
#[command(name = "litrocket", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(config::Args),
    /// Print the effective configuration of the server.
    Config(config::Args),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Measure the server under load, beside the least that could do the same work.
    Bench(litrocket_bench::BenchArgs),
    /// Look after the server on its own machine.
    #[command(subcommand)]
    Admin(admin::Admin),
    #[command(flatten)]
    Client(litrocket_cli::Command),
}

/// Runs the command that was typed.
pub fn run() -> ExitCode {
    let words = Words::choose(asked_language().as_deref());
    let commands = help::localized(words, values::with_negatives(Cli::command()));
    let mut commands = commands.override_help(help::overview(words));
    let parsed = commands.try_get_matches_from_mut(std::env::args_os());
    let Cli { command, common } = match parsed.and_then(|typed| Cli::from_arg_matches(&typed)) {
        Ok(cli) => cli,
        // How a command is used is told without what variables give: clap shows that as if it had to be typed.
        Err(error) if error.get(ContextKind::Usage).is_some() => {
            let typed = without_variables(commands).try_get_matches_from(std::env::args_os());
            return misused(words, &typed.err().unwrap_or(error));
        }
        Err(error) => return misused(words, &error),
    };
    let json = common.json;
    if let Some(code) = litrocket_cli::refuse_language(&common) {
        return code;
    }
    let with_config =
        |args: &config::Args, run: &dyn Fn(Config) -> ExitCode| with_config(args, (words, json), run);
    match command {
        Command::Serve(args) => with_config(&args, &|config| serve::run(config, words)),
        Command::Config(args) => with_config(&args, &|config| serve::print_config(&config, json)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "litrocket", &mut script);
            // Who reads may have heard enough.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), &script);
            ExitCode::SUCCESS
        }
        Command::Bench(args) => serve::block_on(litrocket_bench::run(&bench::ServerHost, args, json)),
        Command::Admin(command) => admin::run(command, (words, json), with_config),
        Command::Client(command) => serve::block_on(litrocket_cli::run(command, common)),
    }
}

fn without_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.env(Resettable::Reset)).mut_subcommands(without_variables)
}

/// The language that is asked for, before anything else is understood: help and mistakes are told in it too.
fn asked_language() -> Option<String> {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        if argument == "--lang" {
            return arguments.next();
        }
        if let Some(language) = argument.strip_prefix("--lang=") {
            return Some(language.to_owned());
        }
    }
    std::env::var("LITROCKET_LANG").ok()
}

/// Help and versions are printed as they are; a command that cannot be meant, as everything else that fails.
fn misused(words: Words, error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    let tip = help::comment_tip(words, error);
    if error.use_stderr() && is_json {
        return refused(words, "usage", &help::sentence(words, error), true);
    }
    let help =
        matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    if words == Words::Chinese && help {
        let styled =
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        let shown = help::shown(error, styled && !error.use_stderr());
        // Nobody reads it when the terminal is gone.
        let _ = if error.use_stderr() {
            std::io::stderr().write_all(shown.as_bytes())
        } else {
            std::io::stdout().write_all(shown.as_bytes())
        };
    } else if let Some(mistake) = help::mistake(words, error).filter(|_| error.use_stderr()) {
        eprintln!("{mistake}");
    } else {
        let _ = error.print();
    }
    if let Some(tip) = tip {
        eprintln!("\n{tip}");
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn refused(words: Words, code: &str, message: &str, json: bool) -> ExitCode {
    if json {
        let error = serde_json::json!({"type": "error", "code": code, "class": "fix", "message": message});
        eprintln!("{}", objects::line(Printer::Admin, &error));
    } else {
        eprintln!("{}{message}", sentences::error(words));
    }
    ExitCode::from(2)
}

fn with_config(
    args: &config::Args,
    (words, json): (Words, bool),
    run: &dyn Fn(Config) -> ExitCode,
) -> ExitCode {
    // A variable of somebody else may hold anything; ours is then refused as a bad value, not by a panic.
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    match Config::load(args, variables) {
        Ok(config) => run(config),
        Err(error) => {
            let what = sentences::say(words, "the configuration is refused", "配置被拒绝");
            let colon = sentences::say(words, ": ", "：");
            let cause = sentences::cause(words, &error);
            refused(words, "bad_configuration", &format!("{what}{colon}{cause}"), json)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn said(command: &clap::Command, out: &mut BTreeSet<String>) {
        let hidden = |arg: &&clap::Arg| !arg.is_hide_set();
        out.extend(command.get_about().map(ToString::to_string));
        for arg in command.get_arguments().filter(hidden) {
            out.insert(arg.get_help().map(ToString::to_string).unwrap_or_default());
        }
        command.get_subcommands().filter(|one| !one.is_hide_set()).for_each(|one| said(one, out));
    }

    #[test]
    fn every_command_and_option_is_told_in_chinese() {
        let mut command = Cli::command();
        command.build();
        let mut all = BTreeSet::new();
        said(&command, &mut all);
        let known: BTreeSet<String> = help::known().into_iter().map(str::to_owned).collect();
        let missing: Vec<&String> =
            all.iter().filter(|it| !known.contains(it.trim_end_matches('.'))).collect();
        assert!(missing.is_empty(), "crates/cli/src/words/help_zh.txt lacks: {missing:#?}");
        let stale: Vec<&String> =
            known.iter().filter(|it| !all.contains(*it) && !all.contains(&format!("{it}."))).collect();
        assert!(stale.is_empty(), "no command says any more: {stale:#?}");
    }

    #[test]
    fn the_overview_has_every_command_and_fits_a_small_terminal() {
        for words in [Words::English, Words::Chinese] {
            let shown = help::overview(words);
            assert!(shown.lines().count() <= 24, "{shown}");
            // Wide characters take two places.
            let width = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
            for line in shown.lines() {
                assert!(width(line) <= 80, "{} places: {line}", width(line));
            }
            let said: Vec<&str> = shown.split(|c: char| !c.is_ascii_lowercase()).collect();
            for command in Cli::command().get_subcommands() {
                assert!(said.contains(&command.get_name()), "{} is not in {shown}", command.get_name());
            }
        }
    }

    #[test]
    fn help_is_chinese_from_its_first_line_to_its_last() {
        let mut command = help::localized(Words::Chinese, Cli::command());
        let shown = command.render_long_help().to_string();
        for english in [
            "Usage",
            "[OPTIONS]",
            "<COMMAND>",
            "Commands:",
            "Options:",
            "Arguments:",
            "[default",
            "[env",
            "Print ",
        ] {
            assert!(!shown.contains(english), "{english}: {shown}");
        }
        let group = command.find_subcommand_mut("group").unwrap().find_subcommand_mut("mute").unwrap();
        let shown = group.render_help().to_string();
        for part in ["用法：litrocket group mute", "参数:", "选项:", "客户端:", "默认：60"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
