//! PATCH and comments.

use serde_json::json;

use super::{Client, client, code, gateway};
use crate::{
    desk::{Desk, Edit, Kind, Phase},
    service_manager::gateway::{Effect, Fault},
};

#[tokio::test]
async fn resolve_and_reopen_set_and_empty_what_belongs_to_a_resolution() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let path = format!("/v1/incidents/{}", client.incident("az-1-1").await);
    let resolve = json!({"transition": "resolve", "resolutionCategory": "AutoResolved", "resolutionDescription": "Over", "comment": "done"});
    let (status, body) = client.send("PATCH", &path, &resolve).await;
    assert_eq!((status, &body["status"]["name"]), (200, &json!("IncidentStatusEnum.Resolved")));
    assert_eq!((&body["resolutionDescription"], &body["resolved"]), (&json!("Over"), &json!("2026-09-01T10:00:00Z")));
    assert_eq!(body["resolutionCategory"]["label"], "Auto Resolved");
    assert_eq!(gateway.all(Kind::Incident)[0].phase, Phase::Resolved);
    gateway.advance(std::time::Duration::from_secs(60));
    let (_, again) = client.send("PATCH", &path, &json!({"transition": "resolve", "resolutionDescription": "Really over"})).await;
    assert_eq!((&again["resolved"], &again["resolutionDescription"]), (&body["resolved"], &json!("Really over")));
    assert_eq!(again["resolutionCategory"]["label"], "Auto Resolved");
    let (_, open) = client.send("PATCH", &path, &json!({"transition": "reopen", "properties": {"Urgency": "Low"}})).await;
    assert_eq!((&open["status"]["label"], &open["resolved"]), (&json!("Active"), &json!(null)));
    assert_eq!((&open["resolutionCategory"], &open["urgency"]["label"]), (&json!(null), &json!("Low")));
    let (_, still) = client.send("PATCH", &path, &json!({"transition": "reopen"})).await;
    assert_eq!(still["etag"], open["etag"], "reopening an open one changes nothing");
}

#[tokio::test]
async fn if_match_refuses_a_stale_write_even_within_one_tick() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let path = format!("/v1/incidents/{}", client.incident("az-1-1").await);
    let (_, before) = client.get(&path).await;
    gateway.edit(Kind::Incident, "IR1001", &Edit::Title("Beth was here".into()));
    let write =
        |tag: &str| client.request("PATCH", &path).header("If-Match", tag).json(&json!({"properties": {"Title": "Mine"}}));
    let (status, _, body) = Client::told(write(before["etag"].as_str().unwrap())).await;
    assert_eq!((status, code(&body), &body["outcome"]), (412, "conflict", &json!("not_done")));
    let (_, now) = client.get(&path).await;
    assert_eq!((&now["title"], &now["lastModified"]), (&json!("Beth was here"), &before["lastModified"]));
    gateway.faults().add(Fault::new(Effect::WorkflowTouch).path("update ").times(1));
    assert_eq!(Client::told(write(now["etag"].as_str().unwrap())).await.0, 412, "a workflow was faster");
    let (_, now) = client.get(&path).await;
    assert_eq!(Client::told(write(now["etag"].as_str().unwrap())).await.0, 200);
    assert_eq!(gateway.all(Kind::Incident)[0].title, "Mine");
}

#[tokio::test]
async fn a_change_is_all_or_nothing() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let path = format!("/v1/incidents/{}", client.incident("az-1-1").await);
    for (body, told) in [
        (json!({"transition": "resolve", "properties": {"Impact": "Huge"}}), "invalid_enum"),
        (json!({"transition": "resolve", "resolutionCategory": "Nope"}), "invalid_enum"),
        (json!({"transition": "explode"}), "bad_request"),
        (json!({"resolutionDescription": "without a transition"}), "bad_request"),
        (json!({"transition": "reopen", "properties": {"Status": "Closed"}}), "bad_request"),
        (json!({"properties": {"Title": null}}), "invalid_value"),
        (json!({"comment": "x".repeat(4001), "properties": {"Title": "y"}}), "invalid_value"),
        (json!({"state": 6}), "bad_request"),
        (json!({}), "bad_request"),
    ] {
        let (_, answer) = client.send("PATCH", &path, &body).await;
        assert_eq!(code(&answer), told, "{body}");
    }
    let seen = &gateway.all(Kind::Incident)[0];
    assert_eq!((seen.phase, seen.title.as_str(), seen.notes.len()), (Phase::Open, "az-1-1", 0));
}

#[tokio::test]
async fn comments_are_read_back_exactly_so_that_a_lost_append_is_recognised() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let path = format!("/v1/incidents/{}", client.incident("az-1-1").await);
    let text = "Zeile 1\r\n\u{1F525} [az:0190c1f0]  ";
    gateway.faults().add(Fault::new(Effect::ResetAfterCommit).path("comment ").times(1));
    let request = client.request("POST", &format!("{path}/comments")).json(&json!({"text": text}));
    assert!(request.send().await.is_err());
    let (_, before) = client.get(&path).await;
    let (status, body) = client.get(&format!("{path}/comments")).await;
    assert_eq!((status, &body["items"][0]["text"], body["items"].as_array().unwrap().len()), (200, &json!(text), 1));
    assert_eq!((&body["items"][0]["kind"], &body["items"][0]["enteredBy"]), (&json!("analyst"), &json!("CONTOSO\\svc-itsm")));
    gateway.advance(std::time::Duration::from_secs(60));
    let (status, made) = client.send("POST", &format!("{path}/comments"), &json!({"text": "two", "private": true})).await;
    assert_eq!((status, &made["private"], &made["entered"]), (201, &json!(true), &json!("2026-09-01T10:01:00Z")));
    let (_, after) = client.get(&path).await;
    assert_eq!(after["lastModified"], before["lastModified"], "comments do not move it");
    assert_eq!(client.send("POST", &format!("{path}/comments"), &json!({"text": ""})).await.0, 422);
}

#[tokio::test]
async fn a_comment_that_fails_after_the_commit_is_told() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let path = format!("/v1/incidents/{}", client.incident("az-1-1").await);
    gateway.faults().add(Fault::new(Effect::CommentFails).path("update ").times(1));
    let (status, body) = client.send("PATCH", &path, &json!({"transition": "resolve", "comment": "lost"})).await;
    assert_eq!((status, &body["comment"]), (200, &json!({"added": false, "reason": "sdk_timeout"})));
    let seen = &gateway.all(Kind::Incident)[0];
    assert_eq!((seen.phase, seen.notes.len()), (Phase::Resolved, 0));
    gateway.faults().add(Fault::new(Effect::SdkTimeout { done: true }).path("update ").times(1));
    let (status, body) = client.send("PATCH", &path, &json!({"transition": "reopen"})).await;
    assert_eq!((status, code(&body), &body["outcome"]), (503, "sdk_timeout", &json!("unknown")));
    assert_eq!(gateway.all(Kind::Incident)[0].phase, Phase::Open, "it was done all the same");
}
