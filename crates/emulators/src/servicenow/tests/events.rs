//! Events and the alerts that come of them.

use serde_json::json;

use super::{NOW, client, instance};
use crate::servicenow::{Options, ServiceNow, Time};

fn event(severity: &str, key: &str) -> serde_json::Value {
    json!({"source": "AzureMonitor", "node": "vm-01", "message_key": key, "severity": severity, "description": "CPU"})
}

#[tokio::test]
async fn events_in_bulk_become_alerts_by_message_key() {
    let instance = instance().await;
    let client = client(&instance);
    let body = json!({"records": [event("2", "a"), event("1", "a"), event("3", "b")]});
    let (status, answer) = client.send("POST", "/api/global/em/jsonv2", Some(body)).await;
    assert_eq!((status, answer), (200, json!({"result": {"Default Bulk Endpoint": "3 events were inserted"}})));
    let alerts = instance.records("em_alert");
    let seen: Vec<_> = alerts
        .iter()
        .map(|alert| (alert["message_key"].as_str(), alert["severity"].as_str(), alert["event_count"].as_str()))
        .collect();
    assert_eq!(seen, [("a", "1", "2"), ("b", "3", "1")]);
}

#[tokio::test]
async fn a_clearing_event_closes_the_alert_and_the_next_one_reopens_it() {
    let instance = instance().await;
    let client = client(&instance);
    for (severity, state) in [("2", "Open"), ("0", "Closed"), ("2", "Reopen")] {
        let (status, _) = client.send("POST", "/api/now/table/em_event", Some(event(severity, "a"))).await;
        assert_eq!(status, 201);
        assert_eq!(instance.records("em_alert")[0]["state"], state);
    }
    assert_eq!(instance.count("em_alert"), 1);
}

#[tokio::test]
async fn an_event_without_a_severity_ends_in_error() {
    let instance = instance().await;
    let (_, answer) = client(&instance).send("POST", "/api/now/table/em_event", Some(json!({"source": "AzureMonitor"}))).await;
    assert_eq!(answer["result"]["state"], "Error");
    assert_eq!(instance.count("em_alert"), 0);
}

#[tokio::test]
async fn without_the_plugin_the_tables_are_invalid() {
    let instance =
        ServiceNow::start_with(Options { event_management: false, time: Time::Manual(NOW), ..Options::default() }).await;
    let (status, answer) = client(&instance).get("/api/now/table/em_event").await;
    assert_eq!((status, &answer["error"]), (400, &json!({"message": "Invalid table em_event", "detail": null})));
}
