//! Starts and ends runs, and tells what became of them. Kinds of a connection run side by side, so that a long first load of
//! incidents never holds up changes; so do connections.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde::Serialize;

use super::cursor::{Cursor, Failure, Lease};
use super::ledger::{self, Ledger};
use super::run::{Books, Run};
use super::trouble::{Limits, Stop, lateness};
use super::{FirstLoad, Order, Progress, Summary, cursor};
use crate::clock::{Chance, Clock, between, later};
use crate::delivery::line::Line;
use crate::journal::{Journal, LogType};
use crate::metrics::{Metrics, label};
use crate::provider::Provider;
use crate::rows::RecordKind;
use crate::settings::SyncSettings;
use crate::sink::Sink;
use crate::store::StateStore;
use crate::telemetry::{Parent, Started, Tracing};

/// Where the records of a connection come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The tool.
    pub provider: Arc<dyn Provider>,
    /// What is synced.
    pub sync: SyncSettings,
}

impl From<&Line> for Source {
    fn from(line: &Line) -> Self {
        Self { provider: Arc::clone(&line.provider), sync: line.settings.sync.clone() }
    }
}

impl Source {
    /// The kinds of record that are synced.
    pub fn kinds(&self) -> impl Iterator<Item = RecordKind> {
        let wanted = [(RecordKind::Incident, self.sync.incidents), (RecordKind::ChangeRequest, self.sync.changes)];
        wanted.into_iter().filter_map(|(kind, wanted)| wanted.then_some(kind))
    }
}

/// The sync of all connections.
#[derive(Debug)]
pub struct Engine {
    /// Keeps how far each sync has come.
    pub store: Arc<dyn StateStore>,
    /// Where rows go.
    pub sink: Arc<dyn Sink>,
    /// Told what an operator cares about.
    pub journal: Arc<dyn Journal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter and run ids.
    pub chance: Arc<Chance>,
    /// Watches.
    pub progress: Arc<dyn Progress>,
    /// Spans of runs.
    pub tracing: Tracing,
    /// Connections by name.
    pub sources: BTreeMap<String, Source>,
    /// What is counted and measured.
    pub metrics: Metrics,
}

/// Where the sync of one kind of record stands, for `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Name of the connection.
    pub connection: String,
    /// Which records.
    pub kind: RecordKind,
    /// Everything changed before this is there; nothing until the first increment is done.
    pub current_to: Option<Timestamp>,
    /// Seconds from there until now.
    pub lag_seconds: Option<u64>,
    /// How far the first load is; nothing when it is done, or was not begun.
    pub first_load: Option<FirstLoad>,
    /// Why runs fail, if the last one did.
    pub failure: Option<Failure>,
    /// The run at work.
    pub run: Option<Lease>,
}

/// Why the state cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}; {remedy}")]
pub struct StateError {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Engine {
    /// Syncs all connections, side by side; one summary for each connection and kind.
    pub async fn run_all(&self, order: &Order) -> Vec<Summary> {
        let runs = self.sources.keys().map(|connection| self.run_connection(connection, order));
        join_all(runs).await.into_iter().flatten().collect()
    }

    /// Syncs the kinds of one connection, side by side. A connection that does not exist gives a summary that says so.
    pub async fn run_connection(&self, connection: &str, order: &Order) -> Vec<Summary> {
        match self.sources.get(connection) {
            Some(source) => join_all(source.kinds().map(|kind| self.run(connection, kind, order))).await,
            None => vec![self.run(connection, RecordKind::Incident, order).await],
        }
    }

    /// One run over one kind of record. Never fails: the summary says why it ended early.
    pub async fn run(&self, connection: &str, kind: RecordKind, order: &Order) -> Summary {
        let begun = self.clock.now();
        let summary = self.run_from(begun, connection, kind, order).await;
        self.count(&summary, begun);
        summary
    }

    fn count(&self, summary: &Summary, begun: Timestamp) {
        let (metrics, kind, connection) = (&self.metrics, summary.kind, self.metrics.connection(&summary.connection));
        let result = match summary {
            Summary { busy: Some(_), .. } => label::Run::Busy,
            Summary { cause, .. } if !cause.is_empty() => label::Run::Failed,
            Summary { more: true, .. } => label::Run::More,
            _ => label::Run::Done,
        };
        metrics.sync_runs(1, connection.clone(), kind, result);
        if result == label::Run::Busy {
            return;
        }
        metrics.sync_records(summary.read, connection.clone(), kind);
        metrics.sync_rows(summary.written, connection.clone(), kind, label::Row::Accepted);
        metrics.sync_rows(summary.refused, connection.clone(), kind, label::Row::Refused);
        metrics.sync_duration(between(begun, self.clock.now()), connection, kind);
    }

    async fn run_from(&self, begun: Timestamp, connection: &str, kind: RecordKind, order: &Order) -> Summary {
        let run_id = self.chance.id(begun).to_string();
        let attributes = [
            KeyValue::new("itsm_connector.connection", connection.to_owned()),
            KeyValue::new("itsm_connector.record_kind", kind.key()),
            KeyValue::new("itsm_connector.run_id", run_id.clone()),
        ];
        let span = self.tracing.start(SpanKind::Internal, "sync", Parent::Current, attributes);
        let summary = span.within(Box::pin(self.run_named(connection, kind, order, begun, run_id))).await;
        told(&span, &summary);
        summary
    }

    async fn run_named(&self, connection: &str, kind: RecordKind, order: &Order, begun: Timestamp, run_id: String) -> Summary {
        let mut summary = Summary {
            connection: connection.to_owned(),
            kind,
            run_id: run_id.clone(),
            read: 0,
            written: 0,
            unchanged: 0,
            maybe_twice: 0,
            cut_fields: 0,
            refused: 0,
            gone: 0,
            lag_seconds: None,
            first_load: None,
            more: false,
            busy: None,
            cause: String::new(),
            remedy: String::new(),
        };
        let Some(source) = self.sources.get(connection) else {
            return ended(summary, &Stop::NoConnection(connection.to_owned()));
        };
        let limits = Limits { deadline: order.budget.map(|budget| later(begun, budget)), stop: order.stop.clone() };
        let run = Run { engine: self, source, connection: connection.into(), kind, id: run_id.into(), limits };
        let ledger = match caught(Ledger::take(self, source, kind, order, &run.limits, &mut summary)).await {
            Ok(ledger) => ledger,
            // Whoever is at work will tell.
            Err(Stop::Busy(lease)) => {
                summary.busy = Some(lease.clone());
                return ended(summary, &Stop::Busy(lease));
            }
            Err(stop) => {
                // A store that cannot even say how late rows are does not make them less late.
                let late = summary.lag_seconds.map_or(Duration::MAX, Duration::from_secs);
                tell_failure(&run, &stop, late);
                return ended(summary, &stop);
            }
        };
        let mut books = Books::new(ledger, summary);
        let result = caught(Box::pin(run.all(&mut books))).await;
        self.finish(&run, books, result).await
    }

    async fn finish(&self, run: &Run<'_>, books: Books, result: Result<bool, Stop>) -> Summary {
        let Books { mut ledger, mut summary, .. } = books;
        let now = self.clock.now();
        let cursor = &mut ledger.cursor;
        let (current_to, started) = (cursor.current_to, cursor.started);
        summary.lag_seconds = cursor.lag(now).map(|lag| lag.as_secs());
        summary.first_load = cursor.first_load();
        let before = cursor.failure.take();
        if let Err(stop) = &result {
            cursor.failure.clone_from(&before);
            cursor.failed(&stop.to_string(), &stop.remedy(), now);
        }
        // Who lost the document must not touch it.
        let given_back = match &result {
            Err(Stop::Lost(_)) => Ok(()),
            _ => caught(ledger.give_back(now)).await.map(|_: Cursor| ()),
        };
        match result.and_then(|more| given_back.map(|()| more)) {
            Ok(more) => {
                summary.more = more;
                if let Some(failure) = before {
                    let cause = format!("it had failed since {}: {}", failure.since, failure.cause);
                    run.tell(LogType::Info, "records are synced again", &cause, "", "");
                }
                summary
            }
            Err(stop) => {
                summary.more = true;
                tell_failure(run, &stop, lateness(current_to, started, now));
                ended(summary, &stop)
            }
        }
    }

    /// Where the sync of one kind of record stands.
    pub async fn state(&self, connection: &str, kind: RecordKind) -> Result<State, StateError> {
        let found = ledger::read(&*self.store, &cursor::key(connection, kind)).await;
        let found = found.map_err(|stop| StateError { cause: stop.to_string(), remedy: stop.remedy() })?;
        let now = self.clock.now();
        let cursor = found.map(|(cursor, _)| cursor);
        let cursor = cursor.as_ref();
        Ok(State {
            connection: connection.to_owned(),
            kind,
            current_to: cursor.and_then(|cursor| cursor.current_to),
            lag_seconds: cursor.and_then(|cursor| cursor.lag(now)).map(|lag| lag.as_secs()),
            first_load: cursor.and_then(Cursor::first_load),
            failure: cursor.and_then(|cursor| cursor.failure.clone()),
            run: cursor.and_then(|cursor| cursor.held(now).cloned()),
        })
    }
}

/// What the span of a run says of it.
fn told(span: &Started, summary: &Summary) {
    for (key, count) in [("itsm_connector.records.read", summary.read), ("itsm_connector.records.written", summary.written)] {
        span.set(KeyValue::new(key, i64::try_from(count).unwrap_or(i64::MAX)));
    }
    if summary.busy.is_none() && !summary.cause.is_empty() {
        span.failed("ended_early");
    }
}

fn tell_failure(run: &Run<'_>, stop: &Stop, late: Duration) {
    run.tell(stop.log_type(late), "records could not be synced", &stop.to_string(), &stop.remedy(), "");
}

fn ended(mut summary: Summary, stop: &Stop) -> Summary {
    summary.cause = stop.to_string();
    summary.remedy = stop.remedy();
    summary
}

/// A defect in one run must not end the others.
async fn caught<T>(step: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    AssertUnwindSafe(step).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Stop::Defect(said.unwrap_or_else(|| "a panic".to_owned())))
    })
}
