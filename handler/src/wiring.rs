//! What every way of running the connector has in common: connections, their deliveries, the way back, and the edge.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use connector::delivery::engine::Engine;
use connector::delivery::gate::Gate;
use connector::delivery::line::Line;
use connector::metrics::Metrics;
use connector::metrics::text::TextReader;
use connector::settings::Settings;
use connector::sync::Unwatched;
use connector::telemetry::{Pace, Telemetry};
use connector::work_item::render::Renderer;
use functions::{ConnectionState, ConnectionStates, Edge};
use tokio::sync::watch;

use crate::host::Outside;
use crate::record_flow::{self, Providers, RecordFlow, Served, Told};
use crate::stores::Stores;

/// A connector that nobody has set going.
#[derive(Debug)]
pub struct Wired {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What outlives the process.
    pub stores: Stores,
    /// The way back.
    pub flow: Arc<RecordFlow>,
    /// Deliveries.
    pub engine: Arc<Engine>,
    /// What calls come to.
    pub edge: Edge,
    /// What a collector is told.
    pub telemetry: Telemetry,
}

impl Wired {
    /// Wires everything together. Touches no network and begins nothing. What is under way when `stopped` says so ends at its next
    /// safe place.
    pub fn new(
        settings: Settings,
        stores: Stores,
        outside: &Outside,
        pace: Pace,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let settings = Arc::new(settings);
        let collector = settings.telemetry.as_deref();
        let telemetry = Telemetry::new(collector, &outside.secrets, &outside.clock, &outside.chance, pace);
        // Behind the Functions host each process would tell its own figures.
        let text = (pace == Pace::Gathered).then(TextReader::default);
        let metrics = Metrics::read_by(text.clone(), telemetry.metrics(), settings.connections.keys());
        let told = Told { tracing: telemetry.tracing.clone(), metrics: metrics.clone() };
        let providers = record_flow::providers(&settings, outside, &metrics)?;
        let flow = RecordFlow::new(settings.clone(), &providers, &stores, outside, told.clone(), Arc::new(Unwatched), stopped)?;
        let engine = Arc::new(engine(&settings, &providers, &stores, &flow, outside, told)?);
        let Outside { secrets, clock, chance } = outside.clone();
        let states = Arc::new(Lines(engine.clone()));
        let edge = Edge::new(settings.clone(), stores.queue.clone(), secrets, clock, chance, states)?;
        let edge = edge.with_records(Arc::new(Served(flow.clone()))).with_metrics(metrics, text);
        let edge = edge.with_tracing(telemetry.tracing.clone());
        Ok(Self { settings, stores, flow, engine, edge, telemetry })
    }
}

fn engine(
    settings: &Settings,
    providers: &Providers,
    stores: &Stores,
    flow: &RecordFlow,
    outside: &Outside,
    told: Told,
) -> anyhow::Result<Engine> {
    let mut lines = BTreeMap::new();
    for (name, connection) in &settings.connections {
        let renderer = Renderer::compile(name, connection)
            .map_err(|problems| anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
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
        state: stores.state.clone(),
        settings: settings.delivery.clone(),
        clock: outside.clock.clone(),
        chance: outside.chance.clone(),
        journal: flow.journal(),
        tracing: told.tracing,
        metrics: told.metrics,
    })
}

/// The gates of the lines, for `status`.
#[derive(Debug)]
struct Lines(Arc<Engine>);

impl ConnectionStates for Lines {
    fn state(&self, connection: &str) -> Option<ConnectionState> {
        Some(match self.0.waits(connection) {
            None => ConnectionState::open(),
            Some(closed) => ConnectionState {
                open: false,
                reason: Some(closed.reason.word().to_owned()),
                cause: closed.cause,
                remedy: closed.remedy,
                until: Some(closed.until),
            },
        })
    }
}
