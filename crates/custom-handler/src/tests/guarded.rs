//! Nothing that a function does makes the host wait for ever.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::BodyExt;

use super::{HostSees, INVOCATION, ask, ask_with, envelope, fixture};
use crate::{Options, Outcome, TimerTrigger};

const TIMER: &str = fixture!("invocation_timer");

#[tokio::test]
async fn the_probe_is_answered_before_any_function_and_whatever_the_router_serves() {
    let panics =
        Router::new().route("/", get(|| async { panic!("not asked") as String })).fallback(|| async { StatusCode::NOT_FOUND });
    for app in [Router::new(), panics] {
        let answer = ask(&app, Request::get("/").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_forwarded_request_for_the_root_is_not_the_probe() {
    let app = Router::new().route("/", get(|| async { "home" }));
    let request = Request::get("/").header("X-Azure-Functions-InvocationId", INVOCATION).body(Body::empty()).unwrap();
    assert_eq!(ask(&app, request).await.body, "home");
}

#[tokio::test]
async fn a_panic_is_a_failed_invocation() {
    async fn sweep(_: TimerTrigger) -> Outcome {
        panic!("out of brooms")
    }
    let app = Router::new().route("/sweep", post(sweep));
    let answer = ask(&app, envelope("sweep", TIMER)).await;
    assert_eq!(answer.as_the_host(), HostSees::Failure);
    assert!(!answer.body.contains("brooms"), "{answer:?}");
}

#[tokio::test]
async fn an_answer_on_which_the_host_would_wait_for_ever_becomes_a_failure() {
    let answers: [fn() -> Response; 5] = [
        || ().into_response(),
        || StatusCode::NO_CONTENT.into_response(),
        || "done".into_response(),
        || ([("content-type", "application/json")], "").into_response(),
        || (StatusCode::NO_CONTENT, Outcome::new()).into_response(),
    ];
    for answer in answers {
        let app = Router::new().route("/sweep", post(move |_: TimerTrigger| async move { answer() }));
        assert_eq!(ask(&app, envelope("sweep", TIMER)).await.as_the_host(), HostSees::Failure);
    }
    // While a plain request may be answered so.
    let app = Router::new().route("/api/sweep", post(|| async { StatusCode::NO_CONTENT }));
    assert_eq!(ask(&app, envelope("api/sweep", "")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_function_that_does_not_end_is_ended() {
    let app = Router::new().route("/sweep", post(|_: TimerTrigger| std::future::pending::<Outcome>()));
    let options = Options::default().with_timeout(Some(Duration::from_millis(20)));
    let answer = ask_with(&app, envelope("sweep", TIMER), &options).await;
    assert_eq!((answer.status, answer.as_the_host()), (StatusCode::GATEWAY_TIMEOUT, HostSees::Failure));
}

#[tokio::test]
async fn a_body_is_bounded_whoever_reads_it_and_large_ones_within_the_bound_are_read() {
    let app = Router::new()
        .route("/sweep", post(|_: TimerTrigger| async { Outcome::new() }))
        .route("/api/raw", post(|body: Body| async { axum::body::to_bytes(body, usize::MAX).await.is_ok().to_string() }))
        .route("/api/json", post(|Json(_): Json<String>| async { "read" }));
    let options = Options::default();
    let large = "x".repeat(options.body_limit - 2);
    assert_eq!(ask(&app, envelope("api/json", format!("\"{large}\""))).await.body, "read");
    let too_large = || Body::from(vec![b' '; options.body_limit + 1]);
    assert_eq!(ask(&app, envelope("sweep", too_large())).await.as_the_host(), HostSees::Failure);
    // Without a length that would say so before.
    let streamed = Body::new(too_large().map_frame(|frame| frame));
    assert_eq!(ask(&app, envelope("api/raw", streamed)).await.body, "false");
}

#[tokio::test]
async fn a_function_that_does_not_exist_is_a_failed_invocation() {
    assert_eq!(ask(&Router::new(), envelope("Sweep", TIMER)).await.as_the_host(), HostSees::Failure);
}

#[tokio::test]
async fn a_trigger_of_another_kind_is_a_failed_invocation() {
    let app = Router::new().route("/sweep", post(|_: TimerTrigger| async { Outcome::new() }));
    for body in [fixture!("invocation_queue_text"), fixture!("invocation_http_no_body"), "{}", "[]", "", "null"] {
        let answer = ask(&app, envelope("sweep", body)).await;
        assert_eq!((answer.status, answer.as_the_host()), (StatusCode::BAD_REQUEST, HostSees::Failure), "{body}");
    }
}
