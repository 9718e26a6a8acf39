//! The Table API: read, list, create, change and delete records.

use super::{
    parameters::Parameters,
    payload,
    render::{Plan, Renderer},
};
use crate::{
    http::{Answer, Call},
    servicenow::{
        database::{Database, Place},
        errors::Refusal,
        instance::{Instance, Session},
        query::{self, Context},
        schema::TableId,
        writing::{self, Hand},
    },
};

/// Which of the API's versions was named in the path; only an empty list tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Latest,
}

/// Answers one request on `/table/{table}[/{sys_id}]`.
pub(crate) fn answer(
    instance: &Instance,
    call: &Call,
    session: &Session,
    version: Version,
    path: &[&str],
) -> Result<Answer, Refusal> {
    accepts_json(call)?;
    let (name, sys_id) = match path {
        [table] => (*table, None),
        [table, sys_id] => (*table, Some(*sys_id)),
        _ => return Err(Refusal::no_resource(&call.path)),
    };
    let parameters = Parameters::read(&call.query)?;
    let table = instance.read().schema.id(name).ok_or_else(|| Refusal::invalid_table(name))?;
    match (call.method.as_str(), sys_id) {
        ("GET", None) => list(instance, call, session, version, table, &parameters),
        ("GET", Some(sys_id)) => one(instance, session, table, sys_id, &parameters),
        ("POST", None) => create(instance, call, session, table, &parameters),
        ("PATCH" | "PUT", Some(sys_id)) => change(instance, call, session, table, sys_id, &parameters),
        ("DELETE", Some(sys_id)) => delete(instance, session, table, sys_id),
        (method, _) => Err(Refusal::method(method)),
    }
}

fn accepts_json(call: &Call) -> Result<(), Refusal> {
    let accept = call.header("accept").unwrap_or("*/*").to_ascii_lowercase();
    if accept.contains("json") || accept.contains("*/*") || accept.contains("application/*") {
        return Ok(());
    }
    Err(Refusal::new(406, "Not acceptable", Some("The requested media type is not supported: accept application/json")))
}

fn renderer<'a>(
    instance: &'a Instance,
    database: &'a Database,
    session: &'a Session,
    view: TableId,
    parameters: &'a Parameters,
) -> Renderer<'a> {
    Renderer {
        database,
        view,
        fields: parameters.fields.as_deref(),
        show: parameters.show,
        exclude_link: parameters.exclude_link,
        base: instance.url(),
        zone: instance.zone(),
        restrictions: &session.restrictions,
    }
}

fn list(
    instance: &Instance,
    call: &Call,
    session: &Session,
    version: Version,
    table: TableId,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    let database = instance.read();
    let lineage = database.schema.lineage(table);
    let query = query::parse(&parameters.query);
    let fields =
        query.alternatives.iter().flatten().flatten().map(|term| &term.field).chain(query.order.iter().map(|order| &order.field));
    if fields.into_iter().any(|field| session.restrictions.read_denied(&lineage, field.split('.').next())) {
        return Err(Refusal::insufficient_rights());
    }
    let request = query::Request {
        table,
        query: &query,
        context: Context { now: instance.now(), zone: instance.zone(), user: &session.user },
        offset: parameters.offset,
        limit: parameters.limit,
        count: !parameters.no_count,
        strict: instance.property("glide.invalid_query.returns_no_rows"),
    };
    let mut found = query::find(&database, request);
    let on_page = found.places.len();
    if session.restrictions.read_denied(&lineage, None) {
        found.places.clear();
    }
    // What `X-Total-Count` holds where records are hidden is not documented; clients have to live with both.
    if instance.property("emulator.count_readable_only") {
        let mut all = query::find(&database, query::Request { offset: 0, limit: usize::MAX, ..request }).places;
        leave_out_hidden(&database, session, &lineage, &mut all, request.context);
        found.total = all.len();
    }
    leave_out_hidden(&database, session, &lineage, &mut found.places, request.context);
    found.places.truncate(on_page.saturating_sub(session.restrictions.short()));
    if found.places.is_empty() && version == Version::One {
        return Err(Refusal::no_record());
    }
    let mut body = Vec::with_capacity(64 + found.places.len() * 1536);
    body.extend_from_slice(b"{\"result\":[");
    let renderer = renderer(instance, &database, session, table, parameters);
    let mut plan = Plan::new();
    for (position, place) in found.places.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        renderer.record(&mut plan, *place, &mut body);
    }
    body.extend_from_slice(b"]}");
    let mut answer = json(200, body);
    if !parameters.no_count {
        answer = answer.with_header("X-Total-Count", found.total.to_string());
    }
    if !parameters.no_link_header
        && let Some(link) = links(instance.url(), call, parameters, found.total, on_page)
    {
        answer = answer.with_header("Link", link);
    }
    Ok(answer)
}

fn leave_out_hidden(database: &Database, session: &Session, lineage: &[String], places: &mut Vec<Place>, context: Context<'_>) {
    for hidden in session.restrictions.hidden(lineage) {
        query::leave_out(database, places, &query::parse(hidden), context);
    }
}

/// One header for all relations; `None` when one page holds everything. Commas stay raw, as on instances.
fn links(base: &str, call: &Call, parameters: &Parameters, total: usize, on_page: usize) -> Option<String> {
    let (limit, offset) = (parameters.limit, parameters.offset);
    let more = if parameters.no_count { on_page == limit } else { offset.saturating_add(limit) < total };
    if offset == 0 && !more {
        return None;
    }
    let kept: Vec<&str> = call.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("sysparm_offset=")).collect();
    let kept = kept.join("&").replace("%2C", ",").replace("%2c", ",");
    let item = |offset: i128, relation: &str| format!("<{base}{}?{kept}&sysparm_offset={offset}>;rel=\"{relation}\"", call.path);
    let wide = |number: usize| i128::try_from(number).unwrap_or(i128::MAX);
    let mut items = vec![item(0, "first")];
    if offset > 0 {
        // An offset smaller than the limit gives a negative one, as seen on instances.
        items.push(item(wide(offset) - wide(limit), "prev"));
    }
    if more {
        items.push(item(wide(offset) + wide(limit), "next"));
    }
    if !parameters.no_count {
        items.push(item(wide(total.saturating_sub(1) / limit * limit), "last"));
    }
    Some(items.join(","))
}

fn place_of(database: &Database, table: TableId, sys_id: &str) -> Result<Place, Refusal> {
    database.find(table, sys_id).ok_or_else(Refusal::no_record)
}

fn one(instance: &Instance, session: &Session, table: TableId, sys_id: &str, parameters: &Parameters) -> Result<Answer, Refusal> {
    let database = instance.read();
    let place = place_of(&database, table, sys_id)?;
    let lineage = database.schema.lineage(place.table);
    let mut visible = vec![place];
    let context = Context { now: instance.now(), zone: instance.zone(), user: &session.user };
    leave_out_hidden(&database, session, &lineage, &mut visible, context);
    if visible.is_empty() || session.restrictions.read_denied(&lineage, None) {
        return Err(Refusal::no_record());
    }
    Ok(json(200, single(instance, &database, session, table, place, parameters)))
}

fn single(
    instance: &Instance,
    database: &Database,
    session: &Session,
    table: TableId,
    place: Place,
    parameters: &Parameters,
) -> Vec<u8> {
    let mut body = b"{\"result\":".to_vec();
    renderer(instance, database, session, table, parameters).record(&mut Plan::new(), place, &mut body);
    body.push(b'}');
    body
}

fn hand<'a>(instance: &Instance, session: &'a Session, display: bool) -> Hand<'a> {
    Hand {
        name: &session.name,
        user: &session.user,
        now: instance.now(),
        zone: instance.zone(),
        display,
        administrator: false,
        restrictions: &session.restrictions,
    }
}

fn silent(call: &Call) -> bool {
    call.header("x-no-response-body").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn create(
    instance: &Instance,
    call: &Call,
    session: &Session,
    table: TableId,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    let values = payload::columns(call)?;
    let mut database = instance.write();
    let place = writing::insert(&mut database, table, &values, &hand(instance, session, parameters.input_display))?;
    database.refresh_choices();
    let name = database.schema.table(table).map_or("", |table| table.name.as_str());
    let location = format!("{}/api/now/table/{name}/{}", instance.url(), database.value(place, "sys_id"));
    let body = if silent(call) { Vec::new() } else { single(instance, &database, session, table, place, parameters) };
    Ok(json(201, body).with_header("Location", location))
}

fn change(
    instance: &Instance,
    call: &Call,
    session: &Session,
    table: TableId,
    sys_id: &str,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    let values = payload::columns(call)?;
    let mut database = instance.write();
    let place = place_of(&database, table, sys_id)?;
    writing::update(&mut database, place, &values, &hand(instance, session, parameters.input_display))?;
    database.refresh_choices();
    if silent(call) {
        return Ok(json(200, Vec::new()));
    }
    Ok(json(200, single(instance, &database, session, table, place, parameters)))
}

fn delete(instance: &Instance, session: &Session, table: TableId, sys_id: &str) -> Result<Answer, Refusal> {
    let mut database = instance.write();
    let place = place_of(&database, table, sys_id)?;
    writing::delete(&mut database, place, &hand(instance, session, false))?;
    database.refresh_choices();
    Ok(Answer::empty(204))
}

fn json(status: u16, body: Vec<u8>) -> Answer {
    Answer::new(status, "application/json;charset=UTF-8", body)
}
