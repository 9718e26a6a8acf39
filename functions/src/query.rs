//! Query parameters: the choices of the old ITSM action in an action group's URL, what a sync by hand shall do, and what a list shall
//! hold. Values are never shown in an error, for the query also holds the key.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use connector::route::Choices;
use connector::rows::RecordKind;
use connector::store::{Filter, RecordFilter, RecordTable};
use connector::sync::Order;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use url::form_urlencoded;

use crate::nearest;
use crate::problem::Problem;

const PARAMETERS: [&str; 4] = ["per", "template", "field.NAME", "code"];
/// Entries of a list unless told otherwise.
const LISTED: u16 = 100;

/// `base` (a route's choices, or none) with what `query` chooses instead.
pub(crate) fn choices(query: Option<&str>, mut base: Choices) -> Result<Choices, Problem> {
    let Some(query) = query else { return Ok(base) };
    let (mut code, mut per, mut template) = (false, None, None);
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.contains('\u{fffd}') {
            return Err(bad(&name, "is not UTF-8").remedy("percent-encode the UTF-8 bytes of the value"));
        }
        let twice = match &*name {
            "code" => std::mem::replace(&mut code, true),
            "per" => per.replace(parse_name("per", &value, &["alert", "rule", "ci", "row"])?).is_some(),
            "template" => template.replace(not_empty("template", &value)?).is_some(),
            other => match other.strip_prefix("field.") {
                Some("") => return Err(bad(other, "names no field").remedy("write field.NAME=VALUE")),
                Some(field) => fields.insert(field.to_owned(), value.into_owned()).is_some(),
                None => return Err(unknown(other, &PARAMETERS)),
            },
        };
        if twice {
            return Err(bad(&name, "is given twice").remedy("give each parameter once"));
        }
    }
    base.per = per.unwrap_or(base.per);
    base.template = template.or(base.template);
    base.fields.extend(fields);
    Ok(base)
}

/// What a sync by hand shall do, without a budget.
pub(crate) fn order(query: Option<&str>) -> Result<Order, Problem> {
    let given = given(query, &["days", "full", "code"])?;
    let days = given.get("days").map(|days| parse_days(days)).transpose()?;
    let full = given.get("full").map(|full| parse_flag("full", full)).transpose()?;
    Ok(Order { days, full: full.unwrap_or_default(), ..Order::default() })
}

/// Which deliveries a list shall hold.
pub(crate) fn deliveries(query: Option<&str>) -> Result<Filter, Problem> {
    let given = given(query, &["connection", "status", "limit", "code"])?;
    let names = ["waiting", "working", "done", "dead_letter"];
    let status = given.get("status").map(|status| parse_name("status", status, &names)).transpose()?;
    let limit = parse_limit(given.get("limit"))?;
    Ok(Filter { connection: given.get("connection").cloned(), status, limit: limit.into() })
}

/// Which rows a list shall hold: of records of one kind or all, or of the connector's log.
pub(crate) fn records(query: Option<&str>) -> Result<RecordFilter, Problem> {
    let given = given(query, &["kind", "limit", "code"])?;
    let limit = Some(parse_limit(given.get("limit"))?.into());
    let (table, kind) = match given.get("kind").map(String::as_str) {
        None => (RecordTable::ServiceDesk, None),
        Some("incident") => (RecordTable::ServiceDesk, Some(RecordKind::Incident)),
        Some("change_request") => (RecordTable::ServiceDesk, Some(RecordKind::ChangeRequest)),
        Some("log") => (RecordTable::Log, None),
        Some(other) => return Err(unknown_value("kind", other, &["incident", "change_request", "log"])),
    };
    Ok(RecordFilter { table, kind: kind.map(|kind| kind.as_str().to_owned()), limit, ..RecordFilter::default() })
}

/// Whether only one connection is meant, and which.
pub(crate) fn connection(query: Option<&str>) -> Result<Option<String>, Problem> {
    Ok(given(query, &["connection", "code"])?.remove("connection"))
}

/// For functions that take no parameters but the key.
pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
    let mut names = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).map(|(name, _)| name);
    names.find(|name| name != "code").map_or(Ok(()), |name| Err(unknown(&name, &["code"])))
}

/// Values by name, each given once, none but `valid`.
fn given(query: Option<&str>, valid: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if !valid.contains(&&*name) {
            return Err(unknown(&name, valid));
        }
        if given.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(bad(&name, "is given twice").remedy("give each parameter once"));
        }
    }
    Ok(given)
}

fn parse_name<'a, T: Deserialize<'a>>(name: &str, value: &'a str, valid: &[&str]) -> Result<T, Problem> {
    let deserializer: serde::de::value::StrDeserializer<'a, ValueError> = value.into_deserializer();
    T::deserialize(deserializer).map_err(|_| unknown_value(name, value, valid))
}

fn unknown_value(name: &str, value: &str, valid: &[&str]) -> Problem {
    bad(name, "has an unknown value").remedy(nearest::remedy("value", value, valid.iter().copied()))
}

fn parse_limit(value: Option<&String>) -> Result<u16, Problem> {
    let Some(value) = value else { return Ok(LISTED) };
    let limit = value.parse().ok().filter(|limit| (1..=500).contains(limit));
    limit.ok_or_else(|| bad("limit", "is not a number of entries").remedy("write a number from 1 to 500, for example limit=50"))
}

fn parse_days(value: &str) -> Result<u16, Problem> {
    let days = value.parse().ok().filter(|days| (1..=120).contains(days));
    days.ok_or_else(|| bad("days", "is not a number of days").remedy("write a number from 1 to 120, for example days=30"))
}

fn parse_flag(name: &'static str, value: &str) -> Result<bool, Problem> {
    value.parse().map_err(|_| bad(name, "is neither true nor false").remedy(format!("write {name}=true, or leave it out")))
}

fn not_empty(name: &'static str, value: &str) -> Result<String, Problem> {
    if value.is_empty() {
        return Err(bad(name, "is empty").remedy("give it a value or leave it out"));
    }
    Ok(value.to_owned())
}

fn bad(name: &str, what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A query parameter is wrong")
        .detail(format!("query parameter \"{}\" {what}", nearest::shown(name)))
}

fn unknown(name: &str, valid: &[&str]) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "unknown-parameter", "A query parameter is unknown")
        .detail(format!("there is no query parameter \"{}\"", nearest::shown(name)))
        .remedy(nearest::remedy("parameter", name, valid.iter().copied()))
}
