//! `check`: goes every step towards the ITSM tool and says what fails, why, and what to do.

use std::time::Duration;

use connector::probe::{Probe, Report, Verdict};
use connector::provider::{self, Surroundings};
use connector::route::made_on;
use connector::settings::{Connection, Settings};
use connector::work_item::WorkItemType;
use indicatif::ProgressBar;

use crate::cli::Check;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::output::Output;

/// Checks one connection, or all; fails when a probe failed.
pub async fn run(args: &Check, outside: &Surroundings, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let loaded = commands::load_valid(&args.config.config, &outside.secrets, &outside.clock).await?;
    let (settings, secrets, _kept) = loaded.keep();
    let outside = &Surroundings { secrets, ..outside.clone() };
    let chosen: Vec<(&String, &Connection)> = match &args.connection {
        Some(name) => vec![(name, commands::connection(&settings, name)?)],
        None => settings.connections.iter().collect(),
    };
    let mut reports = Vec::with_capacity(chosen.len());
    for (name, connection) in chosen {
        let kinds = kinds(args, &settings, name);
        reports.push(check(name, connection, &kinds, outside).await);
    }
    if args.json {
        output.json(&reports)?;
    } else {
        for report in &reports {
            print(report, output)?;
        }
    }
    Ok(if reports.iter().all(Report::good) { Ending::Good } else { Ending::Failed })
}

async fn check(name: &str, connection: &Connection, kinds: &[WorkItemType], outside: &Surroundings) -> Report {
    // Draws on standard error, and only when that is a terminal.
    let progress = ProgressBar::new_spinner().with_message(format!("checking {name}"));
    progress.enable_steady_tick(Duration::from_millis(100));
    let report = provider::check(name, connection, kinds, outside).await;
    progress.finish_and_clear();
    report
}

fn kinds(args: &Check, settings: &Settings, connection: &str) -> Vec<WorkItemType> {
    if args.types.is_empty() {
        return made_on(connection, &settings.route);
    }
    let mut kinds: Vec<WorkItemType> = args.types.iter().copied().map(WorkItemType::from).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn print(report: &Report, output: &mut Output<'_>) -> Result<(), Failure> {
    output.line(&format!("{}: {}", report.connection, summary(report)))?;
    output.table(["verdict", "probe", "finding", "cause", "remedy"], report.probes.iter().map(row))?;
    Ok(())
}

fn summary(report: &Report) -> String {
    let count = |verdict| report.probes.iter().filter(|probe| probe.verdict == verdict).count();
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    match (failed, warnings) {
        (0, 0) => "good".to_owned(),
        (0, _) => format!("good, warnings: {warnings}"),
        _ => format!("not good, failed: {failed}, warnings: {warnings}"),
    }
}

fn row(probe: &Probe) -> [String; 5] {
    let verdict = match probe.verdict {
        Verdict::Passed => "passed",
        Verdict::Warning => "warning",
        Verdict::Failed => "FAILED",
        Verdict::Skipped => "skipped",
    };
    [verdict.to_owned(), probe.name.clone(), probe.finding.clone(), probe.cause.clone(), probe.remedy.clone()]
}
