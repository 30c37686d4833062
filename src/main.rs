//! `litrocket`: the server and its client commands.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use litrocket::{
    admin, bench,
    config::{self, Config},
    serve,
};
use litrocket_cli::CommonArgs;

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
    let Cli { command, common } = Cli::parse();
    match command {
        Command::Serve(args) => with_config(&args, serve::run),
        Command::Config(args) => with_config(&args, |config| serve::print_config(&config, common.json)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "litrocket", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
        Command::Bench(args) => serve::block_on(litrocket_bench::run(&bench::ServerHost, args, common.json)),
        Command::Admin(command) => admin::run(command, common.json, |args, run| with_config(args, run)),
        Command::Client(command) => serve::block_on(litrocket_cli::run(command, common)),
    }
}

fn with_config(args: &config::Args, run: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    match Config::load(args, std::env::vars()) {
        Ok(config) => run(config),
        Err(error) => {
            eprintln!("litrocket: the configuration is refused: {error}");
            ExitCode::from(2)
        }
    }
}
