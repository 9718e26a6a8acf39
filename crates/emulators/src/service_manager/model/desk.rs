//! What a story does to the management group, the same whichever front an integration talks to: people act through the console, an
//! administrator through PowerShell. [`crate::desk::Desk`] of each front is this, plus its own wire and troubles.

use std::collections::BTreeMap;

use super::{
    class::{Class, Kind as PropertyKind},
    enumerations::Language,
    group::ManagementGroup,
    ids,
    people::PERSON,
    work_item::{CommentKind, ObjectStatus, Value, WorkItem},
    writing::{Actor, Draft},
};
use crate::desk::{Edit, Kind, Phase, Seen};

impl From<Kind> for Class {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Incident => Self::Incident,
            Kind::ChangeRequest => Self::ChangeRequest,
        }
    }
}

impl ManagementGroup {
    /// All living work items of a kind, oldest first.
    #[must_use]
    pub fn seen(&self, kind: Kind) -> Vec<Seen> {
        self.items(kind.into()).filter(|item| item.status == ObjectStatus::Active).map(|item| self.see(item)).collect()
    }

    fn see(&self, item: &WorkItem) -> Seen {
        let status = item.enumeration("Status");
        let within = |ancestor| status.is_some_and(|status| self.enumerations.within(status, ancestor));
        let cancelled = ids::unpublished("ChangeStatusEnum.Cancelled");
        let completed = ids::unpublished("ChangeStatusEnum.Completed");
        let phase = if within(item.class.closed()) || within(cancelled) {
            Phase::Closed
        } else if within(ids::RESOLVED) || within(completed) {
            Phase::Resolved
        } else {
            Phase::Open
        };
        let label = |id| self.enumerations.get(id).map(|node| node.label(Language::English).to_owned()).unwrap_or_default();
        let computers = item.config_items.iter().filter_map(|(_, id)| self.computer(*id));
        Seen {
            id: item.id.clone(),
            number: item.id.clone(),
            key: item.text(&self.settings.key_property).to_owned(),
            title: item.text("Title").to_owned(),
            description: item.text("Description").to_owned(),
            phase,
            state: status.map(label).unwrap_or_default(),
            notes: item
                .comments
                .iter()
                .filter(|comment| comment.kind != CommentKind::Action)
                .map(|comment| comment.text.clone())
                .collect(),
            computers: computers.map(|computer| computer.principal_name.clone()).collect(),
            fields: self.fields(item),
        }
    }

    /// Every property: enumerations by full name, dates as ISO 8601.
    fn fields(&self, item: &WorkItem) -> BTreeMap<String, String> {
        let text = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            Value::Enumeration(id) => self.enumerations.get(*id).map(|node| node.name.clone()).unwrap_or_default(),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(yes) => yes.to_string(),
            Value::Date(at) => jiff::Timestamp::from_millisecond(*at).map(|at| at.to_string()).unwrap_or_default(),
        };
        let properties = self.properties(item.class).iter();
        let mut fields: BTreeMap<String, String> = properties
            .map(|property| (property.name.to_string(), item.value(&property.name).as_ref().map(text).unwrap_or_default()))
            .collect();
        let assigned = item.assigned_to.and_then(|id| self.people.iter().find(|person| person.base_id == id));
        fields.insert("AssignedTo".to_owned(), assigned.map(|person| person.display_name.clone()).unwrap_or_default());
        fields
    }

    /// A person files a work item in the console; its `Id`, empty when the title is too long for one.
    pub fn file(&mut self, kind: Kind, title: &str, now: i64) -> String {
        let class = Class::from(kind);
        let mut properties = vec![("Title".to_owned(), Value::Text(title.to_owned()))];
        if class == Class::Incident {
            properties.push(("Impact".to_owned(), Value::Enumeration(ids::IMPACT_MEDIUM)));
            properties.push(("Urgency".to_owned(), Value::Enumeration(ids::URGENCY_MEDIUM)));
            properties.push(("Source".to_owned(), Value::Enumeration(ids::SOURCE_CONSOLE)));
        }
        self.create(class, &Draft { properties, ..Draft::default() }, &Actor::new(PERSON), now).unwrap_or_default()
    }

    /// A person changes a work item in the console, with an administrator's rights where it is closed. Her name goes with it, and she
    /// moves `LastModified` unless she only adds a note.
    pub fn edit(&mut self, kind: Kind, id: &str, edit: &Edit, now: i64) {
        let class = Class::from(kind);
        let actor = Actor::administrator(PERSON);
        // What a person cannot do leaves the item as it was; a story sees that.
        match edit {
            Edit::Field(name, text) => {
                let value = self.value_of(class, name, text);
                self.update(class, id, &[(name.clone(), value)], &actor, now).ok();
            }
            Edit::Title(title) => {
                self.update(class, id, &[("Title".to_owned(), Some(Value::Text(title.clone())))], &actor, now).ok();
            }
            Edit::Note(text) => {
                self.comment(class, id, (CommentKind::Analyst, text, false), &actor, now).ok();
            }
            Edit::Assign(name) => {
                let person = self.people.iter().find(|person| person.display_name == *name).map(|person| person.base_id);
                if let Some(person) = person {
                    self.assign(class, id, person, &actor, now).ok();
                }
            }
            Edit::Resolve => match class {
                Class::Incident => {
                    let category = ids::unpublished("IncidentResolutionCategoryEnum.FixedByAnalyst");
                    self.resolve(id, Some(category), "Fixed", &actor, now).ok();
                }
                Class::ChangeRequest => self.set_status(id, "ChangeStatusEnum.Completed", &actor, now),
            },
            Edit::Close => {
                self.close(class, id, &actor, now).ok();
            }
            Edit::Reopen => match class {
                Class::Incident => {
                    self.reopen(id, &actor, now).ok();
                }
                Class::ChangeRequest => self.set_status(id, "ChangeStatusEnum.InProgress", &actor, now),
            },
        }
    }

    fn set_status(&mut self, id: &str, name: &str, actor: &Actor, now: i64) {
        let status = Value::Enumeration(ids::unpublished(name));
        self.update(Class::ChangeRequest, id, &[("Status".to_owned(), Some(status))], actor, now).ok();
    }

    /// A text as the property takes it: enumerations by GUID, name or what people see. An empty or unreadable one empties the property.
    #[must_use]
    pub fn value_of(&self, class: Class, name: &str, text: &str) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        match self.property(class, name)?.kind {
            PropertyKind::Text(_) => Some(Value::Text(text.to_owned())),
            PropertyKind::Enumeration(list) => {
                let found = self.enumerations.resolve(list, text).or_else(|| self.enumerations.by_label(list, text))?;
                Some(Value::Enumeration(found.id))
            }
            PropertyKind::Integer => text.parse().ok().map(Value::Integer),
            PropertyKind::Boolean => text.parse().ok().map(Value::Boolean),
            PropertyKind::Date => text.parse::<jiff::Timestamp>().ok().map(|at| Value::Date(at.as_millisecond())),
        }
    }
}
