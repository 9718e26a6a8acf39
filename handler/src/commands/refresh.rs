//! `refresh`: reads what the ITSM tools offer, keeps it as the last good copy, and names every reference of the settings that
//! points at nothing.

use std::sync::Arc;
use std::time::Duration;

use connector::sync::Unwatched;
use functions::records::RefreshReport;
use indicatif::ProgressBar;
use tokio::sync::watch;

use crate::cli::Refresh;
use crate::commands;
use crate::ending::{Ending, Failure};
use crate::host::Outside;
use crate::output::{Output, length};
use crate::record_flow::RecordFlow;

/// Refreshes one connection, or all; fails when one could not be read. Findings and gaps are told and are no failure.
pub async fn run(args: &Refresh, outside: &Outside, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let loaded = commands::load_hosted(&args.machine.config.config, &outside.secrets, &outside.clock).await?;
    let (settings, secrets, _kept) = loaded.keep();
    let outside = &Outside { secrets, ..outside.clone() };
    if let Some(name) = &args.connection {
        commands::connection(&settings, name)?;
    }
    // Nothing is begun that would have to be stopped.
    let (_stop, stopped) = watch::channel(false);
    let flow = RecordFlow::open(settings, &args.machine.data, outside, Arc::new(Unwatched), stopped)?;
    // Draws on standard error, and only when that is a terminal.
    let progress = ProgressBar::new_spinner().with_message("reading templates, choices, groups and fields");
    progress.enable_steady_tick(Duration::from_millis(100));
    let outcomes = flow.refresh(args.connection.as_deref()).await;
    progress.finish_and_clear();
    flow.close().await;
    if args.machine.json {
        output.json(&outcomes)?;
    } else {
        for outcome in &outcomes {
            print(outcome, output)?;
        }
    }
    Ok(if outcomes.iter().all(|outcome| outcome.cause.is_empty()) { Ending::Good } else { Ending::Failed })
}

fn print(outcome: &RefreshReport, output: &mut Output<'_>) -> Result<(), Failure> {
    let name = &outcome.connection;
    let age = outcome.age_seconds.map(length);
    match (&*outcome.cause, age) {
        ("", _) => output.line(&format!("{name}: read"))?,
        (cause, Some(age)) => {
            output.line(&format!("{name}: FAILED: {cause}"))?;
            output.line(&format!("the last good copy stays in use; it is {age} old"))?;
        }
        (cause, None) => {
            output.line(&format!("{name}: FAILED: {cause}"))?;
            output.line("there is no earlier copy")?;
        }
    }
    if !outcome.remedy.is_empty() {
        output.line(&format!("what to do: {}", outcome.remedy))?;
    }
    if outcome.read_at.is_some() {
        let parts = [
            ("templates", outcome.templates),
            ("choice lists", outcome.choice_lists),
            ("groups", outcome.groups),
            ("fields", outcome.fields),
        ];
        let count = |count: Option<usize>| count.map_or_else(|| "may not be read".to_owned(), |count| count.to_string());
        output.table(["part", "found"], parts.map(|(part, found)| [part.to_owned(), count(found)]))?;
    }
    if !outcome.changes.is_empty() {
        output.line(&format!("\nchanged since the last copy: {}", outcome.changes.join("; ")))?;
    }
    if !outcome.gaps.is_empty() {
        output.line("")?;
        let gaps = outcome.gaps.iter().map(|gap| [gap.part.clone(), gap.cause.clone(), gap.remedy.clone()]);
        output.table(["could not be read", "cause", "remedy"], gaps)?;
    }
    if !outcome.findings.is_empty() {
        output.line("")?;
        let findings = outcome.findings.iter();
        let findings = findings.map(|finding| [finding.setting.clone(), finding.problem.clone(), finding.remedy.clone()]);
        output.table(["setting", "problem", "remedy"], findings)?;
    }
    Ok(())
}
