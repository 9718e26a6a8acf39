//! From bytes to an alert: which schema a payload follows, decided by its shape, first hit wins. Whatever JSON object
//! arrives becomes an alert.

use jiff::Timestamp;
use serde_json::Value;

use super::lenient::Node;
use super::reading::Reading;
use super::{Alert, NotAnAlert, common, legacy, unknown};

impl Alert {
    /// Reads what was posted. `received_at` stands in for dates that the payload does not have; keys do not depend on it.
    ///
    /// # Errors
    /// [`NotAnAlert`] for anything that is not a JSON object, and for nothing else.
    pub fn from_json(body: &[u8], received_at: Timestamp) -> Result<Self, NotAnAlert> {
        let raw = parse(body)?;
        let reading = classify(Node::from(&raw));
        Ok(reading.finish(raw, received_at))
    }
}

/// The body as a JSON object, or why it is none, in words that do not repeat it.
pub(crate) fn parse(body: &[u8]) -> Result<Value, NotAnAlert> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|error| NotAnAlert::NotJson(format!("it is not UTF-8 at byte {}", error.valid_up_to())))?;
    if text.trim().is_empty() {
        return Err(NotAnAlert::NotJson("it is empty".to_owned()));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        NotAnAlert::NotJson(match error.classify() {
            _ if reason.starts_with("recursion limit") => "it is nested more than 127 levels deep".to_owned(),
            serde_json::error::Category::Eof => format!("it ends too early: {reason}"),
            _ => reason,
        })
    })?;
    if value.is_object() { Ok(value) } else { Err(NotAnAlert::NotAnObject) }
}

fn classify(root: Node<'_>) -> Reading {
    let data = root.at("data");
    let context = root.at("context");
    match root.at("schemaId").text().to_lowercase().as_str() {
        "azuremonitorcommonalertschema" if data.at("essentials").is_object() => return common::read(data),
        "azuremonitormetricalert" => return legacy::metric::read(data),
        "microsoft.insights/activitylogs" => return legacy::activity::read(data),
        "microsoft.insights/logalert" => return legacy::log::read(data),
        "aip budget notification" => return legacy::budget::read(data),
        _ => {}
    }
    if root.at("AlertRuleName").exists() && root.at("SearchQuery").exists() {
        legacy::log::read(root)
    } else if root.at("operation").text().starts_with("Scale") && context.at("oldCapacity").exists() {
        legacy::autoscale::read(root)
    } else if root.at("status").exists() && context.at("condition").is_object() {
        legacy::metric::read(root)
    } else if data.at("essentials").is_object() {
        // The common schema passed on by something that lost its name.
        common::read(data)
    } else {
        unknown::read(root)
    }
}
