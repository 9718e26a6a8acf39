//! Between work items and Cherwell's fields: pure. Lengths, priorities and statuses stand here in one place each.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Connection;
use super::config::{ItemLink, SeverityAs};
use super::dates::Wall;
use super::definitions::Shape;
use super::key::{self, Place};
use super::names::likely;
use super::shapes::Record;
use crate::alert::Severity;
use crate::provider::fields::{self, Fields, Kept, filled, lay_over};
use crate::provider::severity::impact_and_urgency;
use crate::provider::text::{cut, one_line};
use crate::work_item::{ConfigurationItem, Draft, Phase, WorkItem, WorkItemKey, WorkItemType};

/// Lengths of the stock content, until the tool was asked.
const TITLE: usize = 255;
const TEXT: usize = 32_000;

/// The name of a field of incidents: as the tool has it when it was asked, else as it is likely to be.
pub(super) fn name<'a>(connection: &'a Connection, shape: Option<&'a Shape>, meaning: &str) -> &'a str {
    match shape {
        Some(shape) => shape.get(meaning).map_or("", |field| &field.name),
        None => likely(&connection.own.cherwell, meaning),
    }
}

/// What is sent for `draft` before the template, by the names that fields have here.
pub(super) fn fields(draft: &Draft, connection: &Connection, shape: Option<&Shape>) -> Fields {
    let settings = &connection.own.cherwell;
    let name = |meaning: &str| name(connection, shape, meaning);
    let item = draft.configuration_item.as_ref().filter(|_| settings.configuration_items.link == ItemLink::Field);
    let follows =
        draft.follows.as_ref().map(|number| format!("\n\nFollows {number}: the same condition, which had ended there."));
    let description = format!("{}{}", draft.description, follows.unwrap_or_default());
    let mut fields = filled([
        (name("title"), one_line(&draft.title)),
        (name("description"), description),
        (name("ci"), item.map(|item| item.id.clone()).unwrap_or_default()),
    ]);
    fields.extend(severity(draft.severity, connection, &name));
    fields.remove("");
    lay_over(&mut fields, &draft.fields);
    carry(&mut fields, &draft.key, connection, shape);
    for (field, value) in &mut fields {
        *value = cut_to(connection, shape, field, value);
    }
    fields
}

fn severity<'a>(severity: Severity, connection: &Connection, name: &impl Fn(&str) -> &'a str) -> Fields {
    let settings = &connection.own.cherwell;
    match settings.severity_as {
        SeverityAs::Priority => {
            let place = match severity {
                Severity::Sev0 => 0,
                Severity::Sev1 => 1,
                Severity::Sev2 => 2,
                Severity::Sev3 => 3,
                Severity::Sev4 => 4,
            };
            filled([(name("priority"), settings.priorities.get(place).cloned().unwrap_or_default())])
        }
        // Which values there are is the customer's own; without any the fields are left out.
        SeverityAs::ImpactAndUrgency => {
            let (impact, urgency) = impact_and_urgency(severity, connection, |_| String::new(), |_| String::new());
            filled([(name("impact"), impact), (name("urgency"), urgency)])
        }
    }
}

/// The key is ours whatever the mapping says: without it the record could not be found again.
fn carry(fields: &mut Fields, key: &WorkItemKey, connection: &Connection, shape: Option<&Shape>) {
    let own = connection.own.cherwell.external_id_field.trim();
    if !own.is_empty() {
        let known = shape.and_then(|shape| shape.object.field(own)).map_or(own, |field| &field.name);
        fields.insert(known.to_owned(), key.to_string());
        return;
    }
    let description = name(connection, shape, "description");
    let most = length(connection, shape, description);
    let text = fields.entry(description.to_owned()).or_default();
    *text = key::with_line(text, key, most);
}

/// The longest value of a field.
fn length(connection: &Connection, shape: Option<&Shape>, field: &str) -> usize {
    match shape.and_then(|shape| shape.object.field(field)) {
        Some(known) => known.most().unwrap_or(usize::MAX),
        None if field == name(connection, shape, "title") => TITLE,
        None => TEXT,
    }
}

/// Cuts a value to its field's own length; Cherwell refuses longer ones. The line of a key is kept.
pub(super) fn cut_to(connection: &Connection, shape: Option<&Shape>, field: &str, value: &str) -> String {
    let most = length(connection, shape, field);
    let marked = connection.own.cherwell.external_id_field.trim().is_empty() && field == name(connection, shape, "description");
    if marked { crate::provider::text::cut_note(value, most) } else { cut(value, most) }
}

/// Fields of a change, with the key's line in a description.
pub(super) fn changed(change: &Fields, key: &WorkItemKey, connection: &Connection, shape: &Shape) -> Fields {
    let mut fields = change.clone();
    let description = name(connection, Some(shape), "description");
    if connection.own.cherwell.external_id_field.trim().is_empty() && !key.correlation.is_empty() {
        let most = length(connection, Some(shape), description);
        if let Some(text) = fields.get_mut(description) {
            *text = key::with_line(text, key, most);
        }
    }
    for (field, value) in &mut fields {
        *value = cut_to(connection, Some(shape), field, value);
    }
    fields
}

/// The id of the configuration item's business object, which Cherwell wants beside the item's own.
pub(super) fn item_type(item: &ConfigurationItem, members: &[(String, String)]) -> String {
    members.iter().find(|(name, _)| *name == item.class).map_or_else(|| item.class.clone(), |(_, id)| id.clone())
}

/// Where a record stands.
pub(super) fn phase(status: &str, connection: &Connection) -> Phase {
    let settings = &connection.own.cherwell;
    if settings.closed_statuses.iter().any(|closed| closed.eq_ignore_ascii_case(status)) {
        Phase::Closed
    } else if status.eq_ignore_ascii_case(&settings.resolved_status) {
        Phase::Resolved
    } else {
        Phase::Open
    }
}

/// The address of a record's page for people; empty when the settings name none.
pub(super) fn page(connection: &Connection, object: &str, number: &str, id: &str) -> String {
    connection.own.cherwell.record_url.replace("{object}", object).replace("{number}", number).replace("{id}", id)
}

/// Every field of the record by name.
fn values(record: &Record, shape: &Shape) -> BTreeMap<String, String> {
    let fields = shape.object.fields.values();
    fields.filter_map(|field| Some((field.name.clone(), record.get(field)?.to_owned()))).collect()
}

/// A record as a work item.
pub(super) fn work_item(record: &Record, shape: &Shape, place: &Place, wall: &Wall, connection: &Connection) -> WorkItem {
    let status = record.value(shape.get("status"));
    let phase = phase(status, connection);
    let ended = ["resolved", "closed", "modified"];
    let ended: Option<Timestamp> = ended.into_iter().find_map(|meaning| wall.instant(record.value(shape.get(meaning))));
    WorkItem {
        kind: WorkItemType::Incident,
        key: place.carried(record).unwrap_or(WorkItemKey { correlation: String::new(), generation: 0 }),
        id: record.rec_id.clone(),
        number: record.public_id.clone(),
        url: page(connection, &shape.object.name, &record.public_id, &record.rec_id),
        phase,
        state: status.to_owned(),
        resolved_at: ended.filter(|_| phase != Phase::Open),
        values: values(record, shape),
    }
}

/// Fields that the record does not hold as they were sent.
pub(super) fn dropped(sent: &Fields, record: &Record, shape: &Shape) -> Vec<(String, String)> {
    fields::dropped(sent, |name| shape.object.field(name).and_then(|field| record.get(field)).map(Kept::plain))
}
