//! The same handlers, whether the host forwards requests or puts them into envelopes.

use axum::body::Body;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{HostSees, INVOCATION, ask, envelope, fixture};
use crate::{Identities, Invocation, enveloped};

async fn take(
    Path(tenant): Path<String>,
    invocation: Invocation,
    identities: Identities,
    Json(alert): Json<Value>,
) -> impl IntoResponse {
    let told = json!({
        "tenant": tenant,
        "rule": alert["data"]["essentials"]["alertRule"],
        "function": invocation.function(),
        "invocation": invocation.id(),
        "access": identities.access_level(),
    });
    (StatusCode::ACCEPTED, [("x-taken", "yes")], Json(told))
}

fn app() -> Router {
    let http = Router::new()
        .route("/api/alerts/{tenant}", post(take))
        .route("/api/health", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "not now") }));
    Router::new()
        .route("/AlertIngress", enveloped("res", http.clone()))
        .route("/Health", enveloped("answer", http.clone()))
        .merge(http)
}

#[tokio::test]
async fn a_handler_answers_the_same_in_both_shapes() {
    let fixture: Value = serde_json::from_str(fixture!("invocation_http_alert")).unwrap();
    let enveloped = ask(&app(), envelope("AlertIngress", fixture!("invocation_http_alert"))).await.result();
    let output = &enveloped["Outputs"]["res"];
    assert_eq!(output["statusCode"], "202");
    assert_eq!(output["headers"], json!({"content-type": "application/json", "x-taken": "yes"}));
    let told: Value = serde_json::from_str(output["body"].as_str().unwrap()).unwrap();
    let expected = json!({"tenant": "contoso", "rule": "cpu-high-shop", "function": "AlertIngress", "invocation": INVOCATION, "access": "Function"});
    assert_eq!(told, expected);

    let body = fixture["Data"]["req"]["Body"].as_str().unwrap().to_owned();
    let forwarded = ask(&app(), envelope("api/alerts/contoso", body)).await;
    assert_eq!(forwarded.status, StatusCode::ACCEPTED);
    let told: Value = serde_json::from_str(&forwarded.body).unwrap();
    let expected = json!({"tenant": "contoso", "rule": "cpu-high-shop", "function": "api/alerts/contoso", "invocation": INVOCATION, "access": null});
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_503_reaches_the_caller_as_503_in_both_shapes() {
    let result = ask(&app(), envelope("Health", fixture!("invocation_http_no_body"))).await.result();
    assert_eq!(result["Outputs"]["answer"]["statusCode"], "503");
    assert_eq!(result["Outputs"]["answer"]["body"], "not now");
    let forwarded = ask(&app(), Request::get("/api/health").body(Body::empty()).unwrap()).await;
    assert_eq!((forwarded.status.as_u16(), forwarded.body.as_str()), (503, "not now"));
}

#[tokio::test]
async fn a_panic_behind_an_envelope_is_a_failed_invocation() {
    async fn broken() -> String {
        panic!("broken")
    }
    let http = Router::new().route("/api/health", get(broken));
    let app = Router::new().route("/Health", enveloped("res", http));
    assert_eq!(ask(&app, envelope("Health", fixture!("invocation_http_no_body"))).await.as_the_host(), HostSees::Failure);
}

#[tokio::test]
async fn an_answer_that_is_not_text_fails_rather_than_arrive_broken() {
    let http = Router::new().route("/api/health", get(|| async { vec![0xff, 0xfe] }));
    let app = Router::new().route("/Health", enveloped("res", http));
    assert_eq!(ask(&app, envelope("Health", fixture!("invocation_http_no_body"))).await.as_the_host(), HostSees::Failure);
}

#[tokio::test]
async fn in_an_envelope_nobody_is_said_to_accept_what_it_cannot_carry() {
    let told = |headers: HeaderMap| async move { format!("{:?}", headers.get("accept-encoding")) };
    let http = Router::new().route("/api/health", get(told));
    let app = Router::new().route("/Health", enveloped("res", http.clone())).merge(http);
    let headers = json!({"Accept-Encoding": ["gzip, br"]});
    let body = json!({"Data": {"req": {"Method": "GET", "Url": "https://e.org/api/health", "Headers": headers}}}).to_string();
    assert_eq!(ask(&app, envelope("Health", body)).await.result()["Outputs"]["res"]["body"], "None");
    let forwarded = Request::get("/api/health").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    assert!(ask(&app, forwarded).await.body.contains("gzip"));
}

#[tokio::test]
async fn a_large_body_in_an_envelope_is_read_as_a_forwarded_one_is() {
    let http = Router::new().route("/api/size", post(|body: String| async move { body.len().to_string() }));
    let app = Router::new().route("/Size", enveloped("res", http));
    let large = "x".repeat(3_000_000);
    let body = json!({"Data": {"req": {"Method": "POST", "Url": "https://e.org/api/size", "Body": large}}}).to_string();
    assert_eq!(ask(&app, envelope("Size", body)).await.result()["Outputs"]["res"]["body"], "3000000");
}

/// What an enveloped request with these members looks like to a handler.
async fn echoed(members: Value) -> String {
    let told = |RawQuery(query): RawQuery, headers: HeaderMap, request: Request<Body>| async move {
        let mut names: Vec<_> = headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        names.sort();
        format!("{} {} ?{} {}", request.method(), request.uri().path(), query.unwrap_or_default(), names.join(" "))
    };
    let app = Router::new().route("/Echo", enveloped("res", Router::new().fallback(any(told))));
    let body = json!({ "Data": { "req": members } }).to_string();
    let result = ask(&app, envelope("Echo", body)).await.result();
    result["Outputs"]["res"]["body"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_caller_cannot_speak_for_the_host() {
    let echo = echoed(json!({
        "Method": "PUT", "Url": "https://e.org/api/a?x=1&x=2",
        "Headers": {"X-Azure-Functions-InvocationId": ["forged"], "X-AZURE-FUNCTIONS-Other": "forged", "Content-Length": ["999"],
                    "Accept": ["a", "b"], "bad name": ["x"], "Odd": ["line\nbreak"], "Nothing": null},
    }))
    .await;
    let host = format!("x-azure-functions-hostversion=4.1037.0.0 x-azure-functions-invocationid={INVOCATION}");
    assert_eq!(echo, format!("PUT /api/a ?x=1&x=2 accept=a accept=b {host}"));
}

#[tokio::test]
async fn a_url_that_is_not_quite_one_is_escaped() {
    let echo = echoed(json!({"Method": "GET", "Url": "https://e.org/api/größe <b>?q=\"ä|\""})).await;
    assert!(echo.starts_with("GET /api/gr%C3%B6%C3%9Fe%20%3Cb%3E ?q=%22%C3%A4%7C%22 "), "{echo}");
}
