//! What Azure posted, after classification and normalisation. Everything downstream works on [`Alert`]; only this room
//! knows Azure's payloads. Whatever JSON object arrives becomes an alert, at worst a generic one.

mod body;
pub(crate) mod classify;
mod common;
mod conditions;
mod context;
mod dates;
mod html;
pub(crate) mod keys;
mod legacy;
pub(crate) mod lenient;
pub(crate) mod log_record;
mod parts;
mod reading;
pub(crate) mod rows;
mod severity;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod unknown;

use std::collections::BTreeMap;

pub use parts::Part;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The payload's kind, decided by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Metric alert, static or dynamic threshold.
    Metric,
    /// Availability test.
    Availability,
    /// Log search alert of any generation.
    Log,
    /// Activity log: administrative, policy, autoscale, security, recommendation.
    ActivityLog,
    /// Service Health.
    ServiceHealth,
    /// Resource Health.
    ResourceHealth,
    /// Smart detector of Application Insights.
    SmartDetector,
    /// Prometheus rule.
    Prometheus,
    /// Cost budget.
    Budget,
    /// Autoscale notification (not an alert).
    Autoscale,
    /// Made by hand from a log record.
    LogRecord,
    /// Any other JSON object.
    Unknown,
}

/// `fired` or `resolved`, after correction for kinds whose "Fired" means "over".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// The condition holds.
    Fired,
    /// The condition is over.
    Resolved,
}

/// Azure's severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// Critical.
    Sev0,
    /// Error.
    Sev1,
    /// Warning.
    Sev2,
    /// Informational.
    Sev3,
    /// Verbose.
    Sev4,
}

/// A link for the person who reads the work item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is behind it.
    pub label: String,
    /// Absolute URL.
    pub url: String,
}

/// A resource the alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// ARM id as Azure sent it.
    pub id: String,
    /// Last segment of the id.
    pub name: String,
}

/// One condition of the rule and what was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A sentence: "Percentage CPU (average over 5 minutes) was 97.3, greater than 90".
    pub sentence: String,
    /// Metric, measure column or query.
    pub measure: String,
    /// As Azure spells it (`GreaterThan`).
    pub operator: String,
    /// Threshold as text.
    pub threshold: String,
    /// Measured value as text.
    pub value: String,
    /// Dimensions as (name, value), in the payload's order.
    pub dimensions: Vec<(String, String)>,
}

/// An alert, whatever its schema was.
///
/// Templates see this structure as `alert`, so its field names are part of the settings' contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// The payload's kind.
    pub kind: AlertKind,
    /// Names this notification: the same for a redelivery, another for every new one. 32 hex digits.
    pub idempotency_key: String,
    /// Names the thing that is wrong (rule + resource + dimensions, or what replaces it by kind): the same for every firing
    /// and for the resolution. 32 hex digits. A custom property `itsm_correlation_key` overrides it.
    pub correlation_key: String,
    /// Names the rule: `per = "rule"` correlates by it. 32 hex digits.
    pub rule_key: String,
    /// Fired or resolved.
    pub state: AlertState,
    /// Orders notifications of one correlation key. For kinds with an alert instance: when that instance fired, the same in
    /// Fired and Resolved. For kinds that send one notification per transition: when this one was sent.
    pub episode_at: Timestamp,
    /// Whether Azure will say when it is over.
    pub stateful: bool,
    /// Severity; for kinds without one the nearest equal, else nothing.
    pub severity: Option<Severity>,
    /// One line, never empty.
    pub title: String,
    /// What a person needs to act, as plain text, never empty.
    pub body: String,
    /// The rule's own description; may be empty.
    pub description: String,
    /// Rule name; empty when unknown.
    pub rule: String,
    /// Rule ARM id; empty when unknown.
    pub rule_id: String,
    /// `essentials.alertId`; empty when unknown.
    pub alert_id: String,
    /// `Platform`, `Log Alerts V2`, ...; empty when unknown.
    pub monitoring_service: String,
    /// When it fired.
    pub fired_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// Resources the alert is about.
    pub resources: Vec<Resource>,
    /// Computers and resources as names to look up in the CMDB, most specific first, without repeats.
    pub configuration_items: Vec<String>,
    /// Conditions and measured values.
    pub conditions: Vec<Condition>,
    /// Rows of the search result, when the payload holds them.
    pub rows: Vec<BTreeMap<String, String>>,
    /// Links for the reader.
    pub links: Vec<Link>,
    /// Custom properties of the rule.
    pub custom: BTreeMap<String, String>,
    /// The payload as it came. Not part of `Debug` output of deliveries, never logged.
    pub raw: serde_json::Value,
}

/// Why a body is not an alert at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAlert {
    /// Not JSON: truncated, not UTF-8, nested too deep, or something else entirely.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("the body is JSON but not an object; Azure Monitor posts one JSON object per alert")]
    NotAnObject,
}
