//! Error answers: RFC 9457 problem documents that say what happened and what to do. Nothing from a header, a token, a key
//! or a query value is ever put into one; names of parameters, connections and routes are.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    remedy: Cow<'static, str>,
    retry_after_seconds: Option<u16>,
    challenge: Option<&'static str>,
}

impl Problem {
    /// A problem of `kind` (the last part of its `type`), answered with `status`.
    #[must_use]
    pub const fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self {
            status,
            kind,
            title,
            detail: Cow::Borrowed(""),
            remedy: Cow::Borrowed(""),
            retry_after_seconds: None,
            challenge: None,
        }
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// How to authenticate (`WWW-Authenticate`), for 401.
    #[must_use]
    pub(crate) const fn challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// A temporary failure. Action groups repeat 408, 429, 503 and 504 and nothing else, so this is the one answer for
    /// whatever may pass.
    #[must_use]
    pub fn unavailable(kind: &'static str, title: &'static str) -> Self {
        Self { retry_after_seconds: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, title) }
    }

    /// Our own mistake.
    pub(crate) fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal-error", "Internal error")
            .detail("the request met a defect of the connector; nothing was stored")
            .remedy("look for \"panicked\" in the log at this time and report it")
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The last part of its `type`.
    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Detail and remedy, for the log.
    pub(crate) fn told(&self) -> (&str, &str) {
        (&self.detail, &self.remedy)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    remedy: &'a str,
}

impl IntoResponse for Problem {
    /// Whoever answers it tells the log (`refusals.rs`).
    fn into_response(self) -> Response {
        let document = Document {
            r#type: format!("urn:itsm-connector:problem:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            remedy: &self.remedy,
        };
        // A structure of texts and a number always serialises.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(self);
        response
    }
}
