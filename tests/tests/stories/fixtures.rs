//! Every sample of Azure's payloads that there is, and some that nobody has seen: each is accepted, and in the end there is one
//! work item for what is wrong and one event for each notification.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connector::alert::{Alert, AlertState};
use connector::route::Per;
use serde_json::{Value, json};

use crate::stage::{INCIDENT, Stage, begin, value};

/// Monitoring service and signal type of the fixtures that are only an `alertContext`.
fn service(name: &str) -> (&'static str, &'static str) {
    let known = [
        ("metric", "Platform", "Metric"),
        ("log_analytics", "Log Analytics", "Log"),
        ("log_application", "Application Insights", "Log"),
        ("log_alerts_v2", "Log Alerts V2", "Log"),
        ("activity_administrative", "Activity Log - Administrative", "Activity Log"),
        ("activity_autoscale", "Activity Log - Autoscale", "Activity Log"),
        ("activity_security", "Activity Log - Security", "Activity Log"),
        ("service_health", "ServiceHealth", "Activity Log"),
        ("resource_health", "ResourceHealth", "Activity Log"),
        ("prometheus", "Prometheus", "Metric"),
    ];
    let found = known.iter().find(|(part, ..)| name.contains(part)).unwrap_or_else(|| panic!("no service for {name}"));
    (found.1, found.2)
}

/// Name and payload of each, as Azure posts it.
fn payloads() -> BTreeMap<String, Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/alerts"));
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut payload: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if name.starts_with("context_") {
            let (service, signal) = service(&name);
            let subscription = "/subscriptions/0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0";
            let target = format!("{subscription}/resourcegroups/rg/providers/microsoft.compute/virtualmachines/{name}");
            payload = json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {
                "essentials": {
                    "alertId": format!("{subscription}/providers/Microsoft.AlertsManagement/alerts/{name}"), "alertRule": name,
                    "severity": "Sev3", "signalType": signal, "monitorCondition": "Fired", "monitoringService": service,
                    "alertTargetIDs": [target], "firedDateTime": "2026-03-02T03:00:00Z",
                },
                "alertContext": payload["alertContext"],
            }});
        }
        all.insert(name, payload);
    }
    assert!(all.len() > 40, "fixtures are missing");
    all
}

fn read(payload: &Value) -> Alert {
    Alert::from_json(payload.to_string().as_bytes(), begin()).unwrap()
}

async fn posted(stage: &Stage, path: &str, payloads: &BTreeMap<String, Value>) {
    for payload in payloads.values() {
        stage.post(path, payload).await;
    }
    stage.settled().await;
    let counts = stage.running.queue.counts(None).await.unwrap();
    assert_eq!((counts.accepted, counts.dead_letters), (payloads.len() as u64, 0));
}

#[tokio::test]
async fn every_sample_ends_in_one_incident_for_what_is_wrong() {
    let (stage, payloads) = (Stage::new().await, payloads());
    posted(&stage, INCIDENT, &payloads).await;
    let alerts: Vec<Alert> = payloads.values().map(read).collect();
    let fired: BTreeSet<&str> =
        alerts.iter().filter(|alert| alert.state == AlertState::Fired).map(|alert| alert.correlation_key.as_str()).collect();
    let incidents = stage.incidents();
    let made: BTreeSet<&str> = incidents.iter().map(|one| one["correlation_id"].as_str()).collect();
    assert_eq!(incidents.len(), made.len(), "an incident twice");
    for key in &fired {
        assert!(made.iter().any(|made| made.contains(key)), "no incident for {key}");
    }
    assert_eq!(made.len(), fired.len(), "one for each thing that fired, none for what was only resolved");
    for incident in &incidents {
        assert!(!value(incident, "short_description").is_empty() && !value(incident, "description").is_empty(), "{incident:#?}");
    }
    // The pairs among them are over.
    for name in ["synthetic_metric_fired", "synthetic_log_v2_fired", "synthetic_resource_health_active"] {
        let key = read(&payloads[name]).correlation_key;
        let incident = incidents.iter().find(|one| one["correlation_id"].contains(&key)).unwrap();
        assert_eq!(value(incident, "state"), "6", "{name}");
    }
}

#[tokio::test]
async fn every_sample_ends_in_one_event_for_each_notification() {
    let (stage, payloads) = (Stage::new().await, payloads());
    posted(&stage, "/api/alerts/snow/event", &payloads).await;
    let told: BTreeSet<_> = payloads.values().map(|payload| read(payload).parts(Per::Alert)[0].event_key.clone()).collect();
    let events = stage.ours("em_event");
    assert_eq!(events.len(), told.len());
    for event in &events {
        assert!(!value(event, "description").is_empty() && !value(event, "severity").is_empty(), "{event:#?}");
        assert_ne!(value(event, "state"), "Error", "{event:#?}");
    }
}

#[tokio::test]
async fn every_sample_is_taken_per_rule_item_and_row_as_well() {
    let payloads = payloads();
    for per in ["rule", "ci", "row"] {
        let stage = Stage::new().await;
        posted(&stage, &format!("{INCIDENT}?per={per}"), &payloads).await;
        assert!(!stage.incidents().is_empty());
    }
}

#[tokio::test]
async fn a_payload_that_nobody_knows_is_a_generic_incident_with_its_content() {
    let stage = Stage::new().await;
    for payload in [
        json!({"tool": "home-made", "what": "the pump stopped", "level": {"bar": 0}}),
        json!({}),
        json!({"schemaId": "azureMonitorCommonAlertSchema", "data": null}),
        json!({"schemaId": "somethingOf2031", "data": {"essentials": {"alertRule": 7}}}),
    ] {
        stage.told(&payload).await;
    }
    let incidents = stage.incidents();
    assert_eq!(incidents.len(), 4, "{incidents:#?}");
    assert!(incidents.iter().all(|one| !value(one, "short_description").is_empty()));
    let description = value(&incidents[0], "description");
    assert!(description.contains("the pump stopped") && description.contains("home-made"), "{description}");
}
