//! Pages, and look-ups by key.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::{NOW, client, code, gateway, gateway_with, ids};
use crate::{
    desk::{Desk, Edit, Kind},
    service_manager::{
        gateway::Options,
        model::{Seed, Settings},
    },
};

fn seeded(incidents: usize) -> Options {
    let seed = Seed { incidents, change_requests: 5, servers: 0 };
    Options { group: Settings { seed, ..Settings::default() }, ..Options::default() }
}

#[tokio::test]
async fn a_walk_meets_every_incident_once_though_some_change_meanwhile() {
    let gateway = gateway_with(seeded(250)).await;
    let client = client(&gateway);
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut path = "/v1/incidents?modifiedSince=2026-01-01T00:00:00Z&limit=40".to_owned();
    let mut pages = 0;
    loop {
        let (status, body) = client.get(&path).await;
        assert_eq!(status, 200, "{body}");
        for item in body["items"].as_array().unwrap() {
            seen.entry(item["id"].as_str().unwrap().to_owned()).or_default().push(item["title"].as_str().unwrap().to_owned());
        }
        pages += 1;
        if pages == 2 {
            // One that was seen, one that was not, both in the same tick.
            for id in ["IR1001", "IR1200"] {
                gateway.edit(Kind::Incident, id, &Edit::Title("Changed".into()));
            }
        }
        match body["nextCursor"].as_str() {
            Some(cursor) => path = format!("/v1/incidents?cursor={cursor}&limit=40"),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (250, 7));
    assert_eq!(seen["IR1001"], ["Seeded incident 0", "Changed"]);
    assert_eq!(seen["IR1200"], ["Changed"]);
    assert!(seen.iter().all(|(id, titles)| titles.len() == 1 || id == "IR1001"));
}

#[tokio::test]
async fn equal_instants_are_parted_by_id_byte_by_byte() {
    let gateway =
        gateway_with(Options { group: Settings { first_number: 8, ..Settings::default() }, ..Options::default() }).await;
    let client = client(&gateway);
    for number in 0..5 {
        client.incident(&format!("az-1-{number}")).await;
    }
    let (_, page) = client.get("/v1/incidents?modifiedSince=2026-09-01T00:00:00Z&limit=2&count=true").await;
    assert_eq!((ids(&page), &page["remaining"]), (vec!["IR10".to_owned(), "IR11".to_owned()], &json!(3)));
    let at = page["items"][1]["lastModified"].as_str().unwrap();
    assert_eq!(at, "2026-09-01T10:00:00.0003333Z");
    let rest = client.ids(&format!("/v1/incidents?modifiedSince={at}&afterId=IR11")).await;
    assert_eq!(rest, ["IR12", "IR8", "IR9"]);
    // Whoever rounds the instant down sees some again, whoever rounds up loses them.
    assert_eq!(client.ids("/v1/incidents?modifiedSince=2026-09-01T10:00:00Z&afterId=IR11").await.len(), 5);
    assert_eq!(client.ids("/v1/incidents?modifiedSince=2026-09-01T10:00:00.001Z").await.len(), 0);
}

#[tokio::test]
async fn until_is_inclusive_and_holds_for_the_whole_walk() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for number in 0..4 {
        client.incident(&format!("az-1-{number}")).await;
        gateway.advance(Duration::from_secs(1));
    }
    let until = "2026-09-01T10:00:02.0003333Z";
    let path = format!("/v1/incidents?modifiedSince=2026-09-01T10:00:00Z&until={until}");
    assert_eq!(client.ids(&path).await, ["IR1001", "IR1002", "IR1003"]);
    assert_eq!(client.ids(&path.replace("02.0003333", "02.0003332")).await, ["IR1001", "IR1002"]);
    let (_, page) = client.get(&format!("{path}&limit=1")).await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let (status, body) = client.get(&format!("/v1/incidents?cursor={cursor}")).await;
    assert_eq!((status, code(&body)), (400, "bad_request"), "another walk's until");
    assert_eq!(client.ids(&format!("/v1/incidents?cursor={cursor}&until={until}")).await, ["IR1002", "IR1003"]);
}

#[tokio::test]
async fn keys_are_found_exactly_and_the_newest_generation_by_prefix() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for key in ["az-7f-1", "az-7f-2", "az-7f-10", "az-7f-x", "az-7f-02", "az-7f1-99"] {
        client.incident(key).await;
    }
    assert_eq!(client.ids("/v1/incidents?correlationKey=az-7f-1").await, ["IR1001"]);
    assert_eq!(client.ids("/v1/incidents?correlationKey=AZ-7F-1").await.len(), 0, "exactly");
    assert_eq!(client.ids("/v1/incidents?correlationPrefix=az-7f-").await, ["IR1003", "IR1002", "IR1001"]);
    assert_eq!(client.ids("/v1/incidents?correlationPrefix=az-7f-&limit=1").await, ["IR1003"]);
    gateway.remove(Kind::Incident, "IR1003");
    assert_eq!(client.ids("/v1/incidents?correlationPrefix=az-7f-&limit=1").await, ["IR1002"]);
    assert_eq!(client.ids("/v1/incidents?correlationPrefix=az-7f-&objectStatus=all&limit=1").await, ["IR1003"]);
}

#[tokio::test]
async fn deleted_items_are_told_until_they_are_groomed() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for number in 0..3 {
        client.incident(&format!("az-1-{number}")).await;
    }
    gateway.advance(Duration::from_secs(5));
    gateway.remove(Kind::Incident, "IR1002");
    let list = "/v1/incidents?modifiedSince=2026-09-01T00:00:00Z";
    assert_eq!(client.ids(list).await, ["IR1001", "IR1003"]);
    let (_, deleted) = client.get(&format!("{list}&objectStatus=deleted")).await;
    assert_eq!((ids(&deleted), &deleted["items"][0]["objectStatus"]), (vec!["IR1002".to_owned()], &json!("PendingDelete")));
    assert_eq!(deleted["items"][0]["lastModified"], "2026-09-01T10:00:05.0003333Z");
    let (status, body) = client.get("/v1/incidents/IR1002").await;
    assert_eq!((status, code(&body)), (410, "gone"));
    gateway.with_group(|group, _| group.groom(NOW * 1000));
    let (status, body) = client.get("/v1/incidents/IR1002").await;
    assert_eq!((status, code(&body)), (404, "not_found"));
    let blind = gateway_with(Options { tells_deleted: false, ..Options::default() }).await;
    let (status, body) = super::client(&blind).get(&format!("{list}&objectStatus=deleted")).await;
    assert_eq!((status, code(&body)), (501, "not_supported"));
}

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let gateway = gateway().await;
    let client = client(&gateway);
    for query in [
        "",
        "modifiedSince=yesterday",
        "modifiedSince=2026-09-01T00:00:00Z&sort=id",
        "modifiedSince=2026-09-01T00:00:00Z&limit=0",
        "modifiedSince=2026-09-01T00:00:00Z&modifiedSince=2026-09-02T00:00:00Z",
        "modifiedSince=2026-09-01T00:00:00Z&cursor=abc",
        "cursor=abc",
        "correlationKey=a&modifiedSince=2026-09-01T00:00:00Z",
        "modifiedSince=2026-09-01T00:00:00Z&objectStatus=gone",
    ] {
        let (status, body) = client.get(&format!("/v1/incidents?{query}")).await;
        assert_eq!((status, code(&body)), (400, "bad_request"), "{query}");
    }
}

#[tokio::test]
async fn changes_are_read_with_their_own_members() {
    let gateway = gateway_with(seeded(0)).await;
    let client = client(&gateway);
    let (_, page) = client.get("/v1/changes?modifiedSince=2026-01-01T00:00:00Z").await;
    let items = page["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[4]["status"]["label"]), (5, &json!("In Progress")));
    assert_eq!((&items[0]["category"]["label"], &items[0]["readOnly"]), (&json!("Standard"), &json!(true)));
    assert!(
        items[0]["scheduledStart"].is_string() && items[0].get("urgency").is_none() && items[0].get("correlationKey").is_none()
    );
    let (status, headers, _) =
        super::Client::told(client.request("PATCH", "/v1/changes/CR1001").json(&json!({"comment": "x"}))).await;
    assert_eq!((status, headers["allow"].to_str().unwrap()), (405, "GET"));
}
