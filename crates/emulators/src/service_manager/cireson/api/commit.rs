//! `Projection/Commit`: a form hands back the object as it shall be (`current`) and as it was read (`original`). What differs is
//! written. Whatever the server refuses is answered 200 with `success: false`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Request, member, text};
use crate::{
    http::Answer,
    service_manager::{
        cireson::{access::Session, answers, changes, faults::Effect, instants, options::TakenId, portal::Portal},
        model::{Actor, Class, Draft, ManagementGroup, Refused, Reserved, WorkItem, ids},
    },
};

/// Told when somebody else has changed the object since it was read.
const STALE: &str =
    "The data in the form is stale. The object was changed by another user or process; refresh the form and try again.";

/// Whether a commit's body is about an object that is not in the database.
pub(in super::super) fn makes_new(group: &ManagementGroup, body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let current = member(&body, "formJson").and_then(|form| member(form, "current"));
    current.is_some_and(|current| existing(group, current).is_none() && !was_saved(current))
}

/// Whether the form holds an object that was in the database when it was read.
fn was_saved(current: &Value) -> bool {
    let added = text(current, "TimeAdded");
    !text(current, "BaseId").is_empty() && !added.is_empty() && added != instants::NEVER
}

/// The object that is meant: by its GUID.
fn existing<'a>(group: &'a ManagementGroup, current: &Value) -> Option<&'a WorkItem> {
    group.item_by_base_id(Uuid::try_parse(text(current, "BaseId")).ok()?)
}

/// Creates or changes one object: a work item, or a new computer.
pub(super) fn commit(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let body = request.json()?;
    let form =
        member(&body, "formJson").ok_or_else(|| answers::error("Object reference not set to an instance of an object."))?;
    let current = member(form, "current").filter(|current| current.is_object());
    let current = current.ok_or_else(|| answers::error("Object reference not set to an instance of an object."))?;
    let original = member(form, "original").filter(|original| original.is_object());
    let check = !request.optional("runConcurrencyCheck").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    if let Some(Effect::NotDone(text)) = request.effects.iter().find(|effect| matches!(effect, Effect::NotDone(_))) {
        return Ok(answers::not_done(text.clone()));
    }
    let mut group = portal.write();
    if original.is_none() && text(current, "ClassTypeId").eq_ignore_ascii_case(&ids::COMPUTER.to_string()) {
        return Ok(create_computer(&mut group, current));
    }
    let administrator = group.person(&session.account).is_some_and(|person| person.administrator);
    let actor = if administrator { Actor::administrator(&session.account) } else { Actor::new(&session.account) };
    let by = By { actor, now: portal.now(), check };
    let found = existing(&group, current).map(|item| (item.class, item.id.clone()));
    let done = match found {
        // A form that nobody touched is not saved (inferred).
        Some((class, id)) if member(form, "isDirty") == Some(&Value::Bool(false)) => Ok((class, id)),
        Some((class, id)) => update(&mut group, portal, class, &id, current, original, &by).map(|()| (class, id)),
        None if was_saved(current) => Err("The object does not exist any more.".to_owned()),
        None => create(&mut group, portal, current, &by),
    };
    let (class, id) = match done {
        Ok(done) => done,
        Err(text) => return Ok(answers::not_done(text)),
    };
    if request.effects.contains(&Effect::WorkflowTouches) {
        group.touch(class, &id, by.now + 1);
    }
    let base_id = group.item(class, &id).map(|item| item.base_id);
    Ok(answers::data(&json!({"BaseId": base_id, "success": true})))
}

/// Who commits, when, and whether a stale form is refused.
struct By {
    actor: Actor,
    now: i64,
    check: bool,
}

/// A new computer, which a form makes as it makes a work item (inferred). `PrincipalName` is the key of its class: a second one of the
/// same name is refused.
fn create_computer(group: &mut ManagementGroup, current: &Value) -> Answer {
    let name = text(current, "PrincipalName");
    if name.is_empty() {
        return answers::not_done("The key property PrincipalName has no value.");
    }
    if group.computers().iter().any(|computer| computer.principal_name.eq_ignore_ascii_case(name)) {
        return answers::not_done(format!(
            "An object of the class Microsoft.Windows.Computer with the key {name} exists already."
        ));
    }
    let base_id = group.add_computer(name, false);
    answers::data(&json!({"BaseId": base_id, "success": true}))
}

fn update(
    group: &mut ManagementGroup,
    portal: &Portal,
    class: Class,
    id: &str,
    current: &Value,
    original: Option<&Value>,
    by: &By,
) -> Result<(), String> {
    let item = group.item(class, id).ok_or_else(|| Refused::NoItem(id.to_owned()).to_string())?;
    // Without the original there is nothing to compare with (inferred).
    if by.check && original.is_some_and(|original| is_stale(item, original)) {
        return Err(STALE.to_owned());
    }
    let wanted = changes::read(group, &portal.options, class, current, original)?;
    wanted.apply(group, id, &by.actor, by.now).map_err(|refused| refused.to_string())
}

/// By what was read as `LastModified`, which every commit and every workflow moves.
fn is_stale(item: &WorkItem, original: &Value) -> bool {
    match member(original, "LastModified").and_then(Value::as_str) {
        // Read from a template: the object was not there then. Without any there is nothing to compare.
        Some(instants::NEVER) | None => false,
        Some(text) => instants::read(text) != Some(item.last_modified),
    }
}

fn create(group: &mut ManagementGroup, portal: &Portal, current: &Value, by: &By) -> Result<(Class, String), String> {
    let class = Uuid::try_parse(text(current, "ClassTypeId")).ok();
    let class = class.and_then(|id| Class::ALL.into_iter().find(|class| class.id() == id));
    let class = class.ok_or_else(|| format!("The class '{}' cannot be created here.", text(current, "ClassTypeId")))?;
    // Everything is new, whatever the original says: it is a template's.
    let wanted = changes::read(group, &portal.options, class, current, None)?;
    let id = text(current, "Id");
    let taken = !id.is_empty() && group.item(class, id).is_some();
    if taken && portal.options.taken_id == TakenId::Overwritten {
        wanted.apply(group, id, &by.actor, by.now).map_err(|refused| refused.to_string())?;
        return Ok((class, id.to_owned()));
    }
    let base_id = Uuid::try_parse(text(current, "BaseId")).ok();
    let reserved = (!id.is_empty() && !id.contains("{0}"))
        .then(|| Reserved { id: id.to_owned(), base_id: base_id.unwrap_or_else(|| group.new_id()) });
    let draft = Draft { reserved, ..wanted.draft() };
    let id = group.create(class, &draft, &by.actor, by.now).map_err(|refused| refused.to_string())?;
    wanted.relate_new(group, &id, &by.actor, by.now).map_err(|refused| refused.to_string())?;
    Ok((class, id))
}
