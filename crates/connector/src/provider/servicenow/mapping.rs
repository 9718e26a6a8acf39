//! Between work items and ServiceNow's columns: pure. Lengths, severities and states stand here in one place each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Connection;
use super::client::{Client, Row};
use crate::alert::Severity;
use crate::provider::fields::{self, Kept, cut_to, filled, lay_over};
use crate::provider::severity::{Level, impact_and_urgency};
use crate::provider::text::{self, one_line};
use crate::work_item::{Draft, Phase, WorkItem, WorkItemKey, WorkItemType};

/// What `correlation_display` says, so that people and reports can tell our records.
pub(super) const CORRELATION_DISPLAY: &str = "Azure ITSM connector";

/// Column lengths of the base system. Longer texts are cut here, because ServiceNow cuts silently.
const LENGTHS: [(&str, usize); 12] = [
    ("short_description", 160),
    ("description", 4000),
    ("close_notes", 4000),
    ("correlation_id", 100),
    ("correlation_display", 100),
    ("message_key", 1024),
    ("source", 100),
    ("node", 100),
    ("type", 100),
    ("resource", 100),
    ("metric_name", 100),
    ("event_class", 100),
];
/// Fields that are written and never read back.
const WRITE_ONLY: [&str; 3] = ["work_notes", "comments", "comments_and_work_notes"];

/// The table of a kind of work item.
pub(super) const fn table(kind: WorkItemType) -> &'static str {
    match kind {
        WorkItemType::Incident => "incident",
        WorkItemType::Event => "em_event",
        WorkItemType::Alert => "em_alert",
    }
}

/// The column that holds our key.
pub(super) const fn key_column(kind: WorkItemType) -> &'static str {
    match kind {
        WorkItemType::Incident => "correlation_id",
        WorkItemType::Event | WorkItemType::Alert => "message_key",
    }
}

/// Cuts a work note, keeping its marker.
pub(super) fn cut_note(note: &str) -> String {
    text::cut_note(note, 4000)
}

/// Cuts a value to its column's own length.
pub(super) fn cut_to_column(column: &str, value: &str) -> String {
    cut_to(&LENGTHS, column, value)
}

/// A level of impact or urgency in the base system.
fn level(level: Level) -> String {
    match level {
        Level::High => "1",
        Level::Medium => "2",
        Level::Low => "3",
    }
    .to_owned()
}

/// Severity of events and alerts, by ServiceNow's own mapping for Azure Monitor: 1 critical, 2 major, 4 warning, 5 info,
/// 0 clear.
const fn event_severity(severity: Severity, resolved: bool) -> &'static str {
    if resolved {
        return "0";
    }
    match severity {
        Severity::Sev0 => "1",
        Severity::Sev1 => "2",
        Severity::Sev2 | Severity::Sev3 => "4",
        Severity::Sev4 => "5",
    }
}

/// What is sent for `draft`, before the template.
pub(super) fn fields(draft: &Draft, connection: &Connection) -> BTreeMap<String, String> {
    let mut fields = match draft.kind {
        WorkItemType::Incident => incident(draft, connection),
        WorkItemType::Event | WorkItemType::Alert => event(draft, connection),
    };
    lay_over(&mut fields, &draft.fields);
    // The key is ours whatever the mapping says: without it the record could not be found again.
    fields.insert(key_column(draft.kind).to_owned(), message_key(draft.kind, &draft.key));
    for (name, value) in &mut fields {
        *value = cut_to_column(name, value);
    }
    fields
}

/// The value of the key's column. Events of one alert share it over time, so that ServiceNow joins them into one alert.
pub(super) fn message_key(kind: WorkItemType, key: &WorkItemKey) -> String {
    match kind {
        WorkItemType::Incident | WorkItemType::Alert => key.to_string(),
        WorkItemType::Event => format!("az-{}", key.correlation),
    }
}

fn incident(draft: &Draft, connection: &Connection) -> BTreeMap<String, String> {
    let (impact, urgency) = impact_and_urgency(draft.severity, connection, level, level);
    filled([
        ("short_description", one_line(&draft.title)),
        ("description", draft.description.clone()),
        ("impact", impact),
        ("urgency", urgency),
        ("correlation_display", CORRELATION_DISPLAY.to_owned()),
        ("cmdb_ci", draft.configuration_item.as_ref().map(|item| item.id.clone()).unwrap_or_default()),
    ])
}

fn event(draft: &Draft, connection: &Connection) -> BTreeMap<String, String> {
    let mut fields = filled([
        ("source", connection.own.servicenow.event_source.clone()),
        ("node", one_line(&draft.resource)),
        ("metric_name", one_line(&draft.measure)),
        ("type", one_line(&draft.rule)),
        ("severity", event_severity(draft.severity, draft.resolved).to_owned()),
        ("description", format!("{}\n\n{}", one_line(&draft.title), draft.description)),
        ("additional_info", additional_info(draft)),
    ]);
    let item = draft.configuration_item.as_ref();
    if draft.kind == WorkItemType::Alert {
        let state = if draft.resolved { "Closed" } else { "Open" };
        fields.extend(filled([("state", state.to_owned()), ("cmdb_ci", item.map(|item| item.id.clone()).unwrap_or_default())]));
        return fields;
    }
    let state = if draft.resolved { "Closing" } else { "New" };
    fields.extend(filled([
        ("event_class", "Azure Monitor".to_owned()),
        ("time_of_event", stamp(draft.occurred_at)),
        ("resolution_state", state.to_owned()),
    ]));
    if let Some(item) = item {
        let identifier = serde_json::json!({"name": item.name, "sys_id": item.id}).to_string();
        fields.insert("ci_identifier".to_owned(), identifier);
    }
    fields
}

/// A text that holds flat JSON, all values texts, as the event engine wants it.
fn additional_info(draft: &Draft) -> String {
    let severity = format!("{:?}", draft.severity);
    let key = draft.key.to_string();
    let pairs = [
        ("azure_rule", draft.rule.as_str()),
        ("azure_severity", &severity),
        ("azure_resource", &draft.resource),
        ("azure_itsm_key", &key),
        ("follows", draft.follows.as_deref().unwrap_or_default()),
    ];
    let info: BTreeMap<_, _> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    serde_json::to_string(&info).unwrap_or_default()
}

/// An instant as ServiceNow writes it, UTC.
pub(super) fn stamp(instant: Timestamp) -> String {
    instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// An instant as ServiceNow wrote it, UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().split_once(' ')?;
    let civil: DateTime = format!("{date}T{time}").parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The columns to read for a work item: those that say where it stands, and those that the connection writes.
pub(super) fn columns<'a>(kind: WorkItemType, connection: &'a Connection, sent: impl Iterator<Item = &'a str>) -> String {
    let fixed: &[&str] = match kind {
        WorkItemType::Incident => &[
            "sys_id",
            "number",
            "state",
            "correlation_id",
            "correlation_display",
            "short_description",
            "description",
            "impact",
            "urgency",
            "priority",
            "cmdb_ci",
            "assignment_group",
            "category",
            "close_code",
            "close_notes",
            "resolved_at",
            "closed_at",
            "sys_created_on",
            "sys_updated_on",
        ],
        WorkItemType::Event => &[
            "sys_id",
            "message_key",
            "state",
            "severity",
            "source",
            "node",
            "type",
            "metric_name",
            "resource",
            "description",
            "time_of_event",
            "resolution_state",
            "additional_info",
            "sys_created_on",
            "sys_updated_on",
        ],
        WorkItemType::Alert => &[
            "sys_id",
            "number",
            "state",
            "message_key",
            "severity",
            "source",
            "node",
            "type",
            "metric_name",
            "resource",
            "description",
            "cmdb_ci",
            "additional_info",
            "sys_created_on",
            "sys_updated_on",
        ],
    };
    let mapped =
        connection.mapping(kind).fields.keys().chain(connection.policy.update_fields.iter().flatten()).map(String::as_str);
    let mut names: Vec<&str> = fixed.to_vec();
    for name in mapped.chain(sent) {
        if !names.contains(&name) && !WRITE_ONLY.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

/// Where a record stands.
pub(super) fn phase(kind: WorkItemType, state: &str, connection: &Connection) -> Phase {
    let settings = &connection.own.servicenow;
    match kind {
        // A closed alert can be reopened, so it is only resolved to us.
        WorkItemType::Alert if state.eq_ignore_ascii_case("closed") => Phase::Resolved,
        WorkItemType::Incident if settings.closed_states.iter().any(|closed| closed == state) => Phase::Closed,
        WorkItemType::Incident if state == settings.resolved_state => Phase::Resolved,
        WorkItemType::Incident | WorkItemType::Alert | WorkItemType::Event => Phase::Open,
    }
}

/// A record as a work item; `key` is the one it carries.
pub(super) fn work_item(kind: WorkItemType, row: &Row, key: WorkItemKey, client: &Client, connection: &Connection) -> WorkItem {
    let id = row.value("sys_id").to_owned();
    let phase = phase(kind, row.value("state"), connection);
    let ended = ["resolved_at", "closed_at", "sys_updated_on"].into_iter().find_map(|column| instant(row.value(column)));
    let number = ["number", "message_key"].into_iter().map(|column| row.value(column)).find(|text| !text.is_empty());
    let mapped = &connection.mapping(kind).fields;
    let shown = |name: &str| connection.own.servicenow.input_display_value && mapped.contains_key(name);
    let value = |(name, cell): (&String, &super::cells::Cell<'_>)| {
        let text = if shown(name) { &cell.display } else { &cell.value };
        (name.clone(), text.clone().into_owned())
    };
    WorkItem {
        kind,
        key,
        number: number.unwrap_or(&id).to_owned(),
        url: client.page(table(kind), &id),
        phase,
        state: row.display("state").to_owned(),
        resolved_at: ended.filter(|_| phase != Phase::Open),
        values: row.0.iter().map(value).collect(),
        id,
    }
}

/// Fields that the record does not hold as they were sent.
pub(super) fn dropped(sent: &BTreeMap<String, String>, row: &Row) -> Vec<(String, String)> {
    let readable = sent.iter().filter(|(name, _)| !WRITE_ONLY.contains(&name.as_str()) && *name != "priority");
    fields::dropped(readable, |name| row.0.get(name).map(|cell| Kept { value: &cell.value, display: &cell.display }))
}

#[cfg(test)]
mod tests;
