//! The way back: what people do in the ITSM tool becomes rows, by schedule and by hand, through outages and restarts.

use std::time::Duration;

use connector::store::RecordTable::{Log, ServiceDesk};
use emulators::servicenow::Effect;
use jiff::Timestamp;
use serde_json::Value;

use crate::stage::{Stage, begin, value};

/// Records every five minutes, as usual; no refresh beside them.
const BY_SCHEDULE: &str = "[schedule]\nsync = \"0 */5 * * * *\"\nconfiguration_refresh = \"\"\n";
/// The Sync button.
const NOW: &str = "/api/connections/snow/sync";

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

fn time(row: &Value, column: &str) -> Timestamp {
    text(row, column).parse().unwrap()
}

/// Rows of one record, oldest first.
async fn versions(stage: &Stage, sys_id: &str) -> Vec<Value> {
    let mut rows = stage.rows(ServiceDesk).await;
    rows.retain(|row| text(row, "SourceId_s") == sys_id);
    rows
}

/// Presses the Sync button.
async fn sync_now(stage: &Stage) -> Value {
    let answer = stage.request(NOW, "").send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Of `GET /api/status`: the connection, and of it the incidents.
async fn standing(stage: &Stage) -> (Value, Value) {
    let connection = stage.status().await["connections"][0].clone();
    let incidents = connection["sync"].as_array().unwrap().iter().find(|kind| kind["kind"] == "Incident").unwrap().clone();
    (connection, incidents)
}

#[tokio::test]
async fn records_flow_every_five_minutes_and_an_edit_becomes_a_new_row() {
    let stage = Stage::with(BY_SCHEDULE).await;
    let sys_id = stage.tool.insert("incident", &[("short_description", "printer on fire"), ("urgency", "1")]);
    stage.in_time("the first row", async || versions(&stage, &sys_id).await.len() == 1).await;
    let first = &versions(&stage, &sys_id).await[0];
    assert!(time(first, "TimeGenerated") >= begin() + Duration::from_secs(300), "{first}");
    assert_eq!((text(first, "Title_s"), text(first, "IncidentState_s")), ("printer on fire", "New"));
    assert_eq!(text(first, "ServiceDeskId_s"), value(&stage.tool.record("incident", &sys_id).unwrap(), "number"));

    stage.tool.update("incident", &sys_id, &[("state", "2"), ("short_description", "printer smoulders")]);
    stage.in_time("a second row", async || versions(&stage, &sys_id).await.len() == 2).await;
    let rows = versions(&stage, &sys_id).await;
    assert_eq!(&rows[0], first, "what was written stays");
    assert_eq!((text(&rows[1], "Title_s"), text(&rows[1], "IncidentState_s")), ("printer smoulders", "In Progress"));
    assert!(time(&rows[1], "TimeGenerated") > time(first, "TimeGenerated"));
}

#[tokio::test]
async fn what_did_not_change_is_not_written_again_however_often_it_is_read() {
    let stage = Stage::with(BY_SCHEDULE).await;
    let sys_id = stage.tool.insert("change_request", &[("short_description", "new switch")]);
    stage.in_time("the first row", async || versions(&stage, &sys_id).await.len() == 1).await;
    let hour = begin() + Duration::from_secs(3600);
    stage
        .in_time("an hour of syncs", async || {
            let (connection, _) = standing(&stage).await;
            let current = connection["sync"][1]["current_to"].as_str().unwrap_or_default().to_owned();
            current.parse::<Timestamp>().is_ok_and(|current| current > hour)
        })
        .await;
    assert_eq!(versions(&stage, &sys_id).await.len(), 1);
}

#[tokio::test]
async fn the_sync_button_refreshes_and_syncs_at_once_and_status_tells_how_far_behind_rows_are() {
    let stage = Stage::new().await;
    let (connection, incidents) = standing(&stage).await;
    assert!(connection["configuration"].is_null() && incidents["current_to"].is_null(), "{connection}");

    let sys_id = stage.tool.insert("incident", &[("short_description", "slow network")]);
    stage.advance(Duration::from_secs(60));
    let answer = sync_now(&stage).await;
    assert_eq!((&answer["more"], &answer["under_way"]), (&false.into(), &Value::Array(Vec::new())), "{answer}");
    assert!(answer["refresh"]["choice_lists"].as_u64().unwrap() > 0 && answer["refresh"]["cause"] == "", "{answer}");
    let written: u64 = answer["sync"].as_array().unwrap().iter().map(|kind| kind["written"].as_u64().unwrap()).sum();
    assert_eq!((written, versions(&stage, &sys_id).await.len()), (1, 1), "{answer}");

    stage.advance(Duration::from_secs(600));
    let (connection, incidents) = standing(&stage).await;
    assert_eq!((&incidents["lag_seconds"], &incidents["cause"], &incidents["running"]), (&600.into(), &"".into(), &Value::Null));
    assert_eq!(connection["configuration"]["age_seconds"], 600);
    assert!(stage.status().await["sink"].as_str().unwrap().contains("ServiceDesk_CL"));

    let again = sync_now(&stage).await;
    assert_eq!(again["sync"][0]["written"], 0, "{again}");
    assert_eq!(standing(&stage).await.1["lag_seconds"], 0);
}

#[tokio::test]
async fn a_record_that_an_alert_made_comes_back_with_what_people_did_to_it() {
    let stage = Stage::new().await;
    stage.told(&tests::alerts::metric("cpu-web01", 0, false)).await;
    let incident = stage.incident();
    sync_now(&stage).await;
    stage.advance(Duration::from_secs(60));
    stage.tool.update("incident", value(&incident, "sys_id"), &[("impact", "1"), ("urgency", "1")]);
    stage.advance(Duration::from_secs(60));
    sync_now(&stage).await;
    let rows = versions(&stage, value(&incident, "sys_id")).await;
    let newest = rows.last().unwrap();
    assert_eq!((text(newest, "ServiceDeskId_s"), text(newest, "Priority_s")), (value(&incident, "number"), "1 - Critical"));
    assert!(text(newest, "Title_s").contains("cpu-web01"), "{newest}");
}

#[tokio::test]
async fn an_outage_is_told_in_the_log_table_and_what_changed_meanwhile_is_not_missed() {
    let stage = Stage::with(BY_SCHEDULE).await;
    let before = stage.tool.insert("incident", &[("short_description", "before")]);
    stage.in_time("a row", async || versions(&stage, &before).await.len() == 1).await;

    let page = "<html><head><title>503 Service Unavailable</title></head></html>".to_owned();
    stage.fault(Effect::Status { code: 503, body: page, headers: Vec::new() });
    let during = stage.tool.insert("incident", &[("short_description", "during the outage")]);
    let told = async |message: &str| {
        let mut rows = stage.rows(Log).await;
        rows.retain(|row| text(row, "Operation_s") == "sync" && text(row, "Message_s") == message);
        rows
    };
    stage.in_time("the failure in the log", async || !told("records could not be synced").await.is_empty()).await;
    let failure = &told("records could not be synced").await[0];
    assert!(text(failure, "Cause_s").contains("503") && !text(failure, "Remedy_s").is_empty(), "{failure}");
    assert_eq!((text(failure, "LogType_s"), text(failure, "ServiceDeskConnectionName_s")), ("WARNING", "snow"), "{failure}");
    stage
        .in_time("the failure in the status", async || {
            standing(&stage).await.1["cause"].as_str().is_some_and(|cause| cause.contains("503"))
        })
        .await;

    stage.tool.faults().clear();
    stage.in_time("what changed meanwhile", async || versions(&stage, &during).await.len() == 1).await;
    stage.in_time("the end in the log", async || !told("records are synced again").await.is_empty()).await;
    stage.in_time("the end in the status", async || standing(&stage).await.1["cause"] == "").await;
}

#[tokio::test]
async fn after_a_restart_the_sync_goes_on_where_it_was_and_the_configuration_is_there() {
    let stage = Stage::new().await;
    let sys_id = stage.tool.insert("incident", &[("short_description", "before the restart")]);
    sync_now(&stage).await;
    let stage = stage.restarted().await;
    assert!(standing(&stage).await.0["configuration"]["read_at"].is_string(), "the last good copy is used");
    stage.advance(Duration::from_secs(600));
    let later = stage.tool.insert("incident", &[("short_description", "after the restart")]);
    stage.advance(Duration::from_secs(60));
    assert_eq!(sync_now(&stage).await["sync"][0]["written"], 1);
    assert_eq!((versions(&stage, &sys_id).await.len(), versions(&stage, &later).await.len()), (1, 1));
}

#[tokio::test]
async fn configuration_is_read_at_the_first_start_and_once_a_day_at_its_time() {
    let stage = Stage::with("[schedule]\nsync = \"\"\nconfiguration_refresh = \"0 0 5 * * *\"\n").await;
    let read_at = async || {
        let (connection, _) = standing(&stage).await;
        connection["configuration"]["read_at"].as_str().map(|at| at.parse::<Timestamp>().unwrap())
    };
    stage.happens("the first refresh", async || read_at().await.is_some()).await;
    assert_eq!(read_at().await, Some(begin()));
    let five = begin() + Duration::from_secs(1800);
    stage.in_time("the refresh at five", async || read_at().await.is_some_and(|at| at >= five)).await;
}
