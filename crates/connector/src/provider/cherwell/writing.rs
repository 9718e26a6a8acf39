//! Creating and changing incidents: which values are sent, in which order, and what came of it. The note is written last, so that a
//! note that stands in the record says that all before it was done.

use std::collections::BTreeMap;

use serde_json::Value;

use super::client::{Client, Sent};
use super::config::{ItemLink, StatusChange};
use super::definitions::{Definition, Shape};
use super::key::Place;
use super::mapping;
use super::{Cherwell, choices, ci, notes};
use crate::provider::ProviderError;
use crate::provider::fields::Fields;
use crate::rows::RecordKind;
use crate::work_item::{Change, Draft, Transition, WorkItem, Written};

const CONDITION_OVER: &str = "Azure Monitor reports that the condition is over.";

/// What a write leaves to be told.
#[derive(Debug, Default)]
struct Account {
    dropped: Vec<(String, String)>,
    remarks: Vec<String>,
}

/// The fields to send, by id; those that the business object does not have are accounted for.
fn known<'a>(fields: &'a Fields, object: &'a Definition, account: &mut Account) -> Sent<'a> {
    let mut sent: Sent<'a> = Vec::new();
    for (name, value) in fields {
        match object.field(name) {
            Some(field) => sent.push((field, value)),
            None => account.dropped.push((name.clone(), format!("{} has no such field", object.name))),
        }
    }
    sent
}

pub(super) async fn create(tool: &Cherwell, draft: &Draft) -> Result<Written, ProviderError> {
    let (connection, settings) = (&tool.connection, tool.settings());
    let shape = tool.shape(RecordKind::Incident).await?;
    let place = Place::of(&shape, settings)?;
    let mut account = Account::default();
    let mut fields = mapping::fields(draft, connection, Some(&shape));
    template(tool, draft, &shape, &mut fields, &mut account);
    customer(tool, &shape, &mut fields).await?;
    item_type(tool, draft, &shape, &mut fields).await?;
    let sent = known(&fields, &shape.object, &mut account);
    let id = tool.client.save(&shape.object, None, &sent, "creating incident").await.inspect_err(|error| doubt(tool, error))?;
    if settings.configuration_items.link == ItemLink::Relationship
        && let Some(item) = &draft.configuration_item
    {
        account.remarks.extend(ci::link(tool, &shape, &id, item).await);
    }
    let mut written = read_back(tool, &shape, &place, &id, fields, account).await?;
    if written.item.key != draft.key {
        let name = &place.field().name;
        written.remarks.push(format!(
            "Cherwell did not keep {name}, by which the connector finds its records again: give the integration user the right to write it"
        ));
        written.item.key = draft.key.clone();
    }
    Ok(written)
}

/// Names that were resolved long ago may have gone.
fn doubt(tool: &Cherwell, error: &ProviderError) {
    if matches!(error, ProviderError::Refused { .. }) {
        tool.definitions.0.doubt(&tool.settings().incident_object);
        tool.customers.doubt(tool.settings().customer.trim());
    }
}

/// Fills what nothing else filled: with the constants of a template of the settings, then with their defaults.
fn template(tool: &Cherwell, draft: &Draft, shape: &Shape, fields: &mut Fields, account: &mut Account) {
    let settings = tool.settings();
    let mut fill = |constants: &BTreeMap<String, String>| {
        for (field, value) in constants.iter().filter(|(_, value)| !value.is_empty()) {
            // A field that the mapping leaves empty on purpose stays so.
            let filled = fields.keys().chain(draft.fields.keys()).any(|own| own.eq_ignore_ascii_case(field));
            if !filled {
                fields.insert(field.clone(), mapping::cut_to(&tool.connection, Some(shape), field, value));
            }
        }
    };
    if let Some(name) = draft.template.as_deref().filter(|name| !name.is_empty()) {
        match settings.templates.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, constants)) => fill(constants),
            None => account.remarks.push(format!(
                "template \"{name}\" is not one of cherwell.templates; the work item was made without it (Cherwell's own templates cannot \
                 be reached by its REST API)"
            )),
        }
    }
    fill(&settings.defaults);
}

/// The customer of the settings, unless the mapping gives one.
async fn customer(tool: &Cherwell, shape: &Shape, fields: &mut Fields) -> Result<(), ProviderError> {
    let Some(field) = shape.get("customer").filter(|_| !tool.settings().customer.trim().is_empty()) else { return Ok(()) };
    if !fields.keys().any(|own| own.eq_ignore_ascii_case(&field.name)) {
        let id = choices::customer(tool).await?;
        fields.insert(field.name.clone(), id.as_ref().clone());
    }
    Ok(())
}

/// Beside the id of a configuration item Cherwell wants that of its business object.
async fn item_type(tool: &Cherwell, draft: &Draft, shape: &Shape, fields: &mut Fields) -> Result<(), ProviderError> {
    let (Some(item), Some(id), Some(kind)) = (&draft.configuration_item, shape.get("ci"), shape.get("ci_type")) else {
        return Ok(());
    };
    let ours = fields.get(&id.name) == Some(&item.id) && !fields.contains_key(&kind.name);
    if ours {
        let group = ci::group(tool).await?;
        fields.insert(kind.name.clone(), mapping::item_type(item, &ci::classes(&group)));
    }
    Ok(())
}

/// The record as it is after a write. It is there, so a failure now is no failure of the write.
async fn read_back(
    tool: &Cherwell,
    shape: &Shape,
    place: &Place,
    id: &str,
    sent: Fields,
    account: Account,
) -> Result<Written, ProviderError> {
    let lost = |cause: String| ProviderError::Ambiguous { cause: format!("the incident was written and then not read: {cause}") };
    let record = tool.client.record(&shape.object, id).await.map_err(|error| lost(error.to_string()))?;
    let record = record.ok_or_else(|| lost("the integration user may not see it".to_owned()))?;
    let Account { mut dropped, remarks } = account;
    let unknown = |name: &String| dropped.iter().any(|(known, _)| known == name);
    let sent: Fields = sent.into_iter().filter(|(name, _)| !unknown(name)).collect();
    dropped.extend(mapping::dropped(&sent, &record, shape));
    Ok(Written { item: tool.item(&record, shape, place).await, sent, dropped, remarks })
}

pub(super) async fn update(tool: &Cherwell, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
    let (connection, settings) = (&tool.connection, tool.settings());
    let shape = tool.shape(RecordKind::Incident).await?;
    let place = Place::of(&shape, settings)?;
    let mut account = Account::default();
    let mut fields = change.fields.clone();
    let number = &item.number;
    let (what, transition) = match change.transition {
        Some(Transition::Resolve) => {
            (format!("resolving {number}"), Some((&settings.resolved_status, &settings.resolve_transition)))
        }
        Some(Transition::Reopen) => {
            (format!("reopening {number}"), Some((&settings.reopened_status, &settings.reopen_transition)))
        }
        None => (format!("updating {number}"), None),
    };
    if change.transition == Some(Transition::Resolve) {
        close(tool, &shape, change, &mut fields, &mut account).await?;
    }
    if let (Some((status, _)), StatusChange::Field) = (transition, settings.status_change) {
        fields.insert(shape.need("status", "cherwell.fields")?.name.clone(), status.clone());
    }
    let fields = mapping::changed(&fields, &item.key, connection, &shape);
    let sent = known(&fields, &shape.object, &mut account);
    let mut begun = false;
    if !sent.is_empty() {
        tool.client.save(&shape.object, Some(&item.id), &sent, &what).await.inspect_err(|error| doubt(tool, error))?;
        begun = true;
    }
    if let (Some((_, name)), StatusChange::Transition) = (transition, settings.status_change) {
        let step = step(&tool.client, &shape.object, &item.id, name, &what).await;
        step.map_err(|error| after(begun, &what, error))?;
        begun = true;
    }
    if let Some(note) = &change.note {
        match notes::append(tool, &shape, item, note).await {
            Ok(()) => {}
            // The step was done; the note alone is missing, and will always be.
            Err(ProviderError::Refused { cause, remedy }) if begun => {
                account.remarks.push(format!("the note was not written: {cause}; {remedy}"));
            }
            Err(error) => return Err(after(begun, &what, error)),
        }
    }
    read_back(tool, &shape, &place, &item.id, fields, account).await
}

/// What a failure means when a part of the change was written before it: that is looked up, not done again.
fn after(begun: bool, what: &str, error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused { .. } => error,
        other if begun => ProviderError::Ambiguous { cause: format!("{what}: a part of the change was written, then: {other}") },
        other => other,
    }
}

/// Cause and close description of a resolution.
async fn close(
    tool: &Cherwell,
    shape: &Shape,
    change: &Change,
    fields: &mut Fields,
    account: &mut Account,
) -> Result<(), ProviderError> {
    if let Some(field) = shape.get("close_description") {
        let given = change.close_notes.as_deref().or(change.note.as_deref()).filter(|notes| !notes.trim().is_empty());
        fields.entry(field.name.clone()).or_insert_with(|| given.unwrap_or(CONDITION_OVER).to_owned());
    }
    if let Some(field) = shape.get("cause").filter(|field| !fields.contains_key(&field.name)) {
        let (cause, remarks) = choices::cause(tool, shape, field).await?;
        account.remarks.extend(remarks);
        fields.extend(cause.map(|cause| (field.name.clone(), cause)));
    }
    Ok(())
}

/// Takes the step of the life cycle that is called so.
async fn step(client: &Client, object: &Definition, id: &str, name: &str, what: &str) -> Result<(), ProviderError> {
    let offered = client.transitions(object, id, what).await?;
    let options = options(&offered);
    let text = |option: &Value, key: &str| option.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let refused = |cause: String, remedy: String| ProviderError::Refused { cause: format!("{what}: {cause}"), remedy };
    let Some(option) = options.iter().find(|option| text(option, "name").eq_ignore_ascii_case(name)) else {
        let known: Vec<String> = options.iter().map(|option| text(option, "name")).collect();
        let remedy = format!(
            "name one of these in cherwell.resolve_transition or cherwell.reopen_transition: {}; or set cherwell.status_change = \"field\"",
            known.join(", ")
        );
        return Err(refused(format!("the life cycle has no transition \"{name}\" from where the incident stands"), remedy));
    };
    if option.get("isAvailable").and_then(Value::as_bool) == Some(false) {
        let needs: Vec<&str> =
            option.get("criteria").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let cause = format!("the transition \"{name}\" is not available: {}", needs.join("; "));
        return Err(refused(cause, "fill what it asks for (policy.close_code, policy.close_notes, incident.fields)".to_owned()));
    }
    client.take_transition(object, id, &text(option, "id"), what).await
}

/// The list of transitions, under whatever name it comes: the documentation does not show it.
fn options(offered: &Value) -> &[Value] {
    let list = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_object) && !all.is_empty());
    let inside = offered.as_object().and_then(|object| object.values().find(|value| list(value)));
    Some(offered).filter(|value| list(value)).or(inside).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
