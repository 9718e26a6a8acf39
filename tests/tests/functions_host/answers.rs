//! An answer is a success only if it is a 2xx, `application/json`, and a JSON object.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tests::functions_host::{Failure, FunctionsHost, Options, Run, Trouble};

use crate::stage::{Handler, Root};

/// Runs a timer against a handler that answers so; the root must outlive the host.
async fn run(answer: impl Fn() -> Response + Send + Sync + 'static) -> (Run, FunctionsHost) {
    let root = Root::new().timer("sweep");
    let host = root.run(Options::default(), Handler::new(move |_| answer()).serve().await).await;
    (host.run_timer("sweep", false).await.unwrap(), host)
}

#[tokio::test]
async fn an_object_is_a_success_and_the_names_of_its_members_have_no_case() {
    let (run, host) = run(|| axum::Json(json!({ "OUTPUTS": {}, "logs": ["swept"], "returnValue": 7 })).into_response()).await;
    let answer = run.outcome.unwrap();
    assert_eq!((answer.logs, answer.return_value), (vec!["swept".to_owned()], json!(7)));
    host.report().expect_nothing();
}

#[tokio::test]
async fn an_empty_object_and_another_2xx_are_a_success() {
    let (run, host) = run(|| (StatusCode::CREATED, axum::Json(json!({}))).into_response()).await;
    run.outcome.unwrap();
    host.report().expect_nothing();
}

#[tokio::test]
async fn nothing_and_null_hang_until_the_functions_timeout() {
    for (status, body) in [(204, ""), (200, ""), (200, "null"), (202, "  \n")] {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let status = StatusCode::from_u16(status).unwrap();
        let (run, host) = run(move || (status, kind.clone(), body).into_response()).await;
        assert!(matches!(run.outcome, Err(Failure::Hangs(_))), "{status} {body}: {:?}", run.outcome);
        assert_eq!(host.report().of(Trouble::Hangs).len(), 1);
    }
}

#[tokio::test]
async fn text_is_no_answer() {
    let (run, host) = run(|| "{}".into_response()).await;
    assert_eq!(run.outcome.unwrap_err(), Failure::ContentType("text/plain; charset=utf-8".to_owned()));
    assert_eq!(host.report().of(Trouble::Failed).len(), 1);
}

#[tokio::test]
async fn broken_json_and_json_of_another_shape_are_no_answers() {
    for body in ["{", "[]", "\"done\"", "7", r#"{"Outputs":[]}"#, r#"{"Logs":"one"}"#, r#"{"Logs":[1]}"#] {
        let (run, _host) = run(move || ([(header::CONTENT_TYPE, "application/json")], body).into_response()).await;
        assert!(matches!(run.outcome, Err(Failure::Json(_))), "{body}: {:?}", run.outcome);
    }
}

#[tokio::test]
async fn any_other_status_is_a_failure_whatever_the_body_says() {
    for status in [302, 400, 404, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let (run, _host) = run(move || (status, axum::Json(json!({ "Outputs": {} }))).into_response()).await;
        assert_eq!(run.outcome.unwrap_err(), Failure::Status(status.as_u16()));
    }
}

#[tokio::test]
async fn an_output_without_a_binding_is_told() {
    let (run, host) = run(|| axum::Json(json!({ "Outputs": { "nowhere": 1 } })).into_response()).await;
    run.outcome.unwrap();
    assert_eq!(host.report().of(Trouble::UnknownOutput).len(), 1);
}

#[tokio::test]
#[should_panic(expected = "Failed on instance 0 in sweep: Response status code does not indicate success: 500")]
async fn a_story_fails_when_something_went_wrong_that_it_did_not_expect() {
    let (_, host) = run(|| StatusCode::INTERNAL_SERVER_ERROR.into_response()).await;
    host.report().expect_only(&[Trouble::Hangs]);
}
