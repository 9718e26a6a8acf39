//! What the host is answered.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};

use super::{HostSees, ask, envelope, fixture, message};
use crate::{Failure, HttpAnswer, Outcome, QueueMessage, QueueTrigger};

fn answered(outcome: &Outcome) -> Value {
    serde_json::to_value(outcome).unwrap()
}

#[test]
fn success_without_outputs_is_the_whole_object() {
    let minimal: Value = serde_json::from_str(fixture!("response_success_minimal")).unwrap();
    assert_eq!(answered(&Outcome::new()), minimal);
}

#[test]
fn an_http_answer_has_what_the_host_reads_and_nothing_null() {
    let fixture: Value = serde_json::from_str(fixture!("response_http_accepted")).unwrap();
    let answer = HttpAnswer::new(StatusCode::ACCEPTED).header("Content-Type", "application/json").text(r#"{"accepted":true}"#);
    let outcome = answered(&Outcome::new().http("res", answer).log("alert accepted"));
    for member in ["statusCode", "headers", "body"] {
        assert_eq!(outcome["Outputs"]["res"][member], fixture["Outputs"]["res"][member]);
    }
    assert_eq!(outcome["Logs"], fixture["Logs"]);
    // Older hosts refuse an answer without one of the four, or with null.
    let empty = answered(&Outcome::new().http("res", HttpAnswer::new(StatusCode::NO_CONTENT)));
    assert_eq!(empty["Outputs"]["res"], json!({"statusCode": "204", "status": "204", "headers": {}, "body": ""}));
}

#[test]
fn messages_are_an_array_of_texts_so_that_the_host_neither_decodes_nor_splits_them() {
    let fixture: Value = serde_json::from_str(fixture!("response_http_and_queue")).unwrap();
    let messages = [json!({"jobId": "01JNQ3V7"}), json!({"jobId": "01JNQ3V8"})];
    assert_eq!(answered(&Outcome::new().queue("outbox", messages))["Outputs"]["outbox"], fixture["Outputs"]["outbox"]);
    // `test` alone is base64, and `[1,2]` alone would be two messages.
    let outcome = Outcome::new().queue("a", ["test"]).queue("b", [QueueMessage::json(&[1, 2]).unwrap()]);
    assert_eq!(answered(&outcome)["Outputs"], json!({"a": ["test"], "b": ["[1,2]"]}));
}

#[test]
fn a_return_value_is_under_its_own_name() {
    assert_eq!(answered(&Outcome::new().return_value("done"))["ReturnValue"], "done");
}

#[test]
fn a_header_given_twice_is_a_list() {
    let answer = HttpAnswer::new(StatusCode::OK).header("Vary", "origin").header("vary", "accept");
    assert_eq!(answered(&Outcome::new().http("res", answer))["Outputs"]["res"]["headers"], json!({"Vary": "origin, accept"}));
}

async fn order(message: QueueTrigger) -> Result<Outcome, Failure> {
    let number: u32 = message.json()?;
    match number {
        0 => Err(Failure::give_up("order 0 does not exist")),
        1 => Err(Failure::retry("the shop is closed")),
        _ => Ok(Outcome::new()),
    }
}

#[tokio::test]
async fn what_shall_be_retried_fails_and_what_shall_not_succeeds_with_its_reason() {
    let app = Router::new().route("/order", post(order));
    let sent = async |text: &str| ask(&app, envelope("order", message(text, &json!({})))).await;
    assert_eq!(sent("no number").await.as_the_host(), HostSees::Failure);
    assert_eq!(sent("1").await.as_the_host(), HostSees::Failure);
    assert_eq!(sent("0").await.result()["Logs"], json!(["order 0 does not exist"]));
    assert_eq!(sent("2").await.result()["Logs"], json!([]));
}

#[test]
fn any_error_becomes_one_to_be_retried_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot store the order")]
    struct Store(#[source] std::io::Error);

    let failure = Failure::from(Store(std::io::Error::other("disk full")));
    assert_eq!(failure.reason(), "cannot store the order: disk full");
    assert!(failure.is_retried());
}
