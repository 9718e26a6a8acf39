//! One machine: the lanes, the way back and the HTTP server in one process, doing by themselves what the Functions host has done on
//! Azure. Used by `local` and `demo`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use connector::clock::{Chance, Clock};
use connector::delivery::lanes;
use connector::secret::Secrets;
use connector::settings::Settings;
use connector::store::{DeliveryQueue, RecordStore, retention};
use connector::telemetry::{Pace, Telemetry};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::record_flow::{RecordFlow, Schedules};
use crate::stores::Stores;
use crate::wiring::Wired;
use crate::workbench::OneMachine;

/// How long a collector gets when the process ends.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// What the process is built from.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<Chance>,
}

/// A running connector.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its queue, for counts.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Rows of records and of the connector's log, where a database is used; empty when they go to a workspace.
    pub records: Option<Arc<dyn RecordStore>>,
    /// What happens by itself and where rows go, a line each, for people.
    pub told: Vec<String>,
    flow: Arc<RecordFlow>,
    telemetry: Telemetry,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// The address of the console, without a key.
    #[must_use]
    pub fn console(&self) -> String {
        format!("http://{}/console", self.address)
    }

    /// Stops taking requests and deliveries, lets those in hand finish and a sync come to a safe place, and returns.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the connector ended badly");
            }
        }
        self.flow.close().await;
        self.telemetry.close(LAST_EXPORT).await;
    }
}

/// Starts the connector: opens its stores (the database below `data`, unless the settings name a storage account), builds every
/// connection, listens on `listen`.
pub async fn start(settings: Settings, data: &Path, listen: SocketAddr, outside: Outside) -> anyhow::Result<Running> {
    if let Err(refusal) = functions::server::may_listen(listen, &settings) {
        bail!(refusal);
    }
    let schedules = Schedules::new(&settings, outside.clock.now())?;
    let stores = Stores::open(&settings, data, &outside)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}; choose another address with --listen, or stop what is using it"))?;
    let address = listener.local_addr()?;

    let (stop, stopped) = watch::channel(false);
    let wired = Wired::new(settings, stores, &outside, Pace::Gathered, stopped.clone())?;
    let workbench = Arc::new(OneMachine::new(&wired, &outside));
    let Wired { settings, stores, flow, engine, edge, telemetry } = wired;
    stores.prepare().await;
    // Before the first delivery, which may need it.
    flow.adopt_all().await;
    let mut told = schedules.told().to_vec();
    told.push(flow.sink().map_or_else(
        || "records are not synced: there is no place for their rows; add [workspace] to the settings".to_owned(),
        |sink| format!("rows go to {sink}"),
    ));
    told.extend(telemetry.described().map(|where_to| format!("telemetry: {where_to}")));
    let edge = Arc::new(edge.with_workbench(workbench));
    let seen = edge.clone();
    // What stands is looked up whenever somebody reads.
    telemetry.looks_first(move || {
        let seen = seen.clone();
        async move { functions::metrics::observe(&seen).await }
    });
    let router = functions::router(edge);

    let until = until(&stopped);
    let server = async move {
        if let Err(error) = functions::server::serve(listener, router, until).await {
            tracing::error!(%error, "the HTTP server ended");
        }
    };
    let (kept, clock) = (settings.retention.clone(), outside.clock.clone());
    let Stores { queue, state, records, .. } = stores;
    let pruning = retention::run(queue.clone(), state, records.clone(), kept, clock, self::until(&stopped));
    let (exported, until_stopped) = (telemetry.clone(), self::until(&stopped));
    let exporting = async move { exported.run(until_stopped).await };
    let tasks = vec![
        tokio::spawn(server),
        tokio::spawn(lanes::run(engine, queue.clone(), stopped.clone())),
        tokio::spawn(flow.clone().run(schedules, stopped.clone())),
        tokio::spawn(exporting),
        tokio::spawn(pruning),
    ];
    Ok(Running { address, queue, records, told, flow, telemetry, stop, tasks })
}

/// Ready when `stopped` says so, or nobody is left to say it.
fn until(stopped: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stopped = stopped.clone();
    async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    }
}
