//! What the server does with a record before it is kept: kinds, sizes, lookup lists, required fields, the rules of closing, and the stamps
//! that nobody but the server sets.

use super::{
    content::{Field, Kind, Object, Source, choices},
    database::{Database, Draft, Record},
    lifecycle,
    options::Lifecycle,
    search::Reading,
};

/// Why a field's value cannot be kept. Texts and codes are not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) place: usize,
    pub(crate) error: String,
    pub(crate) code: &'static str,
}

/// Whose hand saves, and under which rules.
#[derive(Debug, Clone)]
pub(crate) struct Hand<'a> {
    /// What Created By will say.
    pub(crate) name: &'a str,
    pub(crate) now: i64,
    pub(crate) minute_stamps: bool,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) closing_needs: &'a [String],
    /// An administrator at the user interface: nothing is refused.
    pub(crate) free: bool,
}

/// A value as it is kept, or why it cannot be.
pub(crate) fn convert(field: &Field, value: &str, reading: &Reading<'_>) -> Result<String, String> {
    let text = value.trim();
    match field.kind {
        _ if text.is_empty() => Ok(String::new()),
        Kind::DateTime => {
            let read = reading.wall.read(text, reading.culture);
            read.map(|seconds| seconds.to_string())
                .ok_or_else(|| format!("{}: value '{text}' is not a valid date/time", field.name))
        }
        Kind::Number => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(text.to_owned()),
            _ => Err(format!("{}: value '{text}' is not a valid number", field.name)),
        },
        Kind::Logical => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok("True".to_owned()),
            "false" | "0" => Ok("False".to_owned()),
            _ => Err(format!("{}: value '{text}' is not a valid logical value", field.name)),
        },
        Kind::Text if value.chars().count() > field.size => {
            Err(format!("{}: value is longer than {} characters", field.name, field.size))
        }
        Kind::Text => Ok(value.to_owned()),
    }
}

/// The values that a validated field may have in a record, `value` telling what its other fields hold; `None` when anything goes or when
/// they are too many to list.
pub(crate) fn allowed(database: &Database, field: &Field, value: &dyn Fn(&str) -> String) -> Option<Vec<String>> {
    match field.source {
        Source::Free | Source::Records(_) => None,
        Source::List(name) => Some(choices::list(name).iter().map(|value| (*value).to_owned()).collect()),
        Source::Services(level) => Some(choices::classified(level, &value("Service"), &value("Category"))),
        Source::Teams => Some(database.teams.iter().map(|team| team.name.clone()).collect()),
        Source::People => {
            let people = database.content.by_name("UserInfo")?;
            Some(database.rows(people).iter().map(|(_, record)| database.value(record, "FullName").to_owned()).collect())
        }
    }
}

/// The record as it would be; complaints in the order of the fields. A record with complaints must not be kept.
pub(crate) fn compose(database: &Database, draft: &Draft, hand: &Hand<'_>) -> (Vec<Box<str>>, Vec<Invalid>) {
    let Some(object) = database.content.objects.get(draft.object) else { return (Vec::new(), Vec::new()) };
    let before = draft.slot.and_then(|slot| database.rows(draft.object).get(slot));
    let mut values: Vec<Box<str>> = match before {
        Some(record) => record.values.clone(),
        None => object.fields.iter().map(|field| field.default.into()).collect(),
    };
    let mut written: Vec<usize> = Vec::new();
    for (place, value) in &draft.values {
        let field = object.fields.get(*place);
        if let (Some(old), Some(field)) = (values.get_mut(*place), field) {
            *old = spelt(field, value).into();
            written.push(*place);
        }
    }
    let read = |role: &str| object.role(role).and_then(|place| values.get(place)).map(ToString::to_string).unwrap_or_default();
    let mut complaints: Vec<Invalid> = Vec::new();
    if !hand.free {
        for place in &written {
            complaints.extend(listed(database, object, *place, &values, &read));
        }
        complaints.extend(missing(object, &values));
        complaints.extend(status(database, object, before, &read, hand));
        complaints.sort_by_key(|complaint| complaint.place);
        complaints.dedup_by_key(|complaint| complaint.place);
    }
    let stamps = stamps(database, object, before, &read, hand);
    for (role, value) in stamps {
        if let Some(place) = object.role(role).and_then(|place| values.get_mut(place)) {
            *place = value.into();
        }
    }
    (values, complaints)
}

/// As the lookup list spells it: lists do not mind capitals.
fn spelt<'a>(field: &Field, value: &'a str) -> &'a str {
    let Source::List(name) = field.source else { return value };
    choices::list(name).iter().find(|known| known.eq_ignore_ascii_case(value)).map_or(value, |known| known)
}

/// A value outside its lookup list.
fn listed(
    database: &Database,
    object: &Object,
    place: usize,
    values: &[Box<str>],
    read: &dyn Fn(&str) -> String,
) -> Option<Invalid> {
    let field = object.fields.get(place)?;
    let value: &str = values.get(place)?;
    if value.is_empty() {
        return None;
    }
    let good = match field.source {
        Source::Records(target) => {
            database.content.by_name(target).is_some_and(|target| database.record(target, value).is_some())
        }
        _ => allowed(database, field, read).is_none_or(|all| all.iter().any(|known| known.eq_ignore_ascii_case(value))),
    };
    let error = format!("{}: value '{value}' is not valid", field.name);
    (!good).then_some(Invalid { place, error, code: "VALIDATION" })
}

fn missing(object: &Object, values: &[Box<str>]) -> Vec<Invalid> {
    let needed = object.fields.iter().enumerate().filter(|(_, field)| field.required);
    let empty = needed.filter(|(place, _)| values.get(*place).is_none_or(|value| value.trim().is_empty()));
    empty.map(|(place, field)| Invalid { place, error: format!("{} is required", field.name), code: "REQUIRED" }).collect()
}

/// What a new status needs.
fn status(
    database: &Database,
    object: &Object,
    before: Option<&Record>,
    read: &dyn Fn(&str) -> String,
    hand: &Hand<'_>,
) -> Vec<Invalid> {
    let new = read("Status");
    let old = before.map(|record| database.value(record, "Status")).unwrap_or_default();
    let Some(place) = object.role("Status").filter(|_| new != old) else { return Vec::new() };
    let mut complaints = Vec::new();
    let steps = before.is_some() && hand.lifecycle == Lifecycle::Enforced;
    if steps && !lifecycle::leads(object, old, &new) {
        let error = format!("Status: there is no transition from '{old}' to '{new}'");
        complaints.push(Invalid { place, error, code: "LIFECYCLE" });
    }
    if object.name == "Incident" && matches!(new.as_str(), "Resolved" | "Closed") {
        let empty = hand.closing_needs.iter().filter(|role| read(role).trim().is_empty());
        complaints.extend(empty.filter_map(|role| {
            let place = object.role(role)?;
            let name = &object.fields.get(place)?.name;
            Some(Invalid { place, error: format!("{name} is required when the status is {new}"), code: "REQUIRED" })
        }));
    }
    complaints
}

/// What the server writes itself.
fn stamps<'a>(
    database: &Database,
    object: &Object,
    before: Option<&Record>,
    read: &dyn Fn(&str) -> String,
    hand: &Hand<'a>,
) -> Vec<(&'static str, String)> {
    let now = if hand.minute_stamps { hand.now.div_euclid(60) * 60 } else { hand.now }.to_string();
    let mut stamps = vec![("LastModifiedDateTime", now.clone()), ("LastModBy", hand.name.to_owned())];
    if before.is_none() {
        stamps.extend([("CreatedDateTime", now.clone()), ("CreatedBy", hand.name.to_owned())]);
    }
    let old = before.map(|record| database.value(record, "Status")).unwrap_or_default();
    let new = read("Status");
    if object.role("Status").is_some() && old != new {
        match new.as_str() {
            "Resolved" => stamps.push(("Stat_DateTimeResolved", now)),
            "Closed" => stamps.extend([("ClosedDateTime", now), ("ClosedBy", hand.name.to_owned())]),
            _ if matches!(old, "Resolved" | "Closed") => {
                stamps.extend(["Stat_DateTimeResolved", "ClosedDateTime", "ClosedBy"].map(|role| (role, String::new())));
            }
            _ => {}
        }
    }
    // Names of what is linked by id follow the id.
    let follow = [("CustomerRecID", "Customer", "FullName", "CustomerDisplayName")];
    let items = [("ConfigItemRecID", "ConfigurationItem", "FriendlyName", "ConfigItemDisplayName")];
    for (id, target, name, display) in follow.into_iter().chain(items) {
        let target = database.content.by_name(target).filter(|_| object.role(id).is_some());
        if let Some((_, record)) = target.and_then(|target| database.record(target, &read(id))) {
            stamps.push((display, database.value(record, name).to_owned()));
        }
    }
    stamps
}

/// Keeps a record that has been composed; its slot.
pub(crate) fn keep(database: &mut Database, draft: &Draft, values: Vec<Box<str>>) -> usize {
    let content = std::sync::Arc::clone(&database.content);
    let place = content.objects.get(draft.object).and_then(|object| object.role("LastModifiedDateTime"));
    let modified = place.and_then(|place| values.get(place)).and_then(|value| value.parse().ok()).unwrap_or_default();
    let old = draft.slot.and_then(|slot| database.rows(draft.object).get(slot).cloned());
    match (draft.slot, old) {
        (Some(slot), Some(record)) => {
            if let Some(rows) = database.rows_mut(draft.object) {
                rows.replace(slot, Record { modified, values, ..record });
            }
            slot
        }
        _ => database.insert(draft.object, values, modified),
    }
}

/// Saves without asking, as the server itself or an administrator does; the slot.
pub(crate) fn put(database: &mut Database, draft: &Draft, hand: &Hand<'_>) -> usize {
    let (values, _) = compose(database, draft, &Hand { free: true, ..hand.clone() });
    keep(database, draft, values)
}
