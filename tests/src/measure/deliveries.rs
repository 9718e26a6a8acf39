//! How many deliveries are brought about per second, from the first request of a burst until its last work item stands in the
//! tool. The emulated tool and the load generator share the machine with the connector.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use connector::clock::{Clock, SystemClock};
use emulators::servicenow::{Effect, Fault, ServiceNow};
use tokio::time::timeout;

use super::Extent;
use super::intake::{address, settings, template};
use super::load::{Seen, Until, post};
use super::report::Report;
use crate::caller::Caller;
use crate::process::{Connector, Plan, Scratch};

/// A burst that is not delivered after this long never will be.
const PATIENCE: Duration = Duration::from_secs(600);
/// The end of a burst is looked for this often.
const LOOK: Duration = Duration::from_millis(25);
/// What an instance on the internet takes for a call, at best.
const SLOW: Duration = Duration::from_millis(50);

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let (intake, rate, calls) = burst(extent, extent.deliveries, 4, None).await?;
    let count = extent.deliveries;
    report.tell(format!("deliveries, {count} distinct alerts, 4 calls at a time"), rate, "/s");
    report.tell("  calls to the tool for each", calls, "");
    report.tell("  intake meanwhile", intake.rate(), "/s");
    let (_, rate, _) = burst(extent, extent.deliveries, 32, None).await?;
    report.tell(format!("deliveries, {count} distinct alerts, 32 calls at a time"), rate, "/s");
    for (concurrency, count) in [(4, extent.deliveries / 100), (32, extent.deliveries / 10)] {
        let (_, rate, calls) = burst(extent, count, concurrency, Some(SLOW)).await?;
        report.tell(format!("deliveries, a tool that takes 50 ms, {concurrency} calls at a time"), rate, "/s");
        report.tell("  of what that tool can do", rate * calls * SLOW.as_secs_f64() / f64::from(concurrency), "");
    }
    Ok(())
}

/// Intake, deliveries per second, calls for each delivery.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
async fn burst(extent: &Extent, count: u64, concurrency: u32, slow: Option<Duration>) -> anyhow::Result<(Seen, f64, f64)> {
    let tool = ServiceNow::start().await;
    if let Some(slow) = slow {
        tool.faults().add(Fault::new(Effect::Slow(slow)));
    }
    let scratch = Scratch::new("deliveries")?;
    let settings = settings(&tool.url(), &format!("concurrency = {concurrency}"));
    let connector = Plan::new(&extent.connector.to_string_lossy(), &scratch, &settings)?.start().await?;
    let before = tool.count("incident");
    let begun = Instant::now();
    let intake = deliver(extent, &connector, &tool, &Arc::new(AtomicU64::new(0)), count).await?;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    let made = tool.count("incident") - before;
    ensure!(u64::try_from(made)? == count, "{count} alerts were delivered, but {made} work items were made");
    let calls = tool.request_count() as f64 / count as f64;
    connector.kill().await?;
    Ok((intake, rate, calls))
}

/// Posts `count` alerts and waits until nothing is left to deliver. The tool's own count is watched, which costs nothing; the
/// connector is asked only now and then, for counting a long backlog is work.
pub(super) async fn deliver(
    extent: &Extent,
    connector: &Connector,
    tool: &ServiceNow,
    numbers: &Arc<AtomicU64>,
    count: u64,
) -> anyhow::Result<Seen> {
    let (first, all) = (numbers.load(Ordering::Relaxed), tool.count("incident") + usize::try_from(count)?);
    let seen = post(address(connector)?, &template()?, numbers, extent.connections, Until::Posted(count)).await?;
    // The generator's connections each take one number too many.
    numbers.store(first + count, Ordering::Relaxed);
    let caller = Caller::fixed(&connector.url)?;
    let drained = async {
        for look in 1_u64.. {
            (&SystemClock as &dyn Clock).sleep(LOOK).await;
            if tool.count("incident") < all && look % 200 != 0 {
                continue;
            }
            let status = caller.status().await?;
            let counted = |name: &str| status.pointer(&format!("/counts/{name}")).and_then(serde_json::Value::as_u64);
            ensure!(counted("dead_letters") == Some(0), "there are dead letters: {status:#}");
            if counted("backlog") == Some(0) {
                break;
            }
        }
        Ok(())
    };
    timeout(PATIENCE, drained).await.context("the burst was not delivered in time")??;
    Ok(seen)
}
