use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::*;

fn request(trace_id: Vec<u8>) -> Vec<u8> {
    let span = Span { trace_id, span_id: vec![1; 8], name: "one".to_owned(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

async fn post(url: String, kind: &str, body: Vec<u8>) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(url).header("content-type", kind).body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_the_protocol_allows_is_taken_and_nothing_else() {
    let collector = Collector::start().await;
    let url = |path: &str| format!("{}{path}", collector.url());
    assert_eq!(post(url("/v1/traces"), PROTOBUF, request(vec![2; 16])).await, 200);
    assert_eq!(collector.spans()[0].trace_id, "02".repeat(16));
    assert_eq!(post(url("/v1/traces"), "application/json", request(vec![2; 16])).await, 415);
    assert_eq!(post(url("/v1/traces"), PROTOBUF, request(vec![0; 16])).await, 400);
    assert_eq!(post(url("/v1/traces"), PROTOBUF, request(vec![2; 15])).await, 400);
    assert_eq!(post(url("/v1/traces"), PROTOBUF, b"no protobuf".to_vec()).await, 400);
    assert_eq!(post(url("/v1/logs"), PROTOBUF, Vec::new()).await, 404);
    assert_eq!(collector.spans().len(), 1);
    assert_eq!(collector.requests().len(), 6);
}

#[tokio::test]
async fn it_fails_on_demand_and_takes_nothing_then() {
    let collector = Collector::asking_for("Bearer t").await;
    assert_eq!(post(format!("{}/v1/traces", collector.url()), PROTOBUF, request(vec![2; 16])).await, 401);
    collector.faults().add(Fault::new(Effect::Status(503)).times(1));
    assert_eq!(post(format!("{}/v1/traces", collector.url()), PROTOBUF, request(vec![2; 16])).await, 503);
    assert_eq!(collector.spans(), []);
}
