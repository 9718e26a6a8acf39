//! `POST /api/connections/{name}/sync`, and what `GET /api/status` tells of records.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector::configuration::{Configuration, Finding, Gap, Template};
use connector::rows::RecordKind;
use connector::store::StoreError;
use connector::sync::{FirstLoad, Order, Summary};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Host, KEY, Setup, answer};
use crate::records::{ConfigurationState, KindState, Records, RecordsState, RefreshReport, SyncNow, UnderWay};

/// Notes what it is ordered to do, and answers as it is told to.
#[derive(Debug, Default)]
struct Clerk {
    orders: Mutex<Vec<(String, Order)>>,
    down: bool,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn gap() -> Gap {
    Gap::new("groups", "may not be read", "give the role")
}

fn under_way() -> UnderWay {
    let (connection, run_id) = ("snow".to_owned(), "other".to_owned());
    let (since, until) = (at("2026-11-23T11:58:00Z"), at("2026-11-23T12:02:00Z"));
    UnderWay { connection, kind: RecordKind::ChangeRequest, run_id, since, until }
}

#[async_trait]
impl Records for Clerk {
    fn sink(&self) -> Option<String> {
        Some("table of ./data/connector.db".to_owned())
    }

    async fn state(&self, connection: &str) -> Result<RecordsState, StoreError> {
        if connection != "snow" {
            return Ok(RecordsState::default());
        }
        let from = at("2026-10-24T12:00:00Z");
        let first_load = FirstLoad { from, reached: from, until: at("2026-11-23T11:00:00Z"), records: 7 };
        let kind = KindState {
            kind: RecordKind::Incident,
            current_to: Some(at("2026-11-23T11:58:00Z")),
            lag_seconds: Some(120),
            first_load: Some(first_load),
            running: Some(under_way()),
            cause: "hibernating".to_owned(),
            remedy: "wake it".to_owned(),
        };
        let read_at = at("2026-11-23T03:00:00Z");
        let configuration = ConfigurationState { read_at, age_seconds: 32_400, findings: 2, gaps: vec![gap()] };
        Ok(RecordsState { sync: vec![kind], configuration: Some(configuration) })
    }

    async fn sync_now(&self, connection: &str, order: Order) -> Result<SyncNow, StoreError> {
        self.orders.lock().unwrap().push((connection.to_owned(), order));
        if self.down {
            return Err(StoreError::Unavailable("disk full at /secret/path".to_owned()));
        }
        let read_at = at("2026-11-23T12:00:00Z");
        let template = Template { name: "Disk".to_owned(), table: "incident".to_owned(), content: String::new() };
        let copy = Configuration {
            read_at,
            templates: Some(vec![template]),
            choices: std::collections::BTreeMap::default(),
            groups: None,
            fields: None,
            plugins: std::collections::BTreeMap::default(),
            gaps: vec![gap()],
        };
        let mut refresh = RefreshReport::of(connection, Some(&copy), Some(0));
        let setting = "connections.snow.incident.template".to_owned();
        refresh.findings.push(Finding { setting, problem: "there is none".to_owned(), remedy: "make it".to_owned() });
        let summary = Summary {
            connection: connection.to_owned(),
            kind: RecordKind::Incident,
            run_id: "run".to_owned(),
            read: 12,
            written: 11,
            unchanged: 1,
            maybe_twice: 0,
            cut_fields: 0,
            refused: 0,
            gone: 0,
            lag_seconds: Some(0),
            first_load: None,
            more: true,
            busy: None,
            cause: String::new(),
            remedy: String::new(),
        };
        Ok(SyncNow {
            connection: connection.to_owned(),
            refresh: Some(refresh),
            sync: vec![summary],
            under_way: vec![under_way()],
            more: true,
        })
    }
}

async fn host(clerk: &Arc<Clerk>) -> Host {
    Host::start(Setup { records: clerk.clone(), ..Setup::default() }).await
}

#[tokio::test]
async fn a_sync_by_hand_refreshes_and_syncs_within_the_time_that_a_caller_waits() {
    let clerk = Arc::new(Clerk::default());
    let host = host(&clerk).await;
    let (status, body) = answer(host.post("/api/connections/snow/sync")).await;
    assert_eq!(status, 200);
    assert_eq!(body["refresh"]["templates"], 1);
    assert_eq!(body["refresh"]["groups"], Value::Null);
    assert_eq!(body["refresh"]["gaps"][0]["part"], "groups");
    assert_eq!(body["refresh"]["findings"][0]["setting"], "connections.snow.incident.template");
    assert_eq!((&body["sync"][0]["kind"], &body["sync"][0]["written"]), (&json!("Incident"), &json!(11)));
    assert_eq!((&body["more"], &body["under_way"][0]["kind"]), (&json!(true), &json!("ChangeRequest")));
    let orders = clerk.orders.lock().unwrap();
    let [(connection, Order { days: None, full: false, budget: Some(budget), .. })] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!(connection, "snow");
    assert!(*budget <= Duration::from_secs(60), "{budget:?}");
}

#[tokio::test]
async fn days_and_full_are_taken_from_the_query() {
    let clerk = Arc::new(Clerk::default());
    let host = host(&clerk).await;
    let path = format!("/api/connections/snow-test/sync?days=120&full=true&code={}", "k-9%2B%2F%3D");
    assert_eq!(answer(host.client.post(host.url(&path))).await.0, 200);
    let orders = clerk.orders.lock().unwrap();
    assert_eq!((orders[0].0.as_str(), orders[0].1.days, orders[0].1.full), ("snow-test", Some(120), true));
}

#[tokio::test]
async fn a_wrong_order_is_refused_and_nothing_is_begun() {
    let clerk = Arc::new(Clerk::default());
    let host = host(&clerk).await;
    let unauthenticated = host.client.post(host.url("/api/connections/snow/sync"));
    assert_eq!(answer(unauthenticated).await.0, 401);
    let (status, problem) = answer(host.post("/api/connections/snwo/sync")).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:itsm-connector:problem:unknown-connection")));
    assert_eq!(problem["remedy"], "did you mean \"snow\"?");
    for (query, word) in [
        ("days=0", "1 to 120"),
        ("days=121", "1 to 120"),
        ("days=many", "1 to 120"),
        ("full=yes", "full=true"),
        ("day=1", "did you mean \"days\"?"),
        ("days=1&days=2", "once"),
    ] {
        let (status, problem) = answer(host.post(&format!("/api/connections/snow/sync?{query}"))).await;
        assert_eq!(status, 400, "{query}");
        assert!(problem["remedy"].as_str().unwrap().contains(word), "{problem}");
    }
    assert_eq!(answer(host.client.get(host.url("/api/connections/snow/sync")).header("x-api-key", KEY)).await.0, 405);
    assert!(clerk.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_is_down_is_a_temporary_failure() {
    let host = host(&Arc::new(Clerk { down: true, ..Clerk::default() })).await;
    assert_eq!(answer(host.post("/api/connections/snow/sync")).await.0, 503);
}

#[tokio::test]
async fn status_tells_where_records_and_configuration_of_each_connection_stand() {
    let host = host(&Arc::new(Clerk::default())).await;
    let (status, body) = answer(host.client.get(host.url("/api/status")).header("x-api-key", KEY)).await;
    assert_eq!((status, &body["sink"]), (200, &json!("table of ./data/connector.db")));
    let (snow, other) = (&body["connections"][0], &body["connections"][1]);
    assert_eq!(
        snow["sync"],
        json!([{
            "kind": "Incident",
            "current_to": "2026-11-23T11:58:00Z",
            "lag_seconds": 120,
            "first_load": {
                "from": "2026-10-24T12:00:00Z", "reached": "2026-10-24T12:00:00Z", "until": "2026-11-23T11:00:00Z", "records": 7
            },
            "running": {
                "connection": "snow", "kind": "ChangeRequest", "run_id": "other",
                "since": "2026-11-23T11:58:00Z", "until": "2026-11-23T12:02:00Z"
            },
            "cause": "hibernating",
            "remedy": "wake it",
        }])
    );
    assert_eq!((&snow["configuration"]["age_seconds"], &snow["configuration"]["findings"]), (&json!(32_400), &json!(2)));
    assert_eq!((&other["sync"], &other["configuration"]), (&json!([]), &Value::Null));
}
