//! Health, metadata, paths and limits.

use serde_json::json;

use super::{Client, client, code, draft, gateway, gateway_with};
use crate::{
    desk::{Desk, Trouble},
    service_manager::{gateway::Options, model::Language},
};

#[tokio::test]
async fn health_is_answered_while_the_server_is_down() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let (_, body) = client.get("/v1/health").await;
    assert_eq!((&body["status"], &body["user"], &body["protocol"]), (&json!("ok"), &json!("CONTOSO\\svc-itsm"), &json!(1)));
    assert_eq!((&body["utc"], &body["capabilities"]["createComputers"]), (&json!("2026-09-01T10:00:00Z"), &json!(false)));
    assert!(gateway.strike(&Trouble::Down));
    let (status, body) = client.get("/v1/health").await;
    assert_eq!((status, &body["status"], &body["checks"][0]["status"]), (200, &json!("failed"), &json!("failed")));
    let (status, body) = client.get("/v1/metadata").await;
    assert_eq!((status, code(&body), &body["retryable"]), (503, "sdk_unavailable", &json!(true)));
    let (status, _, body) = client.create("one", &draft("x")).await;
    assert_eq!((status, &body["outcome"]), (503, &json!("not_done")));
}

#[tokio::test]
async fn metadata_has_every_tree_and_an_etag_that_follows_changes() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let (_, headers, body) = Client::told(client.request("GET", "/v1/metadata")).await;
    let status = body["enums"]["incident.status"].as_array().unwrap();
    let names: Vec<&str> = status.iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "IncidentStatusEnum.Active",
            "IncidentStatusEnum.Active.Pending",
            "IncidentStatusEnum.Resolved",
            "IncidentStatusEnum.Closed"
        ]
    );
    assert_eq!((&status[0]["parent"], &status[1]["parent"]), (&json!(null), &status[0]["id"]));
    assert_eq!(status[0]["id"], "5e2d3932-ca6d-1515-7310-6f58584df73e");
    assert_eq!(body["enums"].as_object().unwrap().len(), 14);
    assert_eq!(body["supportGroups"].as_array().unwrap().len(), 4);
    assert_eq!(body["templates"].as_array().unwrap().len(), 4);
    let title = json!({"name": "Title", "kind": "text", "maxLength": 200, "list": null, "readOnly": false});
    assert!(body["properties"]["incident"].as_array().unwrap().contains(&title));
    let tag = headers["etag"].to_str().unwrap();
    assert_eq!(tag, format!("\"{}\"", body["etag"].as_str().unwrap()));
    let known = || client.request("GET", "/v1/metadata").header("If-None-Match", tag);
    assert_eq!(Client::told(known()).await.0, 304);
    gateway.with_group(|group, _| group.enumerations_mut().rename(crate::service_manager::model::ids::ACTIVE, "Open", "Offen"));
    let (status, _, body) = Client::told(known()).await;
    assert_eq!((status, &body["enums"]["incident.status"][0]["label"]), (200, &json!("Open")));
}

#[tokio::test]
async fn labels_are_the_gateways_language_and_names_are_not() {
    let gateway = gateway_with(Options { language: Language::German, ..Options::default() }).await;
    let client = client(&gateway);
    let id = client.incident("az-1-1").await;
    let (_, body) = client.get(&format!("/v1/incidents/{id}")).await;
    assert_eq!((&body["status"]["label"], &body["status"]["name"]), (&json!("Aktiv"), &json!("IncidentStatusEnum.Active")));
}

#[tokio::test]
async fn paths_methods_and_bodies_are_checked() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for (method, path, status, told) in [
        ("GET", "/v1/problems", 404, "not_found"),
        ("GET", "/v1/incidents/", 404, "not_found"),
        ("GET", "/v1/incidents/IR9", 404, "not_found"),
        ("GET", "/health", 404, "not_found"),
        ("DELETE", "/v1/incidents/IR9", 405, "not_allowed"),
        ("POST", "/v1/changes", 405, "not_allowed"),
    ] {
        let (found, _, body) = Client::told(client.request(method, path)).await;
        assert_eq!((found, code(&body)), (status, told), "{method} {path}");
    }
    let post = |body: &'static str| client.request("POST", "/v1/incidents").header("Idempotency-Key", "k").body(body);
    assert_eq!(code(&Client::told(post("{}")).await.2), "unsupported_media_type");
    assert_eq!(code(&Client::told(post("[]").header("Content-Type", "application/json")).await.2), "bad_request");
    let large = client.request("POST", "/v1/incidents").header("Idempotency-Key", "k").header("Content-Type", "application/json");
    let (status, _, body) = Client::told(large.body("x".repeat(1024 * 1024 + 1))).await;
    assert_eq!((status, code(&body)), (413, "too_large"));
    let (_, headers, body) = Client::told(client.request("GET", "/v1/problems")).await;
    assert_eq!(headers["content-type"], "application/problem+json; charset=utf-8");
    assert_eq!(headers["x-request-id"].to_str().unwrap(), body["requestId"].as_str().unwrap());
}
