//! A request in its trace: the caller's, if he named one, or a new one. A request has no place here before its caller is known.

use connector::telemetry::{Parent, Started, TraceContext};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use crate::auth::Verified;
use crate::edge::Edge;
use crate::problem::Problem;

/// Longest list of headers that is read as one `tracestate`; it is carried only when it is shorter.
const LONGEST_STATE: usize = 2048;

/// The span of a request.
#[derive(Debug)]
pub(crate) struct Traced(Started);

impl Traced {
    /// Begins with a request whose caller may call. `route` is the path with names for what differs, not the path.
    pub(crate) fn new(edge: &Edge, request: &Verified, route: &'static str) -> Self {
        let attributes = [KeyValue::new("http.request.method", "POST"), KeyValue::new("http.route", route)];
        let caller = caller(request);
        Self(edge.tracing.start(SpanKind::Server, format!("POST {route}"), Parent::Carried(caller.as_ref()), attributes))
    }

    /// Does what the request asks for, which is answered with `good` or a problem.
    pub(crate) async fn answer<T>(self, good: u16, work: impl Future<Output = Result<T, Problem>> + Send) -> Result<T, Problem> {
        let answer = self.0.within(work).await;
        let status = answer.as_ref().map_or_else(|problem| problem.status().as_u16(), |_| good);
        self.0.set(KeyValue::new("http.response.status_code", i64::from(status)));
        // 4xx is the caller's failure, not ours.
        if status >= 500 {
            self.0.failed(status.to_string());
        }
        answer
    }
}

/// What the caller says. Behind the Functions host these are his headers, too, whichever shape the request has.
fn caller(request: &Verified) -> Option<TraceContext> {
    let parent = std::str::from_utf8(request.header("traceparent")?).ok()?;
    let mut state = String::new();
    for more in request.headers("tracestate") {
        // A state that cannot be read is none.
        let more = std::str::from_utf8(more).unwrap_or_default();
        if state.len() + more.len() > LONGEST_STATE {
            break;
        }
        if !state.is_empty() {
            state.push(',');
        }
        state.push_str(more);
    }
    TraceContext::read(parent, &state)
}
