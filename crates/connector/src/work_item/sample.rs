//! Alerts that have one of everything, to try templates on before the first real alert comes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::alert::{Alert, AlertKind, AlertState, Condition, Link, Resource, Severity};

/// A value that reads as text and as a number, so that a template may treat it as either.
pub(super) const VALUE: &str = "1";

/// An alert with every field filled.
pub(super) fn alert(state: AlertState) -> Alert {
    let text = |text: &str| text.to_owned();
    let id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sample/providers/Microsoft.Compute/virtualMachines/web01";
    Alert {
        kind: AlertKind::Metric,
        idempotency_key: "0".repeat(32),
        correlation_key: "1".repeat(32),
        rule_key: "2".repeat(32),
        state,
        episode_at: Timestamp::UNIX_EPOCH,
        stateful: true,
        severity: Some(Severity::Sev2),
        title: text("Percentage CPU on web01"),
        body: text("Percentage CPU was 97.3, greater than 90"),
        description: text("Processor load is high"),
        rule: text("cpu-high"),
        rule_id: text("/subscriptions/00000000-0000-0000-0000-000000000000/providers/microsoft.insights/metricAlerts/cpu-high"),
        alert_id: text("/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.AlertsManagement/alerts/sample"),
        monitoring_service: text("Platform"),
        fired_at: Some(Timestamp::UNIX_EPOCH),
        resolved_at: (state == AlertState::Resolved).then_some(Timestamp::UNIX_EPOCH),
        resources: vec![Resource { id: text(id), name: text("web01") }],
        configuration_items: vec![text("web01")],
        conditions: vec![Condition {
            sentence: text("Percentage CPU was 97.3, greater than 90"),
            measure: text("Percentage CPU"),
            operator: text("GreaterThan"),
            threshold: text("90"),
            value: text("97.3"),
            dimensions: vec![(text("Computer"), text("web01"))],
        }],
        rows: vec![BTreeMap::from([(text("Computer"), text("web01"))])],
        links: vec![Link { label: text("Alert in the Azure portal"), url: text("https://portal.azure.com/") }],
        custom: BTreeMap::new(),
        raw: serde_json::json!({}),
    }
}

/// A map that has every key: stands for custom properties and columns, whose names only the alert rule knows.
#[derive(Debug)]
pub(super) struct EveryKey;

impl Object for EveryKey {
    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from(VALUE))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["name"])
    }
}
