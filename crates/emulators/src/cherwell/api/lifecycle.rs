//! The life cycle calls of release 10: stages, statuses, transitions, and moving a record along one.

use serde_json::{Value, json};

use super::{
    body::{self, Body},
    records,
};
use crate::cherwell::{
    content::Object,
    database::Draft,
    instance::Work,
    lifecycle::{self, STAGES, id, stage, statuses, transitions},
    reply::{self, Outcome, Refusal},
    saving,
};

/// Paths that begin with the id of a business object.
pub(crate) fn route(work: &Work<'_>, path: &[&str], raw: &[String]) -> Outcome {
    let object = raw.first().map_or("", String::as_str);
    let record = raw.get(2).map_or("", String::as_str);
    match (work.call.method.as_str(), path) {
        ("GET", [_, "lifecycle", what @ ("stages" | "statuses" | "transitions")]) => definition(work, object, what),
        ("GET", [_, "records", _, what @ ("status" | "stage" | "transitionoptions")]) => state(work, object, record, what),
        ("POST", [_, "records", _, "transitions"]) => step(work, object, record),
        _ => Err(Refusal::no_resource(&format!("{}{}", work.instance.origin, work.call.path)).into()),
    }
}

/// A business object without a life cycle has empty lists.
fn definition(work: &Work<'_>, object_id: &str, what: &str) -> Outcome {
    let database = work.instance.read();
    let object = work.object(&database, object_id, 'v')?;
    let object = database.content.objects.get(object).ok_or_else(Refusal::no_record)?;
    let list: Vec<Value> = match what {
        "stages" => {
            let stages = STAGES.iter().filter(|_| !object.states.is_empty());
            stages.map(|(name, last)| json!({"id": id(object, name), "isFinal": last, "name": name})).collect()
        }
        "statuses" => statuses(object).iter().enumerate().map(|(place, name)| described(object, name, place == 0)).collect(),
        _ => {
            let described = transitions(object).into_iter().map(|transition| {
                json!({
                    "id": transition.id,
                    "name": transition.name,
                    "fromStatusId": id(object, transition.from),
                    "toStatusId": id(object, transition.to),
                })
            });
            described.collect()
        }
    };
    Ok(reply::good(json!({ what: list })))
}

fn described(object: &Object, name: &str, first: bool) -> Value {
    json!({"id": id(object, name), "isInitial": first, "name": name, "stageId": id(object, stage(name))})
}

fn state(work: &Work<'_>, object_id: &str, record_id: &str, what: &str) -> Outcome {
    let database = work.instance.read();
    let place = work.object(&database, object_id, 'v')?;
    let object = database.content.objects.get(place).ok_or_else(Refusal::no_record)?;
    let (slot, record) = records::find(&database, place, record_id, "")?;
    let status = database.value(record, "Status");
    let body = match what {
        "status" => json!({"id": id(object, status), "name": status}),
        "stage" => json!({"id": id(object, stage(status)), "name": stage(status)}),
        _ => {
            let options = transitions(object).into_iter().filter(|transition| transition.from == status).map(|transition| {
                let draft = moved(object, place, slot, transition.to);
                let (_, complaints) = saving::compose(&database, &draft, &work.instance.hand(""));
                let criteria: Vec<&str> = complaints.iter().map(|complaint| complaint.error.as_str()).collect();
                json!({"id": transition.id, "name": transition.name, "isAvailable": criteria.is_empty(), "criteria": criteria})
            });
            json!({"transitions": options.collect::<Vec<_>>()})
        }
    };
    Ok(reply::good(body))
}

fn moved(object: &Object, place: usize, slot: usize, to: &str) -> Draft {
    let status = object.role("Status").map(|status| (status, to.to_owned()));
    Draft { object: place, slot: Some(slot), values: status.into_iter().collect() }
}

/// `POST /{busObId}/records/{recId}/transitions`
fn step(work: &Work<'_>, object_id: &str, record_id: &str) -> Outcome {
    let request = body::parse(work)?;
    let wanted = Body(&request).text("transitionOptionId");
    let mut database = work.instance.write();
    let place = work.object(&database, object_id, 'e')?;
    let content = std::sync::Arc::clone(&database.content);
    let object = content.objects.get(place).ok_or_else(Refusal::no_record)?;
    let (slot, record) = records::find(&database, place, record_id, "")?;
    let status = database.value(record, "Status").to_owned();
    let transition =
        lifecycle::transitions(object).into_iter().find(|transition| transition.id == wanted && transition.from == status);
    let transition = transition.ok_or_else(|| Refusal::bad_value("The transition is not available"))?;
    let draft = moved(object, place, slot, transition.to);
    let (values, complaints) = saving::compose(&database, &draft, &work.instance.hand(&work.session.user.full_name));
    if let Some(complaint) = complaints.first() {
        return Err(Refusal::bad_value(&complaint.error).into());
    }
    saving::keep(&mut database, &draft, values);
    Ok(reply::good(json!({})))
}
