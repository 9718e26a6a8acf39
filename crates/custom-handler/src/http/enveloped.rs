//! The bridge between the shapes: a router of ordinary handlers, served from envelopes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::Response;
use axum::http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::routing::{MethodRouter, post};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{Failure, HttpAnswer, HttpTrigger, Outcome};

/// Serves `forwarded`, a router of ordinary handlers under the callers' paths, to a host that sends envelopes. Mount it under the
/// function's name; `output` is the name of the HTTP output in function.json. Whatever a handler answers, 503 included, is a
/// successful invocation, so the caller gets exactly that.
///
/// ```
/// # use axum::{Router, routing::get};
/// # use custom_handler::enveloped;
/// let hello = Router::new().route("/api/hello/{name}", get(|| async { "hello" }));
/// let app: Router = Router::new()
///     .route("/hello", enveloped("res", hello.clone())) // an envelope, POST /hello
///     .merge(hello); //                                    a forwarded request, GET /api/hello/Ada
/// ```
///
/// An envelope says who the caller is ([`Identities`](crate::Identities)), so nothing but the host may reach this path: do not
/// forward a route that catches every path (`{*path}` with an empty `routePrefix`) in an app that mounts envelopes.
///
/// An answer has to be text: an envelope cannot carry other bytes. One that is not fails the invocation; so that none is compressed,
/// handlers do not see what the caller said he accepts (`Accept-Encoding`).
pub fn enveloped<S: Clone + Send + Sync + 'static>(output: impl Into<Arc<str>>, forwarded: Router) -> MethodRouter<S> {
    let output = output.into();
    // The limit of the whole envelope has been kept already.
    let forwarded = forwarded.layer(DefaultBodyLimit::disable());
    post(move |trigger: HttpTrigger| async move {
        let mut request = trigger.into_request();
        request.headers_mut().remove(ACCEPT_ENCODING);
        let answer = match forwarded.oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        Ok::<_, Failure>(Outcome::new().http(&*output, wrapped(answer).await?))
    })
}

async fn wrapped(answer: Response<Body>) -> Result<HttpAnswer, Failure> {
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.map_err(|_| Failure::retry("the body of the answer broke off"))?.to_bytes();
    let text = String::from_utf8(bytes.into()).map_err(|_| {
        Failure::retry("the answer is not text, which an envelope cannot carry; set enableProxyingHttpRequest in host.json")
    })?;
    let own = |name| name == CONTENT_LENGTH || name == TRANSFER_ENCODING || name == CONNECTION;
    let answer =
        parts.headers.iter().filter(|(name, _)| !own(*name)).fold(HttpAnswer::new(parts.status), |answer, (name, value)| {
            match value.to_str() {
                Ok(value) => answer.header(name.as_str(), value),
                Err(_) => answer,
            }
        });
    Ok(answer.text(text))
}
