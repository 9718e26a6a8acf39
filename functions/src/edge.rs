//! What every function shares: settings, the queue, time, chance and who may call. Built once at start.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use connector::clock::{Chance, Clock};
use connector::metrics::Metrics;
use connector::metrics::text::TextReader;
use connector::secret::Secrets;
use connector::settings::Settings;
use connector::store::DeliveryQueue;
use connector::telemetry::Tracing;
use jiff::Timestamp;
use serde::Serialize;

use crate::auth::{Authenticator, SetupError};
use crate::host::Host;
use crate::metrics::Scraped;
use crate::records::{NoRecords, Records};
use crate::refusals::Refusals;
use crate::workbench::Workbench;

/// Whether deliveries of a connection flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionState {
    /// True when deliveries are being made; false when the whole connection waits.
    pub open: bool,
    /// Why it waits, as one word (`rate_limit`, `outage`, `hibernating`, `credentials`); nothing while open.
    pub reason: Option<String>,
    /// What happened; empty while open.
    pub cause: String,
    /// What a person can do; empty when nothing need be done.
    pub remedy: String,
    /// When it is tried again, if that is known.
    pub until: Option<Timestamp>,
}

impl ConnectionState {
    /// Deliveries flow.
    #[must_use]
    pub const fn open() -> Self {
        Self { open: true, reason: None, cause: String::new(), remedy: String::new(), until: None }
    }
}

/// Who knows whether deliveries of a connection flow.
pub trait ConnectionStates: Send + Sync + Debug {
    /// The state of the connection with this name; nothing when it is not known here.
    fn state(&self, connection: &str) -> Option<ConnectionState>;
}

/// Deliveries are made in other processes, each of which finds out for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Elsewhere;

impl ConnectionStates for Elsewhere {
    fn state(&self, _: &str) -> Option<ConnectionState> {
        None
    }
}

/// How much and how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest accepted body in bytes.
    pub max_body_bytes: usize,
    /// A body that is not there after this long is given up (408).
    pub body: Duration,
    /// A store that has not answered after this long counts as down (503). An action group waits about 10 s for an answer.
    pub store: Duration,
    /// The same, for `GET /healthz`.
    pub health: Duration,
    /// The same, for what a person asks for and waits for: a storage account reads each delivery of a list.
    pub listing: Duration,
}

impl Limits {
    /// The limits that `settings` ask for.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            max_body_bytes: settings.intake.max_body_bytes.unwrap_or(1024 * 1024),
            body: Duration::from_secs(15),
            store: Duration::from_secs(4),
            health: Duration::from_secs(2),
            listing: Duration::from_secs(30),
        }
    }
}

/// What every function shares.
#[derive(Debug)]
pub struct Edge {
    /// The settings, validated.
    pub settings: Arc<Settings>,
    /// Where deliveries are kept.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub chance: Arc<Chance>,
    /// Who may call.
    pub authenticator: Authenticator,
    /// Whether deliveries flow.
    pub states: Arc<dyn ConnectionStates>,
    /// Who brings records; nobody unless [`Edge::with_records`] names one.
    pub records: Arc<dyn Records>,
    /// What a person can try here; nothing unless [`Edge::with_workbench`] says so.
    pub workbench: Option<Arc<dyn Workbench>>,
    /// How much and how long.
    pub limits: Limits,
    /// When this process began.
    pub started_at: Timestamp,
    /// Spans of requests; only the context is carried unless [`Edge::with_tracing`] says otherwise.
    pub tracing: Tracing,
    /// What is counted and measured; nothing unless [`Edge::with_metrics`] says where.
    pub metrics: Metrics,
    /// What `GET /metrics` reads; without it the path is not served.
    pub(crate) scraped: Option<Scraped>,
    pub(crate) refusals: Refusals,
}

impl Edge {
    /// An edge with the limits of the settings. Fails only when no HTTPS client towards Entra can be made.
    pub fn new(
        settings: Arc<Settings>,
        queue: Arc<dyn DeliveryQueue>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        chance: Arc<Chance>,
        states: Arc<dyn ConnectionStates>,
    ) -> Result<Self, SetupError> {
        let authenticator = Authenticator::new(&settings.intake, secrets, Arc::clone(&clock))?;
        let (limits, started_at) = (Limits::new(&settings), clock.now());
        let tracing = Tracing::off(clock.clone(), chance.clone());
        let (records, refusals) = (Arc::new(NoRecords), Refusals::new(clock.clone()));
        let (metrics, scraped, workbench) = (Metrics::default(), None, None);
        Ok(Self {
            settings,
            queue,
            clock,
            chance,
            authenticator,
            states,
            records,
            workbench,
            limits,
            started_at,
            tracing,
            metrics,
            scraped,
            refusals,
        })
    }

    /// The same with somebody who brings records.
    #[must_use]
    pub fn with_records(self, records: Arc<dyn Records>) -> Self {
        Self { records, ..self }
    }

    /// The same on one machine, where a person can try things.
    #[must_use]
    pub fn with_workbench(self, workbench: Arc<dyn Workbench>) -> Self {
        Self { workbench: Some(workbench), ..self }
    }

    /// The same with somebody who makes spans.
    #[must_use]
    pub fn with_tracing(self, tracing: Tracing) -> Self {
        Self { tracing, ..self }
    }

    /// The same, counted and measured. With a reader `GET /metrics` is served: only where one process is all there is, or each would
    /// tell its own figures.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics, reader: Option<TextReader>) -> Self {
        Self { metrics, scraped: reader.map(Scraped::new), ..self }
    }

    /// The same behind the Functions host, which has checked what `host` says.
    #[must_use]
    pub fn behind(mut self, host: Host) -> Self {
        self.authenticator.set_host(host);
        self
    }
}
