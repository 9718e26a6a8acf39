//! Azure Function `status` (HTTP): whether the process is up, whether its store answers, where its connections and deliveries stand, and
//! the page that shows it all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connector::clock::between;
use connector::store::{Counts, StoreError};
use connector::work_item::WorkItemType;
use jiff::Timestamp;
use serde::Serialize;

use crate::auth::Verified;
use crate::edge::{ConnectionState, Edge};
use crate::problem::Problem;
use crate::query;
use crate::records::RecordsState;
use crate::workbench::ACTIONS;

mod console;
mod deliveries;

pub use console::console;
pub(crate) use deliveries::delivery_id;
pub use deliveries::{deliveries, delivery};

/// `GET /`: the process listens. The Functions host asks this many times a second while starting.
pub async fn ready() -> StatusCode {
    StatusCode::OK
}

/// `GET /healthz`, for load balancers: 200 when the store answers, 503 when not. Without authentication, so it says no more.
pub async fn health(State(edge): State<Arc<Edge>>) -> Result<Response, Problem> {
    let connection = edge.settings.connections.keys().next().map_or("", String::as_str);
    ask(edge.limits.health, edge.queue.next_due(connection)).await?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((headers, "{\"status\":\"ok\"}").into_response())
}

/// The answer of `GET /api/status`.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Version of the connector.
    pub version: &'static str,
    /// What time it is here.
    pub now: Timestamp,
    /// When this process began.
    pub started_at: Timestamp,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Counts of all connections together.
    pub counts: Counts,
    /// What the console can do.
    pub console: Console,
    /// Where records go; nothing when this process syncs none.
    pub sink: Option<String>,
    /// Each connection, by name.
    pub connections: Vec<ConnectionStatus>,
}

/// The console in [`Status`].
#[derive(Debug, Default, Serialize)]
pub struct Console {
    /// What can be done besides looking: `check`, `preview`, `redrive`, `sync` on one machine, nothing behind the Functions host.
    pub actions: &'static [&'static str],
    /// Names of the routes that an alert can be previewed for; left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// By connection, the types of work items that an alert can be previewed for; left out as the routes are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub work_item_types: BTreeMap<String, Vec<WorkItemType>>,
}

impl Console {
    fn of(edge: &Edge) -> Self {
        let Some(workbench) = &edge.workbench else { return Self::default() };
        let types = |name: &String| (name.clone(), workbench.work_item_types(name));
        let work_item_types = edge.settings.connections.keys().map(types).collect();
        Self { actions: ACTIONS, routes: edge.settings.route.keys().cloned().collect(), work_item_types }
    }
}

/// One connection in [`Status`].
#[derive(Debug, Serialize)]
pub struct ConnectionStatus {
    /// Its name.
    pub name: String,
    /// Which ITSM product.
    pub provider: &'static str,
    /// Whether it only reads.
    pub dry_run: bool,
    /// Whether its deliveries flow; nothing where other processes deliver (behind the Functions host).
    pub gate: Option<ConnectionState>,
    /// Its counts.
    pub counts: Counts,
    /// Where its records and its configuration stand.
    #[serde(flatten)]
    pub records: RecordsState,
}

/// `GET /api/status`.
pub async fn status(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Json<Status>, Problem> {
    query::none(request.query())?;
    let counts = ask(edge.limits.store, edge.queue.counts(None)).await?;
    let mut connections = Vec::with_capacity(edge.settings.connections.len());
    for (name, connection) in &edge.settings.connections {
        connections.push(ConnectionStatus {
            name: name.clone(),
            provider: connection.product.name(),
            dry_run: connection.dry_run,
            gate: edge.states.state(name),
            counts: ask(edge.limits.store, edge.queue.counts(Some(name))).await?,
            records: ask(edge.limits.store, edge.records.state(name)).await?,
        });
    }
    let now = edge.clock.now();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        now,
        started_at: edge.started_at,
        uptime_seconds: between(edge.started_at, now).as_secs(),
        counts,
        console: Console::of(&edge),
        sink: edge.records.sink(),
        connections,
    }))
}

/// What a store answers within `limit`; 503 when it does not.
pub(crate) async fn ask<T>(limit: Duration, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, Problem> {
    let failure = match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the store did not answer within {} ms", limit.as_millis()),
    };
    tracing::warn!(cause = failure, "the store did not answer a question about its state");
    Err(Problem::unavailable("store-unavailable", "The store is not available")
        .detail("the store does not answer")
        .remedy("see the connector's log; alerts are answered 503 until it answers, and Azure repeats them"))
}
