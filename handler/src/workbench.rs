//! What a person can try on one machine, from the console: with the same connections, templates and tables that the running connector
//! works with.

use std::sync::Arc;

use async_trait::async_trait;
use connector::alert::Alert;
use connector::delivery::engine::Engine;
use connector::delivery::preview::Previewed;
use connector::probe::Report;
use connector::provider::{self, Surroundings};
use connector::route::{Choices, made_on};
use connector::settings::Settings;
use connector::store::{Reading, RecordFilter, RecordStore, StoreError};
use connector::work_item::WorkItemType;
use functions::workbench::{Rows, Workbench};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::host::Outside;
use crate::wiring::Wired;

/// The workbench of a process that runs a connector on one machine.
#[derive(Debug)]
pub struct OneMachine {
    settings: Arc<Settings>,
    engine: Arc<Engine>,
    /// The embedded tables, if rows go there.
    records: Option<Arc<dyn RecordStore>>,
    /// Where rows go otherwise.
    place: String,
    surroundings: Surroundings,
}

impl OneMachine {
    /// Over what `wired` has.
    #[must_use]
    pub fn new(wired: &Wired, outside: &Outside) -> Self {
        let Outside { secrets, clock, .. } = outside.clone();
        Self {
            settings: wired.settings.clone(),
            engine: wired.engine.clone(),
            records: wired.stores.records.clone().filter(|_| wired.settings.workspace.is_none()),
            place: wired.flow.sink().unwrap_or_else(|| "nowhere: add [workspace] to the settings".to_owned()),
            surroundings: Surroundings { secrets, clock },
        }
    }
}

#[async_trait]
impl Workbench for OneMachine {
    async fn check(&self, connection: &str) -> Report {
        let Some(settings) = self.settings.connections.get(connection).cloned() else { return Report::new(connection) };
        let (kinds, surroundings) = (made_on(connection, &self.settings.route), self.surroundings.clone());
        let name = connection.to_owned();
        // A task of its own, for the caller may go away, and what the tool holds for a check is to be given back.
        let work = async move { provider::check(&name, &settings, &kinds, &surroundings).await };
        let work = tokio::spawn(work.in_current_span());
        work.await.unwrap_or_else(|error| {
            let mut report = Report::new(connection);
            report.failed("check", "the check ended badly", error.to_string(), "report what the log says at this time");
            report
        })
    }

    fn work_item_types(&self, connection: &str) -> Vec<WorkItemType> {
        let Some(line) = self.engine.lines.get(connection) else { return Vec::new() };
        WorkItemType::ALL.into_iter().filter(|kind| line.provider.lifecycle(*kind).is_some()).collect()
    }

    fn preview(&self, connection: &str, kind: WorkItemType, alert: &Alert, choices: &Choices) -> Option<Previewed> {
        self.engine.lines.get(connection)?.preview(kind, alert, choices)
    }

    async fn records(&self, wanted: RecordFilter) -> Result<Rows, StoreError> {
        let Some(store) = &self.records else { return Ok(Rows { place: Some(self.place.clone()), ..Rows::default() }) };
        let mut records = Vec::new();
        let mut reading = Reading::new(&**store, wanted);
        while let Some(page) = reading.next().await? {
            for row in page {
                records.push(RawValue::from_string(row).map_err(|error| StoreError::Damaged(error.to_string()))?);
            }
        }
        records.reverse();
        Ok(Rows { records, place: None })
    }
}
