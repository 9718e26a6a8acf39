//! How many alerts are durable and answered per second, and how long an answer takes, beside the floor. The tool sleeps, so
//! that nothing but intake happens; floor and connector take turns, so that a busy moment of the machine hits both.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::ensure;
use emulators::servicenow::{Effect, Fault, ServiceNow};
use tokio::process::Command;

use super::load::{Seen, Until, post};
use super::report::{Goal, Report};
use super::template::Template;
use super::{Extent, median};
use crate::caller::Caller;
use crate::process::{Connector, Plan, Scratch};

const PATH: &str = "/api/alerts/snow/incident";
pub(super) const WARM_UP: Until = Until::Elapsed(Duration::from_secs(1));

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let tool = ServiceNow::start().await;
    tool.faults().add(Fault::new(Effect::Hibernating));
    let template = template()?;
    let (mut floors, mut intakes) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        floors.push(floor(extent, &template).await?);
        intakes.push(intake(extent, &template, &tool.url(), extent.connections).await?);
    }
    let alone = intake(extent, &template, &tool.url(), 1).await?;
    let all = |seen: &[Seen], figure: &dyn Fn(&Seen) -> f64| median(seen.iter().map(figure).collect());
    let ratios = floors.iter().zip(&intakes).map(|(floor, intake)| intake.rate() / floor.rate()).collect();
    let connections = extent.connections;
    report.judge(
        format!("intake, durable, {connections} connections"),
        all(&intakes, &Seen::rate),
        "/s",
        Goal::AtLeast(20_000.0),
    );
    report.tell("  answer, median", all(&intakes, &|seen| seen.millis_at(500)), "ms");
    report.tell("  answer, p99", all(&intakes, &|seen| seen.millis_at(990)), "ms");
    report.tell("  processor time for each", all(&intakes, &Seen::processor_micros), "us");
    report.tell(format!("floor (axum, nothing kept), {connections} connections"), all(&floors, &Seen::rate), "/s");
    report.tell("  answer, median", all(&floors, &|seen| seen.millis_at(500)), "ms");
    report.tell("  answer, p99", all(&floors, &|seen| seen.millis_at(990)), "ms");
    report.tell("  processor time for each", all(&floors, &Seen::processor_micros), "us");
    report.judge("intake beside the floor", median(ratios), "", Goal::AtLeast(0.6));
    report.tell("intake, durable, 1 connection", alone.rate(), "/s");
    report.tell("  answer, median", alone.millis_at(500), "ms");
    report.tell("  answer, p99", alone.millis_at(990), "ms");
    Ok(())
}

async fn floor(extent: &Extent, template: &Arc<Template>) -> anyhow::Result<Seen> {
    let mut command = Command::new(&extent.floor);
    command.arg("--floor");
    let floor = Connector::spawn(command).await?;
    let seen = loaded(extent, &floor, template, extent.connections).await?;
    floor.kill().await?;
    Ok(seen)
}

pub(super) async fn intake(extent: &Extent, template: &Arc<Template>, tool: &str, connections: usize) -> anyhow::Result<Seen> {
    let scratch = Scratch::new("intake")?;
    let connector = Plan::new(&extent.connector.to_string_lossy(), &scratch, &settings(tool, ""))?.start().await?;
    let seen = loaded(extent, &connector, template, connections).await?;
    let status = Caller::fixed(&connector.url)?.status().await?;
    let backlog = status.pointer("/counts/backlog").and_then(serde_json::Value::as_u64).unwrap_or_default();
    ensure!(backlog >= seen.answers, "{} alerts were accepted, but only {backlog} are kept: {status:#}", seen.answers);
    connector.kill().await?;
    Ok(seen)
}

async fn loaded(extent: &Extent, process: &Connector, template: &Arc<Template>, connections: usize) -> anyhow::Result<Seen> {
    let (to, numbers) = (address(process)?, Arc::new(AtomicU64::new(0)));
    post(to, template, &numbers, connections, WARM_UP).await?;
    let before = process.processor_seconds().unwrap_or_default();
    let mut seen = post(to, template, &numbers, connections, Until::Elapsed(Duration::from_secs(extent.seconds))).await?;
    seen.processor_seconds = process.processor_seconds().unwrap_or_default() - before;
    Ok(seen)
}

/// The smallest settings that work, with `more` lines for the connection.
pub(super) fn settings(url: &str, more: &str) -> String {
    format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{url}\"\n\
         auth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n{more}\n\
         [intake]\napi_keys = [\"$INTAKE_KEY\"]\n"
    )
}

/// Where a process listens.
pub(super) fn address(process: &Connector) -> anyhow::Result<SocketAddr> {
    Ok(process.url.trim_start_matches("http://").parse()?)
}

/// What is posted: incidents for the connection `snow`.
pub(super) fn template() -> anyhow::Result<Arc<Template>> {
    Ok(Arc::new(Template::new(PATH)?))
}
