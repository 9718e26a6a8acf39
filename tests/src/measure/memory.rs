//! Whether memory stays flat: resident memory of the process when idle, after many alerts were accepted and delivered, and
//! after as many again. Intake is faster than delivery, so a backlog builds up each time; it must stand on disk.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock};
use emulators::servicenow::ServiceNow;

use super::Extent;
use super::deliveries::deliver;
use super::intake::{address, settings};
use super::machine::kib;
use super::report::{Goal, Report};
use super::start::first_200;
use crate::process::{Connector, Plan, Scratch};

/// How much more than after the first alerts is still flat, as a share.
const FLAT: f64 = 0.1;

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let tool = ServiceNow::start().await;
    let scratch = Scratch::new("memory")?;
    let plan = Plan::new(&extent.connector.to_string_lossy(), &scratch, &settings(&tool.url(), ""))?;
    let connector = plan.start().await?;
    first_200(address(&connector)?).await?;
    let idle = resident(&connector).await?;
    let numbers = Arc::new(AtomicU64::new(0));
    let mut after = Vec::new();
    for _ in 0..2 {
        deliver(extent, &connector, &tool, &numbers, extent.alerts).await?;
        after.push(resident(&connector).await?);
    }
    let peak = mib(&connector, "VmHWM")?;
    connector.kill().await?;
    let (Some(first), Some(second)) = (after.first().copied(), after.last().copied()) else { return Ok(()) };
    report.tell("resident memory, idle", idle, "MiB");
    report.tell(format!("  after {} alerts accepted and delivered", extent.alerts), first, "MiB");
    report.judge("  after as many again (flat)", second, "MiB", Goal::AtMost(first * (1.0 + FLAT)));
    report.tell("  highest meanwhile", peak, "MiB");
    Ok(())
}

/// After a moment of rest.
async fn resident(connector: &Connector) -> anyhow::Result<f64> {
    (&SystemClock as &dyn Clock).sleep(Duration::from_secs(1)).await;
    mib(connector, "VmRSS")
}

fn mib(connector: &Connector, name: &str) -> anyhow::Result<f64> {
    let id = connector.id().context("the connector has ended")?;
    let kib = kib(&format!("/proc/{id}/status"), name);
    ensure!(kib > 0, "this system does not tell the memory of a process in /proc");
    Ok(f64::from(u32::try_from(kib)?) / 1024.0)
}
