//! The answer to an HTTP caller, as an output of an envelope function: status, headers and a body that is text.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// What the caller of an HTTP function gets, for [`Outcome::http`](crate::Outcome::http).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct HttpAnswer {
    status: StatusCode,
    headers: Map<String, Value>,
    body: String,
}

impl HttpAnswer {
    /// An answer without a body.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: Map::new(), body: String::new() }
    }

    /// A header. The host knows one value for each name: of a second one and more, a list is made (`a, b`).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let known = self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match known {
            Some(known) => *known = Value::String(format!("{}, {value}", known.as_str().unwrap_or_default())),
            None => {
                self.headers.insert(name.to_owned(), Value::String(value.to_owned()));
            }
        }
        self
    }

    /// A body of text. Name its type with the header `content-type`.
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// A body of JSON, and its type.
    pub fn json(self, body: &Value) -> Self {
        self.text(body.to_string()).header("content-type", "application/json")
    }

    /// All members that any version of the host has asked for, none of them null.
    pub(crate) fn into_value(self) -> Value {
        let status = self.status.as_u16().to_string();
        json!({ "statusCode": status, "status": status, "headers": self.headers, "body": self.body })
    }
}
