//! The routes do to an alert what the old actions did.

use serde_json::{Value, json};

use super::{plainly, settings};
use crate::alert::{Alert, Part};
use crate::work_item::WorkItemKey;
use crate::work_item::render::{PartView, Renderer};

/// A log alert whose three rows name two computers.
fn log_alert(rule: &str, alert_id: &str) -> Alert {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alerts/synthetic_log_v2_fired.json");
    let mut payload: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let row = |computer: &str, count: u32| json!([{"name": "Computer", "value": computer}, {"name": "Count", "value": count}]);
    let essentials = &mut payload["data"]["essentials"];
    essentials["monitoringService"] = json!("Simple Log Alert");
    essentials["configurationItems"] = json!(["vm-1", "vm-2"]);
    essentials["alertRule"] = json!(rule);
    essentials["alertRuleID"] =
        json!(format!("/subscriptions/s/resourceGroups/g/providers/microsoft.insights/scheduledqueryrules/{rule}"));
    for id in ["alertId", "originAlertId"] {
        essentials[id] = json!(format!("/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/{alert_id}"));
    }
    payload["data"]["alertContext"]["condition"] = json!({"windowSize": null, "allOf": [{"searchQuery": "Heartbeat", "dimensions": null,
        "metricValue": null, "threshold": null, "event": [row("vm-1", 1), row("vm-1", 2), row("vm-2", 1)]}]});
    Alert::from_json(payload.to_string().as_bytes(), "2026-03-02T05:00:30Z".parse().unwrap()).unwrap()
}

fn parts(file: &str, receiver: &str, alert: &Alert) -> Vec<Part> {
    let migration = plainly(file);
    let settings = settings(&migration);
    alert.parts(settings.route[&migration.routed(receiver).route].choices().per)
}

#[test]
fn per_configuration_item_there_is_one_work_item_for_each_computer() {
    let parts = parts("list_kinds.json", "per computer", &log_alert("heartbeat", "1"));
    assert_eq!(parts.iter().map(|part| part.configuration_item.as_deref().unwrap()).collect::<Vec<_>>(), ["vm-1", "vm-2"]);
}

#[test]
fn per_log_entry_there_is_one_for_each_row() {
    let parts = parts("list_kinds.json", "events", &log_alert("heartbeat", "1"));
    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| part.row.is_some()));
}

#[test]
fn per_rule_two_alerts_of_a_rule_share_a_work_item_and_two_rules_do_not() {
    let key = |rule, id| {
        let parts = parts("show_fields.json", "ServiceNow incidents", &log_alert(rule, id));
        assert_eq!(parts.len(), 1);
        parts[0].correlation_key.clone()
    };
    assert_eq!(key("heartbeat", "1"), key("heartbeat", "2"));
    assert_ne!(key("heartbeat", "1"), key("disk", "3"));
}

#[test]
fn default_fields_win_over_what_the_connector_would_say() {
    let migration = plainly("show_fields.json");
    let settings = settings(&migration);
    let route = &settings.route[&migration.routed("ServiceNow incidents").route];
    let renderer = Renderer::compile(&route.connection, &settings.connections[&route.connection]).unwrap();
    let alert = log_alert("heartbeat", "1");
    let part = alert.parts(route.per).remove(0);
    let view = PartView { label: &part.label, configuration_item: part.configuration_item.as_deref(), row: part.row.as_ref() };
    let key = WorkItemKey { correlation: part.correlation_key.clone(), generation: 1 };
    let (draft, remarks) = renderer.draft(route.work_item_type, &alert, view, &route.choices(), key, None, None);
    assert!(remarks.is_empty(), "{remarks:?}");
    let field = |name: &str| draft.fields.get(name).map(String::as_str);
    assert_eq!([field("contact_type"), field("impact"), field("urgency")], [Some("email"), Some("3"), Some("2")]);
}
