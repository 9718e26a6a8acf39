//! A work item asked for by hand, from a log record: the body of `POST /api/work-items/{connection}/{work_item_type}` and of
//! `create`. It becomes an alert of kind `log_record`, so that it takes the same way with the same promises.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::alert::lenient::Node;
use crate::alert::rows::{Row, from_tables};
use crate::alert::{Alert, NotAnAlert, Severity, classify, log_record};

const MEMBERS: [&str; 9] =
    ["title", "description", "computer", "severity", "fields", "template", "rows", "one_per_row", "correlation_key"];

/// Why a body is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a JSON object.
    #[error("{0}")]
    NotJson(#[from] NotAnAlert),
    /// A member that requests do not have.
    #[error("`{name}` is not a member of a work item request; did you mean `{nearest}`? It has: {}", MEMBERS.join(", "))]
    UnknownMember {
        /// As sent.
        name: String,
        /// The nearest member there is.
        nearest: &'static str,
    },
    /// A member whose value cannot be what it is.
    #[error("`{path}`: {reason}")]
    WrongValue {
        /// Where, as `rows[2]` or `fields.impact`.
        path: String,
        /// What is wrong, and what is right.
        reason: String,
    },
}

/// The request.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkItemRequest {
    /// One line.
    pub title: String,
    /// What a person needs to know.
    #[serde(default)]
    pub description: String,
    /// The affected computer, looked up as configuration item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<String>,
    /// Severity; default the connection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Constants by the ITSM tool's own field names.
    #[serde(default, deserialize_with = "constants", skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Name of a template kept in the ITSM tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Rows of a Log Analytics result: a list of objects (column to value), or the `tables` shape of the query API.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub rows: Value,
    /// One work item for each row instead of one for all.
    #[serde(default)]
    pub one_per_row: bool,
    /// Two requests with the same key make one work item; default: each request makes its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_key: Option<String>,
}

impl WorkItemRequest {
    /// Reads and checks a request.
    ///
    /// # Errors
    /// [`RequestError`] names the member that is wrong.
    pub fn from_json(body: &[u8]) -> Result<Self, RequestError> {
        let value = classify::parse(body)?;
        for (name, _) in Node::from(&value).members() {
            if !MEMBERS.contains(&name) {
                return Err(RequestError::UnknownMember { name: name.chars().take(60).collect(), nearest: nearest(name) });
            }
        }
        let request: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let reason = error.into_inner().to_string();
            // A missing member has no path of its own; serde names it in the reason.
            RequestError::WrongValue { path: if path == "." { "body".to_owned() } else { path }, reason }
        })?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), RequestError> {
        let wrong = |path: String, reason: &str| Err(RequestError::WrongValue { path, reason: reason.to_owned() });
        if self.title.trim().is_empty() {
            return wrong("title".to_owned(), "it is empty; say in one line what is wrong");
        }
        let rows = Node::from(&self.rows);
        if rows.is_array() {
            if let Some(at) = rows.items().position(|row| !row.is_object()) {
                return wrong(format!("rows[{at}]"), "it is not an object of column and value");
            }
        } else if rows.exists() && !rows.at("tables").is_array() {
            return wrong(
                "rows".to_owned(),
                "give a list of objects, or the answer of the Log Analytics query API with `tables`",
            );
        }
        if self.one_per_row && self.row_list().is_empty() {
            return wrong("one_per_row".to_owned(), "there are no rows; give `rows`, or leave `one_per_row` out");
        }
        Ok(())
    }

    /// The rows in one shape.
    pub(crate) fn row_list(&self) -> Vec<Row> {
        let rows = Node::from(&self.rows);
        if rows.is_array() { rows.items().map(|row| row.pairs().into_iter().collect()).collect() } else { from_tables(rows) }
    }

    /// The request as an alert of kind `log_record`, fired. `request_id` names the request, so that a redelivery of the same
    /// request is seen as one.
    #[must_use]
    pub fn into_alert(self, request_id: &str, accepted_at: Timestamp) -> Alert {
        log_record::alert(self, request_id, accepted_at)
    }
}

fn nearest(name: &str) -> &'static str {
    let name = name.to_lowercase();
    let distance = |member: &&&'static str| strsim::damerau_levenshtein(&name, member);
    MEMBERS.iter().min_by_key(distance).copied().unwrap_or("title")
}

/// Field values as text; numbers and booleans are taken as they are written.
fn constants<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, Value>::deserialize(from)?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        value @ (Value::Number(_) | Value::Bool(_)) => Ok((name, value.to_string())),
        _ => Err(serde::de::Error::custom(format!("the value of `{name}` is not a text, number or boolean"))),
    };
    values.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertKind, AlertState};
    use crate::route::Per;

    fn error(body: &str) -> String {
        WorkItemRequest::from_json(body.as_bytes()).unwrap_err().to_string()
    }

    fn alert(body: &str, id: &str) -> Alert {
        let request = WorkItemRequest::from_json(body.as_bytes()).unwrap();
        request.into_alert(id, "2026-03-02T04:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_wrong_member_is_named_with_the_nearest_right_one() {
        assert!(error(r#"{"titel": "x"}"#).starts_with("`titel` is not a member of a work item request; did you mean `title`?"));
        assert!(error(r#"{"title": "x", "onePerRow": true}"#).contains("`one_per_row`"));
        assert_eq!(error(r#"{"title": " "}"#), "`title`: it is empty; say in one line what is wrong");
        assert_eq!(error("{}"), "`body`: missing field `title`");
        assert!(error(r#"{"title": "x", "severity": "high"}"#).starts_with("`severity`: unknown variant `high`"));
        assert!(error(r#"{"title": "x", "fields": {"a": []}}"#).starts_with("`fields`: the value of `a` is not a text"));
        assert_eq!(error(r#"{"title": "x", "rows": [{}, 1]}"#), "`rows[1]`: it is not an object of column and value");
        assert!(error(r#"{"title": "x", "rows": "many"}"#).starts_with("`rows`: give a list of objects"));
        assert!(error(r#"{"title": "x", "one_per_row": true, "rows": []}"#).starts_with("`one_per_row`: there are no rows"));
        assert_eq!(error("[]"), NotAnAlert::NotAnObject.to_string());
        assert!(error("{").starts_with("the body is not JSON: it ends too early"));
    }

    #[test]
    fn both_shapes_of_rows_say_the_same() {
        let list =
            alert(r#"{"title": "t", "rows": [{"Computer": "vm-1", "Count": 2}, {"Computer": "vm-2", "Count": null}]}"#, "1");
        let tables = r#"{"title": "t", "rows": {"tables": [{"name": "PrimaryResult", "columns": [{"name": "Computer", "type": "string"},
            {"name": "Count", "type": "long"}], "rows": [["vm-1", 2], ["vm-2", null]]}]}}"#;
        let tables = alert(tables, "1");
        assert_eq!(list.rows, tables.rows);
        assert_eq!(list.configuration_items, ["vm-1", "vm-2"]);
        assert_eq!(list.parts(Per::Row).iter().map(|part| part.label.as_str()).collect::<Vec<_>>(), ["vm-1", "vm-2"]);
    }

    #[test]
    fn each_request_makes_its_own_work_item_unless_a_correlation_is_chosen() {
        let plain = r#"{"title": "Disk full", "computer": "vm-1"}"#;
        let chosen = r#"{"title": "Disk full", "correlation_key": "disk-vm-1"}"#;
        assert_ne!(alert(plain, "1").correlation_key, alert(plain, "2").correlation_key);
        assert_eq!(alert(plain, "1").correlation_key, alert(plain, "1").correlation_key);
        assert_eq!(alert(chosen, "1").correlation_key, alert(chosen, "2").correlation_key);
        assert_ne!(alert(chosen, "1").idempotency_key, alert(chosen, "2").idempotency_key);
    }

    #[test]
    fn a_request_reads_like_an_alert() {
        let body = r#"{"title": "Disk\nfull", "description": "C: has 1 % left", "computer": "vm-1", "severity": "Sev1",
            "fields": {"impact": 2, "category": "hardware"}, "rows": [{"Drive": "C:", "Free": 1}]}"#;
        let alert = alert(body, "1");
        assert_eq!((alert.kind, alert.state, alert.stateful), (AlertKind::LogRecord, AlertState::Fired, false));
        assert_eq!((alert.title.as_str(), alert.severity), ("Disk full", Some(Severity::Sev1)));
        assert_eq!(alert.configuration_items, ["vm-1"]);
        insta::assert_snapshot!(alert.body, @r"
        Disk full

        C: has 1 % left

        Severity: Sev1 (error)
        Time: 2026-03-02 04:00:00 UTC
        Computer: vm-1

        Rows (1):
        Drive | Free
        C: | 1
        ");
    }
}
