//! The fixtures, and a whole payload around those that are only an `alertContext`.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alert::Alert;

pub(super) fn received_at() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alerts"))
}

/// Names of all fixtures, without `.json`.
pub(super) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| file.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    assert!(names.len() > 40, "fixtures are missing");
    names
}

/// One payload as Azure posts it.
pub(super) fn payload(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    if name.starts_with("context_") { wrapped(name, &value) } else { value }
}

pub(super) fn read(payload: &Value) -> Alert {
    Alert::from_json(payload.to_string().as_bytes(), received_at()).unwrap()
}

pub(super) fn alert(name: &str) -> Alert {
    read(&payload(name))
}

/// The fragment in a payload with essentials that fit it.
fn wrapped(name: &str, fragment: &Value) -> Value {
    let virtual_machine = "microsoft.compute/virtualmachines/wcus-r2-gen2";
    let (service, signal, severity, target) = match name {
        "context_metric_static" => ("Platform", "Metric", "Sev3", virtual_machine),
        "context_metric_dynamic" => ("Platform", "Metric", "Sev3", "microsoft.storage/storageaccounts/store1"),
        "context_metric_availability" => ("Platform", "Metric", "Sev1", "microsoft.insights/components/shop"),
        "context_log_analytics_v1" => ("Log Analytics", "Log", "Sev2", "microsoft.operationalinsights/workspaces/law"),
        "context_log_application_insights_v1" => ("Application Insights", "Log", "Sev2", "microsoft.insights/components/shop"),
        "context_log_alerts_v2" => ("Log Alerts V2", "Log", "Sev2", "microsoft.operationalinsights/workspaces/law"),
        "context_activity_administrative" => ("Activity Log - Administrative", "Activity Log", "Sev4", virtual_machine),
        "context_activity_autoscale" => {
            ("Activity Log - Autoscale", "Activity Log", "Sev4", "microsoft.insights/autoscalesettings/set")
        }
        "context_activity_security" => ("Activity Log - Security", "Activity Log", "Sev4", virtual_machine),
        "context_service_health_numeric" | "context_service_health_named" => ("ServiceHealth", "Activity Log", "Sev4", ""),
        "context_resource_health" => ("ResourceHealth", "Activity Log", "Sev4", virtual_machine),
        "context_prometheus" => ("Prometheus", "Metric", "Sev3", "microsoft.monitor/accounts/amw"),
        _ => panic!("no essentials for {name}"),
    };
    let subscription = "/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0";
    let (target, items) = match target.rsplit_once('/') {
        // Of a log alert the configuration items are computers, never its workspace.
        Some((_, last)) if signal != "Log" => (format!("{subscription}/resourcegroups/rg-shop/providers/{target}"), vec![last]),
        Some(_) => (format!("{subscription}/resourcegroups/rg-mon/providers/{target}"), vec![]),
        None => (subscription.to_owned(), vec![]),
    };
    json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {
        "essentials": {
            "alertId": format!("{subscription}/providers/Microsoft.AlertsManagement/alerts/6b1f0c52-90a4-4e37-b7d0-2c9a5d7e2000"),
            "alertRule": "shop-rule",
            "severity": severity,
            "signalType": signal,
            "monitorCondition": "Fired",
            "monitoringService": service,
            "alertTargetIDs": [target],
            "configurationItems": items,
            "firedDateTime": "2019-08-26T10:00:00.123Z",
            "description": "",
        },
        "alertContext": fragment["alertContext"],
    }})
}
