//! Stories: what the host sends, and what it must get. The fixtures are composed from the host's source.

mod both_shapes;
mod fixtures;
mod guarded;
mod hostile;
mod http;
mod logged;
mod outcomes;
mod process;
mod served;
mod troubleshooting;

use std::future::{Ready, ready};
use std::sync::mpsc::{Receiver, channel};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Options, Outcome, hosted};

pub(crate) const INVOCATION: &str = "0f1e2d3c-4b5a-4687-9786-a5b4c3d2e1f0";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../tests/fixtures/", $name, ".json"))
    };
}
pub(crate) use fixture;

/// The request that the host makes of an envelope.
pub(crate) fn envelope(function: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/{function}"))
        .header("X-Azure-Functions-HostVersion", "4.1037.0.0")
        .header("X-Azure-Functions-InvocationId", INVOCATION)
        .header(header::USER_AGENT, "Azure-Functions-Host/4.1037.0.0")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body.into())
        .unwrap()
}

/// The envelope of a queue message that the host was given as `text`, with its double encoding.
pub(crate) fn message(text: &str, metadata: &Value) -> String {
    let encoded = serde_json::to_string(text).unwrap();
    json!({ "Data": { "order": encoded }, "Metadata": metadata }).to_string()
}

pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answered {
    ask_with(router, request, &Options::default()).await
}

pub(crate) async fn ask_with(router: &Router, request: Request<Body>, options: &Options) -> Answered {
    Answered::of(hosted(router.clone(), options).oneshot(request).await.unwrap()).await
}

#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) kind: Option<String>,
    pub(crate) body: String,
}

impl Answered {
    async fn of(answer: Response<Body>) -> Self {
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Self { status, kind, body: String::from_utf8(body.into()).unwrap() }
    }

    /// What the host makes of it: its own rules, as strict as it is.
    pub(crate) fn as_the_host(&self) -> HostSees {
        if !self.status.is_success() {
            return HostSees::Failure;
        }
        if self.body.trim().is_empty() || self.body.trim() == "null" {
            return HostSees::NothingForEver;
        }
        assert!(self.kind.as_deref().is_some_and(|kind| kind.starts_with("application/json")), "{self:?}");
        let result: Value = serde_json::from_str(&self.body).unwrap();
        for member in ["Outputs", "Logs", "ReturnValue"] {
            assert!(result.get(member).is_some(), "{member} is missing: {self:?}");
        }
        HostSees::Success(result)
    }

    pub(crate) fn result(&self) -> Value {
        match self.as_the_host() {
            HostSees::Success(result) => result,
            other => panic!("{other:?}: {self:?}"),
        }
    }
}

#[derive(Debug, PartialEq)]
pub(crate) enum HostSees {
    Success(Value),
    Failure,
    NothingForEver,
}

/// A function that hands what it was given to a test.
pub(crate) fn seen<T: Send + 'static>() -> (impl Fn(T) -> Ready<Outcome> + Clone, Receiver<T>) {
    let (sender, receiver) = channel();
    let function = move |given: T| {
        sender.send(given).unwrap();
        ready(Outcome::new())
    };
    (function, receiver)
}
