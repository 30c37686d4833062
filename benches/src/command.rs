//! The `bench` command.

use std::{
    fs::File,
    io::{BufReader, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{
    Host, Result, ceiling,
    load::{self, Measured, Target},
    peer::Peers,
    process::{Process, Role, folder},
    report::Report,
    scenario::{ALIASES, Against, Pattern, SCENARIOS, Scenario},
};

/// Measure the server under load, beside the least that could do the same work.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: Option<BenchCommand>,
    /// A scenario's name, or a TOML file of one. Without it, see `bench list`.
    scenario: Option<String>,
    /// How often to run it; the run in the middle is reported.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Only the server, without what it is compared with.
    #[arg(long)]
    server_only: bool,
    /// Write what was sent, acked and delivered as JSON lines, for `bench check`.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// List the scenarios.
    List,
    /// Check a history against the ten rules; exit code 1 and the rule's number for one that breaks a rule.
    Check {
        /// A history, JSON lines.
        file: PathBuf,
    },
    /// The raw program a server is compared with.
    #[command(hide = true)]
    Ceiling {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        store: bool,
        #[arg(long)]
        password: bool,
    },
}

/// Runs the command.
pub async fn run(host: &'static dyn Host, args: BenchArgs, json: bool) -> ExitCode {
    let result = match args.command {
        Some(BenchCommand::List) => {
            list(json);
            Ok(())
        }
        Some(BenchCommand::Check { file }) => return check(&file, json),
        Some(BenchCommand::Ceiling { listen, store, password }) => {
            ceiling::serve(host, ceiling::Options { listen, store, password }).await
        }
        None => match measure(host, &args).await {
            Ok(report) => {
                print(&report, json);
                Ok(())
            }
            Err(error) => {
                if json {
                    print(&Report::failed(args.scenario.as_deref().unwrap_or_default(), &error), json);
                }
                Err(error)
            }
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("litrocket bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(report: &Report, json: bool) {
    print!("{}", if json { report.json() + "\n" } else { report.text() });
}

fn list(json: bool) {
    let names = SCENARIOS.iter().map(|(name, _)| (*name, None));
    let aliases = ALIASES.iter().map(|(alias, meant)| (*alias, Some(*meant)));
    for (name, alias_of) in names.chain(aliases) {
        let Ok(scenario) = Scenario::load(name) else { continue };
        let line = match (json, alias_of) {
            (true, None) => json!({ "scenario": name, "about": scenario.about }).to_string(),
            (true, Some(meant)) => {
                json!({ "scenario": name, "about": scenario.about, "alias_of": meant }).to_string()
            }
            (false, None) => format!("{name:<20} {}", scenario.about),
            (false, Some(meant)) => format!("{name:<20} the same as {meant}"),
        };
        if writeln!(std::io::stdout(), "{line}").is_err() {
            return;
        }
    }
}

fn check(file: &std::path::Path, json: bool) -> ExitCode {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("litrocket bench check: {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    match litrocket_history::check_file(BufReader::new(opened)) {
        Ok(report) if json => println!("{}", json!({ "ok": true, "report": report })),
        Ok(report) => println!(
            "no rule is broken: {} sends, {} acks, {} deliveries, {} conversations, {} devices, {} restarts",
            report.sends,
            report.acks,
            report.deliveries,
            report.conversations,
            report.devices,
            report.restarts
        ),
        Err(broken) => {
            if json {
                println!("{}", json!({ "ok": false, "rule": broken.rule, "message": broken.message }));
            } else {
                println!("rule {} is broken: {}", broken.rule, broken.message);
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn measure(host: &'static dyn Host, args: &BenchArgs) -> Result<Report> {
    let scenario = Scenario::load(args.scenario.as_deref().unwrap_or_default())?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut reports = Vec::new();
    for run in 1..=args.runs {
        let say = |what: &str| bar.set_message(format!("{} {run}/{}: {what}", scenario.name, args.runs));
        let (server, broken) = server(host, &scenario, args, &say).await?;
        let other = match scenario.against {
            Against::Nothing => None,
            _ if args.server_only => None,
            Against::Empty => {
                Some(self::server(host, &Scenario { stored: 0, ..scenario.clone() }, args, &say).await?.0)
            }
            Against::Ceiling => Some(raw(&scenario, &say).await?),
            Against::Nginx => Some(nginx(host, &scenario, &say).await?),
        };
        let mut report = Report::new(&scenario, server, other);
        report.put("history", json!(broken));
        reports.push(report);
    }
    bar.finish_and_clear();
    reports.sort_by(|a, b| a.rank().total_cmp(&b.rank()));
    let ratios: Vec<f64> = reports.iter().map(|report| (report.rank() * 1000.0).round() / 1000.0).collect();
    let mut middle = reports.swap_remove(reports.len() / 2);
    if args.runs > 1 {
        middle.put("runs", json!(ratios));
    }
    Ok(middle)
}

/// One run of the server: seeded, started, driven, stopped, checked.
async fn server(
    host: &'static dyn Host,
    scenario: &Scenario,
    args: &BenchArgs,
    say: &(impl Fn(&str) + Sync),
) -> Result<(Measured, String)> {
    let folder = folder(scenario)?;
    let data = folder.path().join("data");
    say("filling the store");
    host.seed(&data, &load::seed(scenario)).await?;
    let rows = host.rows(&data).await?;
    say("the server under load");
    let role = if scenario.pattern == Pattern::Siege { Role::Besieged } else { Role::Server };
    let mut process = Process::start(role, folder.path())?;
    let peers = Peers::new(process.port, &process.ca, false)?;
    let mut measured = load::drive(&mut Target { scenario, process: &mut process, peers }).await?;
    say("stopping");
    process.stop()?;
    say("checking the history");
    let log = host.log(&data).await?;
    if scenario.pattern == Pattern::Chat {
        let new = log.len() as u64 - scenario.stored;
        let written = host.rows(&data).await? - rows;
        measured.more.insert("rows_per_message".into(), json!(written as f64 / new.max(1) as f64));
    }
    let notes = std::mem::take(&mut measured.notes);
    let report = load::check(notes, &log, &load::seed(scenario), args.history.as_deref())?;
    Ok((measured, report))
}

/// One run of the raw program.
async fn raw(scenario: &Scenario, say: &(impl Fn(&str) + Sync)) -> Result<Measured> {
    let folder = folder(scenario)?;
    say("the ceiling under load");
    let store = matches!(scenario.pattern, Pattern::Chat | Pattern::Offline);
    let role = Role::Ceiling { store, password: scenario.pattern == Pattern::Login };
    let mut process = Process::start(role, folder.path())?;
    let peers = Peers::new(process.port, &process.ca, true)?;
    let measured = load::drive(&mut Target { scenario, process: &mut process, peers }).await?;
    process.stop()?;
    Ok(measured)
}

/// One run of the web server.
async fn nginx(host: &dyn Host, scenario: &Scenario, say: &(impl Fn(&str) + Sync)) -> Result<Measured> {
    let folder = folder(scenario)?;
    say("nginx under load");
    // It makes the certificate.
    drop(host.endpoint((std::net::Ipv4Addr::LOCALHOST, 0).into(), folder.path())?);
    let process = Process::start(Role::Nginx, folder.path())?;
    let measured = load::files::by_curl(scenario, &process).await?;
    process.stop()?;
    Ok(measured)
}
