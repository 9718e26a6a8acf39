//! `POST /api/work-items/..`: a work item by hand.

use connector::delivery::Source;
use connector::store::DeliveryQueue;
use connector::work_item::WorkItemType;
use serde_json::json;

use super::{Host, answer};

const PATH: &str = "/api/work-items/snow/incident";

#[tokio::test]
async fn a_request_is_stored_as_it_came() {
    let host = Host::usual().await;
    let body = json!({"title": "Disk full", "computer": "web01", "fields": {"category": "disk"}, "rows": [{"a": 1}]}).to_string();
    let (status, answer) = answer(host.post(PATH).body(body.clone())).await;
    let taken = host.taken();
    assert_eq!((status, &answer["deliveryId"]), (202, &json!(taken[0].id.to_string())));
    assert_eq!((taken[0].source, taken[0].work_item_type), (Source::Request, WorkItemType::Incident));
    assert_eq!(taken[0].payload, body.as_bytes());
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_delivery_and_any_other_is_not() {
    let host = Host::usual().await;
    let id = async |path: &str, key: Option<&str>| {
        let mut request = host.post(path).body("{\"title\": \"x\"}");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        answer(request).await.1["deliveryId"].as_str().unwrap().to_owned()
    };
    let first = id(PATH, Some("a")).await;
    assert_eq!(id(PATH, Some("a")).await, first);
    let others = [
        id(PATH, Some("b")).await,
        id("/api/work-items/snow/event", Some("a")).await,
        id("/api/work-items/snow-test/incident", Some("a")).await,
        id(PATH, None).await,
        id(PATH, None).await,
    ];
    let distinct: std::collections::BTreeSet<_> = others.iter().chain([&first]).collect();
    assert_eq!(distinct.len(), 6);
    assert_eq!((host.taken().len(), host.queue.store.counts(None).await.unwrap().accepted), (7, 6), "stored once");
}

#[tokio::test]
async fn a_wrong_request_is_400_and_names_the_member() {
    let host = Host::usual().await;
    for (body, detail) in [
        ("{}", "title"),
        ("{\"title\": \"x\", \"fields\": {\"a\": []}}", "`fields`"),
        ("{\"title\": \"x\", \"compuer\": \"web01\"}", "compuer"),
        ("[]", "not an object"),
        ("{\"title\": \"x\"", "ends too early"),
        ("{\"title\": \"x\"} x", "trailing"),
        ("{\"title\": \" \"}", "it is empty"),
    ] {
        let (status, problem) = answer(host.post(PATH).body(body)).await;
        assert_eq!(status, 400, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        // Without the word it prints that of the settings.
        assert!(problem["remedy"].as_str().unwrap().contains("`itsm-connector schema work-item`"), "{problem}");
    }
    for key in [String::new(), "a b".to_owned(), "x".repeat(256)] {
        let (status, problem) = answer(host.post(PATH).header("Idempotency-Key", key).body("{\"title\": \"x\"}")).await;
        assert_eq!((status, &problem["type"]), (400, &json!("urn:itsm-connector:problem:bad-idempotency-key")));
    }
    assert_eq!(answer(host.post(&format!("{PATH}?per=ci")).body("{\"title\": \"x\"}")).await.0, 400);
    assert!(host.taken().is_empty());
}
