//! What the demo posts: the field's own fixtures, a few of them moved in time, one by one.

use serde_json::{Value, json};

/// One alert of the demo.
pub(super) struct Step {
    /// What a person sees in the table.
    pub(super) says: &'static str,
    /// Path and query, without the key.
    pub(super) path: String,
    /// The body.
    pub(super) body: Value,
    /// Whether the tool is down while it is posted.
    pub(super) outage: bool,
}

macro_rules! fixture {
    ($name:literal) => {
        parse(include_str!(concat!("../../../../tests/fixtures/alerts/", $name, ".json")))
    };
}

/// The dozen, in the order they are posted to `connection`.
pub(super) fn steps(connection: &str) -> Vec<Step> {
    let incident = format!("/api/alerts/{connection}/incident");
    let per_computer = format!("{incident}?per=ci");
    let step = |says, path: &str, body| Step { says, path: path.to_owned(), body, outage: false };
    let during_outage = |says, path: &str, body| Step { says, path: path.to_owned(), body, outage: true };
    let mut again = fixture!("synthetic_metric_fired");
    set(
        &mut again,
        "alertId",
        "/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/providers/Microsoft.AlertsManagement/alerts/second",
    );
    set(&mut again, "firedDateTime", "2026-03-02T04:21:37Z");
    let mut over = fixture!("synthetic_metric_resolved");
    set(
        &mut over,
        "alertId",
        "/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/providers/Microsoft.AlertsManagement/alerts/second",
    );
    set(&mut over, "firedDateTime", "2026-03-02T04:21:37Z");
    let (three, three_over) =
        (on_three_computers(fixture!("synthetic_log_v2_fired")), on_three_computers(fixture!("synthetic_log_v2_resolved")));
    let mut health = fixture!("common_test_service_health");
    for (member, value) in [
        ("/data/alertContext/status", "Active"),
        ("/data/alertContext/eventDataId", "11111111-1234-1234-1234-1234567890ab"),
        ("/data/alertContext/eventTimestamp", "2025-04-15T17:00:00Z"),
        ("/data/alertContext/properties/stage", "Active"),
        ("/data/alertContext/properties/communicationId", "first"),
    ] {
        if let Some(leaf) = health.pointer_mut(member) {
            *leaf = value.into();
        }
    }
    set(&mut health, "firedDateTime", "2025-04-15T17:00:00Z");
    vec![
        step("metric alert fires", &incident, fixture!("synthetic_metric_fired")),
        step("the same, delivered twice", &incident, fixture!("synthetic_metric_fired")),
        step("it fires again", &incident, again),
        step("log alert on three computers", &per_computer, three),
        step("Service Health: active", &incident, health),
        step("a payload nobody knows", &incident, json!({ "text": "nightly backup failed", "job": "backup-07", "took": "3 h" })),
        step("a budget is exceeded", &incident, fixture!("common_test_cost_budget")),
        step("Prometheus rule fires", &incident, fixture!("synthetic_prometheus_fired")),
        during_outage("Resource Health: unavailable", &incident, fixture!("synthetic_resource_health_active")),
        during_outage("the metric alert is resolved", &incident, over),
        step("Resource Health: available", &incident, fixture!("synthetic_resource_health_recovered")),
        step("Service Health: resolved", &incident, fixture!("common_test_service_health")),
        step("the log alert is resolved", &per_computer, three_over),
    ]
}

fn on_three_computers(mut alert: Value) -> Value {
    set(&mut alert, "configurationItems", json!(["WEB01", "WEB02", "SQL01"]));
    if let Some(dimensions) = alert.pointer_mut("/data/alertContext/condition/allOf/0/dimensions") {
        *dimensions = json!([]);
    }
    alert
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn set(alert: &mut Value, member: &str, value: impl Into<Value>) {
    if let Some(essentials) = alert.pointer_mut("/data/essentials").and_then(Value::as_object_mut) {
        essentials.insert(member.to_owned(), value.into());
    }
}
