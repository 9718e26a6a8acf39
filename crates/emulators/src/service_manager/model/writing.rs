//! Creating and changing work items, with the server's checks: types, lengths, enumerations, read-only properties and closed items.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use uuid::Uuid;

use super::{
    class::{Class, Kind},
    group::ManagementGroup,
    ids,
    relations::Reserved,
    work_item::{ObjectStatus, Relation, Value, WorkItem},
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `DOMAIN\user`
    pub account: String,
    /// May change closed items.
    pub administrator: bool,
}

impl Actor {
    /// An analyst or an integration.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self { account: account.to_owned(), administrator: false }
    }

    /// A member of *Administrators*.
    #[must_use]
    pub fn administrator(account: &str) -> Self {
        Self { account: account.to_owned(), administrator: true }
    }
}

/// A new work item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Applied first; the properties stand above it.
    pub template: Option<Uuid>,
    /// By name.
    pub properties: Vec<(String, Value)>,
    /// Affected and related configuration items.
    pub config_items: Vec<(Relation, Uuid)>,
    /// `System.WorkItemAffectedUser`
    pub affected_user: Option<Uuid>,
    /// An `Id` that was [reserved](ManagementGroup::reserve) before; otherwise the next one.
    pub reserved: Option<Reserved>,
}

/// Why the server does not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No such work item, or it is deleted.
    NoItem(String),
    /// No such template for this class.
    NoTemplate(Uuid),
    /// No such object to relate to.
    NoConfigItem(Uuid),
    /// The class has no such property.
    NoProperty(String),
    /// The server alone sets it.
    ReadOnlyProperty(String),
    /// Not the property's type.
    WrongType(String),
    /// Longer than this.
    TooLong(String, usize),
    /// No value of the property's list.
    NoSuchValue(String, String),
    /// A property that has to be filled.
    Missing(String),
    /// Closed, and the actor is no administrator.
    Closed(String),
    /// There is a work item of this `Id` already.
    Exists(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoItem(id) => write!(formatter, "The work item {id} does not exist."),
            Self::NoTemplate(id) => write!(formatter, "The template {id} does not exist for this class."),
            Self::NoConfigItem(id) => write!(formatter, "The configuration item {id} does not exist."),
            Self::NoProperty(name) => write!(formatter, "The class has no property {name}."),
            Self::ReadOnlyProperty(name) => write!(formatter, "The property {name} is set by the server."),
            Self::WrongType(name) => write!(formatter, "The value of {name} has the wrong type."),
            Self::TooLong(name, length) => write!(formatter, "The value of {name} is longer than {length} characters."),
            Self::NoSuchValue(name, value) => write!(formatter, "{value} is not a value of the list of {name}."),
            Self::Missing(name) => write!(formatter, "The property {name} has to be filled."),
            Self::Exists(id) => write!(formatter, "A work item with the Id {id} exists already."),
            Self::Closed(id) => write!(formatter, "The work item {id} is closed and can only be read."),
        }
    }
}

impl std::error::Error for Refused {}

impl ManagementGroup {
    /// Creates a work item from `{prefix}{0}`; its `Id`. All or nothing.
    pub fn create(&mut self, class: Class, draft: &Draft, actor: &Actor, now: i64) -> Result<String, Refused> {
        let mut values: BTreeMap<Cow<'static, str>, Value> = BTreeMap::new();
        values.insert("CreatedDate".into(), Value::Date(now));
        values.insert("Status".into(), Value::Enumeration(class.first_status()));
        if let Some(id) = draft.template {
            let template = self.templates.iter().find(|template| template.id == id && template.class == class);
            let template = template.ok_or(Refused::NoTemplate(id))?;
            for (name, value) in &template.values {
                values.insert(name.clone().into(), value.clone());
            }
        }
        for (name, value) in &draft.properties {
            self.check(class, name, Some(value))?;
            values.insert(name.clone().into(), value.clone());
        }
        for required in
            ["Title"].into_iter().chain((class == Class::Incident).then_some(["Impact", "Urgency"]).into_iter().flatten())
        {
            let filled = values.get(required).is_some_and(|value| *value != Value::Text(String::new()));
            if !filled {
                return Err(Refused::Missing(required.to_owned()));
            }
        }
        if let Some((_, missing)) = draft.config_items.iter().find(|(_, id)| self.computer(*id).is_none()) {
            return Err(Refused::NoConfigItem(*missing));
        }
        let Reserved { id, base_id } = match &draft.reserved {
            Some(reserved) if self.item(class, &reserved.id).is_some() => return Err(Refused::Exists(reserved.id.clone())),
            Some(reserved) => reserved.clone(),
            None => self.reserve(class),
        };
        let mut item = WorkItem {
            class,
            base_id,
            id: id.clone(),
            last_modified: now,
            time_added: now,
            revision: 1,
            status: ObjectStatus::Active,
            assigned_to: None,
            affected_user: draft.affected_user,
            created_by: self.person(&actor.account).map(|person| person.base_id),
            resolved_by: None,
            config_items: Vec::new(),
            comments: Vec::new(),
            values,
        };
        for link in &draft.config_items {
            if !item.config_items.contains(link) {
                item.config_items.push(*link);
            }
        }
        compute(&mut item);
        self.insert(item);
        Ok(id)
    }

    /// Sets properties (`None` empties one) and moves `LastModified`, also when nothing differs. All or nothing.
    pub fn update(
        &mut self,
        class: Class,
        id: &str,
        changes: &[(String, Option<Value>)],
        actor: &Actor,
        now: i64,
    ) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        for (name, value) in changes {
            self.check(class, name, value.as_ref())?;
        }
        self.write(class, id, changes, now);
        Ok(())
    }

    /// The work item, if this actor may change it.
    pub(super) fn open(&self, class: Class, id: &str, actor: &Actor) -> Result<&WorkItem, Refused> {
        let item = self.living(class, id).ok_or_else(|| Refused::NoItem(id.to_owned()))?;
        if item.enumeration("Status") == Some(class.closed()) && !actor.administrator {
            return Err(Refused::Closed(item.id.clone()));
        }
        Ok(item)
    }

    /// Writes what has been checked.
    pub(super) fn write(&mut self, class: Class, id: &str, changes: &[(String, Option<Value>)], now: i64) {
        self.change(class, id, |item| {
            for (name, value) in changes {
                match value {
                    Some(value) => item.values.insert(name.clone().into(), value.clone()),
                    None => item.values.remove(name.as_str()),
                };
            }
            compute(item);
            item.last_modified = now;
            item.revision += 1;
        });
    }

    /// Whether a client may set a property to a value.
    pub fn check(&self, class: Class, name: &str, value: Option<&Value>) -> Result<(), Refused> {
        let property = self.property(class, name).ok_or_else(|| Refused::NoProperty(name.to_owned()))?;
        if property.read_only {
            return Err(Refused::ReadOnlyProperty(name.to_owned()));
        }
        match (property.kind, value) {
            (Kind::Text(length), Some(Value::Text(text))) if text.encode_utf16().count() > length => {
                Err(Refused::TooLong(name.to_owned(), length))
            }
            (Kind::Enumeration(list), Some(Value::Enumeration(value)))
                if *value == list || !self.enumerations.within(*value, list) =>
            {
                Err(Refused::NoSuchValue(name.to_owned(), value.to_string()))
            }
            (_, None)
            | (Kind::Text(_), Some(Value::Text(_)))
            | (Kind::Enumeration(_), Some(Value::Enumeration(_)))
            | (Kind::Integer, Some(Value::Integer(_)))
            | (Kind::Boolean, Some(Value::Boolean(_)))
            | (Kind::Date, Some(Value::Date(_))) => Ok(()),
            _ => Err(Refused::WrongType(name.to_owned())),
        }
    }
}

/// What the server computes on every commit: the priority of an incident, from the matrix of impact and urgency. The matrix is the
/// customer's; this one gives 1 to 9, which is inferred.
fn compute(item: &mut WorkItem) {
    if item.class != Class::Incident {
        return;
    }
    let rank = |value: Option<Uuid>, high: Uuid, medium: Uuid, low: Uuid| match value? {
        value if value == high => Some(0),
        value if value == medium => Some(1),
        value if value == low => Some(2),
        _ => None,
    };
    let impact = rank(item.enumeration("Impact"), ids::IMPACT_HIGH, ids::IMPACT_MEDIUM, ids::IMPACT_LOW);
    let urgency = rank(item.enumeration("Urgency"), ids::URGENCY_HIGH, ids::URGENCY_MEDIUM, ids::URGENCY_LOW);
    match (impact, urgency) {
        (Some(impact), Some(urgency)) => item.values.insert("Priority".into(), Value::Integer(1 + impact * 3 + urgency)),
        _ => item.values.remove("Priority"),
    };
}
