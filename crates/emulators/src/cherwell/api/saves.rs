//! Creating and changing records. Only fields marked `dirty` count, and nothing is written without `persist`: forgetting either looks
//! like success.

use serde_json::{Value, json};

use super::{
    body::{self, Body},
    records,
};
use crate::cherwell::{
    content::Object,
    database::{Database, Draft},
    instance::Work,
    render::long_id,
    reply::{self, Outcome, Refusal, Stop, Tail},
    saving::{self, Invalid},
};

/// Keys of a save's answer.
pub(crate) const SAVE: &[&str] = &["busObPublicId", "busObRecId", "cacheKey", "fieldValidationErrors", "notificationTriggers"];

/// What came of a save.
pub(crate) struct Saved {
    /// Without the tail.
    pub(crate) body: Value,
    pub(crate) tail: Tail,
    /// `RecID`, when it is in the database now.
    pub(crate) id: Option<String>,
}

/// `POST /savebusinessobject`
pub(crate) fn save(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    let mut database = work.instance.write();
    let saved = one(work, &mut database, Body(&request), &[])?;
    Ok(answer(work, &saved))
}

/// A save on the wire.
pub(crate) fn answer(work: &Work<'_>, saved: &Saved) -> crate::http::Answer {
    let status = if saved.tail == Tail::GOOD { 200 } else { work.instance.options.validation_status };
    reply::json(status, &saved.tail.on(saved.body.clone()))
}

/// One save, alone or in a batch. `fixed` are values that the server sets: stock names and what is kept.
pub(crate) fn one(work: &Work<'_>, database: &mut Database, request: Body<'_>, fixed: &[(&str, &str)]) -> Result<Saved, Stop> {
    let refused = |refusal| Stop::Refused(refusal, SAVE);
    let id = request.text("busObId");
    let object = database.content.by_id(&id).ok_or_else(|| refused(Refusal::no_object(&id)))?;
    let (record_id, public) = (request.text("busObRecId"), request.text("busObPublicId"));
    let mut draft = match database.cache.get(&request.text("cacheKey")) {
        Some(draft) => draft.clone(),
        None if record_id.is_empty() && public.is_empty() => Draft { object: database.content.leaf(object), ..Draft::default() },
        None => {
            let (slot, record) = records::find(database, object, &record_id, &public).map_err(refused)?;
            Draft { object: record.object, slot: Some(slot), values: Vec::new() }
        }
    };
    work.may(database, draft.object, if draft.slot.is_some() { 'e' } else { 'a' }).map_err(refused)?;
    let content = std::sync::Arc::clone(&database.content);
    let definition = content.objects.get(draft.object).ok_or_else(|| refused(Refusal::no_object(&id)))?;
    let complaints = take(work, database, definition, request, &mut draft).map_err(refused)?;
    let given = fixed.iter().filter_map(|(role, value)| Some((definition.role(role)?, (*value).to_owned())));
    draft.values.extend(given);
    if !complaints.is_empty() {
        return Ok(invalid(definition, &complaints));
    }
    if !request.flag("persist") {
        return Ok(cached(database, draft));
    }
    write(work, database, definition, &draft)
}

/// Reads the dirty fields into the draft; what cannot be read as its field's kind.
fn take(
    work: &Work<'_>,
    database: &Database,
    definition: &Object,
    request: Body<'_>,
    draft: &mut Draft,
) -> Result<Vec<Invalid>, Refusal> {
    let mut complaints = Vec::new();
    for item in request.list("fields").iter().map(Body).filter(|item| item.flag("dirty")) {
        let Some(place) = work.field(database, draft.object, &item.text("fieldId"))? else { continue };
        let Some(field) = definition.fields.get(place) else { continue };
        // What only the server writes is passed over in silence; the documentation says nothing about it.
        if field.read_only {
            continue;
        }
        match saving::convert(field, &item.text("value"), &work.reading) {
            Ok(value) => {
                draft.values.retain(|(other, _)| *other != place);
                draft.values.push((place, value));
            }
            Err(error) => complaints.push(Invalid { place, error, code: "VALIDATION" }),
        }
    }
    Ok(complaints)
}

/// Not in the database, only in the server's cache.
fn cached(database: &mut Database, draft: Draft) -> Saved {
    let key = database.new_id();
    let record = draft.slot.and_then(|slot| database.rows(draft.object).get(slot));
    let body = json!({
        "busObPublicId": record.map(|record| record.public.clone()),
        "busObRecId": record.map(|record| record.id.clone()),
        "cacheKey": key,
        "fieldValidationErrors": [],
        "notificationTriggers": [],
    });
    database.cache.insert(key, draft);
    Saved { body, tail: Tail::GOOD, id: None }
}

fn write(work: &Work<'_>, database: &mut Database, definition: &Object, draft: &Draft) -> Result<Saved, Stop> {
    // Stories speak of work items, not of the journals below them.
    let creates = draft.slot.is_none() && matches!(definition.name, "Incident" | "ChangeRequest");
    if creates {
        let mut troubles = work.instance.troubles();
        if std::mem::take(&mut troubles.create_lost) {
            return Err(Stop::Dropped);
        }
        if let Some(text) = troubles.create_refused.clone() {
            let place = definition.role("Description").unwrap_or_default();
            return Ok(invalid(definition, &[Invalid { place, error: text, code: "VALIDATION" }]));
        }
    }
    let (values, complaints) = saving::compose(database, draft, &work.instance.hand(&work.session.user.full_name));
    if !complaints.is_empty() {
        return Ok(invalid(definition, &complaints));
    }
    let slot = match draft.slot {
        // Nothing dirty: nothing happens, not even a stamp.
        Some(slot) if draft.values.is_empty() => slot,
        _ => saving::keep(database, draft, values),
    };
    if creates && std::mem::take(&mut work.instance.troubles().create_answer_lost) {
        return Err(Stop::Dropped);
    }
    let record = database.rows(draft.object).get(slot).ok_or_else(Refusal::no_record)?;
    let body = json!({
        "busObPublicId": record.public,
        "busObRecId": record.id,
        "cacheKey": null,
        "fieldValidationErrors": [],
        "notificationTriggers": [],
    });
    Ok(Saved { body, tail: Tail::GOOD, id: Some(record.id.to_string()) })
}

/// A record that is not saved. The code of the whole is not documented.
fn invalid(definition: &Object, complaints: &[Invalid]) -> Saved {
    let errors = complaints.iter().map(|complaint| {
        let field = definition.fields.get(complaint.place).map(|field| long_id(definition, field));
        json!({"error": complaint.error, "errorCode": complaint.code, "fieldId": field})
    });
    let message = complaints.first().map(|complaint| complaint.error.as_str()).unwrap_or_default();
    let body = json!({
        "busObPublicId": null,
        "busObRecId": null,
        "cacheKey": null,
        "fieldValidationErrors": errors.collect::<Vec<_>>(),
        "notificationTriggers": [],
    });
    Saved { body, tail: Tail::error(200, "BUSOBVALIDATIONERROR", message), id: None }
}
