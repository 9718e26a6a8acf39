//! Work items, computers, comments and lists as JSON.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::instants;
use crate::service_manager::model::{
    Class, Comment, CommentKind, Computer, Enumeration, Kind, Language, ManagementGroup, ObjectStatus, Relation, Value, WorkItem,
};

/// (member, property) of each class.
const INCIDENT: &[(&str, &str)] = &[
    ("title", "Title"),
    ("description", "Description"),
    ("status", "Status"),
    ("impact", "Impact"),
    ("urgency", "Urgency"),
    ("priority", "Priority"),
    ("classification", "Classification"),
    ("source", "Source"),
    ("tierQueue", "TierQueue"),
    ("escalated", "Escalated"),
    ("resolutionCategory", "ResolutionCategory"),
    ("resolutionDescription", "ResolutionDescription"),
    ("contactMethod", "ContactMethod"),
    ("created", "CreatedDate"),
    ("resolved", "ResolvedDate"),
    ("closed", "ClosedDate"),
];
const CHANGE: &[(&str, &str)] = &[
    ("title", "Title"),
    ("description", "Description"),
    ("status", "Status"),
    ("impact", "Impact"),
    ("priority", "Priority"),
    ("risk", "Risk"),
    ("category", "Category"),
    ("area", "Area"),
    ("reason", "Reason"),
    ("implementationResults", "ImplementationResults"),
    ("created", "CreatedDate"),
    ("requiredBy", "RequiredBy"),
    ("scheduledStart", "ScheduledStartDate"),
    ("scheduledEnd", "ScheduledEndDate"),
    ("actualStart", "ActualStartDate"),
    ("actualEnd", "ActualEndDate"),
];

/// The management group with a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renderer<'a> {
    pub(super) group: &'a ManagementGroup,
    pub(super) language: Language,
    /// Whether this caller may change closed items.
    pub(super) administrator: bool,
}

impl Renderer<'_> {
    pub(super) fn enumeration(&self, id: Uuid) -> Json {
        self.group
            .enumerations()
            .get(id)
            .map_or(Json::Null, |node| json!({"id": node.id, "name": node.name, "label": node.label(self.language)}))
    }

    /// A value of a list with its place in the tree; `parent` is null right below the list.
    pub(super) fn node(&self, list: Uuid, node: &Enumeration) -> Json {
        let parent = node.parent.filter(|parent| *parent != list);
        json!({"id": node.id, "name": node.name, "label": node.label(self.language), "parent": parent, "ordinal": node.ordinal})
    }

    fn value(&self, value: Option<&Value>) -> Json {
        match value {
            None => Json::Null,
            Some(Value::Text(text)) if text.is_empty() => Json::Null,
            Some(Value::Text(text)) => text.as_str().into(),
            Some(Value::Enumeration(id)) => self.enumeration(*id),
            Some(Value::Integer(number)) => (*number).into(),
            Some(Value::Boolean(yes)) => (*yes).into(),
            Some(Value::Date(at)) => instants::show(*at).into(),
        }
    }

    pub(super) fn item(&self, item: &WorkItem) -> Json {
        let mut out = Map::new();
        out.insert("id".to_owned(), item.id.as_str().into());
        out.insert("baseId".to_owned(), json!(item.base_id));
        let members = if item.class == Class::Incident { INCIDENT } else { CHANGE };
        for (member, property) in members {
            out.insert((*member).to_owned(), self.value(item.value(property).as_ref()));
        }
        let key_property = &self.group.settings().key_property;
        if item.class == Class::Incident {
            out.insert("correlationKey".to_owned(), self.value(item.value(key_property).as_ref()));
        }
        let person = |id: Option<Uuid>| {
            let found = id.and_then(|id| self.group.people().iter().find(|person| person.base_id == id));
            found.map_or(Json::Null, |person| person.display_name.as_str().into())
        };
        out.insert("affectedUser".to_owned(), person(item.affected_user));
        out.insert("assignedTo".to_owned(), person(item.assigned_to));
        out.insert("createdBy".to_owned(), person(item.created_by));
        if item.class == Class::Incident {
            out.insert("resolvedBy".to_owned(), person(item.resolved_by));
        }
        let about = item.config_items.iter().filter(|(relation, _)| *relation == Relation::About);
        let computers: Vec<&str> =
            about.filter_map(|(_, id)| self.group.computer(*id)).map(|computer| computer.principal_name.as_str()).collect();
        out.insert("computers".to_owned(), json!(computers));
        let status = if item.status == ObjectStatus::Active { "Active" } else { "PendingDelete" };
        out.insert("objectStatus".to_owned(), status.into());
        let closed = item.enumeration("Status") == Some(item.class.closed());
        out.insert("readOnly".to_owned(), (item.class != Class::Incident || closed && !self.administrator).into());
        let extensions = self.group.settings().extensions.iter().filter(|(class, _)| *class == item.class);
        let properties: Map<String, Json> = extensions
            .map(|(_, property)| (property.name.to_string(), self.value(item.value(&property.name).as_ref())))
            .collect();
        out.insert("properties".to_owned(), properties.into());
        out.insert("lastModified".to_owned(), instants::last_modified(item).into());
        out.insert("etag".to_owned(), instants::etag(item).into());
        out.into()
    }
}

pub(super) fn computer(computer: &Computer) -> Json {
    json!({
        "id": computer.base_id,
        "displayName": computer.display_name,
        "principalName": computer.principal_name,
        "netbiosName": computer.netbios_name,
    })
}

pub(super) fn comment(comment: &Comment) -> Json {
    let kind = match comment.kind {
        CommentKind::Analyst => "analyst",
        CommentKind::User => "user",
        CommentKind::Action => "action",
    };
    json!({
        "id": comment.id,
        "kind": kind,
        "text": comment.text,
        "enteredBy": comment.entered_by,
        "entered": instants::show(comment.entered),
        "private": comment.private,
    })
}

/// Name of a property's kind in the metadata.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text(_) => "text",
        Kind::Enumeration(_) => "enum",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
        Kind::Date => "date",
    }
}
