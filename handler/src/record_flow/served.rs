//! The way back as functions see it: state for `GET /api/status`, and the Sync button.

use std::sync::Arc;

use async_trait::async_trait;
use connector::clock::between;
use connector::configuration::validate::findings;
use connector::rows::RecordKind;
use connector::store::StoreError;
use connector::sync::cursor::Lease;
use connector::sync::engine::{Source, State};
use connector::sync::{Order, Summary};
use connector::telemetry::still_in_trace;
use functions::records::{ConfigurationState, KindState, Records, RecordsState, SyncNow, UnderWay};

use tracing::Instrument;

use super::RecordFlow;
use super::schedules::stopped;

/// A [`RecordFlow`] that is asked over HTTP.
#[derive(Debug)]
pub struct Served(pub Arc<RecordFlow>);

#[async_trait]
impl Records for Served {
    fn sink(&self) -> Option<String> {
        self.0.sink()
    }

    async fn state(&self, connection: &str) -> Result<RecordsState, StoreError> {
        let mut sync = Vec::new();
        for kind in self.0.engine.sources.get(connection).into_iter().flat_map(Source::kinds) {
            sync.push(self.0.kind(connection, kind).await);
        }
        Ok(RecordsState { sync, configuration: self.0.configuration(connection).await })
    }

    async fn sync_now(&self, connection: &str, order: Order) -> Result<SyncNow, StoreError> {
        let (flow, connection) = (self.0.clone(), connection.to_owned());
        // A task of its own, for the caller may go away, and a run that is cut off would hold its lease for minutes.
        let work = async move {
            let _in_hand = flow.in_hand.read().await;
            flow.sync_now(connection, order).await
        };
        let work = tokio::spawn(still_in_trace(work.in_current_span()));
        work.await.map_err(|error| StoreError::Unavailable(format!("the sync ended badly: {error}")))
    }
}

impl RecordFlow {
    async fn kind(&self, connection: &str, kind: RecordKind) -> KindState {
        let nothing = |cause, remedy| KindState {
            kind,
            current_to: None,
            lag_seconds: None,
            first_load: None,
            running: None,
            cause,
            remedy,
        };
        match self.engine.state(connection, kind).await {
            Ok(state) => {
                let running = state.run.as_ref().map(|run| under_way(&state.connection, kind, run));
                let (cause, remedy) = state.failure.map(|failure| (failure.cause, failure.remedy)).unwrap_or_default();
                let State { current_to, lag_seconds, first_load, .. } = state;
                KindState { current_to, lag_seconds, first_load, running, ..nothing(cause, remedy) }
            }
            Err(error) => nothing(error.cause, error.remedy),
        }
    }

    async fn configuration(&self, connection: &str) -> Option<ConfigurationState> {
        let settings = self.settings.connections.get(connection)?;
        let last = self.refresher.last(connection).await?;
        Some(ConfigurationState {
            read_at: last.read_at,
            age_seconds: between(last.read_at, self.clock.now()).as_secs(),
            findings: findings(connection, settings, &self.settings.route, &last).len(),
            gaps: last.gaps,
        })
    }

    async fn sync_now(&self, connection: String, mut order: Order) -> SyncNow {
        let begun = self.clock.now();
        let refresh = tokio::select! {
            refreshed = self.refresh(Some(&connection)) => refreshed.into_iter().next(),
            () = stopped(self.stop.clone()) => None,
        };
        // The caller's patience is for both.
        order.budget = order.budget.map(|budget| budget.saturating_sub(between(begun, self.clock.now())));
        let (mut sync, mut others) = (Vec::new(), Vec::new());
        for summary in self.sync(Some(&connection), &order).await {
            match held_by_another(&summary) {
                Some(other) => others.push(other),
                None => sync.push(summary),
            }
        }
        let more = sync.iter().any(|summary| summary.more);
        SyncNow { connection, refresh, sync, under_way: others, more }
    }
}

/// The other run, when this one did nothing because another is at work.
fn held_by_another(summary: &Summary) -> Option<UnderWay> {
    Some(under_way(&summary.connection, summary.kind, summary.busy.as_ref()?))
}

fn under_way(connection: &str, kind: RecordKind, run: &Lease) -> UnderWay {
    UnderWay { connection: connection.to_owned(), kind, run_id: run.run_id.clone(), since: run.since, until: run.until }
}
