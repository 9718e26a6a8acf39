//! Bodies of writes: one flat JSON object, everything a text.

use serde_json::Value;

use crate::{http::Call, servicenow::errors::Refusal};

/// Reads the columns to write. Of an array only the first element counts.
pub(crate) fn columns(call: &Call) -> Result<Vec<(String, String)>, Refusal> {
    if !call.body.is_empty() {
        json_type(call)?;
    }
    let body: Value = if call.body.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(&call.body).map_err(|_| Refusal::bad_payload())?
    };
    let first = match body {
        Value::Array(all) => all.into_iter().next().unwrap_or_default(),
        other => other,
    };
    flat(&first).ok_or_else(Refusal::bad_payload)
}

/// The columns of one object; `None` when it is none.
pub(crate) fn flat(object: &Value) -> Option<Vec<(String, String)>> {
    Some(object.as_object()?.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // A value as it was read: `{"link":…,"value":…}`.
        Value::Object(object) => object.get("value").map(text).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Refuses a body that does not say it is JSON.
pub(crate) fn json_type(call: &Call) -> Result<(), Refusal> {
    let kind = call.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if kind.contains("json") {
        return Ok(());
    }
    Err(Refusal::new(
        415,
        "Unsupported media type",
        Some("The content type of the request is not supported: send application/json"),
    ))
}
