//! Every fixture, rendered as an operator and a template would see it. A change here is a change of what people read.

use std::fmt::Write as _;

use serde_json::json;

use super::fixtures::{alert, names, payload, read};
use crate::alert::Alert;

fn render(alert: &Alert) -> String {
    let mut out = String::new();
    let instant = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    writeln!(out, "title: {}", alert.title).unwrap();
    writeln!(
        out,
        "kind: {:?}, state: {:?}, stateful: {}, severity: {:?}",
        alert.kind, alert.state, alert.stateful, alert.severity
    )
    .unwrap();
    writeln!(out, "fired: {}, resolved: {}, episode: {}", instant(alert.fired_at), instant(alert.resolved_at), alert.episode_at)
        .unwrap();
    writeln!(out, "idempotency: {}", alert.idempotency_key).unwrap();
    writeln!(out, "correlation: {}", alert.correlation_key).unwrap();
    writeln!(out, "rule key: {}", alert.rule_key).unwrap();
    writeln!(out, "rule: {} {}", alert.rule, alert.rule_id).unwrap();
    writeln!(out, "service: {}", alert.monitoring_service).unwrap();
    writeln!(out, "configuration items: {}", alert.configuration_items.join(", ")).unwrap();
    for resource in &alert.resources {
        writeln!(out, "resource: {} = {}", resource.name, resource.id).unwrap();
    }
    for condition in &alert.conditions {
        writeln!(out, "condition: {condition:?}").unwrap();
    }
    for (name, value) in &alert.custom {
        writeln!(out, "custom: {name} = {value}").unwrap();
    }
    writeln!(out, "rows: {}", alert.rows.len()).unwrap();
    writeln!(out, "----------------------------------------\n{}", alert.body).unwrap();
    out
}

fn reviewed(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_fixture_reads_as_reviewed() {
    for name in names() {
        reviewed(&name, &render(&alert(&name)));
    }
}

#[test]
fn the_rows_of_a_simple_log_alert_are_a_table() {
    let row = |number: usize| json!([{"name": "Computer", "value": format!("vm-{number}")}, {"name": "Free", "value": number}, {"name": "Note", "value": null}]);
    let mut payload = payload("synthetic_log_v2_fired");
    payload["data"]["essentials"]["monitoringService"] = json!("Simple Log Alert");
    payload["data"]["essentials"]["configurationItems"] = json!([]);
    payload["data"]["customProperties"] = json!(null);
    payload["data"]["alertContext"]["condition"] = json!({"windowSize": null, "allOf": [{"searchQuery": "Disks", "dimensions": null,
        "metricValue": null, "threshold": null, "operator": null, "event": (1..=22).map(row).collect::<Vec<_>>()}]});
    let alert = read(&payload);
    assert_eq!(alert.configuration_items.len(), 22);
    reviewed("other_simple_log_alert", &render(&alert));
}

#[test]
fn a_payload_nobody_knows_is_an_outline() {
    let payload =
        json!({"alertname": "DiskFull", "severity": "critical", "labels": {"host": "web-1", "disk": "/"}, "tags": ["a", "b"]});
    let alert = read(&payload);
    reviewed("other_unknown_json", &render(&alert));
}

#[test]
fn an_unknown_monitoring_service_keeps_its_essentials() {
    let mut payload = payload("synthetic_metric_fired");
    payload["data"]["essentials"]["monitoringService"] = json!("Azure Backup");
    payload["data"]["alertContext"] = json!({"JobId": "1", "Failure": {"code": 7, "text": "no disk"}});
    let alert = read(&payload);
    reviewed("other_unknown_monitoring_service", &render(&alert));
}
