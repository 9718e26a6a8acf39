//! Measures the connector on this machine and prints figures, goals and verdicts; see `docs/PERFORMANCE.md`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use clap::Parser;
use itsm_connector::output::Output;
use tests::measure::{Extent, Subject, floor, run, sync};

/// Measures intake, deliveries, start and memory of the connector on this machine, in some minutes, by real processes, a real
/// disk and an emulated ServiceNow. Set TMPDIR to the disk that is to be measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Only this; may be repeated.
    #[arg(long, value_name = "SUBJECT")]
    only: Vec<Subject>,
    /// Connections of the load generator.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Rounds of floor and connector in turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load in each round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Distinct alerts delivered against the clock.
    #[arg(long, default_value_t = 20_000)]
    deliveries: u64,
    /// Starts of the process.
    #[arg(long, default_value_t = 30)]
    starts: usize,
    /// The executable that is started as the Functions host does, for example target/package/app/itsm-connector; default the one that
    /// is measured otherwise.
    #[arg(long, value_name = "PATH")]
    handler: Option<PathBuf>,
    /// Alerts between two readings of memory.
    #[arg(long, default_value_t = 100_000)]
    alerts: u64,
    /// Incidents that are synced against the clock.
    #[arg(long, default_value_t = 200_000)]
    records: usize,
    /// Incidents of the long sync whose memory is held against that of a short one.
    #[arg(long, default_value_t = 1_000_000)]
    many: usize,
    /// A Python with the requirements of tests/clients, for comparison; `tests/clients/run` makes the default.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients/venv/bin/python"))]
    python: PathBuf,
    /// Is the bare server that the connector is compared with.
    #[arg(long, hide = true)]
    floor: bool,
    /// Is the bare pipeline that the sync is compared with, from this instance.
    #[arg(long, hide = true, requires = "floor_logs")]
    floor_sync: Option<String>,
    /// Into this endpoint.
    #[arg(long, hide = true)]
    floor_logs: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.floor {
        floor::serve().await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let (Some(tool), Some(logs)) = (&arguments.floor_sync, &arguments.floor_logs) {
        sync::floor::run(tool, logs).await?;
        return Ok(ExitCode::SUCCESS);
    }
    ensure!(!cfg!(debug_assertions), "an unoptimised build is not worth measuring: cargo run --release -p tests --bin measure");
    let this = std::env::current_exe()?;
    let connector = this.with_file_name("connector");
    // Cargo has built this executable only; the one that is measured must be as new.
    if let Some(cargo) = std::env::var_os("CARGO") {
        let built = Command::new(cargo).args(["build", "--quiet", "--release", "-p", "tests", "--bin", "connector"]).status();
        ensure!(built.context("running cargo")?.success(), "the connector could not be built");
    }
    ensure!(connector.exists(), "{} is not built: cargo build --release -p tests", connector.display());
    let extent = Extent {
        only: arguments.only,
        handler: arguments.handler.unwrap_or_else(|| connector.clone()),
        connector,
        floor: this,
        connections: arguments.connections.max(1),
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds.max(1),
        deliveries: arguments.deliveries.max(100),
        starts: arguments.starts.max(1),
        alerts: arguments.alerts.max(1),
        records: arguments.records.max(1000),
        many: arguments.many.max(10_000),
        python: Some(arguments.python).filter(|python| python.exists()),
    };
    let report = run(&extent).await?;
    let mut standard = std::io::stdout();
    let mut output = Output::terminal(&mut standard);
    if arguments.json {
        output.json(&report)?;
    } else {
        report.print(&mut output)?;
    }
    Ok(if report.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
