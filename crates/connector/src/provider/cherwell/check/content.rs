//! Whether the business objects of incidents and changes, their fields and lists are there and can be used.

use super::super::client::Search;
use super::super::config::{SeverityAs, StatusChange};
use super::super::definitions::Shape;
use super::super::key::Place;
use super::super::shapes::{Field, Found};
use super::super::{Cherwell, choices, names, notes, refresh};
use super::failed;
use crate::probe::Report;
use crate::provider::ProviderError;
use crate::provider::choices::named;
use crate::rows::RecordKind;

/// Longest key, `az-<32 digits>-<number>`.
const KEY: usize = 46;
/// Values named at most.
const MOST_VALUES: usize = 20;

pub(super) async fn incidents(tool: &Cherwell, report: &mut Report) {
    let Some(shape) = readable(tool, RecordKind::Incident, report).await else { return };
    key(tool, &shape, report);
    written(tool, &shape, report);
    required(tool, &shape, report).await;
    lists(tool, &shape, report).await;
    if !tool.settings().customer.trim().is_empty() {
        match choices::customer(tool).await {
            Ok(_) => report.passed("customer", format!("incidents are filed for \"{}\"", tool.settings().customer)),
            Err(error) => failed(report, "customer", "no incident can be filed for the customer of the settings", &error),
        }
    }
    let journal = notes::journal(tool).await;
    let related = shape.object.relationship(&tool.settings().journal_relationship, "cherwell.journal_relationship");
    match journal.and_then(|journal| related.map(|related| (journal, related))) {
        Ok(((object, field), related)) => {
            let finding = format!("{}.{} below \"{}\"; the right to add is not tried", object.name, field.name, related.name);
            report.passed("notes", finding);
        }
        Err(error) => failed(report, "notes", "notes cannot be written", &error),
    }
    if let Some(template) = tool.connection.incident.template.as_deref() {
        let step = format!("template \"{template}\"");
        match tool.settings().templates.iter().find(|(name, _)| name.eq_ignore_ascii_case(template)) {
            Some((_, constants)) => report.passed(step, format!("{} constants", constants.len())),
            None => report.failed(
                step,
                "work items are made without it",
                "cherwell.templates has none of this name; Cherwell's own templates cannot be reached by its REST API",
                "add it to cherwell.templates, or correct the name in the mapping",
            ),
        }
    }
}

pub(super) async fn changes(tool: &Cherwell, report: &mut Report) {
    if tool.connection.sync.changes {
        readable(tool, RecordKind::ChangeRequest, report).await;
    } else {
        report.skipped(format!("business object {}", tool.settings().change_object), "sync.changes = false");
    }
}

/// The business object's definition and one of its records.
async fn readable(tool: &Cherwell, kind: RecordKind, report: &mut Report) -> Option<Shape> {
    let (name, setting) = tool.object_name(kind);
    let step = format!("business object {name}");
    let shape = match tool.definitions.refresh(&tool.client, name, setting).await {
        Ok(object) => Shape::new(object, kind, tool.settings()),
        Err(error) => {
            failed(report, &step, "its definition cannot be read", &error);
            return None;
        }
    };
    let what = format!("reading {name}");
    let search = Search {
        object: &shape.object,
        filters: &[],
        sorting: &[],
        direction: tool.client.direction.upwards(),
        fields: &[],
        size: 1,
        what: &what,
    };
    match tool.client.search(&search).await {
        Ok(Found { business_objects, .. }) if business_objects.is_empty() => report.warning(
            step,
            format!("no record of {name} is visible"),
            "there is none, or rights to records hide them all",
            format!("if there are records, give the security group of the integration user the right to view {name}"),
        ),
        Ok(_) => report.passed(step, format!("{name} can be read")),
        Err(error) => failed(report, &step, &format!("records of {name} cannot be read"), &error),
    }
    let (table, own) = names::of(kind, tool.settings());
    let absent: Vec<&str> = table.iter().map(|(meaning, _)| *meaning).filter(|meaning| shape.get(meaning).is_none()).collect();
    let step = format!("fields of {name}");
    let setting = if kind == RecordKind::Incident { "cherwell.fields" } else { "cherwell.change_fields" };
    let needed = ["title", "status", "modified"].into_iter().find(|meaning| absent.contains(meaning));
    if let Some(needed) = needed {
        let cause = format!("{name} has no field \"{needed}\" under the names that are tried");
        report.failed(step, "a field is missing without which nothing goes", cause, format!("set {setting}.{needed}"));
    } else if shape.missing.is_empty() {
        let empty = if absent.is_empty() { "all are there".to_owned() } else { format!("not there: {}", absent.join(", ")) };
        report.passed(step, format!("{} of {} are known; {empty}", table.len() - absent.len(), table.len()));
    } else {
        let told: Vec<String> = own
            .iter()
            .filter(|(meaning, _)| absent.contains(&meaning.as_str()))
            .map(|(meaning, name)| format!("{meaning} = {name}"))
            .collect();
        report.warning(
            step,
            format!("{name} has no field {}", shape.missing.join(", ")),
            format!("the settings name it: {}", told.join(", ")),
            format!("correct {setting}, or give the integration user the right to see the field"),
        );
    }
    Some(shape)
}

/// The field of the connector's key.
fn key(tool: &Cherwell, shape: &Shape, report: &mut Report) {
    let place = match Place::of(shape, tool.settings()) {
        Ok(place) => place,
        Err(error) => return failed(report, "key", "no incident can be created", &error),
    };
    let field = place.field();
    let Place::Field(_) = place else {
        return report
            .passed("key", format!("the last line of {}; a field of its own is found faster and cannot be removed", field.name));
    };
    let short = field.most().is_some_and(|most| most < KEY);
    if field.read_only == Some(true) || short {
        let cause = if short {
            format!("{} holds fewer than {KEY} characters", field.name)
        } else {
            format!("{} is read-only", field.name)
        };
        return report.failed(
            "key",
            "incidents could not be found again",
            cause,
            "make a text field of at least 60 characters that can be written",
        );
    }
    report.passed("key", format!("{} carries the connector's key; the right to write it is not tried", field.name));
}

/// Fields that the settings write.
fn written(tool: &Cherwell, shape: &Shape, report: &mut Report) {
    let object = &shape.object;
    let templates = tool.settings().templates.values().chain([&tool.settings().defaults]).flat_map(|constants| constants.keys());
    let names =
        tool.connection.incident.fields.keys().chain(tool.connection.policy.update_fields.iter().flatten()).chain(templates);
    let bad: Vec<String> = names
        .filter_map(|name| match object.field(name) {
            None => Some(format!("{name} does not exist")),
            Some(field) if field.read_only == Some(true) => Some(format!("{name} is read-only")),
            Some(_) => None,
        })
        .collect();
    if bad.is_empty() {
        return report.passed("mapping", "every field that is written exists");
    }
    report.warning("mapping", "some fields cannot be written", bad.join(", "), "correct the names in the mapping");
}

/// Fields without which Cherwell saves no incident.
async fn required(tool: &Cherwell, shape: &Shape, report: &mut Report) {
    let form = match tool.client.form(&shape.object).await {
        Ok(form) => form,
        Err(error) => return failed(report, "required fields", "the blank form of an incident cannot be read", &error),
    };
    let settings = tool.settings();
    let mut filled: Vec<&str> = ["title", "description"].to_vec();
    match settings.severity_as {
        SeverityAs::Priority => filled.push("priority"),
        SeverityAs::ImpactAndUrgency => filled.extend(["impact", "urgency"]),
    }
    if !settings.customer.trim().is_empty() {
        filled.push("customer");
    }
    let mapped = &tool.connection.incident.fields;
    let template = tool.connection.incident.template.as_deref().unwrap_or_default();
    let template =
        settings.templates.iter().find(|(name, _)| name.eq_ignore_ascii_case(template)).map(|(_, constants)| constants);
    let is_filled = |field: &Field| {
        let ours = filled.iter().any(|meaning| shape.get(meaning).is_some_and(|own| own.key == field.key));
        let constants = template.into_iter().chain([&settings.defaults]).flat_map(|constants| constants.keys());
        let named = mapped.keys().chain(constants);
        ours || field.name.eq_ignore_ascii_case(settings.external_id_field.trim())
            || named.into_iter().any(|name| name.eq_ignore_ascii_case(&field.name))
            || !form.value(Some(field)).trim().is_empty()
    };
    let needed = shape.object.fields.values().filter(|field| field.required == Some(true));
    let empty: Vec<&str> = needed.filter(|field| !is_filled(field)).map(|field| field.name.as_str()).collect();
    if empty.is_empty() {
        return report.passed("required fields", "every required field of an incident is filled");
    }
    report.warning(
        "required fields",
        "Cherwell may refuse incidents",
        format!("required and filled by nothing: {}", empty.join(", ")),
        "give them values in cherwell.defaults or the connection's incident.fields; the customer in cherwell.customer",
    );
}

/// Values that must be in lists: statuses, priorities, the cause, constants of the mapping.
async fn lists(tool: &Cherwell, shape: &Shape, report: &mut Report) {
    let settings = tool.settings();
    let mut wanted: Vec<(&Field, Vec<&str>)> = Vec::new();
    if let (Some(status), StatusChange::Field) = (shape.get("status"), settings.status_change) {
        wanted.push((status, vec![&settings.resolved_status, &settings.reopened_status]));
    }
    if let (Some(priority), SeverityAs::Priority) = (shape.get("priority"), settings.severity_as) {
        wanted.push((priority, settings.priorities.iter().map(String::as_str).filter(|value| !value.is_empty()).collect()));
    }
    if let (Some(cause), Some(code)) = (shape.get("cause"), tool.connection.policy.close_code.as_deref()) {
        wanted.push((cause, vec![code]));
    }
    let constants = refresh::constants(tool, &shape.object);
    for (field, value) in constants.iter().filter(|(field, _)| field.validated == Some(true)) {
        wanted.push((field, vec![value]));
    }
    let (mut unread, mut bad, mut good) = (Vec::new(), Vec::new(), 0);
    for (field, values) in wanted {
        // A list may hang on other fields: it is asked beside what the mapping gives them.
        let list = match choices::look_up(tool, shape, field, &constants).await {
            Ok(list) => list,
            Err(ProviderError::Refused { cause, .. }) => {
                unread.push(cause);
                continue;
            }
            Err(error) => return failed(report, "lists", "the values of fields cannot be read", &error),
        };
        for value in values.into_iter().filter(|_| !list.is_empty()) {
            if named(&list, value).is_some() {
                good += 1;
            } else {
                let known: Vec<&str> = list.iter().take(MOST_VALUES).map(|choice| choice.value.as_str()).collect();
                bad.push(format!("{} has no value \"{value}\" (it has {})", field.name, known.join(", ")));
            }
        }
    }
    if !bad.is_empty() {
        report.warning(
            "lists",
            "some values would be refused",
            bad.join("; "),
            "use values of the lists, in the settings that give them",
        );
    } else if !unread.is_empty() {
        report.warning(
            "lists",
            "some lists cannot be read",
            unread.join("; "),
            "give the integration user the right to see the fields",
        );
    } else {
        report.passed("lists", format!("{good} values of the settings are in Cherwell's lists"));
    }
}
