//! The two ways not to succeed, told apart by what the host shall do next.

use std::error::Error;
use std::fmt;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::Outcome;

/// Why a function did not do its work. `?` makes any error one to be retried, which loses nothing.
///
/// The host shows nothing of a failed answer, so the reason is logged here, in the invocation's span. Keep secrets out of it.
/// It speaks to the host, in the envelope shape: a handler of forwarded HTTP requests answers its caller itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    reason: String,
    retried: bool,
}

impl Failure {
    /// The host sees a failed invocation. A queue message comes again after `visibilityTimeout`, and goes to the poison queue
    /// after `maxDequeueCount` tries; a timer is run again only if function.json has `retry`; the caller of an HTTP function
    /// gets 500 and no body, so answer those with an [`HttpAnswer`](crate::HttpAnswer) instead.
    pub fn retry(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), retried: true }
    }

    /// The host sees a successful invocation: trying again would not help. A queue message is deleted. The reason is in our
    /// log as an error, and in the host's.
    pub fn give_up(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), retried: false }
    }

    /// The reason, for a person.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the host sees a failed invocation.
    #[must_use]
    pub const fn is_retried(&self) -> bool {
        self.retried
    }
}

/// Like `Display`: `Failure` cannot be an [`Error`] itself, so that every error can become one.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some errors repeat their source in their own text.
            if !reason.contains(&cause_text) {
                reason.push_str(": ");
                reason.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::retry(reason)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if self.retried {
            tracing::error!(reason = %self.reason, "the function failed; the host is told");
            let body = axum::Json(serde_json::json!({ "error": "the function failed; its log says why" }));
            return (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
        }
        tracing::error!(reason = %self.reason, "the function gave up; the host shall not try again");
        Outcome::new().log(self.reason).into_response()
    }
}
