//! One record: created, read, changed, put in or left alone, deleted. Every write of the Web API ends in [`write_new`] or [`write_over`],
//! where plug-ins, access checks and lost connections strike.

use serde_json::{Map, Value, json};

use super::{
    super::{
        access::Act,
        database::{Cell, Database, Row, Taken},
        environment::{Lost, Request},
        faults::Effect,
        guid,
        query::options::Query,
        refusal::Refusal,
        schema::{Required, Table, TableId},
        writing::{self, Change, Hand},
    },
    address,
    binding::{self, Key},
    conditions, ok, payload, permitted, render,
};
use crate::http::Answer;

fn hand(request: &Request<'_>) -> Hand {
    Hand { user: request.session.user, now: request.environment.now() }
}

/// What plug-ins and access checks say to a write.
fn strike(request: &Request<'_>, table: &Table, further: &[Effect]) -> Result<(), Refusal> {
    for effect in request.effects.iter().chain(further) {
        match effect {
            Effect::Plugin { table: name, message } if *name == table.logical_name => {
                return Err(Refusal::new(request.environment.options.plugin_status, "0x80040265", message.clone()));
            }
            Effect::AccessDenied { table: name } if *name == table.logical_name => {
                let message = format!(
                    "Principal with id {} does not have CreateAccess right(s) for record with id {} of entity {}",
                    guid::show(request.session.user),
                    guid::show(0),
                    table.logical_name
                );
                return Err(Refusal::new(403, "0x80048306", message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Puts a new record in.
pub(super) fn write_new(
    request: &Request<'_>,
    database: &mut Database,
    table: (TableId, &Table),
    id: Option<u128>,
    changes: &[Change],
) -> Result<u128, Refusal> {
    let (place, definition) = table;
    request.session.check(Act::Create, definition)?;
    strike(request, definition, &request.environment.refused_creates())?;
    if definition.logical_name == "incident" && request.environment.options.customer_required {
        let customer = definition.place("customerid");
        if !changes.iter().any(|(place, cell)| Some(*place) == customer && *cell != Cell::Null) {
            // The text is the server's, the code is a guess.
            return Err(Refusal::new(400, "0x80040203", "You should specify a parent contact or account."));
        }
    }
    let missing = definition.columns.iter().enumerate().find(|(place, column)| {
        column.required == Required::System
            && column.create
            && *place != definition.places.id
            && Some(*place) != definition.places.owner
            && column.name != "customerid"
            && !changes.iter().any(|(other, _)| other == place)
    });
    if let Some((_, column)) = missing {
        return Err(Refusal::new(400, "0x80040203", format!("Attribute '{}' cannot be NULL", column.name)));
    }
    let closed = |(place, cell): &Change| Some(*place) == definition.places.state && *cell == Cell::Integer(1);
    if definition.closed_by_action && changes.iter().any(closed) {
        return Err(resolved_by_hand(definition));
    }
    let loss = if database.schema.keeps_work_items(&definition.logical_name) { request.environment.loss() } else { Lost::No };
    if loss == Lost::Before {
        return Err(Refusal::silence());
    }
    let status = request.environment.options.duplicate_status;
    let id = id.unwrap_or_else(|| database.new_id());
    if database.row(place, id).is_some() {
        return Err(writing::duplicate(Taken::Primary, status));
    }
    let cells = writing::new_cells(database, place, id, changes, hand(request));
    if let Some(taken) = database.taken(place, id, &cells) {
        return Err(writing::duplicate(taken, status));
    }
    database.put(place, id, cells);
    if loss == Lost::After { Err(Refusal::silence()) } else { Ok(id) }
}

/// Puts a changed record in the place of its older self.
pub(super) fn write_over(
    request: &Request<'_>,
    database: &mut Database,
    table: (TableId, &Table),
    row: &Row,
    changes: &[Change],
) -> Result<(), Refusal> {
    let (place, definition) = table;
    request.session.check(Act::Write, definition)?;
    strike(request, definition, &[])?;
    let closes =
        |(place, cell): &Change| Some(*place) == definition.places.state && *cell == Cell::Integer(1) && row.get(*place) != cell;
    if definition.closed_by_action && changes.iter().any(closes) {
        return Err(resolved_by_hand(definition));
    }
    let Cell::Id(id) = *row.get(definition.places.id) else { return Ok(()) };
    let cells = writing::changed_cells(database, place, row, changes, hand(request))?;
    if let Some(taken) = database.taken(place, id, &cells) {
        return Err(writing::duplicate(taken, request.environment.options.duplicate_status));
    }
    database.put(place, id, cells);
    Ok(())
}

/// The text is the server's, the code is a guess.
fn resolved_by_hand(table: &Table) -> Refusal {
    let name = &table.logical_name;
    let message = format!(
        "This message can not be used to set the state of {name} to Resolved. In order to set state of {name} to Resolved, use the CloseIncidentRequest message instead."
    );
    Refusal::new(400, "0x80040203", message)
}

/// 204 with the record's address, or the record itself when it was asked for.
fn written(request: &Request<'_>, table: (TableId, &Table), id: u128, new: bool) -> Result<Answer, Refusal> {
    let mut answer = if request.prefer.representation {
        request.session.check(Act::Read, table.1)?;
        let query = Query::read(&request.call.query, table.1, request.environment.now())?;
        let body = render::entity(request, &request.environment.read(), table, id, &query)?;
        let mut answer = ok(&body);
        answer.status = if new { 201 } else { 200 };
        answer
    } else {
        Answer::empty(204)
    };
    let address = address(request, table.1, id);
    if new {
        answer = answer.with_header("Location", address.clone());
    }
    answer = answer.with_header("OData-EntityId", address);
    Ok(match request.prefer.applied(false) {
        Some(applied) => answer.with_header("Preference-Applied", applied),
        None => answer,
    })
}

/// `POST /incidents`
pub(super) fn create(request: &Request<'_>, table: TableId) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Create)?;
    let fields = payload::object(request)?;
    let id = {
        let mut database = request.environment.write();
        let changes = payload::changes(request, &database, &definition, &fields, true)?;
        let id = fields.get(&definition.primary_id).and_then(Value::as_str).and_then(guid::parse);
        write_new(request, &mut database, (table, &definition), id, &changes)?
    };
    written(request, (table, &definition), id, true)
}

/// `PATCH /incidents(…)`: changes the record, or creates it when there is none and no condition forbids it.
pub(super) fn patch(request: &Request<'_>, table: TableId, key_text: &str) -> Result<Answer, Refusal> {
    let definition = request.environment.read().table(table).cloned().ok_or_else(|| Refusal::no_segment(""))?;
    let key = binding::key(key_text, &definition)?;
    let fields = payload::object(request)?;
    let (id, new) = {
        let mut database = request.environment.write();
        let found = key.find(&database, table);
        let row = found.and_then(|id| database.row(table, id)).cloned();
        conditions::check(request, &definition, row.as_ref(), key_text)?;
        upsert(request, &mut database, (table, &definition), &key, row.as_ref(), &fields)?
    };
    written(request, (table, &definition), id, new)
}

/// Changes or creates; the id, and whether it is new.
pub(super) fn upsert(
    request: &Request<'_>,
    database: &mut Database,
    table: (TableId, &Table),
    key: &Key,
    row: Option<&Row>,
    fields: &Map<String, Value>,
) -> Result<(u128, bool), Refusal> {
    let mut changes = payload::changes(request, database, table.1, fields, row.is_none())?;
    if let Key::Alternate(_, values) = key {
        // The key in the address counts, whatever the body says.
        changes.retain(|(place, _)| values.iter().all(|(other, _)| other != place));
    }
    if let Some(row) = row {
        write_over(request, database, table, row, &changes)?;
        let Cell::Id(id) = *row.get(table.1.places.id) else { return Err(Refusal::no_segment("")) };
        return Ok((id, false));
    }
    let id = match key {
        Key::Primary(id) => Some(*id),
        Key::Alternate(_, values) => {
            changes.extend(values.iter().cloned());
            None
        }
    };
    write_new(request, database, table, id, &changes).map(|id| (id, true))
}

/// The record that a key in the path means.
fn found(database: &Database, table: (TableId, &Table), text: &str) -> Result<u128, Refusal> {
    let key = binding::key(text, table.1)?;
    key.find(database, table.0).ok_or_else(|| match key {
        Key::Primary(id) => Refusal::no_record(&table.1.logical_name, &guid::show(id)),
        Key::Alternate(..) => {
            let message = format!("A record with the specified key values does not exist in {} entity", table.1.logical_name);
            Refusal::new(404, "0x80060891", message)
        }
    })
}

/// `GET /incidents(…)`
pub(super) fn get(request: &Request<'_>, table: TableId, key: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let query = Query::read(&request.call.query, &definition, request.environment.now())?;
    let database = request.environment.read();
    let id = found(&database, (table, &definition), key)?;
    let row = database.row(table, id).ok_or_else(|| Refusal::no_record(&definition.logical_name, key))?;
    let etag = render::etag(&definition, row);
    if conditions::unchanged(request, &definition, row) {
        return Ok(Answer::empty(304).with_header("ETag", etag));
    }
    let answer = ok(&render::entity(request, &database, (table, &definition), id, &query)?).with_header("ETag", etag);
    Ok(match request.prefer.applied(false) {
        Some(applied) => answer.with_header("Preference-Applied", applied),
        None => answer,
    })
}

/// `DELETE /incidents(…)`
pub(super) fn delete(request: &Request<'_>, table: TableId, key: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Delete)?;
    let mut database = request.environment.write();
    let parsed = binding::key(key, &definition)?;
    let row = parsed.find(&database, table).and_then(|id| database.row(table, id)).cloned();
    conditions::check(request, &definition, row.as_ref(), key)?;
    let id = found(&database, (table, &definition), key)?;
    strike(request, &definition, &[])?;
    database.remove(table, id);
    Ok(Answer::empty(204))
}

/// `GET /incidents(…)/title`
pub(super) fn get_property(request: &Request<'_>, table: TableId, key: &str, property: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let database = request.environment.read();
    let id = found(&database, (table, &definition), key)?;
    let Some(place) = definition.property(property) else {
        drop(database);
        return super::associations::related(request, table, id, property);
    };
    let row = database.row(table, id).ok_or_else(|| Refusal::no_record(&definition.logical_name, key))?;
    if *row.get(place) == Cell::Null {
        return Ok(Answer::empty(204));
    }
    let context = format!("{}/$metadata#{}({})/{property}", request.base, definition.set_name, guid::show(id));
    Ok(ok(&json!({"@odata.context": context, "value": render::value(row.get(place))})))
}

/// `PUT /incidents(…)/title` with `{"value": …}`, and `DELETE`, which empties it.
pub(super) fn put_property(request: &Request<'_>, table: TableId, key: &str, property: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Write)?;
    let value = if request.call.method == "PUT" {
        payload::object(request)?.remove("value").ok_or_else(|| Refusal::bad("The property 'value' is missing."))?
    } else {
        Value::Null
    };
    let mut database = request.environment.write();
    let id = found(&database, (table, &definition), key)?;
    let fields = Map::from_iter([(property.to_owned(), value)]);
    let changes = payload::changes(request, &database, &definition, &fields, false)?;
    let row = database.row(table, id).cloned().ok_or_else(|| Refusal::no_record(&definition.logical_name, key))?;
    write_over(request, &mut database, (table, &definition), &row, &changes)?;
    Ok(Answer::empty(204))
}
