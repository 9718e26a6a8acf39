//! The way back, from the ITSM tools to the workspace, as an operator sees it from outside: where it stands, and an order to go
//! on at once. Who does it stands behind [`Records`]; here is only what is asked and answered.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use connector::configuration::{Configuration, Finding, Gap};
use connector::rows::RecordKind;
use connector::store::StoreError;
use connector::sync::{FirstLoad, Order, Summary};
use jiff::Timestamp;
use serde::Serialize;

/// Who brings records and configuration of every connection.
#[async_trait]
pub trait Records: Send + Sync + Debug {
    /// Where records go, for people; nothing when nobody brings any in this process.
    fn sink(&self) -> Option<String>;

    /// Where the connection with this name stands.
    async fn state(&self, connection: &str) -> Result<RecordsState, StoreError>;

    /// Refreshes the configuration of the connection with this name, then syncs its records. Failures of the ITSM tool and of
    /// the sink are part of the answer. What was begun goes on when the caller goes away.
    async fn sync_now(&self, connection: &str, order: Order) -> Result<SyncNow, StoreError>;
}

/// Nobody brings records in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecords;

#[async_trait]
impl Records for NoRecords {
    fn sink(&self) -> Option<String> {
        None
    }

    async fn state(&self, _: &str) -> Result<RecordsState, StoreError> {
        Ok(RecordsState::default())
    }

    async fn sync_now(&self, _: &str, _: Order) -> Result<SyncNow, StoreError> {
        Err(StoreError::Unavailable("no records are synced by this process".to_owned()))
    }
}

/// Where one connection stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordsState {
    /// Each kind of record that is synced.
    pub sync: Vec<KindState>,
    /// The copy of the tool's configuration in use; nothing when it was never read.
    pub configuration: Option<ConfigurationState>,
}

/// Where records of one kind stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindState {
    /// Which records.
    pub kind: RecordKind,
    /// Every change up to this instant is in the table; nothing until the first increment is done.
    pub current_to: Option<Timestamp>,
    /// Seconds since then.
    pub lag_seconds: Option<u64>,
    /// How far the first load is; nothing when it is done or not begun.
    pub first_load: Option<FirstLoad>,
    /// The run that is under way.
    pub running: Option<UnderWay>,
    /// Why the last run ended early; empty when it did not.
    pub cause: String,
    /// What to do; empty when nothing.
    pub remedy: String,
}

/// A run that holds the lease on one kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// Name of the connection.
    pub connection: String,
    /// Which records.
    pub kind: RecordKind,
    /// The run.
    pub run_id: String,
    /// When it began.
    pub since: Timestamp,
    /// Its lease ends then unless it gives another sign of life.
    pub until: Timestamp,
}

/// The copy of the tool's configuration in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigurationState {
    /// When it was read.
    pub read_at: Timestamp,
    /// Seconds since then.
    pub age_seconds: u64,
    /// How many references of the settings point at nothing; `refresh` names each.
    pub findings: usize,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// What `POST /api/connections/{name}/sync` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncNow {
    /// Name of the connection.
    pub connection: String,
    /// What came of the refresh.
    pub refresh: Option<RefreshReport>,
    /// What came of the sync, for each kind that this call synced.
    pub sync: Vec<Summary>,
    /// Kinds that another run was already syncing; it goes on.
    pub under_way: Vec<UnderWay>,
    /// Whether there is more to do than the time of a call allows; it goes on by schedule.
    pub more: bool,
}

/// What came of a refresh of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshReport {
    /// Name of the connection.
    pub connection: String,
    /// The run, as the connector's log names it.
    pub run_id: String,
    /// When the copy in use was read; nothing when there is none.
    pub read_at: Option<Timestamp>,
    /// Seconds since then.
    pub age_seconds: Option<u64>,
    /// Active templates; nothing when they may not be read.
    pub templates: Option<usize>,
    /// Choice lists.
    pub choice_lists: Option<usize>,
    /// Active groups; nothing when they may not be read.
    pub groups: Option<usize>,
    /// Fields of all tables together; nothing when they may not be read.
    pub fields: Option<usize>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// References of the settings that point at nothing.
    pub findings: Vec<Finding>,
    /// What is different from the last copy, in few words.
    pub changes: Vec<String>,
    /// Why nothing could be read this time; empty when it could.
    pub cause: String,
    /// What to do; empty when nothing.
    pub remedy: String,
}

impl RefreshReport {
    /// The outcome with `configuration` in use, which is `age_seconds` old.
    #[must_use]
    pub fn of(connection: &str, configuration: Option<&Configuration>, age_seconds: Option<u64>) -> Self {
        let count = |count: fn(&Configuration) -> Option<usize>| configuration.and_then(count);
        Self {
            connection: connection.to_owned(),
            run_id: String::new(),
            read_at: configuration.map(|copy| copy.read_at),
            age_seconds,
            templates: count(|copy| copy.templates.as_ref().map(Vec::len)),
            choice_lists: count(|copy| Some(copy.choices.values().map(BTreeMap::len).sum())),
            groups: count(|copy| copy.groups.as_ref().map(Vec::len)),
            fields: count(|copy| copy.fields.as_ref().map(|tables| tables.values().map(BTreeMap::len).sum())),
            gaps: configuration.map(|copy| copy.gaps.clone()).unwrap_or_default(),
            findings: Vec::new(),
            changes: Vec::new(),
            cause: String::new(),
            remedy: String::new(),
        }
    }
}
