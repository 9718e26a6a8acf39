//! Import sets and batches.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{client, instance};

const STAGING: &str = "/api/now/import/x_mioms_microsoft_oms_incident";

#[tokio::test]
async fn a_staged_row_becomes_an_incident() {
    let instance = instance().await;
    let (status, answer) =
        client(&instance).send("POST", STAGING, Some(json!({"title": "Disk full", "impact": "1", "correlation_id": "k"}))).await;
    assert_eq!((status, answer["import_set"].as_str().unwrap()), (201, "ISET0010001"));
    let item = &answer["result"][0];
    assert_eq!((item["status"].as_str().unwrap(), item["transform_map"].as_str().unwrap()), ("inserted", "OMS Incident"));
    assert_eq!((item["display_name"].as_str().unwrap(), item["display_value"].as_str().unwrap()), ("number", "INC0010001"));
    let record = instance.record("incident", item["sys_id"].as_str().unwrap()).unwrap();
    assert_eq!((record["short_description"].as_str(), record["correlation_id"].as_str()), ("Disk full", "k"));
    assert_eq!(instance.records("x_mioms_microsoft_oms_incident")[0]["sys_import_state"], "inserted");
}

#[tokio::test]
async fn what_goes_wrong_is_told_inside_a_201() {
    let instance = instance().await;
    let client = client(&instance);
    for (path, body, message) in [
        (STAGING, json!({"sys_id": "0".repeat(32)}), "Target record not found"),
        (
            STAGING,
            json!({"state": "6"}),
            "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes",
        ),
        ("/api/now/import/u_nowhere", json!({}), "Invalid table"),
        ("/api/now/import/incident", json!({}), "Invalid staging table"),
    ] {
        let (status, answer) = client.send("POST", path, Some(body)).await;
        let item = &answer["result"][0];
        assert_eq!((status, item["status"].as_str().unwrap(), item["error_message"].as_str().unwrap()), (201, "error", message));
    }
    assert_eq!(instance.count("incident"), 0);
}

#[tokio::test]
async fn many_rows_are_answered_with_ids_only() {
    let instance = instance().await;
    let body = json!({"records": [{"title": "a"}, {"title": "b"}]});
    let (status, answer) = client(&instance).send("POST", &format!("{STAGING}/insertMultiple"), Some(body)).await;
    assert_eq!(status, 201);
    assert!(answer.get("multi_import_set_id").is_some() && answer.get("result").is_none());
    assert_eq!(instance.count("incident"), 2);
}

#[tokio::test]
async fn a_batch_does_its_parts_and_gives_ids_back_as_texts() {
    let instance = instance().await;
    let encoded = BASE64_STANDARD.encode(json!({"short_description": "x"}).to_string());
    let headers = json!([{"name": "Content-Type", "value": "application/json"}]);
    let body = json!({"batch_request_id": 7, "rest_requests": [
        {"id": 1, "method": "POST", "url": "/api/now/table/incident", "headers": headers, "body": encoded},
        {"id": "2", "method": "GET", "url": "/api/now/table/incident?sysparm_fields=number", "headers": []},
        {"id": "3", "method": "GET", "url": "/api/now/table/u_none", "headers": []},
    ]});
    let (_, answer) = client(&instance).send("POST", "/api/now/v1/batch", Some(body)).await;
    assert_eq!(answer["batch_request_id"], "7");
    let parts = answer["serviced_requests"].as_array().unwrap();
    let seen: Vec<_> = parts.iter().map(|part| (part["id"].as_str().unwrap(), part["status_code"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("1", 201), ("2", 200), ("3", 400)]);
    let list: Value = serde_json::from_slice(&BASE64_STANDARD.decode(parts[1]["body"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(list, json!({"result": [{"number": "INC0010001"}]}));
}
