//! A work item asked for by hand, from a log record: the body of `POST /api/work-items/{connection}/{work_item_type}` and of
//! `create`. It becomes an alert of kind `log_record`, so that it takes the same way with the same promises.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Severity;

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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Name of a template kept in the ITSM tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Rows of a Log Analytics result: a list of objects (column to value), or the `tables` shape of the query API.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub rows: serde_json::Value,
    /// One work item for each row instead of one for all.
    #[serde(default)]
    pub one_per_row: bool,
    /// Two requests with the same key make one work item; default: each request makes its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_key: Option<String>,
}
