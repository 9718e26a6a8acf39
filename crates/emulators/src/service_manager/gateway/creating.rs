//! `POST /v1/incidents`: exactly one incident for a key, whatever is repeated, lost or killed.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    changing::{self, Effects},
    faults::Effect,
    idempotency::Known,
    instants,
    problem::Problem,
    request,
    service::{Floor, Stop},
};
use crate::{
    http::{Answer, Call},
    service_manager::model::{Class, Draft, ObjectStatus, Value},
};

const MEMBERS: &[&str] =
    &["templateId", "properties", "affectedComputers", "createMissingComputers", "comment", "correlationKey"];

/// A body that was read without fault.
struct Wanted {
    draft: Draft,
    computers: Vec<String>,
    create_missing: bool,
    comment: Option<String>,
    correlation: String,
}

pub(super) fn create(floor: &mut Floor<'_>, call: &Call, effects: &Effects) -> Result<Answer, Stop> {
    let printable = |key: &&str| (1..=200).contains(&key.len()) && key.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    let key = call.header("idempotency-key").filter(printable);
    let key =
        key.ok_or_else(|| Problem::bad_request("the header Idempotency-Key is missing or not 1 to 200 printable characters"))?;
    match floor.keys.ask(key, &call.body) {
        Known::Reused => return Err(Problem::new("key_reused", "this Idempotency-Key was used with another body").into()),
        Known::Answered(etag, answer) => {
            return Ok(Answer::json(200, &answer).with_header("ETag", etag).with_header("Idempotent-Replayed", "true"));
        }
        Known::No => {}
    }
    if effects.has(&Effect::InProgress) {
        return Err(Problem::new("in_progress", "another request with this key is being worked on").retry_after(1).into());
    }
    let wanted = read(floor, call, key)?;
    let living = floor.group.keyed(Class::Incident, &wanted.correlation).find(|item| item.status == ObjectStatus::Active);
    let found = living.map(|item| item.id.clone());
    floor.keys.reserve(key, &call.body);
    let adopted = found.is_some();
    let id = match found {
        Some(id) => id,
        None => match commit(floor, &wanted, effects) {
            Ok(id) => id,
            Err(stop) => {
                if let Stop::Problem(problem) = &stop
                    && problem.code() != "sdk_timeout"
                {
                    floor.keys.free(key);
                }
                return Err(stop);
            }
        },
    };
    let links = changing::link(floor, &id, &wanted.computers, wanted.create_missing, effects);
    let comment = comment(floor, &id, &wanted, adopted, effects);
    let item = floor.group.item(Class::Incident, &id).ok_or_else(|| Problem::new("internal", "the incident is gone"))?;
    let etag = instants::etag(item);
    let status = item.enumeration("Status").map(|id| floor.renderer().enumeration(id));
    let body = json!({
        "id": item.id,
        "baseId": item.base_id,
        "status": status,
        "lastModified": instants::last_modified(item),
        "etag": etag,
        "linked": links.linked,
        "notLinked": links.not_linked,
        "comment": comment,
        "adopted": adopted,
    });
    floor.keys.remember(key, &etag, &body);
    let answer = Answer::json(if adopted { 200 } else { 201 }, &body).with_header("ETag", etag);
    Ok(if adopted { answer } else { answer.with_header("Location", format!("/v1/incidents/{id}")) })
}

fn commit(floor: &mut Floor<'_>, wanted: &Wanted, effects: &Effects) -> Result<String, Stop> {
    if effects.has(&Effect::CrashBeforeCommit) {
        return Err(Stop::Drop);
    }
    effects.refuse()?;
    let id = floor.group.create(Class::Incident, &wanted.draft, &floor.actor, floor.now).map_err(Problem::from)?;
    if effects.has(&Effect::CrashAfterCommit) {
        return Err(Stop::Drop);
    }
    effects.time_out(true)?;
    Ok(id)
}

/// The comment: added once, told what became of it.
fn comment(floor: &mut Floor<'_>, id: &str, wanted: &Wanted, adopted: bool, effects: &Effects) -> Json {
    let Some(text) = &wanted.comment else { return changing::comment_told(Ok(())) };
    let there = floor.group.item(Class::Incident, id).is_some_and(|item| item.comments.iter().any(|entry| entry.text == *text));
    if adopted && there {
        return changing::comment_told(Ok(()));
    }
    changing::comment_told(changing::comment(floor, id, text, effects))
}

/// Everything that can be wrong with a body, found before anything is written.
fn read(floor: &Floor<'_>, call: &Call, key: &str) -> Result<Wanted, Problem> {
    let members: Map<String, Json> = request::body(call, MEMBERS)?;
    let correlation = request::text(&members, "correlationKey")?.unwrap_or_else(|| key.to_owned());
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if !(1..=100).contains(&correlation.len()) || !correlation.bytes().all(good) {
        let detail = "correlationKey takes 1 to 100 of A-Z a-z 0-9 - _ . :";
        return Err(Problem::property("invalid_value", "correlationKey", detail));
    }
    let template = match request::text(&members, "templateId")? {
        None => None,
        Some(text) => {
            let wrong = || Problem::property("invalid_value", "templateId", format!("there is no incident template {text}"));
            let id = Uuid::try_parse(&text).map_err(|_| wrong())?;
            let known = floor.group.templates().iter().any(|template| template.id == id && template.class == Class::Incident);
            Some(id).filter(|_| known).ok_or_else(wrong).map(Some)?
        }
    };
    let mut properties: Vec<(String, Value)> =
        request::properties(floor.group, &members)?.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    properties.push((floor.group.settings().key_property.clone(), Value::Text(correlation.clone())));
    let comment = request::text(&members, "comment")?.filter(|text| !text.is_empty());
    changing::check_comment(comment.as_deref(), "comment")?;
    Ok(Wanted {
        draft: Draft { template, properties, ..Draft::default() },
        computers: request::names(&members, "affectedComputers")?,
        create_missing: request::switch(&members, "createMissingComputers")?,
        comment,
        correlation,
    })
}
