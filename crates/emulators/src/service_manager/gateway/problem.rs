//! The catalogue of problems (RFC 9457), as the protocol lists it.

use serde_json::{Map, Value, json};

use crate::{http::Answer, service_manager::model::Refused};

/// A problem in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: &'static str,
    detail: String,
    retry_after: Option<u64>,
    /// `outcome` of a write, where the code alone does not say it.
    unknown_outcome: bool,
    members: Map<String, Value>,
}

/// (code, status, retryable, title)
const CATALOGUE: &[(&str, u16, bool, &str)] = &[
    ("bad_request", 400, false, "The request cannot be understood"),
    ("unauthorized", 401, false, "A valid bearer token is needed"),
    ("access_denied", 403, false, "Access is denied"),
    ("not_found", 404, false, "There is no such thing"),
    ("not_allowed", 405, false, "This method is not possible here"),
    ("in_progress", 409, true, "A request with this key is being worked on"),
    ("read_only", 409, false, "The work item is closed"),
    ("ambiguous", 409, false, "Several things have this name"),
    ("gone", 410, false, "The work item is deleted"),
    ("conflict", 412, true, "The work item was changed in the meantime"),
    ("too_large", 413, false, "The body is too large"),
    ("unsupported_media_type", 415, false, "The body must be JSON"),
    ("invalid_enum", 422, false, "A list does not have this value"),
    ("invalid_value", 422, false, "A property cannot take this value"),
    ("key_reused", 422, false, "The idempotency key belongs to another request"),
    ("rejected", 422, false, "Service Manager refused the change"),
    ("busy", 429, true, "The gateway is busy"),
    ("internal", 500, true, "The gateway failed"),
    ("not_supported", 501, false, "This gateway cannot do that"),
    ("sdk_unavailable", 503, true, "The management server cannot be reached"),
    ("sdk_timeout", 503, true, "The management server did not answer in time"),
];

impl Problem {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, unknown_outcome: false, members: Map::new() }
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new("bad_request", detail)
    }

    /// A property that does not fit.
    pub(super) fn property(code: &'static str, property: &str, detail: impl Into<String>) -> Self {
        Self::new(code, detail).with("property", property)
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn unknown_outcome(mut self) -> Self {
        self.unknown_outcome = true;
        self
    }

    pub(super) fn answer(mut self, request: &str, write: bool) -> Answer {
        let allow = self.members.remove("allow");
        let entry = CATALOGUE.iter().find(|(code, ..)| *code == self.code);
        let (_, status, retryable, title) = entry.copied().unwrap_or(("internal", 500, true, "The gateway failed"));
        let mut body = json!({
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": self.code,
            "retryable": retryable,
            "requestId": request,
        });
        if let Some(members) = body.as_object_mut() {
            if write {
                members.insert("outcome".to_owned(), if self.unknown_outcome { "unknown" } else { "not_done" }.into());
            }
            members.extend(self.members);
        }
        let mut answer = Answer::new(status, "application/problem+json; charset=utf-8", body.to_string());
        if let Some(seconds) = self.retry_after {
            answer = answer.with_header("Retry-After", seconds.to_string());
        }
        if let Some(allow) = allow.as_ref().and_then(Value::as_str) {
            answer = answer.with_header("Allow", allow);
        }
        if self.code == "unauthorized" {
            answer = answer.with_header("WWW-Authenticate", "Bearer");
        }
        answer
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::NoItem(_) => Self::new("not_found", detail),
            Refused::Closed(_) => Self::new("read_only", detail),
            // A gateway lets the server give out the numbers, so this cannot come to it.
            Refused::Exists(_) => Self::new("rejected", detail),
            Refused::NoTemplate(_) => Self::property("invalid_value", "templateId", detail),
            Refused::NoConfigItem(_) => Self::property("invalid_value", "affectedComputers", detail),
            Refused::NoSuchValue(property, _) => Self::property("invalid_enum", &property, detail),
            Refused::TooLong(property, length) => Self::property("invalid_value", &property, detail).with("maxLength", length),
            Refused::NoProperty(property)
            | Refused::ReadOnlyProperty(property)
            | Refused::WrongType(property)
            | Refused::Missing(property) => Self::property("invalid_value", &property, detail),
        }
    }
}
