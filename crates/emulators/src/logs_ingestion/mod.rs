//! The Logs Ingestion API of Azure Monitor: data collection rules with declared streams, calls of at most 1 MB, and rows to look at.
//! Not emulated: the quota per minute (use a fault), transformations, and the replacement of a `TimeGenerated` that is too old.

mod check;
pub mod faults;
pub mod options;
mod tables;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use faults::{Effect, Fault, Faults};
pub use options::{Columns, Kind, Options, RULE, STREAM, TOKEN, TOKEN_WITHOUT_ROLE};
pub use tables::Row;

use crate::{
    door::{Door, starts},
    http::{Answer, Call, Decision, Server, Service},
};
use check::refusal;

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// One call as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Without the query.
    pub path: String,
    /// As sent.
    pub query: String,
    /// 0 when the connection was closed without an answer.
    pub status: u16,
    /// `Content-Encoding`, empty when there was none.
    pub encoding: String,
    /// `x-ms-client-request-id`, empty when there was none.
    pub client_request_id: String,
    /// Bytes of the body as sent.
    pub sent: usize,
    /// Bytes of the body inflated; 0 when it could not be.
    pub inflated: usize,
    /// Records in the body; 0 when it could not be read.
    pub records: usize,
}

#[derive(Debug)]
struct State {
    tokens: BTreeMap<String, bool>,
    tables: tables::Tables,
    requests: VecDeque<Request>,
}

#[derive(Debug)]
struct Endpoint {
    options: Options,
    faults: Faults,
    state: Mutex<State>,
}

/// A running service; dropping it closes its port and every connection.
#[derive(Debug)]
pub struct LogsIngestion {
    endpoint: Arc<Endpoint>,
    url: String,
    certificate: Option<std::path::PathBuf>,
    _server: Server,
}

starts!(
    LogsIngestion,
    "Logs Ingestion",
    "address",
    /// A service on a free port with one rule ([`RULE`]), one stream ([`STREAM`]) and one good token ([`TOKEN`]).
);

impl LogsIngestion {
    /// A service as chosen, or why not.
    pub async fn try_start(options: Options) -> io::Result<Self> {
        let door = Door::open(options.address, options.tls.as_deref()).await?;
        let state = State { tokens: options.tokens.clone(), tables: tables::Tables::default(), requests: VecDeque::new() };
        let endpoint = Arc::new(Endpoint { options, faults: Faults::default(), state: Mutex::new(state) });
        let url = door.url("http");
        let (server, certificate) = door.serve(Arc::clone(&endpoint) as Arc<dyn Service>)?;
        Ok(Self { endpoint, url, certificate, _server: server })
    }

    /// Scheme, address and port, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The file with the certificate authority to trust, when TLS is on.
    #[must_use]
    pub fn certificate_file(&self) -> Option<&std::path::Path> {
        self.certificate.as_deref()
    }

    /// The rows of a stream, in order of arrival; only the declared columns.
    #[must_use]
    pub fn rows(&self, stream: &str) -> Vec<Row> {
        self.endpoint.state().tables.rows(stream)
    }

    /// How many rows a stream has taken, kept or not.
    #[must_use]
    pub fn count(&self, stream: &str) -> u64 {
        self.endpoint.state().tables.count(stream)
    }

    /// What the service swallowed without a word: undeclared members, values of another kind, texts it had to cut.
    #[must_use]
    pub fn complaints(&self, stream: &str) -> Vec<String> {
        self.endpoint.state().tables.complaints(stream)
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.endpoint.faults
    }

    /// The last 10,000 calls, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.endpoint.state().requests.iter().cloned().collect()
    }

    /// Takes a token from now on; `role` says whether its holder may publish.
    pub fn accept_token(&self, token: &str, role: bool) {
        self.endpoint.state().tokens.insert(token.to_owned(), role);
    }

    /// Takes a token no more, as when it expired.
    pub fn revoke_token(&self, token: &str) {
        self.endpoint.state().tokens.remove(token);
    }
}

impl Endpoint {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything about one call; `request` learns what is found on the way.
    fn handle(&self, call: &Call, request: &mut Request) -> Result<Decision, Answer> {
        let tokens = self.state().tokens.clone();
        let ((_, stream), columns) = check::stream(&self.options, &tokens, call)?;
        let body = check::body(&self.options, call)?;
        request.inflated = body.len();
        let at_once = Duration::ZERO;
        let effect = self.faults.strike(&body);
        match &effect {
            Some(Effect::Status(status, code)) => return Err(refusal(*status, code, "A scripted failure.")),
            Some(Effect::RetryAfter(status, after)) => {
                return Err(refusal(*status, "TooManyRequests", "A scripted failure.").with_header("Retry-After", after.as_str()));
            }
            Some(Effect::Drop) => return Ok(Decision::Drop(at_once)),
            Some(Effect::DropAfterAccept | Effect::Slow(_)) | None => {}
        }
        let taken = tables::read(&body, columns, self.options.keep_rows)
            .ok_or_else(|| refusal(400, "InvalidPayload", "The body must be a JSON array of objects."))?;
        request.records = usize::try_from(taken.records).unwrap_or(usize::MAX);
        self.state().tables.add(stream, taken);
        Ok(match effect {
            Some(Effect::DropAfterAccept) => Decision::Drop(at_once),
            Some(Effect::Slow(delay)) => Decision::Answer(Answer::empty(204), delay),
            _ => Decision::Answer(Answer::empty(204), at_once),
        })
    }
}

impl Service for Endpoint {
    fn decide(&self, call: Call) -> Decision {
        let header = |name| call.header(name).unwrap_or_default().to_owned();
        let mut request = Request {
            path: call.path.clone(),
            query: call.query.clone(),
            status: 0,
            encoding: header("content-encoding"),
            client_request_id: header("x-ms-client-request-id"),
            sent: call.body.len(),
            inflated: 0,
            records: 0,
        };
        let mut decision = self.handle(&call, &mut request).unwrap_or_else(|answer| Decision::Answer(answer, Duration::ZERO));
        if let Decision::Answer(answer, _) = &mut decision {
            request.status = answer.status;
            if !request.client_request_id.is_empty() {
                answer.headers.push(("x-ms-client-request-id".to_owned(), request.client_request_id.clone()));
            }
        }
        let mut state = self.state();
        if state.requests.len() >= REMEMBERED {
            state.requests.pop_front();
        }
        state.requests.push_back(request);
        decision
    }
}
