//! Which notifications are the same, and which are about the same thing.

use serde_json::{Value, json};

use super::fixtures::{alert, names, payload, read, received_at};
use crate::alert::{Alert, AlertKind, AlertState};

fn with(payload: &Value, pointer: &str, value: Value) -> Value {
    let mut payload = payload.clone();
    *payload.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    payload
}

const CONDITION: &str = "/data/essentials/monitorCondition";

#[test]
fn a_firing_and_its_resolution_meet() {
    let pairs = [
        ("synthetic_metric_fired", "synthetic_metric_resolved"),
        ("synthetic_log_v2_fired", "synthetic_log_v2_resolved"),
        ("synthetic_resource_health_active", "synthetic_resource_health_recovered"),
    ];
    for (fired, resolved) in pairs {
        let (fired, resolved) = (alert(fired), alert(resolved));
        assert_eq!((fired.state, resolved.state), (AlertState::Fired, AlertState::Resolved));
        assert_eq!(fired.correlation_key, resolved.correlation_key);
        assert_eq!(fired.rule_key, resolved.rule_key);
        assert_ne!(fired.idempotency_key, resolved.idempotency_key);
        assert!(fired.episode_at <= resolved.episode_at, "a resolution must not be older than what it resolves");
    }
}

#[test]
fn every_common_alert_meets_its_resolution_whatever_the_rule_id_is_called() {
    for name in names()
        .iter()
        .filter(|name| name.starts_with("context_") || name.starts_with("common_") || name.starts_with("synthetic_"))
    {
        let fired = with(&payload(name), CONDITION, json!("Fired"));
        let mut resolved = with(&fired, CONDITION, json!("Resolved"));
        let essentials = resolved["data"]["essentials"].as_object_mut().unwrap();
        for id in ["alertRuleID", "alertRuleId"] {
            essentials.remove(id);
        }
        essentials.insert("resolvedDateTime".into(), json!("2026-03-02T11:00:00Z"));
        let (fired, resolved) = (read(&fired), read(&resolved));
        assert_eq!(resolved.state, AlertState::Resolved, "{name}");
        assert_eq!(fired.correlation_key, resolved.correlation_key, "{name}");
        assert_eq!(fired.rule_key, resolved.rule_key, "{name}");
        assert_eq!(fired.episode_at, resolved.episode_at, "{name}");
    }
}

#[test]
fn the_resolution_of_an_older_schema_meets_its_firing() {
    for (name, status, over) in [
        ("legacy_metric_static", "/data/status", "Deactivated"),
        ("legacy_metric_dynamic", "/data/status", "Deactivated"),
        ("classic_metric", "/status", "Resolved"),
    ] {
        let (fired, resolved) = (alert(name), read(&with(&payload(name), status, json!(over))));
        assert_eq!((fired.state, resolved.state), (AlertState::Fired, AlertState::Resolved), "{name}");
        assert_eq!(fired.correlation_key, resolved.correlation_key, "{name}");
        assert_ne!(fired.idempotency_key, resolved.idempotency_key, "{name}");
    }
}

#[test]
fn the_same_body_is_the_same_notification_whenever_it_arrives() {
    for name in names() {
        let body = payload(&name).to_string();
        let late = "2026-05-01T00:00:00Z".parse().unwrap();
        let (first, again) =
            (Alert::from_json(body.as_bytes(), received_at()).unwrap(), Alert::from_json(body.as_bytes(), late).unwrap());
        assert_eq!(first.idempotency_key, again.idempotency_key, "{name}");
        assert_eq!(first.correlation_key, again.correlation_key, "{name}");
        assert_eq!((first.title, first.body), (again.title, again.body), "{name}");
    }
}

#[test]
fn no_two_fixtures_are_taken_for_the_same_notification() {
    // The same sample on two pages of the documentation.
    let twins = ["common_metric_static_resolved_rule_id", "context_service_health_named"];
    let mut seen = std::collections::BTreeMap::new();
    for name in names().into_iter().filter(|name| !twins.contains(&name.as_str())) {
        // Wrapped fragments share their essentials on purpose.
        let key = (alert(&name).idempotency_key, name.starts_with("context_").then(|| name.clone()));
        assert_eq!(seen.insert(key, name.clone()), None, "{name}");
    }
}

#[test]
fn a_new_firing_is_a_new_notification_about_the_same_thing() {
    let first = payload("synthetic_metric_fired");
    let again = with(
        &first,
        "/data/essentials/alertId",
        json!("/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0/providers/Microsoft.AlertsManagement/alerts/other"),
    );
    let again = with(&again, "/data/essentials/firedDateTime", json!("2026-03-02T09:00:00Z"));
    assert_ne!(read(&first).idempotency_key, read(&again).idempotency_key);
    assert_eq!(read(&first).correlation_key, read(&again).correlation_key);
    assert!(read(&first).episode_at < read(&again).episode_at);
}

#[test]
fn a_second_test_alert_is_not_swallowed() {
    for name in names().iter().filter(|name| name.starts_with("common_test_")) {
        let first = payload(name);
        let mut second = with(&first, "/data/essentials/firedDateTime", json!("2026-03-02T09:00:00Z"));
        for date in ["eventTimestamp", "submissionTimestamp"] {
            if first["data"]["alertContext"].get(date).is_some() {
                second = with(&second, &format!("/data/alertContext/{date}"), json!("2026-03-02T09:00:00Z"));
            }
        }
        assert_ne!(read(&first).idempotency_key, read(&second).idempotency_key, "{name}");
    }
}

#[test]
fn another_resource_or_dimension_is_another_thing() {
    let metric = payload("synthetic_metric_fired");
    let other =
        with(&metric, "/data/essentials/alertTargetIDs/0", json!("/subscriptions/s/resourcegroups/r/providers/p/t/vm-shop-08"));
    assert_ne!(read(&metric).correlation_key, read(&other).correlation_key);
    let log = payload("synthetic_log_v2_fired");
    let other = with(&log, "/data/alertContext/condition/allOf/0/dimensions/1/value", json!("vm-shop-08"));
    assert_ne!(read(&log).correlation_key, read(&other).correlation_key);
    assert_eq!(read(&log).rule_key, read(&other).rule_key);
}

#[test]
fn neither_case_nor_the_order_of_dimensions_matters() {
    let log = payload("synthetic_log_v2_fired");
    let mut turned = log.clone();
    turned.pointer_mut("/data/alertContext/condition/allOf/0/dimensions").unwrap().as_array_mut().unwrap().reverse();
    let target = log.pointer("/data/essentials/alertTargetIDs/0").unwrap().as_str().unwrap().to_uppercase();
    let turned = with(&turned, "/data/essentials/alertTargetIDs/0", json!(target));
    assert_eq!(read(&log).correlation_key, read(&turned).correlation_key);
}

#[test]
fn a_custom_property_chooses_the_correlation() {
    let choose = |name: &str, property: &str| with(&payload(name), "/data/customProperties", json!({ property: "checkout" }));
    let metric = read(&choose("synthetic_metric_fired", "itsm_correlation_key"));
    let prometheus = read(&choose("synthetic_prometheus_fired", "ITSM_Correlation_Key"));
    assert_eq!(metric.correlation_key, prometheus.correlation_key);
    assert!(!metric.body.contains("checkout"), "the choice is for the connector, not for people");
}

#[test]
fn service_health_is_one_thing_per_tracking_id_and_over_when_its_stage_says_so() {
    let first = alert("context_service_health_numeric");
    let named = alert("context_service_health_named");
    assert_eq!((first.kind, first.state), (AlertKind::ServiceHealth, AlertState::Fired));
    assert_eq!(first.correlation_key, named.correlation_key);
    for stage in ["Resolved", "RCA", "Complete", "Canceled"] {
        let update = with(&payload("context_service_health_numeric"), "/data/alertContext/properties/stage", json!(stage));
        let update = with(&update, "/data/alertContext/properties/communicationId", json!("2"));
        let update = with(&update, "/data/alertContext/eventTimestamp", json!("2019-06-27T00:00:00Z"));
        let update = read(&update);
        assert_eq!(update.state, AlertState::Resolved, "{stage}");
        assert_eq!(first.correlation_key, update.correlation_key);
        assert_ne!(first.idempotency_key, update.idempotency_key);
        assert!(first.episode_at < update.episode_at);
    }
    assert_eq!(alert("common_test_service_health").state, AlertState::Resolved);
    assert_eq!(alert("legacy_service_health").state, AlertState::Resolved);
}

#[test]
fn the_same_budget_threshold_is_notified_once_a_month() {
    let first = with(
        &payload("common_test_budget"),
        "/data/essentials/alertId",
        json!("/subscriptions/s/providers/Microsoft.CostManagement/alerts/1"),
    );
    let again = with(&first, "/data/essentials/firedDateTime", json!("2025-04-20T00:00:00Z"));
    let next = with(&first, "/data/essentials/firedDateTime", json!("2025-05-01T00:00:00Z"));
    let higher = with(&first, "/data/alertContext/AlertData/NotificationThresholdAmount", json!("$60.00"));
    let key = |payload| read(payload).idempotency_key;
    assert_eq!(key(&first), key(&again));
    assert_ne!(key(&first), key(&next));
    assert_ne!(key(&first), key(&higher));
    assert_eq!(read(&first).correlation_key, read(&next).correlation_key);
}

#[test]
fn the_schema_name_is_compared_without_case() {
    let upper = with(&payload("synthetic_metric_fired"), "/schemaId", json!("AZUREMONITORCOMMONALERTSCHEMA"));
    assert_eq!(read(&upper).idempotency_key, alert("synthetic_metric_fired").idempotency_key);
}

#[test]
fn notifications_without_a_name_of_their_own_are_told_apart_by_content() {
    for (one, two) in [
        (json!({"text": "18 records"}), json!({"text": "19 records"})),
        (
            json!({"schemaId": "AIP Budget Notification", "data": {"SpendingAmount": "1"}}),
            json!({"schemaId": "AIP Budget Notification", "data": {"SpendingAmount": "2"}}),
        ),
        (
            json!({"schemaId": "Microsoft.Insights/activityLogs", "data": {"context": {"activityLog": {"status": "Active", "caller": "a"}}}}),
            json!({"schemaId": "Microsoft.Insights/activityLogs", "data": {"context": {"activityLog": {"status": "Active", "caller": "b"}}}}),
        ),
        (
            json!({"AlertRuleName": "r", "SearchQuery": "q", "ResultCount": 1}),
            json!({"AlertRuleName": "r", "SearchQuery": "q", "ResultCount": 2}),
        ),
        (
            json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertRule": "r"}}}),
            json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertRule": "r", "description": "d"}}}),
        ),
    ] {
        assert_ne!(read(&one).idempotency_key, read(&two).idempotency_key, "{one}");
        assert_eq!(read(&one).idempotency_key, read(&one).idempotency_key);
    }
}
