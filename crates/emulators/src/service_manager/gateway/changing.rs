//! `PATCH /v1/incidents/{id}`, comments, and the links and comment that follow a commit.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    faults::Effect,
    instants,
    problem::Problem,
    request,
    service::{Floor, Stop},
};
use crate::{
    http::{Answer, Call},
    service_manager::model::{Class, CommentKind, ObjectStatus, Relation, Value, WorkItem, ids},
};

const MEMBERS: &[&str] =
    &["transition", "resolutionCategory", "resolutionDescription", "properties", "affectedComputers", "comment"];

/// What strikes inside one request.
#[derive(Debug, Default)]
pub(super) struct Effects(pub(super) Vec<Effect>);

impl Effects {
    pub(super) fn has(&self, effect: &Effect) -> bool {
        self.0.contains(effect)
    }

    /// A refusal by the server at the moment of the commit.
    pub(super) fn refuse(&self) -> Result<(), Problem> {
        self.time_out(false)?;
        for effect in &self.0 {
            match effect {
                Effect::Rejected(text) => return Err(Problem::new("rejected", text.clone())),
                Effect::Stale => return Err(Problem::new("conflict", "the server says that the object is stale")),
                _ => {}
            }
        }
        Ok(())
    }

    /// The server does not answer, before or after it did the work.
    pub(super) fn time_out(&self, done: bool) -> Result<(), Problem> {
        if self.has(&Effect::SdkTimeout { done }) {
            return Err(Problem::new("sdk_timeout", "the management server did not answer in time").unknown_outcome());
        }
        Ok(())
    }
}

/// What became of the links.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) linked: Vec<String>,
    pub(super) not_linked: Vec<Json>,
}

/// What PATCH asks for, read without fault.
#[derive(Debug)]
struct Wanted {
    transition: Option<Transition>,
    properties: Vec<(String, Option<Value>)>,
    computers: Vec<String>,
    comment: Option<String>,
}

#[derive(Debug)]
enum Transition {
    Resolve(Option<Uuid>, Option<String>),
    Reopen,
}

/// The living work item, or 404 and 410.
pub(super) fn find<'a>(floor: &'a Floor<'_>, class: Class, id: &str) -> Result<&'a WorkItem, Problem> {
    let missing = || Problem::new("not_found", format!("there is no {id}"));
    let item = floor.group.item(class, id).ok_or_else(missing)?;
    match item.status {
        ObjectStatus::Active => Ok(item),
        ObjectStatus::PendingDelete if floor.options.tells_deleted => {
            Err(Problem::new("gone", format!("{} is deleted", item.id)))
        }
        ObjectStatus::PendingDelete => Err(missing()),
    }
}

pub(super) fn update(floor: &mut Floor<'_>, call: &Call, id: &str, effects: &Effects) -> Result<Answer, Stop> {
    let wanted = read(floor, call)?;
    let id = find(floor, Class::Incident, id)?.id.clone();
    if effects.has(&Effect::WorkflowTouch) {
        floor.group.touch(Class::Incident, &id, floor.now);
    }
    let item = find(floor, Class::Incident, &id)?;
    if item.enumeration("Status") == Some(ids::CLOSED) && !floor.actor.administrator {
        return Err(Problem::new("read_only", format!("{id} is closed")).into());
    }
    let matches = |tags: &str| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == instants::etag(item));
    if call.header("if-match").is_some_and(|tags| !matches(tags)) {
        let detail = format!("{id} was changed at {}; read it again", instants::last_modified(item));
        return Err(Problem::new("conflict", detail).into());
    }
    effects.refuse()?;
    commit(floor, &id, &wanted)?;
    effects.time_out(true)?;
    let links = link(floor, &id, &wanted.computers, false, effects);
    let told = match &wanted.comment {
        Some(text) => comment(floor, &id, text, effects),
        None => Ok(()),
    };
    let item = find(floor, Class::Incident, &id)?;
    let etag = instants::etag(item);
    let mut body = floor.renderer().item(item);
    if let Some(members) = body.as_object_mut() {
        members.insert("linked".to_owned(), json!(links.linked));
        members.insert("notLinked".to_owned(), json!(links.not_linked));
        members.insert("comment".to_owned(), comment_told(told));
    }
    Ok(Answer::json(200, &body).with_header("ETag", etag))
}

/// Transition and properties: everything was checked, so it is all or nothing.
fn commit(floor: &mut Floor<'_>, id: &str, wanted: &Wanted) -> Result<(), Problem> {
    let (actor, now) = (floor.actor.clone(), floor.now);
    match &wanted.transition {
        Some(Transition::Resolve(category, description)) => {
            let was = floor.group.item(Class::Incident, id).map(|item| item.text("ResolutionDescription").to_owned());
            let description = description.clone().or(was).unwrap_or_default();
            floor.group.resolve(id, *category, &description, &actor, now)?;
        }
        Some(Transition::Reopen) => {
            let status = floor.group.item(Class::Incident, id).and_then(|item| item.enumeration("Status"));
            if status == Some(ids::RESOLVED) || status == Some(ids::CLOSED) {
                floor.group.reopen(id, &actor, now)?;
            }
        }
        None => {}
    }
    if !wanted.properties.is_empty() {
        floor.group.update(Class::Incident, id, &wanted.properties, &actor, now)?;
    }
    Ok(())
}

fn read(floor: &Floor<'_>, call: &Call) -> Result<Wanted, Problem> {
    let members: Map<String, Json> = request::body(call, MEMBERS)?;
    if members.is_empty() {
        return Err(Problem::bad_request("nothing is to be changed"));
    }
    let properties = request::properties(floor.group, &members)?;
    let category = match members.get("resolutionCategory") {
        None => None,
        Some(json) => match request::value(floor.group, "ResolutionCategory", json)? {
            Some(Value::Enumeration(id)) => Some(id),
            _ => None,
        },
    };
    let description = request::text(&members, "resolutionDescription")?;
    if let Some(text) = &description {
        floor.group.check(Class::Incident, "ResolutionDescription", Some(&Value::Text(text.clone())))?;
    }
    let transition = match request::text(&members, "transition")?.as_deref() {
        Some("resolve") => Some(Transition::Resolve(category, description)),
        Some("reopen") if category.is_none() && description.is_none() => Some(Transition::Reopen),
        None if category.is_none() && description.is_none() => None,
        Some("reopen") | None => {
            return Err(Problem::bad_request("resolutionCategory and resolutionDescription go with the transition resolve"));
        }
        Some(other) => return Err(Problem::bad_request(format!("transition must be resolve or reopen, not {other}"))),
    };
    if transition.is_some() && properties.iter().any(|(name, _)| name == "Status") {
        return Err(Problem::bad_request("Status does not go together with a transition"));
    }
    if properties.iter().any(|(name, value)| value.is_none() && ["Title", "Status", "Impact", "Urgency"].contains(&name.as_str()))
    {
        return Err(Problem::property("invalid_value", "properties", "Title, Status, Impact and Urgency cannot be empty"));
    }
    let comment = request::text(&members, "comment")?.filter(|text| !text.is_empty());
    check_comment(comment.as_deref(), "comment")?;
    Ok(Wanted { transition, properties, computers: request::names(&members, "affectedComputers")?, comment })
}

/// Links computers by name; one that cannot be linked is told, and stops nothing.
pub(super) fn link(floor: &mut Floor<'_>, id: &str, names: &[String], create: bool, effects: &Effects) -> Links {
    let mut links = Links::default();
    for name in names {
        match link_one(floor, id, name, create && floor.options.create_computers, effects) {
            Ok(linked) if links.linked.contains(&linked) => {}
            Ok(linked) => links.linked.push(linked),
            Err(reason) => links.not_linked.push(json!({"name": name, "reason": reason})),
        }
    }
    links
}

fn link_one(floor: &mut Floor<'_>, id: &str, name: &str, create: bool, effects: &Effects) -> Result<String, &'static str> {
    if effects.has(&Effect::LinksFail) {
        return Err("sdk_timeout");
    }
    let by_id = Uuid::try_parse(name).ok().and_then(|id| floor.group.computer(id)).map(|computer| computer.base_id);
    let named = || floor.group.computers_named(name).into_iter().map(|computer| computer.base_id).collect();
    let found: Vec<Uuid> = by_id.map_or_else(named, |id| vec![id]);
    let computer = match found.as_slice() {
        [one] => *one,
        [] if create => floor.group.add_computer(name, false),
        [] => return Err("not_found"),
        _ => return Err("ambiguous"),
    };
    let (actor, now) = (floor.actor.clone(), floor.now);
    floor
        .group
        .link(Class::Incident, id, (Relation::About, computer), &actor, now)
        .map_err(|refused| Problem::from(refused).code())?;
    Ok(floor.group.computer(computer).map(|computer| computer.principal_name.clone()).unwrap_or_default())
}

/// Appends a comment after a commit.
pub(super) fn comment(floor: &mut Floor<'_>, id: &str, text: &str, effects: &Effects) -> Result<(), Problem> {
    if effects.has(&Effect::CommentFails) {
        return Err(Problem::new("sdk_timeout", ""));
    }
    let (actor, now) = (floor.actor.clone(), floor.now);
    floor.group.comment(Class::Incident, id, (CommentKind::Analyst, text, false), &actor, now)?;
    Ok(())
}

/// `comment` of an answer.
pub(super) fn comment_told(done: Result<(), Problem>) -> Json {
    match done {
        Ok(()) => json!({"added": true, "reason": null}),
        Err(problem) => json!({"added": false, "reason": problem.code()}),
    }
}

/// Whether a comment has the length of one.
pub(super) fn check_comment(text: Option<&str>, member: &str) -> Result<(), Problem> {
    const LONG: usize = 4000;
    match text {
        Some(text) if text.encode_utf16().count() > LONG => {
            Err(Problem::property("invalid_value", member, "a comment has at most 4000 characters").with("maxLength", LONG))
        }
        _ => Ok(()),
    }
}

/// `POST /v1/incidents/{id}/comments`
pub(super) fn append(floor: &mut Floor<'_>, call: &Call, id: &str, effects: &Effects) -> Result<Answer, Stop> {
    let members = request::body(call, &["text", "private"])?;
    let text = request::text(&members, "text")?.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Problem::property("invalid_value", "text", "a comment needs a text"))?;
    check_comment(Some(&text), "text")?;
    let private = request::switch(&members, "private")?;
    let id = find(floor, Class::Incident, id)?.id.clone();
    effects.refuse()?;
    let (actor, now) = (floor.actor.clone(), floor.now);
    let kind = (CommentKind::Analyst, text.as_str(), private);
    let entry = floor.group.comment(Class::Incident, &id, kind, &actor, now).map_err(Problem::from)?;
    effects.time_out(true)?;
    let item = find(floor, Class::Incident, &id)?;
    let found = item.comments.iter().find(|comment| comment.id == entry).map(super::render::comment);
    Ok(Answer::json(201, &found.unwrap_or_default()))
}
