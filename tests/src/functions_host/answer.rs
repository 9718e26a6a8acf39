//! What the handler answers to an envelope, judged as the host does: a 2xx, `application/json`, and one JSON object.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::failure::Failure;

/// A successful answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Values for output bindings.
    pub outputs: Map<String, Value>,
    /// Lines for the host's log.
    pub logs: Vec<String>,
    /// `ReturnValue`.
    pub return_value: Value,
}

impl Answer {
    pub(super) fn judge(status: u16, content_type: &str, body: &[u8]) -> Result<Self, Failure> {
        if !(200..300).contains(&status) {
            return Err(Failure::Status(status));
        }
        // An empty body is read as null, whatever its type.
        if body.trim_ascii().is_empty() {
            return Err(Failure::Hangs("empty"));
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Failure::ContentType(content_type.to_owned()));
        }
        match serde_json::from_slice(body).map_err(|error| Failure::Json(error.to_string()))? {
            Value::Null => Err(Failure::Hangs("null")),
            Value::Object(members) => Self::of(members),
            _ => Err(Failure::Json("it is no JSON object".to_owned())),
        }
    }

    fn of(members: Map<String, Value>) -> Result<Self, Failure> {
        let mut answer = Self::default();
        for (name, value) in members {
            match name.to_ascii_lowercase().as_str() {
                "outputs" => answer.outputs = read(&name, value)?,
                "logs" => answer.logs = read(&name, value)?,
                "returnvalue" => answer.return_value = value,
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// A member that is null is one that is not there.
fn read<T: Default + for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<T, Failure> {
    let read: Result<Option<T>, _> = serde_json::from_value(value);
    read.map(Option::unwrap_or_default).map_err(|error| Failure::Json(format!("{name}: {error}")))
}
