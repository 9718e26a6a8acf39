//! What the log says of requests that are refused. Azure repeats none of them, so a refused alert is a lost alert, and the reason has
//! to be found where the operator looks. Whoever has no key can make as many as he likes; those are told once a minute.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use connector::clock::{Clock, between};
use jiff::Timestamp;

use crate::edge::Edge;
use crate::host::HttpFunction;
use crate::metrics;
use crate::problem::Problem;

/// Between two lines of one kind about callers that nobody knows.
const EVERY: Duration = Duration::from_secs(60);

/// Tells of refusals.
pub(crate) struct Refusals {
    clock: Arc<dyn Clock>,
    strangers: Mutex<BTreeMap<&'static str, Told>>,
}

/// The last line of a kind, and how many refusals had none since.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: Timestamp,
    untold: u64,
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
    }
}

impl Refusals {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, strangers: Mutex::default() }
    }

    /// Logs why a request was refused: as a warning when what it brought is lost. Failures of our own are told where they happen.
    pub(crate) fn tell(&self, loses: bool, problem: &Problem) {
        let (status, kind, (detail, remedy)) = (problem.status(), problem.kind(), problem.told());
        if !status.is_client_error() {
            return;
        }
        let status = status.as_u16();
        if !loses {
            return tracing::debug!(status, kind, detail, remedy, "refused");
        }
        let Some(untold) = self.turn(problem) else { return };
        tracing::warn!(status, kind, detail, remedy, untold, "a request was refused and what it brought is lost");
    }

    /// How many like it had no line since the last; nothing when this one has none either.
    fn turn(&self, problem: &Problem) -> Option<u64> {
        let stranger =
            matches!(problem.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED)
                || problem.kind() == NO_SUCH_PATH;
        if !stranger {
            return Some(0);
        }
        let now = self.clock.now();
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        match strangers.get_mut(problem.kind()) {
            Some(told) if between(told.at, now) < EVERY => {
                told.untold += 1;
                None
            }
            told => {
                let untold = told.map_or(0, |told| told.untold);
                strangers.insert(problem.kind(), Told { at: now, untold: 0 });
                Some(untold)
            }
        }
    }
}

/// Kind of the problem with a path that nobody serves.
pub(crate) const NO_SUCH_PATH: &str = "no-such-path";

/// Around a function: counts what it answers and tells of what it refuses.
pub(crate) async fn told(State((edge, function)): State<(Arc<Edge>, HttpFunction)>, request: Request, next: Next) -> Response {
    let begun = edge.clock.now();
    let response = next.run(request).await;
    let problem = response.extensions().get::<Problem>();
    metrics::count(&edge, function.into(), response.status(), problem.map_or("", Problem::kind));
    edge.metrics.request_duration(between(begun, edge.clock.now()), function.into());
    if let Some(problem) = problem {
        edge.refusals.tell(function.brings_work(), problem);
    }
    response
}
