//! `litrocket`: the server and its client commands.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use litrocket::{
    admin, bench,
    config::{self, Config},
    serve,
};
use litrocket_cli::{
    CommonArgs,
    objects::{self, Printer},
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

fn main() -> ExitCode {
    let Cli { command, common } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let json = common.json;
    let with_config = |args: &config::Args, run: &dyn Fn(Config) -> ExitCode| with_config(args, json, run);
    match command {
        Command::Serve(args) => with_config(&args, &serve::run),
        Command::Config(args) => with_config(&args, &|config| serve::print_config(&config, json)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "litrocket", &mut script);
            // Who reads may have heard enough.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), &script);
            ExitCode::SUCCESS
        }
        Command::Bench(args) => serve::block_on(litrocket_bench::run(&bench::ServerHost, args, json)),
        Command::Admin(command) => admin::run(command, json, with_config),
        Command::Client(command) => serve::block_on(litrocket_cli::run(command, common)),
    }
}

/// Help and versions are printed as they are; a command that cannot be meant, as everything else that fails.
fn misused(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && is_json {
        return refused("usage", error.to_string().trim(), true);
    }
    // Nobody reads it when the terminal is gone.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn refused(code: &str, message: &str, json: bool) -> ExitCode {
    if json {
        let error = serde_json::json!({"type": "error", "code": code, "class": "fix", "message": message});
        eprintln!("{}", objects::line(Printer::Admin, &error));
    } else {
        eprintln!("litrocket: {message}");
    }
    ExitCode::from(2)
}

fn with_config(args: &config::Args, json: bool, run: &dyn Fn(Config) -> ExitCode) -> ExitCode {
    // A variable of somebody else may hold anything; ours is then refused as a bad value, not by a panic.
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    match Config::load(args, variables) {
        Ok(config) => run(config),
        Err(error) => refused("bad_configuration", &format!("the configuration is refused: {error}"), json),
    }
}
