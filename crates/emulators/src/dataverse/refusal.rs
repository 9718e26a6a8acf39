//! The refusals of the Web API: `{"error":{"code":"0x…","message":"…"}}`. Codes and texts are those of the documentation and of live
//! environments where known; guesses say so.

use serde_json::json;

use crate::http::Answer;

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The connection is closed instead.
    pub(crate) silent: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), headers: Vec::new(), silent: false }
    }

    /// No answer at all: the connection breaks.
    pub(crate) fn silence() -> Self {
        Self { silent: true, ..Self::new(0, "", "") }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "0x80060888", message)
    }

    /// The payload does not fit the table.
    pub(crate) fn payload(set: &str, reason: &str) -> Self {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'{set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : Microsoft.OData.ODataException: {reason}"
        );
        Self::new(400, "0x80048d19", message)
    }

    pub(crate) fn no_property(property: &str, table: &str) -> Self {
        Self::bad(format!("Could not find a property named '{property}' on type 'Microsoft.Dynamics.CRM.{table}'."))
    }

    pub(crate) fn no_segment(segment: &str) -> Self {
        Self::new(404, "0x80060888", format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn no_record(table: &str, id: &str) -> Self {
        Self::new(404, "0x80040217", format!("{table} With Id = {id} Does Not Exist"))
    }

    pub(crate) fn method() -> Self {
        Self::new(405, "0x80060888", "The requested resource does not support the given HTTP method.")
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The answer; with `detailed` annotations, as `Prefer: odata.include-annotations="*"` asks for.
    pub(crate) fn answer(&self, detailed: bool) -> Answer {
        let mut error = json!({"code": self.code, "message": self.message});
        if let (true, Some(fields)) = (detailed, error.as_object_mut()) {
            let help = format!("http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{}", self.code);
            fields.insert("@Microsoft.PowerApps.CDS.HelpLink".to_owned(), help.into());
            fields.insert("@Microsoft.PowerApps.CDS.TraceText".to_owned(), "".into());
            fields.insert("@Microsoft.PowerApps.CDS.InnerError.Message".to_owned(), self.message.clone().into());
        }
        let mut answer =
            Answer::new(self.status, "application/json; odata.metadata=minimal", json!({"error": error}).to_string());
        answer.headers.extend(self.headers.iter().cloned());
        answer
    }
}
