//! What goes wrong, and how it is told.

use std::time::Duration;

use serde_json::json;

use super::{Client, client, code, draft, gateway};
use crate::{
    desk::{Desk, Edit, Kind, Phase, Trouble},
    service_manager::gateway::{Effect, Fault},
};

#[tokio::test]
async fn every_failure_has_its_code() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for (effect, status, told, outcome) in [
        (Effect::SdkUnavailable, 503, "sdk_unavailable", "not_done"),
        (Effect::SdkTimeout { done: false }, 503, "sdk_timeout", "unknown"),
        (Effect::AccessDenied, 403, "access_denied", "not_done"),
        (Effect::Internal, 500, "internal", "not_done"),
        (Effect::Stale, 412, "conflict", "not_done"),
        (Effect::Rejected("no".into()), 422, "rejected", "not_done"),
        (Effect::InProgress, 409, "in_progress", "not_done"),
        (Effect::Busy { retry_after: 7 }, 429, "busy", "not_done"),
    ] {
        gateway.faults().add(Fault::new(effect.clone()).times(1));
        let (found, headers, body) = client.create(told, &draft("x")).await;
        assert_eq!((found, code(&body), body["outcome"].as_str().unwrap()), (status, told, outcome));
        if effect == (Effect::Busy { retry_after: 7 }) {
            assert_eq!(headers["retry-after"], "7");
        }
    }
    assert_eq!(gateway.all(Kind::Incident).len(), 0);
}

#[tokio::test]
async fn a_busy_gateway_says_when_to_come_again_and_keeps_its_word() {
    let gateway = gateway().await;
    let client = client(&gateway);
    assert!(gateway.strike(&Trouble::RateLimited(Duration::from_secs(30))));
    let (status, headers, _) = Client::told(client.request("GET", "/v1/metadata")).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (429, "31"));
    gateway.advance(Duration::from_secs(31));
    assert_eq!(client.get("/v1/metadata").await.0, 200);
}

#[tokio::test]
async fn a_login_page_and_half_a_page_come_with_status_200() {
    let gateway = gateway().await;
    let client = client(&gateway);
    client.incident("az-1-1").await;
    assert!(gateway.strike(&Trouble::LoginPage));
    let (status, headers, body) = Client::told(client.request("GET", "/v1/health")).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap(), body), (200, "text/html; charset=utf-8", json!(null)));
    gateway.calm();
    assert!(gateway.strike(&Trouble::HalfPage));
    let list = "/v1/incidents?modifiedSince=2026-01-01T00:00:00Z";
    let text = client.request("GET", list).send().await.unwrap().text().await.unwrap();
    assert!(text.starts_with("{\"items\":[{") && serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
    assert_eq!(client.ids(list).await, ["IR1001"]);
    assert!(!gateway.strike(&Trouble::TokensExpired));
}

#[tokio::test]
async fn a_lost_create_is_not_done_and_a_lost_answer_is() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for (trouble, found) in [(Trouble::CreateLost, 0), (Trouble::CreateAnswerLost, 1)] {
        assert!(gateway.strike(&trouble));
        let request = client.request("POST", "/v1/incidents").header("Idempotency-Key", "az-1-1").json(&draft("x"));
        assert!(request.send().await.is_err());
        assert_eq!(client.ids("/v1/incidents?correlationKey=az-1-1").await.len(), found, "{trouble:?}");
    }
}

#[tokio::test]
async fn people_do_what_people_do() {
    let gateway = gateway().await;
    let client = client(&gateway);
    let id = gateway.file(Kind::Incident, "Printer on fire");
    let change = gateway.file(Kind::ChangeRequest, "Patch web01");
    gateway.advance(Duration::from_secs(1));
    gateway.edit(Kind::Incident, &id, &Edit::Assign("Fred Luddy".into()));
    gateway.edit(Kind::Incident, &id, &Edit::Field("TierQueue".into(), "Tier 2".into()));
    gateway.edit(Kind::Incident, &id, &Edit::Note("Bring water".into()));
    let (_, body) = client.get(&format!("/v1/incidents/{id}")).await;
    assert_eq!((&body["assignedTo"], &body["createdBy"]), (&json!("Fred Luddy"), &json!("Beth Anglin")));
    assert_eq!((&body["tierQueue"]["label"], &body["lastModified"]), (&json!("Tier 2"), &json!("2026-09-01T10:00:01.0003333Z")));
    let seen = &gateway.all(Kind::Incident)[0];
    assert_eq!((seen.state.as_str(), &seen.notes[..]), ("Active", &["Bring water".to_owned()][..]));
    assert_eq!(seen.fields["TierQueue"], "IncidentTierQueuesEnum.Tier2");
    gateway.edit(Kind::Incident, &id, &Edit::Field("TierQueue".into(), seen.fields["TierQueue"].clone()));
    for (edit, phase) in [(Edit::Resolve, Phase::Resolved), (Edit::Reopen, Phase::Open), (Edit::Close, Phase::Closed)] {
        for (kind, id) in [(Kind::Incident, &id), (Kind::ChangeRequest, &change)] {
            gateway.edit(kind, id, &edit);
            assert_eq!(gateway.all(kind)[0].phase, phase, "{edit:?}");
        }
    }
    gateway.remove(Kind::Incident, &id);
    assert_eq!(gateway.all(Kind::Incident).len(), 0);
    assert!(gateway.computers().contains(&"build01.contoso.com".to_owned()));
}
