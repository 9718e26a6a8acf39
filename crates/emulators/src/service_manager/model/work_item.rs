//! One work item with its relations.

use std::{borrow::Cow, collections::BTreeMap};

use uuid::Uuid;

use super::class::Class;

/// What a property holds at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A value of a list.
    Enumeration(Uuid),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// Milliseconds since 1970, UTC.
    Date(i64),
}

/// Whether an object lives; deleting marks it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectStatus {
    /// Alive.
    Active,
    /// Deleted, and still in the database until it is groomed.
    PendingDelete,
}

/// Which log a comment stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentKind {
    /// `System.WorkItem.TroubleTicket.AnalystCommentLog`
    Analyst,
    /// `System.WorkItem.TroubleTicket.UserCommentLog`
    User,
    /// `System.WorkItem.TroubleTicket.ActionLog`: what the console writes by itself.
    Action,
}

/// An entry of a log, an object of its own that is related to the work item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// GUID of the entry.
    pub id: Uuid,
    /// Which log.
    pub kind: CommentKind,
    /// `Comment`
    pub text: String,
    /// `EnteredBy`, `DOMAIN\user`.
    pub entered_by: String,
    /// `EnteredDate`, milliseconds since 1970.
    pub entered: i64,
    /// `IsPrivate`; end users do not see it.
    pub private: bool,
}

/// How a work item is related to a configuration item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `System.WorkItemAboutConfigItem`: affected.
    About,
    /// `System.WorkItemRelatesToConfigItem`: related.
    RelatesTo,
}

/// An incident or a change request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// Its class.
    pub class: Class,
    /// GUID of the object.
    pub base_id: Uuid,
    /// `IR1043`
    pub id: String,
    /// `LastModified`, milliseconds since 1970.
    pub last_modified: i64,
    /// `TimeAdded`, milliseconds since 1970.
    pub time_added: i64,
    /// Counts every change of properties, from 1: tells two changes in one millisecond apart.
    pub revision: u64,
    /// Whether it lives.
    pub status: ObjectStatus,
    /// `System.WorkItemAssignedToUser`
    pub assigned_to: Option<Uuid>,
    /// `System.WorkItemAffectedUser`
    pub affected_user: Option<Uuid>,
    /// `System.WorkItemCreatedByUser`
    pub created_by: Option<Uuid>,
    /// `System.WorkItemResolvedByUser`
    pub resolved_by: Option<Uuid>,
    /// Configuration items with their relation, in the order of linking.
    pub config_items: Vec<(Relation, Uuid)>,
    /// Entries of all logs, oldest first.
    pub comments: Vec<Comment>,
    pub(super) values: BTreeMap<Cow<'static, str>, Value>,
}

impl WorkItem {
    /// What a property holds; `Id` and `DisplayName` too. `None` when it is empty or there is no such property.
    #[must_use]
    pub fn value(&self, property: &str) -> Option<Value> {
        match property {
            "Id" => Some(Value::Text(self.id.clone())),
            "DisplayName" => Some(Value::Text(format!("{} - {}", self.id, self.text("Title")))),
            name => self.values.get(name).cloned(),
        }
    }

    /// The text of a text property, empty when it is empty.
    #[must_use]
    pub fn text(&self, property: &str) -> &str {
        match self.values.get(property) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The value of an enumeration property.
    #[must_use]
    pub fn enumeration(&self, property: &str) -> Option<Uuid> {
        match self.values.get(property) {
            Some(Value::Enumeration(id)) => Some(*id),
            _ => None,
        }
    }

    /// The instant of a date property, milliseconds since 1970.
    #[must_use]
    pub fn date(&self, property: &str) -> Option<i64> {
        match self.values.get(property) {
            Some(Value::Date(at)) => Some(*at),
            _ => None,
        }
    }

    /// All properties that hold something, by name; without `Id` and `DisplayName`.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_ref(), value))
    }
}
