//! How many alerts are durable and answered per second behind the Functions host, where each is a blob and a message in Azurite, beside
//! the same alerts in the embedded database of one machine. Azurite is a stand-in in one process of Node: the figures say what the
//! connector adds and what a call to storage costs here, not how fast Azure is.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::ensure;
use emulators::servicenow::{Effect, Fault, ServiceNow};

use super::intake::{WARM_UP, intake, template};
use super::load::{Seen, Until, post};
use super::report::Report;
use super::start::hosted::{answering, handler_of, laid};
use super::template::Template;
use super::{Extent, median};
use crate::azurite::{Azurite, azurite};

/// An action group posts far less at a time; more only wait for Azurite.
const CONNECTIONS: usize = 8;

pub(super) async fn measure(extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let Some(azurite) = azurite() else {
        ensure!(extent.only.is_empty(), "Azurite is not there: run tests/azurite/run install");
        return Ok(());
    };
    let tool = ServiceNow::start().await;
    tool.faults().add(Fault::new(Effect::Hibernating));
    let template = template()?;
    for connections in [CONNECTIONS, 1] {
        let (mut machines, mut hosted) = (Vec::new(), Vec::new());
        for _ in 0..extent.rounds {
            machines.push(intake(extent, &template, &tool.url(), connections).await?);
            hosted.push(behind_the_host(extent, azurite, &template, &tool.url(), connections).await?);
        }
        for (what, seen) in [("behind the host, Azurite", hosted), ("one machine, embedded database", machines)] {
            let all = |figure: &dyn Fn(&Seen) -> f64| median(seen.iter().map(figure).collect());
            report.tell(format!("intake {what}, {connections} connections"), all(&Seen::rate), "/s");
            report.tell("  answer, median", all(&|seen| seen.millis_at(500)), "ms");
            report.tell("  answer, p99", all(&|seen| seen.millis_at(990)), "ms");
        }
    }
    Ok(())
}

async fn behind_the_host(
    extent: &Extent,
    azurite: &Azurite,
    template: &Arc<Template>,
    tool: &str,
    connections: usize,
) -> anyhow::Result<Seen> {
    let scratch = laid(extent, tool)?;
    let (mut child, to, _) = answering(handler_of(&scratch, azurite)).await?;
    let numbers = Arc::new(AtomicU64::new(0));
    post(to, template, &numbers, connections, WARM_UP).await?;
    let seen = post(to, template, &numbers, connections, Until::Elapsed(Duration::from_secs(extent.seconds))).await?;
    child.kill().await?;
    Ok(seen)
}
