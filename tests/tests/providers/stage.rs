//! The stage of these stories: one connection `it` to the subject's tool.

use std::sync::Arc;
use std::time::Duration;

use connector::clock::Clock;
use connector::provider::{Provider, Surroundings, build};
use connector::store::{Listed, RecordTable};
use emulators::desk::{Desk, Edit, Kind, Seen, Trouble};
use serde_json::Value;
use tests::stage::begin;

use crate::subject::Subject;

pub(crate) use tests::alerts::metric;
pub(crate) use tests::stage::{dead, did, remarks};

/// Where alerts go.
pub(crate) const INCIDENT: &str = "/api/alerts/it/incident";

/// The stage.
pub(crate) struct Stage(tests::stage::Stage<Arc<dyn Desk>>);

impl std::ops::Deref for Stage {
    type Target = tests::stage::Stage<Arc<dyn Desk>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Stage {
    /// With the minimal settings.
    pub(crate) async fn new(subject: &Subject) -> Self {
        Self::with(subject, "").await
    }

    /// With `more` settings of the connection, as single lines.
    pub(crate) async fn with(subject: &Subject, more: &str) -> Self {
        let opened = (subject.open)(begin().as_second()).await;
        let url = opened.desk.url();
        let own = opened.settings;
        let intake = "[intake]\napi_keys = [\"$INTAKE_KEY\"]\n";
        let settings = format!("[connections.it]\nurl = \"{url}\"\n{more}\n{own}\n{intake}");
        Self(tests::stage::Stage::begun(opened.desk, "it", &settings, opened.secrets).await)
    }

    /// The same tool and settings, all memory of the connector gone.
    pub(crate) async fn forgetful(self) -> Self {
        Self(self.0.forgetful().await)
    }

    /// The connector starts again with its memory.
    pub(crate) async fn restarted(self) -> Self {
        Self(self.0.restarted().await)
    }

    /// Posts an alert and waits for its outcome.
    pub(crate) async fn told(&self, alert: &Value) -> Listed {
        self.told_to(INCIDENT, alert).await
    }

    /// Posts and does not wait.
    pub(crate) async fn posted(&self, alert: &Value) -> String {
        self.post(INCIDENT, alert).await
    }

    /// Minutes pass on both clocks.
    pub(crate) fn minutes(&self, minutes: u64) {
        self.advance(Duration::from_secs(60 * minutes));
    }

    /// Our incidents, oldest first.
    pub(crate) fn incidents(&self) -> Vec<Seen> {
        let mut all = self.tool.all(Kind::Incident);
        all.retain(|incident| incident.key.starts_with("az-"));
        all
    }

    /// The one incident there is.
    pub(crate) fn incident(&self) -> Seen {
        let mut all = self.incidents();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// A person changes an incident.
    pub(crate) fn edit(&self, incident: &Seen, edit: Edit) {
        self.tool.edit(Kind::Incident, &incident.id, &edit);
    }

    /// Something goes wrong, which this tool must have.
    pub(crate) fn strike(&self, trouble: Trouble) {
        assert!(self.tool.strike(&trouble), "the tool says that it has no such trouble: {trouble:?}");
    }

    /// The provider by itself.
    pub(crate) fn provider(&self) -> Arc<dyn Provider> {
        let surroundings = Surroundings { secrets: self.vault.clone(), clock: Arc::clone(&self.clock) as Arc<dyn Clock> };
        build("it", &self.settings.connections["it"], &surroundings).unwrap()
    }

    /// The newest row of each record of a kind, by number.
    pub(crate) async fn newest(&self, kind: &str) -> std::collections::BTreeMap<String, Value> {
        let mut rows = self.rows(RecordTable::ServiceDesk).await;
        rows.retain(|row| row["ServiceDeskWorkItemType_s"] == kind);
        rows.sort_by_key(|row| text(row, "TimeGenerated"));
        rows.into_iter().map(|row| (text(&row, "ServiceDeskId_s"), row)).collect()
    }
}

/// A column of a row; empty when it is not there.
pub(crate) fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

/// The same with another severity.
pub(crate) fn severe(rule: &str, episode: u32, severity: &str) -> Value {
    let mut alert = metric(rule, episode, false);
    alert["data"]["essentials"]["severity"] = severity.into();
    alert
}
