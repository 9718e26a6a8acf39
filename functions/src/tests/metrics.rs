//! `GET /metrics`: who may ask, what is told, and what when the store does not answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector::rows::RecordKind;
use connector::store::StoreError;
use connector::sync::Order;
use serde_json::json;

use super::hosted::behind;
use super::{Host, KEY, Mood, Setup, answer};
use crate::edge::{ConnectionState, ConnectionStates};
use crate::records::{ConfigurationState, KindState, Records, RecordsState, SyncNow};

/// The metrics as a scraper gets them.
async fn scraped(host: &Host) -> Vec<String> {
    let response = host.client.get(host.url("/metrics")).header("x-functions-key", KEY).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    response.text().await.unwrap().lines().map(str::to_owned).collect()
}

/// Lines of one metric, without its name.
fn of<'a>(lines: &'a [String], metric: &str) -> Vec<&'a str> {
    lines.iter().filter_map(|line| line.strip_prefix(metric)).filter(|rest| rest.starts_with(['{', ' '])).collect()
}

#[tokio::test]
async fn who_may_ask_for_the_status_may_ask_for_metrics_and_nobody_else() {
    let host = Host::usual().await;
    let get = |path: &str| host.client.get(host.url(path));
    for request in [get("/metrics"), get("/metrics").header("x-functions-key", "wrong"), get("/metrics?code=wrong")] {
        assert_eq!(answer(request).await.0, 401);
    }
    assert_eq!(answer(get("/metrics").bearer_auth("token")).await.0, 401);
    assert_eq!(answer(get("/metrics?days=1").header("x-functions-key", KEY)).await.0, 400);
    assert_eq!(answer(host.post("/metrics")).await.0, 405);
    assert_eq!(get("/metrics?code=k-9%2B%2F%3D").send().await.unwrap().status(), 200);
    assert!(!scraped(&host).await.is_empty());
}

#[tokio::test]
async fn behind_the_functions_host_there_are_none() {
    let host = behind("anonymous", false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
    assert_eq!(answer(host.client.get(host.url("/metrics")).header("x-functions-key", KEY)).await.0, 404);
}

#[tokio::test]
async fn requests_are_told_by_function_and_answer() {
    let host = Host::usual().await;
    let alerts = "/api/alerts/snow/incident";
    assert_eq!(answer(host.post(alerts).body("{\"a\":1}")).await.0, 202);
    assert_eq!(answer(host.post("/api/alerts/night").body("{}")).await.0, 202);
    assert_eq!(answer(host.post("/API/Alerts/snow/incident/").body("{}")).await.0, 202);
    assert_eq!(answer(host.post("/api/work-items/snow-test/incident").body("{\"title\":\"t\"}")).await.0, 202);
    assert_eq!(answer(host.post(alerts).body("no json")).await.0, 400);
    assert_eq!(answer(host.client.post(host.url(alerts)).body("{}")).await.0, 401);
    assert_eq!(answer(host.post("/api/alerts/unknown/incident").body("{}")).await.0, 404);
    assert_eq!(answer(host.post("/api/nowhere")).await.0, 404);
    assert_eq!(answer(host.client.get(host.url(alerts))).await.0, 405);
    *host.queue.mood.lock().unwrap() = Mood::Down;
    assert_eq!(answer(host.post(alerts).body("{}")).await.0, 503);
    *host.queue.mood.lock().unwrap() = Mood::Panicking;
    assert_eq!(answer(host.post(alerts).body("{}")).await.0, 500);
    *host.queue.mood.lock().unwrap() = Mood::Well;
    let lines = scraped(&host).await;
    assert_eq!(
        of(&lines, "itsm_connector_requests_total"),
        [
            "{answer=\"2xx\",function=\"alert_intake\",problem=\"\"} 3",
            "{answer=\"2xx\",function=\"work_item_create\",problem=\"\"} 1",
            "{answer=\"4xx\",function=\"alert_intake\",problem=\"not-a-json-object\"} 1",
            "{answer=\"4xx\",function=\"alert_intake\",problem=\"not-authenticated\"} 1",
            "{answer=\"4xx\",function=\"alert_intake\",problem=\"unknown-connection\"} 1",
            "{answer=\"4xx\",function=\"none\",problem=\"method-not-allowed\"} 1",
            "{answer=\"4xx\",function=\"none\",problem=\"no-such-path\"} 1",
            "{answer=\"5xx\",function=\"alert_intake\",problem=\"store-unavailable\"} 1",
            "{answer=\"5xx\",function=\"none\",problem=\"internal-error\"} 1"
        ]
    );
    assert_eq!(
        of(&lines, "itsm_connector_deliveries_accepted_total"),
        ["{connection=\"snow\",source=\"alert\"} 3", "{connection=\"snow-test\",source=\"request\"} 1"]
    );
    assert_eq!(
        of(&lines, "itsm_connector_deliveries_accepted_size_bytes_total"),
        ["{connection=\"snow\"} 11", "{connection=\"snow-test\"} 13"]
    );
    assert_eq!(of(&lines, "itsm_connector_request_duration_seconds_count")[0], "{function=\"alert_intake\"} 7");
}

#[derive(Debug)]
struct Standing;

impl ConnectionStates for Standing {
    fn state(&self, connection: &str) -> Option<ConnectionState> {
        let waits = ConnectionState { open: false, reason: Some("rate_limit".to_owned()), ..ConnectionState::open() };
        Some(if connection == "snow" { waits } else { ConnectionState::open() })
    }
}

#[async_trait]
impl Records for Standing {
    fn sink(&self) -> Option<String> {
        None
    }

    async fn state(&self, connection: &str) -> Result<RecordsState, StoreError> {
        let kind = |kind, lag_seconds| KindState {
            kind,
            current_to: None,
            lag_seconds,
            first_load: None,
            running: None,
            cause: String::new(),
            remedy: String::new(),
        };
        let sync = vec![kind(RecordKind::Incident, Some(90)), kind(RecordKind::ChangeRequest, None)];
        let read = ConfigurationState {
            read_at: "2026-11-23T11:00:00Z".parse().unwrap(),
            age_seconds: 3600,
            findings: 0,
            gaps: Vec::new(),
        };
        Ok(RecordsState { sync, configuration: (connection == "snow").then_some(read) })
    }

    async fn sync_now(&self, _: &str, _: Order) -> Result<SyncNow, StoreError> {
        unimplemented!("nobody asks")
    }
}

#[tokio::test]
async fn what_stands_is_looked_up_and_missing_rather_than_old_when_the_store_is_down() {
    let setup =
        Setup { states: Arc::new(Standing), records: Arc::new(Standing), store: Duration::from_millis(50), ..Setup::default() };
    let host = Host::start(setup).await;
    assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
    host.clock.advance(Duration::from_secs(90));
    let lines = scraped(&host).await;
    let (snow, test) = ("{connection=\"snow\"}", "{connection=\"snow-test\"}");
    assert_eq!(of(&lines, "itsm_connector_backlog"), [format!("{snow} 1"), format!("{test} 0")]);
    assert_eq!(of(&lines, "itsm_connector_backlog_age_seconds"), [format!("{snow} 90"), format!("{test} 0")]);
    assert_eq!(of(&lines, "itsm_connector_dead_letters"), [format!("{snow} 0"), format!("{test} 0")]);
    assert_eq!(of(&lines, "itsm_connector_configuration_age_seconds"), [format!("{snow} 3600")]);
    assert_eq!(
        of(&lines, "itsm_connector_sync_lag_seconds"),
        ["{connection=\"snow\",kind=\"incident\"} 90", "{connection=\"snow-test\",kind=\"incident\"} 90"]
    );
    let closed: BTreeSet<_> = of(&lines, "itsm_connector_gate_closed").into_iter().filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(closed, BTreeSet::from(["{connection=\"snow\",reason=\"rate_limit\"} 1"]));
    assert_eq!(of(&lines, "itsm_connector_gate_closed").len(), 8);
    let began = json!(1_795_435_200).to_string();
    let always = |lines: &[String], up: &str| {
        assert_eq!(of(lines, "itsm_connector_store_up"), [format!(" {up}")]);
        assert_eq!(of(lines, "process_start_time_seconds"), [format!(" {began}")]);
        assert_eq!(of(lines, "itsm_connector_build_info"), [concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")]);
        assert_eq!(of(lines, "itsm_connector_requests_total").len(), 1);
    };
    always(&lines, "1");
    for mood in [Mood::Down, Mood::Silent] {
        *host.queue.mood.lock().unwrap() = mood;
        let lines = scraped(&host).await;
        always(&lines, "0");
        for metric in ["backlog", "backlog_age_seconds", "dead_letters", "configuration_age_seconds", "sync_lag_seconds"] {
            assert_eq!(of(&lines, &format!("itsm_connector_{metric}")), [""; 0]);
        }
        assert_eq!(of(&lines, "itsm_connector_gate_closed").len(), 8, "a gate is in memory");
    }
}
