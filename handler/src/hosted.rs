//! Behind the Functions host: nothing happens by itself here. The host calls for each message of the queue and at the times of its
//! timers, as often and in as many processes as it sees fit, and may kill any of them at any moment.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use connector::clock::{Clock, between};
use connector::delivery::on_call::{Dealt, OnCall};
use connector::metrics::Observation;
use connector::settings::Settings;
use connector::store::azure::DueMessage;
use connector::store::{StoreError, retention};
use connector::sync::{Order, Summary};
use connector::telemetry::{Pace, Telemetry};
use functions::Work;
use functions::edge::{Edge, Elsewhere};
use functions::host::Host;
use functions::records::RefreshReport;
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};

use crate::host::Outside;
use crate::record_flow::RecordFlow;
use crate::stores::Stores;
use crate::wiring::Wired;

/// Deliveries that the host calls for at a time: `batchSize` and `newBatchThreshold` of host.json.
pub const CALLS: usize = 24;
/// A sync stops after this long at the latest, so that it comes to a safe place before the host's function timeout.
const LONGEST_SYNC: Duration = Duration::from_secs(8 * 60);
/// At the end of an invocation the connector's log gets this long to be written; what is left is written in the background.
const LOG: Duration = Duration::from_secs(10);

/// At the end of an invocation spans get this long to reach the collector, for the instance may be frozen then. Not at all while the
/// collector is in trouble.
const EXPORT: Duration = Duration::from_millis(500);
/// How long the collector gets when the process ends.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// A connector that works when it is called.
#[derive(Debug)]
pub struct Hosted {
    settings: Arc<Settings>,
    stores: Stores,
    flow: Arc<RecordFlow>,
    on_call: OnCall,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    edge: Arc<Edge>,
    /// When this process last tidied the store.
    tidied: Mutex<Option<Timestamp>>,
}

impl Hosted {
    /// Wires a connector over `stores` and the router that serves it. Touches no network: the first answer makes the host send work.
    /// A sync under way when `stopped` says so ends at its next safe place.
    pub fn new(
        settings: Settings,
        stores: Stores,
        host: Host,
        outside: &Outside,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<(Arc<Self>, Router)> {
        let wired = Wired::new(settings, stores, outside, Pace::AtOnce, stopped)?;
        let Wired { settings, stores, flow, engine, mut edge, telemetry } = wired;
        // The instance that is asked is seldom the one that delivers.
        edge.states = Arc::new(Elsewhere);
        let on_call = OnCall::new(engine, stores.queue.clone(), CALLS);
        let clock = outside.clock.clone();
        let edge = Arc::new(edge.behind(host));
        let (served, tidied) = (edge.clone(), Mutex::default());
        let hosted = Arc::new(Self { settings, stores, flow, on_call, clock, telemetry, edge, tidied });
        let router = functions::hosted(served, hosted.clone());
        Ok((hosted, router))
    }

    /// What can be done before the first call, and goes on beside the calls: containers and queue, the last good copies, and the
    /// connector's log and telemetry, which are written until `stopped` says so.
    pub async fn attend(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        let mut ended = stopped.clone();
        let exporting = self.telemetry.run(async move {
            let _ = ended.wait_for(|stopped| *stopped).await;
        });
        tokio::join!(self.stores.prepare(), self.flow.adopt_all(), self.flow.clone().keep_journal(stopped), exporting);
    }

    /// Ends what must not be cut off, and writes the log that is left, or puts it aside.
    pub async fn close(&self) {
        self.flow.close().await;
        self.telemetry.close(LAST_EXPORT).await;
    }

    /// Looks after what nobody would come for and forgets what is old, unless that was done a short while ago.
    async fn tidy(&self) {
        let mut tidied = self.tidied.lock().await;
        let now = self.clock.now();
        if tidied.is_some_and(|at| between(at, now) < retention::INTERVAL) {
            return;
        }
        match retention::prune_once(&*self.stores.queue, &*self.stores.state, &self.settings.retention, now).await {
            Ok(pruned) => {
                *tidied = Some(now);
                // As often, and by whoever is called for the sync: once for all instances.
                self.flow.tell_standing().await;
                tracing::info!(
                    looked_after = pruned.swept,
                    deliveries = pruned.deliveries,
                    correlations = pruned.correlations,
                    "the store was tidied"
                );
            }
            Err(error) => tracing::warn!(%error, "the store could not be tidied; the next sync tries again"),
        }
    }

    /// Backlog, lag and ages are everybody's: whoever is called for the sync tells them, once, so that no other process goes on
    /// telling what stood long ago.
    async fn tell_what_stands(&self) {
        if !self.telemetry.exports_metrics() {
            return;
        }
        functions::metrics::observe(&self.edge).await;
        self.telemetry.tell_metrics(LAST_EXPORT).await;
        self.edge.metrics.observe(Observation::default());
    }

    async fn write_log(&self) {
        tokio::select! {
            _ = self.flow.write_journal() => {}
            () = self.clock.sleep(LOG) => {}
        }
    }
}

#[async_trait]
impl Work for Hosted {
    async fn deliver(&self, due: &DueMessage) -> Result<Dealt, StoreError> {
        // Another instance may have read it since.
        self.flow.adopt(&due.connection).await;
        let dealt = self.on_call.work(due.delivery_id, &due.connection).await;
        self.telemetry.settled(EXPORT).await;
        dealt
    }

    async fn sync(&self) -> Vec<String> {
        self.flow.adopt_all().await;
        let budget = self.settings.schedule.sync_budget.get().min(LONGEST_SYNC);
        let order = Order { budget: Some(budget), ..Order::default() };
        // A tool that hangs, or much to tidy, must not keep the invocation past its time.
        let beside = async { tokio::join!(self.flow.refresh_stale(), self.tidy()) };
        let beside = async {
            tokio::select! {
                _ = beside => {}
                () = self.clock.sleep(LONGEST_SYNC) => tracing::warn!("reading configuration and tidying took too long; the next sync goes on"),
            }
        };
        let (summaries, ()) = tokio::join!(self.flow.sync(None, &order), beside);
        self.write_log().await;
        self.tell_what_stands().await;
        self.telemetry.settled(EXPORT).await;
        summaries.iter().filter_map(synced).collect()
    }

    async fn refresh(&self) -> Result<Vec<String>, String> {
        let reports = self.flow.refresh(None).await;
        self.write_log().await;
        self.telemetry.settled(EXPORT).await;
        let told: Vec<String> = reports.iter().filter_map(refreshed).collect();
        if !reports.is_empty() && reports.iter().all(|report| !report.cause.is_empty()) {
            return Err(told.join("; "));
        }
        Ok(told)
    }
}

/// What a person should see of a run; nothing of one in which nothing changed.
fn synced(summary: &Summary) -> Option<String> {
    let (connection, kind) = (&summary.connection, summary.kind.key());
    if !summary.cause.is_empty() {
        return Some(format!("sync of {connection} {kind} FAILED: {}; {}", summary.cause, summary.remedy));
    }
    let more = if summary.more { "; the next run goes on" } else { "" };
    (summary.written > 0 || summary.more)
        .then(|| format!("sync of {connection} {kind}: {} rows of {} records{more}", summary.written, summary.read))
}

fn refreshed(report: &RefreshReport) -> Option<String> {
    let connection = &report.connection;
    if !report.cause.is_empty() {
        return Some(format!("refresh of {connection} FAILED: {}; {}", report.cause, report.remedy));
    }
    let (findings, gaps) = (report.findings.len(), report.gaps.len());
    (findings + gaps > 0).then(|| {
        format!("refresh of {connection}: {findings} references of the settings point at nothing, {gaps} parts could not be read")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::serve::LONGEST;

    #[test]
    fn calls_are_as_many_as_the_host_makes_at_a_time() {
        let host: serde_json::Value = serde_json::from_str(include_str!("../../host.json")).unwrap();
        let queues = &host["extensions"]["queues"];
        let calls = queues["batchSize"].as_u64().unwrap() + queues["newBatchThreshold"].as_u64().unwrap();
        assert_eq!(usize::try_from(calls).unwrap(), CALLS);
    }

    #[test]
    fn an_invocation_ends_before_the_host_ends_it_and_a_sync_before_that() {
        let host: serde_json::Value = serde_json::from_str(include_str!("../../host.json")).unwrap();
        let parts: Vec<u64> = host["functionTimeout"].as_str().unwrap().split(':').map(|part| part.parse().unwrap()).collect();
        let [hours, minutes, seconds] = parts[..] else { panic!("hh:mm:ss") };
        let most = Duration::from_secs((hours * 60 + minutes) * 60 + seconds);
        let spare = Duration::from_secs(20);
        assert!(LONGEST + spare <= most, "{LONGEST:?} of {most:?}");
        // What follows the sync: its last page is written, then the log.
        assert!(LONGEST_SYNC + LOG + 3 * spare <= LONGEST, "{LONGEST_SYNC:?} of {LONGEST:?}");
        // Consumption allows no more.
        assert!(most <= Duration::from_secs(600));
    }
}
