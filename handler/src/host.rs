//! One machine: the embedded database, the lanes, the way back and the HTTP server in one process, wired as the Functions host
//! would wire them on Azure. Used by `local` and `demo`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use connector::clock::{Chance, Clock};
use connector::delivery::engine::Engine;
use connector::delivery::gate::Gate;
use connector::delivery::lanes;
use connector::delivery::line::Line;
use connector::journal::Journal;
use connector::secret::Secrets;
use connector::settings::Settings;
use connector::store::sqlite::SqliteStore;
use connector::store::{DeliveryQueue, RecordStore, StateStore, retention};
use connector::sync::Unwatched;
use connector::work_item::render::Renderer;
use functions::{ConnectionState, ConnectionStates, Edge};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::record_flow::{self, Providers, RecordFlow, Schedules, Served};

/// Name of the database file in the data directory.
pub const DATABASE: &str = "connector.db";

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
    /// Rows of records and of the connector's log; empty when they go to a workspace.
    pub records: Arc<dyn RecordStore>,
    /// What happens by itself and where rows go, a line each, for people.
    pub told: Vec<String>,
    flow: Arc<RecordFlow>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Stops taking requests and deliveries, lets those in hand finish and a sync come to a safe place, and returns.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the connector ended badly");
            }
        }
        self.flow.close().await;
    }
}

/// Starts the connector: opens the database below `data`, builds every connection, listens on `listen`.
pub async fn start(settings: Settings, data: &Path, listen: SocketAddr, outside: Outside) -> anyhow::Result<Running> {
    if let Err(refusal) = functions::server::may_listen(listen, &settings) {
        bail!(refusal);
    }
    let settings = Arc::new(settings);
    let schedules = Schedules::new(&settings, outside.clock.now())?;
    let path = data.join(DATABASE);
    let store = SqliteStore::open(&path)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}; choose another address with --listen, or stop what is using it"))?;
    let address = listener.local_addr()?;

    let (stop, stopped) = watch::channel(false);
    let providers = record_flow::providers(&settings, &outside)?;
    let unwatched = Arc::new(Unwatched);
    let flow = RecordFlow::new(settings.clone(), &providers, store.clone(), &outside, unwatched, stopped.clone())?;
    // Before the first delivery, which may need it.
    flow.adopt().await;
    let mut told = schedules.told().to_vec();
    told.push(format!("rows go to {}", flow.sink()));
    let engine = Arc::new(engine(&settings, &providers, store.clone(), flow.journal(), &outside)?);
    let edge = Edge::new(
        settings.clone(),
        store.clone(),
        outside.secrets.clone(),
        outside.clock.clone(),
        outside.chance.clone(),
        Arc::new(Lines(engine.clone())),
    )?;
    let edge = edge.with_records(Arc::new(Served(flow.clone())));
    let router = functions::router(Arc::new(edge));

    let mut until = stopped.clone();
    let server = async move {
        let shutdown = async move {
            let _ = until.wait_for(|stop| *stop).await;
        };
        if let Err(error) = functions::server::serve(listener, router, shutdown).await {
            tracing::error!(%error, "the HTTP server ended");
        }
    };
    let mut until = stopped.clone();
    let shutdown = async move {
        let _ = until.wait_for(|stop| *stop).await;
    };
    let (kept, clock) = (settings.retention.clone(), outside.clock.clone());
    let pruning = retention::run(store.clone(), store.clone(), Some(store.clone()), kept, clock, shutdown);
    let tasks = vec![
        tokio::spawn(server),
        tokio::spawn(lanes::run(engine, store.clone(), stopped.clone())),
        tokio::spawn(flow.clone().run(schedules, stopped)),
        tokio::spawn(pruning),
    ];
    Ok(Running { address, queue: store.clone(), records: store, told, flow, stop, tasks })
}

fn engine(
    settings: &Settings,
    providers: &Providers,
    state: Arc<dyn StateStore>,
    journal: Arc<dyn Journal>,
    outside: &Outside,
) -> anyhow::Result<Engine> {
    let mut lines = std::collections::BTreeMap::new();
    for (name, connection) in &settings.connections {
        let renderer = Renderer::compile(name, connection)
            .map_err(|problems| anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        let line = Line {
            name: name.clone(),
            provider: providers.get(name).context("every connection has a provider")?.clone(),
            settings: connection.clone(),
            renderer,
            gate: Gate::default(),
        };
        lines.insert(name.clone(), Arc::new(line));
    }
    Ok(Engine {
        lines,
        state,
        settings: settings.delivery.clone(),
        clock: outside.clock.clone(),
        chance: outside.chance.clone(),
        journal,
    })
}

/// The gates of the lines, for `status`.
#[derive(Debug)]
struct Lines(Arc<Engine>);

impl ConnectionStates for Lines {
    fn state(&self, connection: &str) -> ConnectionState {
        match self.0.waits(connection) {
            None => ConnectionState::open(),
            Some(closed) => ConnectionState {
                open: false,
                reason: serde_json::to_value(closed.reason).ok().and_then(|reason| reason.as_str().map(str::to_owned)),
                cause: closed.cause,
                remedy: closed.remedy,
                until: Some(closed.until),
            },
        }
    }
}
