//! A collector that takes traces and metrics by OTLP over HTTP, as protobuf: what it was sent, decoded, to look at. It is as strict as
//! the protocol: a wrong content type, a body that cannot be decoded and an identifier that is none are refused. Not emulated: JSON,
//! gRPC, compression, logs.

mod read;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;

pub use read::{Attributes, MetricSeen, SpanSeen};

use crate::faults::Faults;
use crate::http::{Answer, Call, Decision, Server, Service};

const PROTOBUF: &str = "application/x-protobuf";

/// What may go wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// This status; nothing is taken.
    Status(u16),
    /// This status with `Retry-After`, in seconds; nothing is taken.
    RetryAfter(u16, u64),
    /// The connection closes without an answer; nothing is taken.
    Drop,
    /// The answer comes so late; nothing is taken.
    Hang(Duration),
    /// Everything is taken, so many are said to be rejected, and this is said of them.
    Partly(i64, String),
}

/// A fault.
pub type Fault = crate::faults::Fault<Effect>;

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    /// Without the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: bytes::Bytes,
}

#[derive(Debug, Default)]
struct State {
    spans: Vec<SpanSeen>,
    metrics: Vec<MetricSeen>,
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Taker {
    /// The value of `Authorization` without which nothing is taken.
    authorization: Option<String>,
    faults: Faults<Effect>,
    state: Mutex<State>,
}

/// A running collector; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Collector {
    taker: Arc<Taker>,
    server: Server,
}

impl Collector {
    /// A collector on a free port of this machine that takes from everybody.
    ///
    /// # Panics
    /// When no port can be bound: nothing that needs this emulator can go on then.
    pub async fn start() -> Self {
        Self::started(SocketAddr::from(([127, 0, 0, 1], 0)), None).await
    }

    /// One that takes only what comes with this `Authorization`.
    ///
    /// # Panics
    /// As [`start`](Self::start) does.
    pub async fn asking_for(authorization: &str) -> Self {
        Self::started(SocketAddr::from(([127, 0, 0, 1], 0)), Some(authorization)).await
    }

    #[expect(clippy::panic, reason = "without its emulator a test cannot go on; try_start is for everybody else")]
    async fn started(address: SocketAddr, authorization: Option<&str>) -> Self {
        match Self::try_start(address, authorization).await {
            Ok(started) => started,
            Err(error) => panic!("the collector's emulator cannot start: {error}; choose another address"),
        }
    }

    /// A collector at this address, or why not.
    pub async fn try_start(address: SocketAddr, authorization: Option<&str>) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let state = Mutex::default();
        let taker = Arc::new(Taker { authorization: authorization.map(str::to_owned), faults: Faults::new(1), state });
        let server = Server::start(listener, None, Arc::clone(&taker) as Arc<dyn Service>)?;
        Ok(Self { taker, server })
    }

    /// Scheme, address and port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// All spans that were taken, in order of arrival.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanSeen> {
        self.taker.state().spans.clone()
    }

    /// All metrics that were taken, in order of arrival; one for each data point.
    #[must_use]
    pub fn metrics(&self) -> Vec<MetricSeen> {
        self.taker.state().metrics.clone()
    }

    /// Every call, in order, whatever became of it.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.taker.state().requests.clone()
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults<Effect> {
        &self.taker.faults
    }
}

impl Taker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, call: &Call, partly: Option<(i64, String)>) -> Answer {
        let kind = call.header("content-type").unwrap_or_default();
        if call.method != "POST" {
            return Answer::empty(405);
        }
        if kind != PROTOBUF {
            return Answer::empty(415);
        }
        if self.authorization.is_some() && call.header("authorization") != self.authorization.as_deref() {
            return Answer::empty(401);
        }
        // What stands before is an address of its own, as with Azure Monitor.
        let answer = if call.path.ends_with("/v1/traces") {
            let Ok(request) = ExportTraceServiceRequest::decode(&*call.body) else { return Answer::empty(400) };
            let Some(mut spans) = read::spans(&request) else { return Answer::empty(400) };
            self.state().spans.append(&mut spans);
            let partial_success =
                partly.map(|(rejected_spans, error_message)| ExportTracePartialSuccess { rejected_spans, error_message });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        } else if call.path.ends_with("/v1/metrics") {
            let Ok(request) = ExportMetricsServiceRequest::decode(&*call.body) else { return Answer::empty(400) };
            let mut metrics = read::metrics(&request);
            self.state().metrics.append(&mut metrics);
            let partial_success = partly
                .map(|(rejected_data_points, error_message)| ExportMetricsPartialSuccess { rejected_data_points, error_message });
            ExportMetricsServiceResponse { partial_success }.encode_to_vec()
        } else {
            return Answer::empty(404);
        };
        Answer::new(200, PROTOBUF, answer)
    }
}

impl Service for Taker {
    fn decide(&self, call: Call) -> Decision {
        let request = Request { path: call.path.clone(), headers: call.headers.clone(), body: call.body.clone() };
        self.state().requests.push(request);
        let at_once = Duration::ZERO;
        match self.faults.strike(&call).into_iter().next() {
            Some(Effect::Status(status)) => Decision::Answer(Answer::empty(status), at_once),
            Some(Effect::RetryAfter(status, seconds)) => {
                Decision::Answer(Answer::empty(status).with_header("Retry-After", seconds.to_string()), at_once)
            }
            Some(Effect::Drop) => Decision::Drop(at_once),
            Some(Effect::Hang(delay)) => Decision::Drop(delay),
            Some(Effect::Partly(rejected, said)) => Decision::Answer(self.take(&call, Some((rejected, said))), at_once),
            None => Decision::Answer(self.take(&call, None), at_once),
        }
    }
}
