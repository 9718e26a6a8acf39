//! Reads a body: never more than the limit, never longer than the limit. A body that says beforehand that it is too large is
//! refused before any of it is read.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;

use crate::edge::Limits;
use crate::problem::Problem;

/// The whole body. 413 when it is too large, 408 when it does not arrive in time, 400 when it breaks off.
pub(crate) async fn read(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let most = limits.max_body_bytes;
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large(most));
    }
    match tokio::time::timeout(limits.body, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(most)),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "body-broken", "The body broke off")
            .detail("the connection ended, or the chunks were malformed, before the body was complete")
            .remedy("send the request again")),
        Err(_) => Err(too_slow(limits.body)),
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
        .detail(format!("at most {most} bytes are accepted"))
        .remedy("Azure's alerts stay below 256 KiB; if yours are larger, raise intake.max_body_bytes")
}

fn too_slow(limit: Duration) -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body did not arrive in time")
        .detail(format!("the body was not complete after {} ms", limit.as_millis()))
        .remedy("send the request again over a better connection")
}
