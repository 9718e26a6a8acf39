//! What stands around every function: the host's probe is answered, an invocation has a span, bodies have a limit, time has an
//! end, a panic is an answer, and nothing that would make the host wait for ever gets out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::Instrument;

use crate::invocation::INVOCATION_ID_HEADER;
use crate::{Invocation, Options};

/// The `router` with all that stands around it, for servers of one's own. [`run`](crate::run) does this by itself.
pub fn hosted(router: Router, options: &Options) -> Router {
    let most = options.timeout;
    router
        .layer(CatchPanicLayer::custom(|_| {
            // What it said is the panic hook's to log.
            tracing::error!("a function panicked; the host is told that the invocation failed");
            failed(StatusCode::INTERNAL_SERVER_ERROR, "the function panicked; its log says more")
        }))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(options.body_limit))
        .layer(from_fn(move |request, next| within(most, request, next)))
        .layer(from_fn(ready))
}

/// The shape of a request, noted by whoever reads it. An envelope must not be answered as a plain request may be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape(Arc<AtomicBool>);

impl Shape {
    pub(crate) fn note_envelope(extensions: &Extensions) {
        if let Some(Self(envelope)) = extensions.get::<Self>() {
            envelope.store(true, Ordering::Relaxed);
        }
    }

    fn is_envelope(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The host asks `GET /` until there is an answer, and later to see whether we live. A forwarded request for `/` carries the id of
/// an invocation and is the router's.
async fn ready(request: Request, next: Next) -> Response {
    let probe = request.uri().path() == "/"
        && matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key(INVOCATION_ID_HEADER);
    if probe { "ready".into_response() } else { next.run(request).await }
}

async fn within(most: Option<Duration>, mut request: Request, next: Next) -> Response {
    let invocation = Invocation::new(request.uri().path(), request.headers());
    // An error span, so that no filter of the log can lose the id.
    let span = tracing::error_span!(
        target: "custom_handler::invocation",
        "invocation",
        function = invocation.function(),
        invocation_id = invocation.id(),
    );
    let shape = Shape::default();
    let of_a_function = is_of_a_function(&request);
    request.extensions_mut().insert(shape.clone());
    async {
        let answering = next.run(request);
        let answered = match most {
            Some(most) => tokio::time::timeout(most, answering).await,
            None => Ok(answering.await),
        };
        let Ok(answer) = answered else {
            tracing::error!(seconds = most.unwrap_or_default().as_secs(), "the function took too long and was ended");
            return failed(StatusCode::GATEWAY_TIMEOUT, "the function took too long");
        };
        fit(answer, &shape, of_a_function)
    }
    .instrument(span)
    .await
}

/// Envelopes are posted to a function's name; forwarded requests mostly have the path of a route.
fn is_of_a_function(request: &Request) -> bool {
    let name = request.uri().path().strip_prefix('/').unwrap_or_default();
    request.method() == Method::POST && !name.is_empty() && !name.contains('/')
}

/// The answer, if the host can read it.
fn fit(answer: Response, shape: &Shape, of_a_function: bool) -> Response {
    let status = answer.status();
    if !shape.is_envelope() {
        // Nobody has read the envelope. A forwarded request is answered as its handler likes, which says why itself.
        let odd = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::PAYLOAD_TOO_LARGE];
        if of_a_function && (odd.contains(&status) || status.is_server_error()) {
            tracing::warn!(status = status.as_u16(), "answered; if this was an envelope, the host counts it as a failure");
        }
        return answer;
    }
    if !status.is_success() {
        tracing::warn!(status = status.as_u16(), "answered; the host counts the invocation as failed");
        return answer;
    }
    let json = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if status == StatusCode::OK && json && HttpBody::size_hint(answer.body()).exact() != Some(0) {
        return answer;
    }
    // The host would wait for a result until its function timeout.
    tracing::error!("the function read an envelope and did not answer with an `Outcome`; the host is told that it failed");
    failed(StatusCode::INTERNAL_SERVER_ERROR, "the function did not answer with an Outcome")
}

fn failed(status: StatusCode, what: &str) -> Response<Body> {
    (status, axum::Json(serde_json::json!({ "error": what }))).into_response()
}
