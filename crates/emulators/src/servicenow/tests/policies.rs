//! What the platform does to a record on its own: priorities, states, stamps, policies, cuts.

use std::time::Duration;

use serde_json::{Value, json};

use super::{client, incident, instance};

#[tokio::test]
async fn priority_follows_the_matrix_whatever_is_written() {
    let instance = instance().await;
    let client = client(&instance);
    for (impact, urgency, priority) in
        [(1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 1, 2), (2, 2, 3), (2, 3, 4), (3, 1, 3), (3, 2, 4), (3, 3, 5)]
    {
        let body = json!({"impact": impact, "urgency": urgency.to_string(), "priority": "1"});
        let sys_id = client.create(body).await;
        assert_eq!(instance.record("incident", &sys_id).unwrap()["priority"], priority.to_string(), "{impact} {urgency}");
    }
}

#[tokio::test]
async fn closing_needs_code_and_notes_and_stamps_the_record() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("x")).await;
    let path = format!("/api/now/table/incident/{sys_id}");
    let refused = |body: Value| client.send("PATCH", &path, Some(body));
    for state in ["6", "7"] {
        let (status, answer) = refused(json!({"state": state})).await;
        let detail = "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes";
        assert_eq!(
            (status, answer["error"]["message"].as_str().unwrap(), answer["error"]["detail"].as_str().unwrap()),
            (403, "Operation Failed", detail)
        );
    }
    let (status, answer) = refused(json!({"state": "6", "close_code": "No such code", "close_notes": "x"})).await;
    assert_eq!(status, 403, "a code that the instance does not list is dropped, and then missing");
    assert!(answer["error"]["detail"].as_str().unwrap().ends_with("mandatory: Resolution code"));
    instance.advance(Duration::from_secs(60));
    let (status, answer) =
        client.send("PATCH", &path, Some(json!({"state": "6", "close_code": "Solution provided", "close_notes": "done"}))).await;
    assert_eq!(
        (status, answer["result"]["resolved_at"].as_str().unwrap(), answer["result"]["active"].as_str().unwrap()),
        (200, "2026-09-01 10:01:00", "true")
    );
    let (_, closed) = client.send("PATCH", &path, Some(json!({"state": "7"}))).await;
    let result = &closed["result"];
    assert_eq!((result["active"].as_str().unwrap(), result["incident_state"].as_str().unwrap()), ("false", "7"));
    assert_eq!(
        (result["closed_at"].as_str().unwrap(), result["resolved_at"].as_str().unwrap()),
        ("2026-09-01 10:01:00", "2026-09-01 10:01:00")
    );
}

#[tokio::test]
async fn reopening_clears_the_stamps_and_is_counted() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(json!({"state": "6", "close_code": "Solution provided", "close_notes": "done"})).await;
    client.send("PATCH", &format!("/api/now/table/incident/{sys_id}"), Some(json!({"state": "2"}))).await;
    let record = instance.record("incident", &sys_id).unwrap();
    assert_eq!((record["resolved_at"].as_str(), record["resolved_by"].as_str(), record["reopen_count"].as_str()), ("", "", "1"));
}

#[tokio::test]
async fn the_two_state_columns_keep_in_step() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(json!({"incident_state": "2"})).await;
    assert_eq!(instance.record("incident", &sys_id).unwrap()["state"], "2");
    client.send("PATCH", &format!("/api/now/table/incident/{sys_id}"), Some(json!({"state": "1"}))).await;
    assert_eq!(instance.record("incident", &sys_id).unwrap()["incident_state"], "1");
}

#[tokio::test]
async fn waiting_needs_a_reason() {
    let instance = instance().await;
    let (status, answer) = client(&instance).send("POST", "/api/now/table/incident", Some(json!({"state": "3"}))).await;
    assert_eq!(status, 403);
    assert!(answer["error"]["detail"].as_str().unwrap().ends_with("On hold reason"));
}

#[tokio::test]
async fn what_does_not_fit_is_dropped_without_a_word() {
    let instance = instance().await;
    let client = client(&instance);
    let body = json!({
        "short_description": "ä".repeat(200), "no_such_column": "x", "cmdb_ci": "WEB01", "sys_created_by": "me", "number": "INC77", "state": "soon", "active": true, "due_date": null,
    });
    let sys_id = client.create(body).await;
    let record = instance.record("incident", &sys_id).unwrap();
    assert_eq!(record["short_description"].chars().count(), 160);
    assert!(!record.contains_key("no_such_column"));
    assert_eq!((record["cmdb_ci"].as_str(), record["sys_created_by"].as_str(), record["state"].as_str()), ("", "itsm", "1"));
}

#[tokio::test]
async fn work_notes_are_kept_apart_and_oldest_first() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(json!({"short_description": "x", "work_notes": "one"})).await;
    let path = format!("/api/now/table/incident/{sys_id}");
    client.send("PATCH", &path, Some(json!({"work_notes": "two", "comments": "for the caller"}))).await;
    assert_eq!(instance.notes(&sys_id), ["one", "two"]);
    assert_eq!(instance.record("incident", &sys_id).unwrap()["sys_mod_count"], "1");
    let read = client
        .column(&format!("/api/now/table/sys_journal_field?sysparm_query=element_id={sys_id}^element=work_notes"), "value")
        .await;
    assert_eq!(read, ["one", "two"]);
}

#[tokio::test]
async fn a_person_in_the_user_interface_is_seen_as_herself() {
    let instance = instance().await;
    let sys_id = client(&instance).create(incident("x")).await;
    instance.update("incident", &sys_id, &[("short_description", "mine"), ("state", "7")]);
    let record = instance.record("incident", &sys_id).unwrap();
    assert_eq!((record["sys_updated_by"].as_str(), record["state"].as_str()), ("beth.anglin", "7"));
}
