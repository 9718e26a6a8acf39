//! The Aggregate API, as far as counting goes.

use std::collections::BTreeMap;

use serde_json::json;
use url::form_urlencoded;

use super::parameters::Parameters;
use crate::{
    http::{Answer, Call},
    servicenow::{
        errors::Refusal,
        instance::{Instance, Session},
        query::{self, Context, Path},
    },
};

/// `GET /api/now/stats/{table}`
pub(crate) fn answer(instance: &Instance, call: &Call, session: &Session, name: &str) -> Result<Answer, Refusal> {
    if call.method != "GET" {
        return Err(Refusal::method(&call.method));
    }
    let database = instance.read();
    let table = database.schema.id(name).ok_or_else(|| Refusal::invalid_table(name))?;
    let mut group_by = Vec::new();
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(call.query.as_bytes()) {
        match key.as_ref() {
            "sysparm_group_by" => group_by = value.split(',').map(str::to_owned).collect(),
            "sysparm_query" => {
                rest.append_pair(&key, &value);
            }
            _ => {}
        }
    }
    let parameters = Parameters::read(&rest.finish())?;
    let request = query::Request {
        table,
        query: &query::parse(&parameters.query),
        context: Context { now: instance.now(), zone: instance.zone(), user: &session.user },
        offset: 0,
        limit: if group_by.is_empty() { 0 } else { usize::MAX },
        count: true,
        strict: instance.property("glide.invalid_query.returns_no_rows"),
    };
    let mut found = query::find(&database, request);
    if session.restrictions.read_denied(&database.schema.lineage(table), None) {
        found = query::Found::default();
    }
    if group_by.is_empty() {
        return Ok(Answer::json(200, &json!({"result": {"stats": {"count": found.total.to_string()}}})));
    }
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for place in found.places {
        let Some(definition) = database.schema.table(place.table) else { continue };
        let key = group_by.iter().map(|field| {
            Path::resolve(&database, definition, field).map(|path| path.value(&database, place).to_owned()).unwrap_or_default()
        });
        *groups.entry(key.collect()).or_insert(0) += 1;
    }
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(values, count)| {
            let fields: Vec<_> =
                group_by.iter().zip(values).map(|(field, value)| json!({"field": field, "value": value})).collect();
            json!({"stats": {"count": count.to_string()}, "groupby_fields": fields})
        })
        .collect();
    Ok(Answer::json(200, &json!({"result": groups})))
}
