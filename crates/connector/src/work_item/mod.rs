//! What the ITSM tool shall say: the draft of a work item, a change to one, and what the tool answered. Provider-neutral;
//! only field *names and values* in maps belong to a tool.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Severity;

/// A kind of record the connector can write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkItemType {
    /// An incident.
    #[default]
    Incident,
    /// A raw event (ServiceNow `em_event`): one record per notification, never updated.
    Event,
    /// An alert record of the ITSM tool (ServiceNow `em_alert`).
    Alert,
}

impl WorkItemType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Incident, Self::Event, Self::Alert];

    /// The name used in URLs, settings and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Event => "event",
            Self::Alert => "alert",
        }
    }
}

impl fmt::Display for WorkItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for WorkItemType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}

/// Our name for a work item, written into the record itself so that it can be found again.
///
/// `correlation` is 32 hex digits; `generation` counts work items for the same correlation over time, from 1: a firing after
/// the reopen window, or after a person closed the record, starts the next one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorkItemKey {
    /// 32 hex digits.
    pub correlation: String,
    /// From 1.
    pub generation: u32,
}

impl WorkItemKey {
    /// Reads what `Display` wrote; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (correlation, generation) = text.strip_prefix("az-")?.split_once('-')?;
        let hex = correlation.len() == 32 && correlation.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = !generation.is_empty() && generation.bytes().all(|byte| byte.is_ascii_digit());
        let generation = generation.parse().ok().filter(|_| hex && digits)?;
        Some(Self { correlation: correlation.to_ascii_lowercase(), generation })
    }
}

impl fmt::Display for WorkItemKey {
    /// `az-<correlation>-<generation>`: at most 46 characters, safe in every query language.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "az-{}-{}", self.correlation, self.generation)
    }
}

/// A configuration item of the ITSM tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationItem {
    /// The tool's own id (`sys_id`).
    pub id: String,
    /// Its name there.
    pub name: String,
    /// Its class or table there.
    pub class: String,
}

/// A work item to be created: everything the provider needs, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// What to create.
    pub kind: WorkItemType,
    /// Our name for it.
    pub key: WorkItemKey,
    /// One line. The provider cuts it to its field's own length.
    pub title: String,
    /// Plain text. The provider cuts it to its field's own length.
    pub description: String,
    /// Azure's severity; the provider maps it.
    pub severity: Severity,
    /// Whether this notification says that it is over (matters for events only).
    pub resolved: bool,
    /// Fields by the tool's own names: mapping rendered, then route or request choices. They win over what the provider
    /// derives from title, description and severity, and over the template.
    pub fields: BTreeMap<String, String>,
    /// Name of a template kept in the ITSM tool.
    pub template: Option<String>,
    /// The configuration item to link.
    pub configuration_item: Option<ConfigurationItem>,
    /// What the alert is about, in words: node of an event.
    pub resource: String,
    /// Metric or measure of an event; may be empty.
    pub measure: String,
    /// The alert's rule name; may be empty.
    pub rule: String,
    /// When the thing happened.
    pub occurred_at: Timestamp,
    /// The earlier work item this one follows, as its number.
    pub follows: Option<String>,
}

/// Where a record stands, whatever its tool calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Being worked on.
    Open,
    /// Resolved; can be reopened.
    Resolved,
    /// Closed or cancelled: never touched again.
    Closed,
}

/// A record as the ITSM tool has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    /// What it is.
    pub kind: WorkItemType,
    /// The key the record carries, read back from it.
    pub key: WorkItemKey,
    /// The tool's own id (`sys_id`).
    pub id: String,
    /// The number people use (`INC0010042`).
    pub number: String,
    /// A link for people.
    pub url: String,
    /// Where it stands.
    pub phase: Phase,
    /// The tool's own name of the state.
    pub state: String,
    /// When it was resolved or closed, as far as the tool says.
    pub resolved_at: Option<Timestamp>,
    /// Current values of the fields that the connector writes, by the tool's own names.
    pub values: BTreeMap<String, String>,
}

/// What a write left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The record after the write, as the tool returned it.
    pub item: WorkItem,
    /// The fields that were sent, as sent.
    pub sent: BTreeMap<String, String>,
    /// Fields that the tool did not keep as sent, as (field, why or what it holds now).
    pub dropped: Vec<(String, String)>,
    /// What a person should know though the write succeeded: a template value skipped, a close code replaced, ...
    pub remarks: Vec<String>,
}

/// A step in the life of a work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    /// To resolved, with close code and notes.
    Resolve,
    /// From resolved back to work.
    Reopen,
}

/// A change to an existing work item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Step in its life, if any.
    pub transition: Option<Transition>,
    /// Work note to append. It ends with a marker line that names the event, so that a repeated append can be seen.
    pub note: Option<String>,
    /// Close notes of a resolution; its code stands in the connection's policy.
    pub close_notes: Option<String>,
    /// Fields to set, by the tool's own names. The engine has already left out those that a person changed.
    pub fields: BTreeMap<String, String>,
}

pub mod notes;
pub mod render;
pub mod request;
mod sample;
mod template;
