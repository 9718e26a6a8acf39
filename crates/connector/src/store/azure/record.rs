//! A delivery as it stands in its blob, the few members that a listing shows, and the names of blobs. Unfinished deliveries are in
//! `open/`, and what stands there is true; finished ones are moved to `done/` or `dead/`, where it is the newest that comes first.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::{byte_serialize, parse};
use uuid::Uuid;

use super::blobs::Shown;
use crate::delivery::{Delivery, DeliveryId, Source, Summary};
use crate::route::Choices;
use crate::store::outcome::Outcome;
use crate::store::{Leased, Listed, Status, StoreError};
use crate::telemetry::TraceContext;
use crate::work_item::WorkItemType;

/// Where a delivery's blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Open,
    Done,
    Dead,
}

impl Place {
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Open => "open/",
            Self::Done => "done/",
            Self::Dead => "dead/",
        }
    }

    /// The blob's name. Ids sort by time; among the finished they are turned round, so that a listing begins with the newest.
    pub(super) fn name(self, id: DeliveryId) -> String {
        match self {
            Self::Open => format!("{}{}", self.prefix(), id.0),
            Self::Done | Self::Dead => format!("{}{:032x}", self.prefix(), !id.0.as_u128()),
        }
    }

    fn id(self, name: &str) -> Option<DeliveryId> {
        let rest = name.strip_prefix(self.prefix())?;
        Some(DeliveryId(match self {
            Self::Open => rest.parse().ok()?,
            Self::Done | Self::Dead => Uuid::from_u128(!u128::from_str_radix(rest, 16).ok()?),
        }))
    }
}

/// What a person can do about a delivery that cannot be read.
const UNREADABLE: &str = "start the version of the connector that wrote it, or drop it with `deliveries drop`";

/// Folder of payloads that are too large to be written again at every step.
pub(super) const PAYLOADS: &str = "payload/";

/// Where the payload is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Payload {
    /// Forgotten.
    #[default]
    None,
    /// Here.
    Text(String),
    /// In the blob of this name.
    Blob(String),
}

/// The document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: DeliveryId,
    pub(super) connection: String,
    pub(super) work_item_type: WorkItemType,
    pub(super) choices: Choices,
    pub(super) source: Source,
    pub(super) accepted_at: Timestamp,
    pub(super) since: Timestamp,
    pub(super) status: Status,
    pub(super) due: Timestamp,
    pub(super) attempts: u32,
    /// Proves who has it; empty when nobody does.
    #[serde(default)]
    pub(super) receipt: String,
    #[serde(default)]
    pub(super) cause: String,
    #[serde(default)]
    pub(super) remedy: String,
    #[serde(default)]
    pub(super) summary: Option<Summary>,
    /// Whether it was a dead letter before.
    #[serde(default)]
    pub(super) redriven: bool,
    /// How often the Functions host gave it up.
    #[serde(default)]
    pub(super) given_up: u32,
    /// Here and not in the message, which only says that it is time to look.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "TraceContext::stored",
        deserialize_with = "TraceContext::lenient"
    )]
    pub(super) trace: Option<TraceContext>,
    pub(super) payload: Payload,
}

impl Record {
    pub(super) fn new(delivery: &Delivery, payload: Payload) -> Self {
        Self {
            id: delivery.id,
            connection: delivery.connection.clone(),
            work_item_type: delivery.work_item_type,
            choices: delivery.choices.clone(),
            source: delivery.source,
            accepted_at: delivery.accepted_at,
            since: delivery.accepted_at,
            status: Status::Waiting,
            due: delivery.accepted_at,
            attempts: 0,
            receipt: String::new(),
            cause: String::new(),
            remedy: String::new(),
            summary: None,
            redriven: false,
            given_up: 0,
            trace: delivery.trace.clone(),
            payload,
        }
    }

    pub(super) fn read(bytes: &Bytes) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes)
            .map_err(|error| StoreError::Damaged(format!("a delivery cannot be read ({error}); {UNREADABLE}")))
    }

    pub(super) fn bytes(&self) -> Result<Bytes, StoreError> {
        let written = serde_json::to_vec(self);
        written.map(Bytes::from).map_err(|error| StoreError::Damaged(format!("a delivery cannot be written: {error}")))
    }

    pub(super) const fn unfinished(&self) -> bool {
        matches!(self.status, Status::Waiting | Status::Working)
    }

    /// Takes what an attempt brought.
    pub(super) fn apply(&mut self, outcome: Outcome) {
        self.status = outcome.status;
        self.due = outcome.due;
        self.attempts = self.attempts.saturating_add(outcome.counts.into());
        self.receipt.clear();
        self.cause = outcome.cause;
        self.remedy = outcome.remedy;
        self.summary = outcome.summary;
    }

    /// Due now, as if it had never been tried.
    pub(super) fn renew(&mut self, now: Timestamp) {
        self.status = Status::Waiting;
        self.due = now;
        self.since = now;
        self.attempts = 0;
        self.given_up = 0;
        self.redriven = true;
        self.receipt.clear();
        self.cause.clear();
        self.remedy.clear();
    }

    pub(super) fn leased(&self, payload: Bytes) -> Leased {
        let delivery = Delivery {
            id: self.id,
            connection: self.connection.clone(),
            work_item_type: self.work_item_type,
            choices: self.choices.clone(),
            source: self.source,
            accepted_at: self.accepted_at,
            trace: self.trace.clone(),
            payload,
        };
        Leased { delivery, attempts: self.attempts, since: self.since, receipt: self.receipt.clone() }
    }

    pub(super) fn listed(&self) -> Listed {
        Listed {
            id: self.id,
            connection: self.connection.clone(),
            work_item_type: self.work_item_type.name().to_owned(),
            status: self.status,
            accepted_at: self.accepted_at,
            due: self.due,
            attempts: self.attempts,
            cause: self.cause.clone(),
            remedy: self.remedy.clone(),
            summary: self.summary.clone(),
        }
    }

    /// What a listing shows of it.
    pub(super) fn shown(&self) -> Shown {
        let status = match self.status {
            Status::Waiting => "waiting",
            Status::Working => "working",
            Status::Done => "done",
            Status::DeadLetter => "dead_letter",
        };
        Shown::from([
            ("status".to_owned(), status.to_owned()),
            ("connection".to_owned(), byte_serialize(self.connection.as_bytes()).collect()),
            ("due".to_owned(), self.due.to_string()),
            ("accepted".to_owned(), self.accepted_at.to_string()),
        ])
    }
}

/// A delivery as a listing shows it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: DeliveryId,
    pub(super) status: Status,
    pub(super) connection: String,
    pub(super) due: Timestamp,
    pub(super) accepted_at: Timestamp,
}

impl Entry {
    /// `None` when it is none of ours.
    pub(super) fn read(place: Place, name: &str, shown: &Shown) -> Option<Self> {
        let status = match shown.get("status")?.as_str() {
            "waiting" => Status::Waiting,
            "working" => Status::Working,
            "done" => Status::Done,
            "dead_letter" => Status::DeadLetter,
            _ => return None,
        };
        let connection = parse(shown.get("connection")?.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default();
        let (due, accepted_at) = (shown.get("due")?.parse().ok()?, shown.get("accepted")?.parse().ok()?);
        Some(Self { id: place.id(name)?, status, connection, due, accepted_at })
    }

    pub(super) const fn unfinished(&self) -> bool {
        matches!(self.status, Status::Waiting | Status::Working)
    }

    /// All that can be said of it when its blob is damaged.
    pub(super) fn unreadable(&self, why: &str) -> Listed {
        Listed {
            id: self.id,
            connection: self.connection.clone(),
            work_item_type: String::new(),
            status: self.status,
            accepted_at: self.accepted_at,
            due: self.due,
            attempts: 0,
            cause: why.to_owned(),
            remedy: UNREADABLE.to_owned(),
            summary: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::tests::delivery;

    #[test]
    fn a_record_without_a_trace_or_with_garbage_for_one_is_read_all_the_same() {
        let record = Record::new(&delivery(7), Payload::None);
        let written: Value = serde_json::from_slice(&record.bytes().unwrap()).unwrap();
        let read = |trace: Option<Value>| {
            let mut document = written.clone();
            let members = document.as_object_mut().unwrap();
            members.remove("trace");
            members.extend(trace.map(|trace| ("trace".to_owned(), trace)));
            Record::read(&Bytes::from(document.to_string())).unwrap().leased(Bytes::new()).delivery.trace
        };
        let kept = delivery(7).trace.unwrap();
        assert_eq!(written["trace"], kept.text());
        assert_eq!(read(Some(json!(kept.text()))), Some(kept));
        for garbage in [None, Some(Value::Null), Some(json!("00-no")), Some(json!(7)), Some(json!({ "a": [1] }))] {
            assert_eq!(read(garbage), None);
        }
        let none = Record::new(&Delivery { trace: None, ..delivery(7) }, Payload::None);
        assert!(!String::from_utf8_lossy(&none.bytes().unwrap()).contains("trace"));
    }
}
