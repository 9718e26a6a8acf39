//! Events: one record per notification, never changed. Creating one is idempotent by itself: an event with the same key, time
//! and resolution state is the same notification, so it is looked for first. (Our key is shared by all events of an alert;
//! that is how ServiceNow joins them.)

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Connection;
use super::client::{Client, Row, Write};
use super::config::EventMode;
use super::mapping;
use crate::provider::ProviderError;
use crate::work_item::WorkItemType;

/// Sends an event. Answers the record and whether it stood there already.
pub(super) async fn create(
    client: &Client,
    connection: &Connection,
    values: &BTreeMap<String, String>,
    columns: &str,
) -> Result<(Row, bool), ProviderError> {
    if let Some(row) = earlier(client, values, columns).await? {
        return Ok((row, true));
    }
    match connection.own.servicenow.events {
        EventMode::EmEvent => {
            let write = Write {
                table: mapping::table(WorkItemType::Event),
                sys_id: None,
                values,
                fields: columns,
                input_display_value: false,
                what: "creating event",
            };
            Ok((client.write(&write).await?, false))
        }
        EventMode::Jsonv2 => {
            let body = json!({"records": [values]});
            let answer = client.post(&["api", "global", "em", "jsonv2"], &body, "sending event").await?;
            inserted(&answer)?;
            // The web service answers no id; the key stands for it.
            let key = values.get("message_key").cloned().unwrap_or_default();
            let mut row: BTreeMap<&str, &str> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            row.insert("sys_id", &key);
            Ok((Row::from_json(&serde_json::to_value(&row).unwrap_or_default()), false))
        }
    }
}

/// The event of this very notification. Nothing when events may be sent but not read.
async fn earlier(client: &Client, values: &BTreeMap<String, String>, columns: &str) -> Result<Option<Row>, ProviderError> {
    let value = |name: &str| values.get(name).map(String::as_str).unwrap_or_default();
    let (key, time, state) = (value("message_key"), value("time_of_event"), value("resolution_state"));
    let query = format!("message_key={key}^time_of_event={time}^ORDERBYsys_created_on");
    let same = |row: &Row| {
        row.value("message_key") == key && row.value("time_of_event") == time && row.value("resolution_state") == state
    };
    match client.rows(mapping::table(WorkItemType::Event), &query, columns, 10).await {
        Ok(rows) => Ok(rows.into_iter().find(same)),
        // A missing plugin is said by the write that follows, with its remedy.
        Err(ProviderError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// `{"result":{"Default Bulk Endpoint":"1 events were inserted"}}`.
fn inserted(answer: &Value) -> Result<(), ProviderError> {
    let words: Vec<&str> = match answer.get("result") {
        Some(Value::Object(map)) => map.values().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    };
    let told = words.join("; ");
    let count = told.split(|letter: char| !letter.is_ascii_digit()).find_map(|digits| digits.parse::<u32>().ok());
    match count {
        Some(1..) => Ok(()),
        Some(0) => Err(ProviderError::Refused {
            cause: format!("the event web service took no event: {told}"),
            remedy: "check that the integration user has the role evt_mgmt_integration".to_owned(),
        }),
        None => Err(ProviderError::Ambiguous { cause: format!("the event web service does not say what it did: {told}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_service_is_believed_only_when_it_says_it_inserted() {
        assert!(inserted(&json!({"result": {"Default Bulk Endpoint": "1 events were inserted"}})).is_ok());
        let none = json!({"result": {"Default Bulk Endpoint": "0 events were inserted"}});
        assert!(matches!(inserted(&none), Err(ProviderError::Refused { .. })));
        assert!(matches!(inserted(&json!({})), Err(ProviderError::Ambiguous { .. })));
    }
}
