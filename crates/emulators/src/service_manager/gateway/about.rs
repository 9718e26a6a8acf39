//! What a client asks about the installation: health, metadata and computers.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::{
    BODY_LIMIT, instants,
    problem::Problem,
    render::{self, Renderer},
    request,
    service::{Desk, Floor, Stop},
};
use crate::{
    http::{Answer, Call},
    service_manager::model::{Class, Kind, Language, ids},
};

/// (name in the metadata, class, property)
const LISTS: &[(&str, Class, &str)] = &[
    ("incident.status", Class::Incident, "Status"),
    ("incident.impact", Class::Incident, "Impact"),
    ("incident.urgency", Class::Incident, "Urgency"),
    ("incident.classification", Class::Incident, "Classification"),
    ("incident.source", Class::Incident, "Source"),
    ("incident.tierQueue", Class::Incident, "TierQueue"),
    ("incident.resolutionCategory", Class::Incident, "ResolutionCategory"),
    ("change.status", Class::ChangeRequest, "Status"),
    ("change.priority", Class::ChangeRequest, "Priority"),
    ("change.impact", Class::ChangeRequest, "Impact"),
    ("change.risk", Class::ChangeRequest, "Risk"),
    ("change.category", Class::ChangeRequest, "Category"),
    ("change.area", Class::ChangeRequest, "Area"),
    ("change.implementationResults", Class::ChangeRequest, "ImplementationResults"),
];

/// Always answered; `server` says whether the management server lets itself be spoken to.
pub(super) fn health(desk: &Desk<'_>, server: bool) -> Answer {
    let (status, message) = if server { ("ok", "") } else { ("failed", "the management server cannot be reached") };
    Answer::json(
        200,
        &json!({
            "status": status,
            "gateway": "1.0",
            "protocol": 1,
            "server": "scsm01.contoso.com",
            "serverVersion": "10.22.1068.0",
            "utc": instants::show(desk.now),
            "user": desk.actor.account,
            "checks": [{"name": "sdk", "status": status, "message": message}],
            "capabilities": {
                "createComputers": desk.options.create_computers,
                "deletedItems": desk.options.tells_deleted,
                "counts": desk.options.counts,
                "comments": true,
            },
            "limits": {
                "page": desk.options.page,
                "bodyBytes": BODY_LIMIT,
                "requestSeconds": 50,
                "idempotencyDays": 30,
                "settleSeconds": desk.options.settle_seconds,
            },
        }),
    )
}

pub(super) fn metadata(desk: &Desk<'_>, call: &Call) -> Answer {
    let renderer: Renderer<'_> = desk.renderer();
    let list = |root| -> Vec<Json> {
        desk.group.enumerations().values(root).into_iter().map(|node| renderer.node(root, node)).collect()
    };
    let root = |class, property: &str| match desk.group.property(class, property).map(|property| property.kind) {
        Some(Kind::Enumeration(root)) => Some(root),
        _ => None,
    };
    let enums: Map<String, Json> = LISTS
        .iter()
        .filter_map(|(name, class, property)| Some(((*name).to_owned(), list(root(*class, property)?).into())))
        .collect();
    let kind_of = |class| if class == Class::Incident { "incident" } else { "change" };
    let templates: Vec<Json> = desk
        .group
        .templates()
        .iter()
        .map(|it| json!({"id": it.id, "name": it.name, "label": it.label, "workItemType": kind_of(it.class)}))
        .collect();
    let properties: Vec<Json> = desk
        .group
        .properties(Class::Incident)
        .iter()
        .map(|property| {
            let length = if let Kind::Text(length) = property.kind { Some(length) } else { None };
            let list =
                LISTS.iter().find(|(_, class, name)| *class == Class::Incident && property.name == *name).map(|(name, ..)| *name);
            let held = property.name == desk.group.settings().key_property;
            json!({
                "name": property.name,
                "kind": render::kind(property.kind),
                "maxLength": length,
                "list": list,
                "readOnly": property.read_only || held,
            })
        })
        .collect();
    let language = if desk.options.language == Language::German { "DEU" } else { "ENU" };
    let mut body = json!({
        "language": language,
        "enums": enums,
        "templates": templates,
        "supportGroups": list(ids::TIER_QUEUE),
        "properties": {"incident": properties},
    });
    let digest = Sha256::digest(body.to_string().as_bytes());
    let start = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let etag = format!("{start:032x}");
    let quoted = format!("\"{etag}\"");
    let known = call.header("if-none-match").unwrap_or_default();
    if known.split(',').map(str::trim).any(|tag| tag == quoted || tag == "*") {
        return Answer::empty(304).with_header("ETag", quoted);
    }
    if let Some(members) = body.as_object_mut() {
        members.insert("etag".to_owned(), etag.into());
    }
    Answer::json(200, &body).with_header("ETag", quoted)
}

pub(super) fn computers(desk: &Desk<'_>, call: &Call) -> Result<Answer, Problem> {
    const MOST: usize = 20;
    let parameters = request::query(call, &["name"])?;
    let name = parameters.get("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Problem::bad_request("name is missing"))?;
    let found: Vec<Json> = desk.group.computers_named(name).into_iter().take(MOST).map(render::computer).collect();
    Ok(Answer::json(200, &json!({"items": found})))
}

pub(super) fn create_computer(floor: &mut Floor<'_>, call: &Call) -> Result<Answer, Stop> {
    let members = request::body(call, &["principalName"])?;
    let name = request::text(&members, "principalName")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Problem::bad_request("principalName is missing"))?;
    if !floor.options.create_computers {
        return Err(Problem::new("access_denied", "this gateway does not create computers").into());
    }
    match floor.group.computers_named(&name).as_slice() {
        [] => {}
        [one] => return Ok(Answer::json(200, &render::computer(one))),
        _ => return Err(Problem::new("ambiguous", format!("several computers are called {name}")).into()),
    }
    let id = floor.group.add_computer(&name, false);
    Ok(Answer::json(201, &floor.group.computer(id).map(render::computer).unwrap_or_default()))
}
