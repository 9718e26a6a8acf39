//! Events, alert records, and incidents through the staging table of Microsoft's store app.

use emulators::servicenow::{Effect, Options};
use tests::alerts::metric;

use crate::stage::{Stage, dead, did, options, remarks, value};

const EVENT: &str = "/api/alerts/snow/event";

#[tokio::test]
async fn each_notification_is_one_event_and_all_of_them_one_alert_of_the_instance() {
    for mode in ["em_event", "jsonv2"] {
        let stage = Stage::with(&format!("servicenow = {{ events = \"{mode}\" }}")).await;
        for (episode, resolved) in [(0, false), (0, false), (1, false), (1, true), (1, true)] {
            stage.told_to(EVENT, &metric("cpu", episode, resolved)).await;
        }
        let events = stage.ours("em_event");
        assert_eq!(events.len(), 3, "{mode}: {events:#?}");
        let of = |field: &str| events.iter().map(|event| event[field].clone()).collect::<Vec<_>>();
        assert_eq!(of("severity"), ["4", "4", "0"]);
        assert_eq!(of("resolution_state"), ["New", "New", "Closing"]);
        assert_eq!(of("source"), ["AzureMonitor"; 3]);
        assert_eq!(of("metric_name"), ["Percentage CPU"; 3]);
        assert_eq!(of("time_of_event"), ["2026-03-02 04:00:00", "2026-03-02 04:01:00", "2026-03-02 04:01:30"]);
        let alerts = stage.tool.records("em_alert");
        assert_eq!(alerts.len(), 1, "{mode}");
        assert_eq!((value(&alerts[0], "state"), value(&alerts[0], "event_count")), ("Closed", "3"));
        assert_eq!(stage.asked("POST", "em/jsonv2") > 0, mode == "jsonv2");
    }
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_is_not_sent_twice() {
    for mode in ["em_event", "jsonv2"] {
        let stage = Stage::with(&format!("servicenow = {{ events = \"{mode}\" }}")).await;
        for effect in [Effect::ResetAfterCommit, Effect::BrokenJson, Effect::ResetBeforeCommit] {
            stage.tool.faults().add(emulators::servicenow::Fault::new(effect).method("POST").times(1));
        }
        stage.told_to(EVENT, &metric("cpu", 0, false)).await;
        assert_eq!(stage.ours("em_event").len(), 1, "{mode}");
    }
}

#[tokio::test]
async fn an_alert_record_is_opened_noted_closed_and_reopened() {
    let stage = Stage::new().await;
    let path = "/api/alerts/snow/alert";
    assert_eq!(did(&stage.told_to(path, &metric("cpu", 0, false)).await), (1, 0, 0));
    let standing = || value(&stage.ours("em_alert")[0], "state").to_owned();
    assert_eq!(standing(), "Open");
    stage.told_to(path, &metric("cpu", 1, false)).await;
    stage.told_to(path, &metric("cpu", 1, true)).await;
    assert_eq!(standing(), "Closed");
    stage.told_to(path, &metric("cpu", 40, false)).await;
    assert_eq!(standing(), "Reopen");
    assert_eq!(stage.ours("em_alert").len(), 1);
    assert_eq!(stage.notes(&stage.ours("em_alert")[0]).len(), 3);
}

#[tokio::test]
async fn without_event_management_an_event_is_a_dead_letter_that_names_the_plugin() {
    let stage = Stage::on(Options { event_management: false, ..options() }, "").await;
    for kind in ["event", "alert"] {
        let letter = stage.told_to(&format!("/api/alerts/snow/{kind}"), &metric("cpu", 0, false)).await;
        let (cause, remedy) = dead(&letter);
        assert!(cause.contains("em_") && remedy.contains("Event Management"), "{cause}; {remedy}");
    }
}

const IMPORT: &str = "servicenow = { write = \"import_set\", import_set = { columns = { short_description = \"title\", description = \"details\" } } }";

#[tokio::test]
async fn an_incident_through_the_staging_table_follows_its_alert_too() {
    let stage = Stage::with(IMPORT).await;
    assert_eq!(did(&stage.told(&metric("cpu", 0, false)).await), (1, 0, 0));
    assert!(stage.asked("POST", "/import/x_mioms_microsoft_oms_incident") == 1 && stage.asked("POST", "/table/incident") == 0);
    assert!(value(&stage.incident(), "short_description").contains("cpu"));
    assert!(value(&stage.incident(), "description").contains("97.25"));
    stage.told(&metric("cpu", 1, false)).await;
    stage.told(&metric("cpu", 1, true)).await;
    let incident = stage.incident();
    assert_eq!((value(&incident, "state"), stage.notes(&incident).len()), ("6", 2));
}

#[tokio::test]
async fn an_error_inside_a_201_is_a_dead_letter_with_the_old_words_and_can_be_redriven() {
    let stage = Stage::with(IMPORT).await;
    let body = r#"{"import_set":"ISET0010001","staging_table":"x_mioms_microsoft_oms_incident","result":[{"transform_map":"OMS Incident",
        "table":"incident","status":"error","error_message":"Target record not found; Error: onBefore script"}]}"#;
    let wrong = Effect::Status { code: 201, body: body.to_owned(), headers: Vec::new() };
    stage.tool.faults().add(emulators::servicenow::Fault::new(wrong).path("/import/"));
    let letter = stage.told(&metric("cpu", 0, false)).await;
    let (cause, remedy) = dead(&letter);
    assert!(cause.contains("Unexpected response from ServiceNow along with success status code"), "{cause}");
    assert!(cause.contains("OMS Incident") && remedy.contains("onBefore"), "{cause}; {remedy}");
    stage.tool.faults().clear();
    stage.deliveries(&["redrive", &letter.id.to_string()]).await;
    stage.settled().await;
    assert_eq!(stage.incidents().len(), 1);
}

#[tokio::test]
async fn a_missing_staging_table_is_a_dead_letter_that_names_the_setting() {
    let stage = Stage::on(Options { staging: Vec::new(), ..options() }, IMPORT).await;
    let letter = stage.told(&metric("cpu", 0, false)).await;
    let (cause, remedy) = dead(&letter);
    assert!(cause.contains("x_mioms_microsoft_oms_incident") && remedy.contains("import_set.table"), "{cause}; {remedy}");
}

#[tokio::test]
async fn an_import_whose_answer_was_lost_is_one_incident() {
    let stage = Stage::with(IMPORT).await;
    let lost = emulators::servicenow::Fault::new(Effect::ResetAfterCommit).path("/import/").times(1);
    stage.tool.faults().add(lost);
    let done = stage.told(&metric("cpu", 0, false)).await;
    assert_eq!(stage.tool.count("incident"), 1, "{:#?} {}", stage.tool.records("incident"), remarks(&done));
}
