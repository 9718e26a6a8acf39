//! `demo`: the connector at work against an emulated ITSM tool, both in this process, with a database that goes away. Alerts
//! become incidents; then people work on them, and what they did comes back as records.

mod people;
mod script;
mod stage;
pub mod tools;

use std::collections::BTreeSet;
use std::io;

use anyhow::ensure;
use connector::store::{Counts, Status};
use serde::Serialize;

use crate::cli::Demo;
use crate::commands::local::Signals;
use crate::commands::records;
use crate::ending::{Ending, Failure};
use crate::output::Output;
use people::Back;
use stage::{Played, Stage};

/// What the demo ends with.
#[derive(Debug, Serialize)]
struct Totals {
    accepted: u64,
    work_items: u64,
    duplicates_suppressed: u64,
    retried: u64,
    dead_letters: u64,
    /// Rows of `ServiceDesk_CL`.
    rows: usize,
    /// Records with at least one row.
    records: usize,
}

/// Plays the script, tells what became of each alert, and stays up until ctrl-c or SIGTERM unless told to exit. Whenever one comes, the
/// database goes away.
pub async fn run(args: &Demo, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let mut signals = Signals::listen()?;
    let stage = tokio::select! {
        shown = show(args, output) => shown?,
        () = signals.next() => return Ok(Ending::Failed),
    };
    if !args.exit {
        signals.next().await;
    }
    stage.running.stop().await;
    Ok(Ending::Good)
}

async fn show(args: &Demo, output: &mut Output<'_>) -> Result<Stage, Failure> {
    let stage = Stage::build(tools::open(args.provider).await, args.listen).await?;
    if !args.json {
        let tool = format!("{} (emulated)", stage.tool.title);
        let width = tool.chars().count();
        output.line(&format!("{tool}  {}   {}", stage.tool.desk.url(), stage.tool.sign_in))?;
        output.line(&format!("{:width$}  {}", "connector", stage.url()))?;
        output.line(&format!("{:width$}  {}\n", "console", stage.console()))?;
    }
    let played = stage.play(script::steps(stage.tool.connection)).await?;
    let counts = stage.running.queue.counts(None).await.map_err(anyhow::Error::from)?;
    if !args.json {
        report(&stage, &played, output)?;
    }
    account_for(&stage, &played, &counts)?;
    let back = people::play(&stage).await?;
    if !args.json {
        report_records(&stage, &back, output)?;
    }
    let rows = stage.rows().await?;
    let records: BTreeSet<_> = rows.iter().filter_map(|row| row.get("SourceId_s")?.as_str()).collect();
    let totals = Totals {
        accepted: counts.accepted,
        work_items: counts.work_items,
        duplicates_suppressed: counts.duplicates_suppressed,
        retried: counts.retried,
        dead_letters: counts.dead_letters,
        rows: rows.len(),
        records: records.len(),
    };
    if args.json {
        output.json(&totals)?;
    } else {
        output.line(&format!(
            "\naccepted {}, work items {}, duplicates suppressed {}, retried {}, dead letters {}, rows {} of {} records",
            totals.accepted,
            totals.work_items,
            totals.duplicates_suppressed,
            totals.retried,
            totals.dead_letters,
            totals.rows,
            totals.records
        ))?;
    }
    if !args.exit && !args.json {
        invite(&stage, output)?;
    }
    Ok(stage)
}

/// Each alert with what became of it, then each work item as the tool has it.
fn report(stage: &Stage, played: &[Played], output: &mut Output<'_>) -> io::Result<()> {
    output.table(
        ["alert", "work items", "what was done"],
        played.iter().map(|played| [played.says.to_owned(), played.work_items.join(", "), played.done.clone()]),
    )?;
    output.line("")?;
    output.table(
        ["number", "state", "title", "configuration item", "notes"],
        stage.incidents().map(|incident| {
            let notes = incident.notes.len().to_string();
            [incident.number, incident.state, incident.title, incident.computers.join(", "), notes]
        }),
    )
}

/// What people did in the tool, and the rows it made.
fn report_records(stage: &Stage, back: &Back, output: &mut Output<'_>) -> io::Result<()> {
    let title = stage.tool.title;
    output.line(&format!("\nAnd back: {} rows in ServiceDesk_CL. Now people work in {title}:\n", back.before))?;
    output.table(["number", "what was done"], back.deeds.iter().map(|(number, deed)| [number.clone(), deed.clone()]))?;
    output.line("\nThe next sync brings a new row for each:\n")?;
    records::table::records(&back.rows, output)
}

/// Every alert done, every work item there once, nothing else.
fn account_for(stage: &Stage, played: &[Played], counts: &Counts) -> anyhow::Result<()> {
    let unfinished: Vec<&str> =
        played.iter().filter(|played| played.status != Some(Status::Done)).map(|played| played.says).collect();
    ensure!(unfinished.is_empty(), "not delivered: {}", unfinished.join(", "));
    let incidents: Vec<_> = stage.incidents().collect();
    let keys: BTreeSet<_> = incidents.iter().map(|incident| &incident.key).collect();
    ensure!(
        keys.len() == incidents.len() && u64::try_from(keys.len()).ok() == Some(counts.work_items),
        "{} work items were counted, the tool has {} under {} keys",
        counts.work_items,
        incidents.len(),
        keys.len()
    );
    Ok(())
}

fn invite(stage: &Stage, output: &mut Output<'_>) -> io::Result<()> {
    let (connector, name, key, data) = (stage.url(), stage.tool.connection, stage::KEY, stage.data().display());
    let look = stage.tool.look.replace("{url}", &stage.tool.desk.url());
    output.line(&format!(
        "\nIt stays up; look at it in a browser:\n  {}\nor try (ctrl-c ends it):\n  \
         curl -d '{{\"text\":\"hello\"}}' '{connector}/api/alerts/{name}/incident?code={key}'\n  \
         curl -d @tests/fixtures/alerts/common_test_log_v2.json '{connector}/api/alerts/{name}/incident?code={key}'\n  \
         curl -d '{{\"title\":\"by hand\",\"computer\":\"WEB01\"}}' '{connector}/api/work-items/{name}/incident?code={key}'\n  \
         curl '{connector}/api/status?code={key}'\n  \
         curl -X POST '{connector}/api/connections/{name}/sync?code={key}'\n  \
         itsm-connector records query --data {data}\n  \
         itsm-connector records query --data {data} --kind log\n  \
         {look}",
        stage.console()
    ))
}
