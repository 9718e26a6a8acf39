//! The service refuses what the real one refuses, and only that.

use std::io::Write;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::json;

use super::{Effect, Fault, LogsIngestion, RULE, STREAM, TOKEN, TOKEN_WITHOUT_ROLE};

fn address(service: &LogsIngestion, rule: &str, stream: &str) -> String {
    format!("{}/dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01", service.url())
}

fn post(service: &LogsIngestion, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let client = Client::builder().no_proxy().build().unwrap();
    client.post(address(service, RULE, STREAM)).bearer_auth(TOKEN).header("Content-Type", "application/json").body(body)
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn an_array_of_objects_becomes_rows_of_the_declared_columns() {
    let service = LogsIngestion::start().await;
    let answer = post(&service, r#"[{"Title_s":"a","Count_d":1.5},{"Title_s":7,"Unknown":1}]"#).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let rows = json!(service.rows(STREAM));
    assert_eq!(rows, json!([{"Title_s": "a", "Count_d": 1.5}, {"Title_s": 7}]));
    assert_eq!(service.complaints(STREAM), ["`Title_s` is not a String", "`Unknown` is not declared"]);
}

#[tokio::test]
async fn what_is_not_an_array_of_objects_is_refused() {
    let service = LogsIngestion::start().await;
    for body in ["", "{}", "[1]", "[{]"] {
        assert_eq!(status(post(&service, body)).await, 400, "{body}");
    }
    assert_eq!(status(post(&service, "[]")).await, 204);
}

#[tokio::test]
async fn address_version_token_and_role_are_checked() {
    let service = LogsIngestion::start().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let call = |address: String, token: &str| {
        status(client.post(address).bearer_auth(token).header("Content-Type", "application/json").body("[]"))
    };
    let good = address(&service, RULE, STREAM);
    assert_eq!(call(good.clone(), TOKEN).await, 204);
    assert_eq!(call(good.replace("2023-01-01", "2021-01-01"), TOKEN).await, 400);
    assert_eq!(call(good.clone(), "stolen").await, 401);
    assert_eq!(call(good, TOKEN_WITHOUT_ROLE).await, 403);
    assert_eq!(call(address(&service, "dcr-other", STREAM), TOKEN).await, 404);
    assert_eq!(call(address(&service, RULE, "Custom-Other"), TOKEN).await, 404);
}

#[tokio::test]
async fn a_call_is_measured_as_sent_and_inflated() {
    let service = LogsIngestion::start().await;
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let exactly = format!("[{}]", " ".repeat(999_998));
    let over = format!("[{}]", " ".repeat(999_999));
    let packed = |text: &str| post(&service, gzip(text)).header("Content-Encoding", "gzip");
    assert_eq!(status(post(&service, exactly.clone())).await, 204);
    assert_eq!(status(packed(&exactly)).await, 204);
    assert_eq!(status(post(&service, over.clone())).await, 413);
    assert_eq!(status(packed(&over)).await, 413);
    assert_eq!(status(post(&service, gzip("[]"))).await, 400, "gzip without saying so");
    assert_eq!(status(post(&service, "[]").header("Content-Encoding", "gzip")).await, 400, "said and not done");
}

#[tokio::test]
async fn a_drop_after_accept_leaves_the_rows() {
    let service = LogsIngestion::start().await;
    service.faults().add(Fault::new(Effect::DropAfterAccept).times(1));
    assert!(post(&service, r#"[{"Title_s":"a"}]"#).send().await.is_err());
    assert_eq!(service.rows(STREAM).len(), 1);
    assert_eq!(status(post(&service, r#"[{"Title_s":"a"}]"#)).await, 204);
    assert_eq!(service.rows(STREAM).len(), 2);
    assert_eq!(service.requests().iter().map(|request| request.status).collect::<Vec<_>>(), [0, 204]);
}
