//! Alerts as Azure posts them, for stories that need many.

use serde_json::{Value, json};

/// A metric alert in the common schema. `rule` names what is wrong, `episode` (minutes) when it fired.
#[must_use]
pub fn metric(rule: &str, episode: u32, resolved: bool) -> Value {
    let fired = format!("2026-03-02T{:02}:{:02}:00Z", 4 + episode / 60, episode % 60);
    let target = format!("/subscriptions/0f1e2d3c/resourcegroups/rg/providers/microsoft.compute/virtualmachines/{rule}");
    let resolved_at = resolved.then(|| format!("2026-03-02T{:02}:{:02}:30Z", 4 + episode / 60, episode % 60));
    let essentials = json!({
        "alertId": format!("/subscriptions/0f1e2d3c/providers/Microsoft.AlertsManagement/alerts/{rule}-{episode}"),
        "alertRule": rule, "severity": "Sev2", "signalType": "Metric",
        "monitorCondition": if resolved { "Resolved" } else { "Fired" },
        "monitoringService": "Platform", "alertTargetIDs": [target], "configurationItems": [rule],
        "originAlertId": format!("0f1e2d3c_rg_microsoft.insights_metricAlerts_{rule}_1"),
        "firedDateTime": fired, "resolvedDateTime": resolved_at, "description": "CPU above 90 %", "essentialsVersion": "1.0", "alertContextVersion": "1.0"
    });
    json!({
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": essentials,
            "alertContext": {
                "properties": null, "conditionType": "SingleResourceMultipleMetricCriteria",
                "condition": { "windowSize": "PT5M", "allOf": [{
                    "metricName": "Percentage CPU", "metricNamespace": "Microsoft.Compute/virtualMachines", "operator": "GreaterThan",
                    "threshold": "90", "timeAggregation": "Average", "dimensions": [], "metricValue": 97.25, "webTestName": null
                }] }
            },
            "customProperties": {}
        }
    })
}
