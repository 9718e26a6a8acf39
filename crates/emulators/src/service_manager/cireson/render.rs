//! Objects as the portal's JSON shows them: a projection is the object with all its properties, and its related objects under the
//! aliases of the projection.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    instants::{NEVER, show as instant},
    options::Options,
};
use crate::service_manager::model::{
    Class, Comment, CommentKind, Computer, Kind, Language, ManagementGroup, ObjectStatus, Person, Relation, Reserved,
    Value as Held, WorkItem, ids,
};

/// How a projection is shown.
pub(super) struct Renderer<'a> {
    pub(super) group: &'a ManagementGroup,
    pub(super) language: Language,
    pub(super) options: &'a Options,
}

impl Renderer<'_> {
    /// A work item with its related objects.
    pub(super) fn work_item(&self, item: &WorkItem) -> Value {
        let mut shown = head(item.class);
        put(&mut shown, "BaseId", json!(item.base_id));
        put(&mut shown, "FullName", json!(format!("{}:{}", item.class.name(), item.id)));
        put(&mut shown, "TimeAdded", json!(instant(item.time_added)));
        put(&mut shown, "LastModified", json!(instant(item.last_modified)));
        put(&mut shown, "ObjectStatus", object_status(item.status));
        for property in self.group.properties(item.class) {
            put(&mut shown, &property.name, self.value(property.kind, item.value(&property.name).as_ref()));
        }
        self.put_person(&mut shown, "RequestedWorkItem", item.affected_user);
        self.put_person(&mut shown, "AssignedWorkItem", item.assigned_to);
        self.put_person(&mut shown, "CreatedWorkItem", item.created_by);
        if self.options.about_config_item {
            put(&mut shown, "AboutConfigItem", self.config_items(item, Relation::About));
        }
        put(&mut shown, "RelatesToConfigItem", self.config_items(item, Relation::RelatesTo));
        for (alias, kind) in
            [("AnalystComments", CommentKind::Analyst), ("UserComments", CommentKind::User), ("ActionLogs", CommentKind::Action)]
        {
            put(&mut shown, alias, item.comments.iter().filter(|entry| entry.kind == kind).map(comment).collect());
        }
        Value::Object(shown)
    }

    /// A work item that is to be, from a template.
    pub(super) fn unsaved(
        &self,
        class: Class,
        reserved: &Reserved,
        base_id: Option<Uuid>,
        values: &[(String, Held)],
        creator: Option<Uuid>,
        now: i64,
    ) -> Value {
        let mut shown = head(class);
        put(&mut shown, "BaseId", json!(base_id));
        put(&mut shown, "FullName", Value::Null);
        put(&mut shown, "TimeAdded", json!(NEVER));
        put(&mut shown, "LastModified", json!(NEVER));
        put(&mut shown, "ObjectStatus", object_status(ObjectStatus::Active));
        for property in self.group.properties(class) {
            let held = values.iter().rev().find(|(name, _)| *name == property.name).map(|(_, value)| value.clone());
            let held = match property.name.as_ref() {
                "Id" => Some(Held::Text(reserved.id.clone())),
                "CreatedDate" => Some(Held::Date(now)),
                "Status" => held.or(Some(Held::Enumeration(class.first_status()))),
                _ => held,
            };
            put(&mut shown, &property.name, self.value(property.kind, held.as_ref()));
        }
        self.put_person(&mut shown, "CreatedWorkItem", creator);
        if self.options.about_config_item {
            put(&mut shown, "AboutConfigItem", json!([]));
        }
        for alias in ["RelatesToConfigItem", "AnalystComments", "UserComments", "ActionLogs"] {
            put(&mut shown, alias, json!([]));
        }
        Value::Object(shown)
    }

    /// An empty list value is an object without an id, everything else empty is `null`.
    fn value(&self, kind: Kind, held: Option<&Held>) -> Value {
        match held {
            None if matches!(kind, Kind::Enumeration(_)) => json!({"Id": null, "Name": ""}),
            None if kind == Kind::Boolean => Value::Bool(false),
            None => Value::Null,
            Some(Held::Text(text)) => json!(text),
            Some(Held::Integer(number)) => json!(number),
            Some(Held::Boolean(yes)) => json!(yes),
            Some(Held::Date(at)) => json!(instant(*at)),
            Some(Held::Enumeration(id)) => {
                let label = self.group.enumerations().get(*id).map(|node| node.label(self.language));
                json!({"Id": id, "Name": label.unwrap_or_default()})
            }
        }
    }

    /// Nobody is no member at all: the published client takes a `null` for somebody.
    fn put_person(&self, shown: &mut Map<String, Value>, alias: &str, id: Option<Uuid>) {
        if let Some(person) = id.and_then(|id| self.group.people().iter().find(|person| person.base_id == id)) {
            put(shown, alias, user(person));
        }
    }

    fn config_items(&self, item: &WorkItem, relation: Relation) -> Value {
        let ids = item.config_items.iter().filter(|(kind, _)| *kind == relation);
        ids.filter_map(|(_, id)| self.group.computer(*id)).map(computer).collect()
    }
}

fn head(class: Class) -> Map<String, Value> {
    let mut shown = Map::new();
    put(&mut shown, "ClassTypeId", json!(class.id()));
    put(&mut shown, "ClassName", json!(class.name()));
    shown
}

fn put(shown: &mut Map<String, Value>, name: &str, value: Value) {
    shown.insert(name.to_owned(), value);
}

/// Names of object statuses are not translated (inferred).
fn object_status(status: ObjectStatus) -> Value {
    match status {
        ObjectStatus::Active => json!({"Id": ids::OBJECT_ACTIVE, "Name": "Active"}),
        ObjectStatus::PendingDelete => json!({"Id": ids::OBJECT_PENDING_DELETE, "Name": "Pending Delete"}),
    }
}

fn comment(entry: &Comment) -> Value {
    let class = match entry.kind {
        CommentKind::Analyst => "System.WorkItem.TroubleTicket.AnalystCommentLog",
        CommentKind::User => "System.WorkItem.TroubleTicket.UserCommentLog",
        CommentKind::Action => "System.WorkItem.TroubleTicket.ActionLog",
    };
    json!({
        "BaseId": entry.id,
        "ClassName": class,
        "Comment": entry.text,
        "EnteredBy": entry.entered_by,
        "EnteredDate": instant(entry.entered),
        "IsPrivate": entry.private,
    })
}

/// A person as an object of the database.
pub(super) fn user(person: &Person) -> Value {
    let (first, last) = person.display_name.split_once(' ').unwrap_or((&person.display_name, ""));
    json!({
        "ClassTypeId": ids::AD_USER,
        "ClassName": "Microsoft.AD.User",
        "BaseId": person.base_id,
        "FullName": format!("Microsoft.AD.User:{}.{}", person.domain, person.user_name),
        "DisplayName": person.display_name,
        "Domain": person.domain,
        "UserName": person.user_name,
        "UPN": format!("{}@contoso.com", person.user_name),
        "FirstName": first,
        "LastName": last,
        "ObjectStatus": object_status(ObjectStatus::Active),
    })
}

/// The class of computers.
pub(super) const COMPUTER: &str = "Microsoft.Windows.Computer";

/// A computer as an object of the database.
pub(super) fn computer(computer: &Computer) -> Value {
    json!({
        "ClassTypeId": ids::COMPUTER,
        "ClassName": COMPUTER,
        "BaseId": computer.base_id,
        "FullName": format!("{COMPUTER}:{}", computer.principal_name),
        "DisplayName": computer.display_name,
        "PrincipalName": computer.principal_name,
        "NetbiosComputerName": computer.netbios_name,
        "DNSName": computer.principal_name,
        "ObjectStatus": object_status(ObjectStatus::Active),
    })
}
