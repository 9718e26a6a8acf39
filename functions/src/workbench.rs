//! What a person can try where the connector runs on one machine: every step to a tool, what an alert would become, the rows that
//! came back. Who does it stands behind [`Workbench`]; here is only what is asked and answered. Behind the Functions host nobody
//! does: there the console looks on.

use std::fmt::Debug;

use async_trait::async_trait;
use connector::alert::Alert;
use connector::delivery::preview::Previewed;
use connector::probe::Report;
use connector::route::Choices;
use connector::store::{RecordFilter, StoreError};
use connector::work_item::WorkItemType;
use serde::Serialize;
use serde_json::value::RawValue;

/// Who serves what the console can do besides looking.
#[async_trait]
pub trait Workbench: Send + Sync + Debug {
    /// Goes every step to the tool of the connection with this name. What was begun goes on when the caller goes away.
    async fn check(&self, connection: &str) -> Report;

    /// The types of work items that the tool of the connection has.
    fn work_item_types(&self, connection: &str) -> Vec<WorkItemType>;

    /// What `alert` would make on the connection with this name; nothing when its tool has no such type.
    fn preview(&self, connection: &str, kind: WorkItemType, alert: &Alert, choices: &Choices) -> Option<Previewed>;

    /// Rows of the embedded tables, newest first.
    async fn records(&self, wanted: RecordFilter) -> Result<Rows, StoreError>;
}

/// What `GET /api/records` answers.
#[derive(Debug, Default, Serialize)]
pub struct Rows {
    /// The rows as they were written, newest first.
    pub records: Vec<Box<RawValue>>,
    /// Where the rows are instead, for people; left out when they are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What the console can do in a process with a [`Workbench`].
pub(crate) const ACTIONS: &[&str] = &["check", "preview", "redrive", "sync"];
