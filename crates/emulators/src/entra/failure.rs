//! The refusals of the token endpoint: OAuth's own error beside Entra's `AADSTS` number.

use serde_json::json;

use crate::{clock::stamp, http::Answer};

/// A refused token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
    suberror: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Self {
        Self { status, error, number, text: text.into(), suberror: None }
    }

    pub(super) fn invalid_client(number: u32, text: impl Into<String>) -> Self {
        Self::new(401, "invalid_client", number, text)
    }

    pub(super) fn invalid_grant(number: u32, text: impl Into<String>) -> Self {
        Self::new(400, "invalid_grant", number, text)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(400, "invalid_request", 900_144, text)
    }

    pub(super) fn with_suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(suberror);
        self
    }

    /// `now` in seconds since 1970, `number` counts requests.
    pub(super) fn answer(&self, now: i64, number: u64) -> Answer {
        let (trace, correlation) =
            (format!("4e3f1a52-0000-4000-8000-{number:012x}"), format!("b7c1d2e3-0000-4000-8000-{number:012x}"));
        let time = format!("{}Z", stamp(now, 0));
        let description =
            format!("AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}", self.number, self.text);
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
        });
        if let (Some(fields), Some(suberror)) = (body.as_object_mut(), self.suberror) {
            fields.insert("suberror".to_owned(), suberror.into());
        }
        Answer::json(self.status, &body).with_header("Cache-Control", "no-store, no-cache")
    }
}
