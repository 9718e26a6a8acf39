//! Between work items and columns: pure. Which column means what stands in the profile; here is what is put there and what is made
//! of it.

use std::collections::BTreeMap;

use super::Connection;
use super::identity::{self, guid};
use super::metadata::Table;
use super::profile::{CiLink, Incident, Level, Values, logical};
use super::row::Row;
use crate::alert::Severity;
use crate::provider::fields::{self, Fields, Kept, lay_over};
use crate::provider::severity::{self, impact_and_urgency};
use crate::provider::text::{cut, one_line};
use crate::work_item::{Draft, Phase, WorkItem, WorkItemKey, WorkItemType};

/// Where a record's version stands in [`WorkItem::values`], for the condition of the next write.
pub(super) const VERSION: &str = "@odata.etag";

/// A level in its own column.
fn value(level: &Level, of: severity::Level) -> String {
    match of {
        severity::Level::High => level.high,
        severity::Level::Medium => level.medium,
        severity::Level::Low => level.low,
    }
    .to_string()
}

/// The priority of a severity, where there is neither impact nor urgency.
const fn priority(severity: Severity) -> severity::Level {
    match severity {
        Severity::Sev0 | Severity::Sev1 => severity::Level::High,
        Severity::Sev2 => severity::Level::Medium,
        Severity::Sev3 | Severity::Sev4 => severity::Level::Low,
    }
}

/// What is sent for `draft`, before the template.
pub(super) fn fields(draft: &Draft, connection: &Connection) -> Fields {
    let incident = &connection.own.provance.profile.incident;
    let mut fields = Fields::new();
    let mut add = |column: &str, value: String| {
        if !column.is_empty() && !value.is_empty() {
            fields.insert(column.to_owned(), value);
        }
    };
    add(&incident.title, one_line(&draft.title));
    add(&incident.description, draft.description.clone());
    let (impact, urgency) = impact_and_urgency(
        draft.severity,
        connection,
        |level| value(&incident.impact, level),
        |level| value(&incident.urgency, level),
    );
    if incident.impact.column.is_empty() && incident.urgency.column.is_empty() {
        let own = connection.severity.get(&draft.severity).map(|own| own.impact.clone());
        add(&incident.priority.column, own.unwrap_or_else(|| value(&incident.priority, priority(draft.severity))));
    } else {
        add(&incident.impact.column, impact);
        add(&incident.urgency.column, urgency);
    }
    add(&incident.customer, connection.own.provance.customer.clone());
    if let (CiLink::Lookup { column }, Some(item)) = (&incident.ci_link, &draft.configuration_item) {
        add(column, item.id.clone());
    }
    lay_over(&mut fields, &draft.fields);
    if !incident.correlation.column.is_empty() {
        // The key is ours whatever the mapping says.
        fields.insert(incident.correlation.column.clone(), draft.key.to_string());
    }
    for (name, value) in &mut fields {
        if let Some(length) = incident.lengths.get(name) {
            *value = cut(value, *length);
        }
    }
    fields
}

/// A description that names the work item that this one follows; what is cut is the text before it.
pub(super) fn following(description: &str, number: &str, length: Option<usize>) -> String {
    let follows = format!("\n\nFollows {number}: the same condition, which had ended there.");
    let room = length.map(|length| length.saturating_sub(follows.encode_utf16().count()));
    let before = room.map_or_else(|| description.to_owned(), |room| cut(description, room));
    before + &follows
}

/// Whether a record holds one of the values.
pub(super) fn holds(values: &Values, row: &Row) -> bool {
    values.iter().any(|(column, list)| row.number(column).is_some_and(|value| list.contains(&value)))
}

/// Where a record stands.
pub(super) fn phase(incident: &Incident, row: &Row) -> Phase {
    if holds(&incident.closed, row) {
        Phase::Closed
    } else if holds(&incident.resolved, row) {
        Phase::Resolved
    } else {
        Phase::Open
    }
}

/// The properties to read for a work item: those that say where it stands, and those that the connection writes.
pub(super) fn select<'a>(connection: &'a Connection, table: &Table, sent: impl Iterator<Item = &'a String>) -> String {
    let profile = &connection.own.provance.profile.incident;
    let mapped = connection.incident.fields.keys().chain(connection.policy.update_fields.iter().flatten()).chain(sent);
    let mut names: Vec<String> = profile.properties().into_iter().map(str::to_owned).collect();
    for column in mapped.map(|name| logical(name)).chain([profile.customer.as_str()]) {
        let property = table.property(column);
        if table.columns.contains_key(column) && !names.contains(&property) {
            names.push(property);
        }
    }
    names.join(",")
}

/// The key that a record carries: in its column, and where the primary key is made of it, proved by that.
pub(super) fn key(incident: &Incident, row: &Row) -> Option<WorkItemKey> {
    let column = &incident.correlation.column;
    let key = WorkItemKey::parse(&row.text(column)).filter(|_| !column.is_empty())?;
    (incident.correlation.alternate_key || guid(&row.text(&incident.id))? == identity::incident(&key)).then_some(key)
}

/// Whether a record is the one of this key.
pub(super) fn carries(incident: &Incident, row: &Row, key: &WorkItemKey) -> bool {
    if incident.correlation.alternate_key {
        return row.text(&incident.correlation.column) == key.to_string();
    }
    guid(&row.text(&incident.id)).is_some_and(|id| id == identity::incident(key))
}

/// A record as the engine sees it. A key that the record does not tell has the generation 0.
pub(super) fn work_item(connection: &Connection, table: &Table, row: &Row, key: Option<WorkItemKey>) -> WorkItem {
    let profile = &connection.own.provance.profile.incident;
    let id = row.text(&profile.id);
    let phase = phase(profile, row);
    let when = [&profile.resolved_on, &profile.modified_on].into_iter().find_map(|column| row.instant(column));
    let number = Some(row.text(&profile.number)).filter(|number| !number.is_empty());
    let mut values = BTreeMap::from([(VERSION.to_owned(), row.etag().to_owned())]);
    let names = table.columns.keys().map(String::as_str);
    for name in profile.properties().into_iter().map(logical).chain(names) {
        let property = table.property(name);
        if row.has(&property) {
            values.insert(name.to_owned(), row.text(&property));
        }
    }
    WorkItem {
        kind: WorkItemType::Incident,
        key: key.unwrap_or_else(|| WorkItemKey { correlation: String::new(), generation: 0 }),
        number: number.unwrap_or_else(|| id.clone()),
        url: page(connection, &profile.logical_name, &id),
        phase,
        state: row.shown(&profile.state),
        resolved_at: when.filter(|_| phase != Phase::Open),
        values,
        id,
    }
}

/// A record's page, for people.
pub(super) fn page(connection: &Connection, table: &str, id: &str) -> String {
    let Ok(mut url) = connection.url.join("/main.aspx") else { return String::new() };
    let app = connection.own.provance.app_id.trim();
    let mut pairs = url.query_pairs_mut();
    if !app.is_empty() {
        pairs.append_pair("appid", app);
    }
    pairs.append_pair("pagetype", "entityrecord").append_pair("etn", table).append_pair("id", id);
    drop(pairs);
    url.into()
}

/// Fields that the record does not hold as they were sent.
pub(super) fn dropped(expected: &Fields, table: &Table, row: &Row) -> Vec<(String, String)> {
    let held = |name: &String| {
        let property = table.property(logical(name));
        row.has(&property).then(|| (row.text(&property), row.shown(&property)))
    };
    let kept: BTreeMap<&str, (String, String)> =
        expected.keys().filter_map(|name| held(name).map(|texts| (name.as_str(), texts))).collect();
    // One instant can be written in many ways.
    let date = |name: &str| table.columns.get(logical(name)).is_some_and(|column| column.kind == "DateTime");
    let compared = expected.iter().filter(|(name, _)| !date(name));
    fields::dropped(compared, |name| kept.get(name).map(|(value, display)| Kept { value, display }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::row;
    use super::super::tests::{connection, draft};
    use super::*;

    fn row(value: serde_json::Value) -> Row {
        row::row(value)
    }

    #[test]
    fn a_stock_incident_says_what_the_alert_says() {
        let mut draft = draft();
        draft.title = "a\nb".to_owned();
        draft.description = "x".repeat(3000);
        let sent = fields(&draft, &connection("customer = \"Contoso\""));
        assert_eq!((sent["title"].as_str(), sent["prioritycode"].as_str(), sent["customerid"].as_str()), ("a b", "2", "Contoso"));
        assert_eq!(sent["description"].chars().count(), 2000);
        draft.fields = BTreeMap::from([("prioritycode".to_owned(), String::new()), ("title".to_owned(), "mine".to_owned())]);
        let sent = fields(&draft, &connection(""));
        assert_eq!((sent.get("prioritycode"), sent["title"].as_str()), (None, "mine"));
    }

    #[test]
    fn the_earlier_work_item_is_named_however_long_the_text_is() {
        let text = following(&"x".repeat(3000), "CAS-1", Some(200));
        assert!(text.contains("Follows CAS-1") && text.chars().count() <= 200);
    }

    #[test]
    fn closed_counts_before_resolved() {
        let incident = Incident {
            resolved: Values::from([("statuscode".to_owned(), vec![3])]),
            closed: Values::from([("statecode".to_owned(), vec![1])]),
            ..Incident::default()
        };
        assert_eq!(phase(&incident, &row(json!({"statecode": 0, "statuscode": 1}))), Phase::Open);
        assert_eq!(phase(&incident, &row(json!({"statecode": 0, "statuscode": 3}))), Phase::Resolved);
        assert_eq!(phase(&incident, &row(json!({"statecode": 1, "statuscode": 3}))), Phase::Closed);
    }

    #[test]
    fn a_key_in_a_column_is_believed_only_with_the_primary_key_that_is_made_of_it() {
        let mut incident = Incident::default();
        incident.correlation.column = "new_key".to_owned();
        let key = draft().key;
        let ours = json!({"incidentid": identity::incident(&key), "new_key": key.to_string()});
        assert_eq!(super::key(&incident, &row(ours.clone())), Some(key.clone()));
        let copied = json!({"incidentid": "475b158c-541c-e511-80d3-3863bb347ba8", "new_key": key.to_string()});
        assert_eq!(super::key(&incident, &row(copied.clone())), None);
        assert!(carries(&incident, &row(ours), &key) && !carries(&incident, &row(copied.clone()), &key));
        incident.correlation.alternate_key = true;
        assert!(carries(&incident, &row(copied), &key));
    }

    #[test]
    fn a_page_names_app_table_and_record() {
        let url = page(&connection("app_id = \"a1\""), "incident", "b2");
        assert_eq!(url, "http://127.0.0.1:1/main.aspx?appid=a1&pagetype=entityrecord&etn=incident&id=b2");
    }
}
