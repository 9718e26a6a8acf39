//! The log as the host reads it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::{get, post};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::{INVOCATION, ask, envelope, fixture, message};
use crate::{Failure, Outcome, QueueTrigger, TimerTrigger, enveloped, logging};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// What is logged while `asking` goes on. Each line has to be one JSON object.
    async fn of(filter: &str, asking: impl Future) -> Vec<Value> {
        // Or what another test's thread, which listens to nothing, logs first counts as wanted by nobody.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let lines = Self::default();
        let guard = tracing::subscriber::set_default(logging::subscriber(filter, lines.clone()).unwrap());
        asking.await;
        drop(guard);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn has_id(line: &Value) -> bool {
    line["spans"]
        .as_array()
        .is_some_and(|spans| spans.iter().any(|span| span["invocation_id"] == INVOCATION && span["function"].is_string()))
}

#[tokio::test]
async fn every_line_within_an_invocation_has_its_id_whatever_the_filter() {
    async fn sweep(_: TimerTrigger) -> Outcome {
        tracing::warn!("one\nevent, one line");
        let inner = tracing::info_span!("inner");
        inner.in_scope(|| tracing::error!("within"));
        Outcome::new()
    }
    let app = Router::new().route("/sweep", post(sweep));
    for filter in ["info", "custom_handler=warn", "error,custom_handler=trace", "off,custom_handler::tests=warn"] {
        let lines = Lines::of(filter, ask(&app, envelope("sweep", fixture!("invocation_timer")))).await;
        assert!(lines.iter().any(|line| line["message"] == "within"), "{filter}: {lines:?}");
        assert!(lines.iter().all(has_id), "{filter}: {lines:?}");
    }
}

#[tokio::test]
async fn the_reason_of_a_failure_is_logged_with_the_id_because_the_host_does_not_show_it() {
    async fn order(message: QueueTrigger) -> Result<Outcome, Failure> {
        match message.text() {
            "retry" => Err(Failure::retry("the shop is closed")),
            "give up" => Err(Failure::give_up("the shop is gone")),
            _ => panic!("no shop"),
        }
    }
    let app = Router::new().route("/order", post(order));
    for (text, reason) in [("retry", "the shop is closed"), ("give up", "the shop is gone"), ("panic", "a function panicked")] {
        let lines = Lines::of("info", ask(&app, envelope("order", message(text, &Value::Null)))).await;
        let line = lines.iter().find(|line| line.to_string().contains(reason)).unwrap_or_else(|| panic!("{text}: {lines:?}"));
        assert!(line["level"] == "ERROR" && has_id(line), "{line}");
    }
    let lines = Lines::of("info", ask(&app, envelope("order", "no envelope"))).await;
    assert!(lines.iter().any(|line| line["level"] == "ERROR" && has_id(line)), "{lines:?}");
}

#[tokio::test]
async fn a_function_that_is_missing_is_told_and_a_forwarded_request_is_its_handlers_business() {
    let app = Router::new().route("/api/hello", get(|| async { axum::http::StatusCode::NOT_FOUND }));
    let missing = Lines::of("info", ask(&app, envelope("sweep", fixture!("invocation_timer")))).await;
    assert!(missing.iter().any(|line| line["level"] == "WARN" && line["status"] == 404), "{missing:?}");
    let forwarded = async {
        ask(&app, envelope("api/hello", "{}")).await;
        ask(&app, envelope("api/nobody", "{}")).await;
        ask(&app, Request::get("/api/hello").body(Body::empty()).unwrap()).await;
    };
    assert_eq!(Lines::of("info", forwarded).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_probe_leaves_no_line() {
    let lines = Lines::of("trace", ask(&Router::new(), Request::get("/").body(Body::empty()).unwrap())).await;
    assert_eq!(lines, Vec::<Value>::new());
}

#[tokio::test]
async fn no_key_of_a_caller_is_logged() {
    let greet = || async {
        tracing::info!("greeting");
        "hello"
    };
    let http = Router::new().route("/api/hello", get(greet));
    let app = Router::new().route("/hello", enveloped("res", http.clone())).merge(http);
    let told = async {
        let body = r#"{"Data":{"req":{"Method":"GET","Url":"https://e.org/api/hello?code=KEY","Query":{"code":"KEY"},"Headers":{"x-functions-key":["KEY"]}}}}"#;
        ask(&app, envelope("hello", body)).await;
        ask(&app, envelope("hello", body.replace("GET", "PUT").replace("api", "no-api"))).await;
        ask(&app, Request::get("/api/hello?code=KEY").header("x-functions-key", "KEY").body(Body::empty()).unwrap()).await;
        ask(&app, Request::get("/api/nobody?code=KEY").body(Body::empty()).unwrap()).await;
    };
    let lines = Lines::of("trace", told).await;
    assert!(!lines.is_empty());
    assert!(!serde_json::to_string(&lines).unwrap().contains("KEY"), "{lines:?}");
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let error = logging::subscriber("my_functions=loud", io::sink).err().unwrap().to_string();
    assert!(error.contains("my_functions=loud"), "{error}");
}
