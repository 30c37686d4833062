//! `sim`: runs seeds and says which of them break a promise.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::Parser;
use serde::Serialize;
use sim::{PLANTS, plant, simulate};

/// How many bad seeds are told in words; the JSON counts them all.
const TOLD_MAX: u64 = 5;

/// Simulates the messenger's cores: every seed is a run of its own, and replays.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds; 10,000, or one with --seed
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long)]
    seed: Option<u64>,
    /// Plants a bug (`list` names them); needs a build with the feature `plant`
    #[arg(long)]
    plant: Option<String>,
    /// Writes the history of the first bad seed, or of the first seed, as JSON lines
    #[arg(long)]
    history: Option<PathBuf>,
    /// Prints nothing but the JSON line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    seeds: u64,
    violations: u64,
    seconds: f64,
    simulated_seconds: u64,
    first_bad_seed: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.plant.as_deref() {
        Some("list") => {
            for name in PLANTS {
                println!("{name}");
            }
            return ExitCode::SUCCESS;
        }
        Some(name) => {
            if let Err(message) = plant(name) {
                eprintln!("{message}");
                return ExitCode::from(2);
            }
        }
        None => {}
    }
    let summary = run(&options);
    if let Some(path) = &options.history {
        let seed = summary.first_bad_seed.or(options.seed).unwrap_or(0);
        if let Err(error) = write_history(path, seed) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(2);
        }
    }
    println!("{}", serde_json::json!(summary));
    if summary.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(options: &Options) -> Summary {
    let begin = Instant::now();
    let first = options.seed.unwrap_or(0);
    let count = options.seeds.unwrap_or(if options.seed.is_some() { 1 } else { 10_000 });
    let mut summary = Summary::default();
    let mut simulated_us: u128 = 0;
    for seed in first..first.saturating_add(count) {
        let outcome = simulate(seed, false);
        summary.seeds += 1;
        simulated_us += u128::from(outcome.simulated_us);
        if let Err(broken) = outcome.result {
            summary.violations += 1;
            summary.first_bad_seed.get_or_insert(seed);
            if summary.violations <= TOLD_MAX && !options.json {
                println!("seed {seed} breaks {broken}\n  again: {}", command(options, seed));
            }
        }
    }
    summary.seconds = begin.elapsed().as_secs_f64();
    summary.simulated_seconds = u64::try_from(simulated_us / 1_000_000).unwrap_or(u64::MAX);
    summary
}

/// What runs this seed alone.
fn command(options: &Options, seed: u64) -> String {
    let (feature, plant) = match &options.plant {
        Some(name) => (" --features plant", format!(" --plant {name}")),
        None => ("", String::new()),
    };
    format!("cargo run --release -p sim{feature} -- --seed {seed}{plant} --history history.jsonl")
}

fn write_history(path: &Path, seed: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for entry in simulate(seed, true).history {
        serde_json::to_writer(&mut file, &entry)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
