//! What a form wants: the properties, people, configuration items and comments by which `current` differs from `original`. Members that
//! are no property and no alias are not looked at (the portal's own forms send many), and what the server computes is left to it.

use serde_json::Value;
use uuid::Uuid;

use super::{api::member, instants, options::Options};
use crate::service_manager::model::{
    Actor, Class, CommentKind, Draft, Kind, ManagementGroup, Property, Refused, Relation, Value as Held,
};

/// A person in a relation that holds one: nothing wanted, or a person, or nobody.
type Person = Option<Option<Uuid>>;

/// Everything that is to be written.
#[derive(Debug)]
pub(super) struct Changes {
    class: Class,
    properties: Vec<(String, Option<Held>)>,
    affected: Person,
    assigned: Person,
    linked: Vec<(Relation, Uuid)>,
    unlinked: Vec<(Relation, Uuid)>,
    comments: Vec<(CommentKind, String, bool)>,
}

/// Compares; the text says which value cannot be one.
pub(super) fn read(
    group: &ManagementGroup,
    options: &Options,
    class: Class,
    current: &Value,
    original: Option<&Value>,
) -> Result<Changes, String> {
    let mut properties = Vec::new();
    for property in group.properties(class).iter().filter(|property| !property.read_only) {
        let Some(wanted) = current.get(property.name.as_ref()) else { continue };
        let wanted = value(property, wanted)?;
        let was = original.and_then(|original| original.get(property.name.as_ref()));
        let was = was.map(|was| value(property, was)).transpose()?;
        // Compared as values: the same list value under another name is the same.
        if was.as_ref() != Some(&wanted) && (was.is_some() || wanted.is_some()) {
            properties.push((property.name.to_string(), wanted));
        }
    }
    let person = |alias: &str| {
        let wanted = current.get(alias)?;
        let wanted = base_id(wanted);
        let was = original.and_then(|original| original.get(alias)).and_then(base_id);
        (wanted != was).then_some(wanted)
    };
    let mut changes = Changes {
        class,
        properties,
        affected: person("RequestedWorkItem"),
        assigned: person("AssignedWorkItem"),
        linked: Vec::new(),
        unlinked: Vec::new(),
        comments: comments(current)?,
    };
    for (alias, relation) in [("AboutConfigItem", Relation::About), ("RelatesToConfigItem", Relation::RelatesTo)] {
        if relation == Relation::About && !options.about_config_item {
            continue;
        }
        let Some(wanted) = current.get(alias) else { continue };
        let wanted = base_ids(wanted);
        let was = original.and_then(|original| original.get(alias)).map(base_ids).unwrap_or_default();
        changes.linked.extend(wanted.iter().filter(|id| !was.contains(id)).map(|id| (relation, *id)));
        changes.unlinked.extend(was.iter().filter(|id| !wanted.contains(id)).map(|id| (relation, *id)));
    }
    Ok(changes)
}

fn base_id(object: &Value) -> Option<Uuid> {
    Uuid::try_parse(object.get("BaseId")?.as_str()?).ok()
}

/// An alias may hold one object or several.
fn base_ids(alias: &Value) -> Vec<Uuid> {
    match alias {
        Value::Array(objects) => objects.iter().filter_map(base_id).collect(),
        object => base_id(object).into_iter().collect(),
    }
}

/// New entries of the logs: those without a GUID. Action logs are the console's own and are not taken.
fn comments(current: &Value) -> Result<Vec<(CommentKind, String, bool)>, String> {
    const LONG: usize = 4000;
    let mut found = Vec::new();
    for (alias, kind) in [("AnalystComments", CommentKind::Analyst), ("UserComments", CommentKind::User)] {
        let entries = match current.get(alias) {
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(entry @ Value::Object(_)) => std::slice::from_ref(entry),
            _ => &[],
        };
        for entry in entries.iter().filter(|entry| base_id(entry).is_none()) {
            if let Some(text) = member(entry, "Comment").and_then(Value::as_str) {
                if text.encode_utf16().count() > LONG {
                    return Err(Refused::TooLong("Comment".to_owned(), LONG).to_string());
                }
                found.push((kind, text.to_owned(), member(entry, "IsPrivate") == Some(&Value::Bool(true))));
            }
        }
    }
    Ok(found)
}

/// A value as its property takes it; the published client sends everything but list values as text.
fn value(property: &Property, given: &Value) -> Result<Option<Held>, String> {
    let wrong = || format!("The value of {} has the wrong type.", property.name);
    Ok(match (property.kind, given) {
        (Kind::Enumeration(_), Value::Object(parts)) => match parts.get("Id") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) if id.is_empty() => None,
            Some(Value::String(id)) => Some(Held::Enumeration(Uuid::try_parse(id).map_err(|_| wrong())?)),
            Some(_) => return Err(wrong()),
        },
        (_, Value::Null) => None,
        (Kind::Text(_), Value::String(text)) => (!text.is_empty()).then(|| Held::Text(text.clone())),
        (_, Value::String(text)) if text.is_empty() => None,
        (Kind::Integer, Value::Number(number)) => Some(Held::Integer(number.as_i64().ok_or_else(wrong)?)),
        (Kind::Integer, Value::String(text)) => Some(Held::Integer(text.parse().map_err(|_| wrong())?)),
        // An empty switch is shown as off.
        (Kind::Boolean, Value::Bool(yes)) => yes.then_some(Held::Boolean(true)),
        (Kind::Boolean, Value::String(text)) => text.eq_ignore_ascii_case("true").then_some(Held::Boolean(true)),
        (Kind::Date, Value::String(text)) => Some(Held::Date(instants::read(text).ok_or_else(wrong)?)),
        _ => return Err(wrong()),
    })
}

impl Changes {
    /// What a new object begins with.
    pub(super) fn draft(&self) -> Draft {
        let filled = self.properties.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        Draft {
            properties: filled.collect(),
            config_items: self.linked.clone(),
            affected_user: self.affected.flatten(),
            ..Draft::default()
        }
    }

    /// What a new object gets beside its draft.
    pub(super) fn relate_new(&self, group: &mut ManagementGroup, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        if let Some(person) = self.assigned.flatten() {
            group.assign(self.class, id, person, actor, now)?;
        }
        self.comment(group, id, actor, now)
    }

    /// Writes it to an object; refused before anything is written where that can be told.
    pub(super) fn apply(&self, group: &mut ManagementGroup, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        if let Some((_, missing)) = self.linked.iter().find(|(_, id)| group.computer(*id).is_none()) {
            return Err(Refused::NoConfigItem(*missing));
        }
        let empty = self.properties.is_empty();
        let related = self.affected.is_some() || self.assigned.is_some() || !self.linked.is_empty();
        // A commit without any change is a commit all the same; one of relations alone leaves the object itself alone.
        if !empty || !(related || !self.unlinked.is_empty() || !self.comments.is_empty()) {
            group.update(self.class, id, &self.properties, actor, now)?;
        }
        if let Some(person) = self.affected {
            group.set_affected_user(self.class, id, person, actor, now)?;
        }
        match self.assigned {
            Some(Some(person)) => group.assign(self.class, id, person, actor, now)?,
            Some(None) => group.unassign(self.class, id, actor, now)?,
            None => {}
        }
        for link in &self.linked {
            group.link(self.class, id, *link, actor, now)?;
        }
        for link in &self.unlinked {
            group.unlink(self.class, id, *link, actor, now)?;
        }
        self.comment(group, id, actor, now)
    }

    fn comment(&self, group: &mut ManagementGroup, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        for (kind, text, private) in &self.comments {
            group.comment(self.class, id, (*kind, text, *private), actor, now)?;
        }
        Ok(())
    }
}
