//! The Web API: what stands behind `/api/data/v9.2/`. Here only the way to the right room.

mod actions;
mod associations;
mod binding;
mod conditions;
mod delta;
mod list;
mod metadata;
mod metadata_columns;
mod multiple;
mod payload;
mod record;
mod render;

use serde_json::json;

pub(super) use metadata::metadata_id;
pub(super) use render::value as render_value;

use super::{
    access::Act,
    environment::Request,
    guid,
    refusal::Refusal,
    schema::{Table, TableId},
};
use crate::http::Answer;

/// A good answer with a JSON body.
fn ok(body: &serde_json::Value) -> Answer {
    Answer::new(200, "application/json; odata.metadata=minimal", body.to_string())
}

/// One part of the path: `incidents(6b0a…)`, name and what stands in the parentheses.
fn segment(text: &str) -> (&str, Option<&str>) {
    match text.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (text, None),
    }
}

/// At the slashes that stand outside quotation marks.
fn segments(path: &str) -> Vec<String> {
    let mut quoted = false;
    path.split(|letter: char| {
        quoted ^= letter == '\'';
        letter == '/' && !quoted
    })
    .filter(|part| !part.is_empty())
    .map(str::to_owned)
    .collect()
}

/// `%27` and the like. A plus sign stays one.
fn decode(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The room for a path behind the version.
pub(super) fn route(request: &Request<'_>, path: &str) -> Result<Answer, Refusal> {
    let parts = segments(&decode(path));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some((first, rest)) = parts.split_first() else { return Ok(service_document(request)) };
    let (name, key) = segment(first);
    let method = request.call.method.as_str();
    match (name, rest) {
        ("WhoAmI", []) if method == "GET" => return Ok(actions::who_am_i(request)),
        ("CloseIncident", []) if method == "POST" => return actions::close_incident(request),
        ("EntityDefinitions", _) if method == "GET" => return metadata::answer(request, key, rest),
        _ => {}
    }
    let table = request.environment.read().schema.set(name).ok_or_else(|| Refusal::no_segment(name))?;
    match (key, rest, method) {
        (None, [], "GET") => list::answer(request, table, None),
        (None, [], "POST") => record::create(request, table),
        (None, [action], "POST") => multiple::answer(request, table, action),
        (None, ["$count"], "GET") => list::count(request, table),
        (Some(key), [], "GET") => record::get(request, table, key),
        (Some(key), [], "PATCH") => record::patch(request, table, key),
        (Some(key), [], "DELETE") => record::delete(request, table, key),
        (Some(key), [navigation, "$ref"], "POST" | "PUT" | "DELETE") => associations::change(request, table, key, navigation),
        (Some(key), [related, "$ref"], "GET") => associations::list(request, table, key, related),
        (Some(key), [property], "PUT" | "DELETE") => record::put_property(request, table, key, property),
        (Some(key), [property], "GET") => record::get_property(request, table, key, property),
        _ => Err(Refusal::method()),
    }
}

fn service_document(request: &Request<'_>) -> Answer {
    let database = request.environment.read();
    let sets: Vec<_> = database
        .schema
        .tables()
        .map(|(_, table)| json!({"name": table.set_name, "kind": "EntitySet", "url": table.set_name}))
        .collect();
    ok(&json!({"@odata.context": format!("{}/$metadata", request.base), "value": sets}))
}

/// The table, when the session may do this to it.
fn permitted(request: &Request<'_>, table: TableId, act: Act) -> Result<Table, Refusal> {
    let database = request.environment.read();
    let table = database.table(table).cloned().ok_or_else(|| Refusal::no_segment(""))?;
    request.session.check(act, &table)?;
    Ok(table)
}

/// The address of a record.
fn address(request: &Request<'_>, table: &Table, id: u128) -> String {
    format!("{}/{}({})", request.base, table.set_name, guid::show(id))
}
