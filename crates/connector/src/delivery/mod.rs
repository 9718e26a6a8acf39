//! The durable job "make the work item say what this alert says": its message, its verdicts, and the engine that does it.

pub mod backoff;
mod compose;
pub mod decide;
pub mod engine;
pub mod gate;
pub mod held;
pub mod lanes;
pub mod line;
mod measured;
pub mod on_call;
mod part;
pub mod preview;
mod settle;
#[cfg(test)]
mod tests;
pub mod traced;

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alert::{Alert, AlertState, Severity};
use crate::route::Choices;
use crate::telemetry::TraceContext;
use crate::work_item::WorkItemType;

/// Names a delivery; sorts by the time it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub Uuid);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A body that Azure posted.
    Alert,
    /// A [`crate::work_item::request::WorkItemRequest`]: by hand, from a log record.
    Request,
}

/// A job as it is queued. Member names avoid those of queue metadata.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// The connection's name.
    pub connection: String,
    /// What to create.
    pub work_item_type: WorkItemType,
    /// Choices of the route or URL.
    pub choices: Choices,
    /// What the payload is.
    pub source: Source,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The trace in which it was accepted. Nothing for one that an earlier version of the connector stored.
    pub trace: Option<TraceContext>,
    /// The body as it came: a JSON object, checked.
    pub payload: Bytes,
}

impl fmt::Debug for Delivery {
    /// Without the payload: it is the customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("connection", &self.connection)
            .field("work_item_type", &self.work_item_type)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// What one delivery did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The alert's title.
    pub title: String,
    /// Name of the alert rule; empty when there is none, and of deliveries from before it was kept, as all that follows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// What the alert said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AlertState>,
    /// How bad it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Computers and resources that it named, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configuration_items: Vec<String>,
    /// Work items created.
    pub created: u32,
    /// Work items changed: noted, resolved, reopened.
    pub updated: u32,
    /// Parts that were already reflected, so that nothing was done.
    pub duplicates: u32,
    /// Numbers of the work items touched.
    pub work_items: Vec<String>,
    /// Links to them for people, by number, as far as known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub work_item_urls: BTreeMap<String, String>,
    /// What a person should know though it worked.
    pub remarks: Vec<String>,
}

/// Configuration items that a [`Summary`] names at most.
const NAMED: usize = 20;

impl Summary {
    /// What is known before anything is done: whom `alert` speaks of.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        Self {
            title: alert.title.clone(),
            rule: alert.rule.clone(),
            state: Some(alert.state),
            severity: alert.severity,
            configuration_items: alert.configuration_items.iter().take(NAMED).cloned().collect(),
            ..Self::default()
        }
    }
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The work item says what the alert says.
    Done(Summary),
    /// Again at this instant.
    RetryAt {
        /// When.
        due: Timestamp,
        /// Why.
        cause: String,
        /// False when the attempt does not count: the connection as a whole waits, or another worker holds the correlation.
        counts: bool,
    },
    /// Cannot succeed without a person.
    DeadLetter {
        /// Why.
        cause: String,
        /// What to do.
        remedy: String,
    },
}
