//! The question that the options ask, in the words of a Log Analytics workspace.

use connector::rows::{LogRow, Row, ServiceDeskRow};
use jiff::Timestamp;

use crate::cli::Query;
use crate::cli::values::RecordsOf;

/// The query with the same answer. `since` is the option as an instant.
pub(super) fn query(args: &Query, since: Option<Timestamp>) -> String {
    let log = args.kind == Some(RecordsOf::Log);
    let mut lines = vec![if log { LogRow::TABLE } else { ServiceDeskRow::TABLE }.to_owned()];
    if let Some(since) = since {
        lines.push(format!("| where TimeGenerated >= datetime({since})"));
    }
    let mut is = |column: &str, value: &str| lines.push(format!("| where {column} == {}", text(value)));
    if let Some(kind) = args.kind.and_then(RecordsOf::kind) {
        is("ServiceDeskWorkItemType_s", kind.as_str());
    }
    if let Some(connection) = &args.connection {
        is("ServiceDeskConnectionName_s", connection);
    }
    if let Some(number) = &args.number {
        is("ServiceDeskId_s", number);
    }
    if args.latest && !log {
        let record = "ServiceDeskConnectionName_s, ServiceDeskWorkItemType_s, SourceId_s";
        lines.push(format!("| summarize arg_max(TimeGenerated, *) by {record}"));
    }
    if let Some(limit) = args.limit {
        lines.push(format!("| top {limit} by TimeGenerated desc"));
    }
    lines.push("| sort by TimeGenerated asc".to_owned());
    lines.join("\n")
}

/// A text as Kusto writes it.
fn text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
