//! `GET /metrics`: what the connector counts, measures and knows of itself, as Prometheus reads it. Served where one process is all
//! there is; behind the Functions host figures are exported instead. What stands now is asked of the store as for `status`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connector::clock::between;
use connector::metrics::Observation;
use connector::metrics::label::{Answer, Function, Problem as Kind, Version};
use connector::metrics::text::{CONTENT_TYPE, TextReader};
use connector::provider::WaitReason;
use connector::store::StoreError;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::auth::Verified;
use crate::edge::Edge;
use crate::host::HttpFunction;
use crate::problem::Problem;
use crate::query;

/// What the path reads, one caller after the other: each gets the figures that were looked up for him.
#[derive(Debug)]
pub(crate) struct Scraped(Mutex<TextReader>);

impl Scraped {
    pub(crate) fn new(reader: TextReader) -> Self {
        Self(Mutex::new(reader))
    }
}

impl From<HttpFunction> for Function {
    fn from(function: HttpFunction) -> Self {
        match function {
            HttpFunction::AlertIntake => Self::AlertIntake,
            HttpFunction::WorkItemCreate => Self::WorkItemCreate,
            HttpFunction::SyncNow => Self::SyncNow,
            HttpFunction::Status => Self::Status,
        }
    }
}

/// `GET /metrics`. Always 200 for who may ask: counters are worth the most when the store does not answer.
pub(crate) async fn metrics(State(edge): State<Arc<Edge>>, request: Verified) -> Result<Response, Problem> {
    query::none(request.query())?;
    let Some(scraped) = &edge.scraped else { return Err(Problem::defect()) };
    let reader = scraped.0.lock().await;
    observe(&edge).await;
    let text = reader.text().map_err(|error| {
        tracing::error!(error, "the metrics cannot be read");
        Problem::defect()
    })?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response())
}

/// Counts an answer.
pub(crate) fn count(edge: &Edge, function: Function, status: StatusCode, problem: &'static str) {
    let answer = match status.as_u16() {
        ..300 => Answer::Good,
        300..400 => Answer::Elsewhere,
        400..500 => Answer::Refused,
        500.. => Answer::Failed,
    };
    edge.metrics.requests(1, function, answer, Kind(problem));
}

/// Looks up what stands now, for the next reading of the metrics by whatever reader; within the time that `status` gives to one question.
pub async fn observe(edge: &Edge) {
    let now = edge.clock.now();
    let told = match timeout(edge.limits.store, stands(edge, now)).await {
        Ok(Ok(told)) => Ok(told),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the store did not answer within {} ms", edge.limits.store.as_millis())),
    };
    let mut seen = told.unwrap_or_else(|cause| {
        tracing::warn!(cause, "the store did not tell what stands; metrics are without it");
        let mut seen = Observation::default();
        seen.store_up(0.0);
        seen
    });
    for name in edge.settings.connections.keys() {
        let Some(state) = edge.states.state(name) else { continue };
        for reason in WaitReason::ALL {
            let closed = state.reason.as_deref() == Some(reason.word());
            seen.gate_closed(if closed { 1.0 } else { 0.0 }, edge.metrics.connection(name), reason);
        }
    }
    seen.started_at(number(edge.started_at.as_millisecond().try_into().unwrap_or_default()) / 1000.0);
    seen.build_info(1.0, Version(env!("CARGO_PKG_VERSION")));
    edge.metrics.observe(seen);
}

async fn stands(edge: &Edge, now: Timestamp) -> Result<Observation, StoreError> {
    let mut seen = Observation::default();
    for name in edge.settings.connections.keys() {
        let connection = edge.metrics.connection(name);
        let counts = edge.queue.counts(Some(name)).await?;
        let oldest = counts.oldest.map(|oldest| between(oldest, now)).unwrap_or_default();
        seen.backlog(number(counts.backlog), connection.clone());
        seen.backlog_age(oldest.as_secs_f64(), connection.clone());
        seen.dead_letters(number(counts.dead_letters), connection.clone());
        let records = edge.records.state(name).await?;
        for kind in records.sync {
            if let Some(lag) = kind.lag_seconds {
                seen.sync_lag(number(lag), connection.clone(), kind.kind);
            }
        }
        if let Some(configuration) = records.configuration {
            seen.configuration_age(number(configuration.age_seconds), connection.clone());
        }
    }
    seen.store_up(1.0);
    Ok(seen)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9 * 10^15, and metrics are floating point")]
const fn number(whole: u64) -> f64 {
    whole as f64
}
