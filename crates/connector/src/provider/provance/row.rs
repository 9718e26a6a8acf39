//! What stands in Dataverse's answers: records, and lists of them. Knows no address and no call.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::provider::judgement::{self, Flaw};

/// What people see of a value, beside it.
pub(super) const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
/// The version of a record.
const ETAG: &str = "@odata.etag";

/// A record: only the columns that were asked for and may be read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Row(Map<String, Value>);

impl Row {
    /// A value as text; empty when it is null or not there.
    pub(super) fn text(&self, property: &str) -> String {
        match self.0.get(property) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// A value as people see it.
    pub(super) fn shown(&self, property: &str) -> String {
        let formatted = self.0.get(&format!("{property}@{FORMATTED}")).and_then(Value::as_str);
        formatted.map_or_else(|| self.text(property), str::to_owned)
    }

    /// Whether the column is there, even if empty.
    pub(super) fn has(&self, property: &str) -> bool {
        self.0.contains_key(property)
    }

    /// A whole value.
    pub(super) fn number(&self, property: &str) -> Option<i64> {
        self.0.get(property)?.as_i64()
    }

    /// An instant.
    pub(super) fn instant(&self, property: &str) -> Option<Timestamp> {
        self.0.get(property)?.as_str()?.parse().ok()
    }

    /// A value that has parts, as metadata has.
    pub(super) fn part(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// Its version, for conditions.
    pub(super) fn etag(&self) -> &str {
        self.0.get(ETAG).and_then(Value::as_str).unwrap_or_default()
    }
}

/// One page.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    #[serde(rename = "value")]
    pub(super) rows: Vec<Row>,
    /// Where the next page is.
    #[serde(rename = "@odata.nextLink", default)]
    pub(super) next: Option<String>,
    /// Where changes since are told.
    #[serde(rename = "@odata.deltaLink", default)]
    pub(super) delta: Option<String>,
}

/// Any JSON that is no error.
pub(super) fn value(body: &[u8]) -> Result<Value, Flaw> {
    let value: Value = judgement::json(body)?;
    if value.get("error").is_some() { Err(Flaw::Error) } else { Ok(value) }
}

/// A record.
pub(super) fn object(body: &[u8]) -> Result<Row, Flaw> {
    match value(body)? {
        Value::Object(fields) => Ok(Row(fields)),
        _ => Err(Flaw::Shape("the answer is JSON but not an object".into())),
    }
}

/// A list; an answer without one is no empty list.
pub(super) fn list(body: &[u8]) -> Result<Listed, Flaw> {
    match judgement::json(body) {
        Err(Flaw::Shape(shape)) => Err(value(body).err().unwrap_or(Flaw::Shape(shape))),
        other => other,
    }
}

/// The record in a value that a write answered.
pub(super) fn row(value: Value) -> Row {
    if let Value::Object(fields) = value { Row(fields) } else { Row::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_without_a_list_is_not_an_empty_list() {
        for answer in
            ["null", "{}", "\"ok\"", "{\"value\":{}}", "{\"value\":[1]}", "{\"error\":{\"code\":\"\",\"message\":\"x\"}}"]
        {
            assert!(list(answer.as_bytes()).is_err(), "{answer}");
        }
        assert!(list(b"{\"value\":[]}").unwrap().rows.is_empty());
    }

    #[test]
    fn values_are_told_as_stored_and_as_people_see_them() {
        let row = row(json!({
            "prioritycode": 1, "prioritycode@OData.Community.Display.V1.FormattedValue": "High", "title": null, "isescalated": false,
            "modifiedon": "2026-09-01T10:00:02Z", "@odata.etag": "W/\"7\""
        }));
        assert_eq!(
            (row.text("prioritycode"), row.shown("prioritycode"), row.number("prioritycode")),
            ("1".into(), "High".into(), Some(1))
        );
        assert_eq!((row.text("title"), row.has("title"), row.has("subject")), (String::new(), true, false));
        assert_eq!((row.shown("isescalated"), row.etag()), ("false".into(), "W/\"7\""));
        assert_eq!(row.instant("modifiedon").unwrap().as_second(), 1_788_256_802);
        assert_eq!(row.instant("title"), None);
    }
}
