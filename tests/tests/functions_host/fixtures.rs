//! What the stand-in sends is what the fixtures say, which were composed from the host's source. Queue messages are compared beside
//! the code that makes them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use connector::clock::ManualClock;
use serde_json::{Value, json};
use tests::functions_host::{FunctionsHost, Keys, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{Handler, Root, client};

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../crates/custom-handler/tests/fixtures/", $name))).unwrap()
    };
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-03-02T04:12:00.1234567Z".parse().unwrap()))
}

/// The last thing the handler was sent, with the fixtures' random number.
fn sent(handler: &Handler) -> Value {
    let mut sent = handler.got().last().unwrap().json();
    sent["Metadata"]["sys"]["RandGuid"] = "3fd1c9a4-0f7e-4a59-9f06-0a6f2a1f7b11".into();
    sent
}

#[tokio::test]
async fn an_alert_that_is_posted() {
    let keys = Keys { functions: [("AlertIngress".to_owned(), "REDACTED".to_owned())].into(), ..Keys::default() };
    let root = Root::new().http_at("AlertIngress", "alerts/{tenant?}", "function");
    let handler = Handler::outputs(json!({ "res": { "statusCode": "202" } }));
    let host = root.run(Options { keys, clock: clock(), ..Options::default() }, handler.serve().await).await;
    let mut fixture = fixture!("invocation_http_alert.json");
    let body = fixture["Data"]["req"]["Body"].as_str().unwrap().to_owned();
    // The fixture's body was written by hand and its length is another.
    let length = body.len().to_string();
    fixture["Data"]["req"]["Headers"]["Content-Length"] = json!([length]);
    fixture["Metadata"]["Headers"]["Content-Length"] = length.into();
    let request = client().post(format!("{}/api/alerts/contoso?code=REDACTED", host.url())).body(body);
    let request = request.header("content-type", "application/json; charset=utf-8").header("user-agent", "IcMBroadcaster/1.0");
    assert_eq!(request.send().await.unwrap().status(), 202);
    assert_eq!(sent(&handler), fixture);
}

#[tokio::test]
async fn a_request_without_a_body() {
    let root = Root::new().http("Health", "health");
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options { clock: clock(), ..Options::default() }, handler.serve().await).await;
    let mut caller = tokio::net::TcpStream::connect(host.url().trim_start_matches("http://")).await.unwrap();
    caller.write_all(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut sent = sent(&handler);
    // The platform's own, of which the fixture knows nothing.
    for headers in ["/Data/req/Headers", "/Metadata/Headers"] {
        sent.pointer_mut(headers).unwrap().as_object_mut().unwrap().retain(|name, _| name == "Host");
    }
    assert_eq!(sent, fixture!("invocation_http_no_body.json"));
}

fn timer(monitored: bool) -> Value {
    json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 * * * *", "useMonitor": monitored })
}

#[tokio::test]
async fn a_timer_and_one_that_is_past_due_and_not_monitored() {
    let clock = Arc::new(ManualClock::new("2026-03-02T04:00:00.0048181Z".parse().unwrap()));
    let handler = Handler::outputs(json!({}));
    let options = || Options { clock: clock.clone(), ..Options::default() };
    let root = Root::new().function("IncidentSync", &json!({ "bindings": [timer(true)] }));
    let host = root.run(options(), handler.serve().await).await;
    host.run_timer("IncidentSync", false).await.unwrap();
    clock.advance(Duration::from_nanos(12 * 60_000_000_000 + 118_638_600));
    host.run_timer("IncidentSync", false).await.unwrap();
    assert_eq!(sent(&handler), fixture!("invocation_timer.json"));

    let root = Root::new().function("IncidentSync", &json!({ "bindings": [timer(false)] }));
    let host = root.run(options(), handler.serve().await).await;
    host.run_timer("IncidentSync", true).await.unwrap();
    assert_eq!(sent(&handler), fixture!("invocation_timer_past_due_no_monitor.json"));
}

#[tokio::test]
async fn a_timer_that_is_repeated() {
    let retry = json!({ "strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:01" });
    let root = Root::new().function("IncidentSync", &json!({ "bindings": [timer(false)], "retry": retry }));
    let handler = Handler::new(|got| match got.json()["Metadata"].get("RetryContext") {
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(_) => axum::Json(json!({})).into_response(),
    });
    let host = root.run(Options { clock: clock(), faster: 1000, ..Options::default() }, handler.serve().await).await;
    host.run_timer("IncidentSync", false).await.unwrap().outcome.unwrap();
    let (mut sent, fixture) = (sent(&handler), fixture!("invocation_timer_retry.json"));
    // What .NET makes of the exception's text is nothing to rely on.
    let why = sent["Metadata"]["RetryContext"]["Exception"]["Message"].as_str().unwrap().to_owned();
    let full = &fixture["Metadata"]["RetryContext"]["Exception"]["Message"];
    assert!(full.as_str().unwrap().starts_with(&why), "{why}");
    sent["Metadata"]["RetryContext"]["Exception"]["Message"] = full.clone();
    assert_eq!(sent, fixture);
}

/// Posts to a function whose handler answers with the fixture; status, content type and body.
async fn answered(fixture: Value) -> (u16, String, FunctionsHost) {
    let root = Root::new().http("Answer", "answer");
    let handler = Handler::new(move |_| axum::Json(fixture.clone()).into_response());
    let host = root.run(Options::default(), handler.serve().await).await;
    let answer = client().post(format!("{}/api/answer", host.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap(), host)
}

#[tokio::test]
async fn the_valid_answers_are_taken() {
    let (status, body, host) = answered(fixture!("response_http_accepted.json")).await;
    assert_eq!((status, body.as_str()), (202, r#"{"accepted":true}"#));
    assert_eq!(host.invoked("Answer")[0].outcome.as_ref().unwrap().logs, ["alert accepted"]);
    let (status, body, host) = answered(fixture!("response_success_minimal.json")).await;
    assert_eq!((status, body.as_str()), (200, ""));
    host.report().expect_nothing();
}
