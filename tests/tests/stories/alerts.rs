//! Alerts that stories need besides `tests::alerts::metric`.

use serde_json::{Value, json};

const SUBSCRIPTION: &str = "/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0";

fn essentials(rule: &str, service: &str, items: &[&str], resolved: bool) -> Value {
    json!({
        "alertId": format!("{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{rule}"),
        "alertRule": rule, "severity": "Sev1", "signalType": "Log",
        "monitorCondition": if resolved { "Resolved" } else { "Fired" }, "monitoringService": service,
        "alertTargetIDs": [format!("{SUBSCRIPTION}/resourcegroups/rg/providers/microsoft.operationalinsights/workspaces/law")],
        "configurationItems": items, "originAlertId": rule, "firedDateTime": "2026-03-02T04:00:00Z", "description": "",
    })
}

/// A log search alert of the present generation that names computers.
pub(crate) fn log(rule: &str, computers: &[&str], resolved: bool) -> Value {
    let condition = json!({"windowSize": "PT10M", "allOf": [{"searchQuery": "Heartbeat", "operator": "GreaterThan",
        "threshold": "0", "timeAggregation": "Count", "dimensions": [], "metricValue": 3.0}]});
    json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {
        "essentials": essentials(rule, "Log Alerts V2", computers, resolved),
        "alertContext": {"properties": {}, "conditionType": "LogQueryCriteria", "condition": condition},
    }})
}

/// A log search alert with rows of (computer, drive).
pub(crate) fn rows(rule: &str, rows: &[(&str, &str)]) -> Value {
    let cells: Vec<Value> = rows.iter().map(|(computer, drive)| json!([computer, drive])).collect();
    json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {
        "essentials": essentials(rule, "Log Analytics", &[], false),
        "alertContext": {
            "SearchQuery": "Perf", "ResultCount": rows.len(), "AlertType": "Number of results", "Threshold": 0,
            "Operator": "Greater Than",
            "SearchResults": {"tables": [{"name": "PrimaryResult",
                "columns": [{"name": "Computer", "type": "string"}, {"name": "Drive", "type": "string"}], "rows": cells}]},
        },
    }})
}

/// The metric alert with another severity.
pub(crate) fn severe(rule: &str, episode: u32, severity: &str) -> Value {
    let mut alert = tests::alerts::metric(rule, episode, false);
    alert["data"]["essentials"]["severity"] = severity.into();
    alert
}
