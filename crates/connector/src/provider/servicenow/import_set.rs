//! Creating incidents through the staging table of Microsoft's store app. The instance answers 201 even when its transform map
//! refused the row, and what comes of the row is the map's business; so the record is looked at, and our key put on it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Connection;
use super::client::{Client, Row, Write};
use super::mapping;
use crate::provider::ProviderError;
use crate::work_item::{WorkItemKey, WorkItemType};

/// What the transform map made of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    sys_id: String,
    number: String,
    inserted: bool,
    remarks: Vec<String>,
}

/// What became of an import.
#[derive(Debug)]
pub(super) struct Imported {
    /// The record; only `sys_id` and `number` when it could not be read.
    pub(super) row: Row,
    /// Whether the record was read.
    pub(super) read: bool,
    pub(super) remarks: Vec<String>,
}

/// Sends `values` through the staging table. Once the map has made a record this never fails: the record is answered, with
/// remarks if it could not be read or marked.
pub(super) async fn create(
    client: &Client,
    connection: &Connection,
    key: &WorkItemKey,
    values: &BTreeMap<String, String>,
    columns: &str,
) -> Result<Imported, ProviderError> {
    let settings = &connection.own.servicenow.import_set;
    let staged: BTreeMap<&str, &str> =
        values.iter().map(|(name, value)| (settings.columns.get(name).unwrap_or(name).as_str(), value.as_str())).collect();
    let body = serde_json::to_value(&staged).unwrap_or_default();
    let answer = client.post(&["api", "now", "import", &settings.table], &body, "creating incident by import set").await?;
    let made = read_answer(&answer)?;
    let mut remarks = made.remarks.clone();
    if !made.inserted {
        // The map found an existing record; it may belong to another alert.
        let before = client.record("incident", &made.sys_id, columns).await.ok().flatten();
        let owner = before.as_ref().and_then(|row| WorkItemKey::parse(row.value("correlation_id")));
        if owner.is_some_and(|owner| owner != *key) {
            return Err(ProviderError::Refused {
                cause: format!(
                    "the transform map updated {}, which belongs to another alert, instead of creating an incident",
                    made.number
                ),
                remedy: "set a coalesce field of the map that tells alerts apart (correlation_id), or none".to_owned(),
            });
        }
        remarks.push(format!("the transform map updated {} instead of creating an incident (coalesce)", made.number));
    }
    let marks = BTreeMap::from([
        ("correlation_id".to_owned(), key.to_string()),
        ("correlation_display".to_owned(), mapping::CORRELATION_DISPLAY.to_owned()),
    ]);
    let write = Write {
        table: mapping::table(WorkItemType::Incident),
        sys_id: Some(&made.sys_id),
        values: &marks,
        fields: columns,
        input_display_value: false,
        what: "marking the imported incident",
    };
    let mut failure = String::new();
    // Marking twice does no harm, and an incident without its mark cannot be found again.
    for _ in 0..3 {
        match client.write(&write).await {
            Ok(row) => return Ok(Imported { row, read: true, remarks }),
            Err(error @ (ProviderError::Ambiguous { .. } | ProviderError::Retry { .. })) => failure = error.to_string(),
            Err(error) => {
                failure = error.to_string();
                break;
            }
        }
    }
    remarks.push(format!("{} was created but correlation_id could not be put on it: {failure}", made.number));
    let row = Row::from_json(&serde_json::json!({"sys_id": made.sys_id, "number": made.number}));
    Ok(Imported { row, read: false, remarks })
}

/// Reads the answer of the Import Set API: one item for each transform map.
fn read_answer(answer: &Value) -> Result<Made, ProviderError> {
    let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let items: Vec<&Value> = match answer.get("result") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item @ Value::Object(_)) => vec![item],
        _ => Vec::new(),
    };
    let sys_id = |item: &Value| {
        let link = text(item, "record_link");
        Some(text(item, "sys_id")).filter(|id| !id.is_empty()).or_else(|| link.rsplit('/').next().map(str::to_owned))
    };
    let good = |item: &&&Value| {
        matches!(text(item, "status").as_str(), "inserted" | "updated")
            && matches!(text(item, "table").as_str(), "incident" | "")
            && sys_id(item).is_some_and(|id| !id.is_empty())
    };
    let complaint = |item: &Value| {
        let words = [text(item, "error_message"), text(item, "status_message")];
        let words = words.into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| "no reason given".to_owned());
        format!("transform map \"{}\": status {}: {words}", text(item, "transform_map"), text(item, "status"))
    };
    let bad: Vec<String> = items
        .iter()
        .filter(|item| !matches!(text(item, "status").as_str(), "inserted" | "updated"))
        .map(|item| complaint(item))
        .collect();
    if let Some(item) = items.iter().find(good) {
        return Ok(Made {
            sys_id: sys_id(item).unwrap_or_default(),
            number: text(item, "display_value"),
            inserted: text(item, "status") == "inserted",
            remarks: bad,
        });
    }
    if bad.is_empty() {
        return Err(ProviderError::Ambiguous {
            cause: "creating incident by import set: the answer tells of no record".to_owned(),
        });
    }
    let told = bad.join("; ");
    Err(ProviderError::Refused {
        cause: format!(
            "Unexpected response from ServiceNow along with success status code. staging_table {}: {told}",
            text(answer, "staging_table")
        ),
        remedy: remedy(&told).to_owned(),
    })
}

fn remedy(told: &str) -> &'static str {
    if told.contains("Invalid staging table") || told.contains("Invalid table") {
        "check servicenow.import_set.table and the target of its transform map; or set servicenow.write = \"table\""
    } else if told.contains("Target record not found") {
        "a script of the transform map (onBefore) or a changed app made ServiceNow ignore the row: undo that change, or set servicenow.write = \"table\""
    } else {
        "look into the import set's log (System Import Sets > Transform History); or set servicenow.write = \"table\""
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(answer: &Value) -> (String, String) {
        match read_answer(answer) {
            Err(ProviderError::Refused { cause, remedy }) => (cause, remedy),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_inside_a_success_is_a_refusal_with_the_old_words() {
        let (cause, remedy) = refused(&json!({"staging_table": "x_mioms_microsoft_oms_incident", "result": [
            {"transform_map": "OMS Incident", "table": "incident", "status": "error", "error_message": "Target record not found"}]}));
        assert!(cause.contains("Unexpected response from ServiceNow along with success status code"));
        assert!(cause.contains("OMS Incident") && cause.contains("Target record not found") && remedy.contains("onBefore"));
    }

    #[test]
    fn ignored_and_skipped_rows_are_refusals_too() {
        for status in ["ignored", "skipped"] {
            assert!(refused(&json!({"result": [{"status": status, "table": "incident"}]})).0.contains(status));
        }
    }

    #[test]
    fn a_map_that_made_a_record_wins_over_one_that_complained() {
        let made = read_answer(&json!({"result": [
            {"transform_map": "Other", "status": "error", "error_message": "x"},
            {"transform_map": "OMS Incident", "table": "incident", "status": "inserted", "display_value": "INC1", "sys_id": "a1"}]}))
        .unwrap();
        assert_eq!((made.sys_id.as_str(), made.number.as_str(), made.remarks.len()), ("a1", "INC1", 1));
    }

    #[test]
    fn an_answer_without_a_record_is_not_believed() {
        assert!(matches!(read_answer(&json!({"result": []})), Err(ProviderError::Ambiguous { .. })));
    }
}
