//! Values of arguments that are words of the domain, or have a form of their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use connector::alert::Severity;
use connector::clock::earlier;
use connector::route::{Choices, Per};
use connector::rows::RecordKind;
use connector::settings::span::Span;
use connector::store::Status;
use connector::work_item::WorkItemType;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as SpanError, StrDeserializer};
use url::Url;
use uuid::Uuid;

use super::ChoiceArguments;
use crate::ending::Failure;

/// A kind of work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TypeValue {
    /// An incident
    Incident,
    /// A raw event: one record for each notification, never changed
    Event,
    /// An alert record of the ITSM tool
    Alert,
}

impl From<TypeValue> for WorkItemType {
    fn from(value: TypeValue) -> Self {
        match value {
            TypeValue::Incident => Self::Incident,
            TypeValue::Event => Self::Event,
            TypeValue::Alert => Self::Alert,
        }
    }
}

/// How many work items one alert makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PerValue {
    /// One for each alert: same rule, same resource, same dimensions
    Alert,
    /// One for each alert rule
    Rule,
    /// One for each configuration item the alert names
    Ci,
    /// One for each row of the alert's search result
    Row,
}

impl From<PerValue> for Per {
    fn from(value: PerValue) -> Self {
        match value {
            PerValue::Alert => Self::Alert,
            PerValue::Rule => Self::Rule,
            PerValue::Ci => Self::Ci,
            PerValue::Row => Self::Row,
        }
    }
}

impl PerValue {
    /// As a query parameter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Rule => "rule",
            Self::Ci => "ci",
            Self::Row => "row",
        }
    }
}

/// Azure's severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityValue {
    /// Critical
    Sev0,
    /// Error
    Sev1,
    /// Warning
    Sev2,
    /// Informational
    Sev3,
    /// Verbose
    Sev4,
}

impl From<SeverityValue> for Severity {
    fn from(value: SeverityValue) -> Self {
        match value {
            SeverityValue::Sev0 => Self::Sev0,
            SeverityValue::Sev1 => Self::Sev1,
            SeverityValue::Sev2 => Self::Sev2,
            SeverityValue::Sev3 => Self::Sev3,
            SeverityValue::Sev4 => Self::Sev4,
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusValue {
    /// Waits for its time or for a worker
    Waiting,
    /// Is being made
    Working,
    /// Finished well
    Done,
    /// Needs a person
    #[value(alias = "dead_letter")]
    DeadLetter,
}

impl From<StatusValue> for Status {
    fn from(value: StatusValue) -> Self {
        match value {
            StatusValue::Waiting => Self::Waiting,
            StatusValue::Working => Self::Working,
            StatusValue::Done => Self::Done,
            StatusValue::DeadLetter => Self::DeadLetter,
        }
    }
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// connector.toml
    Settings,
    /// The body of POST /api/work-items/CONNECTION/TYPE
    WorkItem,
    /// The tables that a Log Analytics workspace needs, with their columns
    Tables,
    /// The stream declarations that a data collection rule needs
    Streams,
    /// The members of the column `Details_s`, which queries may use
    Details,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordsOf {
    /// Incidents
    Incident,
    /// Change requests
    #[value(alias = "change_request")]
    ChangeRequest,
    /// The connector's own log
    Log,
}

impl RecordsOf {
    /// The kind of record; nothing for the log.
    #[must_use]
    pub const fn kind(self) -> Option<RecordKind> {
        match self {
            Self::Incident => Some(RecordKind::Incident),
            Self::ChangeRequest => Some(RecordKind::ChangeRequest),
            Self::Log => None,
        }
    }
}

/// `7d`, `2026-03-02` or `2026-03-02T04:30:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// That instant.
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span: StrDeserializer<'_, SpanError> = text.into_deserializer();
        if let Ok(span) = Span::deserialize(span) {
            return Ok(Self::Ago(span.get()));
        }
        let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
        text.parse().ok().or_else(midnight).map(Self::At).ok_or_else(|| {
            "write how long ago (30m, 24h, 7d), a day (2026-03-02) or an instant (2026-03-02T04:30:00Z), UTC".to_owned()
        })
    }
}

impl Since {
    /// The instant, seen from `now`.
    #[must_use]
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(length) => earlier(now, length),
            Self::At(instant) => instant,
        }
    }
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The ITSM tool's own name of the field.
    pub name: String,
    /// Its value; may be empty.
    pub value: String,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok(Self { name: name.trim().to_owned(), value: value.to_owned() }),
            _ => Err("write NAME=VALUE, for example assignment_group=Network".to_owned()),
        }
    }
}

/// `CONNECTION`, `CONNECTION/TYPE` or `ROUTE`. Whether a name is a connection or a route only the connector knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name of a connection, or of a route when there is no type.
    pub name: String,
    /// The work item type, as given.
    pub kind: Option<String>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = text.split_once('/').map_or((text, None), |(name, kind)| (name, Some(kind)));
        // Names of connections and routes are of these characters, so nothing else can be meant.
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if plain(name) && kind.is_none_or(plain) {
            Ok(Self { name: name.to_owned(), kind: kind.map(str::to_owned) })
        } else {
            Err("write the name of a connection or route, or CONNECTION/TYPE, for example snow/incident".to_owned())
        }
    }
}

/// An address and port to listen on.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port up to 65535, for example 127.0.0.1:7071 or [::1]:7071".to_owned())
}

/// The address of a running connector.
pub fn url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| "write it with http:// or https://, for example http://127.0.0.1:7071".to_owned())
}

/// The id of a delivery.
pub fn id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "write it as `itsm-connector deliveries list` or an answer of the intake shows it".to_owned())
}

/// `fields` by name; a field that is given twice is wrong usage.
pub fn fields(fields: &[Field]) -> Result<BTreeMap<String, String>, Failure> {
    let mut by_name = BTreeMap::new();
    for Field { name, value } in fields {
        if by_name.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::Wrong(format!("--field {name} is given twice; give each field once")));
        }
    }
    Ok(by_name)
}

impl ChoiceArguments {
    /// As the rest of the connector knows them.
    pub fn choices(&self) -> Result<Choices, Failure> {
        Ok(Choices {
            per: self.per.map(Per::from).unwrap_or_default(),
            template: self.template.clone(),
            fields: fields(&self.fields)?,
        })
    }
}
