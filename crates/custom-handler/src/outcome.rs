//! What a function answers in the envelope shape: always a JSON object with `Outputs`, `Logs` and `ReturnValue`. An empty answer
//! would make the host wait until its function timeout, so there is no way to make one here.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::HttpAnswer;

/// A successful invocation, and what comes of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[must_use]
pub struct Outcome {
    outputs: Map<String, Value>,
    logs: Vec<String>,
    return_value: Value,
}

impl Outcome {
    /// Success, without outputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value for an output binding of any type. The host decodes a string that happens to be base64 (`"test"` is), unless the
    /// binding says `"dataType": "binary"`; objects and arrays arrive as they are.
    pub fn output(mut self, binding: impl Into<String>, value: impl Into<Value>) -> Self {
        self.outputs.insert(binding.into(), value.into());
        self
    }

    /// Messages for a queue output. The host sends them after this answer; if it cannot, the invocation fails.
    pub fn queue<M: Into<QueueMessage>>(self, binding: impl Into<String>, messages: impl IntoIterator<Item = M>) -> Self {
        // Always an array of strings: a string alone would be decoded when it is base64, and split when it is a JSON array.
        let messages = messages.into_iter().map(|message| Value::String(message.into().0)).collect();
        self.output(binding, Value::Array(messages))
    }

    /// The answer to the caller, for an HTTP output of any name but `$return`. Without one the caller gets 200 and nothing.
    pub fn http(self, binding: impl Into<String>, answer: HttpAnswer) -> Self {
        self.output(binding, answer.into_value())
    }

    /// A line for the host's log, at level Information, in the function's category.
    pub fn log(mut self, line: impl Into<String>) -> Self {
        self.logs.push(line.into());
        self
    }

    /// The value for the output `$return`. Without such an output the host takes an object's members for outputs.
    pub fn return_value(mut self, value: impl Into<Value>) -> Self {
        self.return_value = value.into();
        self
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

/// A message for a queue output, which is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage(String);

impl QueueMessage {
    /// A value as compact JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }
}

impl From<String> for QueueMessage {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for QueueMessage {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Value> for QueueMessage {
    /// Compact JSON; a string becomes its text.
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self(text),
            other => Self(other.to_string()),
        }
    }
}
