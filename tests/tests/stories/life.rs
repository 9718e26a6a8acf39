//! The life of one work item: it follows the alert to its end.

use std::time::Duration;

use tests::alerts::metric;

use crate::stage::{INCIDENT, Stage, did, value};

/// Minutes pass on both clocks. Stories begin at half past four.
fn minutes_pass(stage: &Stage, minutes: u64) {
    stage.advance(Duration::from_secs(minutes * 60));
}

#[tokio::test]
async fn a_metric_alert_that_fires_repeats_and_ends_is_one_incident_that_is_resolved() {
    let stage = Stage::new().await;
    assert_eq!(did(&stage.told(&metric("cpu-web01", 0, false)).await), (1, 0, 0));
    let incident = stage.incident();
    assert!(value(&incident, "short_description").contains("cpu-web01"), "{incident:#?}");
    let description = value(&incident, "description");
    assert!(description.contains("97.25") && description.contains("90") && !description.contains("\"data\""), "{description}");
    assert_eq!((value(&incident, "state"), value(&incident, "sys_created_by")), ("1", "itsm"));

    assert_eq!(did(&stage.told(&metric("cpu-web01", 5, false)).await), (0, 1, 0));
    let notes = stage.notes(&incident);
    assert!(notes.len() == 1 && notes[0].contains("repeat 1"), "{notes:#?}");

    let resolved = stage.told(&metric("cpu-web01", 5, true)).await;
    assert_eq!(did(&resolved), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!(resolved.summary.unwrap().work_items, [value(&incident, "number")]);
    assert_eq!((value(&incident, "state"), value(&incident, "close_code")), ("6", "Solution provided"));
    assert!(value(&incident, "close_notes").contains("over"), "{incident:#?}");
}

#[tokio::test]
async fn a_redelivered_notification_changes_nothing() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let asked = stage.tool.request_count();
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (0, 0, 1));
    assert_eq!(stage.tool.request_count(), asked, "nothing need be asked about it");
    stage.told(&metric("cpu", 0, true)).await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 1));
    assert_eq!(stage.notes(&stage.incident()).len(), 1);
}

#[tokio::test]
async fn a_resolution_that_overtakes_its_firing_ends_in_one_resolved_incident() {
    let stage = Stage::new().await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 0, 0));
    assert!(stage.incidents().is_empty());
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (1, 0, 0));
    assert_eq!(value(&stage.incident(), "state"), "6");
}

#[tokio::test]
async fn a_firing_soon_after_the_end_reopens_the_incident() {
    let stage = Stage::with("policy = { reopen_window = \"1h\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.told(&metric("cpu", 0, true)).await;
    minutes_pass(&stage, 30);
    assert_eq!(did(&stage.told(&metric("cpu", 62, false)).await), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!((value(&incident, "state"), value(&incident, "reopen_count")), ("2", "1"));
    assert!(stage.notes(&incident).iter().any(|note| note.contains("Reopened")));
}

#[tokio::test]
async fn a_firing_after_the_reopen_window_makes_a_new_incident_that_names_the_old() {
    let stage = Stage::with("policy = { reopen_window = \"1h\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.told(&metric("cpu", 0, true)).await;
    minutes_pass(&stage, 210);
    assert_eq!(did(&stage.told(&metric("cpu", 240, false)).await), (1, 0, 0));
    let incidents = stage.incidents();
    assert_eq!(incidents.iter().map(|incident| value(incident, "state")).collect::<Vec<_>>(), ["6", "1"]);
    let (old, new) = (&incidents[0], &incidents[1]);
    assert!(stage.notes(new).iter().any(|note| note.contains(value(old, "number"))), "{:#?}", stage.notes(new));
    // Its end is its own.
    stage.told(&metric("cpu", 240, true)).await;
    assert_eq!(value(&stage.incidents()[1], "state"), "6");
}

#[tokio::test]
async fn repeats_within_the_interval_are_counted_and_not_noted() {
    let stage = Stage::with("policy = { repeat_note_interval = \"30m\" }").await;
    stage.told(&metric("cpu", 0, false)).await;
    for episode in [1, 2, 3, 4] {
        stage.told(&metric("cpu", episode, false)).await;
    }
    let notes = stage.notes(&stage.incident());
    assert!(notes.len() == 1 && notes[0].contains("repeat 1"), "{notes:#?}");
    stage.advance(Duration::from_secs(1900));
    stage.told(&metric("cpu", 5, false)).await;
    let notes = stage.notes(&stage.incident());
    assert!(notes.len() == 2 && notes[1].contains("repeat 5") && notes[1].contains("3 firings"), "{notes:#?}");
}

#[tokio::test]
async fn the_policy_decides_what_the_end_of_an_alert_does() {
    for (policy, notes) in [("note", 1), ("ignore", 0)] {
        let stage = Stage::with(&format!("policy = {{ on_resolve = \"{policy}\" }}")).await;
        stage.told(&metric("cpu", 0, false)).await;
        stage.told(&metric("cpu", 0, true)).await;
        let incident = stage.incident();
        assert_eq!((value(&incident, "state"), stage.notes(&incident).len()), ("1", notes), "{policy}");
    }
}

#[tokio::test]
async fn notifications_in_any_order_at_once_end_in_the_same_incident() {
    let stage = Stage::with("concurrency = 8").await;
    let mut told: Vec<_> = (0..6).flat_map(|episode| [(episode, false), (episode, true)]).collect();
    told.reverse();
    told.swap(0, 7);
    for (episode, resolved) in told {
        stage.post(INCIDENT, &metric("cpu", episode, resolved)).await;
    }
    stage.settled().await;
    assert_eq!(value(&stage.incident(), "state"), "6");
    assert_eq!(stage.running.queue.counts(None).await.unwrap().dead_letters, 0);
}

#[tokio::test]
async fn what_was_accepted_before_a_stop_is_delivered_after_the_start_and_remembered() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    stage.fault(emulators::servicenow::Effect::Hibernating);
    stage.post(INCIDENT, &metric("cpu", 1, false)).await;
    stage.post(INCIDENT, &metric("disk", 1, false)).await;
    let stage = stage.restarted().await;
    assert_eq!(stage.running.queue.counts(None).await.unwrap().backlog, 2);
    stage.tool.faults().clear();
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 2);
    assert_eq!(stage.notes(&stage.incidents()[0]).len(), 1);
}

#[tokio::test]
async fn with_its_memory_gone_the_connector_takes_its_incident_over() {
    let stage = Stage::new().await;
    stage.told(&metric("cpu", 0, false)).await;
    let number = value(&stage.incident(), "number").to_owned();
    let Stage { tool, running, .. } = stage;
    running.stop().await;
    let settings = format!(
        "[connections.snow]\nprovider = \"servicenow\"\nurl = \"{}\"\nauth = {{ type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }}\n[intake]\napi_keys = [\"$INTAKE_KEY\"]\n",
        tool.url()
    );
    let stage = Stage::open(tool, &settings).await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, true)).await), (0, 1, 0));
    let incident = stage.incident();
    assert_eq!((value(&incident, "number"), value(&incident, "state")), (number.as_str(), "6"));
}

#[tokio::test]
async fn a_service_health_event_that_says_fired_and_means_over_ends_its_incident() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/alerts/common_test_service_health.json");
    let over: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut active = over.clone();
    active["data"]["alertContext"]["status"] = "Active".into();
    active["data"]["alertContext"]["properties"]["stage"] = "Active".into();
    active["data"]["essentials"]["alertId"] = "/subscriptions/1/providers/Microsoft.AlertsManagement/alerts/active".into();
    active["data"]["alertContext"]["eventTimestamp"] = "2021-11-15T14:00:00Z".into();
    let stage = Stage::new().await;
    assert_eq!(did(&stage.told(&active).await), (1, 0, 0));
    assert_eq!(over["data"]["essentials"]["monitorCondition"], "Fired");
    assert_eq!(did(&stage.told(&over).await), (0, 1, 0));
    assert_eq!(value(&stage.incident(), "state"), "6");
}
