//! Rows as people read them: the columns that tell most, and short times.

use std::io;

use serde_json::Value;

use crate::output::Output;

/// Prints versions of records.
pub(in crate::commands) fn records(rows: &[Value], output: &mut Output<'_>) -> io::Result<()> {
    // A column that says nothing would make the others narrow.
    if rows.iter().all(|row| cell(row, "Computer").is_empty()) {
        let header = ["read (UTC)", "number", "state", "priority", "assigned to", "title"];
        return output.table(
            header,
            rows.iter().map(|row| {
                let [read, number, state, priority, assigned, _, title] = record(row);
                [read, number, state, priority, assigned, title]
            }),
        );
    }
    let header = ["read (UTC)", "number", "state", "priority", "assigned to", "computer", "title"];
    output.table(header, rows.iter().map(record))
}

fn record(row: &Value) -> [String; 7] {
    let cell = |column: &str| cell(row, column);
    let state = match cell("RecordState_s").as_str() {
        "Present" | "" => [cell("IncidentState_s"), cell("CRState_s")].concat(),
        gone => gone.to_lowercase(),
    };
    let number = Some(cell("ServiceDeskId_s")).filter(|number| !number.is_empty());
    let number = number.unwrap_or_else(|| cell("SourceId_s"));
    let (priority, assigned, computer) = (cell("Priority_s"), cell("AssignedTo_s"), cell("Computer"));
    [time(&cell("TimeGenerated")), number, state, priority, assigned, computer, cell("Title_s")]
}

/// Prints the connector's own log.
pub(super) fn log(rows: &[Value], output: &mut Output<'_>) -> io::Result<()> {
    output.table(
        ["time (UTC)", "type", "operation", "connection", "what happened"],
        rows.iter().map(|row| {
            let cell = |column: &str| cell(row, column);
            let what = ["Message_s", "ServiceDeskId_s", "AlertName_s", "Cause_s", "Remedy_s"].map(cell);
            let what: Vec<String> = what.into_iter().filter(|part| !part.is_empty()).collect();
            let (kind, operation) = (cell("LogType_s"), cell("Operation_s"));
            [time(&cell("TimeGenerated")), kind, operation, cell("ServiceDeskConnectionName_s"), what.join("; ")]
        }),
    )
}

fn cell(row: &Value, column: &str) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// To the second.
fn time(instant: &str) -> String {
    instant.parse::<jiff::Timestamp>().map_or_else(|_| instant.to_owned(), |instant| instant.strftime("%F %T").to_string())
}
