//! Query parameters: the choices of the old ITSM action in an action group's URL, and what a sync by hand shall do. Values are
//! never shown in an error, for the query also holds the key.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use connector::route::{Choices, Per};
use connector::sync::Order;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use url::form_urlencoded;

use crate::nearest;
use crate::problem::Problem;

const PARAMETERS: [&str; 4] = ["per", "template", "field.NAME", "code"];
const ORDER: [&str; 3] = ["days", "full", "code"];
const PER: [&str; 4] = ["alert", "rule", "ci", "row"];

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
            "per" => per.replace(parse_per(&value)?).is_some(),
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
    let (mut code, mut days, mut full) = (false, None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let twice = match &*name {
            "code" => std::mem::replace(&mut code, true),
            "days" => days.replace(parse_days(&value)?).is_some(),
            "full" => full.replace(parse_flag("full", &value)?).is_some(),
            other => return Err(unknown(other, &ORDER)),
        };
        if twice {
            return Err(bad(&name, "is given twice").remedy("give each parameter once"));
        }
    }
    Ok(Order { days, full: full.unwrap_or_default(), ..Order::default() })
}

/// For functions that take no parameters but the key.
pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
    let mut names = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).map(|(name, _)| name);
    names.find(|name| name != "code").map_or(Ok(()), |name| Err(unknown(&name, &["code"])))
}

fn parse_per(value: &str) -> Result<Per, Problem> {
    let deserializer: serde::de::value::StrDeserializer<'_, ValueError> = value.into_deserializer();
    Per::deserialize(deserializer)
        .map_err(|_| bad("per", "has an unknown value").remedy(nearest::remedy("value", value, PER.into_iter())))
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
