//! A request, read strictly: what it asks for, its query parameters and the members of its body. Nothing unknown passes.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use super::problem::Problem;
use crate::{
    http::Call,
    service_manager::model::{Class, Kind, ManagementGroup, Value},
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    Health,
    Metadata,
    Computers,
    CreateComputer,
    List(Class),
    Read(Class, String),
    Create,
    Update(String),
    Comments(Class, String),
    Comment(String),
}

impl Operation {
    /// As faults call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Metadata => "metadata",
            Self::Computers => "computers",
            Self::CreateComputer => "create_computer",
            Self::List(_) => "list",
            Self::Read(..) => "read",
            Self::Create => "create",
            Self::Update(_) => "update",
            Self::Comments(..) => "comments",
            Self::Comment(_) => "comment",
        }
    }

    /// Whether it changes something.
    pub(super) fn writes(&self) -> bool {
        matches!(self, Self::CreateComputer | Self::Create | Self::Update(_) | Self::Comment(_))
    }

    /// From method and path; what stands before `/v1/` does not matter.
    pub(super) fn of(call: &Call) -> Result<Self, Problem> {
        let path = call.path.find("/v1/").and_then(|start| call.path.get(start + 4..)).unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        let id = |text: &str| {
            // Ids have letters and digits only, so nothing of them is ever escaped.
            text.to_owned()
        };
        let class = |name: &str| match name {
            "incidents" => Some(Class::Incident),
            "changes" => Some(Class::ChangeRequest),
            _ => None,
        };
        let (allowed, found): (&str, Option<Self>) = match (call.method.as_str(), segments.as_slice()) {
            (method, ["health"]) => ("GET", (method == "GET").then_some(Self::Health)),
            (method, ["metadata"]) => ("GET", (method == "GET").then_some(Self::Metadata)),
            ("POST", ["computers"]) => ("", Some(Self::CreateComputer)),
            (method, ["computers"]) => ("GET, POST", (method == "GET").then_some(Self::Computers)),
            ("POST", ["incidents"]) => ("", Some(Self::Create)),
            ("PATCH", ["incidents", one]) if !one.is_empty() => ("", Some(Self::Update(id(one)))),
            ("POST", ["incidents", one, "comments"]) => ("", Some(Self::Comment(id(one)))),
            (method, [kind, rest @ ..]) => {
                let Some(class) = class(kind) else { return Err(Self::nothing(&call.path)) };
                let get = method == "GET";
                match (class, rest) {
                    (Class::Incident, []) => ("GET, POST", get.then_some(Self::List(class))),
                    (_, []) => ("GET", get.then_some(Self::List(class))),
                    (Class::Incident, [one]) if !one.is_empty() => ("GET, PATCH", get.then_some(Self::Read(class, id(one)))),
                    (_, [one]) if !one.is_empty() => ("GET", get.then_some(Self::Read(class, id(one)))),
                    (Class::Incident, [one, "comments"]) => ("GET, POST", get.then_some(Self::Comments(class, id(one)))),
                    (_, [one, "comments"]) => ("GET", get.then_some(Self::Comments(class, id(one)))),
                    _ => return Err(Self::nothing(&call.path)),
                }
            }
            (_, []) => return Err(Self::nothing(&call.path)),
        };
        found.ok_or_else(|| Problem::new("not_allowed", format!("{} takes {allowed}", call.path)).with("allow", allowed))
    }

    fn nothing(path: &str) -> Problem {
        Problem::new("not_found", format!("there is no {path}"))
    }
}

/// Query parameters, each once and none but these.
pub(super) fn query(call: &Call, known: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
        if !known.contains(&name.as_ref()) {
            return Err(Problem::bad_request(format!("there is no parameter {name}; there are {}", known.join(", "))));
        }
        if found.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Problem::bad_request(format!("{name} stands twice")));
        }
    }
    Ok(found)
}

/// The members of the body, none but these.
pub(super) fn body(call: &Call, known: &[&str]) -> Result<Map<String, Json>, Problem> {
    let media_type = call.header("content-type").unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new("unsupported_media_type", "send Content-Type: application/json"));
    }
    let Ok(Json::Object(members)) = serde_json::from_slice(&call.body) else {
        return Err(Problem::bad_request("the body must be a JSON object"));
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Problem::bad_request(format!("there is no member {unknown}; there are {}", known.join(", ")))),
        None => Ok(members),
    }
}

/// A text member; absent and null are the same.
pub(super) fn text(members: &Map<String, Json>, name: &str) -> Result<Option<String>, Problem> {
    match members.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Problem::bad_request(format!("{name} must be a text"))),
    }
}

/// A switch; absent is false.
pub(super) fn switch(members: &Map<String, Json>, name: &str) -> Result<bool, Problem> {
    match members.get(name) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(yes)) => Ok(*yes),
        Some(_) => Err(Problem::bad_request(format!("{name} must be true or false"))),
    }
}

/// Names of computers, 50 at most.
pub(super) fn names(members: &Map<String, Json>, name: &str) -> Result<Vec<String>, Problem> {
    const MOST: usize = 50;
    let wrong = || Problem::bad_request(format!("{name} must be a list of names"));
    let list = match members.get(name) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(wrong)?,
    };
    if list.len() > MOST {
        return Err(Problem::property("invalid_value", name, format!("{name} takes {MOST} names")));
    }
    list.iter().map(|entry| entry.as_str().filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(wrong)).collect()
}

/// `properties` as the server takes them, checked; null empties a property.
pub(super) fn properties(group: &ManagementGroup, members: &Map<String, Json>) -> Result<Vec<(String, Option<Value>)>, Problem> {
    let given = match members.get("properties") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Object(given)) => given,
        Some(_) => return Err(Problem::bad_request("properties must be an object")),
    };
    let mut found = Vec::new();
    for (name, json) in given {
        if *name == group.settings().key_property {
            return Err(Problem::property("invalid_value", name, format!("{name} holds the correlation key")));
        }
        let value = value(group, name, json)?;
        group.check(Class::Incident, name, value.as_ref())?;
        found.push((name.clone(), value));
    }
    Ok(found)
}

/// One property of an incident.
pub(super) fn value(group: &ManagementGroup, name: &str, json: &Json) -> Result<Option<Value>, Problem> {
    let Some(property) = group.property(Class::Incident, name) else {
        return Err(Problem::property("invalid_value", name, format!("incidents have no property {name}")));
    };
    let wrong = |wanted: &str| Problem::property("invalid_value", name, format!("{name} takes {wanted}"));
    let value = match (property.kind, json) {
        (_, Json::Null) => return Ok(None),
        (Kind::Text(_), Json::String(text)) => Value::Text(text.clone()),
        (Kind::Enumeration(list), Json::String(text)) => {
            let missing = || Problem::property("invalid_enum", name, format!("{name}: there is no \"{text}\""));
            Value::Enumeration(group.enumerations().resolve(list, text).ok_or_else(missing)?.id)
        }
        (Kind::Integer, Json::Number(number)) => Value::Integer(number.as_i64().ok_or_else(|| wrong("a whole number"))?),
        (Kind::Boolean, Json::Bool(yes)) => Value::Boolean(*yes),
        (Kind::Date, Json::String(text)) => {
            let at: Result<jiff::Timestamp, _> = text.parse();
            Value::Date(at.map_err(|_| wrong("an instant such as 2026-09-01T10:00:00Z"))?.as_millisecond())
        }
        (Kind::Text(_), _) => return Err(wrong("a text")),
        (Kind::Enumeration(_), _) => {
            return Err(Problem::property("invalid_enum", name, format!("{name} takes an id or a name")));
        }
        (Kind::Integer, _) => return Err(wrong("a whole number")),
        (Kind::Boolean, _) => return Err(wrong("true or false")),
        (Kind::Date, _) => return Err(wrong("an instant")),
    };
    Ok(Some(value))
}
