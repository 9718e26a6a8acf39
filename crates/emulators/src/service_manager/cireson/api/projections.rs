//! Reading objects with their relations: one, by criteria, and the one that a template would make.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Request, member, text};
use crate::{
    http::Answer,
    service_manager::{
        cireson::{
            access::Session,
            answers,
            criteria::{self, Condition, Name, Operator},
            options::{Missing, NewBaseId},
            portal::Portal,
            render::{self, Renderer},
        },
        model::{Class, Computer, Kind, ManagementGroup, ObjectStatus, Person, Position, Value as Held, WorkItem, ids},
    },
};

/// What a projection is of.
#[derive(Clone, Copy)]
enum Target {
    Items(Class),
    Computers,
    People,
}

fn target(projection: Uuid) -> Option<Target> {
    match projection {
        id if id == Class::Incident.projection() => Some(Target::Items(Class::Incident)),
        id if id == Class::ChangeRequest.projection() => Some(Target::Items(Class::ChangeRequest)),
        ids::COMPUTER_PROJECTION => Some(Target::Computers),
        ids::USER_PROJECTION => Some(Target::People),
        _ => None,
    }
}

fn no_projection(id: &str) -> Answer {
    answers::error(format!("The type projection {id} was not found."))
}

/// `Projection/CreateProjectionByTemplate`: what is to be, with an `Id` of its own that is used up by this call.
pub(super) fn create_by_template(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let (id, creator) = (request.guid("id")?, request.guid("createdById")?);
    let mut group = portal.write();
    let template = group.templates().iter().find(|template| template.id == id).cloned();
    let template = template.ok_or_else(|| answers::error(format!("The object template {id} was not found.")))?;
    let reserved = group.reserve(template.class);
    let base_id = (portal.options.new_base_id == NewBaseId::Reserved).then_some(reserved.base_id);
    let renderer = Renderer { group: &group, language: session.language, options: &portal.options };
    let now = portal.now();
    Ok(answers::data(&renderer.unsaved(template.class, &reserved, base_id, &template.values, Some(creator), now)))
}

/// `Projection/GetProjection`: by `IR1043` or by the GUID of the object.
pub(super) fn one(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let id = request.needed("id")?;
    let projection = request.guid("typeProjectionId")?;
    let group = portal.read();
    let renderer = Renderer { group: &group, language: session.language, options: &portal.options };
    let base_id = Uuid::try_parse(id).ok();
    let found = match target(projection).ok_or_else(|| no_projection(&projection.to_string()))? {
        Target::Items(class) => {
            let item = base_id.map_or_else(|| group.item(class, id), |id| group.item_by_base_id(id));
            let item = item.filter(|item| item.class == class && shown(portal, item));
            item.map(|item| renderer.work_item(item))
        }
        Target::Computers => base_id.and_then(|id| group.computer(id)).map(render::computer),
        Target::People => group.people().iter().find(|person| Some(person.base_id) == base_id).map(render::user),
    };
    match (found, portal.options.missing) {
        (Some(found), _) => Ok(answers::data(&found)),
        (None, Missing::Null) => Ok(answers::data(&Value::Null)),
        (None, Missing::Error) => Err(answers::error(format!("The object {id} was not found."))),
    }
}

fn shown(portal: &Portal, item: &WorkItem) -> bool {
    portal.options.shows_deleted || item.status == ObjectStatus::Active
}

/// `Projection/GetProjectionByCriteria`: everything that fits, at once, in no particular order.
pub(super) fn by_criteria(portal: &Portal, request: &Request<'_>, session: &Session) -> Result<Answer, Answer> {
    let body = request.json()?;
    let projection = text(&body, "Id");
    let target = Uuid::try_parse(projection).ok().and_then(target).ok_or_else(|| no_projection(projection))?;
    let expression = criteria::parse(member(&body, "Criteria").unwrap_or(&Value::Null)).map_err(answers::error)?;
    let group = portal.read();
    let kind = |name: &Name| kind_of(&group, target, name);
    let condition = criteria::compile(&expression, portal.options.instants, &kind).map_err(answers::error)?;
    let renderer = Renderer { group: &group, language: session.language, options: &portal.options };
    let found: Vec<Value> = match target {
        Target::Items(class) => {
            let mut items = candidates(&group, class, &condition);
            items.retain(|item| shown(portal, item) && condition.matches(&|name| of_item(item, name)));
            // The database promises no order; GUIDs have none that a client could take for one.
            items.sort_by_key(|item| item.base_id);
            if portal.options.row_limit.is_some_and(|limit| items.len() > limit) {
                return Err(answers::error(
                    "Execution Timeout Expired. The timeout period elapsed prior to completion of the operation.",
                ));
            }
            items.into_iter().map(|item| renderer.work_item(item)).collect()
        }
        Target::Computers => {
            let fits = |computer: &&Computer| condition.matches(&|name| of_computer(computer, name));
            group.computers().iter().filter(fits).map(render::computer).collect()
        }
        Target::People => {
            let fits = |person: &&Person| condition.matches(&|name| of_person(person, name));
            group.people().iter().filter(fits).map(render::user).collect()
        }
    };
    Ok(answers::data(&json!(found)))
}

/// Work items that can fit, found by an index where the condition has one.
fn candidates<'a>(group: &'a ManagementGroup, class: Class, condition: &Condition) -> Vec<&'a WorkItem> {
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    for (name, operator, value) in condition.certain() {
        match (name, operator, value) {
            (Name::Generic(name), Operator::Equal, Held::Text(id)) if name == "Id" => {
                return Uuid::try_parse(id)
                    .ok()
                    .and_then(|id| group.item_by_base_id(id))
                    .filter(|item| item.class == class)
                    .into_iter()
                    .collect();
            }
            (Name::Property(_, name), Operator::Equal, Held::Text(id)) if name == "Id" => {
                return group.item(class, id).into_iter().collect();
            }
            (Name::Generic(name), Operator::Greater | Operator::GreaterEqual, Held::Date(at)) if name == "LastModified" => {
                from = from.max(*at);
            }
            (Name::Generic(name), Operator::Less | Operator::LessEqual, Held::Date(at)) if name == "LastModified" => {
                to = to.min(*at);
            }
            _ => {}
        }
    }
    group.changed(class, &Position::From(from)).take_while(|item| item.last_modified <= to).collect()
}

/// What a property holds, or that there is none. Generic properties are those of every object.
fn kind_of(group: &ManagementGroup, target: Target, name: &Name) -> Result<Kind, String> {
    const TEXT: Kind = Kind::Text(usize::MAX);
    let unknown = |name: &str| Err(format!("The property '{name}' does not exist."));
    match name {
        Name::Generic(name) => match (name.as_str(), target) {
            ("Id" | "DisplayName" | "FullName" | "Name", _) => Ok(TEXT),
            ("LastModified" | "TimeAdded", Target::Items(_)) => Ok(Kind::Date),
            (other, _) => unknown(other),
        },
        Name::Property(of, name) => match target {
            Target::Items(class) if *of == class.id() => match group.property(class, name) {
                Some(property) => Ok(property.kind),
                None if name == "ObjectStatus" => Ok(Kind::Enumeration(Uuid::nil())),
                None => unknown(name),
            },
            // The GUID of the class of computers is not published: any is taken here.
            Target::Computers => match name.as_str() {
                "PrincipalName" | "NetbiosComputerName" | "DNSName" | "DisplayName" => Ok(TEXT),
                "ObjectStatus" => Ok(Kind::Enumeration(Uuid::nil())),
                _ => unknown(name),
            },
            Target::People if [ids::AD_USER, ids::DOMAIN_USER].contains(of) => match name.as_str() {
                "UserName" | "Domain" | "DisplayName" | "UPN" => Ok(TEXT),
                "ObjectStatus" => Ok(Kind::Enumeration(Uuid::nil())),
                _ => unknown(name),
            },
            _ => Err(format!("The class {of} is not part of the type projection.")),
        },
    }
}

fn of_item(item: &WorkItem, name: &Name) -> Option<Held> {
    match name {
        Name::Generic(name) => match name.as_str() {
            "Id" => Some(Held::Text(item.base_id.to_string())),
            "LastModified" => Some(Held::Date(item.last_modified)),
            "TimeAdded" => Some(Held::Date(item.time_added)),
            "FullName" => Some(Held::Text(format!("{}:{}", item.class.name(), item.id))),
            "Name" => Some(Held::Text(item.id.clone())),
            _ => item.value("DisplayName"),
        },
        Name::Property(_, name) if name == "ObjectStatus" => Some(Held::Enumeration(match item.status {
            ObjectStatus::Active => ids::OBJECT_ACTIVE,
            ObjectStatus::PendingDelete => ids::OBJECT_PENDING_DELETE,
        })),
        Name::Property(_, name) => item.value(name),
    }
}

/// The texts of an object that is always alive, by what its JSON shows.
fn of_shown(object: &Value, name: &Name) -> Option<Held> {
    let shown = match name {
        Name::Generic(name) if name == "Id" => object.get("BaseId"),
        Name::Generic(name) if name == "Name" => object.get("PrincipalName").or_else(|| object.get("UserName")),
        Name::Property(_, name) if name == "ObjectStatus" => return Some(Held::Enumeration(ids::OBJECT_ACTIVE)),
        Name::Generic(name) | Name::Property(_, name) => object.get(name),
    };
    shown.and_then(Value::as_str).map(|text| Held::Text(text.to_owned()))
}

fn of_computer(computer: &Computer, name: &Name) -> Option<Held> {
    of_shown(&render::computer(computer), name)
}

fn of_person(person: &Person, name: &Name) -> Option<Held> {
    of_shown(&render::user(person), name)
}
