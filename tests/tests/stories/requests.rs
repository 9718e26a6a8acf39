//! A work item from a log record.

use serde_json::{Value, json};

use crate::stage::{Stage, did, value};

const PATH: &str = "/api/work-items/snow/incident";

fn record() -> Value {
    json!({
        "title": "Disk of web01 is failing", "description": "SMART says so", "computer": "web01", "severity": "Sev1",
        "template": "Server down", "fields": {"contact_type": "phone"},
        "rows": [{"Computer": "web01", "Drive": "C:"}, {"Computer": "web02", "Drive": "D:"}],
    })
}

#[tokio::test]
async fn a_log_record_becomes_one_incident_with_all_that_was_said() {
    let stage = Stage::new().await;
    assert_eq!(did(&stage.told_to(PATH, &record()).await), (1, 0, 0));
    let incident = stage.incident();
    let fields = ["short_description", "contact_type", "category", "impact", "urgency"];
    let expected = ["Disk of web01 is failing", "phone", "hardware", "2", "1"];
    assert_eq!(fields.map(|field| value(&incident, field)), expected);
    for part in ["SMART says so", "web02", "D:"] {
        assert!(value(&incident, "description").contains(part), "{part}: {incident:#?}");
    }
    let item = stage.tool.record("cmdb_ci", value(&incident, "cmdb_ci")).unwrap();
    assert_eq!(value(&item, "name"), "WEB01");
}

#[tokio::test]
async fn each_row_can_have_its_own_incident() {
    let stage = Stage::new().await;
    let mut request = record();
    request["one_per_row"] = true.into();
    assert_eq!(did(&stage.told_to(PATH, &request).await), (2, 0, 0));
    let items: Vec<_> = stage.incidents().iter().map(|one| stage.tool.record("cmdb_ci", &one["cmdb_ci"]).unwrap()).collect();
    assert_eq!(items.iter().map(|item| value(item, "name")).collect::<Vec<_>>(), ["WEB01", "WEB02"]);
}

#[tokio::test]
async fn a_repeated_request_with_the_same_idempotency_key_makes_one_incident() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for key in ["5f1c", "5f1c", "5f1c", "another"] {
        let answer = stage.request(PATH, record().to_string()).header("Idempotency-Key", key).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        ids.push(serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["deliveryId"].clone());
        stage.settled().await;
    }
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert_eq!(stage.incidents().len(), 2);
}

#[tokio::test]
async fn requests_with_one_correlation_key_are_one_incident_and_those_without_are_not() {
    let stage = Stage::new().await;
    let mut request = record();
    stage.told_to(PATH, &request).await;
    stage.told_to(PATH, &request).await;
    assert_eq!(stage.incidents().len(), 2);
    request["correlation_key"] = "disk-web01".into();
    assert_eq!(did(&stage.told_to(PATH, &request).await), (1, 0, 0));
    assert_eq!(did(&stage.told_to(PATH, &request).await), (0, 1, 0));
    assert_eq!(stage.incidents().len(), 3);
}

#[tokio::test]
async fn a_request_survives_an_outage_like_an_alert() {
    use emulators::servicenow::{Effect, Fault};
    let stage = Stage::new().await;
    for effect in [Effect::Hibernating, Effect::ResetAfterCommit, Effect::BrokenJson] {
        stage.tool.faults().add(Fault::new(effect).times(2));
    }
    stage.told_to(PATH, &record()).await;
    assert_eq!(stage.tool.count("incident"), 1);
}
