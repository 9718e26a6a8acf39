//! The way back, wired: from the tools through the sync engine to the table of records, the refresh of what the tools offer, and
//! the journal beside them. `local`, `demo`, `sync` and `refresh` use the same one.

mod adopted;
mod schedules;
mod served;
mod standing;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connector::clock::{Clock, between};
use connector::configuration::refresh::{Refreshed, Refresher};
use connector::journal::{GATHER, RowJournal};
use connector::metrics::Metrics;
use connector::metrics::sink::Measured;
use connector::provider::{self, Provider, Surroundings};
use connector::settings::{Connection, Settings};
use connector::sink::Sink;
use connector::sink::credential::credential;
use connector::sink::local::LocalSink;
use connector::sink::nowhere::Nowhere;
use connector::sink::traced::TracedSink;
use connector::sink::workspace::WorkspaceSink;
use connector::store::DeliveryQueue;
use connector::sync::engine::{Engine, Source};
use connector::sync::{Order, Progress, Summary};
use connector::telemetry::Tracing;
use functions::records::RefreshReport;
use futures_util::future::join_all;
use tokio::sync::{RwLock, watch};

use crate::host::Outside;
use crate::stores::Stores;
use adopted::Adopted;
pub use schedules::Schedules;
pub use served::Served;

/// Providers by the names of their connections.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Makes the provider of every connection; touches no network.
pub fn providers(settings: &Settings, outside: &Outside, metrics: &Metrics) -> anyhow::Result<Providers> {
    let surroundings = Surroundings { secrets: outside.secrets.clone(), clock: outside.clock.clone() };
    let build = |(name, connection): (&String, &Connection)| {
        anyhow::Ok((name.clone(), provider::build_measured(name, connection, &surroundings, metrics)?))
    };
    settings.connections.iter().map(build).collect()
}

/// Where it is told how all of it goes.
#[derive(Debug, Clone)]
pub struct Told {
    /// Spans.
    pub tracing: Tracing,
    /// Figures.
    pub metrics: Metrics,
}

/// The way back for all connections.
#[derive(Debug)]
pub struct RecordFlow {
    settings: Arc<Settings>,
    engine: Engine,
    refresher: Refresher,
    journal: Arc<RowJournal>,
    /// Only to count what waits.
    queue: Arc<dyn DeliveryQueue>,
    clock: Arc<dyn Clock>,
    /// Whether there is a place for rows of records.
    syncs: bool,
    stop: watch::Receiver<bool>,
    adopted: Adopted,
    /// Held for reading by everything that must not be cut off.
    in_hand: RwLock<()>,
}

impl RecordFlow {
    /// Wires the way back over `stores`. Touches no network and begins nothing. A sync that is under way when `stop` says so ends
    /// at its next safe place.
    pub fn new(
        settings: Arc<Settings>,
        providers: &Providers,
        stores: &Stores,
        outside: &Outside,
        told: Told,
        progress: Arc<dyn Progress>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Arc<Self>> {
        let Outside { clock, chance, .. } = outside.clone();
        let metrics = told.metrics;
        let (sink, store, syncs) = (sink(&settings, stores, outside)?, stores.state.clone(), has_place(&settings, stores));
        let sink = Arc::new(Measured { sink, metrics: metrics.clone(), clock: clock.clone() });
        let sink: Arc<dyn Sink> = Arc::new(TracedSink::new(sink, settings.workspace.is_some()));
        let gather = if settings.workspace.is_some() { GATHER } else { Duration::ZERO };
        let journal = Arc::new(RowJournal::new(sink.clone(), clock.clone(), gather));
        let source = |(name, connection): (&String, &Connection)| {
            let provider = providers.get(name)?.clone();
            Some((name.clone(), Source { provider, sync: connection.sync.clone() }))
        };
        let sources = settings.connections.iter().filter_map(source).collect();
        let refresher = Refresher {
            store: store.clone(),
            journal: journal.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            tracing: told.tracing.clone(),
            metrics: metrics.clone(),
        };
        let (tracing, time) = (told.tracing.clone(), clock.clone());
        let engine = Engine { store, sink, journal: journal.clone(), clock: time, chance, progress, sources, tracing, metrics };
        let queue = stores.queue.clone();
        Ok(Arc::new(Self {
            settings,
            engine,
            refresher,
            journal,
            queue,
            clock,
            syncs,
            stop,
            adopted: Adopted::default(),
            in_hand: RwLock::default(),
        }))
    }

    /// The same with stores (see [`Stores::open`]) and providers of its own: for a command beside, or instead of, a running connector.
    pub fn open(
        settings: Settings,
        data: &Path,
        outside: &Outside,
        progress: Arc<dyn Progress>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Arc<Self>> {
        let metrics = Metrics::default();
        let providers = providers(&settings, outside, &metrics)?;
        let stores = Stores::open(&settings, data, outside)?;
        // A command is over before anybody would collect anything.
        let tracing = Tracing::off(outside.clock.clone(), outside.chance.clone());
        Self::new(Arc::new(settings), &providers, &stores, outside, Told { tracing, metrics }, progress, stop)
    }

    /// What the connector says of itself goes there.
    #[must_use]
    pub fn journal(&self) -> Arc<RowJournal> {
        self.journal.clone()
    }

    /// Where rows go, for people; nothing when there is no place for rows of records, which are then not synced.
    #[must_use]
    pub fn sink(&self) -> Option<String> {
        self.syncs.then(|| self.engine.sink.describe())
    }

    /// Syncs one connection, or all side by side. Without a place for rows it does nothing.
    pub async fn sync(&self, connection: Option<&str>, order: &Order) -> Vec<Summary> {
        if !self.syncs {
            return Vec::new();
        }
        let order = Order { stop: Some(self.stop.clone()), ..order.clone() };
        match connection {
            Some(connection) => self.engine.run_connection(connection, &order).await,
            None => self.engine.run_all(&order).await,
        }
    }

    /// Reads the configuration of the tool of one connection anew, or of all, side by side.
    pub async fn refresh(&self, connection: Option<&str>) -> Vec<RefreshReport> {
        let wanted = self.settings.connections.keys().filter(|name| connection.is_none_or(|only| only == *name));
        let refreshes = wanted.filter_map(|name| {
            let (connection, source) = (self.settings.connections.get(name)?, self.engine.sources.get(name)?);
            Some(self.refresher.refresh(name, connection, &self.settings.route, &*source.provider))
        });
        let all = join_all(refreshes).await;
        for Refreshed { connection, configuration, .. } in &all {
            if let Some(configuration) = configuration {
                // Its provider has it already.
                self.adopted.note(connection, configuration.read_at, self.clock.now(), || {});
            }
        }
        all.into_iter().map(report).collect()
    }

    /// Seconds since the configuration of a connection was read; nothing when there is no copy.
    async fn configuration_age(&self, connection: &str) -> Option<Duration> {
        Some(between(self.refresher.last(connection).await?.read_at, self.clock.now()))
    }

    /// Writes all rows of the journal so far; false when the sink failed.
    pub async fn write_journal(&self) -> bool {
        self.journal.flush().await
    }

    /// Writes the journal's rows as they come, those first that an earlier process left, until `stop` says so.
    pub async fn keep_journal(self: Arc<Self>, stop: watch::Receiver<bool>) {
        self.journal.run(&*self.engine.store, schedules::stopped(stop)).await;
    }

    /// Waits until everything that must not be cut off has ended, writes what the journal still holds, and lets every provider
    /// give back what its tool holds for it; what nobody takes now is left to the next process.
    pub async fn close(&self) {
        let _nothing_left = self.in_hand.write().await;
        self.journal.close(&*self.engine.store).await;
        join_all(self.engine.sources.values().map(|source| source.provider.close())).await;
    }
}

fn has_place(settings: &Settings, stores: &Stores) -> bool {
    settings.workspace.is_some() || stores.records.is_some()
}

fn sink(settings: &Settings, stores: &Stores, outside: &Outside) -> anyhow::Result<Arc<dyn Sink>> {
    let Some(workspace) = &settings.workspace else {
        return Ok(match &stores.records {
            Some(records) => Arc::new(LocalSink(records.clone())),
            None => Arc::new(Nowhere),
        });
    };
    let Outside { secrets, clock, chance } = outside.clone();
    let credential = credential(&workspace.credential, workspace.cloud, secrets, clock.clone());
    let sink = credential.and_then(|credential| WorkspaceSink::new(workspace, credential, clock, chance));
    sink.map(|sink| Arc::new(sink) as Arc<dyn Sink>).map_err(|error| anyhow::anyhow!("{} {}", error.cause, error.remedy))
}

fn report(refreshed: Refreshed) -> RefreshReport {
    let Refreshed { connection, run_id, configuration, age_seconds, failure, findings, changes } = refreshed;
    let mut report = RefreshReport::of(&connection, configuration.as_ref(), age_seconds);
    report.run_id = run_id;
    report.findings = findings;
    report.changes = changes;
    if let Some(failure) = failure {
        (report.cause, report.remedy) = (failure.cause, failure.remedy);
    }
    report
}
