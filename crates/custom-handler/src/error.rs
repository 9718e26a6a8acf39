//! What can be wrong with a request of the host, and with a start. The texts never quote what was sent: it may be secret.

use std::fmt;
use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::PORT_VARIABLE;

/// A request that is not what the function expects. As an answer it is no 2xx, so the host counts the invocation as failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is larger than [`Options::body_limit`](crate::Options::body_limit), or broke off.
    #[error("the body could not be read: {0}; if it is too large, raise the body limit in the options")]
    Body(String),
    /// The body is not the host's envelope.
    #[error("the body is not an envelope of the Functions host: {0}; is the request forwarded (see host.json)?")]
    Envelope(String),
    /// The envelope has no value for the binding.
    #[error("the envelope has no binding '{0}'; compare the name with function.json")]
    NoBinding(String),
    /// The envelope has no or several bindings, so that which one is the trigger cannot be known.
    #[error("the envelope has {0} bindings and the trigger is not named; take an `Envelope` and name it as in function.json")]
    Unclear(usize),
    /// The binding holds something else.
    #[error("the binding '{binding}' is no {expected}; compare the type of the trigger in function.json with the function")]
    Trigger {
        /// The name in function.json.
        binding: String,
        /// What the function expects.
        expected: &'static str,
    },
    /// The value is not the JSON that the function expects.
    #[error("the value is not the JSON that is expected: {0}")]
    Json(String),
    /// The value is not base64.
    #[error("the value is not base64; `bytes` is for bindings with `\"dataType\": \"binary\"`")]
    Base64,
}

impl DecodeError {
    /// The place and the kind of a JSON error. Its own text may quote the value, so only names of missing members are kept.
    pub(crate) fn place(error: &serde_json::Error) -> String {
        let told = error.to_string();
        let kind = if told.starts_with("missing field") {
            return told;
        } else if error.is_eof() {
            "it ends too early"
        } else if error.is_syntax() {
            "it is malformed"
        } else {
            "a value has another type"
        };
        format!("{kind} at line {} column {}", error.line(), error.column())
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Body(_) => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for DecodeError {
    fn into_response(self) -> Response {
        // The host shows nothing of an answer that is no 2xx.
        tracing::error!(error = %self, "the request of the host could not be read");
        (self.status(), axum::Json(serde_json::json!({ "error": self.to_string() }))).into_response()
    }
}

/// Why the process could not serve. Its `Debug` is its text: that is what a `main` that returns it prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The host did not say where to listen.
    #[error("{PORT_VARIABLE} is not set; start this program through the Functions host (`func start`), or set it to a free port")]
    NoPort,
    /// What the host said is no port.
    #[error("{PORT_VARIABLE} is '{0}', which is no port; it has to be a number up to 65535")]
    BadPort(String),
    /// The port is taken.
    #[error("cannot listen on {address}: {source}; leave `port` out of host.json so that the host chooses a free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The system does not tell of signals, or the listener failed.
    #[error("the server cannot run: {0}; look at the limits of the process")]
    System(#[from] std::io::Error),
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
