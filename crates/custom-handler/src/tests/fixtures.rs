//! Every fixture decodes, in both encodings.

use axum::Router;
use axum::http::Method;
use axum::routing::post;
use jiff::Timestamp;
use serde::Deserialize;

use super::{HostSees, INVOCATION, ask, envelope, fixture, message, seen};
use crate::{Envelope, HttpTrigger, Identities, Invocation, QueueTrigger, TimerTrigger};

fn at(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

async fn queue(body: &str) -> QueueTrigger {
    let (function, given) = seen::<QueueTrigger>();
    let app = Router::new().route("/WorkItemDispatch", post(function));
    ask(&app, envelope("WorkItemDispatch", body.to_owned())).await.result();
    given.recv().unwrap()
}

async fn timer(body: &str) -> TimerTrigger {
    let (function, given) = seen::<TimerTrigger>();
    let app = Router::new().route("/IncidentSync", post(function));
    ask(&app, envelope("IncidentSync", body.to_owned())).await.result();
    given.recv().unwrap()
}

async fn http(body: &str) -> HttpTrigger {
    let (function, given) = seen::<HttpTrigger>();
    let app = Router::new().route("/AlertIngress", post(function));
    ask(&app, envelope("AlertIngress", body.to_owned())).await.result();
    given.recv().unwrap()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Job {
    #[serde(rename = "jobId")]
    name: String,
    attempt: u32,
    fired: bool,
    tags: Vec<String>,
}

#[tokio::test]
async fn a_queue_message_is_the_same_in_both_encodings() {
    for (body, count) in [(fixture!("invocation_queue_json"), 3), (fixture!("invocation_queue_docs_style"), 1)] {
        let message = queue(body).await;
        let job: Job = message.json().unwrap();
        assert_eq!(job, Job { name: "01JNQ3V7".into(), attempt: 2, fired: true, tags: vec!["a".into(), "b".into()] });
        assert!(message.text().starts_with(r#"{"jobId": "01JNQ3V7""#), "{}", message.text());
        assert_eq!(message.dequeue_count(), Some(count));
        assert_eq!(message.id().as_deref(), Some("b3b0a0f0-9d0a-4a41-8f3a-5b7a2e3f9c01"));
        assert_eq!(message.pop_receipt().as_deref(), Some("AgAAAAMAAAAAAAAA4q0fZqKp3AE="));
        assert_eq!(message.inserted_at(), at("2026-03-02T04:11:58Z"));
        assert_eq!(message.expires_at(), at("2026-03-09T04:11:58Z"));
        assert_eq!(message.next_visible_at(), at("2026-03-02T04:22:00Z"));
    }
}

#[tokio::test]
async fn a_text_message_has_the_quotes_it_was_sent_with_and_no_others() {
    let message = queue(fixture!("invocation_queue_text")).await;
    assert_eq!(message.text(), r#"hello "world""#);
    assert!(message.json::<Job>().is_err());
    assert_eq!(message.into_text(), r#"hello "world""#);
}

#[tokio::test]
async fn a_message_that_is_a_json_string_keeps_its_quotes() {
    let quoted = queue(&message("\"abc\"", &serde_json::json!({}))).await;
    assert_eq!((quoted.text(), quoted.json::<String>()), ("\"abc\"", Ok("abc".into())));
}

#[tokio::test]
async fn a_message_that_is_no_json_is_not_taken_for_a_json_string() {
    for text in ["abc", "{\"cut\": ", ""] {
        assert!(queue(&message(text, &serde_json::json!({}))).await.json::<serde_json::Value>().is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_binary_message_is_its_bytes() {
    let body = serde_json::json!({ "Data": { "order": "AAEC/w==" }, "Metadata": {} }).to_string();
    assert_eq!(queue(&body).await.bytes().unwrap(), [0, 1, 2, 255]);
    assert!(queue(&message("no base64", &serde_json::json!({}))).await.bytes().is_err());
}

#[tokio::test]
async fn a_timer_tells_its_schedule() {
    let timer = timer(fixture!("invocation_timer")).await;
    assert!(!timer.past_due);
    assert_eq!(timer.last, at("2026-03-02T04:00:00.0048181Z"));
    assert_eq!(timer.next, at("2026-03-02T05:00:00Z"));
    assert_eq!(timer.last_updated, timer.last);
    assert_eq!((timer.adjust_for_dst, timer.retry), (Some(true), None));
}

#[tokio::test]
async fn a_timer_that_is_past_due_says_so_and_one_that_is_not_monitored_has_no_times() {
    let timer = timer(fixture!("invocation_timer_past_due_no_monitor")).await;
    assert!(timer.past_due);
    assert_eq!((timer.last, timer.next, timer.last_updated), (None, None, None));
}

#[tokio::test]
async fn a_repeated_timer_knows_which_repetition_it_is() {
    let retry = timer(fixture!("invocation_timer_retry")).await.retry.unwrap();
    assert_eq!((retry.count, retry.most), (1, Some(3)));
}

#[tokio::test]
async fn a_schedule_in_local_time_or_that_never_ran_is_understood() {
    let body = r#"{"Data":{"timer":{"IsPastDue":false,"ScheduleStatus":
        {"Last":"0001-01-01T00:00:00","Next":"2026-07-01T08:00:00+02:00","LastUpdated":"\"2026-07-01T04:00:00\""}}}}"#;
    let timer = timer(body).await;
    assert_eq!((timer.last, timer.next), (None, at("2026-07-01T06:00:00Z")));
    assert_eq!(timer.last_updated, at("2026-07-01T04:00:00Z"));
}

#[tokio::test]
async fn an_http_request_is_read_from_its_envelope_and_not_from_metadata() {
    let request = http(fixture!("invocation_http_alert")).await;
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.url.path(), "/api/alerts/contoso");
    assert_eq!(request.params.get("tenant").map(String::as_str), Some("contoso"));
    assert_eq!(request.headers["x-forwarded-for"], "203.0.113.7:40123");
    assert_eq!(request.identities.access_level(), Some("Function"));
    let alert: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(alert["data"]["essentials"]["alertRule"], "cpu-high-shop");
    assert_eq!(request.invocation().id(), Some(INVOCATION));
    assert_eq!(request.invocation().function(), "AlertIngress");
}

#[tokio::test]
async fn an_http_request_without_a_body_has_an_empty_one() {
    let request = http(fixture!("invocation_http_no_body")).await;
    assert_eq!(request.method, Method::GET);
    assert!(request.body.is_empty());
    assert_eq!(request.identities, Identities::default());
}

#[tokio::test]
async fn the_invocation_is_named_by_the_host_for_every_trigger() {
    let (function, given) = seen::<Invocation>();
    let app = Router::new().route("/IncidentSync", post(function));
    ask(&app, envelope("IncidentSync", fixture!("invocation_timer"))).await;
    let invocation = given.recv().unwrap();
    assert_eq!(invocation.function(), "IncidentSync");
    assert_eq!(invocation.id(), Some(INVOCATION));
    assert_eq!(invocation.host_version(), Some("4.1037.0.0"));
}

#[tokio::test]
async fn a_function_with_input_bindings_names_its_trigger() {
    let body = r#"{"Data":{"order":"\"7\"","customer":"\"{\\\"name\\\":\\\"Ada\\\"}\"","note":"\"plain\""},"Metadata":{}}"#;
    let (function, given) = seen::<Envelope>();
    let app = Router::new().route("/order", post(function));
    ask(&app, envelope("order", body)).await.result();
    let mut envelope_seen = given.recv().unwrap();
    assert_eq!(envelope_seen.input::<serde_json::Value>("customer").unwrap()["name"], "Ada");
    assert_eq!(envelope_seen.input::<String>("note").unwrap(), "plain");
    assert_eq!(envelope_seen.queue("order").unwrap().text(), "7");
    assert!(envelope_seen.timer("customer").is_err());
    assert!(envelope_seen.input::<String>("nobody").is_err());

    // Without the name it cannot be known, and is not guessed.
    let (function, _given) = seen::<QueueTrigger>();
    let app = Router::new().route("/order", post(function));
    assert_eq!(ask(&app, envelope("order", body)).await.as_the_host(), HostSees::Failure);
}
