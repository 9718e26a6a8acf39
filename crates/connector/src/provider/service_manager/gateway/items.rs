//! Between the gateway's items and work items: pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{Connection, mapping};
use super::known::Known;
use super::shapes::{Enumerated, Item, instant};
use crate::provider::fields::{self, Kept};
use crate::work_item::{Phase, WorkItem, WorkItemKey, WorkItemType};

/// Where the version of an item stands among its values, for the next change.
pub(super) const ETAG: &str = "etag";

/// A value of a list, by name and label.
fn listed(item: &Item, property: &str) -> Option<Enumerated> {
    match property {
        "Status" => item.status.clone(),
        "Impact" => item.impact.clone(),
        "Urgency" => item.urgency.clone(),
        "Classification" => item.classification.clone(),
        "Source" => item.source.clone(),
        "TierQueue" => item.tier_queue.clone(),
        "ResolutionCategory" => item.resolution_category.clone(),
        // A list of a class extension.
        own => item
            .properties
            .get(own)
            .filter(|value| value.is_object())
            .and_then(|value| serde_json::from_value(value.clone()).ok()),
    }
}

/// A value as a text; empty when there is none. Lists by full name.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(listed) => listed.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) => String::new(),
    }
}

/// What an incident holds, by Service Manager's names.
pub(super) fn values(item: &Item) -> BTreeMap<String, String> {
    let plain = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut values: BTreeMap<String, String> = item.properties.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let own = [
        ("Title", plain(&item.title)),
        ("Description", plain(&item.description)),
        ("ResolutionDescription", plain(&item.resolution_description)),
        ("ContactMethod", plain(&item.contact_method)),
        ("Escalated", item.escalated.unwrap_or_default().to_string()),
        ("Priority", item.priority.as_ref().map(text).unwrap_or_default()),
        (ETAG, item.etag.clone()),
    ];
    values.extend(own.map(|(name, value)| (name.to_owned(), value)));
    for property in mapping::ENUMERATED {
        let name = listed(item, property).map(|value| value.name).unwrap_or_default();
        values.insert(property.to_owned(), name);
    }
    values
}

/// Where an incident stands. One that the gateway cannot change is closed, whatever its status is called.
pub(super) fn phase(item: &Item, known: &Known, connection: &Connection) -> Phase {
    let status = item.status.as_ref().map_or("", |status| status.name.as_str());
    let phases: Vec<Phase> = known.line(status).map(|name| mapping::phase(name, connection)).collect();
    if item.read_only || phases.contains(&Phase::Closed) {
        Phase::Closed
    } else if phases.contains(&Phase::Resolved) {
        Phase::Resolved
    } else {
        Phase::Open
    }
}

/// The key that an incident carries.
pub(super) fn key(item: &Item) -> Option<WorkItemKey> {
    WorkItemKey::parse(item.correlation_key.as_deref()?)
}

/// An incident as a work item; `key` is the one it carries.
pub(super) fn work_item(item: &Item, key: WorkItemKey, known: &Known, connection: &Connection) -> WorkItem {
    let phase = phase(item, known, connection);
    let ended = [&item.resolved, &item.closed].into_iter().flatten().find_map(|text| instant(text));
    WorkItem {
        kind: WorkItemType::Incident,
        key,
        number: item.id.clone(),
        url: mapping::page(connection, &item.id),
        phase,
        state: item.status.as_ref().map(|status| status.label.clone()).unwrap_or_default(),
        resolved_at: ended.or_else(|| instant(&item.last_modified)).filter(|_| phase != Phase::Open),
        values: values(item),
        id: item.id.clone(),
    }
}

/// Properties that the incident does not hold as they were sent. Those that the gateway does not tell are not judged.
pub(super) fn dropped(sent: &BTreeMap<String, String>, item: &Item) -> Vec<(String, String)> {
    let values = values(item);
    let listed: BTreeMap<&str, Enumerated> = sent.keys().filter_map(|name| Some((name.as_str(), listed(item, name)?))).collect();
    let told = sent.iter().filter(|(name, _)| values.contains_key(*name) && *name != "Priority");
    fields::dropped(told, |name| {
        let kept = listed.get(name);
        let given = sent.get(name)?;
        // Given by GUID, it is the same value.
        if let Some(same) = kept.filter(|kept| kept.id.eq_ignore_ascii_case(given)) {
            return Some(Kept::plain(if same.id == *given { &same.id } else { given }));
        }
        let value = values.get(name)?;
        Some(Kept { value, display: kept.map_or(value, |kept| &kept.label) })
    })
}

/// Properties as JSON takes them: numbers and switches are no texts.
pub(super) fn body(sent: &BTreeMap<String, String>, known: &Known) -> Value {
    let typed = |name: &String, text: &String| {
        let kind = known.fields.get(name).map_or(if name == "Escalated" { "bool" } else { "" }, |field| field.kind.as_str());
        match kind {
            "bool" => text.trim().to_ascii_lowercase().parse::<bool>().map_or_else(|_| json!(text), Value::from),
            "int" => text.trim().parse::<i64>().map_or_else(|_| json!(text), Value::from),
            _ => json!(text),
        }
    };
    let properties: Map<String, Value> = sent.iter().map(|(name, text)| (name.clone(), typed(name, text))).collect();
    Value::Object(properties)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        serde_json::from_value(json!({
            "id": "IR7", "title": "CPU", "impact": {"id": "D2B5", "name": "ImpactEnum.High", "label": "Hoch"}, "priority": 3,
            "escalated": false, "properties": {"Own_x": "kept"}, "lastModified": "2026-09-01T10:00:02.2003333Z", "etag": "\"1\"",
            "somethingNew": [1, 2],
        }))
        .unwrap()
    }

    #[test]
    fn what_was_not_kept_is_told_and_what_is_not_told_is_not_judged() {
        let sent =
            [("Title", "CPU"), ("Impact", "d2b5"), ("Urgency", "UrgencyEnum.Low"), ("Own_x", "sent"), ("ScheduledEndDate", "x")];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let told: Vec<_> = dropped(&sent, &item()).into_iter().map(|(name, why)| format!("{name}: {why}")).collect();
        assert_eq!(
            told,
            ["Own_x: holds \"kept\"", "Urgency: empty: the value is not allowed, or the user may not write the field"]
        );
    }

    #[test]
    fn switches_and_numbers_are_no_texts() {
        let sent = [("Escalated", "True"), ("Title", "7")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(body(&sent, &Known::default()), json!({"Escalated": true, "Title": "7"}));
    }
}
