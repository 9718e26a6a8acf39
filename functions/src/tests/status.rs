//! `GET /`, `/healthz` and `/api/status`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Host, KEY, Mood, Setup, answer};
use crate::edge::{ConnectionState, ConnectionStates};

#[derive(Debug)]
struct OneWaits;

impl ConnectionStates for OneWaits {
    fn state(&self, connection: &str) -> Option<ConnectionState> {
        if connection != "snow" {
            return Some(ConnectionState::open());
        }
        Some(ConnectionState {
            open: false,
            reason: Some("hibernating".to_owned()),
            cause: "the instance sleeps".to_owned(),
            remedy: "wake it".to_owned(),
            until: Some("2026-11-23T12:05:00Z".parse().unwrap()),
        })
    }
}

#[tokio::test]
async fn status_tells_gates_and_counts_of_each_connection_to_who_may_ask() {
    let host = Host::start(Setup { states: Arc::new(OneWaits), ..Setup::default() }).await;
    assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
    host.clock.advance(Duration::from_secs(90));
    let get = host.client.get(host.url("/api/status"));
    assert_eq!(answer(host.client.get(host.url("/api/status"))).await.0, 401);
    let (status, body) = answer(get.header("x-api-key", KEY)).await;
    assert_eq!(status, 200);
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&body["uptime_seconds"], &body["counts"]["accepted"]), (&json!(90), &json!(1)));
    let connections = body["connections"].as_array().unwrap();
    let of = |member: &str| connections.iter().map(|each| each[member].clone()).collect::<Vec<Value>>();
    assert_eq!(of("name"), ["snow", "snow-test"]);
    assert_eq!(of("provider"), ["servicenow", "servicenow"]);
    assert_eq!(of("dry_run"), [false, true]);
    assert_eq!(
        connections[0]["gate"],
        json!({"open": false, "reason": "hibernating", "cause": "the instance sleeps", "remedy": "wake it", "until": "2026-11-23T12:05:00Z"})
    );
    assert_eq!(connections[1]["gate"]["open"], true);
    assert_eq!((&connections[0]["counts"]["accepted"], &connections[1]["counts"]["accepted"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn health_follows_the_store_while_readiness_does_not() {
    let host = Host::start(Setup { store: Duration::from_millis(50), ..Setup::default() }).await;
    assert_eq!(answer(host.client.get(host.url("/healthz"))).await, (200, json!({"status": "ok"})));
    for mood in [Mood::Down, Mood::Silent] {
        *host.queue.mood.lock().unwrap() = mood;
        assert_eq!(answer(host.client.get(host.url("/healthz"))).await.0, 503);
        assert_eq!(answer(host.client.get(host.url("/api/status")).header("x-api-key", KEY)).await.0, 503);
        assert_eq!(host.client.get(host.url("/")).send().await.unwrap().status(), 200);
    }
}
