//! How fast records flow, and in how much memory: from an emulated ServiceNow into an emulated Logs Ingestion API, by the
//! connector, by a floor that does the same bytes with the least code, and by the pipeline people write in Python. All in turns, in
//! one run, each as a process of its own from its start to its end.

pub mod floor;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock};
use connector::rows::{Row, ServiceDeskRow};
use emulators::logs_ingestion::{LogsIngestion, RULE, TOKEN};
use emulators::servicenow::{Options, Seed, ServiceNow};
use tokio::process::Command;

use super::machine::kib;
use super::report::{Goal, Report};
use super::{Extent, median};
use crate::churn::{settings, workspace};
use crate::process::{Plan, Scratch};

/// How many of the records the Python pipeline moves: enough to tell its rate, and soon over.
const PYTHON_SHARE: usize = 4;
/// How much more memory a hundred times as many records may take, in MiB.
const FLAT: f64 = 10.0;

/// One run of one program.
struct Run {
    seconds: f64,
    peak_mib: f64,
}

pub(super) async fn speed(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let tool = instance(extent.records).await;
    let small = instance(extent.records / PYTHON_SHARE).await;
    let (mut ours, mut floors, mut pythons, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let rate = |records: usize, run: &Run| f64::from(u32::try_from(records).unwrap_or(u32::MAX)) / run.seconds;
    let mut largest = 0;
    for _ in 0..extent.rounds {
        let logs = workspace(false, 1_000_000).await;
        let mut command = Command::new(&extent.floor);
        command.args(["--floor-sync", &tool.url(), "--floor-logs", &logs.url()]);
        let floor = rate(extent.records, &watched(command, &logs, extent.records).await?);
        let logs = workspace(false, 1_000_000).await;
        let run = connector(&extent.connector, &tool, &logs, extent.records).await?;
        largest = largest.max(logs.requests().iter().map(|request| request.inflated).max().unwrap_or_default());
        let own = rate(extent.records, &run);
        if let Some(python) = &extent.python {
            // azure-monitor-ingestion fills calls to 1 MiB and leaves brackets and commas out of its sum.
            let logs = workspace(false, 1_100_000).await;
            let mut command = Command::new(python);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/pipeline.py"));
            command.args([small.url(), logs.url(), RULE.to_owned(), ServiceDeskRow::STREAM.to_owned(), TOKEN.to_owned()]);
            let records = extent.records / PYTHON_SHARE;
            pythons.push(rate(records, &watched(command, &logs, records).await?));
        }
        ours.push(own);
        floors.push(floor);
        ratios.push(own / floor);
    }
    let own = median(ours);
    report.tell(format!("sync of {} incidents into a workspace", extent.records), own, "/s");
    report.tell("  floor: the same bytes, the least code", median(floors), "/s");
    report.judge("  beside the floor", median(ratios), "", Goal::AtLeast(0.8));
    if pythons.is_empty() {
        report.tell("  Python pipeline: not run, give --python", 0.0, "/s");
    } else {
        let python = median(pythons);
        report.tell("  Python: requests and azure-monitor-ingestion", python, "/s");
        report.judge("  beside Python", own / python, "times", Goal::AtLeast(5.0));
    }
    report.judge("  largest call", f64::from(u32::try_from(largest)?), "bytes", Goal::AtMost(1_000_000.0));
    Ok(())
}

pub(super) async fn memory(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let mut peaks = Vec::new();
    for records in [10_000, extent.many] {
        let tool = instance(records).await;
        let logs = workspace(false, 1_000_000).await;
        let run = connector(&extent.connector, &tool, &logs, records).await?;
        report.tell(format!("sync of {records} incidents, highest resident memory"), run.peak_mib, "MiB");
        peaks.push(run.peak_mib);
    }
    if let [few, many] = peaks.as_slice() {
        report.judge("  more than for 10000 (flat)", many - few, "MiB", Goal::AtMost(FLAT));
    }
    Ok(())
}

async fn instance(incidents: usize) -> ServiceNow {
    // A day more than the window, so that none falls out of it while the run goes on.
    let seed = Seed { incidents, ..Seed::default() };
    ServiceNow::start_with(Options { seed, ..Options::default() }).await
}

/// The connector's own `sync`, with a new database.
async fn connector(binary: &Path, tool: &ServiceNow, logs: &LogsIngestion, records: usize) -> anyhow::Result<Run> {
    let scratch = Scratch::new("sync")?;
    let settings = settings(&tool.url(), &logs.url(), "itsm", "changes = false\ngone = false", false);
    let plan = Plan::new(&binary.to_string_lossy(), &scratch, &settings)?.secret("LOGS_TOKEN", TOKEN);
    let mut command = Command::new(&plan.binary);
    command.args(["sync", "--json", "--config"]).arg(&plan.config).arg("--data").arg(&plan.data);
    plan.surround(&mut command);
    watched(command, logs, records).await
}

/// Runs a program to its end, looks at its memory now and then, and makes sure that it moved every record.
async fn watched(mut command: Command, logs: &LogsIngestion, records: usize) -> anyhow::Result<Run> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).spawn()?;
    let status = format!("/proc/{}/status", child.id().context("the program has ended")?);
    let mut peak = 0;
    let clock: &dyn Clock = &SystemClock;
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended?,
            () = clock.sleep(Duration::from_millis(10)) => peak = peak.max(kib(&status, "VmHWM")),
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(ended.success(), "{} ended with {ended}", command.as_std().get_program().display());
    let moved = logs.count(ServiceDeskRow::STREAM);
    // The oldest ones may have left the window of 120 days while the run began.
    let expected = u64::try_from(records)?;
    ensure!((expected - expected / 1000..=expected).contains(&moved), "{moved} rows of {records} records");
    Ok(Run { seconds, peak_mib: f64::from(u32::try_from(peak)?) / 1024.0 })
}
