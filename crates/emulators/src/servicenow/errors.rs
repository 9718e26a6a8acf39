//! Refusals with the instance's own texts.

use serde_json::json;

use crate::http::Answer;

/// A refusal in the envelope `{"error":{"message","detail"},"status":"failure"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `error.message`
    pub message: String,
    /// `error.detail`
    pub detail: Option<String>,
}

impl Refusal {
    /// Any refusal.
    #[must_use]
    pub fn new(status: u16, message: impl Into<String>, detail: Option<&str>) -> Self {
        Self { status, message: message.into(), detail: detail.map(str::to_owned) }
    }

    pub(crate) fn invalid_table(table: &str) -> Self {
        Self::new(400, format!("Invalid table {table}"), None)
    }

    pub(crate) fn no_resource(path: &str) -> Self {
        Self::new(400, "Requested URI does not represent any resource", Some(path))
    }

    pub(crate) fn bad_payload() -> Self {
        Self::new(400, "Exception while reading request", Some("The payload is not valid JSON."))
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::new(401, "User Not Authenticated", Some("Required to provide Auth information"))
    }

    pub(crate) fn no_record() -> Self {
        Self::new(404, "No Record found", Some("Record doesn't exist or ACL restricts the record retrieval"))
    }

    /// `action` is `Insert`, `Update` or `Delete`.
    pub(crate) fn access(action: &str) -> Self {
        Self::new(403, "Operation Failed", Some(&format!("ACL Exception {action} Failed due to security constraints")))
    }

    pub(crate) fn insufficient_rights() -> Self {
        let detail = "Field(s) present in the query do not have permission to be read";
        Self::new(403, "Insufficient rights to query records", Some(detail))
    }

    pub(crate) fn mandatory(labels: &[String]) -> Self {
        let labels = labels.join(", ");
        Self::new(403, "Operation Failed", Some(&format!("Data Policy Exception: The following fields are mandatory: {labels}")))
    }

    pub(crate) fn aborted(table: &str, rule: &str) -> Self {
        let detail = format!("Operation against file '{table}' was aborted by Business Rule '{rule}'. Error: Operation aborted");
        Self::new(403, "Operation Failed", Some(&detail))
    }

    pub(crate) fn method(method: &str) -> Self {
        Self::new(405, "Method not supported", Some(&format!("{method} is not supported on this resource")))
    }

    /// On the wire.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let body = json!({"error": {"message": self.message, "detail": self.detail}, "status": "failure"});
        let answer = Answer::json(self.status, &body);
        if self.status == 401 { answer.with_header("WWW-Authenticate", "BASIC realm=\"Service-now\"") } else { answer }
    }
}
