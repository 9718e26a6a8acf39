//! Create, read, change, delete, list.

use serde_json::json;

use super::{client, incident, instance};

#[tokio::test]
async fn a_new_incident_has_the_defaults_and_the_number_of_the_base_system() {
    let instance = instance().await;
    let client = client(&instance);
    let answer = client.request("POST", "/api/now/table/incident").json(&incident("Disk full")).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let body: serde_json::Value = answer.json().await.unwrap();
    let result = &body["result"];
    assert!(location.ends_with(&format!("/api/now/table/incident/{}", result["sys_id"].as_str().unwrap())));
    for (column, value) in [
        ("number", "INC0010001"),
        ("state", "1"),
        ("incident_state", "1"),
        ("priority", "5"),
        ("active", "true"),
        ("opened_at", "2026-09-01 10:00:00"),
        ("sys_created_by", "itsm"),
        ("sys_mod_count", "0"),
        ("correlation_id", ""),
    ] {
        assert_eq!(result[column], value, "{column}");
    }
}

#[tokio::test]
async fn a_change_raises_the_version_and_a_write_of_nothing_new_does_not() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("Disk full")).await;
    instance.advance(std::time::Duration::from_secs(60));
    let path = format!("/api/now/table/incident/{sys_id}");
    for (method, urgency, count) in [("PATCH", "1", "1"), ("PUT", "1", "1"), ("PATCH", "2", "2")] {
        let (status, answer) = client.send(method, &path, Some(json!({"urgency": urgency}))).await;
        assert_eq!(status, 200);
        assert_eq!(answer["result"]["sys_mod_count"], count);
    }
    let record = instance.record("incident", &sys_id).unwrap();
    assert_eq!((record["sys_updated_on"].as_str(), record["short_description"].as_str()), ("2026-09-01 10:01:00", "Disk full"));
}

#[tokio::test]
async fn a_deleted_record_is_gone_and_leaves_a_trace_for_administrators() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("Disk full")).await;
    let path = format!("/api/now/table/incident/{sys_id}");
    assert_eq!(client.send("DELETE", &path, None).await.0, 204);
    let (status, answer) = client.get(&path).await;
    assert_eq!((status, answer["error"]["message"].as_str().unwrap()), (404, "No Record found"));
    assert_eq!(instance.records("sys_audit_delete")[0]["documentkey"], sys_id);
}

#[tokio::test]
async fn the_view_over_tasks_shows_incidents() {
    let instance = instance().await;
    let client = client(&instance);
    let sys_id = client.create(incident("Disk full")).await;
    let (_, answer) = client.get(&format!("/api/now/table/task/{sys_id}")).await;
    assert_eq!(answer["result"]["sys_class_name"], "incident");
    let numbers =
        client.column("/api/now/table/task?sysparm_query=sys_class_name=incident&sysparm_fields=number", "number").await;
    assert_eq!(numbers, ["INC0010001"]);
}
