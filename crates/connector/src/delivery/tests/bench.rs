//! The work bench of the stories.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::tool::Tool;
use crate::clock::{Chance, Clock, ManualClock};
use crate::delivery::engine::Engine;
use crate::delivery::gate::Gate;
use crate::delivery::line::Line;
use crate::delivery::{Delivery, DeliveryId, Source, Summary, Verdict};
use crate::journal::{Entry, Journal};
use crate::metrics::Metrics;
use crate::route::Choices;
use crate::settings::{Connection, DeliverySettings};
use crate::store::Leased;
use crate::telemetry::Tracing;
use crate::work_item::WorkItemType;
use crate::work_item::render::Renderer;

pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) tool: Arc<Tool>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) chance: Arc<Chance>,
    pub(super) notes: Arc<Notes>,
}

/// What the engine told.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Vec<Entry>>);

impl Notes {
    /// Entries of one operation, in order.
    pub(super) fn of(&self, operation: &str) -> Vec<Entry> {
        self.0.lock().unwrap().iter().filter(|entry| entry.operation == operation).cloned().collect()
    }
}

impl Journal for Notes {
    fn record(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }
}

pub(super) fn start() -> Timestamp {
    "2026-03-02T04:00:00Z".parse().unwrap()
}

/// `minute` minutes after the start.
pub(super) fn minute(minute: i64) -> Timestamp {
    start() + jiff::SignedDuration::from_mins(minute)
}

pub(super) fn bench(seed: u64, settings: &str) -> Bench {
    let clock = Arc::new(ManualClock::new(start()));
    let chance = Arc::new(Chance::seeded(seed));
    let tool = Tool::new(chance.clone(), clock.clone());
    let line = line("snow", settings, &tool);
    let notes = Arc::new(Notes::default());
    let engine = Engine {
        lines: BTreeMap::from([("snow".to_owned(), Arc::new(line))]),
        state: super::store(),
        settings: DeliverySettings::default(),
        clock: clock.clone(),
        chance: chance.clone(),
        journal: notes.clone(),
        tracing: Tracing::off(clock.clone(), chance.clone()),
        metrics: Metrics::default(),
    };
    Bench { engine, tool, clock, chance, notes }
}

/// A connection to `tool`, with `settings` of its own.
pub(super) fn line(name: &str, settings: &str, tool: &Arc<Tool>) -> Line {
    let text = format!(
        "provider = \"servicenow\"\nurl = \"http://127.0.0.1:1\"\nauth = {{ type = \"api_key\", key = \"$K\" }}\ntimeout = \"1s\"\n{settings}"
    );
    let connection: Connection = toml::from_str(&text).unwrap();
    Line {
        name: name.to_owned(),
        renderer: Renderer::compile(name, &connection).unwrap(),
        settings: connection,
        provider: tool.clone(),
        gate: Gate::default(),
    }
}

/// A metric alert of `rule` as Azure posts it: the episode that fired at `fired`, firing or resolved.
pub(super) fn alert(rule: &str, resolved: bool, fired: Timestamp) -> serde_json::Value {
    let condition = if resolved { "Resolved" } else { "Fired" };
    json!({
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": format!("/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/{rule}-{}", fired.as_second()),
                "alertRule": rule, "severity": "Sev2", "signalType": "Metric", "monitorCondition": condition,
                "monitoringService": "Platform",
                "alertTargetIDs": [format!("/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/{rule}")],
                "configurationItems": [rule], "firedDateTime": fired.to_string(), "description": "story",
                "essentialsVersion": "1.0", "alertContextVersion": "1.0"
            },
            "alertContext": { "conditionType": "SingleResourceMultipleMetricCriteria", "condition": { "windowSize": "PT5M", "allOf": [] } }
        }
    })
}

impl Bench {
    pub(super) fn delivery(&self, payload: &serde_json::Value) -> Delivery {
        Delivery {
            id: DeliveryId(self.chance.id(self.clock.now())),
            connection: "snow".to_owned(),
            work_item_type: WorkItemType::Incident,
            choices: Choices::default(),
            source: Source::Alert,
            accepted_at: self.clock.now(),
            trace: None,
            payload: Bytes::from(payload.to_string()),
        }
    }

    /// Delivers as the queue would, with the clock moved on to each due time, until it is done or dead.
    pub(super) async fn settle(&self, delivery: &Delivery) -> Verdict {
        let mut attempts = 0;
        loop {
            let leased = leased(delivery, attempts);
            tokio::select! {
                biased;
                () = self.tool.died.notified() => {
                    // A new process finds what the old one left when its leases have run out.
                    self.clock.advance(Duration::from_secs(30));
                }
                verdict = self.engine.deliver(&leased) => match verdict {
                    Verdict::RetryAt { due, counts, .. } => {
                        attempts += u32::from(counts);
                        let wait = crate::clock::between(self.clock.now(), due);
                        self.clock.advance(wait.max(Duration::from_millis(1)));
                    }
                    verdict => return verdict,
                },
            }
        }
    }

    pub(super) async fn done(&self, payload: &serde_json::Value) -> Summary {
        match self.settle(&self.delivery(payload)).await {
            Verdict::Done(summary) => summary,
            other => panic!("not done: {other:?}"),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.tool.records.lock().unwrap().len()
    }
}

pub(super) fn leased(delivery: &Delivery, attempts: u32) -> Leased {
    Leased { delivery: delivery.clone(), attempts, since: delivery.accepted_at, receipt: String::new() }
}
